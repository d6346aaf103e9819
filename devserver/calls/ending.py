"""The end of a call: everything is let go of in one order, the DICE is sent, and what is outstanding is waited for.

Only here is the DICE sent, and a call comes here once: `finish` does nothing for a call that is over.
"""

from __future__ import annotations

from devserver.calls import recording
from devserver.calls.commands import End, HangUp, LeaveConference, StopDialling
from devserver.calls.outcomes import OUTCOMES, Situation
from devserver.calls.progress import Progress, State
from devserver.calls.sending import send_dice

INVALID_SVAML = "INVALIDSVAMLACTION"
"""The reason that GET of a call shows after illegal SVAML (voice-v1.md 1.8)."""


def finish(p: Progress, situation: Situation, why: str = "") -> None:
    """End the call: prompts, timers, dialling, conference, recording, legs, DICE; in this order.

    Args:
        p: the call.
        situation: what ended it; chooses result and reason.
        why: a sentence, when there is more to say than the table does.
    """
    if p.over:
        return
    row = p.settings.outcomes.get(situation) or OUTCOMES[situation]
    p.outcome = row.before if p.answered_at is None else row.answered
    p.why = why or row.why
    p.info_reason = INVALID_SVAML if situation == "illegal SVAML" else p.outcome.reason
    p.duration = 0 if p.answered_at is None else int(p.at - p.answered_at + 1e-6)  # 2.9999999 is three
    _let_go(p)
    send_dice(p)
    p.move(State.FINISHING)
    if p.storing:
        p.start_timer("storing", p.settings.storing_seconds)


def settle(p: Progress) -> None:
    """End for good when nothing is outstanding."""
    if p.state is not State.FINISHING or p.open or p.storing or p.outcome is None:
        return
    p.stop_timer("storing")
    p.out.append(End(p.outcome.result, p.outcome.reason, p.duration, p.why, p.info_reason))
    p.move(State.ENDED)


def gave_up_storing(p: Progress) -> None:
    """Nobody stored the recordings."""
    p.storing.clear()


def _let_go(p: Progress) -> None:
    p.awaiting, p.inline, p.program, p.menus, p.menu = 0, None, None, None, None
    p.stop_playing()
    p.stop_timer(*tuple(p.timers))
    stop_dialling(p)
    if p.conference:
        p.out.append(LeaveConference(p.conference))
        p.conference = ""
    recording.stop(p)
    if p.caller:
        p.out.append(HangUp("caller"))
    if p.callee:
        p.out.append(HangUp("callee"))
    p.caller = p.callee = ""


def stop_dialling(p: Progress) -> None:
    """Ring nobody any more."""
    if p.dialling is None:
        return
    p.out.append(StopDialling(p.dialling))
    if p.dialling == "caller":
        p.caller = ""
    else:
        p.callee = ""
    p.dialling = None
