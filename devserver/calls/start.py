"""How somebody asks for a call: the message of `fn call` and of the console, and what it means. Pure.

One message serves a call that plays by itself (keys and words are known) and one with a person at the phone. What only
a session knows (application, callback address, the time) it puts in itself. Numbers are written with their plus, as
the platform wants them in everything that it is sent (voice-v1.md 2.2), although its own callbacks leave it out.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from devserver.calls.callees import Callee
from devserver.calls.party import HumanParty, Party, RandomParty, ScriptedParty
from devserver.calls.setup import CallSetup, Identity, Origin
from devserver.errors import FnError

CalleeKind = Literal["answered", "machine", "busy", "noanswer", "rejected", "congestion"]
CallKind = Literal["pstn", "sip", "app"]

CALLER, CALLED = "+12025550199", "+12025550100"

_ORIGINS: dict[CallKind, Origin] = {"pstn": "PSTN", "sip": "SIP", "app": "MXP"}
_CALLEES: dict[CalleeKind, Callee] = {
    "machine": Callee(amd="machine"),
    "busy": Callee("busy"),
    "noanswer": Callee("no answer", after=30.0),
    "rejected": Callee("rejected"),
    "congestion": Callee("no route"),
}
_PHONE = re.compile(r"\+[1-9]\d{5,15}")  # voice-v1.md 2.2: 7 to 17 characters with the plus
_HIDDEN = frozenset({"private", "anonymous"})
_EXAMPLE = "An example is +12025550100."


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"caller": "from"}):
    """A call that somebody wants.

    Attributes:
        caller: `from` in JSON: a number, `private`, or for an app call anything or nothing.
        to: a number; a user's name or a conference for an app call; an address for a SIP call.
        kind: where it comes from: the phone network, SIP, or an app with the in-app SDK.
        keys: what the caller presses, as `--keys` has it; None: a person is at the phone (over the WebSocket), or
            nobody presses anything (over POST).
        words: what the caller says, one text for each menu that takes speech.
        callee: what becomes of whom the function dials; a test number of the platform is what it is.
        hang_up_after: seconds of the call until the caller hangs up.
        seed: keys and callees are drawn by it, and `keys`, `words` and `callee` do not count.
        chaos: what goes wrong on the way is drawn by it; None: nothing.
        speed: seconds of the call in one second; 0 is instant.
        custom, user, rdnis: see `CallSetup`.
        timeline: the report is to have all that was told.
    """

    caller: str = CALLER
    to: str = CALLED
    kind: CallKind = "pstn"
    keys: str | None = None
    words: tuple[str, ...] = ()
    callee: CalleeKind = "answered"
    hang_up_after: float | None = None
    seed: int | None = None
    chaos: int | None = None
    speed: float = 0.0
    custom: str = ""
    user: str = ""
    rdnis: str = ""
    timeline: bool = False


def check(start: Start) -> None:
    """See whether a call can be made of it.

    Raises:
        FnError: a number or a key is none.
    """
    setup_of(start, "", "", (), 0.0)
    party_of(start)


def setup_of(start: Start, callid: str, application_key: str, urls: tuple[str, ...], epoch: float) -> CallSetup:
    """Who calls whom.

    Raises:
        FnError: a number is none.
    """
    return CallSetup(
        callid=callid,
        application_key=application_key,
        to=_to(start),
        origin=_ORIGINS[start.kind],
        cli=_from(start),
        urls=urls,
        epoch=epoch,
        user=start.user,
        custom=start.custom,
        rdnis=start.rdnis,
    )


def party_of(start: Start, *, person: bool = False) -> Party:
    """Who is on the phone; `person`: somebody acts as the caller.

    Raises:
        FnError: keys are none.
    """
    if start.seed is not None:
        return RandomParty(start.seed)
    callee = callee_of(start.callee)
    if person and start.keys is None:
        return HumanParty(otherwise=callee)
    return ScriptedParty(start.keys or "", words=start.words, hang_up_after=start.hang_up_after, otherwise=callee)


def callee_of(kind: CalleeKind) -> Callee | None:
    """How whoever is dialled behaves; None: as the platform's test numbers and most people do."""
    return _CALLEES.get(kind)


def _from(start: Start) -> str:
    cli = start.caller.strip()
    if start.kind == "pstn" and cli not in {"", *_HIDDEN}:
        _check(cli, "from")
    return cli


def _to(start: Start) -> Identity:
    to = start.to.strip()
    if start.kind == "app":
        return Identity("number" if to.startswith("+") else "sip" if "@" in to else "username", to)
    if start.kind == "sip" and "@" in to:
        return Identity("sip", to)
    _check(to, "to")
    return Identity("did", to)


def _check(number: str, which: str) -> None:
    if not _PHONE.fullmatch(number):
        meant = f"+{number}"
        hint = f"Write it as {meant}." if _PHONE.fullmatch(meant) else _EXAMPLE
        raise FnError(f'"{number}" ({which}) is no phone number with plus and country code.', hint=hint)
