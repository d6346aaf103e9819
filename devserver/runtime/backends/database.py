"""The function's own SQLite file (functions-platform.md 3): a path, no library.

The platform gives a path and leaves the library to the function; so do we. The file is made in WAL mode, in which
readers and a writer do not block each other, because production replicates it from the WAL.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path


class DatabaseError(Exception):
    """The database file cannot be made; the text says why."""


def database_path(root: Path) -> str:
    """Path of `data/function.db` in the project, made with its folder when it is not there yet.

    A file that exists is left as it is, whatever it holds.

    Args:
        root: folder of the project.

    Raises:
        DatabaseError: it cannot be made.
    """
    return ensure_database(root / "data" / "function.db")


def ensure_database(path: Path) -> str:
    """A database at this path, made when it is not there yet; see `database_path`."""
    if not path.exists():
        _create(path)
    return str(path)


def _create(path: Path) -> None:
    import sqlite3  # only functions with a database pay for it

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(f"The database data/{path.name} could not be made: {error}.") from error
