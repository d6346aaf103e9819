"""Addresses and entries that the tests of leases share."""

from __future__ import annotations

from typing import Any

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import Entry
from tests.fakes.callback_api import KEY, PRODUCTION

MINE = "https://mine.trycloudflare.com/"
MINE_LATER = "https://mine-later.trycloudflare.com/"
THEIRS = "https://theirs.trycloudflare.com/"
DEPLOYED = "https://deployed.example.com/voice"
HOTLINE = "https://hotline.example.com/voice"


def entry(**fields: Any) -> Entry:
    """A lease of `KEY` that was taken from production."""
    usual: dict[str, Any] = {
        "application": KEY,
        "origin": "https://callingapi.sinch.com",
        "state": "applied",
        "before": PRODUCTION,
        "ours": Callbacks(MINE, PRODUCTION.primary),
        "addresses": (MINE,),
        "pid": 1,
        "started": 1_700_000_000.5,
        "project": "/home/somebody/hello",
        "name": "hello",
        "since": 1_700_000_100.25,
    }
    return Entry(**(usual | fields))
