"""What hosts say becomes the journal of state and the effects of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from devserver.clock import ManualClock
from devserver.project import load_project
from devserver.recorder.exchange import Effect
from devserver.recorder.state import Change
from devserver.runtime.backends import MemoryCache
from devserver.session.frames import CacheAnswer, CacheCall, Did
from devserver.session.gateway import Gateway
from devserver.session.house import House, Places
from devserver.session.link import HostLink
from devserver.session.report import Report


class NoKeyring:
    """A keyring without entries."""

    def get(self, account: str) -> str | None:  # noqa: ARG002 the face of Keyring
        return None


class Session:
    """A house, whose host and gateway keep what they get."""

    def __init__(self, root: Path) -> None:
        self.clock = ManualClock()
        self.journal: list[Change] = []
        self.effects: list[tuple[str, Effect]] = []
        self.answers: list[CacheAnswer] = []
        self.cache = MemoryCache(self.clock)
        self.house = House(
            load_project(root, environ={}, keyring=cast("Any", NoKeyring())),
            Places(root / "storage", root / "data" / "function.db", None),
            cache=self.cache,
            report=Report(lambda _line: None, lambda _kind, _fields: None, lambda text: text),
            journal=self.journal.append,
            clock=self.clock,
        )
        self.house.gateway = cast("Gateway", self)

    def did(self, request_id: str, effect: Effect) -> None:
        """As the gateway."""
        self.effects.append((request_id, effect))

    def send(self, message: Any) -> None:
        """As the host."""
        self.answers.append(message)

    def call(self, operation: str, *arguments: Any, request: str = "r1") -> Any:
        self.house.cache_call(cast("HostLink", self), CacheCall(1, operation, list(arguments), request))
        return self.answers[-1]

    def told(self, **fields: Any) -> None:
        self.house.did(cast("HostLink", self), Did(**fields))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "function.py").touch()
    (tmp_path / "sinch.json").write_text('{"name": "demo"}')
    return Session(tmp_path)


def test_a_change_of_the_cache_is_journalled_and_an_effect_of_its_request(session: Session) -> None:
    now = session.clock.wall()
    session.call("set", "k", b'{"a":1}', 60.0, request="r7")
    assert session.journal == [Change("cache", "k", b'{"a":1}', now, now + 60)]
    assert session.effects == [("r7", Effect("cache", "set", "k", now, {"a": 1}, 60.0))]
    assert session.answers == [CacheAnswer(1, None)]


def test_the_journal_has_what_is_in_the_cache_after_the_change(session: Session) -> None:
    start = session.clock.wall()
    session.call("set", "k", b"1", 60.0)
    session.clock.advance(10)
    session.call("extend", "k", 5.0)
    session.call("extend", "never", 5.0)
    session.call("delete", "k")
    session.call("set", "k", b"2", 0.0)
    later = start + 10
    assert session.journal[1:] == [
        Change("cache", "k", b"1", later, start + 65),
        Change("cache", "never", None, later, later),
        Change("cache", "k", None, later, later),
        Change("cache", "k", None, later, later),
    ]


def test_looking_into_the_cache_leaves_no_trace(session: Session) -> None:
    for operation, argument in (("get", "k"), ("has", "k"), ("keys", "*"), ("get_many", ["k"])):
        session.call(operation, argument)
    assert (session.journal, session.effects) == ([], [])


def test_a_change_that_was_refused_leaves_no_trace(session: Session) -> None:
    assert session.call("set", "", b"1", 60.0).error
    assert session.call("flush").error
    assert (session.journal, session.effects) == ([], [])


def test_a_change_outside_of_a_request_is_journalled_too(session: Session) -> None:
    session.call("set", "k", b"1", 60.0, request="")
    assert [change.key for change in session.journal] == ["k"]


@pytest.mark.parametrize(("kept", "value"), [("name", b"name"), (None, None)], ids=["replaced", "new"])
def test_a_change_of_the_storage_is_journalled_with_what_was_there(
    session: Session, kept: str | None, value: bytes | None
) -> None:
    session.told(request_id="r1", kind="storage", operation="write", key="a", at=5.0, value={"bytes": 1}, kept=kept)
    assert session.journal == [Change("storage", "a", value, 5.0)]
    assert session.effects == [("r1", Effect("storage", "write", "a", 5.0, {"bytes": 1}))]


@pytest.mark.parametrize("kind", ["database", "outbound"])
def test_statements_and_calls_are_effects_and_no_part_of_the_journal(session: Session, kind: Any) -> None:
    session.told(request_id="r1", kind=kind, operation="insert", key="text", at=5.0)
    assert session.journal == []
    assert session.effects == [("r1", Effect(kind, "insert", "text", 5.0))]
