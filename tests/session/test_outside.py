from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSCloseCode, WSMsgType, WSServerHandshakeError

from devserver.recorder.shapes import detail
from devserver.session import bodies, limits
from tests.session.public_session import (
    FUNCTION,
    KEY,
    PATIENCE,
    SECRET,
    TOKEN,
    VARIABLES,
    Answer,
    PublicSession,
    make_project,
    public_session,
    signature,
)

ICE = {"event": "ice", "callid": "c1"}
OTHER_SECRET = "c2VjcmV0IG9mIHNvbWVib2R5IGVsc2U="
UNAUTHORIZED = {"error": "The signature is missing or wrong."}
NOT_FOUND = {"error": "Not found."}


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[PublicSession]:
    async with public_session(make_project(tmp_path / "demo")) as running:
        yield running


def is_nameless(answer: Answer) -> bool:
    """No header of ours, and nothing that names a product or a version."""
    return not any(name.lower().startswith("x-fn") or name.lower() == "server" for name in answer.headers)


# --- what passes ------------------------------------------------------------------------------------------------


async def test_declared_routes_and_signed_callbacks_pass(session: PublicSession) -> None:
    status, ice = await session.get("/status"), await session.call()

    assert (status.status, ice.status) == (200, 200)
    assert ice.json["instructions"][0]["text"] == "hello"
    assert is_nameless(status)
    assert is_nameless(ice)
    assert (await session.told("/status"))["source"] == "tunnel"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("POST", "/"), ("GET", "/"), ("GET", "/ice"), ("POST", "/pie"), ("GET", "/.env")],
)
async def test_anything_else_is_not_found_and_told_with_its_reason(
    session: PublicSession, method: str, path: str
) -> None:
    answer = await session.send(session.public + path, method, None if method == "GET" else {"event": "no"})
    told = await session.told(path)

    assert (answer.status, answer.json) == (404, NOT_FOUND)
    assert is_nameless(answer)
    assert told["error"]["kind"] == "refused"
    assert len(told["error"]["text"]) > len("Not found.")
    assert (await session.recorded(told["id"]))["response"]["status"] == 404


async def test_callbacks_that_need_no_handler_are_answered_like_in_production(session: PublicSession) -> None:
    answer = await session.call("/dice", {"event": "dice", "callid": "c1"})

    assert (answer.status, answer.body) == (200, b"")


async def test_files_of_public_are_served_and_others_are_not(session: PublicSession) -> None:
    public = session.engine.project.root / "public"
    public.mkdir()
    (public / "index.html").write_text("<p>hi")
    (public / ".hidden").write_text("no")

    assert (await session.get("/index.html")).body == (await session.get("/")).body == b"<p>hi"
    assert is_nameless(await session.get("/index.html"))
    for path in ("/.hidden", "/../function.py", "/%2e%2e/function.py", "/function.py"):
        assert (await session.get(path)).status == 404


async def test_health_says_outside_only_that_we_are_there(session: PublicSession) -> None:
    answer = await session.get("/health")

    assert answer.json == {"status": "ok"}
    assert is_nameless(answer)
    assert "generation" in (await session.send(f"{session.local}/health")).json


async def test_registered_websockets_pass_and_others_do_not(session: PublicSession) -> None:
    async with session.client.ws_connect(f"{session.public}/echo") as socket:
        assert "Server" not in socket._response.headers
        await socket.send_str("hi")
        assert await socket.receive_str() == "hi"
    with pytest.raises(WSServerHandshakeError) as refused:
        await session.client.ws_connect(f"{session.public}/other")
    assert refused.value.status == 404


async def test_a_route_that_was_just_saved_is_there(session: PublicSession) -> None:
    assert (await session.get("/fresh")).status == 404
    (session.engine.project.root / "function.py").write_text(
        f"{FUNCTION}\n\nasync def fresh(context, request):\n    return 'new'\n"
    )

    assert (await session.get("/fresh")).body == b"new"


