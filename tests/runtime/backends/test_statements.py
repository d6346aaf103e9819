"""Statements that change the function's database are told, whoever makes them. `sqlite3.connect` is put back after."""

from __future__ import annotations

import gc
import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.runtime.backends.statements import LONGEST, operation_of, watch_statements


class Told:
    """What was told of the database in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.statements: list[tuple[str, str]] = []
        self.threads: list[int] = []

    def notice(self, operation: str, statement: str) -> None:
        self.statements.append((operation, statement))
        self.threads.append(threading.get_ident())

    def since(self) -> list[tuple[str, str]]:
        told, self.statements = self.statements, []
        return told


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    connect = sqlite3.connect
    found = Told(tmp_path / "data" / "function.db")
    watch_statements(str(found.path), found.notice)
    found.path.parent.mkdir()
    with closing(sqlite3.connect(found.path)) as connection:
        connection.execute("create table t (a)")
    assert found.since() == [("create", "create table t (a)")]
    yield found
    sqlite3.connect = sqlite3.dbapi2.connect = connect


def insert(connection: Any, value: object = 1) -> None:
    connection.execute("insert into t values (?)", (value,))
    connection.commit()


def test_a_statement_is_told_with_its_values(told: Told) -> None:
    with closing(sqlite3.connect(told.path)) as connection:
        insert(connection, "it's")
        connection.execute("update t set a = :a where a is not null", {"a": 2.5})
        connection.executemany("delete from t where a = ?", [(1,), (None,)])
    assert told.statements == [
        ("insert", "insert into t values ('it''s')"),
        ("update", "update t set a = 2.5 where a is not null"),
        ("delete", "delete from t where a = 1"),
        ("delete", "delete from t where a = NULL"),
    ]


def test_looking_and_committing_is_not_told(told: Told) -> None:
    with closing(sqlite3.connect(told.path)) as connection:
        connection.execute("select 'insert' from t").fetchall()
        connection.execute("pragma user_version").fetchall()
        connection.execute("begin")
        connection.commit()
    assert told.statements == []


def test_what_is_rolled_back_is_told_with_the_rollback(told: Told) -> None:
    with closing(sqlite3.connect(told.path)) as connection:
        connection.execute("insert into t values (1)")
        connection.rollback()
    assert [operation for operation, _ in told.statements] == ["insert", "rollback"]


def test_all_statements_of_a_script_are_told(told: Told) -> None:
    with closing(sqlite3.connect(told.path)) as connection:
        connection.executescript("insert into t values (1); select 1; drop table t;")
    assert [operation for operation, _ in told.statements] == ["insert", "drop"]


def test_another_database_is_not_told(told: Told, tmp_path: Path) -> None:
    for other in (":memory:", "", tmp_path / "other.db", tmp_path / "function.db"):
        with closing(sqlite3.connect(other)) as connection:
            connection.execute("create table t (a)")
    assert told.statements == []


def names(path: Path) -> dict[str, Any]:
    (path.parent / "link.db").symlink_to(path)
    return {
        "text": str(path),
        "path": path,
        "bytes": bytes(path),
        "through folders": path.parent / ".." / "data" / "function.db",
        "link": path.parent / "link.db",
    }


@pytest.mark.parametrize("name", ["text", "path", "bytes", "through folders", "link"])
def test_the_database_is_known_by_any_name(told: Told, name: str) -> None:
    with closing(sqlite3.connect(names(told.path)[name])) as connection:
        insert(connection)
    assert told.statements == [("insert", "insert into t values (1)")]


@pytest.mark.parametrize("name", ["function.db", "data/function.db"])
def test_the_database_is_known_by_a_relative_name(told: Told, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(told.path.parent if name == "function.db" else told.path.parent.parent)
    with closing(sqlite3.connect(name)) as connection:
        insert(connection)
    assert told.statements == [("insert", "insert into t values (1)")]


@pytest.mark.parametrize("template", ["file:{}", "file:{}?mode=rw", "file://{}", "file://localhost{}?cache=private"])
def test_the_database_is_known_by_a_uri(told: Told, template: str) -> None:
    with closing(sqlite3.connect(template.format(told.path), uri=True)) as connection:
        insert(connection)
    assert told.statements == [("insert", "insert into t values (1)")]


def test_the_database_is_known_by_a_uri_with_escapes(tmp_path: Path) -> None:
    connect = sqlite3.connect
    found = Told(tmp_path / "my project #1?" / "function.db")
    found.path.parent.mkdir()
    watch_statements(str(found.path), found.notice)
    try:
        with closing(sqlite3.connect(found.path.as_uri(), uri=True)) as connection:
            connection.execute("create table t (a)")
    finally:
        sqlite3.connect = sqlite3.dbapi2.connect = connect
    assert [operation for operation, _ in found.statements] == ["create"]


def test_whoever_takes_connect_from_dbapi2_or_gives_keywords_and_a_factory_is_told(told: Told) -> None:
    class Mine(sqlite3.Connection):
        pass

    from sqlite3 import dbapi2

    with closing(dbapi2.connect(database=str(told.path), factory=Mine, isolation_level=None)) as connection:
        assert isinstance(connection, Mine)
        connection.execute("insert into t values (1)")
    assert told.statements == [("insert", "insert into t values (1)")]


def test_a_wrong_argument_is_the_error_that_it_always_was(told: Told) -> None:
    with pytest.raises(TypeError):
        sqlite3.connect(5.5)  # type: ignore[call-overload]
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(told.path / "no folder")


def test_a_statement_is_told_in_the_thread_that_makes_it(told: Told) -> None:
    def work() -> None:
        with closing(sqlite3.connect(told.path)) as connection:
            insert(connection)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told.statements) == 4
    assert threading.get_ident() not in told.threads[1:]


def test_a_thread_that_is_given_its_statements_is_told(told: Told) -> None:
    """As aiosqlite and its kin do: one thread for each connection, and a queue before it."""
    jobs: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def work() -> None:
        with closing(sqlite3.connect(told.path, isolation_level=None)) as connection:
            while (statement := jobs.get()) is not None:
                connection.execute(statement)

    worker = threading.Thread(target=work)
    worker.start()
    for statement in ("insert into t values (1)", "delete from t", None):
        jobs.put(statement)
    worker.join()
    assert told.statements == [("insert", "insert into t values (1)"), ("delete", "delete from t")]


def test_the_steps_of_a_trigger_are_not_told_as_statements_of_their_own(told: Told) -> None:
    with closing(sqlite3.connect(told.path, isolation_level=None)) as connection:
        connection.execute("create table log (a)")
        connection.execute("create trigger after_insert after insert on t begin insert into log values (new.a); end")
        told.since()
        for _ in range(2):
            insert(connection)
        assert connection.execute("select count(*) from log").fetchone() == (2,)
    assert told.statements == [("insert", "insert into t values (1)")] * 2


def test_a_statement_that_is_made_again_is_told_again(told: Told) -> None:
    with closing(sqlite3.connect(told.path)) as connection:
        connection.executemany("insert into t values (?)", [(1,)] * 3)
    assert told.statements == [("insert", "insert into t values (1)")] * 3


def test_of_a_long_statement_only_the_beginning_is_told(told: Told) -> None:
    with closing(sqlite3.connect(told.path)) as connection:
        insert(connection, "x" * 100_000)
    ((_, statement),) = told.statements
    assert len(statement) == LONGEST
    assert statement.startswith("insert into t values ('xxx")


def test_a_notice_that_fails_does_not_reach_the_function(tmp_path: Path) -> None:
    connect = sqlite3.connect

    def notice(_operation: str, _statement: str) -> None:
        raise ValueError("no")

    watch_statements(str(tmp_path / "function.db"), notice)
    try:
        with closing(sqlite3.connect(tmp_path / "function.db")) as connection:
            connection.execute("create table t (a)")
            insert(connection)
            assert connection.execute("select * from t").fetchall() == [(1,)]
    finally:
        sqlite3.connect = sqlite3.dbapi2.connect = connect


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")  # of Python 3.13 and later
def test_a_connection_that_is_dropped_is_closed_as_soon_as_any_other(told: Told) -> None:
    """It must not be kept alive by what watches it: a lock of it would stay."""
    connection = sqlite3.connect(told.path, isolation_level=None)
    connection.execute("begin immediate")
    del connection
    gc.collect()  # a connection and its cache of statements hold each other
    with closing(sqlite3.connect(told.path, timeout=0)) as other:
        insert(other)


# --- what a statement does -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "operation"),
    [
        ("insert into t values (1)", "insert"),
        ("  \n\tINSERT OR IGNORE INTO t VALUES (1)", "insert"),
        ("Replace into t values (1)", "replace"),
        ("update t set a = 1", "update"),
        ("delete from t", "delete"),
        ("create table t (a)", "create"),
        ("drop table t", "drop"),
        ("alter table t add b", "alter"),
        ("rollback", "rollback"),
        ("ROLLBACK TO s", "rollback"),
        ("-- why\ninsert into t values (1)", "insert"),
        ("/* select */ /* 2 */ delete from t", "delete"),
        ("with x as (select 1) insert into t select * from x", "insert"),
        ("WITH RECURSIVE x(a) AS (SELECT 1 UNION ALL SELECT a FROM x) UPDATE t SET a = 1", "update"),
        ("with x as (select ')'), y as (select ' insert ') delete from t", "delete"),
        (
            'with "insert" as (select 1), [update] as (select 1), `delete` as (select 1) replace into t values (1)',
            "replace",
        ),
        ("", ""),
        (";", ""),
        ("select 1", ""),
        ("select * from t where a = 'insert'", ""),
        ("with x as (select replace(a, 'b', 'c') from t) select * from x", ""),
        ("with x as (select 1) select 'a' as b, replace('a', 'b', 'c')", ""),
        ("with x as (select 1) values (1)", ""),
        ("with x as (select 1) select * from x where a = 'delete'", ""),
        ("explain insert into t values (1)", ""),
        ("-- insert into t values (1)", ""),
        ("/* insert into t", ""),
        ("begin immediate", ""),
        ("commit", ""),
        ("pragma user_version = 3", ""),
        ("vacuum", ""),
        ("inserted", ""),
        ("'insert'", ""),
        ("with", ""),
    ],
)
def test_the_word_of_a_statement_says_what_it_changes(statement: str, operation: str) -> None:
    assert operation_of(statement) == operation


SPACE = st.text(st.sampled_from(" \n\t"), min_size=1, max_size=2)
COMMENT = st.one_of(
    SPACE,
    st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=9).map("--{}\n".format),
    st.text(st.sampled_from("insert '\"()-"), max_size=9).map("/*{}*/".format),
)


@given(st.lists(COMMENT, max_size=3).map("".join), st.sampled_from(["insert", "UPDATE", "Delete", "drop"]), SPACE)
def test_comments_before_a_statement_do_not_hide_it(before: str, word: str, space: str) -> None:
    assert operation_of(f"{before}{word}{space}x") == word.lower()


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert operation_of(text) in {"", "insert", "replace", "update", "delete", "create", "drop", "alter", "rollback"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_value_is_taken_for_a_statement(value: str) -> None:
    literal = "'" + value.replace("'", "''") + "'"
    assert operation_of(f"with x as (select {literal}) select {literal}, a from x") == ""
    assert operation_of(f"with x as (select {literal}) delete from t where a = {literal}") == "delete"


def test_a_long_statement_takes_no_long_time() -> None:
    values = ",".join(["('a''b')"] * 200_000)
    assert operation_of(f"with x(a) as (values {values}) insert into t select * from x") == "insert"
    assert operation_of("/*" * 500_000) == ""
    assert operation_of("'" * 1_000_001) == ""
