from __future__ import annotations

import base64

import pytest

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.redaction import Redactor
from devserver.recorder.replay import Run, compared, headers_to_send, shape
from devserver.recorder.takes import Item, from_exchange, from_file
from devserver.signing import verify

KEY, SECRET = "669E367E-6BBA-48AB-AF15-266871C28135", "BeIukql3pTKJ8RGL5zo0DA=="
BODY = b'{ "event": "ice",  "callid": "c" }'
NOW = "2024-01-19T09:19:28.937219Z"


def recorded(**more: object) -> Exchange:
    headers = (
        ("Host", "127.0.0.1:3000"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-CB-Mine", "kept"),
        ("Content-Length", "34"),
        ("x-timestamp", "old"),
        ("Authorization", "application [redacted]"),
    )
    request = Request("POST", "/hooks/ice?x=1", headers, BODY)
    answer = Answer(200, (("Content-Type", "application/json"),), b'{"action":{"name":"hangup"}}')
    fields: dict[str, object] = {"id": "01", "at": 0.0, "callid": "c", "event": "ice", "source": "local"}
    return Exchange(**{**fields, "request": request, "answer": answer, **more})  # type: ignore[arg-type]


def send(item: Item, **more: str | None) -> dict[str, str]:
    credentials = {"voice_app": None, "voice_secret": None, **more}
    return dict(headers_to_send(item, item.body, variables={}, now=NOW, **credentials))


def test_the_bytes_of_a_recording_are_sent_as_they_were_received() -> None:
    item = from_exchange(recorded())

    assert (item.method, item.path, item.body) == ("POST", "/hooks/ice?x=1", BODY)


def test_headers_of_the_connection_and_old_credentials_are_not_sent_again() -> None:
    assert send(from_exchange(recorded())) == {
        "Content-Type": "application/json; charset=utf-8",
        "X-CB-Mine": "kept",
    }


def test_a_callback_is_signed_anew_so_that_it_verifies_now() -> None:
    item = from_exchange(recorded())
    headers = send(item, voice_app=KEY, voice_secret=SECRET)

    verdict = verify(key=KEY, secret=SECRET, method="POST", path=item.path, body=item.body, headers=headers)

    assert verdict.ok
    assert headers["x-timestamp"] == NOW


def test_a_custom_request_is_never_signed_and_gets_its_basic_credentials_back() -> None:
    request = Request("GET", "/private", (("Authorization", "Basic [redacted]"),), b"")
    item = from_exchange(recorded(event=None, request=request))
    variables = {"PROJECT_ID_API_KEY": "k", "PROJECT_ID_API_SECRET": "s"}

    headers = headers_to_send(item, b"", variables=variables, voice_app=KEY, voice_secret=SECRET, now=NOW)

    assert headers == (("Authorization", "Basic " + base64.b64encode(b"k:s").decode()),)


def test_a_file_says_its_event_or_is_told() -> None:
    named = from_file("a.json", b'{"event": "PIE"}', None)
    told = from_file("b.json", b'{"callid": "x"}', "ice")

    assert (named.event, named.path, named.body) == ("pie", "/pie", b'{"event": "PIE"}')
    assert (told.event, told.path) == ("ice", "/ice")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"{", "a.json is not JSON"),
        (b"[1]", "no JSON object"),
        (b'{"callid": "x"}', "does not say which event"),
        (b'{"event": "call.incoming"}', "unknown event `call.incoming`"),
        (b"[" * 100_000, "a.json is not JSON"),
    ],
)
def test_a_file_that_is_no_callback_is_refused_in_one_sentence(data: bytes, text: str) -> None:
    with pytest.raises(FnError, match=r"a\.json") as caught:
        from_file("a.json", data, None)

    assert text in caught.value.message
    assert caught.value.hint


def run(answer: Answer, *effects: Effect) -> Run:
    return Run("02", 0.0, answer, effects)


def test_what_is_different_is_said_in_words_and_in_the_promised_shape() -> None:
    item = from_exchange(recorded())
    new = Answer(200, (("Content-Type", "application/json"),), b'{"action":{"name":"continue"}}')

    found = shape([compared(item, run(new), Redactor({}).data)])

    assert (found["replayed"], found["different"], found["failed"]) == (1, 1, 0)
    (result,) = found["results"]
    assert (result["id"], result["event"]) == ("01", "ice")
    assert result["old"] == {"action": {"name": "hangup"}}
    assert result["new"] == {"action": {"name": "continue"}}
    assert result["differences"][0]["path"] == "action"
    assert result["differences"][0]["was"] == {"name": "hangup"}
    assert result["differences"][0]["now"] == {"name": "continue"}


def test_the_same_answer_is_no_difference_even_when_a_secret_is_in_it() -> None:
    answer = Answer(200, (("Content-Type", "application/json"),), b'{"a":"[secret TOKEN]"}')
    item = from_exchange(recorded(answer=answer))
    new = Answer(200, (("Content-Type", "application/json"),), b'{"a":"s3cr3t-value"}')

    assert compared(item, run(new), Redactor({"TOKEN": "s3cr3t-value"}).data).differences == ()


def test_a_new_error_is_a_failure_and_an_old_one_is_not() -> None:
    new = Answer(500, (("Content-Type", "application/json"),), b"{}")

    assert compared(from_exchange(recorded()), run(new), Redactor({}).data).failed
    assert not compared(from_exchange(recorded(answer=new)), run(new), Redactor({}).data).failed
    assert compared(from_file("a.json", BODY, None), run(new), Redactor({}).data).failed


def test_what_was_never_finished_is_compared_with_nothing() -> None:
    new = Answer(200, (("Content-Type", "application/json"),), b'{"action":{"name":"hangup"}}')
    unfinished = from_exchange(recorded(answer=None, ms=None, state=3))
    unanswered = from_exchange(recorded(answer=None, ms=5000.0, state=3))
    effect = Effect("cache", "set", "caller", 1.0, "x", 60)

    assert (unfinished.is_unfinished, unanswered.is_unfinished) == (True, False)
    assert compared(unfinished, run(new, effect), Redactor({}).data).differences == ()
    assert [found.text for found in compared(unanswered, run(new), Redactor({}).data).differences] == [
        "no answer -> status 200"
    ]


def test_effects_are_compared_when_they_were_recorded_and_not_otherwise() -> None:
    new = Answer(200, (("Content-Type", "application/json"),), b'{"action":{"name":"hangup"}}')
    effect = Effect("cache", "set", "caller", 1.0, "x", 60)

    assert compared(from_exchange(recorded()), run(new, effect), Redactor({}).data).differences == ()
    (found,) = compared(from_exchange(recorded(state=3)), run(new, effect), Redactor({}).data).differences
    assert found.path == "cache[caller]"


def test_a_status_that_changed_says_why() -> None:
    gone = Answer(404, (("Content-Type", "application/json"),), b"{}")
    (found,) = compared(from_exchange(recorded()), run(gone), Redactor({}).data).differences[:1]

    assert "ice has no handler any more" in found.text
