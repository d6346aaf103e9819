"""A parked call: one intro, a hold prompt without end, until a PATCH takes it away or the time is over (2.2, park)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devserver.calls.commands import StopPlaying
from devserver.calls.conferences import leave
from devserver.calls.ending import finish
from devserver.calls.program import number_of, text_of
from devserver.calls.progress import Progress, State
from devserver.svaml.prompts import parse


def park(p: Progress, fields: Mapping[str, Any]) -> None:
    """The action park."""
    p.answer()
    leave(p)
    p.fields = fields
    longest = p.settings.park_seconds
    seconds = number_of(fields, "maxDuration") or number_of(fields, "dialTimeout") or longest
    p.start_timer("park", min(seconds, longest))
    p.move(State.PARKED)
    p.play(parse(text_of(fields, "introPrompt")), "caller", "park", locale=text_of(fields, "locale"))
    if not p.playing:
        hold(p)


def hold(p: Progress) -> None:
    """Play the hold prompt until further notice."""
    fields = p.fields or {}
    p.play(parse(text_of(fields, "holdPrompt")), "caller", "park", locale=text_of(fields, "locale"), loop=True)


def expired(p: Progress) -> None:
    """Parked too long: the running prompt plays out, then the call is hung up."""
    if not p.playing:
        finish(p, "parked too long")
        return
    if p.looping:
        p.out.append(StopPlaying(p.playing, now=False))
    p.move(State.CLOSING)
    p.closing = "parked too long"
