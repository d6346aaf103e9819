"""The JSON of recordings: the fields that scripts rely on."""

from __future__ import annotations

from pathlib import Path

import msgspec

from devserver.recorder.exchange import Answer, Exchange, Request, Summary
from devserver.recorder.shapes import body_fields, detail, exchange_shape, header_object, iso, summaries, summary_shape

EXCHANGE = Exchange(
    id="01hf7yat000000000000000000",
    at=1_700_000_000.0625,
    callid="c1",
    event="ice",
    source="local",
    request=Request("POST", "/ice?a=1", (("Host", "h"), ("X-A", "1"), ("x-a", "2")), b'{"event":"ice"}', "127.0.0.1"),
    answer=Answer(200, (("Content-Type", "application/json"),), b"\xff\xfe"),
    ms=1.23456,
    generation=2,
)


def test_an_exchange_has_the_promised_fields() -> None:
    assert exchange_shape(EXCHANGE) == {
        "id": "01hf7yat000000000000000000",
        "callid": "c1",
        "event": "ice",
        "source": "local",
        "at": "2023-11-14T22:13:20.062Z",
        "ms": 1.235,
        "generation": 2,
        "remote": "127.0.0.1",
        "request": {
            "method": "POST",
            "path": "/ice?a=1",
            "headers": {"Host": "h", "X-A": "1, 2"},
            "body": '{"event":"ice"}',
        },
        "response": {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": "//4=",
            "body_encoding": "base64",
        },
        "findings": [],
        "logs": [],
        "error": None,
        "marks": [],
        "effects": [],
    }


def test_an_exchange_without_an_answer_has_none() -> None:
    assert exchange_shape(msgspec.structs.replace(EXCHANGE, answer=None, ms=None))["response"] is None


def test_a_summary_has_the_promised_fields() -> None:
    summary = Summary("i", "c1", "ice", "tunnel", "POST", "/ice", 200, 1_700_000_000.0, 2.5)
    assert summary_shape(summary) == {
        "id": "i",
        "callid": "c1",
        "event": "ice",
        "source": "tunnel",
        "method": "POST",
        "path": "/ice",
        "status": 200,
        "at": "2023-11-14T22:13:20.000Z",
        "ms": 2.5,
    }


def test_a_path_that_is_no_utf8_can_be_written_as_json() -> None:
    path = b"/\xff".decode("utf-8", "surrogateescape")
    shape = summary_shape(Summary("i", None, None, "local", "GET", path, None, 0.0, None))
    assert msgspec.json.decode(msgspec.json.encode(shape))["path"] == "/\ufffd"


def test_cookies_are_joined_by_line_breaks() -> None:
    assert header_object((("Set-Cookie", "a=1"), ("set-cookie", "b=2"))) == {"Set-Cookie": "a=1\nb=2"}


def test_a_body_is_text_when_it_can_be() -> None:
    assert body_fields("grüß".encode()) == {"body": "grüß"}
    assert body_fields(b"") == {"body": ""}


def test_times_are_utc_with_milliseconds() -> None:
    assert iso(0.0) == "1970-01-01T00:00:00.000Z"


def test_a_folder_without_recordings_gives_nothing(tmp_path: Path) -> None:
    assert summaries(tmp_path, 5) == []
    assert detail(tmp_path, "last") is None