async def test_the_proof_is_answered_before_everything_else_and_leaves_no_trace(tmp_path: Path) -> None:
    probe = {"/proof": b"me"}.get
    async with public_session(make_project(tmp_path / "demo"), probe=probe, prefix="/dev") as session:
        answers = [await session.get(path) for path in ("/proof", "/dev/proof", "/proof?x=1")]

        assert [(answer.status, answer.body) for answer in answers] == [(200, b"me")] * 3
        assert answers[0].headers["Content-Type"].startswith("text/plain")
        assert is_nameless(answers[0])
        assert (await session.send(f"{session.public}/proof", "POST", b"{}")).status == 404
        await session.told("/proof")
        assert [event["method"] for event in session.events if event.get("path") == "/proof"] == ["POST"]


# --- signatures -------------------------------------------------------------------------------------------------


async def ran(session: PublicSession) -> bool:
    return (await session.send(f"{session.local}/status")).json["ran"] is not None


async def test_an_unsigned_callback_is_shown_and_recorded_and_not_executed(session: PublicSession) -> None:
    answer = await session.send(f"{session.public}/ice", "POST", ICE)
    told = await session.told("/ice")

    assert (answer.status, answer.json) == (401, UNAUTHORIZED)
    assert is_nameless(answer)
    assert told["name"] == "ice"
    assert told["error"] == {"kind": "refused", "text": "The request has no Authorization header.", "traceback": ""}
    recorded = await session.recorded(told["id"])
    assert json.loads(recorded["request"]["body"]) == ICE
    assert recorded["error"]["kind"] == "refused"
    assert not await ran(session)


async def test_a_wrong_signature_is_refused_and_only_the_developer_learns_why(session: PublicSession) -> None:
    body = json.dumps(ICE).encode()
    answer = await session.send(f"{session.public}/ice", "POST", body, **signature("/", body))

    assert (answer.status, answer.json) == (401, UNAUTHORIZED)
    assert "wrong in the line path" in (await session.told("/ice"))["error"]["text"]
    assert not await ran(session)


@pytest.mark.parametrize(("secret", "status"), [(None, 200), (SECRET, 200), (OTHER_SECRET, 401)])
async def test_allowing_unsigned_callbacks_does_not_allow_wrong_ones(
    tmp_path: Path, secret: str | None, status: int
) -> None:
    async with public_session(make_project(tmp_path / "demo"), allow_unsigned=True) as session:
        if secret is None:
            answer = await session.send(f"{session.public}/ice", "POST", ICE)
        else:
            answer = await session.call(secret=secret)
        assert answer.status == status
        assert await ran(session) == (status == 200)


async def test_without_a_voice_app_nothing_can_be_verified_and_the_reason_says_what_to_set(tmp_path: Path) -> None:
    async with public_session(make_project(tmp_path / "demo", variables={})) as session:
        answer = await session.call()

        assert (answer.status, answer.json) == (401, UNAUTHORIZED)
        said = (await session.told("/ice"))["error"]["text"]
        for word in ("VOICE_APPLICATION_KEY", "VOICE_APPLICATION_SECRET", "--allow-unsigned"):
            assert word in said
        session.exposure.allow_unsigned = True
        assert (await session.call()).status == 200


async def test_the_application_of_the_local_sinch_verifies_for_a_project_that_has_none(tmp_path: Path) -> None:
    async with public_session(make_project(tmp_path / "demo", variables={}), application=(KEY, SECRET)) as session:
        assert (await session.call()).status == 200
        assert (await session.call(secret=OTHER_SECRET)).status == 401


async def test_the_application_of_the_project_comes_first(tmp_path: Path) -> None:
    async with public_session(make_project(tmp_path / "demo"), application=(KEY, OTHER_SECRET)) as session:
        assert (await session.call()).status == 200
        assert (await session.call(secret=OTHER_SECRET)).status == 401


