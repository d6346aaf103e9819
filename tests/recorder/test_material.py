"""A file from elsewhere is known by its content; the errors of each kind are tested where it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from devserver.errors import FnError
from devserver.recorder.exchange import Exchange, Request
from devserver.recorder.har import render
from devserver.recorder.material import Material, read, refuse_other_project
from devserver.recorder.portable import Portable, PortableCall, write

CALL = PortableCall("c1", [Exchange("a", 1.0, "c1", "ice", "local", Request("POST", "/ice", (), b"{}"))])


def test_our_file_is_known_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "call.har"
    file.write_bytes(b"".join(write(Portable("p", "kept", [CALL]), "")))
    assert read(file) == Material([CALL], "p", "kept")


def test_a_har_is_known_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "call.fn"
    file.write_bytes(b"".join(render([CALL])))
    assert read(file) == Material([PortableCall(None, CALL.exchanges)])


def test_a_callback_may_be_named_by_its_file_and_has_the_time_that_it_tells(tmp_path: Path) -> None:
    file = tmp_path / "callback-pie--e2e.json"
    file.write_text('{"callid":"c1","timestamp":"2026-07-01T12:00:00"}')
    found = read(file).calls[0].exchanges[0]
    assert (found.event, found.callid, found.at) == ("pie", "c1", 1_782_907_200.0)
    file.write_text('{"timestamp":"yesterday"}')
    assert read(file).calls[0].exchanges[0].at == pytest.approx(file.stat().st_mtime)


def test_a_name_that_only_holds_the_letters_tells_nothing(tmp_path: Path) -> None:
    file = tmp_path / "office.json"
    file.write_text("{}")
    with pytest.raises(FnError, match="does not say which event") as caught:
        read(file)
    assert "02-pie.json" in caught.value.hint


def test_recordings_of_this_project_and_of_no_project_are_welcome() -> None:
    refuse_other_project(Material([CALL], "p", "kept"), "p", "x")
    refuse_other_project(Material([CALL]), "p", "x")
    with pytest.raises(FnError, match='"q", and this one is "p"'):
        refuse_other_project(Material([CALL], "q", "kept"), "p", "x")
