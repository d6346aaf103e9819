"""`fn trigger`: against a server of the tests' own, and against real sessions."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from devserver.cli.trigger import trigger
from devserver.errors import FnError
from devserver.signing import verify
from tests.e2e.commands import assert_one_sentence, listed, run
from tests.e2e.running import Running, project
from tests.fakes.voice_platform import KEY, SECRET

HANGUP = {"action": {"name": "hangup"}}


class Server:
    """A function somewhere on this machine, that keeps what it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: Any = HANGUP
        self.status = 200

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.method, request.raw_path, headers, await request.read()))
        return web.json_response(self.answer, status=self.status)

    @property
    def body(self) -> Any:
        return json.loads(self.asked[-1][3])


@pytest.fixture
def server() -> Iterator[Server]:
    server, started = Server(), Future[asyncio.Event]()

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ended = asyncio.Event()
        started.set_result(ended)
        await ended.wait()
        await runner.cleanup()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ended = started.result(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = project(tmp_path / "demo", voiceApp=KEY)
    (made / ".env").write_text(f"VOICE_APPLICATION_SECRET={SECRET}\n")
    return made


def send(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        trigger, [*arguments, "--dir", str(folder)], catch_exceptions=False, standalone_mode=False
    )


def test_a_callback_is_signed_and_says_when_it_was_sent(folder: Path, server: Server) -> None:
    done = send(folder, "ice", "--url", server.url, "--set", "cli=1202")

    ((method, path, headers, body),) = server.asked
    assert (method, path, headers["content-type"]) == ("POST", "/ice", "application/json; charset=utf-8")
    assert verify(key=KEY, secret=SECRET, method=method, path=path, body=body, headers=headers).ok
    assert (server.body["event"], server.body["cli"], server.body["applicationKey"]) == ("ice", "1202", KEY)
    assert not {"x-fn-source", "x-fn-token"} & set(headers)  # it is no session of ours
    assert done.return_value == 0
    assert done.output.startswith("ice ")
    assert f"hangup  call {server.body['callid']}" in done.output


def test_an_address_with_a_path_is_taken_to_the_letter(folder: Path, server: Server) -> None:
    send(folder, "pie", "--url", server.url + "/sinch/voice")

    assert server.asked[0][1] == "/sinch/voice"


def test_a_port_is_one_of_this_machine(folder: Path, server: Server) -> None:
    send(folder, "dice", "busy", "--port", server.url.rpartition(":")[2])

    assert (server.asked[0][1], server.body["result"]) == ("/dice", "BUSY")


def test_without_a_secret_it_is_sent_unsigned(folder: Path, server: Server) -> None:
    (folder / ".env").unlink()

    send(folder, "ice", "--url", server.url)

    assert "authorization" not in server.asked[0][2]


def test_each_has_a_call_of_its_own_unless_one_is_named(folder: Path, server: Server) -> None:
    for _ in range(2):
        send(folder, "ice", "--url", server.url)
    send(folder, "pie", "--url", server.url, "--set", "callid=one")

    first, second, third = (json.loads(asked[3])["callid"] for asked in server.asked)
    assert len({first, second}) == 2
    assert third == "one"


def test_json_has_everything(folder: Path, server: Server) -> None:
    server.answer = {"instructions": [{"name": "say", "text": "Hello"}], **HANGUP}

    done = send(folder, "ice", "--url", server.url, "--json")

    shape = json.loads(done.output)
    assert shape["request"] == server.body
    assert (shape["event"], shape["status"], shape["failed"]) == ("ice", 200, False)
    assert (shape["answer"], shape["heard"], shape["words"]) == (server.answer, ["Hello"], "say + hangup")
    assert (shape["callid"], shape["findings"], shape["error"]) == (server.body["callid"], [], None)
    assert shape["ms"] > 0


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ({"action": {"name": "transfer"}}, 200, "error: action"),
        ({}, 200, "error: "),
        ({"error": "no"}, 500, "failed (500)"),
        (HANGUP, 404, "failed (404)"),
    ],
    ids=["illegal", "nothing", "error", "not there"],
)
def test_a_function_that_fails_or_answers_what_is_not_legal_is_a_failure(
    folder: Path, server: Server, answer: Any, status: int, words: str
) -> None:
    server.answer, server.status = answer, status

    done = send(folder, "ice", "--url", server.url)

    assert done.return_value == 1
    assert words in done.output


def test_what_a_function_answers_cannot_move_the_cursor(folder: Path, server: Server) -> None:
    server.answer = {"instructions": [{"name": "say", "text": "\x1b[2J"}], **HANGUP}

    assert "\x1b" not in send(folder, "ice", "--url", server.url).output


@pytest.mark.parametrize(
    "address", ["https://example.com", "http://10.0.0.1:3000", "ftp://127.0.0.1", "127.0.0.1:3000"]
)
def test_what_is_signed_stays_on_this_machine(folder: Path, address: str) -> None:
    with pytest.raises(FnError, match="is not on this machine"):
        send(folder, "ice", "--url", address)


def test_nobody_at_that_address_is_one_sentence(folder: Path) -> None:
    with pytest.raises(FnError, match=r"127.0.0.1:9 does not answer"):
        send(folder, "ice", "--port", "9")


