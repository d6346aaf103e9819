"""A call as a scenario: what the caller did, how the others behaved and what was to be heard, for a call simulator.

    from: "+12015550100"          who calls; `origin` is PSTN, MXP or SIP, `callout` when the function's side called
    to: "+12015550101"
    steps:                        in order; what is not said here, the simulator does as the platform would
    - heard: [Welcome!]           the prompts of one answer
    - menu: main                  an entry of a menu: `press`, `say` (speech), or `wait` until it gives up
      press: "1"
    - connected: "+12015550102"   a callee: it `answers`, is `busy`, gives `no answer`, or `fails`
      callee: answers
    - hangup: caller              caller, callee or function
    expect:                       how it ended, and the cookies that were set
      result: ANSWERED
      reason: CALLERHANGUP

Numbers and keys are quoted, because YAML takes them for integers. The recording says which option a menu returned, not
which key was pressed; the keys are found in the menu that had been answered.

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
_ENDS = {"CALLERHANGUP": "caller", "CANCEL": "caller", "CALLEEHANGUP": "callee", "MANAGERHANGUP": "function"}
_CALLEES = {"ANSWERED": "answers", "BUSY": "busy", "NOANSWER": "no answer"}

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
    return {**told.parties, "steps": steps, "expect": told.expected}


class _Telling:
    """What is known of a call after some of its callbacks.

    Attributes:
        parties: who calls whom.
        expected: what the call must lead to.
    """

    def __init__(self) -> None:
        self.parties: Document = {"origin": "callout"}
        self.expected: Document = {}
        self._action: Document = {}
        self._target = ""

    def steps(self, exchange: Exchange) -> Iterator[Document]:
        """The steps that a callback and its answer stand for."""
        payload = {key.lower(): value for key, value in _document(exchange.request.body).items()}
        match exchange.event:
            case "ice":
                self.parties = _parties(payload)
            case "ace":
                yield from self._callee("answers", payload.get("amd"))
            case "pie":
                yield _input(_object(payload.get("menuresult")), self._action)
            case "dice":
                yield from self._ended(payload)
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

    def _callee(self, how: str, amd: object = None) -> Iterator[Document]:
        if self._target:
            step = {"connected": self._target, "callee": how}
            status = _object(amd).get("status")
            yield step | ({"amd": status} if isinstance(status, str) else {})
            self._target = ""

    def _ended(self, payload: Document) -> Iterator[Document]:
        result, reason = _word(payload.get("result")), _word(payload.get("reason"))
        yield from self._callee(_CALLEES.get(result.upper(), "fails"))
        if who := _ENDS.get(reason.upper()):
            yield {"hangup": who}
        self.expected = {"result": result, "reason": reason, **self.expected}


def _parties(payload: Document) -> Document:
    to = _object(payload.get("to"))
    kind = _word(to.get("type")).lower()
    found = {
        "from": with_plus(_word(payload.get("cli"))),
        "to": with_plus(_word(to.get("endpoint"))),
        "to_type": kind if kind not in {"", "did", "number"} else "",
        "origin": _word(payload.get("originationtype")).upper() or "PSTN",
        "custom": _word(payload.get("custom")),
    }
    return {name: value for name, value in found.items() if value}


def _input(result: Document, action: Document) -> Document:
    """What the caller did in the menu that was running."""
    menu, value = _word(result.get("menuId")), _word(result.get("value"))
    step: Document = {"menu": menu} if menu else {}
    match _word(result.get("type")).lower():
        case "hangup":
            return {**step, "hangup": "caller"}
        case "timeout":
            return {**step, "wait": True}
        case _ if _word(result.get("inputMethod")).lower() == "voice":
            return {**step, "say": value}
        case "return":
            return {**step, "press": _keys_to(action, menu, value)}
        case "sequence":
            return {**step, "press": value}
        case _:
            return {**step, "press": _unknown_key(action, menu)}


def _menus(action: Document) -> dict[str, Document]:
    return {_word(menu.get("id")): menu for menu in _list(action.get("menus")) if isinstance(menu, dict)}


def _options(menu: Document) -> Iterator[tuple[str, str, str]]:
    """Key, `menu` or `return`, and what stands in its parentheses."""
    for option in _list(menu.get("options")):
        found = _CHOICE.fullmatch(_word(_object(option).get("action")))
        if found is not None:
            yield _word(_object(option).get("dtmf")), found[1].lower(), found[2]


def _keys_to(action: Document, menu: str, value: str) -> str:
    """The fewest keys from the first menu to `return(value)` in a menu; empty when there is no way."""
    menus = _menus(action)
    start = _word(action.get("mainMenu")) or "main"
    ways, seen = [(start, "")], {start}
    for at, keys in ways:
        for key, kind, name in _options(menus.get(at, {})):
            if kind == "return" and name == value and at == (menu or at):
                return keys + key
            if kind == "menu" and name not in seen:
                seen.add(name)
                ways.append((name, keys + key))
    return ""


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
