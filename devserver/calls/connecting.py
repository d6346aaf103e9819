"""Connecting to somebody: whom a connect action means, ringing, the answer, who answered, and what went wrong.

The tables of voice-v1.md 2.2, 3.1 and 3.3. A custom callout whose ICE connects dials its first leg here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devserver.calls.asking import ask_ace
from devserver.calls.commands import Bridge, Dial, HangUp
from devserver.calls.conferences import join_as_dialled, leave
from devserver.calls.ending import finish, stop_dialling
from devserver.calls.events import BeepHeard, CalleeAnswered, CalleeFailed, MachineDetected
from devserver.calls.outcomes import Situation
from devserver.calls.payloads import amd_of
from devserver.calls.program import CONTINUE, flag_of, number_of, object_of, pairs_of, text_of
from devserver.calls.progress import Progress, State
from devserver.calls.sending import due, send_notify
from devserver.calls.setup import Callout, CallSetup, Identity, Leg

CONNECTS = frozenset({"connectPstn", "connectMxp", "connectSip", "connectStream"})
_PHONES = frozenset({"number", "did"})
_FAILURES: Mapping[str, Situation] = {
    "busy": "busy",
    "rejected": "rejected",
    "no answer": "no answer",
    "no route": "no route",
    "barred": "barred",
    "no credit": "no credit",
    "unknown user": "unknown user",
    "answered elsewhere": "answered elsewhere",
}
_UNSURE = ("notsure", "n/a")


def target(setup: CallSetup, action: str, fields: Mapping[str, Any]) -> Identity | None:
    """Whom a connect action means; None when neither it nor the call says (voice-v1.md 2.2)."""
    named = text_of(object_of(fields, "destination"), "endpoint")
    match action:
        case "connectPstn":
            number = text_of(fields, "number") or named or _dialled_number(setup)
            return Identity("number", number) if number else None
        case "connectMxp":
            dialled = setup.to.endpoint if setup.to is not None and setup.to.type.lower() == "username" else ""
            return Identity("username", named or dialled) if named or dialled else None
        case "connectSip":
            return Identity("sip", named.removeprefix("sip:"))
        case _:
            return Identity("Websocket", named)


def _dialled_number(setup: CallSetup) -> str:
    if setup.to is None:
        return ""
    if setup.to.type.lower() in _PHONES:
        return setup.to.endpoint
    user = setup.to.endpoint.removeprefix("sip:").partition("@")[0]
    return user if user.removeprefix("+").isdecimal() else ""


def connect(p: Progress, action: str, fields: Mapping[str, Any]) -> None:
    """One of the actions that dial somebody."""
    to = target(p.setup, action, fields)
    if to is None:
        finish(p, "illegal SVAML", f"{action} does not say whom to connect to.")
        return
    leave(p)
    if p.callee:
        p.out.append(HangUp("callee"))
        p.callee = ""
    p.suppressed = p.suppressed or flag_of(fields, "suppressCallbacks")
    p.data = to.type == "username"
    p.streams = to.type == "Websocket"
    p.headers = pairs_of(fields, "callHeaders") or p.headers
    p.amd, p.verdict = _amd(fields), None
    p.fields = fields
    shown = text_of(fields, "cli")
    dial(
        p,
        Dial(
            leg="callee" if p.caller else "caller",
            to=to,
            cli=p.setup.cli if shown.lower() in {"", "incoming"} else shown,
            headers=pairs_of(fields, "callHeaders"),
            amd="sync" if p.amd == "sync" else "async" if p.amd == "async" else "",
            indications=text_of(fields, "indications"),
            transport=text_of(fields, "transport"),
        ),
    )


def _amd(fields: Mapping[str, Any]) -> Any:
    amd = object_of(fields, "amd")
    if not flag_of(amd, "enabled"):
        return ""
    return "async" if flag_of(amd, "async") else "sync"


def dial(p: Progress, command: Dial) -> None:
    """Ring somebody."""
    p.dialling, p.connected = command.leg, command.to
    if command.leg == "caller":
        p.caller = "ringing"
    else:
        p.callee = "ringing"
    p.out.append(command)
    seconds = number_of(p.fields or {}, "dialTimeout") or p.settings.dial_timeout
    p.start_timer("dial", seconds)
    p.move(State.DIALLING)


def as_dialled(p: Progress) -> None:
    """Connect to whom the caller dialled: a `continue` in an ICE, or no callback address at all (3.1)."""
    to = p.setup.to
    kind = "" if to is None else to.type.lower()
    if to is not None and kind == "conference":
        join_as_dialled(p, to.endpoint)
    elif kind == "username":
        connect(p, "connectMxp", {})
    else:
        connect(p, "connectPstn", {})


def callee_answered(p: Progress, event: CalleeAnswered) -> str | None:
    """Who was dialled answered; if it is the first callee, so is the inbound call (3.1)."""
    if event.leg != p.dialling:
        return f"Nobody is being dialled on the leg {event.leg}."
    p.stop_timer("dial")
    p.dialling = None
    callout = p.setup.callout or Callout()
    fields = p.fields or {}
    most = number_of(fields, "maxDuration") or 0
    if event.leg == "caller":
        p.first_leg_up(most or callout.max_duration)
    else:
        p.callee = "up"
        p.answer(most)
    if not p.streams:
        p.send_keys(text_of(fields, "dtmf") or (callout.dtmf if event.leg == "caller" else ""), event.leg)
    if p.playing:
        p.move(State.KEYING)
    else:
        detect(p)
    return None


def detect(p: Progress) -> None:
    """Before the ACE, wait for the verdict on who answered, if it was asked for."""
    if p.amd == "sync" and p.verdict is None and due(p, "ace"):
        p.move(State.DETECTING)
        p.start_timer("amd", p.settings.amd_seconds)
    else:
        _accept(p)


def _accept(p: Progress) -> None:
    if p.amd == "sync":
        p.amd = ""
    if p.streams and not p.settings.stream_ace:
        if p.callee == "up":
            p.out.append(Bridge())
        p.move(State.STREAMING)
    elif due(p, "ace"):
        ask_ace(p)
    else:
        p.run(CONTINUE, "ace")


def machine_detected(p: Progress, event: MachineDetected) -> str | None:
    """The verdict on who answered: it goes with the ACE, or as a notify when the ACE did not wait (1.4, 3.2)."""
    if p.amd == "sync" and p.state is State.DETECTING:
        p.stop_timer("amd")
        p.verdict = event
        _accept(p)
    elif p.amd == "sync" and p.state is State.KEYING and p.verdict is None:
        p.verdict = event
    elif p.amd == "async" and p.dialling is None:
        p.amd = "beep"
        send_notify(p, "amd", amd=amd_of(event))
    else:
        return "No detection is under way."
    return None


def detection_over(p: Progress) -> None:
    """Synchronous detection took too long."""
    p.verdict = MachineDetected(p.at, *_UNSURE, duration=int(p.settings.amd_seconds))
    _accept(p)


def beep_heard(p: Progress, event: BeepHeard) -> str | None:
    """The machine is ready to record."""
    if p.amd not in {"async", "beep"} or p.dialling is not None:
        return "No detection is under way."
    p.amd = ""
    send_notify(p, "amd_beep", amd={"status": "machine", "reason": "beep", "duration": event.duration})
    return None


def callee_failed(p: Progress, event: CalleeFailed) -> str | None:
    """Who was dialled will not answer."""
    if event.leg != p.dialling:
        return f"Nobody is being dialled on the leg {event.leg}."
    _not_ringing(p, event.leg)
    finish(p, _FAILURES.get(event.why, "error"))
    return None


def _not_ringing(p: Progress, leg: Leg) -> None:
    p.dialling = None
    if leg == "caller":
        p.caller = ""
    else:
        p.callee = ""


def rang_out(p: Progress) -> None:
    """Nobody answered in time."""
    user = p.connected is not None and p.connected.type == "username"
    stop_dialling(p)
    finish(p, "rang out at an app user" if user else "rang out")
