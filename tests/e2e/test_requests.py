"""What the function port answers: the contract of DESIGN 4, from outside."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from devserver.signing import sign
from tests.e2e.running import HELLO, Running, project

pytestmark = pytest.mark.e2e

FUNCTION = (
    HELLO.format(word="hello")
    + """
import logging
from devserver.runtime import PieSvamlBuilder, Response

auth = ["private"]

async def pie(context, event):
    print("value is", event.menu_result.value)
    logging.getLogger("mine").warning("careful")
    context.log.info("routed", to="sales")
    return PieSvamlBuilder().say(event.menu_result.value or "none").hangup().build()

async def illegal(context, request):
    return 1

def plain(context, request):
    return {"statusCode": 201, "headers": {"X-Mine": "yes"}, "body": {"method": request.method}}

async def echo(context, request):
    return Response(request.raw_body, headers={"Content-Type": "application/x-mine"})

async def nothing(context, request):
    return None

async def broken(context, request):
    return 1 / 0

async def private(context, request):
    return "secret"

async def conversation_webhook(context, request):
    return {"got": request.body}

async def smsStatus(context, request):
    return request.query

async def keep(context, request):
    await context.storage.write("a/b.txt", "stored")
    return [(await context.storage.read("a/b.txt")).decode(), await context.assets("hello.txt")]

async def database(context, request):
    import sqlite3
    with sqlite3.connect(context.database) as connection:
        connection.execute("create table if not exists t (x)")
        connection.execute("insert into t values (1)")
        return connection.execute("select count(*) from t").fetchone()[0]
