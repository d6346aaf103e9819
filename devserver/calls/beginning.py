"""The first moment of a call: an inbound one asks the function, a callout dials (voice-v1.md 3.1, 3.2)."""

from __future__ import annotations

from devserver.calls.asking import ask_ice
from devserver.calls.commands import Dial
from devserver.calls.connecting import as_dialled, dial
from devserver.calls.ending import finish
from devserver.calls.events import Started
from devserver.calls.progress import Progress
from devserver.calls.sending import due
from devserver.calls.setup import CallSetup, Identity


def started(p: Progress, event: Started) -> None:
    """The call begins."""
    del event
    p.headers = p.setup.call_headers
    if p.setup.callout is None:
        p.caller = "ringing"
        _inbound(p)
    else:
        _callout(p, p.setup.to)


def _inbound(p: Progress) -> None:
    if due(p, "ice"):
        ask_ice(p)
    elif p.setup.origin == "PSTN":
        finish(p, p.settings.no_url_did)
    else:
        as_dialled(p)


def _callout(p: Progress, to: Identity | None) -> None:
    p.data = to is not None and to.type.lower() == "username"
    if p.setup.kind == "tts" and not p.setup.cli and p.settings.tts_needs_cli:
        finish(p, "callout without cli")
    elif to is not None and not asks_first(p.setup):
        dial(p, Dial("caller", to, p.setup.cli))
    elif due(p, "ice"):
        ask_ice(p)
    else:
        finish(p, "no callback address", "The callout says neither whom to call nor whom to ask.")


def asks_first(setup: CallSetup) -> bool:
    """Whether a callout has an ICE: `ice` is given, or there is no destination (voice-v1.md 3.2)."""
    callout = setup.callout
    return setup.kind == "custom" and (setup.to is None or (callout is not None and bool(callout.ice.strip())))
