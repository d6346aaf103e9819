"""Tells which SQL statements change the function's database, whoever opens it: sqlite3 itself, aiosqlite, an ORM.

All of them end at `sqlite3.connect`, which is wrapped once for the process; a connection to the database that is asked
for gets SQLite's own trace callback. It must be called before the user's code is imported, because that may take
`connect` by name. A connection made in another way (`sqlite3.Connection(...)`) is not seen, nor is one that
reaches the database by ATTACH. Of each step of a trigger, Python gets to see the statement that fired it, once more;
what is told twice before anything has changed is such a step. (One that comes after another step that changed
something cannot be told from a second execution.)
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from typing import Any

LONGEST = 4000
"""Characters of a statement that are told; the rest is cut off."""

_CHANGES = frozenset({"insert", "replace", "update", "delete", "create", "drop", "alter", "rollback"})
_AFTER_WITH = frozenset({"insert", "replace", "update", "delete", "select", "values"})
# Comments and quoted text are taken whole, so that no word is found in them.
_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|(?P<sign>[()])|(?P<word>\w+)""",
    re.DOTALL,
)


def watch_statements(path: str, notice: Callable[[str, str], None]) -> None:
    """From now on `notice` gets (operation, statement) of every statement that changes the database at `path`.

    The operation is its first word in lower case; the statement has its values in place. It is called in the thread
    that executes the statement, before the statement is done: a ROLLBACK takes back what was told before it.
    """
    target = os.path.realpath(path)
    connect = sqlite3.connect

    def watched(database: Any, *args: Any, **kwargs: Any) -> Any:
        connection = connect(database, *args, **kwargs)
        if _file(database) == target:
            connection.set_trace_callback(_teller(connection, notice))
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = watched


def _teller(connection: sqlite3.Connection, notice: Callable[[str, str], None]) -> Callable[[str], None]:
    last = 0, 0  # hash of the statement, rows that had been changed

    def tell(statement: str) -> None:
        nonlocal last
        before, last = last, (hash(statement), connection.total_changes)
        operation = operation_of(statement)
        if operation and last != before:
            notice(operation, statement[:LONGEST])

    return tell


def operation_of(statement: str) -> str:
    """The word that says what a statement changes, such as `insert`; empty when it changes nothing."""
    depth, is_with = 0, False
    for token in _TOKEN.finditer(statement):
        word = (token["word"] or "").lower()
        if token["sign"]:
            depth += 1 if token["sign"] == "(" else -1
        elif not word or depth > 0:
            continue
        elif not is_with and word == "with":
            is_with = True
        elif not is_with or word in _AFTER_WITH:
            return word if word in _CHANGES else ""
    return ""


def _file(database: Any) -> str:
    try:
        name = os.fsdecode(database)
    except TypeError:
        return ""
    if name.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        name = unquote(urlsplit(name).path)
    return os.path.realpath(name)