@pytest.mark.parametrize(
    ("received", "signed", "path"),
    [
        ("/ice", "/dev/ice", "/ice"),  # the proxy takes the prefix off
        ("/dev/ice", "/dev/ice", "/dev/ice"),  # it leaves it there; the last segment is the route
        ("/", "/dev/", "/"),
        ("/", "/dev", "/"),  # the callback that we set, without the prefix
        ("/dev", "/dev", "/"),
        ("/dev/", "/dev/", "/"),
        ("/dev?a=b", "/dev", "/?a=b"),
    ],
)
async def test_below_a_prefix_the_public_path_is_signed_and_the_functions_path_is_recorded(
    tmp_path: Path, received: str, signed: str, path: str
) -> None:
    async with public_session(make_project(tmp_path / "demo"), prefix="/dev") as session:
        answer = await session.call(received, over=signed)

        assert answer.status == 200
        assert answer.json["action"]["name"] == "hangup"
        told = await session.told(path)
        assert (await session.recorded(told["id"]))["request"]["path"] == path


async def test_a_route_with_the_name_of_the_prefix_goes_before(tmp_path: Path) -> None:
    function = f"{FUNCTION}\n\nasync def dev(context, request):\n    return 'mine'\n"
    async with public_session(make_project(tmp_path / "demo", function), prefix="/dev") as session:
        assert (await session.get("/dev")).body == b"mine"
        assert (await session.get("/dev/health")).json == {"status": "ok"}
        assert (await session.get("/dev/status")).json["target"] == "/dev/status"
        async with session.client.ws_connect(f"{session.public}/dev/echo") as socket:
            await socket.send_str("hi")
            assert await socket.receive_str() == "hi"


async def test_the_first_verified_callback_warns_once_that_real_calls_come_in(session: PublicSession) -> None:
    await session.send(f"{session.public}/ice", "POST", ICE)
    await session.told("/ice")
    assert not any("real calls" in text for text in session.warnings())

    for _ in range(2):
        await session.call()
    warned = [text for text in session.warnings() if "real calls reach this machine now" in text]
    assert len(warned) == 1
    assert "until fn dev stops" in warned[0]


# --- where a request comes from ---------------------------------------------------------------------------------


async def test_a_claim_is_never_believed_on_the_door_of_the_tunnel(session: PublicSession) -> None:
    ours = {"X-Fn-Source": "simulator", "X-Fn-Token": TOKEN}
    answer = await session.send(f"{session.public}/ice", "POST", ICE, **ours)
    told = await session.told("/ice")

    assert (answer.status, told["source"]) == (401, "tunnel")
    names = {name.lower() for name in (await session.recorded(told["id"]))["request"]["headers"]}
    assert "content-type" in names
    assert not names & {"x-fn-source", "x-fn-token"}


async def test_marks_of_a_proxy_on_the_function_port_count_while_a_tunnel_is_wanted(session: PublicSession) -> None:
    mark = {"X-Forwarded-For": "192.0.2.1"}
    refused = await session.send(f"{session.local}/ice", "POST", ICE, **mark)
    session.exposure.open = False
    answered = await session.send(f"{session.local}/ice", "POST", ICE, **mark)

    assert (refused.status, refused.json) == (401, UNAUTHORIZED)
    assert answered.status == 200


async def test_requests_of_this_machine_are_as_ever_while_a_tunnel_is_open(session: PublicSession) -> None:
    answer = await session.send(f"{session.local}/ice", "POST", ICE)
    broken = await session.send(f"{session.local}/broken")

    assert answer.status == 200
    assert answer.headers["X-Fn-Generation"] == "1"
    assert "Traceback" in broken.json["traceback"]
    assert "routes" in (await session.send(f"{session.local}/nothing")).json
    assert (await session.told("/ice"))["source"] == "local"


async def test_with_a_proxy_of_the_users_only_the_token_tells_us_apart(tmp_path: Path) -> None:
    async with public_session(make_project(tmp_path / "demo"), own_proxy=True) as session:
        plain = await session.send(f"{session.local}/ice", "POST", ICE)
        ours = {"X-Fn-Source": "simulator", "X-Fn-Token": TOKEN}
        simulated = await session.send(f"{session.local}/ice?sim", "POST", ICE, **ours)
        body = json.dumps(ICE).encode()
        signed = await session.send(f"{session.local}/ice", "POST", body, **signature("/ice", body))

        assert (plain.status, plain.json, is_nameless(plain)) == (401, UNAUTHORIZED, True)
        assert (simulated.status, signed.status) == (200, 200)
        assert (await session.told("/ice?sim"))["source"] == "simulator"
        said = (await session.told("/ice"))["error"]["text"]
        for word in ("--public-url", "`fn call`", "`fn trigger`", "--allow-unsigned"):
            assert word in said


