"""A function without a process: keeps the Protocol `devserver.calls.delivery.Deliver`, and answers by event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from devserver.calls.commands import SendCallback
from devserver.calls.delivery import Attempt, Delivered, Unusable

Answer = Mapping[str, Any] | bytes | int | str | None
"""SVAML; bytes of a body; a status; why there was no answer; nothing."""


class PretendFunction:
    """Answers each event in the same way, or as a function of the payload.

    Attributes:
        sent: every callback that arrived, in order.
        in_flight, most_in_flight: how many are being answered, and the most there were at once.
        arrived: something did.
        gate: answers wait until it is set.
    """

    def __init__(self, **answers: Answer | Callable[[dict[str, Any]], Answer]) -> None:
        self._answers = answers
        self.sent: list[SendCallback] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.arrived = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def events(self) -> list[str]:
        """Names of what arrived."""
        return [command.event for command in self.sent]

    def payload(self, event: str) -> dict[str, Any]:
        """The first payload of an event."""
        return next(command.payload for command in self.sent if command.event == event)

    async def __call__(self, command: SendCallback, unusable: Unusable) -> Delivered:
        """See `Deliver`."""
        self.sent.append(command)
        self.arrived.set()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self.gate.wait()
        await asyncio.sleep(0)
        self.in_flight -= 1
        status, body, why = self._answered(command)
        del unusable
        return Delivered(status, body, 1.0, (Attempt(command.urls[0], status, 1.0, why),), why)

    def _answered(self, command: SendCallback) -> tuple[int, bytes, str]:
        answer = self._answers.get(command.event)
        if callable(answer):
            answer = answer(command.payload)
        match answer:
            case int():
                return answer, b"", ""
            case bytes():
                return 200, answer, ""
            case str():
                return 0, b"", answer
            case None:
                return 200, b"", ""
            case _:
                return 200, json.dumps(answer).encode(), ""