"""
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("requests") / "demo", FUNCTION)
    (root / "assets").mkdir()
    (root / "assets" / "hello.txt").write_text("from assets")
    (root / "public").mkdir()
    (root / "public" / "page.html").write_text("<h1>page</h1>")
    return root


@pytest.fixture(scope="module")
def running(folder: Path) -> Any:
    one = Running(folder)
    yield one
    one.close()


def test_voice_callbacks_are_reached_by_path_with_any_prefix_and_at_the_root_by_event(running: Running) -> None:
    for path, body in (("/ice", {}), ("/v1/hooks/ICE", {}), ("/", {"event": "ice"}), ("/", {"Event": "ICE"})):
        answer = running.post(path, body)

        assert (answer.status, answer.said) == (200, "hello")
        assert answer.headers["Content-Type"] == "application/json"


def test_the_documented_curl_sample_without_an_event_is_answered(running: Running) -> None:
    sample = {
        "callid": "test-call",
        "cli": "+15551234567",
        "to": {"type": "number", "endpoint": "+15559876543"},
        "domain": "pstn",
        "originationType": "pstn",
    }

    assert running.post("/ice", sample).said == "hello"


@pytest.mark.parametrize("event", ["ace", "dice", "notify"])
def test_a_missing_optional_handler_is_an_empty_200_and_a_hint(running: Running, event: str) -> None:
    answer = running.post(f"/{event}")

    assert (answer.status, answer.body) == (200, b"")
    assert event in running.wait_for("callback", lambda told: told["name"] == event)["hint"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/ice", b"no json", 400),
        ("/ice", b"[1]", 400),
        ("/ice", b"", 400),
        ("/", b'{"event": "unknown"}', 400),
        ("/", b'{"unknownProperty": 1}', 400),
        ("/", b"no json", 400),
        ("/missing", b"{}", 404),
    ],
)
def test_what_is_no_callback_is_refused_in_one_sentence(running: Running, path: str, body: bytes, status: int) -> None:
    answer = running.post(path, body)

    assert answer.status == status
    assert answer.json["error"].endswith(".")


def test_a_miss_lists_the_routes_that_exist(running: Running) -> None:
    answer = running.get("/nowhere")

    assert answer.status == 404
    assert {"POST /ice", "POST /pie", "/plain", "/webhook/conversation"} <= set(answer.json["routes"])


def test_custom_handlers_are_named_by_the_last_segment(running: Running) -> None:
    assert running.post("/api/v2/plain").json == {"method": "POST"}
    assert running.get("/plain").status == 201
    assert running.get("/plain").headers["X-Mine"] == "yes"
    assert running.get("/sms-status?a=1&b=x%20y").json == {"a": "1", "b": "x y"}
    assert running.get("/sms_status").status == 200
    assert running.post("/webhook/conversation", {"x": 1}).json == {"got": {"x": 1}}


def test_bytes_go_in_and_out_unchanged(running: Running) -> None:
    body = bytes(range(256)) * 100
    answer = running.post("/echo", body, headers={"Content-Type": "application/octet-stream", "Content-Encoding": "x"})

    assert answer.body == body
    assert answer.headers["Content-Type"] == "application/x-mine"


def test_nothing_is_204(running: Running) -> None:
    assert running.get("/nothing").status == 204


def test_a_handler_that_fails_is_a_500_with_a_traceback_cut_at_our_frames(running: Running) -> None:
    answer = running.get("/broken")

    assert answer.status == 500
    assert "ZeroDivisionError" in answer.json["error"]
    assert "return 1 / 0" in answer.json["traceback"]
    assert "devserver" not in answer.json["traceback"]


def test_prints_and_logs_come_out_bound_to_their_request(running: Running) -> None:
    seen = len(running.events)
    running.post("/pie", {"callid": "c-77", "menuResult": {"type": "return", "value": "sales"}})
    identity = running.wait_for("callback", lambda told: told["callid"] == "c-77", after=seen)["id"]
    lines = [event for event in running.events[seen:] if event["event"] == "log" and event["id"] == identity]

    assert [(line["text"], line["level"]) for line in lines] == [
        ("value is sales", "info"),
        ("careful", "warning"),
        ("routed", "info"),
    ]
    assert {line["callid"] for line in lines} == {"c-77"}
    assert lines[2]["fields"] == {"to": "sales"}


def test_a_callback_is_told_with_who_called_and_what_was_answered(running: Running) -> None:
    running.post("/ice", {"callid": "c-1", "cli": "12015555555"})
    event = running.wait_for("callback", lambda told: told["callid"] == "c-1")

    assert (event["name"], event["callid"], event["from"]) == ("ice", "c-1", "+12015555555")
    assert (event["status"], event["answer"], event["findings"]) == (200, "say + hangup", [])
    assert event["ms"] > 0


def test_health_is_the_gateways_and_static_files_are_served(running: Running) -> None:
    assert running.get("/health").json["status"] == "ok"
    page = running.get("/page.html")
    assert (page.status, page.body) == (200, b"<h1>page</h1>")
    assert running.get("/%2e%2e/function.py").status == 404
    assert running.get("/.env").status == 404


def test_answers_name_no_version_and_say_where_the_recording_is(running: Running) -> None:
    answer = running.get("/plain")

    assert answer.headers["Server"] == "fn"
    assert len(answer.headers["X-Fn-Exchange"]) == 26
    assert answer.headers["X-Fn-Generation"] == "1"


def test_backends_work(running: Running, folder: Path) -> None:
    assert running.get("/keep").json == ["stored", "from assets"]
    assert (folder / "storage" / "a" / "b.txt").read_text() == "stored"
    assert running.get("/database").json == 1
    assert (folder / "data" / "function.db").exists()


def test_eleven_megabytes_are_413_and_ten_are_taken(running: Running) -> None:
    assert running.post("/echo", b"x" * (11 * 1024 * 1024)).status == 413
    body = b"x" * (10 * 1024 * 1024)
    assert running.post("/echo", body).body == body


def test_a_chunked_body_over_the_limit_is_413(running: Running) -> None:
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=20)
    chunk = b"x" * (1024 * 1024)
    try:
        connection.request("POST", "/echo", body=iter([chunk] * 11), encode_chunked=True)
        assert connection.getresponse().status == 413
    finally:
        connection.close()


def test_expect_100_continue_is_answered(running: Running) -> None:
    parts = urlsplit(running.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as client:
        head = "POST /ice HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"{}")
        answer = b""
        while data := client.recv(65536):
            answer += data

    assert answer.startswith(b"HTTP/1.1 200")


def test_garbage_instead_of_http_is_400_and_hurts_nobody(running: Running) -> None:
    parts = urlsplit(running.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as client:
        client.sendall(b"\x16\x03\x01 not http at all\r\n\r\n")
        assert b" 400 " in client.recv(65536)

    assert running.word() == "hello"


def test_too_long_headers_are_refused_without_a_traceback(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo"))

    assert running.get("/status", headers={"X-Long": "x" * 100_000}).status in {400, 431}
    assert running.word() == "hello"
    running.stop()
    assert running.errors == ""


def test_auth_is_open_locally_without_credentials(running: Running) -> None:
    assert running.get("/private").body == b"secret"


def test_auth_is_enforced_with_credentials(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION))
    running.save("PROJECT_ID_API_KEY=key-id\nPROJECT_ID_API_SECRET=key-secret\n", ".env")
    good = base64.b64encode(b"key-id:key-secret").decode()

    assert running.get("/private").status == 401
    assert running.get("/private", headers={"Authorization": "Basic bm86bm8="}).status == 401
    assert running.get("/private", headers={"Authorization": f"Basic {good}"}).body == b"secret"
    assert running.get("/plain").status == 201
    assert running.get("/health").status == 200


KEY, SECRET = "669E367E-6BBA-48AB-AF15-266871C28135", "BeIukql3pTKJ8RGL5zo0DA=="


@pytest.fixture
def signed(start: Callable[..., Running], tmp_path: Path) -> Running:
    folder = project(tmp_path / "demo", FUNCTION, voiceApp=KEY)
    (folder / ".env").write_text(f"VOICE_APPLICATION_SECRET={SECRET}\n")
    return start(folder)


def headers_for(body: bytes, path: str = "/ice", content_type: str = "application/json") -> dict[str, str]:
    stamp = "2024-01-19T09:19:28.9372196Z"
    value = sign(
        key=KEY, secret=SECRET, method="POST", path=path, body=body, content_type=content_type, timestamp=stamp
    )
    return {"Authorization": value, "x-timestamp": stamp, "Content-Type": content_type}


def test_a_right_signature_passes_and_so_does_none_at_all(signed: Running) -> None:
    body = json.dumps({"event": "ice", "callid": "c"}).encode()

    assert signed.post("/ice", body, headers=headers_for(body)).said == "hello"
    assert signed.post("/ice", body).said == "hello"


def test_a_wrong_signature_is_refused_with_the_line_that_differs(signed: Running) -> None:
    body = b'{"event":"ice"}'

    other_path = signed.post("/v1/ice", body, headers=headers_for(body, path="/ice"))
    assert other_path.status == 401
    assert other_path.json["line"] == "path"

    other_type = headers_for(body, content_type="application/json; charset=utf-8") | {
        "Content-Type": "application/json"
    }
    answer = signed.post("/ice", body, headers=other_type)
    assert answer.status == 401
    assert answer.json["line"] == "content-type"

    wrong_body = signed.post("/ice", b'{"event":"ice" }', headers=headers_for(body))
    assert wrong_body.status == 401
    assert wrong_body.json["error"]


WEBSOCKET = (
    HELLO.format(word="x")
    + """