async def test_what_bears_the_mark_of_a_proxy_needs_no_explanation_of_the_port(tmp_path: Path) -> None:
    async with public_session(make_project(tmp_path / "demo"), own_proxy=True) as session:
        await session.send(f"{session.local}/ice", "POST", ICE, Via="1.1 nginx")

        assert "fn call" not in (await session.told("/ice"))["error"]["text"]


# --- what stays home --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/broken", 500, {"error": "`broken` failed."}),
        ("/die", 502, {"error": "The function failed."}),
        ("/admin", 401, {"error": "/admin needs Basic auth."}),
    ],
)
async def test_a_stranger_learns_that_it_failed_and_not_how(
    session: PublicSession, path: str, status: int, body: dict[str, Any]
) -> None:
    answer = await session.get(path)

    assert (answer.status, answer.json) == (status, body)
    assert is_nameless(answer)


async def test_the_developer_learns_how(session: PublicSession) -> None:
    await session.get("/broken")

    assert "a secret of mine" in (await session.told("/broken"))["error"]["traceback"]


async def test_a_handler_that_is_too_slow_names_neither_itself_nor_the_limit(tmp_path: Path) -> None:
    text = f"{FUNCTION}\n\nasync def slow(context, request):\n    import asyncio\n    await asyncio.sleep(60)\n"
    folder = make_project(tmp_path / "demo", text)
    (folder / "sinch.json").write_text('{"name": "demo", "dev": {"spares": 0, "deadline": 0.2}}')
    async with public_session(folder) as session:
        answer = await session.get("/slow")

        assert (answer.status, answer.json) == (504, {"error": "The function took too long."})
        assert "0.2 s" in (await session.told("/slow"))["error"]["text"]


async def test_code_that_cannot_be_loaded_is_nobodys_business(tmp_path: Path) -> None:
    async with public_session(make_project(tmp_path / "demo", "raise ValueError('mine')\n")) as session:
        ice, status = await session.call(), await session.get("/status")

        assert (ice.status, ice.json) == (500, {"error": "The function failed."})
        assert (status.status, status.json) == (404, NOT_FOUND)
        assert "mine" in (await session.told("/ice"))["error"]["text"]


async def test_what_is_no_http_is_refused_without_a_name(session: PublicSession) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", session.public_port)
    writer.write(b"GET / HTTP/9.9 \x00\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.")
    assert b"400" in answer.splitlines()[0]
    assert b"server:" not in answer.lower()
    assert b"aiohttp" not in answer.lower()


