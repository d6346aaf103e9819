"""A simulated call in words: a line for each thing that happened, in the layout of `fn calls show`.

    +0.0    ice     2.1 ms of 5 s  say, runMenu main
    +0.0    menu    main  1 return(sales)  2 return(support)
    +0.0    hears   "Press 1 for sales, 2 for support."
    +4.5    keys    1

The same function serves a call that is over and one that goes on. Texts come from the function: `Page` makes their
control characters visible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from devserver.calls import told as t
from devserver.cli.page import ms_of, shown, span_of

if TYPE_CHECKING:
    from devserver.cli.page import Page

Words = tuple[str, str] | tuple[str, str, str]  # label, text, perhaps a style

_PERSONS = {"caller": "", "callee": " (callee)", "both": " (both)"}
_ERROR, _GOOD, _QUIET = "red", "green", "dim"


class Line(msgspec.Struct, frozen=True):
    """One line of the timeline; `text` may hold what came from outside."""

    at: float
    label: str
    text: str
    style: str = ""


class Teller:
    """Prints a call as it goes on, or one that is over.

    Args:
        page: where to; a new one may be set when the window has another size.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self._asked: Any = None  # the last answer with SVAML: what the caller heard before
        self._errors = 0

    def tell(self, told: t.Told) -> None:
        """Print what there is to see of one thing that happened."""
        match told:
            case t.Began():
                self.page.say(0, f"Call {told.callid}", "bold")
                self.page.say(0, f"{told.caller or 'unknown'} -> {told.to or 'unknown'}")
            case t.CalledBack():
                self._errors += told.failed
                _print_callback(self.page, told, self._asked)
                self._asked = told.answer if isinstance(told.answer, dict) else self._asked
            case _ if (line := line_of(told)) is not None:
                self.page.entry(line.label, line.text, line.style, at_of(line.at))
        if isinstance(told, t.Ended):
            self.page.say(0, outcome(told, self._errors), _ERROR if told.failed else _QUIET)


def outcome(ended: t.Ended, errors: int) -> str:
    """How a call ended, like `12 s, caller hung up (ANSWERED)`."""
    parts = [span_of(ended.duration), _ending(ended.reason, ended.result)]
    if errors:
        parts.append(f"{errors} error{'' if errors == 1 else 's'}")
    return ", ".join(parts)


def _ending(reason: str, result: str) -> str:
    from devserver.recorder.timeline import ending

    words = ending(reason, result)
    return words.strip("()") if words.startswith("(") else words or "ended"


def at_of(seconds: float) -> str:
    """A time of the call's clock."""
    return f"+{seconds:.1f}"


def line_of(told: t.Told) -> Line | None:
    """The line for something that happened; None for what needs none (and for callbacks, which need more)."""
    words = _WORDS.get(type(told))
    if words is None:
        return None
    label, text, *style = words(told)
    return Line(told.at, label, text, style[0] if style else "") if label else None


def _heard(told: t.Heard) -> Words:
    if told.text.startswith("[") and told.text.endswith("]"):  # see `told.Heard.text`
        return "plays", f"{told.text[1:-1]}{_PERSONS[told.leg]}"
    return "asks" if told.purpose == "menu" else "says", f'"{told.text}"{_PERSONS[told.leg]}'


def _offered(told: t.Offered) -> Words:
    if told.round > 1:
        return "menu", f"{told.menu} again ({told.round})", _QUIET
    return "menu", f"{told.menu}{_PERSONS[told.leg]}  {offer(told)}".rstrip(), _QUIET


def _dialling(told: t.Dialling) -> Words:
    shows = f" (shows {told.cli})" if told.cli else ""
    return "rings", f"{told.to}{shows}"


def _joined(told: t.Joined) -> Words:
    company = "alone" if not told.others else f"with {told.others} other{'' if told.others == 1 else 's'}"
    return "joins", f"conference {told.conference}, {company}", _GOOD


def _hung_up(told: t.HungUp) -> Words:
    return ("ends", f"the {told.leg} hangs up") if told.by == "party" else _NOTHING


def _ended(told: t.Ended) -> Words:
    plain = not told.failed and told.result == "ANSWERED"  # then the last line says it all
    return _NOTHING if plain else ("end", told.why, _ERROR if told.failed else "yellow")


