"""What is on the disk of what went through the function port: complete, durable, and without secrets."""

from __future__ import annotations

import json
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.commands import assert_one_sentence, listed, recordings, run, shown
from tests.e2e.running import HELLO, Running, project

pytestmark = pytest.mark.e2e

Start = Callable[..., Running]

FUNCTION = (
    HELLO.format(word="hello")
    + """
import asyncio
import logging
import os
import sqlite3

async def seen(context, request):
    with sqlite3.connect(".fn/recordings.db") as connection:
        found = connection.execute("select count(*) from request where id = ?", [context.request_id]).fetchone()
    return {"recorded": found[0]}

async def note(context, request):
    with open("seen.txt", "a") as file:
        file.write(context.request_id + "\\\\n")
    await asyncio.sleep(0.002)
    return "ok"

async def wait(context, event):
    print("waiting")
    await asyncio.sleep(3600)

async def talk(context, request):
    print("printed")
    logging.getLogger("mine").warning("careful")
    context.log.info("routed", to="sales")
    return {"spoken": True}

class Text(str):
    pass

async def odd(context, request):
    print("half a pair: \\\\ud83d")
    context.log.info("odd \\\\ud83d", big=10**30, bytes=b"\\\\xff", half="\\\\ud83d", thing={1}, text="mine", text_too=Text("t"))
    return "logged"

async def broken(context, request):
    numbers = []
    return numbers[7]

async def echo(context, request):
    return request.raw_body

async def leak(context, request):
    secret = context.config.require_variable("PASSWORD")
    awkward = context.config.require_variable("AWKWARD_TOKEN")
    print("it is", secret, "and", awkward)
    context.log.warning("told", secret=secret, awkward=awkward)
    if request.query.get("fail"):
        raise RuntimeError(f"cannot log in with {secret} or {awkward}")
    return {"statusCode": 200, "headers": {"Set-Cookie": f"session={secret}", "X-It": secret},
            "body": {"password": secret, "awkward": awkward}}
"""
).replace("\\\\", "\\")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One session for all tests that only add recordings and look at their own."""
    running = Running(project(tmp_path_factory.mktemp("recordings") / "demo", FUNCTION))
    yield running
    running.close()


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_the_list_has_the_promised_fields_newest_first_while_the_session_runs_and_after(running: Running) -> None:
    for number in range(3):
        running.post("/ice", {"callid": f"c-{number}"})
    running.get("/status?x=1")

    during = listed(running.folder)
    running.stop()
    after = listed(running.folder)

    assert during == after
    assert [each["callid"] for each in during] == [None, "c-2", "c-1", "c-0"]
    newest, ice = during[0], during[1]
    assert {"id", "callid", "event", "source", "path", "status", "at", "ms"} <= set(ice)
    assert (newest["event"], newest["source"], newest["path"], newest["status"]) == (None, "local", "/status?x=1", 200)
    assert (ice["event"], ice["source"], ice["path"], ice["status"]) == ("ice", "local", "/ice", 200)
    assert ice["ms"] > 0
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ice["at"])
    assert [each["id"] for each in during] == sorted((each["id"] for each in during), reverse=True)
    assert [each["callid"] for each in listed(running.folder, "--event", "ice", "--limit", "2")] == ["c-2", "c-1"]
    assert [each["callid"] for each in listed(running.folder, "--callid", "c-0")] == ["c-0"]


def test_one_recording_has_the_promised_shape(shared: Running) -> None:
    body = b'{"event": "ice",  "callid": "c-shape", "cli": "1555"}'
    exchange = shared.post("/ice?a=b", body, headers={"X-Mine": "yes"}).headers["X-Fn-Exchange"]

    found = shown(shared.folder, exchange)

    assert found["id"] == exchange
    assert {"id", "request", "response", "findings", "logs", "error"} <= set(found)
    request, response = found["request"], found["response"]
    assert (request["method"], request["path"], request["body"]) == ("POST", "/ice?a=b", body.decode())
    assert request["headers"]["X-Mine"] == "yes" or request["headers"]["X-mine"] == "yes"
    assert response["status"] == 200
    assert response["headers"]["Content-Type"] == "application/json"
    assert json.loads(response["body"])["instructions"][0]["text"] == "hello"
    assert (found["findings"], found["logs"], found["error"]) == ([], [], None)
    assert (found["callid"], found["event"], found["generation"]) == ("c-shape", "ice", 1)


def test_bytes_that_are_no_text_are_kept(shared: Running) -> None:
    body = bytes(range(256))
    shared.post("/echo", body, headers={"Content-Type": "application/octet-stream"})

    found = shown(shared.folder)

    for side in ("request", "response"):
        assert found[side]["body_encoding"] == "base64"
        assert b64decode(found[side]["body"]) == body


def test_log_lines_of_a_request_are_recorded_with_it(shared: Running) -> None:
    exchange = shared.get("/talk").headers["X-Fn-Exchange"]

    logs = shown(shared.folder, exchange)["logs"]

    assert [(line["level"], line["text"]) for line in logs] == [
        ("info", "printed"),
        ("warning", "careful"),
        ("info", "routed"),
    ]
    assert logs[2]["fields"] == {"to": "sales"}


def test_whatever_is_logged_is_recorded_and_fails_nothing(shared: Running) -> None:
    answer = shared.get("/odd")

    assert answer.body == b"logged"
    first, second = shown(shared.folder, answer.headers["X-Fn-Exchange"])["logs"]
    assert first["text"] == r"half a pair: \ud83d"
    assert second["text"] == r"odd \ud83d"
    assert second["fields"] == {
        "big": str(10**30),
        "bytes": r"b'\xff'",
        "half": r"\ud83d",
        "thing": "{1}",
        "text": "mine",
        "text_too": "t",
    }


def test_an_exception_is_recorded_with_its_traceback(shared: Running) -> None:
    exchange = shared.get("/broken").headers["X-Fn-Exchange"]

    found = shown(shared.folder, exchange)

    assert found["response"]["status"] == 500
    assert "IndexError" in found["error"]["text"]
    assert "return numbers[7]" in found["error"]["traceback"]
    assert "devserver" not in found["error"]["traceback"]
    words = run("recordings", "show", exchange, "--dir", shared.folder).stdout
    assert "return numbers[7]" in words


def test_a_recording_is_found_by_the_beginning_of_its_id_and_a_wrong_name_is_told(shared: Running) -> None:
    exchange = shared.get("/status").headers["X-Fn-Exchange"]

    assert shown(shared.folder, exchange[:-1])["id"] == exchange
    missing = run("recordings", "show", "zzz", "--dir", shared.folder)
    assert_one_sentence(missing, 1, "zzz", "fn recordings list")


def test_a_passed_deadline_is_marked(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION, dev={"deadline": 0.2}))

    assert running.get("/wait").status == 504

    found = shown(running.folder)
    assert found["marks"] == ["deadline"]
    assert found["error"]["kind"] == "deadline"
    assert found["response"]["status"] == 504
    assert [line["text"] for line in found["logs"]] == ["waiting"]


def test_the_generation_that_answered_is_recorded(running: Running) -> None:
    assert running.word() == "hello"
    running.save(HELLO.format(word="howdy"))
    assert running.word() == "howdy"

    assert [shown(running.folder, each["id"])["generation"] for each in listed(running.folder)] == [2, 1]


# --- durable before the handler runs ---------------------------------------------------------------------------------


def test_a_handler_finds_its_own_request_on_the_disk(shared: Running) -> None:
    assert shared.get("/seen").json == {"recorded": 1}


def ask_anyway(running: Running, path: str, body: Any = None) -> None:
    try:
        running.post(path, body)
    except OSError:
        return


def test_a_request_whose_handler_never_returned_survives_the_death_of_the_gateway(start: Start, tmp_path: Path) -> None:
    code = FUNCTION.replace("async def ice(", "async def unused(").replace("async def wait(", "async def ice(")
    running = start(project(tmp_path / "demo", code))
    thread = threading.Thread(target=ask_anyway, args=(running, "/ice", {"callid": "c-lost"}))
    thread.start()
    running.wait_for("log", lambda event: event["text"] == "waiting")

    running.process.kill()
    running.process.wait()
    thread.join()

    (found,) = recordings(running.folder, "list")
    assert (found["callid"], found["event"], found["status"], found["ms"]) == ("c-lost", "ice", None, None)
    assert recordings(running.folder, "show", "last")["response"] is None
    assert "none" in run("recordings", "list", "--dir", running.folder).stdout


def test_a_death_in_a_stream_of_requests_loses_none_that_a_handler_has_seen(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION))
    notes = running.folder / "seen.txt"

    def stream() -> None:
        try:
            while True:
                running.post("/note")
        except OSError:
            return

    threads = [threading.Thread(target=stream) for _ in range(8)]
    for thread in threads:
        thread.start()
    running.until(lambda: notes.exists() and len(notes.read_text().split()) > 200, "no stream of requests")
    running.process.kill()
    running.process.wait()
    for thread in threads:
        thread.join()

    seen = set(notes.read_text().split())
    assert len(seen) > 200
    recorded = {each["id"] for each in recordings(running.folder, "list", "--limit", "100000")}
    assert seen - recorded == set()
    again = start(running.folder)
    assert again.word() == "hello"


# --- secrets ---------------------------------------------------------------------------------------------------------

PASSWORD = "correct-horse-battery-staple"
AWKWARD = 'a "quoted" \\ secret/é+ü'


def traces(folder: Path, secret: str) -> list[str]:
    """Files below `.fn` that hold a secret, in any spelling that a body or a header could give it."""
    escaped = json.dumps(secret)[1:-1]
    plain = json.dumps(secret, ensure_ascii=False)[1:-1]
    spellings = {secret, escaped, plain, quote(secret), quote(secret, safe="")}
    return [
        f"{path.name}: {spelling}"
        for path in folder.rglob("*")
        if path.is_file()
        for spelling in spellings
        if spelling.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("ending", ["running", "stopped", "killed"])
def test_secrets_reach_neither_the_disk_nor_the_screen(start: Start, tmp_path: Path, ending: str) -> None:
    demo = project(tmp_path / "demo", FUNCTION)
    (demo / ".env").write_text(f"PASSWORD={PASSWORD}\nAWKWARD_TOKEN='{AWKWARD}'\n", encoding="utf-8")
    running = start(demo)
    bearer, cookie = "bearer-token-of-somebody", "cookie-of-somebody"
    basic = b64encode(f"user:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Bearer {bearer}", "Cookie": f"session={cookie}", "X-Key": PASSWORD}
    query = f"/leak?key={PASSWORD}&awkward={quote(AWKWARD, safe='')}"

    answer = running.post(query, {"password": PASSWORD, "awkward": AWKWARD}, headers=headers)
    failed = running.post(f"{query}&fail=1", {}, headers={"Authorization": f"Basic {basic}"})
    callback = running.post("/ice", {"callid": "c", "custom": f"{PASSWORD} {AWKWARD}"})

    assert answer.json == {"password": PASSWORD, "awkward": AWKWARD}
    assert (failed.status, callback.status) == (500, 200)
    found = shown(demo, failed.headers["X-Fn-Exchange"])
    assert "RuntimeError: cannot log in with" in found["error"]["text"]
    assert [line["text"].startswith("it is") for line in found["logs"]] == [True, False]
    assert len(listed(demo)) == 3
    if ending == "stopped":
        running.stop()
    if ending == "killed":
        running.process.kill()
        running.process.wait()

    for secret in (PASSWORD, AWKWARD, bearer, cookie, basic):
        assert traces(demo / ".fn", secret) == []
    if ending == "stopped":
        assert PASSWORD not in json.dumps(running.events)
        assert AWKWARD not in [text for event in running.events for text in strings(event)]
        assert not any(AWKWARD in text for event in running.events for text in strings(event))


def strings(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def test_secrets_of_before_and_after_a_change_of_dot_env_are_kept_out(start: Start, tmp_path: Path) -> None:
    demo = project(tmp_path / "demo", FUNCTION)
    (demo / ".env").write_text("PASSWORD=first-secret-value\n")
    running = start(demo)
    running.save("PASSWORD=second-secret-value\n", ".env")
    running.wait_for("reload", lambda event: event["files"] == [".env"])

    assert running.post("/echo", {"old": "first-secret-value", "new": "second-secret-value"}).status == 200

    assert json.loads(shown(demo)["request"]["body"])["new"] == "[secret PASSWORD]"
    for secret in ("first-secret-value", "second-secret-value"):
        assert traces(demo / ".fn", secret) == []


# --- deleting --------------------------------------------------------------------------------------------------------


def test_recordings_are_purged_while_the_session_runs(running: Running) -> None:
    for number in range(3):
        running.post("/ice", {"callid": f"purged-call-{number}"})
    folder = running.folder

    done = run("recordings", "purge", "--callid", "purged-call-1", "--yes", "--json", "--dir", folder)
    assert json.loads(done.stdout) == {"deleted": 1}
    assert [each["callid"] for each in listed(folder)] == ["purged-call-2", "purged-call-0"]

    assert (
        run("recordings", "purge", "--older-than", "1h", "--yes", "--dir", folder).stdout == "Deleted 0 recordings.\n"
    )
    assert run("recordings", "purge", "--all", "--yes", "--dir", folder).stdout == "Deleted 2 recordings.\n"
    assert listed(folder) == []
    assert running.word() == "hello"
    assert len(listed(folder)) == 1
    running.stop()
    assert traces(folder / ".fn", "purged-call-0") == []


def test_without_a_terminal_nothing_is_purged_unasked(shared: Running) -> None:
    shared.post("/ice")

    assert_one_sentence(run("recordings", "purge", "--all", "--dir", shared.folder), 2, "--yes")
    assert_one_sentence(run("recordings", "purge", "--yes", "--dir", shared.folder), 2, "--all")
    assert listed(shared.folder)


# --- a disk that does not work ---------------------------------------------------------------------------------------


def test_a_damaged_file_is_moved_aside_and_told(start: Start, tmp_path: Path) -> None:
    demo = project(tmp_path / "demo")
    (demo / ".fn").mkdir(mode=0o700)
    (demo / ".fn" / "recordings.db").write_bytes(b"this is no database, whatever its name says" * 100)

    running = start(demo)

    assert "damaged" in running.wait_for("log")["text"]
    assert running.word() == "hello"
    assert len(listed(demo)) == 1


def test_no_recordings_yet_is_an_empty_list(tmp_path: Path) -> None:
    demo = project(tmp_path / "demo")

    assert listed(demo) == []
    assert "no recordings here yet" in run("recordings", "list", "--dir", demo).stdout
    assert_one_sentence(run("recordings", "show", "last", "--dir", demo), 1, "no recordings")
