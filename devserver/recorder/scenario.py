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
from typing import Any

import msgspec

from devserver.errors import FnError
from devserver.recorder.exchange import Exchange
from devserver.recorder.numbers import with_plus
from devserver.recorder.portable import WARNING, PortableCall
from devserver.svaml.canonical import canonical
from devserver.svaml.words import heard

_CHOICE = re.compile(r"\s*(menu|return)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_NOT_A_KEY = "*"  # where the caller pressed one that the menu does not have
_KEYS = "0123456789*#"
_NO_WAY = "?"
_VERDICTS = frozenset({"human", "machine", "notsure", "hangup"})
_TYPED = re.compile(r"[0-9*#]+")
_REASON = re.compile(r"[A-Z][A-Z/]*")
_KINDS = {"PSTN": "pstn", "SIP": "sip", "MXP": "app"}
_USUAL_TYPES = {"pstn": "did", "sip": "did", "app": "username"}
_ENDS = {"CALLERHANGUP": "caller", "CANCEL": "caller", "CALLEEHANGUP": "callee"}
_FAILURES = {"BUSY": "busy", "NOANSWER": "no answer", "FAILED": "no route"}

Document = dict[str, Any]


def render(call: PortableCall) -> bytes:
    """The scenario as YAML.

    Raises:
        FnError: the call has no callback.
    """
    import yaml

    callbacks = [exchange for exchange in call.exchanges if exchange.event is not None]
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
        self._connected_at = 0.0

    def steps(self, exchange: Exchange) -> Iterator[Document]:
        """The steps that a callback and its answer stand for."""
        payload = {key.lower(): value for key, value in _document(exchange.request.body).items()}
        match exchange.event:
            case "ice":
                self.parties = _parties(payload)
            case "ace":
                yield from self._connected(exchange.at, payload.get("amd"))
            case "pie":
                yield from _input(_object(payload.get("menuresult")), self._action)
            case "dice":
                yield from self._ended(exchange.at, payload)
                return
            case _:
                return
        yield from self._answered(_document(exchange.answer.body if exchange.answer else b""))

    def _answered(self, answer: Document) -> Iterator[Document]:
        if prompts := [text for text in heard(answer) if text]:
            yield {"heard": prompts}
        read = canonical(answer)
        self._action = _object(read.get("action"))
        self._target = _target(self._action)
        for instruction in _list(read.get("instructions")):
            match instruction:
                case {"name": "setCookie", "key": str(key), "value": str(value)}:
                    self.expected.setdefault("cookies", {})[key] = value
                case _:
                    pass

    def _connected(self, at: float, amd: object = None) -> Iterator[Document]:
        self._connected_at = at
        status = _word(_object(amd).get("status"))
        if self._target:
            self.callees[self._target] = {"amd": status} if status in _VERDICTS else "answers"
            yield {"connected": self._target}
            self._target = ""

    def _ended(self, at: float, payload: Document) -> Iterator[Document]:
        result, reason = _word(payload.get("result")).upper(), _word(payload.get("reason")).upper()
        if self._target and result in _FAILURES:
            self.callees[self._target] = _FAILURES[result]
        elif self._target and result == "ANSWERED" and self._action.get("name") != "connectConf":
            yield from self._connected(at)
        if who := _ENDS.get(reason):
            seconds = round(at - self._connected_at) if self._connected_at else 0
            yield {**({"wait": seconds} if seconds > 0 else {}), "hangup": who}
        told = {name: word for name, word in (("result", result), ("reason", reason)) if _REASON.fullmatch(word)}
        self.expected = {**told, **self.expected}
        if self.parties == {"kind": "custom"}:
            self.parties |= _called(payload)


def _called(payload: Document) -> Document:
    """Who called whom, of a call without an ICE."""
    found = {"from": with_plus(_word(payload.get("from"))), "to": with_plus(_endpoint(payload))}
    return {name: value for name, value in found.items() if value}


def _endpoint(payload: Document) -> str:
    return _word(_object(payload.get("to")).get("endpoint"))


def _parties(payload: Document) -> Document:
    called_type = _word(_object(payload.get("to")).get("type")).lower()
    kind = _KINDS.get(_word(payload.get("originationtype")).upper(), "pstn")
    found = {
        "kind": kind,
        "from": with_plus(_word(payload.get("cli"))),
        "to": with_plus(_endpoint(payload)),
        "to_type": called_type if called_type != _USUAL_TYPES[kind] else "",
        "custom": _word(payload.get("custom")),
    }
    return {name: value for name, value in found.items() if value}


def _input(result: Document, action: Document) -> Iterator[Document]:
    """What the caller did in the menus that were running."""
    menu, value = _word(result.get("menuId")), _word(result.get("value"))
    yield from _way(action, menu)
    step: Document = {"menu": menu} if menu else {}
    match _word(result.get("type")).lower():
        case "hangup":
            yield {**step, "hangup": "caller"}
        case "timeout":
            yield from [step] if step else []
            yield {"callback": "pie timeout"}
        case _ if _word(result.get("inputMethod")).lower() == "voice":
            yield {**step, "say": value or _NO_WAY}
        case "return":
            yield {**step, "press": _key_of(action, menu, value)}
        case "sequence":
            yield {**step, "press": value if _TYPED.fullmatch(value) else _NO_WAY}
        case _:
            yield {**step, "press": _unknown_key(action, menu)}


def _menus(action: Document) -> dict[str, Document]:
    return {_word(menu.get("id")): menu for menu in _list(action.get("menus")) if isinstance(menu, dict)}


def _options(menu: Document) -> Iterator[tuple[str, str, str]]:
    """Key, `menu` or `return`, and what stands in its parentheses."""
    for option in _list(menu.get("options")):
        found = _CHOICE.fullmatch(_word(_object(option).get("action")))
        if found is not None:
            yield _word(_object(option).get("dtmf")), found[1].lower(), found[2]


def _way(action: Document, menu: str) -> list[Document]:
    """What is pressed from the first menu to another one, in the fewest steps; nothing when there is no way."""
    menus = _menus(action)
    start = _start(action)
    ways: list[tuple[str, list[Document]]] = [(start, [])]
    seen = {start}
    for at, steps in ways:
        if at == menu:
            return steps
        for key, kind, name in _options(menus.get(at, {})):
            if kind == "menu" and name not in seen:
                seen.add(name)
                ways.append((name, [*steps, {"menu": at, "press": key}]))
    return []


def _key_of(action: Document, menu: str, value: str) -> str:
    """The key that returns a value in a menu, or in any if that is not known; `?` when there is none."""
    menus = _menus(action)
    searched = [menus.get(menu, {})] if menu else list(menus.values())
    for each in searched:
        for key, kind, name in _options(each):
            if kind == "return" and name == value:
                return key
    return _NO_WAY


def _start(action: Document) -> str:
    return _word(action.get("mainMenu")) or "main"


def _unknown_key(action: Document, menu: str) -> str:
    taken = {key for key, _, _ in _options(_menus(action).get(menu, {}))}
    return next((key for key in reversed(_KEYS) if key not in taken), _NOT_A_KEY)


def _target(action: Document) -> str:
    name = _word(action.get("name"))
    if not name.startswith("connect"):
        return ""
    destination = _object(action.get("destination"))
    found = action.get("number") or destination.get("endpoint") or action.get("conferenceId")
    return with_plus(_word(found)) or name


def _document(body: bytes) -> Document:
    try:
        return _object(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _object(value: object) -> Document:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: object) -> str:
    """A value that is a word; a number is one, too, because keys are sometimes written as one."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
