"""What somebody can do who knows the public address of a session: make signed calls, and what the function declares."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.e2e.commands import recordings
from tests.e2e.leases import Session, command, free_port, machine
from tests.e2e.running import project
from tests.e2e.tunnels import ICE, Stranger, through
from tests.fakes.edge import EdgeProcess
from tests.fakes.processes import wait_until

pytestmark = pytest.mark.e2e

OTHER_SECRET = "AAAAAAAAAAAAAAAAAAAAAA=="

FUNCTION = """\
import pathlib
import time
from devserver.runtime import IceSvamlBuilder

auth = ["admin"]
here = pathlib.Path(__file__).parent
while (here / "wait").exists():
    time.sleep(0.02)

async def ice(context, event):
    (here / "ran").touch()
    return IceSvamlBuilder().say("hello").hangup().build()

async def pie(context, event):
    raise ValueError("a word that is nobody's business")

async def status(context, request):
    return {"word": "open"}

async def admin(context, request):
    return {"word": "closed"}
"""


@pytest.fixture(scope="module")
def exposed(edge_of_all: EdgeProcess, cloudflared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One session for all strangers."""
    folder = tmp_path_factory.mktemp("exposed")
    with machine(folder, **through(edge_of_all, cloudflared)) as here:
        project(folder / "demo", FUNCTION, dev={"spares": 0})
        (folder / "demo" / "public").mkdir()
        (folder / "demo" / "public" / "page.html").write_text("<p>hello</p>")
        session = here.start("--tunnel", "--yes")
        session.lease("taken")
        yield session


@pytest.fixture
def stranger(exposed: Session, edge_of_all: EdgeProcess) -> Stranger:
    return Stranger(edge_of_all, exposed.lease("taken")["url"])


def has_run(session: Session) -> bool:
    """Whether `ice` has run since this was asked last."""
    mark = session.folder / "ran"
    there = mark.exists()
    mark.unlink(missing_ok=True)
    return there


@pytest.mark.parametrize("path", ["/", "/ice", "/anything/before/ice"])
def test_a_signed_callback_is_answered_and_nothing_of_ours_goes_out_with_it(
    exposed: Session, stranger: Stranger, path: str
) -> None:
    answer = stranger.call(path)

    assert (answer.status, answer.said) == (200, "hello")
    assert has_run(exposed)
    # The edge says what it is itself; this is what comes out of the tunnel's own door.
    door = next(found for each in exposed.family() if (found := re.search(r"--url (http://[\d.:]+)", command(each))))
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{door[1]}/ice", b"{}", timeout=10)  # noqa: S310 our own address
    with refused.value, urlopen(f"{door[1]}/status", timeout=10) as good:  # noqa: S310 our own address
        for headers in (refused.value.headers, good.headers):
            assert {name.lower() for name in headers} <= {"content-type", "content-length", "date", "connection"}


@pytest.mark.parametrize("path", ["/", "/ice"])
def test_an_unsigned_or_wrongly_signed_callback_is_not_executed_and_the_developer_sees_why(
    exposed: Session, stranger: Stranger, path: str
) -> None:
    seen = len(exposed.events)
    unsigned = stranger.ask("POST", path, ICE)
    wrong = stranger.call(path, secret=OTHER_SECRET)

    assert (unsigned.status, wrong.status) == (401, 401)
    assert unsigned.body == wrong.body, "a stranger learns nothing of what was wrong"
    assert not has_run(exposed)
    shown = [exposed.wait_for("callback", lambda event: event["status"] == 401, seen)]
    assert shown[0]["source"] == "tunnel"
    listed = recordings(exposed.folder, "list")
    assert [(each["path"], each["status"], each["source"]) for each in listed[:2]] == [(path, 401, "tunnel")] * 2


