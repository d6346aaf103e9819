"""What `continue` means, which depends on what it answers: a table of voice-v1.md 1.8, 3.1, 3.2 and 5.5."""

from __future__ import annotations

from collections.abc import Callable

from devserver.calls import recording
from devserver.calls.commands import Bridge
from devserver.calls.conferences import join_as_asked, step_back
from devserver.calls.connecting import as_dialled
from devserver.calls.ending import finish
from devserver.calls.parking import hold
from devserver.calls.program import Program, Step, flag_of, object_of
from devserver.calls.progress import Progress, Source, State
from devserver.calls.setup import Callout
from devserver.svaml.prompts import Prompt, parse

SAID = "(all was said)"
"""Name of the action after the text of a tts callout; no document can have it."""
JOIN = "(join as asked)"
"""Name of the action after the greeting of a conference callout."""


def carry_on(p: Progress) -> None:
    """The action continue."""
    _BY_SOURCE[p.source](p)


def _after_ace(p: Progress) -> None:
    match p.setup.kind:
        case _ if p.callee == "up":
            bridge(p)
        case "tts":
            p.run(_text(p.setup.callout or Callout()), "own")
        case "conference":
            p.run(_greeting(p.setup.callout or Callout()), "own")
        case _:
            _alone(p)


def _after_pie(p: Progress) -> None:
    if p.conference:
        step_back(p)
        p.move(State.CONFERENCE)
    elif p.callee == "up":
        bridge(p)
    else:
        _alone(p)


def _after_patch(p: Progress) -> None:
    p.move(p.back or State.UP)
    if p.back is State.PARKED:
        hold(p)


def bridge(p: Progress) -> None:
    """Caller and callee talk."""
    p.out.append(Bridge())
    p.move(State.STREAMING if p.streams else State.BRIDGED)
    fields = p.fields or {}
    if flag_of(fields, "record"):
        recording.start(p, object_of(fields, "recordingOptions"))


def _alone(p: Progress) -> None:
    """There is nobody to go on to."""
    if p.settings.continue_alone == "stay":
        p.move(State.UP)
    else:
        finish(p, "function hung up")


def _text(callout: Callout) -> Program:
    prompts = parse(callout.prompts) if callout.prompts else _spoken(callout.text)
    return Program((Step("play", prompts, callout.locale),), SAID, {})


def _greeting(callout: Callout) -> Program:
    return Program((Step("play", _spoken(callout.greeting), callout.locale),), JOIN, {})


def _spoken(text: str) -> tuple[Prompt, ...]:
    return (Prompt("tts", text, text),) if text else ()


def say_all(p: Progress) -> None:
    """The text of a tts callout was said."""
    finish(p, "all was said")


_BY_SOURCE: dict[Source, Callable[[Progress], None]] = {
    "ice": as_dialled,
    "ace": _after_ace,
    "pie": _after_pie,
    "patch": _after_patch,
    "own": join_as_asked,
}
