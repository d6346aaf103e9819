"""Calls for tests: who calls whom, and documents that functions answer with."""

from __future__ import annotations

from typing import Any

from devserver.calls.setup import Callout, CallSetup, Identity

CALLER, CALLED, SALES = "+12025550199", "+12025550100", "+12025550110"
URL = "http://127.0.0.1:3000/"
EPOCH = 1_700_000_000.0

HANGUP: dict[str, Any] = {"action": {"name": "hangup"}}
CONTINUE: dict[str, Any] = {"action": {"name": "continue"}}
MENU: dict[str, Any] = {
    "instructions": [{"name": "say", "text": "Welcome!"}],
    "action": {
        "name": "runMenu",
        "mainMenu": "main",
        "menus": [
            {
                "id": "main",
                "mainPrompt": "#tts[Press 1 for sales.]",
                "repeatPrompt": "#tts[Again, press 1.]",
                "repeats": 1,
                "timeoutMills": 5000,
                "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": "2", "action": "menu(more)"}],
            },
            {"id": "more", "mainPrompt": "#tts[More.]", "options": [{"dtmf": "3", "action": "return(three)"}]},
        ],
    },
}


def said(*texts: str, action: dict[str, Any] | None = None) -> dict[str, Any]:
    """A document that says texts and then does something, or hangs up."""
    return {"instructions": [{"name": "say", "text": text} for text in texts], "action": action or HANGUP["action"]}


def connect(number: str = SALES, **more: Any) -> dict[str, Any]:
    """A document that connects to a number."""
    return {"action": {"name": "connectPstn", "number": number, **more}}


def conference(name: str = "room", **more: Any) -> dict[str, Any]:
    """A document that joins a conference."""
    return {"action": {"name": "connectConf", "conferenceId": name, **more}}


def inbound(callid: str = "call", **more: Any) -> CallSetup:
    """A call from the phone network."""
    facts: dict[str, Any] = {"cli": CALLER, "urls": (URL,), "epoch": EPOCH}
    return CallSetup(callid, "key", Identity("did", CALLED), **(facts | more))


def callout(callid: str = "call", kind: Any = "custom", number: str = SALES, **more: Any) -> CallSetup:
    """A callout to a number; `more` is of the callout."""
    to = Identity("number", number)
    return CallSetup(callid, "key", to, kind, "SERVER", CALLED, (URL,), EPOCH, callout=Callout(**more))
