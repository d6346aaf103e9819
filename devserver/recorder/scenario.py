"""A call as a scenario: what the caller did, how the others behaved and what was heard, for the call simulator.

    kind: pstn                    who calls; pstn, sip or app, or custom when the function's side called
    from: "+12015550100"
    to: "+12015550101"
    callees:                      how those behave who were dialled
      "+12015550102": {amd: human}
    steps:                        in order; what is not said here, the simulator does as the platform would
    - heard: [Welcome!]           the prompts of one answer
    - menu: main                  an entry of a menu: `press`, `say` (speech), `hangup`, or a wait until it gives up
      press: "1"
    - connected: "+12015550102"
    - wait: 12
      hangup: caller              caller or callee; when the function hung up, nobody has to
    expect:                       how it ended, what was asked, and the cookies that were set
      result: ANSWERED
      reason: CALLERHANGUP
      callbacks: [ice, pie, ace, dice]

The format is that of `devserver/calls/scenario_reading.py`. Numbers and keys are quoted, because other programs take
them for integers, and a dollar is doubled, because it begins a variable. The recording says which option a menu
returned, not which key was pressed; the keys are found in the menu that had been answered, and where there is none that
leads there, a `?` is left for a person.

Pure: functions of data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Exchange
from devserver.recorder.numbers import with_plus
from devserver.recorder.portable import WARNING, PortableCall
from devserver.recorder.scenario_menus import NO_WAY, Document, as_list, as_object, as_word, input_steps
from devserver.svaml import check
from devserver.svaml.canonical import canonical
from devserver.svaml.words import heard

_VERDICTS = frozenset({"human", "machine", "notsure", "hangup"})
_PATIENCE = 120  # seconds that a caller in a scenario waits for something to happen
_REASON = re.compile(r"[A-Z][A-Z/]*")
_KINDS = {"PSTN": "pstn", "SIP": "sip", "MXP": "app"}
_USUAL_TYPES = {"pstn": "did", "sip": "did", "app": "username"}
_ENDS = {"CALLERHANGUP": "caller", "CANCEL": "caller", "CALLEEHANGUP": "callee"}
_FAILURES = {"BUSY": "busy", "NOANSWER": "no answer", "FAILED": "no route"}


def render(call: PortableCall) -> bytes:
    """The scenario as YAML.

    Raises:
        FnError: the call has no callback.
    """
    import yaml

    callbacks = [exchange for exchange in call.exchanges if exchange.event is not None and exchange.is_of_code]
    if not callbacks:
        raise FnError(
            "There is no callback in what is to be exported, so there is no call to make a scenario of.",
            hint="`fn calls list` shows the recorded calls.",
        )
    head = f"# A recorded call as a scenario. {WARNING}\n"
    text = yaml.safe_dump(scenario(callbacks), sort_keys=False, allow_unicode=True, width=110)
    return (head + text).encode()


def scenario(callbacks: list[Exchange]) -> Document:
    """The scenario as a document, see above."""
    told = _Telling()
    steps = [step for exchange in callbacks for step in told.steps(exchange)]
    events = [str(exchange.event) for exchange in callbacks]
    if events[0] == "ice" and events[-1] == "dice" and "notify" not in events:
        told.expected["callbacks"] = events
    callees = {"callees": told.callees} if told.callees else {}
    document: Document = _escaped({**told.parties, **callees, "steps": steps, "expect": told.expected})
    return {key: value for key, value in document.items() if value}


def _escaped(value: Any) -> Any:
    """With doubled dollars, so that none begins a variable."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {_escaped(key): _escaped(inner) for key, inner in value.items()}
    return [_escaped(inner) for inner in value] if isinstance(value, list) else value


