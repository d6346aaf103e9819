"""How a person gives a callback back without us: one `curl`, which names no secret but the variables that hold it."""

from __future__ import annotations

import shlex
from urllib.parse import quote

import msgspec

from devserver.runtime.clients.voice_parts import CONFIGURATION, given
from devserver.voiceapp.decisions import original
from devserver.voiceapp.entry import Entry


def by_hand(entry: Entry) -> str:
    """The command with what it needs, as the end of a hint."""
    return f"By hand, with the two variables of the Voice App set:\n{command(entry)}"


def command(entry: Entry) -> str:
    """The command, for a POSIX shell in which the two variables of the Voice App are set."""
    before = original(entry.before, ())
    body = msgspec.json.encode({"url": given({"primary": before.primary or "", "fallback": before.fallback})}).decode()
    address = f"{entry.origin.rstrip('/')}{CONFIGURATION}/callbacks/applications/{quote(entry.application, safe='')}"
    return (
        f'curl -u "$VOICE_APPLICATION_KEY:$VOICE_APPLICATION_SECRET" -H "Content-Type: application/json" '
        f"-d {shlex.quote(body)} {shlex.quote(address)}"
    )
