"""A call as a script: a real shell and a real curl send what was recorded, to the byte."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from devserver.recorder.curl import render
from devserver.recorder.exchange import Answer, Exchange, Request
from devserver.recorder.portable import PortableCall
from devserver.signing import verify

NOW = "2026-07-01T12:00:00.000Z"
KEY, SECRET = "app-key", "c2VjcmV0c2VjcmV0"
SVAML = b'{"instructions":[{"name":"say","text":"Hi"}],"action":{"name":"hangup"}}'

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@pytest.fixture
def received() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server, and what it was sent."""
    seen: list[dict[str, Any]] = []

    class Keep(BaseHTTPRequestHandler):
        def _keep(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append({"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body})
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(b"ok")

        do_GET = do_POST = do_PUT = do_HEAD = _keep  # noqa: N815 the library's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Keep) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()
        thread.join()


def exchange(body: bytes = b"{}", **fields: Any) -> Exchange:
    request = Request(
        fields.pop("method", "POST"),
        fields.pop("path", "/ice"),
        fields.pop("headers", (("Content-Type", "application/json"),)),
        body,
    )
    answer = fields.pop("answer", Answer(200, (), SVAML))
    return Exchange("a", 1_700_000_000.0, "c1", fields.pop("event", "ice"), "local", request, answer)


def script(*exchanges: Exchange, callid: str | None = "c1", secret: str | None = None) -> bytes:
    call = PortableCall(callid, list(exchanges))
    return b"".join(render(call, voice_app=KEY if secret else None, voice_secret=secret, now=NOW))


def run(text: bytes, url: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    file = tmp_path / "call.sh"
    file.write_bytes(text)
    found = shutil.which("curl")
    assert found is not None
    path = f"{Path(found).parent}:/usr/bin:/bin"
    return subprocess.run(
        ["sh", file], env={"FN_URL": url, "PATH": path, **environment}, capture_output=True, check=True, cwd=tmp_path
    )


def test_a_call_is_sent_in_order_as_it_was_received(received: tuple[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    url, seen = received
    headers = (("Content-Type", "application/json"), ("X-Empty", ""), ("X-Q", 'it\'s "$HOME" `id` \\ é'))
    ice = exchange(b'{"event":"ice","text":"it\'s \\"$HOME\\" `id` \\n"}\n', headers=headers)
    status = exchange(b"", method="GET", path="/status?a=[1]&b=%20'&c=../x", event=None, headers=())
    made = script(ice, status)
    done = run(made, url, tmp_path)
    assert done.stdout == b"ok\nok\n"
    assert [(each["method"], each["path"], each["body"]) for each in seen] == [
        ("POST", "/ice", ice.request.body),
        ("GET", "/status?a=[1]&b=%20'&c=../x", b""),
    ]
    names = {name.lower() for name, _ in seen[0]["headers"]}
    assert names == {"host", "content-type", "x-empty", "x-q", "content-length"}
    sent = dict(seen[0]["headers"])
    assert sent["X-Empty"] == ""
    assert sent["X-Q"].encode("latin-1").decode() == 'it\'s "$HOME" `id` \\ é'
    assert {name.lower() for name, _ in seen[1]["headers"]} == {"host"}


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x01\xff'\n",
        b"@/etc/passwd",
        b"'; touch owned; '",
        b"x" * 300_000,
        b"text\x1b[2J",
        b"END\nEND\n" + b"\xff",
        "ä\n\n".encode(),
        b"a\r\nb",
    ],
    ids=["binary", "at", "quotes", "large", "escape", "end", "umlaut", "line ends"],
)
def test_any_body_arrives_to_the_byte(body: bytes, received: tuple[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    url, seen = received
    run(script(exchange(body)), url, tmp_path)
    assert [each["body"] for each in seen] == [body]
    assert not (tmp_path / "owned").exists()


def test_callbacks_are_signed_when_the_project_has_a_voice_app(
    received: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    url, seen = received
    run(script(exchange(b'{"event":"ice"}', path="/v1/ice?x=1"), secret=SECRET), url, tmp_path)
    verdict = verify(
        key=KEY, secret=SECRET, method="POST", path="/v1/ice", body=seen[0]["body"], headers=dict(seen[0]["headers"])
    )
    assert verdict.ok, verdict.reason


def test_the_secret_of_basic_auth_is_taken_from_the_environment_and_is_not_in_the_script(
    received: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    url, seen = received
    made = script(exchange(b"", method="GET", event=None, headers=(("Authorization", "Basic [redacted]"),)))
    run(made, url, tmp_path, PROJECT_ID_API_KEY="k", PROJECT_ID_API_SECRET="s")
    assert dict(seen[0]["headers"])["Authorization"] == "Basic azpz"


def test_each_command_says_what_it_is_and_what_was_answered() -> None:
    lines = (
        script(exchange(), exchange(answer=None), exchange(event=None, answer=Answer(404, (), b"")))
        .decode()
        .splitlines()
    )
    assert [line for line in lines if line.startswith("# ")][-3:] == [
        "# 1. ice, 2023-11-14 22:13:20 UTC: answered say + hangup",
        "# 2. ice, 2023-11-14 22:13:20 UTC: not answered",
        "# 3. POST /ice, 2023-11-14 22:13:20 UTC: answered 404",
    ]
    assert any("personal data" in line for line in lines)


def test_what_came_from_outside_cannot_become_a_command(
    received: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    url, _ = received
    evil = "x\ntouch owned\r\u2028touch owned"
    made = script(exchange(event=None, path="/" + evil, method="GET"), callid=evil)
    run(made, url, tmp_path)
    assert not (tmp_path / "owned").exists()


def test_a_head_request_is_one(received: tuple[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    url, seen = received
    run(script(exchange(b"", method="HEAD", event=None)), url, tmp_path)
    assert [each["method"] for each in seen] == ["HEAD"]
