"""The journal: whatever happened since, the state of a moment comes out as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.recorder.redaction import Redactor
from devserver.recorder.schema import open_for_writing
from devserver.recorder.state import (
    CHANGE_COLUMNS,
    INSERT_CHANGE,
    CacheEntry,
    Change,
    Snapshot,
    change_of,
    change_row,
    newest_version,
    snapshot,
)

NOW = 1000.0
SESSION = Change("session", "", None, 0.0)


def numbered(changes: Sequence[Change]) -> list[Change]:
    """As they come from the journal."""
    redact = Redactor({})
    return [change_of(change_row(redact, version, change)) for version, change in enumerate(changes, 1)]


def at(version: int, *changes: Change, now: float = NOW) -> Snapshot:
    return snapshot(numbered(changes), version, now)


def cache(key: str, value: bytes | None, until: float = NOW + 60) -> Change:
    return Change("cache", key, value, NOW, until)


def storage(key: str, kept: str | None) -> Change:
    return Change("storage", key, kept.encode() if kept is not None else None, NOW)


def database(position: str | None) -> Change:
    return Change("database", "", position.encode() if position is not None else None, NOW)


def values(found: Snapshot) -> dict[str, bytes]:
    return {entry.key: entry.value for entry in found.cache}


# --- the cache -------------------------------------------------------------------------------------------------


def test_a_cached_value_is_the_last_one_that_was_set_before() -> None:
    changes = SESSION, cache("n", b"1"), cache("n", b"2"), cache("n", b"3")
    assert [values(at(version, *changes)) for version in (1, 2, 3, 4)] == [{}, {"n": b"1"}, {"n": b"2"}, {"n": b"3"}]


def test_a_value_that_was_deleted_is_gone() -> None:
    assert values(at(3, SESSION, cache("n", b"1"), cache("n", None))) == {}


def test_a_value_has_the_seconds_left_that_it_had() -> None:
    assert at(2, SESSION, cache("n", b"1", until=NOW + 7.5)).cache == [CacheEntry("n", b"1", 7.5)]


def test_a_value_that_had_ended_when_the_request_came_is_gone() -> None:
    changes = SESSION, cache("over", b"1", until=NOW), cache("lasts", b"2", until=NOW + 0.001)
    assert values(at(3, *changes)) == {"lasts": b"2"}


def test_a_value_that_has_ended_since_is_there() -> None:
    assert values(at(2, SESSION, cache("n", b"1", until=NOW + 1), now=NOW)) == {"n": b"1"}


def test_an_extended_value_lasts_until_its_new_end() -> None:
    changes = SESSION, cache("n", b"1", until=NOW - 1), cache("n", b"1", until=NOW + 9)
    assert at(3, *changes).cache == [CacheEntry("n", b"1", 9.0)]


def test_a_session_begins_with_an_empty_cache() -> None:
    assert values(at(4, SESSION, cache("old", b"1"), SESSION, cache("new", b"2"))) == {"new": b"2"}


def test_a_later_session_takes_nothing_from_an_earlier_one() -> None:
    assert values(at(2, SESSION, cache("n", b"1"), SESSION)) == {"n": b"1"}


# --- the storage -----------------------------------------------------------------------------------------------


def test_storage_that_was_not_touched_since_is_that_of_today() -> None:
    assert at(2, SESSION, storage("a", "k1")).storage == {}


def test_what_a_later_write_replaced_is_put_back() -> None:
    assert at(1, SESSION, storage("a", "k1")).storage == {"a": "k1"}


def test_of_several_later_writes_the_first_one_knows_what_was_there() -> None:
    changes = SESSION, storage("a", "k1"), storage("a", "k2"), storage("a", None)
    assert [at(version, *changes).storage for version in (1, 2, 3, 4)] == [{"a": "k1"}, {"a": "k2"}, {"a": None}, {}]


def test_a_file_that_did_not_exist_yet_is_taken_away() -> None:
    changes = SESSION, storage("new", None), storage("new", "k2")
    assert at(1, *changes).storage == {"new": None}


def test_storage_outlasts_sessions() -> None:
    assert at(1, SESSION, SESSION, storage("a", "k1")).storage == {"a": "k1"}


# --- the database ----------------------------------------------------------------------------------------------


def test_the_database_is_at_the_last_position_before() -> None:
    changes = SESSION, database("p1"), database("p2"), cache("n", b"1"), database("p3")
    assert [at(version, *changes).database for version in (1, 2, 3, 4, 5)] == [None, "p1", "p2", "p2", "p3"]


def test_no_position_says_that_there_was_no_database() -> None:
    found = at(2, SESSION, database(None), database("p1"))
    assert (found.database, found.follows_database) == (None, True)


def test_without_any_position_it_is_told_that_the_database_was_not_followed() -> None:
    found = at(2, SESSION, cache("n", b"1"))
    assert (found.database, found.follows_database) == (None, False)


def test_a_position_that_came_later_tells_that_the_database_was_followed() -> None:
    """The first position comes with the first database: before it there was none."""
    found = at(1, SESSION, database("p1"))
    assert (found.database, found.follows_database) == (None, True)


# --- any history -----------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c/d"])
STEPS = st.one_of(
    st.tuples(st.just("session")),
    st.tuples(st.just("cache"), KEYS, st.sampled_from([b"1", b"2", None])),
    st.tuples(st.just("storage"), KEYS, st.sampled_from([b"x", b"y", None])),
    st.tuples(st.just("database"), st.sampled_from(["p1", "p2"])),
)


class History:
    """What happened, in the journal's words, and what was there at each moment."""

    def __init__(self) -> None:
        self.changes = [SESSION]
        self.kept: dict[str, bytes] = {}
        self.cache: dict[str, bytes] = {}
        self.storage: dict[str, bytes] = {}
        self.database: str | None = None
        self.moments = [self.now()]

    def now(self) -> tuple[dict[str, bytes], dict[str, bytes], str | None]:
        return dict(self.cache), dict(self.storage), self.database

    def go(self, kind: str, key: str = "", value: bytes | None = None) -> None:
        match kind:
            case "session":
                self.cache.clear()
                self.changes.append(SESSION)
            case "cache":
                put(self.cache, key, value)
                self.changes.append(cache(key, value))
            case "storage":
                self.changes.append(storage(key, self.keep(key)))
                put(self.storage, key, value)
            case _:
                self.database = key
                self.changes.append(database(key))
        self.moments.append(self.now())

    def keep(self, key: str) -> str | None:
        if key not in self.storage:
            return None
        name = f"k{len(self.kept)}"
        self.kept[name] = self.storage[key]
        return name

    def back(self, found: Snapshot) -> tuple[dict[str, bytes], dict[str, bytes], str | None]:
        """A snapshot, on the storage of the end."""
        stored = dict(self.storage)
        for key, name in found.storage.items():
            put(stored, key, self.kept[name] if name is not None else None)
        return values(found), stored, found.database


