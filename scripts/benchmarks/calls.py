"""Phone calls to measure with: real callbacks (fixtures/callbacks) whose call ids, numbers and times differ.

One caller in ten calls again and again, and most of them call once or twice, as on any number that is open to the
public.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.settings import ROOT

CALLERS = 2000
SERVICES = ("+12017777777", "+442071838750", "+4961963139000")
PROMPTS = ("Welcome", "Press 1 for sales, 2 for support", "One moment please", "Goodbye")
_CHOICES = ("sales", "support", "return(billing)", "timeout")
_FOLDER = ROOT / "fixtures" / "callbacks"
_COUNTED = "000000000000"  # the last digits of the call id in the fixtures are replaced by this, and that by a number


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback: its event, and its body as the platform writes it."""

    event: str
    body: bytes

    def request(self) -> bytes:
        """As HTTP sends it."""
        return request(self.event, self.body)


def call(number: int, callbacks: int = 4) -> list[Callback]:
    """All callbacks of a call: ICE, PIEs, DICE. The same number gives the same call."""
    ids = {"callid": callid(number), "timestamp": f"2026-11-21T{number // 3600 % 24:02}:{number // 60 % 60:02}:00Z"}
    cli, to = caller(number), SERVICES[number % len(SERVICES)]
    url = f"https://calling-use1.api.sinch.com/calling/v1/calls/id/{ids['callid']}"
    begin = {"callResourceUrl": url, "cli": cli.removeprefix("+"), "to": {"type": "did", "endpoint": to}}
    end = {"from": cli.removeprefix("+"), "to": {"type": "number", "endpoint": to}, "duration": number % 600}
    middle = [_callback("pie", ids, {"menuResult": _pressed(number + place)}) for place in range(callbacks - 2)]
    return [_callback("ice", ids, begin), *middle, _callback("dice", ids, end)]


def callid(number: int) -> str:
    """Of the call with that number."""
    return f"1ce0ffee-ca11-4a11-8a11-{number:012d}"


def caller(number: int) -> str:
    """Who calls."""
    return f"+1202{5550000 + number * 7919 % CALLERS:07d}" if number % 10 else "+12025550199"


def counted_ice() -> tuple[bytes, bytes]:
    """An ICE as HTTP sends it, and the twelve bytes of it that are to be a number of each call."""
    return call(0)[0].request(), _COUNTED.encode()


def request(event: str, body: bytes) -> bytes:
    """A callback as HTTP sends it: the whole request."""
    head = (
        f"POST /{event} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: application/json\r\n"
        "Content-Type: application/json; charset=utf-8\r\nX-Timestamp: 2024-06-06T17:20:14Z\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def answers(number: int) -> Iterator[bytes]:
    """What a function answers to the four callbacks of a call."""
    for place, prompt in enumerate(PROMPTS):
        say = {"name": "say", "text": f"{prompt}, caller {number % 1000}.", "locale": "en-US"}
        action = _MENU if place == 0 else {"name": "connectPstn", "number": SERVICES[0], "cli": caller(number)}
        yield b"" if place == 3 else json.dumps({"instructions": [say], "action": action}).encode()


_MENU: dict[str, Any] = {
    "name": "runMenu",
    "mainMenu": "main",
    "menus": [
        {
            "id": "main",
            "mainPrompt": "#tts[Press 1 for sales, 2 for support.]",
            "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": "2", "action": "return(support)"}],
        }
    ],
}


def _pressed(number: int) -> dict[str, str]:
    return {
        "type": "return",
        "value": _CHOICES[number % len(_CHOICES)],
        "menuId": "main",
        "inputMethod": "dtmf",
    }


@cache
def _fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_FOLDER / f"callback-{name}--e2e.json").read_text())
    return found


def _callback(event: str, ids: dict[str, str], more: dict[str, Any]) -> Callback:
    fixture = _fixture("pie-return" if event == "pie" else event)
    return Callback(event, json.dumps({**fixture, **ids, **more}, indent=2).encode())
