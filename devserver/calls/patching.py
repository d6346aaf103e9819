"""PATCH of a call: SVAML from outside, while the call goes on (voice-v1.md 1.8 and 5.5).

`ALLOWED` says in which states each action is possible. What the call was doing is dropped (its prompt, menu, dialling),
except that `continue` comes back to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from devserver.calls.commands import Refused
from devserver.calls.conferences import step_back
from devserver.calls.connecting import CONNECTS, target
from devserver.calls.ending import stop_dialling
from devserver.calls.events import Patched
from devserver.calls.program import Program, read
from devserver.calls.progress import LIVE, TALKING, Progress, State
from devserver.calls.recording import start, stop
from devserver.calls.setup import Side

_NO_CALL = 40400
_NOT_NOW = 40003
_ILLEGAL = 40001

_PARKED = frozenset({State.PARKED})
ALLOWED: Mapping[str, frozenset[State]] = {
    "hangup": LIVE,
    "continue": TALKING,
    "park": LIVE,
    "startRecording": LIVE,
    "stopRecording": LIVE,
    "connectPstn": _PARKED,
    "connectMxp": _PARKED,
    "connectConf": _PARKED,
    "connectSip": _PARKED,
    "connectStream": _PARKED,
    "runMenu": frozenset({State.PARKED, State.CONFERENCE}),
}
"""The states in which a PATCH may have an action; the call has to be answered in all of them."""
_RECORDS = frozenset({"startRecording", "stopRecording"})


def patched(p: Progress, event: Patched) -> Refused | None:
    """SVAML from outside."""
    if p.answered_at is None:
        return _refused(p, _NOT_NOW, "The call is not answered yet, so there is nothing to manage.")
    reading = read(event.body, "leg" if event.leg else "patch", False, p.settings.unknown_menu == "pie")
    program = reading.program
    if program is None:
        return _refused(p, _ILLEGAL, reading.illegal or "There is no SVAML in the request.")
    if not _possible(p, program):
        return _refused(p, _NOT_NOW, f"{program.action} is not possible in the state {p.state}.")
    if program.action in CONNECTS and target(p.setup, program.action, program.fields) is None:
        return _refused(p, _ILLEGAL, f"{program.action} does not say whom to connect to.")
    _take(p, program, _side(p, event))
    return None


def refused_after_the_end() -> Refused:
    """PATCH of a call that is over."""
    return Refused("a PATCH", (), _NO_CALL, "Call not found: it has ended.")


def _take(p: Progress, program: Program, side: Side) -> None:
    if program.action in _RECORDS and not program.steps:
        if program.action == "startRecording":
            start(p, program.fields.get("recordingOptions") or {})
        else:
            stop(p)
        return
    if p.state in TALKING:
        p.back = p.state
    elif p.state is not State.RUNNING or p.source != "patch":
        p.back = None
    _drop(p, program)
    p.run(program, "patch", side)


def _drop(p: Progress, program: Program) -> None:
    """Give up what the call is doing."""
    p.stop_playing()
    p.stop_timer("menu", "voice", "digits", "dial", "amd")
    if program.action != "continue":
        p.stop_timer("park")
    stop_dialling(p)
    if p.state is State.COLLECTING:
        step_back(p)
    p.awaiting, p.inline, p.menus, p.menu, p.digits = 0, None, None, None, ""


def _state(p: Progress) -> State:
    """A call that runs what a PATCH said is where it was before."""
    return p.back if p.back is not None and p.state is State.RUNNING and p.source == "patch" else p.state


def _possible(p: Progress, program: Program) -> bool:
    if program.action in _RECORDS and program.steps and _state(p) not in TALKING:
        return False
    return _state(p) in ALLOWED.get(program.action, frozenset())


def _side(p: Progress, event: Patched) -> Side:
    """Who hears it: the caller, unless a leg is named; the leg is ignored where there is only one party (5.2)."""
    return event.leg if event.leg and p.setup.callout is None and not p.conference else "caller"


def _refused(p: Progress, code: int, why: str) -> Refused:
    possible = () if p.answered_at is None else tuple(name for name, where in ALLOWED.items() if _state(p) in where)
    return Refused("a PATCH", possible, code, why)