def put(where: dict[str, bytes], key: str, value: bytes | None) -> None:
    where.pop(key, None)
    if value is not None:
        where[key] = value


@given(st.lists(STEPS, max_size=30))
def test_every_moment_of_any_history_comes_out_as_it_was(steps: list[tuple[Any, ...]]) -> None:
    history = History()
    for step in steps:
        history.go(*step)

    journal = numbered(history.changes)

    for version, moment in enumerate(history.moments, 1):
        assert history.back(snapshot(journal, version, NOW)) == moment


# --- rows ------------------------------------------------------------------------------------------------------


def test_a_change_comes_back_from_the_file_as_it_was(tmp_path: Path) -> None:
    changes = [SESSION, cache("k", b'{"a":1}', until=NOW + 1), storage("s", None), storage("s", "kept")]
    with closing(open_for_writing(tmp_path / "recordings.db")) as connection:
        assert newest_version(connection) == 0
        for version, change in enumerate(changes, 7):
            connection.execute(INSERT_CHANGE, change_row(Redactor({}), version, change))
        assert newest_version(connection) == 10
        rows = connection.execute(f"SELECT {CHANGE_COLUMNS} FROM state ORDER BY version").fetchall()
    assert [change_of(row) for row in rows] == [
        Change(each.kind, each.key, each.value, each.at, each.until, version) for version, each in enumerate(changes, 7)
    ]


def test_secrets_are_taken_out_of_keys_and_values() -> None:
    row = change_row(Redactor({"TOKEN": "s3cr3t-value"}), 1, cache("of:s3cr3t-value", b'["s3cr3t-value"]'))
    assert "s3cr3t" not in str(row)
    assert (change_of(row).key, change_of(row).value) == ("of:[secret TOKEN]", b'["[secret TOKEN]"]')


def test_a_version_is_given_once(tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path / "recordings.db")) as connection:
        connection.execute(INSERT_CHANGE, change_row(Redactor({}), 1, SESSION))
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(INSERT_CHANGE, change_row(Redactor({}), 1, SESSION))
