"""The log of ngrok's agent."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Request
from devserver.recorder.ngrok import read

RAW = b'POST /ice?x=1 HTTP/1.1\r\nHost: x.ngrok.app\r\nX-A: 1\r\nX-A: 2\r\n\r\n{"event":"ice","n":"\xff"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nok"


def entry(raw: bytes = RAW, answer: bytes | None = ANSWER, **fields: Any) -> dict[str, Any]:
    """An entry, as ngrok's documentation of its API shows one."""
    response = {"status": "200 OK", "status_code": 200, "proto": "HTTP/1.1", "headers": {}}
    return {
        "uri": "/api/requests/http/548fb5c700000002",
        "id": "548fb5c700000002",
        "tunnel_name": "command_line",
        "remote_addr": "192.0.2.1",
        "start": "2026-07-01T12:00:00+02:00",
        "duration": 3893202,
        "request": {
            "method": "POST",
            "proto": "HTTP/1.1",
            "headers": {"Host": ["x"]},
            "uri": "/ice?x=1",
            "raw": b64encode(raw).decode(),
        },
        "response": None if answer is None else response | {"raw": b64encode(answer).decode()},
        **fields,
    }


def log(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"uri": "/api/requests/http", "requests": entries}).encode()


def test_a_request_is_read_as_it_went_over_the_wire() -> None:
    found = read(log(entry()), "log.json")[0]
    headers = (("Host", "x.ngrok.app"), ("X-A", "1"), ("X-A", "2"))
    assert found.request == Request("POST", "/ice?x=1", headers, b'{"event":"ice","n":"\xff"}', "192.0.2.1")
    assert found.answer == Answer(200, (("Content-Type", "text/plain"),), b"ok")
    assert (found.at, found.source) == (1_782_900_000.0, "tunnel")
    assert found.ms == pytest.approx(3.893202)


def test_the_newest_comes_last() -> None:
    older = entry(RAW.replace(b"/ice", b"/pie"), start="2026-07-01T11:00:00+02:00")
    assert [found.request.body for found in read(log(entry(RAW + b"2"), older), "x")][1].endswith(b"2")


def test_a_body_that_was_sent_in_chunks_is_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"2;x=y\r\nok\r\nA\r\n0123456789\r\n0\r\n\r\n"
    for body, expected in ((chunks, b"ok0123456789"), (b"joined", b"joined"), (b"", b"")):
        answer = read(log(entry(answer=head + body)), "x")[0].answer
        assert answer is not None
        assert answer.body == expected


def test_a_request_without_an_answer_has_none() -> None:
    assert read(log(entry(answer=None)), "x")[0].answer is None


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"requests": []}',
        b'{"requests": [{"start"',
        log(entry(start="yesterday")),
        log(entry() | {"request": {"method": "POST", "uri": "/ice"}}),
        log(entry()).replace(b"UE9T", b"%%%%"),
    ],
    ids=["no log", "empty", "torn", "time", "without raw", "base64"],
)
def test_what_is_no_complete_log_is_told_in_a_sentence(text: bytes) -> None:
    with pytest.raises(FnError, match=r"^log\.json is") as caught:
        read(text, "log.json")
    assert "4040" in caught.value.hint
