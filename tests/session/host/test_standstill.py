from __future__ import annotations

from devserver.session.frames import Message, Paused, Resumed
from devserver.session.host.standstill import Standstill


def test_it_is_told_when_the_first_begins_and_when_the_last_ends() -> None:
    said: list[Message] = []
    still = Standstill(said.append, lambda: [4, 7])
    assert not still

    still.begin("debugger")
    still.begin("debugger")
    still.begin("terminal")
    still.end("debugger")
    assert still
    assert said == [Paused([4, 7])]

    still.end("terminal")
    still.end("terminal")
    assert not still
    assert said == [Paused([4, 7]), Resumed()]


def test_what_has_not_begun_cannot_end() -> None:
    said: list[Message] = []
    Standstill(said.append, list).end("debugger")

    assert said == []
