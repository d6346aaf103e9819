"""Calls to Sinch in a test: answered as the test says, and refused otherwise. Nothing ever leaves the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from devserver.recorder.exchange import Effect
from devserver.recorder.outbound import Recorded, effect_of, refusal_of
from devserver.recorder.plain_effects import effect_from
from devserver.recorder.redaction import Redactor
from devserver.runtime.clients import OutboundAnswer, OutboundCall, OutboundRefused
from devserver.testing.noticing import Notes

_JSON = (("Content-Type", "application/json"),)


class Sent(msgspec.Struct, frozen=True):
    """A call that the function made.

    Attributes:
        method: of the request.
        url: with the query.
        json: the body; None when it was empty or is no JSON.
        refused: whether it had no answer, so that the function got an error.
    """

    method: str
    url: str
    json: Any
    refused: bool = False

    @property
    def path(self) -> str:
        """The path of the URL."""
        return urlsplit(self.url).path


class Outbound:
    """The wire of a test: `function.outbound.answer("POST", "/v1/projects/p/messages:send", {"message_id": "m"})`.

    Attributes:
        sent: what the function has sent so far, in order.

    Args:
        notes: gets the calls as effects.
    """

    def __init__(self, notes: Notes) -> None:
        self.sent: list[Sent] = []
        self._notes = notes
        self._answers: list[tuple[str, str, OutboundAnswer]] = []
        self._recorded: Recorded | None = None

    def answer(self, method: str, path: str, json: Any = None, *, status: int = 200) -> None:
        """Answer calls from now on; of several answers that fit the last wins.

        Args:
            method: such as `POST`.
            path: of the URL, or the end of it behind a `/`; a whole URL fits that one only.
            json: the body.
            status: HTTP status.
        """
        body = b"" if json is None else msgspec.json.encode(json)
        self._answers.insert(0, (method.upper(), path, OutboundAnswer(status, _JSON, body)))

    def replay(self, effects: Sequence[Effect | Mapping[str, Any]], redact: Redactor | None = None) -> None:
        """Answer calls as they were answered when these effects were recorded, written as in `Answer.expect`."""
        recorded = [each if isinstance(each, Effect) else effect_from(each) for each in effects]
        self._recorded = Recorded(recorded, allow=False, redact=redact)

    def before(self, call: OutboundCall) -> OutboundAnswer | None:
        """See `Wire.before`."""
        found = next((answer for method, path, answer in self._answers if _fits(call, method, path)), None)
        try:
            if found is None:
                found = self._answered_by_recording(call)
        except OutboundRefused as refused:
            self._note(call, refused=True)
            self._notes.add(refusal_of(call, str(refused), self._notes.now()))
            raise
        self._note(call, refused=False)
        return found

    def after(self, call: OutboundCall, answer: OutboundAnswer | None, error: str | None, seconds: float) -> None:
        """See `Wire.after`."""
        self._notes.add(effect_of(call, answer, error, self._notes.now(), seconds))

    def _answered_by_recording(self, call: OutboundCall) -> OutboundAnswer | None:
        if self._recorded is not None:
            return self._recorded.answer(call)
        path = urlsplit(call.url).path
        raise OutboundRefused(
            f"A test does not call Sinch, and {call.method} {call.url} has no answer. "
            f'Give it one: function.outbound.answer("{call.method}", "{path}", {{...}}).'
        )

    def _note(self, call: OutboundCall, *, refused: bool) -> None:
        try:
            document = msgspec.json.decode(call.body) if call.body else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            document = None
        self.sent.append(Sent(call.method, call.url, document, refused))

    def __repr__(self) -> str:
        return f"Outbound(sent={self.sent!r})"


def _fits(call: OutboundCall, method: str, path: str) -> bool:
    if call.method.upper() != method:
        return False
    if "://" in path:
        return call.url == path
    called = urlsplit(call.url).path
    return called == path or called.endswith("/" + path.lstrip("/"))
