from __future__ import annotations

import asyncio
import json
import logging

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from devserver.cloud import app as app_module
from devserver.cloud.app import BODY_LIMIT, create_app, create_app_of
from tests.cloud.port import TTS, Platform

CALLOUTS = "/calling/v1/callouts"


async def test_a_port_without_products_says_that_nothing_is_here() -> None:
    async with (
        TestServer(create_app()) as server,
        ClientSession(server.make_url("/")) as client,
        client.post(CALLOUTS, json={}) as response,
    ):
        body = await response.json()

    assert response.status == 501
    assert body["errorCode"] == 50100
    assert f"POST {CALLOUTS}" in body["message"]
    assert body["operations"] == []


async def test_a_page_of_another_site_cannot_use_it(platform: Platform) -> None:
    for headers in ({"Host": "rebound.example.com"}, {"Origin": "https://example.com"}):
        reply = await platform.ask("POST", CALLOUTS, TTS, headers=headers)

        assert (reply.status, reply.code) == (403, 40300)
        assert "dev.hosts" in reply.body["message"]
    assert (await platform.ask("POST", CALLOUTS, TTS, headers={"Host": "host.docker.internal"})).status == 200


async def test_names_of_the_users_are_taken_as_they_are_now() -> None:
    names: list[list[str]] = [[], ["fn.test"]]
    async with (
        TestServer(create_app_of(tuple, lambda: names[0])) as server,
        ClientSession(server.make_url("/"), headers={"Host": "fn.test"}) as client,
    ):
        async with client.get(CALLOUTS) as before:
            pass
        names.pop(0)
        async with client.get(CALLOUTS) as after:
            pass

    assert (before.status, after.status) == (403, 501)


async def test_an_unknown_operation_is_501_and_lists_what_exists_without_asking_who_asks(platform: Platform) -> None:
    reply = await platform.send("GET", "/calling/v1/nothing")

    assert (reply.status, reply.code) == (501, 50100)
    assert "GET /calling/v1/nothing" in reply.body["message"]
    assert f"POST {CALLOUTS}" in reply.body["operations"]
    assert len(reply.body["operations"]) == 18


async def test_a_known_path_with_another_method_says_which_it_has(platform: Platform) -> None:
    reply = await platform.send("PUT", "/v1/configuration/numbers")

    assert reply.status == 501
    assert "This path has GET and POST and DELETE." in reply.body["message"]


async def test_a_body_over_the_limit_is_413(platform: Platform) -> None:
    reply = await platform.ask("POST", CALLOUTS, body=b" " * (BODY_LIMIT + 1))

    assert (reply.status, reply.code) == (413, 41300)


async def test_a_compressed_body_is_refused_since_a_signature_is_over_what_was_sent(platform: Platform) -> None:
    reply = await platform.ask("POST", CALLOUTS, TTS, headers={"Content-Encoding": "gzip"})

    # The library may notice first that it is no gzip; either way it is refused in one answer.
    assert reply.status in {400, 415}


async def test_a_body_that_never_arrives_is_408(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "_SLOWEST", 0.05)
    host, port = platform.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {CALLOUTS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{{".encode())

    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert head.startswith(b"HTTP/1.1 408")


async def test_a_bug_behind_an_operation_is_50000_and_is_logged_and_the_port_goes_on(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    platform.calls.broken = True
    with caplog.at_level(logging.ERROR, "devserver.cloud"):
        reply = await platform.ask("POST", CALLOUTS, TTS)
    platform.calls.broken = False

    assert (reply.status, reply.code) == (500, 50000)
    assert "the simulator has a bug" in caplog.text
    assert (await platform.ask("POST", CALLOUTS, TTS)).status == 200


async def test_state_that_cannot_be_read_is_50000_and_says_how_to_start_over(platform: Platform) -> None:
    (platform.recordings.parent / "cloud.db").write_bytes(b"this is no database, and it is long enough to be seen" * 20)
    reply = await platform.ask("GET", "/v1/configuration/numbers")

    assert (reply.status, reply.code) == (500, 50000)
    assert "fn cloud reset" in reply.body["message"]


async def test_every_error_has_a_number_a_sentence_and_a_new_reference(platform: Platform) -> None:
    first = await platform.ask("GET", "/calling/v1/calls/id/none")
    second = await platform.ask("GET", "/calling/v1/calls/id/none")

    assert list(first.body) == ["errorCode", "message", "reference"]
    assert first.body["reference"] != second.body["reference"]
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_a_request_line_with_the_whole_address_is_understood(platform: Platform) -> None:
    host, port = platform.url.removeprefix("http://").split(":")
    headers = platform.signed("GET", "/v1/configuration/numbers")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"GET {platform.url}/v1/configuration/numbers HTTP/1.1", f"Host: {host}:{port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())

    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "lines",
    [
        [b"GET /\xff\xfe HTTP/1.1", b"Host: localhost"],
        [b"GET /calling/v1/recording HTTP/1.1", b"Host: localhost", b"Authorization: B\xff\xfe x"],
        [b"POST /calling/v1/callouts HTTP/1.1", b"Host: localhost", b"Content-Encoding: \xff", b"Content-Length: 0"],
        [b"GET /v1/configuration/callbacks/applications/%FF HTTP/1.1", b"Host: \xff", b"Authorization: Basic \xff"],
        [b"GET http:// HTTP/1.1", b"Host: localhost"],
        [b"OPTIONS * HTTP/1.1", b"Host: localhost"],
        [b"nonsense"],
    ],
    ids=range(7),
)
async def test_bytes_that_are_no_text_are_refused_and_the_port_goes_on(platform: Platform, lines: list[bytes]) -> None:
    host, port = platform.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
    status = int((await reader.read()).split(b" ")[1])
    writer.close()

    assert status in {400, 401, 403, 415, 501}
    assert (await platform.ask("GET", "/v1/configuration/numbers")).status == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"   ", "is empty"),
        (b"{", "is not JSON"),
        (b"nonsense", "is not JSON"),
        (b"[]", "is a list"),
        (b"null", "is null"),
        (b'"text"', "is a string"),
        (b"\xff\xfe{}", "is not JSON"),
        (b'{"a": NaN}', "is not JSON"),
        (b'{"a": "\\ud800"}', ""),
        (json.dumps({"a": json.loads("[" * 40 + "]" * 40)}).encode(), "deep"),
        (b"[" * 100_000, ""),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "deep"),
        (b'{"method": ' + b"9" * 5000 + b"}", ""),
    ],
    ids=range(14),
)
async def test_a_body_that_cannot_be_used_is_400_with_one_sentence(platform: Platform, body: bytes, said: str) -> None:
    reply = await platform.ask("POST", CALLOUTS, body=body)

    assert reply.status == 400
    assert said in reply.body["message"]
