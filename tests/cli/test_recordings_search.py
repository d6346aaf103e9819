"""`fn recordings search`: for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devserver.cli.recordings import recordings
from devserver.errors import FnError
from tests.recorder.made import record, say


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(recordings, ["search", *arguments, "--dir", str(folder)], catch_exceptions=False)


def test_json_is_that_of_a_list_and_the_match(tmp_path: Path) -> None:
    made = record(tmp_path / ".fn", {"said": say("Welcome")}, {"said": say("Good bye")})
    [found] = json.loads(run(tmp_path, "welcome", "--json").stdout)
    assert found["id"] == made[0]
    assert found["match"] == "prompt: Welcome"
    assert {"id", "callid", "event", "source", "path", "status", "at", "ms"} <= set(found)
    assert json.loads(run(tmp_path, "nothing", "--json").stdout) == []


def test_it_can_be_narrowed(tmp_path: Path) -> None:
    made = record(
        tmp_path / ".fn", {"said": say("hello")}, {"event": "pie", "said": say("hello")}, {"said": say("hello")}
    )
    assert [each["id"] for each in json.loads(run(tmp_path, "hello", "--json", "--limit", "1").stdout)] == made[2:]
    assert [each["id"] for each in json.loads(run(tmp_path, "hello", "--json", "--event", "PIE").stdout)] == made[1:2]


def test_for_people_it_is_a_table_that_says_what_matched_and_is_harmless(tmp_path: Path) -> None:
    log = {"at": 1.0, "level": "info", "text": "danger \x1b]52;c;cm0=\x07 \u202e \x9b2J", "fields": {}}
    made = record(tmp_path / ".fn", {"logs": [log]})
    header, line = run(tmp_path, "danger").stdout.splitlines()
    assert header.split() == ["time", "event", "answer", "ms", "source", "request", "match", "id"]
    assert made[0] in line
    assert "log: danger \\x1b]52;c;cm0=\\x07 \\u202e \\x9b2J" in line
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(line)


def test_nothing_found_is_said(tmp_path: Path) -> None:
    assert run(tmp_path, "x").stdout == "Nothing recorded has this word.\n"
    assert run(tmp_path, "x", "y").stdout == "Nothing recorded has all of these words.\n"


def test_words_of_nothing_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FnError, match="has no letter and no digit"):
        run(tmp_path, "?!")


def test_help_has_an_example(tmp_path: Path) -> None:
    assert "fn recordings search +12025550100 --event ice" in run(tmp_path, "--help").stdout
