"""Small functions to explore, in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

from devserver.calls.explore import Bounds, explore
from devserver.calls.flow import Flow, Move, Place
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Identity
from devserver.calls.walk import Question, Reply

Payload = dict[str, Any]
Document = dict[str, Any]
Function = Callable[[str, Payload], "Document | Reply | None"]

SETUP = CallSetup(
    callid="template",
    application_key="00000000-0000-4000-8000-00000000000a",
    to=Identity("did", "+12015550101"),
    cli="+12015550100",
    urls=("http://function/",),
    epoch=1_700_000_000.0,
)
HANG_UP = {"name": "hangup"}


def say(text: str, action: Document = HANG_UP) -> Document:
    """A prompt and an action."""
    return {"instructions": [{"name": "say", "text": text}], "action": action}


def menus(*listed: Document, **more: Any) -> Document:
    """The action runMenu."""
    return {"name": "runMenu", "menus": list(listed), **more}


def menu(name: str, /, *, digits: int = 0, **options: str) -> Document:
    """A menu whose keys are named `k1`, `star`, `hash`."""
    keys = {"star": "*", "hash": "#"}
    found: Document = {"id": name, "mainPrompt": f"#tts[This is {name}.]", "repeats": 1}
    if digits:
        found["maxDigits"] = digits
    listed = [{"dtmf": keys.get(key, key.removeprefix("k")), "action": action} for key, action in options.items()]
    return {**found, "options": listed} if listed else found


def value_of(payload: Payload) -> str:
    """What a menu returned, or how it ended."""
    result = payload["menuResult"]
    return str(result.get("value") or result["type"])


def drive(steps: Generator[Question, Reply, Flow], function: Function) -> tuple[Flow, list[Question]]:
    """Answer all questions."""
    asked: list[Question] = []
    try:
        question = next(steps)
        while True:
            asked.append(question)
            answer = function(question.event, question.payload)
            reply = answer if isinstance(answer, Reply) else Reply(200, json.dumps(answer).encode() if answer else b"")
            question = steps.send(reply)
    except StopIteration as stop:
        flow: Flow = stop.value
        return flow, asked


def flow_of(function: Function, bounds: Bounds = Bounds(), setup: CallSetup = SETUP) -> Flow:  # noqa: B008 frozen
    """The flow of a function."""
    return drive(explore(setup, Settings(), bounds), function)[0]


def by(ice: Document | Reply, **pies: Document | Reply) -> Function:
    """A function that answers a PIE by its value or type; the others by nothing. `_` stands for the rest."""

    def function(event: str, payload: Payload) -> Document | Reply | None:
        match event:
            case "ice":
                return ice
            case "pie" if payload["menuResult"]["type"] != "hangup":
                return pies.get(value_of(payload), pies.get("_", say("Goodbye.")))
            case _:
                return None

    return function


def place_of(flow: Flow, title: str) -> Place:
    """The one place of this title."""
    (found,) = [place for place in flow.places if place.title == title]
    return found


def moves_from(flow: Flow, place: Place) -> dict[str, Move]:
    """By label."""
    return {move.label: move for move in flow.moves if move.source == place.id}


def leads(flow: Flow, *labels: str) -> Place:
    """Where moves lead, from the beginning of the call."""
    at = flow.places[1]
    for label in labels:
        at = flow.places[moves_from(flow, at)[label].target]
    return at
