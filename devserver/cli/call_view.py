"""What a person with the phone in hand sees and what their keys mean: pure, told things in, lines and messages out.

What is heard appears word by word, as long as it takes to speak it. When something else happens meanwhile, the words
so far go into the timeline, and the rest follows after it, as in a transcript.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from devserver.calls import told as t
from devserver.cli.call_words import offer
from devserver.cli.phone_terminal import ESCAPE
from devserver.session.words import visible_line

if TYPE_CHECKING:
    from rich.text import Text

    from devserver.calls.setup import Leg

Message = dict[str, Any]
KEYS = frozenset("0123456789*#")
HINT = "keys 0-9 * #   h hangs up   t says something   ? help"
HELP = (
    "0-9 * #   press that key, at once",
    "t         type what the caller says; Enter says it, Esc does not",
    "h         hang up (Ctrl-D too); Ctrl-C hangs up and leaves",
    "?         this help, or away with it",
)
_ENTER, _BACKSPACE, _CLEAR, _END = frozenset("\r\n"), frozenset("\x7f\b"), "\x15", frozenset({"\x04", ""})
_SILENT = (t.CallbackSent, t.Awoke)  # nothing to see in the timeline
_HANG_UP: Message = {"hangup": True}


class Speaking(msgspec.Struct):
    """A prompt while it is heard.

    Attributes:
        heard: what was told.
        words: its text.
        since: when it began, in seconds of real time.
        seconds: how long it takes, in seconds of real time.
        logged: so many words are in the timeline already.
    """

    heard: t.Heard
    words: list[str]
    since: float
    seconds: float
    logged: int = 0

    def so_far(self, now: float) -> int:
        """How many words have been heard."""
        if now <= self.since:
            return self.logged
        share = (now - self.since) / self.seconds if self.seconds > 0 else 1.0
        return max(self.logged, min(len(self.words), int(share * len(self.words)) + 1))

    def part(self, until: int, *, more: bool) -> t.Heard | None:
        """The words up to there that are not in the timeline yet; from now on they are."""
        words, begins = self.words[self.logged : until], self.logged == 0
        if not words:
            return None
        self.logged = until
        text = f"{'' if begins else '... '}{' '.join(words)}{' ...' if more and until < len(self.words) else ''}"
        return msgspec.structs.replace(self.heard, text=text)


class View:
    """The phone as it is now.

    Args:
        speed: seconds of the call in one second.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._speaking: Speaking | None = None
        self._menu: t.Offered | None = None
        self._status = "calling"
        self._clock = (0.0, 0.0)  # the call's time, and when it was that
        self._shown = 0
        self._typed: str | None = None
        self._helps = False
        self._hint = ""
        self.over: t.Ended | None = None

    # --- what happens ------------------------------------------------------------------------------------------

    def told(self, told: t.Told, now: float) -> Iterator[t.Told]:
        """Take note of something that happened; gives what goes into the timeline now."""
        self._clock = (told.at, now)
        match told:
            case t.Heard():
                yield from self._end_speaking(now, all_of_it=True)
                self._speaking = self._spoken(told, now)
                return
            case t.Hushed():
                yield from self._end_speaking(now, all_of_it=False)
                return
            case t.Offered():
                yield from self._end_speaking(now, all_of_it=True)
        if not isinstance(told, _SILENT):
            yield from self._interrupted(now)
        self._follow(told)
        if not isinstance(told, _SILENT):
            yield told

    def tick(self, now: float) -> Iterator[t.Told]:
        """Time goes on; gives a prompt that has been heard to its end."""
        speaking = self._speaking
        if speaking is not None and now >= speaking.since + speaking.seconds:
            yield from self._end_speaking(now, all_of_it=True)

    def _spoken(self, heard: t.Heard, now: float) -> Speaking:
        seconds = heard.seconds / self._speed if self._speed else 0.0
        return Speaking(heard, heard.text.split() or [heard.text], now, seconds)

    def _interrupted(self, now: float) -> Iterator[t.Heard]:
        speaking = self._speaking
        if speaking is not None:
            part = speaking.part(speaking.so_far(now), more=True)
            if part is not None:
                yield part

    def _end_speaking(self, now: float, *, all_of_it: bool) -> Iterator[t.Heard]:
        speaking, self._speaking = self._speaking, None
        if speaking is None:
            return
        until = len(speaking.words) if all_of_it else speaking.so_far(now)
        part = speaking.part(until, more=True)
        if part is not None:
            yield part

    def _follow(self, told: t.Told) -> None:
        match told:
            case t.Offered():
                self._menu, self._status = told, f"menu {told.menu}"
            case t.CallbackSent(event=event) if event in {"ice", "ace", "pie"}:
                self._status = f"the function is asked ({event})"
            case t.CalledBack(event="pie" | "ice" | "ace"):
                self._menu, self._status = None, "listening"
            case t.Dialling(to=to):
                self._menu, self._status = None, f"it rings at {to}"
            case t.Connected(to=to):
                self._status = f"{to} answered"
            case t.Silence():
                self._status = "silence"
            case t.Bridged():
                self._status = "you talk to each other"
            case t.Joined(conference=conference):
                self._menu, self._status = None, f"in conference {conference}"
            case t.Ended():
                self.over = told

    # --- what is pressed ---------------------------------------------------------------------------------------

    @property
    def leg(self) -> Leg:
        """Whose keys the person's are: a menu may be for the callee."""
        return "caller" if self._menu is None else self._menu.leg

    def press(self, character: str) -> Message | None:
        """A character was typed; gives what it means to the call."""
        self._hint = ""
        if self._typed is not None and character != "":
            return self._type(self._typed, character)
        if character in KEYS:
            return self._message({"key": character})
        if character in _END or character.lower() == "h":
            return _HANG_UP
        if character.lower() == "t":
            self._typed = ""
        elif character == "?":
            self._helps = not self._helps
        elif character.isprintable() and character != " ":
            self._hint = f"{character} is no key of a phone.   {HINT}"
        return None

    def _type(self, typed: str, character: str) -> Message | None:
        if character in _ENTER or character in {ESCAPE, "\x04"}:
            self._typed = None
            text = typed.strip()
            return self._message({"say": text}) if text and character in _ENTER else None
        if character in _BACKSPACE:
            self._typed = typed[:-1]
        elif character == _CLEAR:
            self._typed = ""
        elif character.isprintable():
            self._typed = typed + character
        return None

    def _message(self, message: Message) -> Message:
        return message if self.leg == "caller" else {**message, "leg": self.leg}

    # --- what is seen ------------------------------------------------------------------------------------------

    def lines(self, now: float, width: int) -> list[Text]:
        """The lines below the timeline."""
        from rich.text import Text

        found = [Text("")]
        if self._speaking is not None:
            words = self._speaking.words[: self._speaking.so_far(now)]
            found.append(Text(f'"{_tail(visible_line(" ".join(words)), width - 4)}', "bold"))
        if self._menu is not None:
            found.append(Text(visible_line(offer(self._menu)), "cyan"))
        whose = "" if self.leg == "caller" else "   you press as the callee"
        found.append(Text.assemble((self._time(now), "dim"), f"  {visible_line(self._status)}", (whose, "yellow")))
        if self._typed is not None:
            found.append(Text.assemble(("says: ", "cyan"), _tail(self._typed, width - 10), (" ", "reverse")))
        else:
            found += [Text(line, "dim") for line in (HELP if self._helps else (self._hint or HINT,))]
        return found

    def _time(self, now: float) -> str:
        at, then = self._clock
        # What is told was on its way: no clock that people look at goes back.
        self._shown = max(self._shown, int(at + (0 if self.over else (now - then) * self._speed)))
        return f"{self._shown // 60}:{self._shown % 60:02}"


def _tail(text: str, width: int) -> str:
    """The end of a text that fits into so many columns."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    begins, room = len(text), width - 1
    while begins and (room := room - cell_len(text[begins - 1])) >= 0:
        begins -= 1
    return f"…{text[begins:]}"
