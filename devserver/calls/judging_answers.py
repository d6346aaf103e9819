"""What an answer to a callback amounts to, for people: the document, what the rules say, and one line.

The machine decides what a call does with an answer; this says what it thinks of it. Calls to one function get few
different answers, so judgements are remembered by their bytes. Pure.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from devserver.calls.answering import succeeded
from devserver.calls.commands import SendCallback
from devserver.svaml import check
from devserver.svaml.words import describe

_REMEMBERED_BYTES = 65_536
_SHOWN = 2000  # characters of an answer that is no JSON


class Judgement(msgspec.Struct, frozen=True):
    """See the fields of the same names in `told.CalledBack`."""

    answer: Any
    findings: tuple[dict[str, str], ...]
    words: str


def judge(sent: SendCallback, status: int, body: bytes) -> Judgement:
    """What an answer is; one without success has no SVAML to judge."""
    if not succeeded(status):
        return Judgement(_document(body)[0], (), f"status {status}" if status else "no answer")
    payload = sent.payload
    facts = (sent.event, body, payload.get("originationType", ""), payload.get("conferenceId", ""))
    return _judge(*facts) if len(body) > _REMEMBERED_BYTES else _remembered(*facts)


def _judge(event: str, body: bytes, origin: str, conference: str) -> Judgement:
    document, is_json = _document(body)
    if not is_json:
        return Judgement(document, (_finding("The answer is not JSON; the platform needs a SVAML object."),), "no JSON")
    found = check(document, event, {"originationType": origin, "conferenceId": conference or None})
    return Judgement(document, tuple(msgspec.to_builtins(each) for each in found), describe(document))


def _document(body: bytes) -> tuple[Any, bool]:
    """The document, or the beginning of the text that it is instead."""
    if not body.strip():
        return None, True
    try:
        return msgspec.json.decode(body), True
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body[: _SHOWN * 4].decode("utf-8", "replace")[:_SHOWN], False


def _finding(text: str) -> dict[str, str]:
    return {"severity": "error", "path": "", "text": text, "rule": "not-json", "source": "voice-v1 1.8"}


_remembered = lru_cache(maxsize=1024)(_judge)