def test_a_body_may_come_from_a_file(folder: Path, server: Server) -> None:
    (folder / "mine.json").write_text('{"callid": "from-file", "cli": "1"}')

    send(folder, "ice", "--file", str(folder / "mine.json"), "--set", "cli=2", "--url", server.url)
    assert server.body == {"event": "ice", "callid": "from-file", "cli": "2"}

    for content, message in (("{", "is not JSON"), ("[]", "no JSON object"), ('{"event": "pie"}', "is no ice")):
        (folder / "mine.json").write_text(content)
        with pytest.raises(FnError, match=message):
            send(folder, "ice", "--file", str(folder / "mine.json"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say which callback"),
        (["ring"], "'ring' is not one of"),
        (["ice", "pstn", "--file", __file__], "not both"),
        (["ice", "--port", "1", "--url", "http://127.0.0.1"], "not both"),
    ],
    ids=["nothing", "unknown", "name and file", "port and url"],
)
def test_wrong_usage_is_said(folder: Path, arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(trigger, [*arguments, "--dir", str(folder)])

    assert done.exit_code == 2
    assert message in done.output


def test_the_catalogue_can_be_listed_without_a_project(tmp_path: Path) -> None:
    everything = send(tmp_path, "--list").output.splitlines()
    pies = json.loads(send(tmp_path, "pie", "--list", "--json").output)

    assert everything[0].split() == ["ice", "pstn", "somebody", "calls", "a", "rented", "number"]
    assert len(everything) > 30
    assert {each["event"] for each in pies} == {"pie"}
    assert pies[0]["body"]["menuResult"]["value"] == "sales"


# --- against real sessions ----------------------------------------------------------------------------------------

FUNCTION = """
from devserver.runtime import IceSvamlBuilder, PieSvamlBuilder

async def ice(context, event):
    await context.cache.set("caller", event.cli)
    context.log.info("called", by=event.cli)
    return IceSvamlBuilder().say(f"Hello {event.cli}.").hangup().build()

async def pie(context, event):
    return PieSvamlBuilder().say(f"{event.menu_result.value} for {await context.cache.get('caller')}").hangup().build()

async def dice(context, event):
    raise RuntimeError("oh no")

async def notify(context, event):
    await context.sms.batches.send_sms(to=["+1"], from_="+2", body="stored")
"""


@pytest.mark.e2e
def test_a_running_session_is_asked_and_records_a_simulator(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", FUNCTION, voiceApp=KEY)
    (folder / ".env").write_text(f"VOICE_APPLICATION_SECRET={SECRET}\n")
    running = Running(folder)
    try:
        ice = run("trigger", "ice", "--set", "cli=1202", "--dir", folder, "--json")
        pie = run("trigger", "pie", "--set", "menuResult.value=support", "--dir", folder, "--json")
        dice = run("trigger", "dice", "--dir", folder)

        shape = json.loads(ice.stdout)
        assert (ice.returncode, shape["heard"], shape["findings"]) == (0, ["Hello 1202."], [])
        assert shape["logs"][0]["text"] == "called"
        assert json.loads(pie.stdout)["heard"] == ["support for 1202"]  # the session's own cache
        assert dice.returncode == 1
        assert "failed (500)" in dice.stdout
        assert "RuntimeError: oh no" in dice.stdout
        assert {each["source"] for each in listed(folder)} == {"simulator"}
        assert running.wait_for("callback", lambda event: event["id"] == shape["id"])["source"] == "simulator"
    finally:
        running.close()


@pytest.mark.e2e
def test_without_a_session_one_is_made_for_it_that_touches_and_calls_nothing(tmp_path: Path) -> None:
    variables = {"PROJECT_ID": "p", "PROJECT_ID_API_KEY": "k", "SMS_SERVICE_PLAN_ID": "s"}
    folder = project(tmp_path / "demo", FUNCTION, variables=variables)
    (folder / ".env").write_text("PROJECT_ID_API_SECRET=not-a-secret\n")

    ice = run("trigger", "ice", "--dir", folder)
    notify = run("trigger", "notify", "--dir", folder, "--json")

    assert (ice.returncode, ice.stderr) == (0, "")
    assert 'heard: "Hello 12025550199."' in ice.stdout
    assert "| called" in ice.stdout
    assert notify.returncode == 1
    assert "OutboundRefused" in json.loads(notify.stdout)["error"]["text"]
    assert {each["source"] for each in listed(folder)} == {"simulator"}
    assert not (folder / ".fn" / "session.json").exists()
    assert list((folder / ".fn" / "scratch").iterdir()) == []


@pytest.mark.e2e
def test_code_that_cannot_be_loaded_is_one_sentence(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", "def ice(:\n")

    done = run("trigger", "ice", "--dir", folder)

    assert done.returncode == 1
    assert done.stderr.startswith("fn: ")
    assert "invalid syntax" in done.stderr
    assert "bug in fn" not in done.stderr


@pytest.mark.e2e
def test_a_name_that_is_not_there_is_one_sentence(folder: Path) -> None:
    assert_one_sentence(run("trigger", "dice", "tired", "--dir", folder), 1, "no dice of the name 'tired'")
