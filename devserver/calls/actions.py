"""What a party on the phone can do, in the imperative, and plans: an action in so many seconds. Data only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from devserver.calls.events import Failure
from devserver.calls.setup import Leg, Side
from devserver.calls.speech import KEY_SECONDS, WAIT_SECONDS


class Press(msgspec.Struct, frozen=True):
    """Press one key of 0-9, `*` and `#`."""

    key: str
    leg: Leg = "caller"


class Say(msgspec.Struct, frozen=True):
    """Say something, as speech recognition understands it."""

    text: str
    leg: Leg = "caller"


class HangUp(msgspec.Struct, frozen=True):
    """Hang up."""

    leg: Leg = "caller"


class PickUp(msgspec.Struct, frozen=True):
    """Answer the ringing phone of a leg."""

    leg: Leg = "callee"


class Decline(msgspec.Struct, frozen=True):
    """Not answer it: busy, rejected, ..."""

    why: Failure
    leg: Leg = "callee"


class Detect(msgspec.Struct, frozen=True):
    """Be recognised as what answered, when detection was asked for: human, machine, notsure, hangup."""

    status: str
    reason: str = "n/a"
    duration: int = 0


class Beep(msgspec.Struct, frozen=True):
    """The beep of an answering machine; `duration` in seconds."""

    duration: int = 0


class Manage(msgspec.Struct, frozen=True):
    """PATCH the call, as the function could by REST; `body` is JSON."""

    body: bytes
    leg: Side | Literal[""] = ""


class Wake(msgspec.Struct, frozen=True):
    """Tell this party `Awoke(name)`: for parties that wait."""

    name: str = ""


Action = Press | Say | HangUp | PickUp | Decline | Detect | Beep | Manage | Wake

Plan = tuple[float, Action]
"""In so many seconds, do this."""


def typed(keys: str, after: float, leg: Leg) -> Iterator[Plan]:
    """Keys one after the other; `w` waits half a second."""
    for key in keys:
        if key in "wW":
            after += WAIT_SECONDS
        else:
            yield after, Press(key, leg)
            after += KEY_SECONDS