@pytest.mark.parametrize("door", ["public", "local"])
@pytest.mark.parametrize(
    ("framing", "part"), [(b"Content-Length: 50", b"abc"), (b"Transfer-Encoding: chunked", b"5\r\nabc")]
)
async def test_who_hangs_up_in_the_middle_of_a_body_is_no_news(
    session: PublicSession, caplog: pytest.LogCaptureFixture, door: str, framing: bytes, part: bytes
) -> None:
    url = session.public if door == "public" else session.local
    _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(b"POST /ice HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n\r\n" + part)
    await session.get("/health")  # it has been read by now
    writer.transport.abort()

    assert (await session.get("/status")).status == 200
    assert caplog.records == []
    assert not [event for event in session.events if event.get("path") == "/ice"]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b"GET http://example.com/status?a=b", "/status?a=b"),
        (b"GET http://example.com", "/"),
        (b"CONNECT @example.com:80", "/"),
    ],
)
async def test_of_an_address_in_place_of_a_path_only_the_path_is_taken(
    session: PublicSession, line: bytes, path: str
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", session.public_port)
    writer.write(line + b" HTTP/1.1\r\nHost: example.com\r\n\r\n")
    told = await session.told(path)
    writer.close()
    await writer.wait_closed()

    assert (await session.recorded(told["id"]))["request"]["path"] == path


# --- pages of other sites, without a tunnel ---------------------------------------------------------------------


@pytest.fixture
async def at_home(tmp_path: Path) -> AsyncIterator[PublicSession]:
    project = make_project(tmp_path / "demo")
    (project / "sinch.json").write_text('{"name": "demo", "dev": {"spares": 0, "hosts": ["fn.test"]}}')
    async with public_session(project, open=False) as running:
        yield running


@pytest.mark.parametrize(
    "headers", [{"Host": "rebound.example.com:3000"}, {"Origin": "https://example.com"}, {"Origin": "null"}]
)
async def test_a_page_of_another_site_is_refused_and_told_and_nothing_runs(
    at_home: PublicSession, headers: dict[str, str]
) -> None:
    refused = await at_home.send(f"{at_home.local}/ice", "POST", ICE, **headers)
    told = await at_home.told("/ice")
    status = await at_home.send(f"{at_home.local}/status")

    assert refused.status == 403
    assert "dev.hosts" in refused.json["error"]
    assert told["error"]["text"] == refused.json["error"]
    assert (await at_home.recorded(told["id"]))["response"]["status"] == 403
    assert status.json["ran"] is None


async def test_a_rebound_page_learns_nothing_of_the_code_from_health_and_gets_no_websocket(
    at_home: PublicSession,
) -> None:
    rebound = {"Host": "rebound.example.com"}
    health = await at_home.send(f"{at_home.local}/health", **rebound)

    assert (health.status, health.json) == (200, {"status": "ok"})
    for headers in (rebound, {"Origin": "https://example.com"}):
        with pytest.raises(WSServerHandshakeError) as refused:
            await at_home.client.ws_connect(f"{at_home.local}/echo", headers=headers)
        assert refused.value.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "host.docker.internal:3000"},
        {"Host": "fn.test"},
        {"Origin": "http://localhost:5173"},
        {"Origin": "https://fn.test"},
        {"Host": "old.trycloudflare.com", "X-Fn-Token": TOKEN},
    ],
)
async def test_containers_names_of_the_users_and_our_own_commands_are_answered(
    at_home: PublicSession, headers: dict[str, str]
) -> None:
    assert (await at_home.send(f"{at_home.local}/ice", "POST", ICE, **headers)).status == 200


async def test_a_page_that_asks_for_ever_does_not_fill_the_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_REFUSALS", 2)
    async with public_session(make_project(tmp_path / "demo"), open=False) as session:
        for _ in range(4):
            assert (await session.send(f"{session.local}/status", Host="a.example")).status == 403
        await session.told("/status")
        assert len([event for event in session.events if event["event"] == "request"]) == 2


# --- auth -------------------------------------------------------------------------------------------------------


async def test_auth_without_credentials_is_closed_for_everybody_while_a_tunnel_is_wanted(
    session: PublicSession,
) -> None:
    here = f"{session.local}/admin"
    closed = await session.send(here)
    session.exposure.open = False

    assert (closed.status, (await session.get("/admin")).status) == (401, 401)
    assert "PROJECT_ID_API_KEY" in closed.json["error"]  # who works here is told what to set
    assert (await session.send(here)).status == 200


async def test_auth_with_credentials_lets_those_in_who_have_them(tmp_path: Path) -> None:
    variables = {**VARIABLES, "PROJECT_ID_API_KEY": "key", "PROJECT_ID_API_SECRET": "a-secret"}
    async with public_session(make_project(tmp_path / "demo", variables=variables)) as session:
        right = {"Authorization": "Basic a2V5OmEtc2VjcmV0"}

        assert (await session.get("/admin", **right)).body == b"in"
        assert (await session.get("/admin")).status == 401


