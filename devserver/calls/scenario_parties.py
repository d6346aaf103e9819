"""Who calls whom in a scenario, how callees behave, and how the platform does: from YAML nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import msgspec

from devserver.calls.callees import Callee
from devserver.calls.events import Failure
from devserver.calls.outcomes import OUTCOMES, Outcome, Row, Situation
from devserver.calls.scenario_nodes import Entries, Page, is_text, shown
from devserver.calls.scenario_steps import LONGEST, read_keys
from devserver.calls.settings import Settings
from devserver.calls.setup import Callout, CallSetup, ConferenceDtmf, DtmfMode, Identity, Kind, Origin, Pairs
from devserver.calls.start import CALLED, CALLER

if TYPE_CHECKING:
    from yaml.nodes import Node

DESCRIBING = ("kind", "from", "to", "to_type", "custom", "user", "rdnis", "headers", "callback_headers", "callout")
"""Keys of a scenario that say who calls whom."""

_KINDS: dict[str, tuple[Kind, Origin]] = {
    "pstn": ("inbound", "PSTN"),
    "sip": ("inbound", "SIP"),
    "app": ("inbound", "MXP"),
    "tts": ("tts", "SERVER"),
    "conference": ("conference", "SERVER"),
    "custom": ("custom", "SERVER"),
}
_TYPES = ("did", "number", "username", "sip", "conference")
_PHONES = frozenset({"did", "number"})
# voice-v1.md 2.2: a plus, 7 to 17 characters; the countries of the world have no number shorter than that.
_PHONE = re.compile(r"\+[1-9]\d{5,15}")
_SERVICE = re.compile(r"[0-9]{2,6}")  # 112 and the like have no country code
_HIDDEN = frozenset({"private", "anonymous"})
_INLINE = frozenset({"ice", "ace", "pie", "dice"})
_FAILURES: tuple[str, ...] = get_args(Failure)
# Words of the trade for what the network says.
_ALSO = {"congestion": "no route", "busy": "busy", "blocked": "barred", "declines": "rejected", "rejects": "rejected"}
_CALLEE = ("answers", "fails", "after", "hangs_up", "presses", "amd", "amd_after", "beep")
_SECONDS = {"answers": "after", "after": "after", "hangs_up": "talks", "amd_after": "amd_after", "beep": "beep_after"}
_AMD = ("human", "machine", "notsure", "hangup")


# --- the call ------------------------------------------------------------------------------------------------------


def read_setup(page: Page, node: Node, entries: Entries) -> CallSetup:
    """Who calls whom; what a session knows is left empty."""
    kind, origin = _KINDS.get(
        page.word(entries["kind"], "kind", _KINDS) if "kind" in entries else "pstn", _KINDS["pstn"]
    )
    callout = _callout(page, kind, entries.get("callout"))
    return CallSetup(
        callid="",
        application_key="",
        to=_to(page, node, entries, kind, origin),
        kind=kind,
        origin=origin,
        cli=_from(page, entries, origin),
        user=_text(page, entries, "user"),
        custom=_text(page, entries, "custom"),
        rdnis=_text(page, entries, "rdnis"),
        call_headers=_pairs(page, entries, "headers"),
        callback_headers=_pairs(page, entries, "callback_headers"),
        callout=callout,
    )


def _from(page: Page, entries: Entries, origin: Origin) -> str:
    if "from" not in entries:
        return CALLER if origin == "PSTN" else ""
    cli = page.text(entries["from"], "from", empty=True).strip()
    if cli and cli not in _HIDDEN and (origin == "PSTN" or _is_digits(cli)):
        _check_phone(page, entries["from"], "from", cli)
    return cli


def _to(page: Page, node: Node, entries: Entries, kind: Kind, origin: Origin) -> Identity | None:
    if "to" not in entries:
        if kind in {"tts", "conference"}:
            page.wrong(node, 'The scenario does not say who is called: it has no "to".')
        return None if kind == "custom" else Identity("did", CALLED)
    to = page.text(entries["to"], "to").strip()
    written = page.word(entries["to_type"], "to_type", _TYPES) if "to_type" in entries else ""
    identity = written or _type_of(to, kind, origin)
    if to and identity in _PHONES:
        _check_phone(page, entries["to"], "to", to)
    return Identity(identity, to)


def _type_of(to: str, kind: Kind, origin: Origin) -> str:
    phone = to.startswith("+") or _is_digits(to)
    if kind == "inbound" and origin != "MXP":
        return "sip" if "@" in to else "did"
    if phone:
        return "number"
    return "sip" if "@" in to else "username"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _check_phone(page: Page, node: Node, what: str, number: str) -> None:
    if _PHONE.fullmatch(number) or _SERVICE.fullmatch(number):
        return
    hint = f'Write it as "+{number}".' if _PHONE.fullmatch(f"+{number}") else 'An example is "+12015550100".'
    page.wrong(node, f'"{what}" is a phone number with plus and country code, not "{shown(number)}".', hint)


def _callout(page: Page, kind: Kind, node: Node | None) -> Callout | None:
    if kind == "inbound":
        if node is not None:
            page.wrong(node, '"callout" belongs to a scenario of kind tts, conference or custom.')
        return None
    fields = {each.name: each.type for each in msgspec.structs.fields(Callout)}
    entries = page.entries(node, '"callout"', fields)
    found: dict[str, Any] = {}
    for name, value in entries.items():
        if name in _INLINE and not is_text(value):
            found[name] = msgspec.json.encode(page.document(value, name)).decode()
        elif name == "conference_dtmf":
            found[name] = _conference_dtmf(page, value)
        else:
            found[name] = _typed(page, value, name, fields[name])
    return Callout(**found)


def _conference_dtmf(page: Page, node: Node) -> ConferenceDtmf:
    entries = page.entries(node, '"conference_dtmf"', ("mode", "digits", "timeout"))
    types: dict[str, Any] = {"mode": DtmfMode, "digits": int, "timeout": float}
    return ConferenceDtmf(**{name: _typed(page, value, name, types[name]) for name, value in entries.items()})


def _text(page: Page, entries: Entries, name: str) -> str:
    return page.text(entries[name], name, empty=True) if name in entries else ""


def _pairs(page: Page, entries: Entries, name: str) -> Pairs:
    found = page.entries(entries.get(name), f'"{name}"')
    return tuple((key, page.text(value, key, empty=True)) for key, value in found.items())


# --- callees -------------------------------------------------------------------------------------------------------


def read_callees(page: Page, node: Node | None) -> dict[str, Callee]:
    """How each number or address behaves; `other` is everybody else."""
    return {name: _callee(page, value) for name, value in page.entries(node, '"callees"').items()}


def _callee(page: Page, node: Node) -> Callee:
    if is_text(node):
        does = _behaviour(page, node, "callees", ("answers", *_FAILURES))
        return Callee(does=does or "answers")
    entries = page.entries(node, "A callee", _CALLEE)
    found: dict[str, Any] = {}
    for name, value in entries.items():
        found |= _trait(page, name, value)
    if "fails" in entries and (other := [name for name in entries if name not in {"fails", "after"}]):
        page.wrong(node, f'A callee that "fails" has no "{other[0]}".')
    if "answers" in entries and "after" in entries:
        page.wrong(node, '"answers" says already after how many seconds.', 'Leave out "after".')
    return Callee(**found)


def _trait(page: Page, name: str, node: Node) -> dict[str, Any]:
    if name in _SECONDS:
        return {_SECONDS[name]: page.number(node, name, LONGEST)}
    if name == "fails":
        return {"does": _behaviour(page, node, name, _FAILURES) or "busy"}
    return {"keys": read_keys(page, node, name)} if name == "presses" else {"amd": page.word(node, name, _AMD)}


def _behaviour(page: Page, node: Node, what: str, known: Iterable[str]) -> Any:
    written = page.text(node, what).strip().lower().replace("_", " ")
    word = _ALSO.get(written, written)
    if word and word not in known:
        page.unknown(node, written, "nothing that a callee does", known)
        return ""
    return word


# --- the platform --------------------------------------------------------------------------------------------------


def read_settings(page: Page, node: Node | None, before: Settings = Settings()) -> Settings:  # noqa: B008 frozen
    """How the platform behaves: names and values of `Settings`, on top of what holds already."""
    fields = {each.name: each.type for each in msgspec.structs.fields(Settings)}
    changed: dict[str, Any] = {}
    for name, value in page.entries(node, '"settings"', fields).items():
        changed[name] = (
            _outcomes(page, value, before) if name == "outcomes" else _typed(page, value, name, fields[name])
        )
    return msgspec.structs.replace(before, **changed)


def _outcomes(page: Page, node: Node, before: Settings) -> dict[Situation, Row]:
    """`busy: BUSY N/A`: result and reason of a situation, whether the call had been answered or not."""
    rows: dict[Any, Row] = dict(before.outcomes)
    known: Mapping[Any, Row] = OUTCOMES
    for situation, value in page.entries(node, '"outcomes"').items():
        words = page.text(value, situation).split()
        if situation not in known:
            page.unknown(value, situation, "no situation", OUTCOMES)
        elif len(words) != 2:
            page.wrong(value, f'"{situation}" is a result and a reason, such as "BUSY N/A".')
        else:
            pair = Outcome(*words)
            rows[situation] = Row(pair, pair, known[situation].why, "scenario")
    return rows


def _typed(page: Page, node: Node, name: str, kind: Any) -> Any:
    """A value of the type that a field has."""
    if get_origin(kind) is Literal:
        words = get_args(kind)
        return page.word(node, name, words) or words[0]
    if kind is bool:
        return page.flag(node, name)
    if kind is float:
        return page.number(node, name, 10 * LONGEST)
    if kind is int:
        number = page.number(node, name, 1e9)
        if number != int(number):
            page.wrong(node, f'"{name}" is a whole number, not {number:g}.')
        return int(number)
    text = page.text(node, name, empty=True)
    return None if kind is not str and text.strip().lower() == "none" else text
