"""What was accepted stands in place of what was recorded, and the recording stays as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from devserver.errors import ConfigError, FnError
from devserver.recorder.accepted import accept, with_accepted
from devserver.recorder.exchange import Answer, Effect, Exchange
from devserver.recorder.reader import RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.schema import VERSION
from tests.recorder.made import JSON, START, record, say

NEW = Answer(200, JSON, say("new"))
EFFECT = Effect("cache", "set", "k", START, {"a": 1}, 60.0)
PLAIN = Redactor({})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".fn"


def read(folder: Path, name: str = "last") -> Exchange:
    with RecordingReader(folder) as reader:
        return reader.get(name)


def accepted(folder: Path, name: str) -> Exchange:
    return with_accepted(folder, [read(folder, name)])[0]


def rows(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "recordings.db")) as connection:
        found: int = connection.execute("SELECT count(*) FROM accepted").fetchone()[0]
    return found


def test_an_accepted_answer_and_its_effects_are_what_is_expected_from_then_on(folder: Path) -> None:
    first, second = record(folder, {"said": say("old"), "effects": [EFFECT]}, {"said": say("other")})

    accept(folder, [(second, NEW, [EFFECT])], PLAIN, START)

    assert accepted(folder, first) == read(folder, first)
    assert accepted(folder, second) == msgspec.structs.replace(read(folder, second), answer=NEW, effects=[EFFECT])


def test_the_recording_itself_stays_as_it_was(folder: Path) -> None:
    (made,) = record(folder, {"said": say("old"), "effects": [EFFECT]})
    before = read(folder, made)

    accept(folder, [(made, NEW, [])], PLAIN, START)

    assert read(folder, made) == before


def test_the_last_one_that_was_accepted_counts(folder: Path) -> None:
    (made,) = record(folder, {})
    for text in ("one", "two"):
        accept(folder, [(made, Answer(200, JSON, say(text)), [])], PLAIN, START)

    answer = accepted(folder, made).answer

    assert answer is not None
    assert answer.body == say("two")
    assert rows(folder) == 1


def test_no_answer_can_be_accepted_too(folder: Path) -> None:
    (made,) = record(folder, {})
    accept(folder, [(made, None, [])], PLAIN, START)
    assert accepted(folder, made).answer is None


def test_what_belongs_to_no_recording_is_not_written_and_falls_to_no_other(folder: Path) -> None:
    """A recording may be purged between its replay and the accepting."""
    record(folder, {})
    accept(folder, [("0" * 26, NEW, [EFFECT])], PLAIN, START)
    assert rows(folder) == 0

    later = record(folder, {"said": say("later")})
    assert accepted(folder, later[0]) == read(folder, later[0])


def test_secrets_do_not_reach_the_file(folder: Path) -> None:
    (made,) = record(folder, {})
    effect = msgspec.structs.replace(EFFECT, value={"pin": "s3cr3t-value"})
    answer = Answer(200, (("X-Api-Key", "s3cr3t-value"), ("X-Other", "s3cr3t-value")), b'"s3cr3t-value"')

    accept(folder, [(made, answer, [effect])], Redactor({"TOKEN": "s3cr3t-value"}), START)

    assert "s3cr3t" not in str(accepted(folder, made))
    assert not any(b"s3cr3t" in file.read_bytes() for file in folder.iterdir())


def test_without_recordings_nothing_is_replaced(folder: Path) -> None:
    (made,) = record(folder, {})
    exchange = read(folder, made)
    assert with_accepted(folder.with_name("elsewhere"), [exchange]) == [exchange]


def test_accepting_without_recordings_is_one_sentence(folder: Path) -> None:
    with pytest.raises(FnError, match="could not be accepted"):
        accept(folder, [("0" * 26, NEW, [])], PLAIN, START)


def test_a_damaged_file_is_one_sentence_both_ways(folder: Path) -> None:
    (made,) = record(folder, {})
    exchange = read(folder, made)
    (folder / "recordings.db").write_bytes(b"no database" * 500)

    with pytest.raises(FnError, match="cannot be read"):
        with_accepted(folder, [exchange])
    with pytest.raises(FnError, match="could not be accepted"):
        accept(folder, [(made, NEW, [])], PLAIN, START)


def test_recordings_of_a_newer_fn_are_refused(folder: Path) -> None:
    (made,) = record(folder, {})
    exchange = read(folder, made)
    with closing(sqlite3.connect(folder / "recordings.db")) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")

    with pytest.raises(ConfigError, match="newer fn"):
        accept(folder, [(made, NEW, [])], PLAIN, START)
    with pytest.raises(ConfigError, match="newer fn"):
        with_accepted(folder, [exchange])
