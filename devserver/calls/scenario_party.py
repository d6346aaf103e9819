"""A party that does what a scenario says: it waits for what it is told, then acts.

It knows no clock but the `at` of what it is told. Waits look only forward: what one wait has found, no later one finds
again; of texts, menus, callbacks and connections each has its own place, because a menu and its prompt begin together.
Who is dialled behaves as another party says, so that a callee does the same here as everywhere.

A call that goes otherwise than it is written must end all the same. So the party wakes up now and then, and hangs up
when a step has waited for longer than the scenario's patience, or when all steps are done and nothing happens any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from devserver.calls import scenario, told
from devserver.calls.actions import HangUp, Manage, Plan, Say, Wake, typed
from devserver.calls.callees import Callees
from devserver.calls.matching import callback_words, in_order, is_callback, is_same_party
from devserver.calls.scenario import EVERYBODY_ELSE, Scenario, Step, UntilCallback, UntilHeard, UntilMenu
from devserver.calls.speech import KEY_SECONDS, WAIT_SECONDS

THINKS = 0.5
"""Seconds between the end of a prompt and what a caller does."""
_A_MOMENT = 1e-6  # less than this is a matter of rounding
_BARGES = 0.1  # seconds after the beginning of a prompt
_WAITS = (UntilHeard, UntilMenu, UntilCallback, scenario.UntilConnected)


class Stuck(msgspec.Struct, frozen=True):
    """The first step that was not done when the call ended.

    Attributes:
        line: where it is written.
        missing: what it waited for, in words.
        gave_up: the call did not end by itself.
    """

    line: int
    missing: str
    gave_up: bool = False


class ScenarioParty:
    """Caller and callees of a scenario.

    Args:
        played: the scenario.
    """

    def __init__(self, played: Scenario) -> None:
        self._scenario = played
        named = {name: callee for name, callee in played.callees.items() if name != EVERYBODY_ELSE}
        self._callees = Callees(named, played.callees.get(EVERYBODY_ELSE))
        self._place = 0
        self._ready = 0.0  # when the party is free for its next deed
        self._quiet = 0.0  # since when there is nothing to do but to wait
        self._found = {"heard": 0, "menu": 0, "callback": 0, "connected": 0}
        self._heard: list[told.Heard] = []
        self._menus: list[told.Offered] = []
        self._callbacks: list[told.CalledBack] = []
        self._connected: list[tuple[str, float]] = []
        self._busy = 0.0  # until when a callee talks
        self._wakes = False
        self._left = False
        self._gone = False
        self._gave_up = False

    @property
    def stuck(self) -> Stuck | None:
        """The first step that was not done; None when all were."""
        steps = self._scenario.steps[self._place :]
        if not steps:
            return None
        return Stuck(steps[0].line, self._missing(steps[0]), self._gave_up)

    def react(self, news: told.Told) -> Iterator[Plan]:
        """See `Party.react`."""
        self._remember(news)
        yield from self._callees.react(news)
        match news:
            case told.Ended():
                self._gone = True
            case told.Awoke():
                self._wakes = False
                yield from self._grow_impatient(news.at)
            case _:
                yield from self._proceed(news.at)

    def _grow_impatient(self, now: float) -> Iterator[Plan]:
        if self._gone or self._left:
            return
        if now < self._patient_until - _A_MOMENT:
            yield from self._wake(now)
        else:
            self._gone = True
            self._gave_up = self._place < len(self._scenario.steps)
            yield 0.0, HangUp()

    def _remember(self, news: told.Told) -> None:
        match news:
            case told.Heard():
                self._heard.append(news)
            case told.Offered():
                self._menus.append(news)
            case told.CalledBack():
                self._callbacks.append(news)
            case told.Connected(to=to) | told.Joined(conference=to):
                self._connected.append((to, news.at))
                self._busy = news.at + (self._callees.of(to).talks or 0.0)
            case _:
                pass

    def _proceed(self, now: float) -> Iterator[Plan]:
        if self._gone:
            return
        steps = self._scenario.steps
        while self._place < len(steps):
            step = steps[self._place]
            if isinstance(step, _WAITS):
                ready = self._waited(step)
                if ready is None:
                    break
                self._ready = max(self._ready, ready)
            else:
                yield from self._do(step, now)
            self._place += 1
            self._quiet = max(now, self._ready)
        if self._place == len(steps):
            self._quiet = max(now, self._ready, self._busy, *(self._end(heard) for heard in self._heard[-1:]))
        yield from self._wake(now)

    # --- acting ----------------------------------------------------------------------------------------------------

    def _do(self, step: scenario.Deed, now: float) -> Iterator[Plan]:
        self._ready = max(self._ready, now)
        delay = self._ready - now
        match step:
            case scenario.Press(keys=keys, leg=leg):
                yield from typed(keys, delay, leg)
                self._ready += _seconds(keys)
            case scenario.Speak(text=text, leg=leg):
                yield delay, Say(text, leg)
            case scenario.Leave(leg=leg):
                self._left = self._left or leg == "caller"
                yield delay, HangUp(leg)
            case scenario.Pause(seconds=seconds):
                self._ready += seconds
            case scenario.Manage(body=body, leg=side):
                yield delay, Manage(body, side)

    def _wake(self, now: float) -> Iterator[Plan]:
        if not (self._wakes or self._left or self._gone):
            self._wakes = True
            yield max(0.0, self._patient_until - now), Wake()

    @property
    def _patient_until(self) -> float:
        return self._quiet + self._scenario.patience

    # --- waiting ---------------------------------------------------------------------------------------------------

    def _waited(self, step: scenario.Wait) -> float | None:
        """When what a step waits for was over; None: it has not happened yet."""
        match step:
            case UntilHeard():
                return self._until_heard(step)
            case UntilMenu():
                return self._until_menu(step)
            case UntilCallback(callback=wanted):
                called = self._next(
                    "callback", self._callbacks, lambda each: is_callback(wanted, each.event, each.request)
                )
                return None if called is None else float(called.at)
            case scenario.UntilConnected(to=to):
                connected = self._next("connected", self._connected, lambda each: is_same_party(to, each[0]))
                return None if connected is None else float(connected[1])

    def _until_heard(self, step: UntilHeard) -> float | None:
        place, missing = in_order(step.texts, [heard.text for heard in self._heard], self._found["heard"])
        if missing is not None:
            return None
        self._found["heard"] = place
        last = self._heard[place - 1]
        return last.at + _BARGES if step.barge else self._end(last) + THINKS

    def _until_menu(self, step: UntilMenu) -> float | None:
        offered = self._next("menu", self._menus, lambda each: each.menu == step.menu)
        if offered is None:
            return None
        return float(offered.at + (_BARGES if step.barge else offered.seconds + THINKS))

    def _next(self, kind: str, happened: list[Any], fits: Callable[[Any], bool]) -> Any:
        """The first thing that fits, of those that no wait has found yet."""
        for place in range(self._found[kind], len(happened)):
            if fits(happened[place]):
                self._found[kind] = place + 1
                return happened[place]
        return None

    def _end(self, heard: told.Heard) -> float:
        """When a prompt was said; of a menu all its prompts together, since keys may count only then."""
        end = heard.at + heard.seconds
        offered = self._menus[-1] if self._menus else None
        if offered is not None and heard.purpose == "menu" and offered.menu == heard.menu and offered.at <= heard.at:
            return max(end, offered.at + offered.seconds)
        return end

    def _missing(self, step: Step) -> str:
        match step:
            case UntilHeard(texts=texts):
                _, missing = in_order(texts, [heard.text for heard in self._heard], self._found["heard"])
                last = [f'"{heard.text}"' for heard in self._heard[self._found["heard"] :]]
                return f'to hear "{missing}"; heard {", ".join(last) or "nothing more"}'
            case UntilMenu(menu=menu):
                last = [each.menu for each in self._menus[self._found["menu"] :]]
                return f'for the menu "{menu}"; offered was {", ".join(last) or "none"}'
            case UntilCallback(callback=callback):
                rest = self._callbacks[self._found["callback"] :]
                last = [callback_words(each.event, each.request) for each in rest]
                return f"for the callback {callback}; there was {', '.join(last) or 'none'}"
            case scenario.UntilConnected(to=to):
                last = [each for each, _ in self._connected[self._found["connected"] :]]
                return f"to be connected to {to}; connected was {', '.join(last) or 'nobody'}"
            case _:
                return "to begin"  # nothing was ever told


def _seconds(keys: str) -> float:
    return sum(WAIT_SECONDS if key == "w" else KEY_SECONDS for key in keys)
