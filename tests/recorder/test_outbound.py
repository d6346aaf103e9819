from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
import requests
from aiohttp import web

from devserver.recorder.exchange import Effect
from devserver.recorder.outbound import LARGEST, Recorded, effect_of, refusal_of
from devserver.recorder.redaction import Redactor
from devserver.runtime.clients import (
    Clients,
    MissingVariables,
    OutboundAnswer,
    OutboundCall,
    OutboundFailed,
    OutboundRefused,
)
from tests.runtime.clients.stand_in import ALL, expired, no_way_out, running

__all__ = ["no_way_out"]

URL = "https://zt.us.sms.api.sinch.com/xms/v1/P/batches"
JSON = (("Content-Type", "application/json"),)
NOBODY = "http://127.0.0.1:9"
NOWHERE = {product: f"{NOBODY}/{product}" for product in ("auth", "sms", "conversation", "numbers")}


class Recording:
    """The wire of a session: lets everything out and keeps it."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []

    def before(self, call: OutboundCall) -> OutboundAnswer | None:  # noqa: ARG002 all of them
        return None

    def after(self, call: OutboundCall, answer: OutboundAnswer | None, error: str | None, seconds: float) -> None:
        self.effects.append(effect_of(call, answer, error, time.time(), seconds))


class Replaying(Recording):
    """The wire of a replay: answers from a recording, and keeps what it refused too."""

    def __init__(self, effects: Sequence[Effect], *, allow: bool = False, redact: Redactor | None = None) -> None:
        super().__init__()
        self.recorded = Recorded(stored(effects), allow, redact)

    def before(self, call: OutboundCall) -> OutboundAnswer | None:
        try:
            return self.recorded.answer(call)
        except OutboundRefused as refused:
            self.effects.append(refusal_of(call, str(refused), time.time()))
            raise


def stored(effects: Sequence[Effect]) -> list[Effect]:
    """As they come back from a recording."""
    return msgspec.json.decode(msgspec.json.encode(effects), type=list[Effect])


async def send(clients: Clients, body: str = "hi", **more: Any) -> Any:
    return await clients.sms.batches.send_sms(to=["+1"], from_="+2", body=body, **more)


def call(method: str = "POST", url: str = URL, body: bytes = b'{"a":1}') -> OutboundCall:
    return OutboundCall(method, url, (), body)


def made(asked: OutboundCall, body: bytes = b"{}", status: int = 200, headers: Any = JSON) -> Effect:
    return effect_of(asked, OutboundAnswer(status, headers, body), None, 5.0, 0.25)


def without(effect: Effect) -> tuple[Any, ...]:
    """An effect without what measures time and says where it went."""
    value = {key: item for key, item in effect.value.items() if key != "ms"}
    return effect.operation, effect.key.partition("/xms")[2], value


# --- through the SDK -------------------------------------------------------------------------------------------


async def test_a_recorded_call_is_answered_without_network_and_credentials() -> None:
    recording = Recording()
    async with running() as sinch:
        before = await send(Clients(ALL, sinch.origins, recording))
    replay = Replaying(recording.effects)
    others = {**ALL, "PROJECT_ID_API_SECRET": "no longer valid"}

    after = await send(Clients(others, NOWHERE, replay))

    assert after == before
    assert after.id == "batch-1"
    assert [without(effect) for effect in replay.effects] == [without(effect) for effect in recording.effects]


async def test_all_pages_of_a_list_are_answered() -> None:
    async def listed(clients: Clients) -> list[str]:
        pages = await clients.numbers.list(region_code="US", number_type="LOCAL")
        return [number.phone_number async for number in pages]

    recording = Recording()
    async with running() as sinch:
        before = await listed(Clients(ALL, sinch.origins, recording))

    assert len(recording.effects) == 2
    assert await listed(Clients(ALL, NOWHERE, Replaying(recording.effects))) == before
    assert len(before) == 3


async def test_an_error_of_the_api_is_the_same_error_again() -> None:
    from sinch.domains.sms.api.v1.exceptions import SmsException

    recording = Recording()
    seen = []
    async with running() as sinch:
        with pytest.raises(SmsException) as before:
            await send(Clients(ALL, sinch.origins, recording), "refuse me")
        seen.append(before.value)
    with pytest.raises(SmsException) as after:
        await send(Clients(ALL, NOWHERE, Replaying(recording.effects)), "refuse me")
    seen.append(after.value)

    assert seen[0].args == seen[1].args
    assert [error.response_status_code for error in seen] == [400, 400]
    assert seen[0].http_response.body == seen[1].http_response.body


async def test_a_call_that_found_nobody_finds_nobody_again() -> None:
    recording = Recording()
    variables = {**ALL, "SMS_API_TOKEN": "plan-token"}
    with pytest.raises(requests.ConnectionError):
        await send(Clients(variables, NOWHERE, recording))

    async with running() as sinch:
        with pytest.raises(requests.ConnectionError):
            await send(Clients(variables, sinch.origins, Replaying(recording.effects)))
        assert sinch.asked == []
    assert recording.effects[0].value["status"] is None
    assert recording.effects[0].value["error"].startswith("ConnectionError: ")


async def test_a_token_that_expired_in_between_is_renewed_again() -> None:
    recording = Recording()
    async with running() as sinch:
        sinch.instead = [expired()]
        await send(Clients(ALL, sinch.origins, recording))

    assert (await send(Clients(ALL, NOWHERE, Replaying(recording.effects)))).id == "batch-1"
    assert [effect.value["status"] for effect in recording.effects] == [401, 201]


async def test_a_call_that_was_sent_elsewhere_is_sent_there_again() -> None:
    recording = Recording()
    async with running() as sinch:
        there = {"Location": f"{sinch.url}/sms/us/xms/v1/P/batches"}
        sinch.instead = [web.Response(status=307, headers=there)]
        await send(Clients(ALL, sinch.origins, recording))

    assert (await send(Clients(ALL, NOWHERE, Replaying(recording.effects)))).id == "batch-1"
    assert [effect.value["status"] for effect in recording.effects] == [307, 201]


async def test_a_changed_body_is_refused_and_the_field_named() -> None:
    recording = Recording()
    async with running() as sinch:
        await send(Clients(ALL, sinch.origins, recording))
        sinch.asked.clear()
        replay = Replaying(recording.effects)

        with pytest.raises(OutboundRefused) as caught:
            await send(Clients(ALL, sinch.origins, replay), "bye")

        assert sinch.asked == []
    assert str(caught.value) == (
        "POST /sms/xms/v1/P/batches was not recorded like this; the nearest recording differs in body: hi -> bye. "
        "--allow-outbound lets it go out."
    )
    [effect] = replay.effects
    assert (effect.kind, effect.operation) == ("outbound", "POST")
    assert effect.value == {
        "sent": {"to": ["+1"], "from": "+2", "body": "bye", "type": "mt_text"},
        "refused": str(caught.value),
    }


async def test_an_allowed_call_goes_out_with_a_real_token_and_the_others_are_still_answered() -> None:
    recording = Recording()
    async with running() as sinch:
        await send(Clients(ALL, sinch.origins, recording))
        sinch.asked.clear()
        clients = Clients(ALL, sinch.origins, Replaying(recording.effects, allow=True))

        await send(clients)
        assert sinch.asked == []
        await send(clients, "bye")

        assert [authorization for _, _, authorization in sinch.asked][1:] == ["Bearer tok"]


async def test_a_token_and_a_secret_are_in_no_effect() -> None:
    recording = Recording()
    async with running() as sinch:
        sinch.tokens = ["very-secret-token", "another-secret-token"]
        sinch.instead = [expired()]
        await send(Clients(ALL, sinch.origins, recording))
        await send(Clients({**ALL, "SMS_API_TOKEN": "plan-secret-token"}, sinch.origins, recording))
    replay = Replaying(recording.effects)
    await send(Clients(ALL, NOWHERE, replay))

    text = msgspec.json.encode([recording.effects, replay.effects]).decode()
    assert len(recording.effects) == 3
    assert "secret-token" not in text
    assert "oauth2" not in text
    assert "Bearer " not in text.replace("Bearer error", "")
    assert "fn-token" not in text


async def test_missing_variables_are_missing_in_a_replay_too() -> None:
    with pytest.raises(MissingVariables):
        await send(Clients({}, {}, Replaying([])))


# --- effects ---------------------------------------------------------------------------------------------------


def test_an_effect_says_what_was_sent_and_what_came_back() -> None:
    answer = OutboundAnswer(201, (("content-type", "application/json"), ("Set-Cookie", "private")), b'{"id":"x"}')

    effect = effect_of(call(), answer, None, 5.0, 0.0123456)

    assert effect == Effect(
        kind="outbound",
        operation="POST",
        key=URL,
        at=5.0,
        value={
            "sent": {"a": 1},
            "status": 201,
            "content_type": "application/json",
            "received": {"id": "x"},
            "error": None,
            "ms": 12.346,
        },
    )


def test_an_address_is_kept_without_user_and_password() -> None:
    assert made(call(url="https://user:pass@h:1/p?a=b#c")).key == "https://h:1/p?a=b"
    assert made(call(url="http://[oops")).key == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'"text in JSON"',
        b"plain text",
        "größer".encode(),
        b'{"a":[1,2.5,true,null],"b":"\\n"}',
        b"[]",
        b"0",
        b"123456789012345678901234567890",
        b'"\\ud800"',
        b"[" * 3000 + b"]" * 3000,
        b" " * LARGEST,
    ],
    ids=lambda body: f"{len(body)}-{body[:10].hex()}",
)
def test_what_was_received_is_given_again_byte_by_byte(body: bytes) -> None:
    recorded = Recorded(stored([made(call(), body)]), allow=False)

    assert recorded.answer(call()) == OutboundAnswer(200, (("content-type", "application/json"),), body)


@pytest.mark.parametrize("body", [b"x" * (LARGEST + 1), b"\xff\xfe"], ids=["large", "no text"])
def test_a_body_that_is_no_text_or_too_large_is_recorded_by_its_hash_and_cannot_be_given_again(body: bytes) -> None:
    effect = made(call(), body)

    assert set(effect.value["received"]) == {"bytes", "sha256"}
    assert len(msgspec.json.encode(effect)) < 1000
    with pytest.raises(OutboundRefused) as caught:
        Recorded([effect], allow=False).answer(call())
    assert str(caught.value) == (
        f"The recorded answer to POST /xms/v1/P/batches cannot be given again: of its {len(body)} bytes only the hash "
        "was kept. --allow-outbound lets it go out."
    )
    assert Recorded([effect], allow=True).answer(call()) is None


def test_a_large_body_that_was_sent_is_known_by_its_hash() -> None:
    large, other = b"x" * (LARGEST + 1), b"y" * (LARGEST + 1)
    recorded = Recorded([made(call(body=large))], allow=False)

    with pytest.raises(OutboundRefused, match="sha256"):
        recorded.answer(call(body=other))
    assert recorded.answer(call(body=large)) is not None


# --- which recording answers -----------------------------------------------------------------------------------


def test_the_same_question_gets_its_answers_in_order_and_each_once() -> None:
    asked = call("GET", f"{URL}/1", b"")
    recorded = Recorded([made(asked, b'{"n":1}'), made(asked, b'{"n":2}')], allow=False)

    answers = [recorded.answer(asked), recorded.answer(asked)]

    assert [json.loads(answer.body)["n"] for answer in answers if answer] == [1, 2]
    with pytest.raises(OutboundRefused) as caught:
        recorded.answer(asked)
    assert str(caught.value) == (
        "GET /xms/v1/P/batches/1 was made 2 times when it was recorded, and now once more. "
        "--allow-outbound lets it go out."
    )


def test_a_recording_that_is_the_same_answers_before_one_that_is_alike() -> None:
    one, two = (call(body=b'{"client_reference":"%d"}' % number) for number in (1, 2))
    recorded = Recorded([made(one, b"[1]"), made(two, b"[2]")], allow=False)

    assert [answer.body for answer in (recorded.answer(two), recorded.answer(one)) if answer] == [b"[2]", b"[1]"]


def test_a_reference_that_is_new_each_time_does_not_stand_in_the_way() -> None:
    recorded = Recorded([made(call(body=b'{"client_reference":"a","n":1}'))], allow=False)

    assert recorded.answer(call(body=b'{"client_reference":"b","n":1}')) is not None


def test_without_any_recording_the_refusal_says_so() -> None:
    others = [Effect("cache", "set", "key", 1.0, {"sent": {"a": 1}}), refusal_of(call(), "No.", 1.0)]

    with pytest.raises(OutboundRefused) as caught:
        Recorded(others, allow=False).answer(call())

    assert str(caught.value) == (
        "POST /xms/v1/P/batches was not recorded: the recording holds no call to Sinch that was answered. "
        "--allow-outbound lets it go out."
    )


def test_another_operation_is_refused_with_the_nearest_one() -> None:
    known = [made(call("GET", "http://h/v1/projects/P/apps", b"")), made(call("GET", f"{URL}/7", b""))]

    with pytest.raises(OutboundRefused, match=r"was not recorded; the nearest recording is GET /xms/v1/P/batches/7\."):
        Recorded(known, allow=False).answer(call())


def test_of_many_differences_three_are_named() -> None:
    known, asked = ({f"field{n}": value for n in range(5)} for value in ("a", "b"))
    recorded = Recorded([made(call(body=json.dumps(known).encode()))], allow=False)

    with pytest.raises(OutboundRefused, match=r"field0: a -> b; field1: a -> b; field2: a -> b and 2 more\. "):
        recorded.answer(call(body=json.dumps(asked).encode()))


def test_a_busy_server_is_not_waited_for_again() -> None:
    effect = made(call(), status=429, headers=(*JSON, ("Retry-After", "60")))

    answer = Recorded([effect], allow=False).answer(call())

    assert answer is not None
    assert dict(answer.headers)["retry-after"] == "0"


def test_a_failure_is_told_by_kind_and_text() -> None:
    effect = effect_of(call(), None, "ReadTimeout: late: very", 5.0, 10.0)

    with pytest.raises(OutboundFailed) as caught:
        Recorded(stored([effect]), allow=False).answer(call())

    assert (caught.value.kind, caught.value.text) == ("ReadTimeout", "late: very")


def test_threads_at_once_get_different_recordings() -> None:
    count = 200
    recorded = Recorded([made(call(), b"[%d]" % number) for number in range(count)], allow=False)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: recorded.answer(call()), range(count)))

    assert sorted(json.loads(answer.body)[0] for answer in answers if answer) == list(range(count))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"sent": {"a": 1}}, "has no answer in the recording"),
        ({"sent": {"a": 1}, "status": "ok"}, "has no status in the recording"),
        ({"sent": {"a": 1}, "status": 1}, "has no status in the recording"),
        (None, "holds no call to Sinch"),
        ("text", "holds no call to Sinch"),
    ],
)
def test_a_recording_that_is_not_as_it_should_be_answers_nothing(value: Any, reason: str) -> None:
    with pytest.raises(OutboundRefused, match=reason):
        Recorded([Effect("outbound", "POST", URL, 1.0, value)], allow=False).answer(call())


# --- redaction -------------------------------------------------------------------------------------------------

SECRETS = {"PROJECT_ID": "project-one", "PASS": 'pa"ss\nword', "PIN": "12345678"}


def redacted(effects: Sequence[Effect], redact: Redactor) -> list[Effect]:
    return msgspec.json.decode(redact.data(msgspec.json.encode(effects)), type=list[Effect])


def test_secrets_that_the_recording_lacks_do_not_stand_in_the_way_and_are_put_back() -> None:
    redact = Redactor(SECRETS)
    url = "http://h/v1/projects/project-one/messages:send?key=project-one"
    asked = call(url=url, body=json.dumps({"text": f"it is {SECRETS['PASS']}"}).encode())
    effects = redacted([made(asked, json.dumps({"echo": SECRETS["PASS"]}).encode())], redact)

    answer = Recorded(effects, allow=False, redact=redact).answer(asked)

    assert SECRETS["PASS"] not in str(effects)
    assert "project-one" not in str(effects)
    assert answer is not None
    assert json.loads(answer.body) == {"echo": SECRETS["PASS"]}


def test_a_secret_that_is_a_number_is_no_error() -> None:
    asked = call(body=b'{"pin":12345678}')

    assert Recorded([made(asked)], allow=False, redact=Redactor(SECRETS)).answer(asked) is not None


def test_a_refusal_names_no_secret() -> None:
    redact = Redactor(SECRETS)
    effects = redacted([made(call(body=b'{"text":"project-one a"}'))], redact)

    with pytest.raises(OutboundRefused) as caught:
        Recorded(effects, allow=False, redact=redact).answer(call(body=b'{"text":"project-one b"}'))

    assert "project-one" not in str(caught.value)
    assert "[secret PROJECT_ID] a -> [secret PROJECT_ID] b" in str(caught.value)
