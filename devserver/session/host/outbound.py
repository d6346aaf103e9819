"""The host's end of the wire between the Sinch SDK and the network: calls are told, and in a replay answered.

Whether calls may go out is a matter of the process and not of a request: a thread that outlives its request, or a hook
that runs before the first one, must not reach Sinch from a replay.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from devserver.recorder.exchange import Effect
from devserver.recorder.outbound import Recorded, effect_of, refusal_of
from devserver.runtime.clients.wire import OutboundAnswer, OutboundCall, OutboundRefused
from devserver.runtime.effects import request_in_hand
from devserver.session.frames import Did, Message, Replaying


class HostWire:
    """See `Wire`.

    Args:
        send: takes frames for the gateway, from any thread.
        sealed: nothing goes out that a replay has not allowed.
    """

    def __init__(self, send: Callable[[Message], None], *, sealed: bool) -> None:
        self._send = send
        self._recorded = Recorded((), allow=False) if sealed else None

    def replay(self, replaying: Replaying) -> None:
        """From now on calls are answered from this recording."""
        effects = msgspec.json.decode(replaying.outbound, type=list[Effect]) if replaying.outbound else []
        self._recorded = Recorded(effects, replaying.allow_outbound)

    def before(self, call: OutboundCall) -> OutboundAnswer | None:
        """See `Wire.before`."""
        if self._recorded is None:
            return None
        try:
            return self._recorded.answer(call)
        except OutboundRefused as refused:
            self._tell(refusal_of(call, str(refused), time.time()))
            raise

    def after(self, call: OutboundCall, answer: OutboundAnswer | None, error: str | None, seconds: float) -> None:
        """See `Wire.after`."""
        self._tell(effect_of(call, answer, error, time.time() - seconds, seconds))

    def _tell(self, effect: Effect) -> None:
        self._send(
            Did(request_in_hand(), effect.kind, effect.operation, effect.key, effect.at, effect.value, effect.ttl)
        )
