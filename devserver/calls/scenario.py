"""A scenario: one call that is played by the book, and what it must lead to.

Data only. `scenario_reading` makes it from a YAML file, `scenario_party` plays it, `judging` compares. Everything that
a person wrote knows its line, because a test that fails is read next to its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from devserver.calls.callees import Callee
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Leg, Side

NOBODY = "http://127.0.0.1:9/"
"""An address that does not answer: the port of the discard service, which no machine of today has."""
EVERYBODY_ELSE = "other"
"""The key of `callees` for whoever is not named there."""


class UntilHeard(msgspec.Struct, frozen=True, tag="heard"):
    """Wait until these texts were heard, in this order; each is a part of what is said, in any case.

    Attributes:
        barge: go on when the last of them begins, not when it was said.
    """

    line: int
    texts: tuple[str, ...]
    barge: bool = False


class UntilMenu(msgspec.Struct, frozen=True, tag="menu"):
    """Wait until a menu is offered and its prompt was said; with `barge`, until it begins."""

    line: int
    menu: str
    barge: bool = False


class UntilCallback(msgspec.Struct, frozen=True, tag="callback"):
    """Wait until the function has answered a callback; written as in `Expectations.callbacks`."""

    line: int
    callback: str


class UntilConnected(msgspec.Struct, frozen=True, tag="connected"):
    """Wait until somebody answers: a number, another address, or the id of a conference that is joined."""

    line: int
    to: str


class Press(msgspec.Struct, frozen=True, tag="press"):
    """Press keys: 0-9, `*`, `#`, and `w` for half a second."""

    line: int
    keys: str
    leg: Leg = "caller"


class Speak(msgspec.Struct, frozen=True, tag="say"):
    """Say something; `text` is what speech recognition understands."""

    line: int
    text: str
    leg: Leg = "caller"


class Pause(msgspec.Struct, frozen=True, tag="wait"):
    """Do nothing for so many seconds of the call's own time."""

    line: int
    seconds: float


class Leave(msgspec.Struct, frozen=True, tag="hangup"):
    """Hang up."""

    line: int
    leg: Leg = "caller"


class Manage(msgspec.Struct, frozen=True, tag="patch"):
    """PATCH the call, as the function does by `context.voice`; `body` is JSON."""

    line: int
    body: bytes
    leg: Side | Literal[""] = ""


Wait = UntilHeard | UntilMenu | UntilCallback | UntilConnected
Deed = Press | Speak | Pause | Leave | Manage
Step = Wait | Deed


class Wanted(msgspec.Struct, frozen=True):
    """A text that is expected, and where that is written."""

    line: int
    text: str


class Span(msgspec.Struct, frozen=True):
    """Seconds that are expected, from and to."""

    line: int
    least: float
    most: float


class Expectations(msgspec.Struct, frozen=True, kw_only=True):
    """What a call must lead to; what is None or empty is not looked at.

    Attributes:
        line: where it begins.
        heard: parts of what is said, in this order.
        heard_exactly: all that is said.
        not_heard: what must not be said.
        menus: menus that are offered, in this order; others may lie between.
        connected: who answers, in this order.
        not_connected: nobody may answer.
        result, reason: as in the DICE.
        duration: of the call.
        cookies: key to value; the last one set counts.
        callbacks: every callback in order, `ice` or with what it was about: `pie sales`, `notify amd`.
        findings: parts of findings about the answers; an empty tuple: there is none.
        fails: a callback that fails, or illegal SVAML, is expected; None: there may be none.
    """

    line: int = 0
    heard: tuple[Wanted, ...] = ()
    heard_exactly: tuple[Wanted, ...] | None = None
    not_heard: tuple[Wanted, ...] = ()
    menus: tuple[Wanted, ...] = ()
    connected: tuple[Wanted, ...] = ()
    not_connected: bool = False
    result: Wanted | None = None
    reason: Wanted | None = None
    duration: Span | None = None
    cookies: tuple[tuple[str, Wanted], ...] = ()
    callbacks: tuple[Wanted, ...] | None = None
    findings: tuple[Wanted, ...] | None = None
    fails: bool = False


Reach = Literal["up", "down", "fallback", "none"]
"""Whether the function is reached: it is up, nobody answers at any address, only the fallback does, or no callback
address is configured."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One call by the book.

    Attributes:
        name: for people.
        file: where it is written, as it was named.
        line: where it begins.
        setup: who calls whom; `of` fills in what a session knows.
        callees: by number or address, or `other`.
        steps: what the parties do, in order.
        function: whether it is reached.
        patience: seconds of the call's own time that a step may wait; then the caller gives up.
    """

    name: str
    file: str
    line: int
    setup: CallSetup
    callees: Mapping[str, Callee] = {}
    steps: tuple[Step, ...] = ()
    settings: Settings = Settings()
    function: Reach = "up"
    patience: float = 120.0
    expect: Expectations = Expectations()

    def of(self, callid: str, application_key: str, url: str, epoch: float) -> CallSetup:
        """The call to start in a session; `url` is where the function is, for the rest see `CallSetup`."""
        urls = {"up": (url,), "down": (NOBODY, NOBODY), "fallback": (NOBODY, url), "none": ()}[self.function]
        changes = {"callid": callid, "application_key": application_key, "urls": urls, "epoch": epoch}
        return msgspec.structs.replace(self.setup, **changes)
