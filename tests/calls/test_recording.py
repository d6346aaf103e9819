from __future__ import annotations

import json

import pytest

from devserver.calls.commands import StartRecording
from devserver.calls.recording import file_name
from tests.calls.documents import RECORD
from tests.calls.playbook import Player


@pytest.mark.parametrize(
    ("callid", "options", "name"),
    [
        ("call-1", {}, "20240606172014_key_call-1.mp3"),
        ("call-1", {"format": "wav"}, "20240606172014_key_call-1.wav"),
        ("822aa4b7@81.201.84.195", {}, "20240606172014_key_822aa4b7@81.201.84.195.mp3"),
        ("../../etc/x", {"format": "../y"}, "20240606172014_key_.._.._etc_x.mp3"),
    ],
)
def test_a_file_has_the_documented_name_and_stays_in_its_folder(
    callid: str, options: dict[str, str], name: str
) -> None:
    assert file_name(1_717_694_414.9, "key", callid, options) == name


def test_the_driver_gets_what_was_asked_for() -> None:
    player = Player()
    for line in ("started", f"answers {RECORD}"):
        player.say(line)
    started = next(command for command in player.commands if isinstance(command, StartRecording))
    assert started.options == json.loads(RECORD)["instructions"][0]["options"]
    assert started.transcribe


def test_only_what_was_recorded_can_be_stored() -> None:
    player = Player()
    player.say("started")
    assert "No recording 0" in repr(player.say("stored file"))
    assert "No transcript of a recording 0" in repr(player.say("transcribed file"))