class _Telling:
    """What is known of a call after some of its callbacks.

    Attributes:
        parties: who calls whom.
        callees: who was dialled, and how they behaved.
        expected: what the call must lead to.
    """

    def __init__(self) -> None:
        self.parties: Document = {"kind": "custom"}
        self.callees: Document = {}
        self.expected: Document = {}
        self._action: Document = {}
        self._target = ""
        self._conference = ""
        self._connected_at = 0.0
        self._last = 0.0
        self._quiet = 0.0  # longest time between two callbacks

    def steps(self, exchange: Exchange) -> Iterator[Document]:
        """The steps that a callback and its answer stand for."""
        payload = {key.lower(): value for key, value in _document(exchange.request.body).items()}
        at = _moment(payload, exchange.at)
        if self._last:
            self._quiet = max(self._quiet, at - self._last)
        self._last = at
        match exchange.event:
            case "ice":
                self.parties = _parties(payload)
            case "ace":
                yield from self._connected(at, payload.get("amd"))
                yield {"callback": "ace"}
            case "pie":
                result = as_object(payload.get("menuresult"))
                if self._conference and as_word(result.get("menuId")) == self._conference:
                    yield from self._participant(as_word(result.get("value")))
                    return
                yield from input_steps(result, self._action)
            case "dice":
                yield from self._ended(at, payload)
                return
            case _:
                return
        yield from self._answered(exchange.event, exchange.answer or Answer(0, (), b""))

    def _participant(self, keys: str) -> Iterator[Document]:
        """Keys in a conference; what is answered to their PIE does not count."""
        yield from self._connected(0.0)
        yield {"wait": 1, "press": keys or NO_WAY}
        yield {"callback": f"pie {keys}".strip()}

    def _answered(self, event: str, answer: Answer) -> Iterator[Document]:
        document = _document(answer.body)
        if not 200 <= answer.status < 300 or any(each.severity == "error" for each in check(document, event)):
            self.expected["fails"] = True
            return
        if prompts := [text for text in heard(document) if text]:
            yield {"heard": prompts}
        read = canonical(document)
        self._action = as_object(read.get("action"))
        self._target = _target(self._action)
        if self._action.get("name") == "connectConf":
            self._conference = self._target
        for instruction in as_list(read.get("instructions")):
            match instruction:
                case {"name": "setCookie", "key": str(key), "value": str(value)}:
                    self.expected.setdefault("cookies", {})[key] = value
                case _:
                    pass

    def _connected(self, at: float, amd: object = None) -> Iterator[Document]:
        self._connected_at = at
        status = as_word(as_object(amd).get("status"))
        if self._target:
            if self._target != self._conference:
                self.callees[self._target] = {"amd": status} if status in _VERDICTS else "answers"
            yield {"connected": self._target}
            self._target = ""

    def _ended(self, at: float, payload: Document) -> Iterator[Document]:
        result, reason = as_word(payload.get("result")).upper(), as_word(payload.get("reason")).upper()
        if self._target and result in _FAILURES:
            self.callees[self._target] = _FAILURES[result]
        elif self._target and result == "ANSWERED":
            yield from self._connected(0.0)
        if who := _ENDS.get(reason):
            seconds = round(at - self._connected_at) if self._connected_at else 0
            yield {**({"wait": seconds} if seconds > 0 else {}), "hangup": who}
        elif self._quiet > _PATIENCE / 2:
            self.parties["patience"] = round(self._quiet) + _PATIENCE
        told = {name: word for name, word in (("result", result), ("reason", reason)) if _REASON.fullmatch(word)}
        self.expected = {**told, **self.expected}
        if self.parties.get("kind") == "custom":
            self.parties |= _called(payload)


def _moment(payload: Document, otherwise: float) -> float:
    """When the platform sent a callback: that of a simulated call runs by a clock of its own."""
    try:
        return datetime.fromisoformat(as_word(payload.get("timestamp"))).timestamp()
    except (ValueError, OverflowError):
        return otherwise


def _called(payload: Document) -> Document:
    """Who called whom, of a call without an ICE."""
    found = {"from": with_plus(as_word(payload.get("from"))), "to": with_plus(_endpoint(payload))}
    return {name: value for name, value in found.items() if value}


def _endpoint(payload: Document) -> str:
    return as_word(as_object(payload.get("to")).get("endpoint"))


def _parties(payload: Document) -> Document:
    called_type = as_word(as_object(payload.get("to")).get("type")).lower()
    kind = _KINDS.get(as_word(payload.get("originationtype")).upper(), "pstn")
    found = {
        "kind": kind,
        "from": with_plus(as_word(payload.get("cli"))),
        "to": with_plus(_endpoint(payload)),
        "to_type": called_type if called_type != _USUAL_TYPES[kind] else "",
        "custom": as_word(payload.get("custom")),
    }
    return {name: value for name, value in found.items() if value}


def _target(action: Document) -> str:
    name = as_word(action.get("name"))
    if not name.startswith("connect"):
        return ""
    destination = as_object(action.get("destination"))
    found = action.get("number") or destination.get("endpoint") or action.get("conferenceId")
    return with_plus(as_word(found)) or name


def _document(body: bytes) -> Document:
    try:
        return as_object(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
