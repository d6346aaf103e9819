"""A call in a conference: joining, leaving, and what its keys do there (voice-v1.md 2.2, connectConf).

Who else is there is not known here: that is `rooms.Rooms`, which obeys the commands of all calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devserver.calls.asking import tell_pie
from devserver.calls.commands import ForwardKey, JoinConference, LeaveConference, StepBack, StepOut
from devserver.calls.ending import finish
from devserver.calls.events import Kicked
from devserver.calls.program import flag_of, number_of, object_of, seconds_of, text_of
from devserver.calls.progress import Progress, State
from devserver.calls.setup import Callout, ConferenceDtmf, DtmfMode

_MODES: dict[str, DtmfMode] = {"ignore": "ignore", "forward": "forward", "detect": "detect"}
_STANDARD = ConferenceDtmf()


def connect_conf(p: Progress, fields: Mapping[str, Any]) -> None:
    """The action connectConf."""
    options = object_of(fields, "conferenceDtmfOptions")
    p.suppressed = p.suppressed or flag_of(fields, "suppressCallbacks")
    timeout = seconds_of(options, "timeoutMills")
    _join(
        p,
        JoinConference(
            conference=text_of(fields, "conferenceId"),
            cli=text_of(fields, "cli") or p.setup.cli,
            dtmf=ConferenceDtmf(
                mode=_MODES.get(text_of(options, "mode").lower(), "ignore"),
                digits=number_of(options, "maxDigits") or _STANDARD.digits,
                timeout=_STANDARD.timeout if timeout is None else timeout,
            ),
            moh=text_of(fields, "moh"),
            record=flag_of(fields, "record"),
            options=dict(object_of(fields, "recordingOptions")),
        ),
    )


def join_as_asked(p: Progress) -> None:
    """The conference of a conference callout."""
    callout = p.setup.callout or Callout()
    _join(p, JoinConference(callout.conference, p.setup.cli, callout.conference_dtmf, callout.moh))


def join_as_dialled(p: Progress, conference: str) -> None:
    """The conference that an app dialled."""
    _join(p, JoinConference(conference, p.setup.cli, _STANDARD))


def _join(p: Progress, join: JoinConference) -> None:
    p.answer()
    leave(p)
    p.conference, p.dtmf, p.stepped_out = join.conference, join.dtmf, False
    p.out.append(join)
    p.move(State.CONFERENCE)


def leave(p: Progress) -> None:
    """Go out of the conference for good, if the call is in one."""
    if p.conference:
        p.out.append(LeaveConference(p.conference))
        p.conference, p.stepped_out = "", False


def step_out(p: Progress) -> None:
    """Go out of the conference for a moment."""
    if p.conference and not p.stepped_out:
        p.out.append(StepOut(p.conference))
        p.stepped_out = True


def step_back(p: Progress) -> None:
    """Be in the conference again."""
    if p.stepped_out:
        p.out.append(StepBack(p.conference))
        p.stepped_out = False


def key_pressed(p: Progress, key: str) -> None:
    """A participant pressed a key."""
    match p.dtmf:
        case ConferenceDtmf(mode="forward"):
            p.out.append(ForwardKey(p.conference, key))
        case ConferenceDtmf(mode="detect", digits=1):
            tell_pie(p, "sequence", key, p.conference, p.conference)
        case ConferenceDtmf(mode="detect", timeout=timeout) if key != "#":
            step_out(p)
            p.digits = key
            p.start_timer("digits", timeout)
            p.move(State.COLLECTING)
        case _:
            pass


def digit_pressed(p: Progress, key: str) -> None:
    """A participant who stepped out pressed another key."""
    dtmf = p.dtmf or _STANDARD
    if key != "#":
        p.digits += key
    if key == "#" or len(p.digits) >= dtmf.digits:
        digits_over(p)
    else:
        p.start_timer("digits", dtmf.timeout)


def digits_over(p: Progress) -> None:
    """The input is complete: PIE, and back into the conference."""
    p.stop_timer("digits")
    digits, p.digits = p.digits, ""
    tell_pie(p, "sequence", digits, p.conference, p.conference)
    if not p.over:
        step_back(p)
        p.move(State.CONFERENCE)


def kicked(p: Progress, event: Kicked) -> str | None:
    """REST removed the call from its conference."""
    del event
    if not p.conference:
        return "The call is in no conference."
    p.conference, p.stepped_out = "", False
    finish(p, "removed from the conference")
    return None
