"""What changed between a recorded callback and its replay, in words.

Not a text diff: answers are compared by what they mean to the platform and to the caller, then what the handler did
besides answering (the cache, storage, the database, calls to Sinch). What differs only because the handler ran at
another time is no difference (`runs`), nor is what a person does not want to see (`ignoring`).

    documents   finds differences; alike: which values mean the same; align: which items belong together
    words       says them
    kept        finds and says those of the cache and storage; ordered: of the database and calls to Sinch
    difference  what a difference is

Pure, and it must not judge: whether a difference matters is the business of whoever asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from devserver.recorder.compare.difference import Difference
from devserver.recorder.compare.documents import Comparison
from devserver.recorder.compare.ignoring import NOTHING, Rules
from devserver.recorder.compare.kept import cache_differences, storage_differences
from devserver.recorder.compare.ordered import database_differences, outbound_differences
from devserver.recorder.compare.runs import Run, Runs
from devserver.recorder.compare.words import arrow, json_words, markup_words
from devserver.recorder.exchange import Answer, Effect
from devserver.svaml.canonical import canonical
from devserver.svaml.model import ACTIONS

__all__ = ["Difference", "Rules", "Side", "answer_differences", "differences", "exchange_differences"]

_EFFECTS = (
    ("cache", cache_differences),
    ("storage", storage_differences),
    ("database", database_differences),
    ("outbound", outbound_differences),
)
_TOO_DEEP = "The answers are nested too deeply to be compared."


class Side(msgspec.Struct, frozen=True):
    """One run of a callback.

    Attributes:
        answer: None when there was none.
        effects: what the handler did besides answering, in order.
        at: when the request arrived, seconds since 1970, by the clock that the handler saw: of a run with frozen time,
            the frozen one.
        id: of the exchange.
        took: seconds until the answer; None when nobody knows. The better it is known, the smaller a changed delay
            (`now + 60` to `now + 70`) may be and still be found.
        earlier: when the earlier callbacks of the same call arrived, in order, for times that a handler kept; as many
            on both sides, or none.
        request: body of the request: ids in it are not random.
    """

    answer: Answer | None
    effects: Sequence[Effect]
    at: float
    id: str
    took: float | None = None
    earlier: tuple[float, ...] = ()
    request: bytes = b""


def exchange_differences(old: Side, new: Side, *, event: str | None, ignore: Rules = NOTHING) -> list[Difference]:
    """All differences between a recorded callback and its replay: of the answers first, then of the effects.

    Args:
        old: as recorded.
        new: of the replay, redacted as a recording would be, so that a secret is no difference.
        event: the voice event; None when the answer is no SVAML.
        ignore: what to leave out.
    """
    comparison = Comparison(Runs(_run(old), _run(new)), ignore)
    found = _answers(old.answer, new.answer, event is not None, comparison)
    try:
        return found + [
            each for kind, of in _EFFECTS for each in of(_effects(old, kind), _effects(new, kind), comparison)
        ]
    except RecursionError:
        return [*found, Difference("", None, None, "What the handlers did is nested too deeply to be compared.")]


def differences(old: object, new: object, *, svaml: bool | None = None) -> list[Difference]:
    """All differences between two JSON documents, in the order of the old one.

    Args:
        old: a document.
        new: a document.
        svaml: whether they are SVAML with canonical names; None to find out.
    """
    is_markup = (_is_markup(old) and _is_markup(new)) if svaml is None else svaml
    return _documents(old, new, is_markup, Comparison())


def answer_differences(old: Answer | None, new: Answer | None, *, svaml: bool) -> list[Difference]:
    """All differences between two answers: their status, and their bodies by what they are.

    Args:
        old: None when there was no answer.
        new: the same.
        svaml: the bodies are read as the platform reads them: names in any case, and no body is the empty document.
    """
    return _answers(old, new, svaml, Comparison())


def _effects(side: Side, kind: str) -> list[Effect]:
    return [effect for effect in side.effects if effect.kind == kind]


def _run(side: Side) -> Run:
    return Run(side.at, side.id, side.took, side.earlier, side.request.decode("utf-8", "replace"))


def _is_markup(document: object) -> bool:
    action = document.get("action") if isinstance(document, dict) else None
    name = action.get("name") if isinstance(action, dict) else None
    return isinstance(name, str) and name.lower() in ACTIONS


def _documents(old: object, new: object, svaml: bool, comparison: Comparison) -> list[Difference]:
    try:
        if svaml:
            return [markup_words(found) for found in comparison.markup(old, new)]
        return [json_words(found) for found in comparison.documents(old, new)]
    except RecursionError:
        return [Difference("", None, None, _TOO_DEEP)]


def _answers(old: Answer | None, new: Answer | None, svaml: bool, comparison: Comparison) -> list[Difference]:
    if old is None or new is None:
        was, now = (None if answer is None else answer.status for answer in (old, new))
        words = ("no answer" if status is None else f"status {status}" for status in (was, now))
        found = [] if old is new else [Difference("status", was, now, " -> ".join(words))]
        return _seen(found, comparison)
    found = []
    if old.status != new.status:
        found.append(Difference("status", old.status, new.status, f"status: {old.status} -> {new.status}"))
    if not svaml and (types := (_content_type(old), _content_type(new)))[0] != types[1]:
        found.append(Difference("content-type", *types, f"content type: {types[0] or 'none'} -> {types[1] or 'none'}"))
    return _seen(found, comparison) + _bodies(old.body, new.body, svaml, comparison)


def _seen(found: list[Difference], comparison: Comparison) -> list[Difference]:
    return [each for each in found if not comparison.rules.cover((each.path,))]


def _bodies(old: bytes, new: bytes, svaml: bool, comparison: Comparison) -> list[Difference]:
    if old == new:
        return []
    try:
        documents: list[Any] = [msgspec.json.decode(body or b"{}" if svaml else body) for body in (old, new)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _texts(old, new, comparison)
    if svaml:
        documents = [canonical(each) if isinstance(each, dict) else each for each in documents]
    return _documents(documents[0], documents[1], svaml, comparison)


def _texts(old: bytes, new: bytes, comparison: Comparison) -> list[Difference]:
    was, now = _as_text(old), _as_text(new)
    if comparison.runs is not None and was != now and comparison.runs.same_texts(was, now):
        return []
    return _seen([Difference("body", was, now, f"body: {arrow(was, now)}")], comparison)


def _as_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"{len(body)} bytes"


def _content_type(answer: Answer) -> str:
    values = [value for name, value in answer.headers if name.lower() == "content-type"]
    return values[0].partition(";")[0].strip().lower() if values else ""