async def test_routes_that_anybody_can_reach_are_named_once_and_again_when_they_are_others(
    session: PublicSession,
) -> None:
    for _ in range(2):
        await session.get("/health")
        await session.get("/status")
    first = [text for text in session.warnings() if "Anybody" in text]
    text = FUNCTION.replace('auth = ["admin"]', 'auth = ["admin", "status"]')
    (session.engine.project.root / "function.py").write_text(text)
    await session.get("/broken")
    both = [text for text in session.warnings() if "Anybody" in text]

    assert len(first) == 1
    assert "/broken, /die, /echo_body, /status, /echo," in first[0]
    assert "/admin" not in first[0]
    assert len(both) == 2
    assert "/status" not in both[1]


# --- limits -----------------------------------------------------------------------------------------------------


async def test_two_hundred_strangers_at_once_keep_others_of_their_kind_out_and_nobody_here(
    session: PublicSession,
) -> None:
    crowd = []
    for _ in range(200):
        _, writer = await asyncio.open_connection("127.0.0.1", session.public_port)
        writer.write(b"POST /ice HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        crowd.append(writer)
    answer = await first_with(session, 503)

    assert answer.headers["Retry-After"] == "1"
    assert is_nameless(answer)
    assert (await session.send(f"{session.local}/ice", "POST", ICE)).status == 200
    assert len([text for text in session.warnings() if "at once" in text]) == 1
    for writer in crowd:
        writer.close()
        await writer.wait_closed()
    assert (await first_with(session, 200)).status == 200


async def first_with(session: PublicSession, status: int) -> Answer:
    """The first answer with this status, while others come and go."""
    async with asyncio.timeout(15), ClientSession() as client:
        while True:
            async with client.get(f"{session.public}/status") as response:
                if response.status == status:
                    return Answer(response.status, response.headers, await response.read())


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/ice", (1 << 20) + 1, 413),
        ("/", (1 << 20) + 1, 413),
        ("/ice", 1 << 20, 401),  # read, and then found to be unsigned
        ("/echo_body", 2 << 20, 200),
        ("/nothing", 1000, 404),
        ("/nothing", 2 << 20, 404),
    ],
)
async def test_a_body_may_be_as_large_as_what_it_is_for(
    session: PublicSession, path: str, size: int, status: int
) -> None:
    event = b'{"event": "ice", "x": "'
    body = event + b"x" * (size - len(event) - 2) + b'"}'
    assert (await session.send(session.public + path, "POST", body, Expect="100-continue")).status == status


async def test_a_callback_at_the_root_of_a_function_with_a_home_is_no_larger(tmp_path: Path) -> None:
    text = f"{FUNCTION}\n\nasync def home(context, request):\n    return len(request.raw_body)\n"
    async with public_session(make_project(tmp_path / "demo", text)) as session:
        large = "x" * (1 << 20)

        assert (await session.send(f"{session.public}/", "POST", {"event": "ice", "x": large})).status == 413
        assert (await session.send(f"{session.public}/", "POST", {"x": large})).status == 200


KEEPING = """

async def keep(context, request):
    import asyncio, pathlib
    context.log.info("has it")
    while not pathlib.Path("go").exists():
        await asyncio.sleep(0.01)
    return "done"
"""


async def test_bodies_in_hand_have_a_common_limit_of_bytes_that_keeps_no_callback_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_BODIES", 1)  # so that one of the largest is as much as there may be
    project = make_project(tmp_path / "demo", FUNCTION + KEEPING)
    (project / "sinch.json").write_text('{"name": "demo", "dev": {"spares": 0, "bodyLimit": 1048576}}')
    whole = b"x" * (1 << 20)
    async with public_session(project) as session:
        kept = asyncio.create_task(session.send(f"{session.public}/keep", "POST", whole))
        await session.until(lambda event: event.get("text") == "has it")
        refused = [await session.send(f"{session.public}/echo_body", "POST", whole) for _ in range(2)]

        assert [(each.status, each.headers["Retry-After"]) for each in refused] == [(503, "1")] * 2
        assert all(map(is_nameless, refused))
        assert not [event for event in session.events if event.get("path") == "/echo_body"]
        assert (await session.call()).status == 200
        assert (await session.send(f"{session.public}/echo_body", "POST", b"x" * 60_000)).status == 200
        assert (await session.send(f"{session.local}/echo_body", "POST", whole)).status == 200
        assert len([text for text in session.warnings() if "bodies from outside" in text]) == 1
        (project / "go").touch()
        assert (await kept).status == 200
        assert (await session.send(f"{session.public}/echo_body", "POST", whole)).status == 200


