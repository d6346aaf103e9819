"""One call, sans-IO: events go in, commands come out, and nothing else happens.

The whole machine is three tables. `TABLE` says which events a state takes and what takes them; `TIMERS` what each
timer is for; `progress.MOVES` where a call can go from a state. `running.ACTIONS` and `running.STEPS` are the markup.
An event that is not in the table changes nothing and is answered with `Refused`.

How to drive it: give `Started`, do the commands in their order, and give back what comes of them, each event with the
time of one clock that never goes back. Timers, prompts and callbacks are commands whose end is an event. After `End`
the call wants nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from devserver.calls import answering, beginning, conferences, connecting, ending, events, menus, parking, running
from devserver.calls import recording as recordings
from devserver.calls.asking import tell_pie
from devserver.calls.commands import Command, Refused
from devserver.calls.outcomes import Situation
from devserver.calls.patching import patched, refused_after_the_end
from devserver.calls.progress import LIVE, Progress, State
from devserver.calls.sending import send_calling_error
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Leg

Refusal = str | Refused | None
Handler = Callable[[Progress, Any], Refusal]

KEYPAD = frozenset("0123456789*#")
_NOT_NOW = 40003


class Call:
    """One call.

    Attributes:
        progress: all that the call remembers; to be read, never to be written.
    """

    __slots__ = ("progress",)

    def __init__(self, setup: CallSetup, settings: Settings) -> None:
        self.progress = Progress(setup, settings)

    @property
    def state(self) -> State:
        """What the call is doing."""
        return self.progress.state

    @property
    def ended(self) -> bool:
        """Whether `End` was said."""
        return self.progress.state is State.ENDED

    @property
    def possible(self) -> tuple[str, ...]:
        """Names of the events that can come now."""
        return possible(self.progress)

    def receive(self, event: events.Event) -> list[Command]:
        """Take an event; what is to be done about it, in order. A list with `Refused` has nothing else in it."""
        p = self.progress
        handler = TABLE[p.state].get(type(event))
        if handler is None:
            return [_refused(p, event, f"This cannot happen in the state {p.state}.")]
        before = p.at
        p.at = max(before, event.at)
        out: list[Command] = []
        p.out = out
        refusal = handler(p, event)
        if refusal is not None:
            p.at = before
            return [refusal if isinstance(refusal, Refused) else _refused(p, event, refusal)]
        _go_on(p)
        return out


def _go_on(p: Progress) -> None:
    """Whatever follows from an event without waiting for another one."""
    p.events += 1
    if p.events > p.settings.most_events and not p.over:
        why = f"More than {p.settings.most_events} things happened (most_events): the call goes round in circles."
        send_calling_error(p, 50000, why)
        ending.finish(p, "loop", why)
    while True:
        if p.inline is not None:
            event, body = p.inline
            p.inline, p.awaiting = None, 0
            answering.take(p, event, body)
        elif running.busy(p):
            running.advance(p)
        else:
            break
    ending.settle(p)


def possible(p: Progress) -> tuple[str, ...]:
    """Names of the events that can come in this state."""
    names = (kind.__name__ for kind in TABLE[p.state])
    missing = set()
    if not p.timers:
        missing.add("TimerFired")
    if not p.playing:
        missing.add("PromptEnded")
    return tuple(sorted(name for name in names if name not in missing))


def _refused(p: Progress, event: events.Event, why: str) -> Refused:
    if isinstance(event, events.Patched) and p.over:
        return refused_after_the_end()
    return Refused(type(event).__name__, possible(p), _NOT_NOW, why)


def _started(p: Progress, event: events.Started) -> Refusal:
    beginning.started(p, event)
    return None


_PROMPT_ENDED: Mapping[State, Callable[[Progress], None]] = {
    State.RUNNING: running.prompt_ended,
    State.MENU: menus.prompt_ended,
    State.KEYING: connecting.detect,
    State.PARKED: parking.hold,
    State.CLOSING: answering.closed,
}


def _prompt_ended(p: Progress, event: events.PromptEnded) -> Refusal:
    if not p.playing or event.play != p.playing or (p.looping and p.state is not State.CLOSING):
        return f"What plays is not number {event.play}."
    p.playing = 0
    _PROMPT_ENDED[p.state](p)
    return None


TIMERS: Mapping[str, Callable[[Progress], None]] = {
    "dial": connecting.rang_out,
    "amd": connecting.detection_over,
    "duration": lambda p: ending.finish(p, "maximum duration"),
    "menu": menus.silence,
    "voice": menus.silence,
    "digits": conferences.digits_over,
    "park": parking.expired,
    "storing": ending.gave_up_storing,
}
"""What each timer is for."""


def _timer_fired(p: Progress, event: events.TimerFired) -> Refusal:
    if event.name not in p.timers:
        return f"No timer {event.name} is running."
    p.timers.remove(event.name)
    TIMERS[event.name](p)
    return None


def _key_pressed(p: Progress, event: events.KeyPressed) -> Refusal:
    if event.key not in KEYPAD:
        return f"{event.key!r} is not one key of the keypad (0-9, * or #)."
    if not _present(p, event.leg):
        return f"There is nobody on the leg {event.leg}."
    match p.state:
        case State.MENU:
            menus.key_pressed(p, event.key, event.leg)
        case State.RUNNING:
            running.key_pressed(p)
        case State.CONFERENCE:
            conferences.key_pressed(p, event.key)
        case State.COLLECTING:
            conferences.digit_pressed(p, event.key)
        case _:
            pass  # The other party hears a tone.
    return None


def _spoke(p: Progress, event: events.Spoke) -> Refusal:
    if not _present(p, event.leg):
        return f"There is nobody on the leg {event.leg}."
    if p.state is State.MENU:
        menus.spoke(p, event.text, event.leg)
    return None


def _hung_up(p: Progress, event: events.HungUp) -> Refusal:
    situation = _left(p, event.leg)
    if situation is None:
        return f"There is nobody on the leg {event.leg} who could hang up."
    if p.state is State.MENU and p.menu is not None and event.leg == p.menu_leg and p.settings.pie_on_hangup:
        tell_pie(p, "hangup", "", p.menu.id)
    ending.finish(p, situation)
    return None


def _hung_up_at_the_end(p: Progress, event: events.HungUp) -> Refusal:
    """Who hangs up during the last prompt does not change why the call ends."""
    if _left(p, event.leg) is None:
        return f"There is nobody on the leg {event.leg} who could hang up."
    answering.closed(p)
    return None


def _present(p: Progress, leg: Leg) -> bool:
    """Whether somebody is there; an inbound caller is, before the call is answered."""
    if leg == "callee":
        return p.callee == "up"
    return p.caller == "up" or (p.caller == "ringing" and p.setup.callout is None)


def _left(p: Progress, leg: Leg) -> Situation | None:
    """Take note that a party is gone; None if it was not there."""
    if not _present(p, leg):
        return None
    if leg == "callee":
        p.callee = ""
        return "callee hung up"
    p.caller = ""
    return "caller hung up" if p.setup.callout is None else "party hung up"


def _cancelled(p: Progress, event: events.Cancelled) -> Refusal:
    del event
    if p.setup.callout is None or p.answered_at is not None:
        return "Only a callout that nobody has answered can be cancelled."
    ending.finish(p, "cancelled")
    return None


_ANSWERS: Mapping[type, Handler] = {
    events.CallbackAnswered: answering.callback_answered,
    events.CallbackFailed: answering.callback_failed,
    events.RecordingStored: recordings.stored,
    events.TranscriptStored: recordings.transcript_stored,
    events.TimerFired: _timer_fired,
}
_COMMON: Mapping[type, Handler] = {
    **_ANSWERS,
    events.KeyPressed: _key_pressed,
    events.Spoke: _spoke,
    events.HungUp: _hung_up,
    events.Patched: patched,
    events.Cancelled: _cancelled,
    events.MachineDetected: connecting.machine_detected,
    events.BeepHeard: connecting.beep_heard,
    events.Kicked: conferences.kicked,
}
_PLAYING: Mapping[type, Handler] = {events.PromptEnded: _prompt_ended}
_RINGING: Mapping[type, Handler] = {
    events.CalleeAnswered: connecting.callee_answered,
    events.CalleeFailed: connecting.callee_failed,
}

TABLE: Mapping[State, Mapping[type, Handler]] = {
    State.NEW: {events.Started: _started},
    **dict.fromkeys(LIVE, _COMMON),
    State.RUNNING: {**_COMMON, **_PLAYING},
    State.MENU: {**_COMMON, **_PLAYING},
    State.KEYING: {**_COMMON, **_PLAYING},
    State.PARKED: {**_COMMON, **_PLAYING},
    State.DIALLING: {**_COMMON, **_RINGING},
    State.CLOSING: {
        **_ANSWERS,
        **_PLAYING,
        events.HungUp: _hung_up_at_the_end,
        events.KeyPressed: _key_pressed,
        events.Spoke: _spoke,
    },
    State.FINISHING: _ANSWERS,
    State.ENDED: {},
}
"""Which events each state takes, and what takes them."""
