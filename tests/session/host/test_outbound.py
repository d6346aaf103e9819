from __future__ import annotations

import msgspec
import pytest

from devserver.recorder.exchange import Effect
from devserver.recorder.outbound import effect_of
from devserver.runtime.application import Running, current
from devserver.runtime.clients import OutboundAnswer, OutboundCall, OutboundRefused
from devserver.session.frames import Did, Message, Replaying
from devserver.session.host.outbound import HostWire

CALL = OutboundCall("POST", "https://sms.example/xms/v1/P/batches", (), b'{"body":"hi"}')
OTHER = OutboundCall("POST", "https://sms.example/xms/v1/P/batches", (), b'{"body":"else"}')
ANSWER = OutboundAnswer(201, (("Content-Type", "application/json"),), b'{"id":"1"}')


class Sent:
    """Frames for the gateway."""

    def __init__(self) -> None:
        self.deeds: list[Did] = []

    def __call__(self, message: Message) -> None:
        assert isinstance(message, Did)
        self.deeds.append(message)


@pytest.fixture
def sent() -> Sent:
    return Sent()


def replaying(*calls: OutboundCall, allow: bool = False) -> Replaying:
    effects = [effect_of(call, ANSWER, None, 5.0, 0.1) for call in calls]
    return Replaying(0.0, msgspec.json.encode(effects) if effects else b"", allow)


def effect(did: Did) -> Effect:
    return msgspec.convert(
        {name: getattr(did, name) for name in ("kind", "operation", "key", "at", "value", "ttl")}, Effect
    )


def test_a_live_call_goes_out_and_is_told_with_the_request_in_hand(sent: Sent) -> None:
    current.set(Running("r7", "ice"))
    wire = HostWire(sent, sealed=False)

    assert wire.before(CALL) is None
    wire.after(CALL, ANSWER, None, 0.25)
    wire.after(CALL, None, "ConnectTimeout: late", 1.0)

    first, second = sent.deeds
    assert (first.request_id, first.kind, first.operation, first.key) == ("r7", "outbound", "POST", CALL.url)
    assert (first.value["sent"], first.value["status"], first.value["ms"]) == ({"body": "hi"}, 201, 250)
    assert second.value["error"] == "ConnectTimeout: late"
    current.set(None)


def test_what_a_sealed_host_was_not_allowed_does_not_go_out_and_is_told(sent: Sent) -> None:
    """Also before the first request: a hook of the start must not reach Sinch from a replay."""
    wire = HostWire(sent, sealed=True)
    with pytest.raises(OutboundRefused):
        wire.before(CALL)
    (told,) = sent.deeds
    assert told.request_id == ""
    assert told.value["refused"]
    assert told.value["sent"] == {"body": "hi"}


def test_in_a_replay_a_recorded_call_is_answered_once(sent: Sent) -> None:
    wire = HostWire(sent, sealed=True)
    wire.replay(replaying(CALL))
    answer = wire.before(CALL)
    assert answer is not None
    assert (answer.status, msgspec.json.decode(answer.body)) == (201, {"id": "1"})
    with pytest.raises(OutboundRefused):
        wire.before(CALL)
    with pytest.raises(OutboundRefused):
        wire.before(OTHER)


def test_what_is_told_of_a_call_answers_it_again(sent: Sent) -> None:
    live = HostWire(sent, sealed=False)
    live.after(CALL, ANSWER, None, 0.25)
    wire = HostWire(sent, sealed=True)
    wire.replay(Replaying(0.0, msgspec.json.encode([effect(sent.deeds[0])]), allow_outbound=False))
    assert wire.before(CALL) is not None


def test_other_calls_go_out_where_that_is_allowed(sent: Sent) -> None:
    wire = HostWire(sent, sealed=True)
    wire.replay(replaying(CALL, allow=True))
    assert wire.before(CALL) is not None
    assert wire.before(OTHER) is None
    assert sent.deeds == []


def test_the_next_replayed_request_has_its_own_recording(sent: Sent) -> None:
    wire = HostWire(sent, sealed=True)
    wire.replay(replaying(CALL))
    wire.replay(replaying(OTHER))
    assert wire.before(OTHER) is not None
    with pytest.raises(OutboundRefused):
        wire.before(CALL)
    wire.replay(replaying())
    with pytest.raises(OutboundRefused):
        wire.before(OTHER)