async def talk(ws, request):
    async for message in ws:
        await ws.send(message if isinstance(message, bytes) else message.upper())
        if message == "bye":
            return

def setup(runtime):
    runtime.on_websocket("/talk", talk)
    runtime.on_startup(started)
    runtime.on_shutdown(lambda context: print("going"))

async def started(context):
    await context.cache.set("started", context.generation)

async def began(context, request):
    return await context.cache.get("started")
"""
)


async def test_websockets_of_the_function_talk_and_hooks_run(start: Callable[..., Running], tmp_path: Path) -> None:
    from aiohttp import ClientSession, WSMsgType

    running = start(project(tmp_path / "demo", WEBSOCKET))
    assert running.get("/began").json == 1
    async with ClientSession() as client:
        async with client.ws_connect(f"{running.url}/talk") as ws:
            await ws.send_str("hello")
            assert await ws.receive_str() == "HELLO"
            await ws.send_bytes(b"\x00\x01")
            assert await ws.receive_bytes() == b"\x00\x01"
            await ws.send_str("bye")
            assert await ws.receive_str() == "BYE"
            assert (await ws.receive()).type is WSMsgType.CLOSE
        async with client.get(f"{running.url}/nowhere", headers={"Upgrade": "websocket"}) as response:
            assert response.status == 404
    running.save(WEBSOCKET.replace('"x"', '"y"'))
    assert running.get("/began").json == 2
    running.wait_for("log", lambda event: event["text"] == "going")
