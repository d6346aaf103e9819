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


def print_report(page: Page, report: t.CallReport) -> None:
    """A whole call that is over."""
    page.say(0, f"Call {report.callid}", "bold")
    page.say(0, f"{report.caller or 'unknown'} -> {report.to or 'unknown'}")
    page.say(0, outcome(report), _ERROR if report.failed else _QUIET)
    for told in report.timeline:
        print_told(page, told)
    for path in report.recordings:
        page.entry("file", path, "")
    if report.trouble:
        page.entry("trouble", report.trouble, _ERROR)


def outcome(report: t.CallReport) -> str:
    """How a call ended, like `12 s, caller hung up (ANSWERED)`."""
    from devserver.recorder.timeline import ending

    failures = sum(1 for each in report.callbacks if each.failed)
    parts = [span_of(report.duration), ending(report.reason, report.result) or "ended"]
    if failures:
        parts.append(f"{failures} error{'' if failures == 1 else 's'}")
    return ", ".join(parts)


def print_told(page: Page, told: t.Told) -> None:
    """What there is to see of one thing that happened."""
    if isinstance(told, t.CalledBack):
        _print_callback(page, told)
        return
    line = line_of(told)
    if line is not None:
        page.entry(line.label, line.text, line.style, at_of(line.at))


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
    return ("end", told.why, _ERROR if told.failed else _QUIET) if told.why else _NOTHING


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


def _print_callback(page: Page, told: t.CalledBack) -> None:
    from rich.text import Text

    came = came_of(told)
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
    for finding in told.findings:
        place = f"{finding['path']}: " if finding.get("path") else ""
        bad = finding.get("severity") == "error"
        page.entry(str(finding.get("severity", "")), f"{place}{finding.get('text', '')}", _ERROR if bad else "yellow")


def budget(told: t.CalledBack) -> str:
    """What a callback took of the time that it had, like `2.1 ms of 5 s`."""
    return f"{ms_of(told.ms)} of {span_of(told.budget / 1000)}"


def came_of(told: t.CalledBack) -> str:
    """What the callback itself says, in words; empty for an ICE."""
    from devserver.recorder.timeline import came, pressed
    from devserver.runtime.events import parse_event

    event = parse_event(told.event, told.request)
    return came(event, pressed(event, None))


# --- menus -------------------------------------------------------------------------------------------------------


def offer(told: t.Offered) -> str:
    """What a menu takes: its keys and where they lead, digits, speech."""
    parts = [f"{key} {action}" for key, action in told.options]
    if told.digits:
        parts.append(f"{told.digits} digit{'' if told.digits == 1 else 's'}")
    if told.voice:
        parts.append("speech")
    return "  ".join(parts)