def test_only_what_the_function_declares_passes(stranger: Stranger) -> None:
    assert stranger.ask("GET", "/status").json == {"word": "open"}
    assert stranger.ask("GET", "/page.html").body == b"<p>hello</p>"
    assert stranger.ask("GET", "/health").status == 200
    for path in ("/nothing", "/function.py", "/.env", "/sinch.json", "/.fn/session.json", "/public/../function.py"):
        refused = stranger.ask("GET", path)
        assert refused.status == 404, path
        assert b"status" not in refused.body, "the routes are not listed"


def test_basic_auth_fails_closed_without_credentials(exposed: Session, stranger: Stranger) -> None:
    assert stranger.ask("GET", "/admin").status == 401
    assert stranger.ask("GET", "/admin", headers={"Authorization": "Basic Og=="}).status == 401
    assert exposed.get("/admin").status == 401, "from this machine, too, while a tunnel is up"


def test_a_traceback_stays_at_home(exposed: Session, stranger: Stranger) -> None:
    answer = stranger.call("/pie", {"event": "pie", "callid": "c1"})

    assert answer.status == 500
    assert b"business" not in answer.body
    assert b"Traceback" not in answer.body
    assert b"function.py" not in answer.body
    assert b"business" in exposed.post("/pie", {"event": "pie", "callid": "c1"}).body


def test_console_and_local_sinch_cannot_be_reached(exposed: Session, stranger: Stranger) -> None:
    token = exposed.ready["console"].partition("?token=")[2]
    bearer = {"Authorization": f"Bearer {token}"}
    hosts = ["", *(urlsplit(exposed.ready[name]).netloc for name in ("console", "cloud"))]
    for host in hosts:
        for path in (
            f"/api/session?token={token}",
            "/api/recordings",
            "/calling/v1/callouts",
            "/v1/configuration/numbers",
        ):
            for method in ("GET", "POST"):
                assert stranger.ask(method, path, {} if method == "POST" else None, bearer, host).status in {401, 404}


def test_verified_calls_are_announced_once_and_open_routes_are_named(exposed: Session, stranger: Stranger) -> None:
    stranger.call()
    stranger.call()

    warnings = [event["text"] for event in exposed.events if event["event"] == "log" and event["level"] == "warning"]
    assert len([text for text in warnings if "real calls reach this machine now" in text]) == 1
    assert len([text for text in warnings if "/status" in text and "Anybody" in text]) == 1


def test_with_allow_unsigned_what_has_no_signature_runs_and_what_has_a_wrong_one_does_not(
    edge: EdgeProcess, cloudflared: Path, tmp_path: Path
) -> None:
    with machine(tmp_path, **through(edge, cloudflared)) as here:
        project(tmp_path / "demo", FUNCTION, dev={"spares": 0})
        session = here.start("--tunnel", "--yes", "--allow-unsigned")
        stranger = Stranger(edge, session.lease("taken")["url"])

        assert stranger.ask("POST", "/ice", ICE).said == "hello"
        assert has_run(session)
        assert stranger.call("/ice", secret=OTHER_SECRET).status == 401
        assert not has_run(session)


def test_with_an_address_of_ones_own_the_door_is_closed_from_the_first_request_on(tmp_path: Path) -> None:
    with machine(tmp_path) as here, ThreadPoolExecutor(1) as pool:
        demo = project(tmp_path / "demo", FUNCTION, dev={"spares": 0})
        (demo / "wait").touch()
        port = free_port()
        early = pool.submit(while_it_loads, port, demo / "wait")
        session = here.start("--yes", "--port", str(port), "--public-url", f"http://127.0.0.1:{port}")

        assert early.result() == 401
        assert not has_run(session)


def while_it_loads(port: int, wait: Path) -> int:
    """The status for an unsigned callback that came before the function was there."""
    ice = json.dumps(ICE).encode()
    head = f"POST /ice HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(ice)}\r\n\r\n"
    with socket.socket() as client:
        wait_until(lambda: client.connect_ex(("127.0.0.1", port)) == 0, "nobody listens")
        client.sendall(head.encode() + ice)
        wait.unlink()
        return int(client.recv(4096).split()[1])