async def test_a_message_of_a_websocket_from_outside_may_have_a_megabyte(session: PublicSession) -> None:
    answers = []
    for address, size in ((session.public, 1_000_000), (session.local, 2_000_000), (session.public, 2_000_000)):
        async with session.client.ws_connect(f"{address}/echo", max_msg_size=0) as socket:
            await socket.send_bytes(bytes(size))
            answers.append(await socket.receive(PATIENCE))

    assert [each.type for each in answers] == [WSMsgType.BINARY, WSMsgType.BINARY, WSMsgType.CLOSE]
    assert answers[-1].data == WSCloseCode.MESSAGE_TOO_BIG


async def test_a_body_that_comes_byte_by_byte_has_an_end(
    session: PublicSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_SLOWEST", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", session.public_port)
    writer.write(b"POST /echo_body HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    answer = asyncio.create_task(reader.readline())
    async with asyncio.timeout(PATIENCE):
        while not answer.done():
            writer.write(b"x")
            await asyncio.wait({answer}, timeout=0.02)
    told = await session.told("/echo_body")
    writer.close()
    await writer.wait_closed()

    assert answer.result().startswith(b"HTTP/1.1 408")
    assert told["status"] == 408
    assert "did not arrive" in told["error"]["text"]


async def test_answers_to_strangers_are_recorded_as_long_as_there_is_room_and_signed_callbacks_always(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_UNSIGNED", 40_000)
    monkeypatch.setattr(limits, "_UNSIGNED_A_MINUTE", 60_000)
    async with public_session(make_project(tmp_path / "demo")) as session:
        (session.engine.project.root / "public").mkdir()
        (session.engine.project.root / "public" / "page").write_text("hello")
        for number in range(60):
            assert (await session.get(f"/{number}/status")).status == 200
        assert (await session.get("/page")).status == 200
        await session.call()
        page, ice = await session.told("/page"), await session.told("/ice")
        told = [event for event in session.events if event.get("path", "").endswith("/status")]
        recorded = [event for event in told if event.get("recorded", True)]

        assert len(told) == 60
        assert 10 < len(recorded) < 50
        assert recorded == told[: len(recorded)]
        assert page["recorded"] is False
        assert "recorded" not in ice
        assert len([text for text in session.warnings() if "not recorded until" in text]) == 1
        assert (await session.recorded(ice["id"]))["response"]["status"] == 200
        assert (await session.recorded(recorded[-1]["id"]))["response"]["status"] == 200
        assert await asyncio.to_thread(detail, session.engine.project.root / ".fn", told[-1]["id"]) is None


async def test_large_answers_to_strangers_count_as_what_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_UNSIGNED", 40_000)
    text = FUNCTION + "\n\nasync def large(context, request):\n    return 'x' * 50_000\n"
    async with public_session(make_project(tmp_path / "demo", text)) as session:
        first, second = await session.get("/large"), await session.get("/status")
        told = await session.told("/large"), await session.told("/status")

    assert (first.status, second.status) == (200, 200)
    assert [event.get("recorded", True) for event in told] == [True, False]


async def test_refusals_are_recorded_and_told_up_to_a_ration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_REFUSALS", 3)
    async with public_session(make_project(tmp_path / "demo")) as session:
        for number in range(5):
            assert (await session.get(f"/scan{number}")).status == 404
        await session.told("/scan2")

        assert [event["path"] for event in session.events if event["event"] == "request"] == [
            "/scan0",
            "/scan1",
            "/scan2",
        ]
        assert len([text for text in session.warnings() if "not recorded" in text]) == 1