_NOTHING = ("", "")
_WORDS: Mapping[type, Callable[[Any], Words]] = {
    t.Answered: lambda _told: ("up", "the call is answered", _QUIET),
    t.Heard: _heard,
    t.Offered: _offered,
    t.Pressed: lambda told: ("key", f"{told.key}{_PERSONS[told.leg]}", "cyan"),
    t.Said: lambda told: ("speaks", f'"{told.text}"{_PERSONS[told.leg]}', "cyan"),
    t.KeysSent: lambda told: ("tones", f"{told.keys}{_PERSONS[told.leg]}"),
    t.KeyForwarded: lambda told: ("key", f"{told.key}, of another participant"),
    t.Dialling: _dialling,
    t.Connected: lambda told: ("answers", told.to, _GOOD),
    t.NotConnected: lambda told: ("fails", f"{told.to}: {told.why}", "yellow"),
    t.Detected: lambda told: ("amd", told.status),
    t.Silence: lambda _told: ("silence", "nobody to talk to and nothing to hear", _QUIET),
    t.Bridged: lambda _told: ("talk", "caller and callee hear each other", _GOOD),
    t.Joined: _joined,
    t.Left: lambda told: ("leaves", f"conference {told.conference}{' to enter digits' if told.back else ''}"),
    t.HungUp: _hung_up,
    t.RecordingBegan: lambda told: ("records", told.file),
    t.RecordingKept: lambda told: ("stored", told.path),
    t.StatusReported: lambda told: ("status", f"{told.value} {told.details}".rstrip()),
    t.Noted: lambda told: ("note", told.text, _QUIET),
    t.NotPossible: lambda told: ("no", f"{told.what}: {told.why}", "yellow"),
    t.Ended: _ended,
}


# --- callbacks ---------------------------------------------------------------------------------------------------


def _print_callback(page: Page, told: t.CalledBack, asked: Any) -> None:
    from rich.text import Text

    came = came_of(told, asked)
    style = _ERROR if told.failed else ""
    head = Text.assemble(
        (f"{at_of(told.at):<8}", "dim"),
        (f"{told.event:<8}", "bold red" if told.failed else "bold green"),
        (budget(told), "dim"),
        ("  from the fallback address" if told.fallback else "", "yellow"),
    )
    page.line(head.append(f"  {shown(came or told.words)}", "" if came else style), 8)
    if came and (told.failed or told.words not in {"", "nothing"}):
        page.entry("answer", told.words, style)
    if trouble := trouble_of(told):
        page.entry("error", trouble, _ERROR)
    for finding in told.findings:
        place = f"{finding['path']}: " if finding.get("path") else ""
        bad = finding.get("severity") == "error"
        page.entry(str(finding.get("severity", "")), f"{place}{finding.get('text', '')}", _ERROR if bad else "yellow")


def trouble_of(told: t.CalledBack) -> str:
    """What the function's own answer says of its failure: its traceback, or a sentence; mostly empty."""
    answer = told.answer
    if told.status < 400 or not isinstance(answer, dict):
        return ""
    found = answer.get("traceback") or answer.get("error")
    return found.rstrip() if isinstance(found, str) else ""


def budget(told: t.CalledBack) -> str:
    """What a callback took of the time that it had, like `2.1 ms of 5 s`."""
    return f"{ms_of(told.ms)} of {span_of(told.budget / 1000)}"


def came_of(told: t.CalledBack, asked: Any = None) -> str:
    """What the callback itself says, in words; empty for an ICE.

    Args:
        told: the callback.
        asked: the answer before it, with the menus.
    """
    from devserver.recorder.timeline import came, pressed
    from devserver.runtime.events import DiceEvent, parse_event

    event = parse_event(told.event, told.request)
    if isinstance(event, DiceEvent):
        return _ending(event.reason or "", event.result or "")
    return came(event, pressed(event, asked))


# --- menus -------------------------------------------------------------------------------------------------------


def offer(told: t.Offered) -> str:
    """What a menu takes: its keys and where they lead, digits, speech."""
    parts = [f"{key} {action}" for key, action in told.options]
    if told.digits:
        parts.append(f"{told.digits} digit{'' if told.digits == 1 else 's'}")
    if told.voice:
        parts.append("speech")
    return "  ".join(parts)
