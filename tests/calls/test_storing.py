"""Recordings as files: where, what is in them, and what a function is told."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

from devserver.calls.storing import Storage
from devserver.errors import FnError


@pytest.mark.parametrize(("seconds", "frames"), [(0.0, 0), (2.5, 20_000), (100_000.0, 40_000)])
def test_a_recording_is_silence_as_long_as_the_call_but_small(tmp_path: Path, seconds: float, frames: int) -> None:
    path, _ = Storage(tmp_path / "new" / "folder").recording("a.mp3", seconds, {})
    with wave.open(path) as file:
        assert (file.getnframes(), file.getframerate()) == (frames, 8000)


def test_recordings_are_for_their_owner_alone(tmp_path: Path) -> None:
    path, _ = Storage(tmp_path / "recordings").recording("a.wav", 1.0, {})
    assert Path(path).stat().st_mode & 0o077 == 0
    assert (tmp_path / "recordings").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("options", "destination"),
    [
        ({}, "http://127.0.0.1:3002/r/a%20b.wav"),
        ({"destinationUrl": "s3://bucket/folder/"}, "s3://bucket/folder/a b.wav"),
        ({"destinationUrl": "azure://account/container/mine.wav"}, "azure://account/container/mine.wav"),
        ({"destinationUrl": "  "}, "http://127.0.0.1:3002/r/a%20b.wav"),
        ({"destinationUrl": 7}, "http://127.0.0.1:3002/r/a%20b.wav"),
    ],
)
def test_the_function_is_told_where_it_wanted_the_file(options: dict[str, object], destination: str) -> None:
    assert Storage(None, "http://127.0.0.1:3002/r/").recording("a b.wav", 1.0, options) == ("", destination)


def test_without_a_platform_of_ours_the_address_is_the_real_one() -> None:
    assert Storage(None).recording("a.wav", 1.0, {})[1].startswith("https://www.sinch.com/")


def test_a_transcript_stands_beside_its_recording(tmp_path: Path) -> None:
    path, destination = Storage(tmp_path, "http://x/").transcript("a.b.wav", ["Hello.", "Press 1."], {})
    assert Path(path).name == "a.b.json"
    assert destination == "http://x/a.b.json"
    written = json.loads(Path(path).read_bytes())
    assert written["text"] == "Hello. Press 1."
    assert [line["text"] for line in written["lines"]] == ["Hello.", "Press 1."]


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    path, _ = Storage(tmp_path / "in").recording("../../out.wav", 1.0, {})
    assert Path(path).parent == tmp_path / "in"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FnError, match="cannot be made"):
        Storage(tmp_path / "file" / "folder").recording("a.wav", 1.0, {})
