r"""Which phone numbers a recording holds: those in fields known to hold one, and what is written like `+4670...`.

The known fields are those of callbacks, SVAML and the REST APIs (voice-v1.md 1.3 to 1.6, 2.2): there a number has often
no `+`, so that nothing else tells it from any other number. What is found in one place is then replaced in all places
(`pseudonyms`), so it is enough that a number stands once where it is known to be one.

Pure: functions of data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from devserver.recorder.exchange import Exchange
from devserver.recorder.portable import PortableCall, State

SHORTEST = 7
"""Digits; what is shorter is the number of a service and belongs to nobody."""
LONGEST = 15
"""Digits of the longest number (E.164)."""

_FIELDS = frozenset(
    {
        "callednumber",
        "callee",
        "caller",
        "callerid",
        "callingnumber",
        "cli",
        "destination",
        "e164",
        "endpoint",
        "from",
        "identities",
        "identity",
        "mobile",
        "msisdn",
        "number",
        "numbers",
        "participant",
        "phone",
        "phonenumber",
        "phonenumbers",
        "rdnis",
        "recipient",
        "recipients",
        "tel",
        "telephone",
        "to",
    }
)
_ALSO_TIMES = frozenset({"from", "to"})  # an integer there may as well be seconds since 1970
_CALLERS = frozenset({"cli", "from", "rdnis"})
_DEEPEST = 50

_PLUS = rb"(?:\+|%(?:25)*2[bB]|u002[bB])"
_BETWEEN = rb"(?:[ .()/+-]|%20|%28|%29|%2[dD]|\xc2\xa0|\\u00[aA]0){1,3}"
_TOGETHER = re.compile(_PLUS + rb"([0-9]{7,15})(?![0-9])")
_IN_GROUPS = re.compile(_PLUS + rb"(?:[ (]{0,2})([0-9]{1,5}(?:%b[0-9]{2,12}){1,6})(?![0-9])" % _BETWEEN)
_GROUP = re.compile(rb"(?:%%20|%%28|%%29|%%2[dD]|\\u00[aA]0)|([0-9]+)" % ())
_NORTH_AMERICAN = 11  # digits, of which the first is 1
_SPELLED = re.compile(r"\s*\+?[\d\s().\-/]+", re.ASCII)
_WITHIN = re.compile(r"(?:^|[<:;\s])\+?(\d{7,15})(?=$|[>@;,\s])", re.ASCII)
_QUOTED = re.compile(rb"""["'](\+?[0-9][0-9 ().-]{5,22}[0-9])["']""")
_PAIR = re.compile(rb"(?:^|[?&])([A-Za-z_-]{2,20})=([^&\s]{7,80})")


def numbers_in(calls: Iterable[PortableCall]) -> frozenset[str]:
    """The numbers of all calls, as digits; one that occurs with and without its North American 1 is there once."""
    found: set[str] = set()
    for call in calls:
        for exchange in call.exchanges:
            found.update(_of_exchange(exchange))
        if call.state is not None:
            found.update(_of_state(call.state))
    found = {digits.removeprefix("00") for digits in found}
    return frozenset(
        digits
        for digits in found
        if SHORTEST <= len(digits) <= LONGEST and not (len(digits) == _NORTH_AMERICAN - 1 and f"1{digits}" in found)
    )


def callers_in(calls: Iterable[PortableCall]) -> frozenset[str]:
    """The numbers of those who called, as digits."""
    bodies = (exchange.request.body for call in calls for exchange in call.exchanges)
    documents = (document for body in bodies if isinstance(document := _decoded(body), dict))
    return frozenset(
        digits.removeprefix("00")
        for document in documents
        for name, value in document.items()
        if name.lower() in _CALLERS
        for digits in _of_field(name, value, 0)
    )


def numbers_of_code(texts: Iterable[bytes]) -> frozenset[str]:
    """The numbers that stand in the texts of a project: behind a plus, or alone in quotes."""
    found: set[str] = set()
    for text in texts:
        found.update(match[1].decode() for match in _TOGETHER.finditer(text))
        found.update("".join(filter(str.isdigit, match[1].decode())) for match in _QUOTED.finditer(text))
    return frozenset(digits.removeprefix("00") for digits in found if SHORTEST <= len(digits) <= LONGEST)


def _of_exchange(exchange: Exchange) -> Iterator[str]:
    request, answer = exchange.request, exchange.answer
    yield from _of_bytes(request.path.encode("utf-8", "surrogatepass"))
    yield from _of_bytes(request.body)
    for name, value in (*request.headers, *(answer.headers if answer else ())):
        yield from _of_bytes(value.encode("utf-8", "surrogatepass"))
        yield from _of_field(name.lower().removeprefix("x-"), value, 0)
    if answer is not None:
        yield from _of_bytes(answer.body)
    notes = (exchange.logs, exchange.effects, exchange.findings, exchange.error)
    if any(notes):
        yield from _of_bytes(msgspec.json.encode(notes, enc_hook=repr))


def _of_state(state: State) -> Iterator[str]:
    for entry in state.cache:
        yield from _of_bytes(entry.key.encode("utf-8", "surrogatepass"))
        yield from _of_bytes(entry.value)
    for key, content in state.storage.items():
        yield from _of_bytes(key.encode("utf-8", "surrogatepass"))
        yield from _of_bytes(content)


def _of_bytes(data: bytes) -> Iterator[str]:
    yield from (match[1].decode() for match in _TOGETHER.finditer(data))
    for match in _IN_GROUPS.finditer(data):
        yield from _beginnings([group.decode() for group in _GROUP.findall(match[1]) if group])
    if data.lstrip()[:1] in {b"{", b"["}:
        yield from _of_json(data, 0)
    else:
        for match in _PAIR.finditer(data):
            yield from _of_field(match[1].decode(), unquote_plus(match[2].decode("latin-1")), 0)


def _beginnings(groups: list[str]) -> Iterator[str]:
    """What could be the number in `+46 70 123 45 67 12`: nothing tells where it ends, except in North America."""
    digits = ""
    for group in groups:
        digits += group
        if SHORTEST < len(digits) <= LONGEST:
            yield digits
        if len(digits) == _NORTH_AMERICAN and digits.startswith("1"):
            return


def _of_json(data: bytes | str, deep: int) -> Iterator[str]:
    yield from _of_value(_decoded(data), deep)


def _decoded(data: bytes | str) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError):
        return None


def _of_value(value: Any, deep: int) -> Iterator[str]:
    """Of a document, and of documents that stand in it as text, like the SVAML of a callout."""
    if deep > _DEEPEST:
        return
    match value:
        case dict():
            for name, item in value.items():
                yield from _of_field(name, item, deep)
        case list():
            for item in value:
                yield from _of_value(item, deep + 1)
        case str() if value[:1] in {"{", "["}:
            yield from _of_json(value, deep + 10)
        case _:
            pass


def _of_field(name: str, value: Any, deep: int) -> Iterator[str]:
    folded = name.replace("-", "").replace("_", "").lower()
    for item in value if isinstance(value, list) else [value]:
        match item:
            case str() if folded in _FIELDS and value:
                yield from _spelled(item)
            case int() if folded in _FIELDS and folded not in _ALSO_TIMES and not isinstance(item, bool):
                yield str(abs(item))
            case _:
                pass
        yield from _of_value(item, deep + 1)


def _spelled(text: str) -> list[str]:
    """The numbers in the value of a known field: `+1 201 ...`, `Name <+1201...>`, `sip:1201...@host`."""
    if _SPELLED.fullmatch(text):
        return ["".join(filter(str.isdigit, text))]
    return _WITHIN.findall(text)
