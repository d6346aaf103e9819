"""`fn replay CALL`: whole calls run again on the state they had, in an area of their own."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.commands import assert_one_sentence, recordings, run
from tests.e2e.running import FN, PATIENCE, Running, environment, project
from tests.fakes.processes import wait_until
from tests.runtime.clients import stand_in

pytestmark = pytest.mark.e2e

STATEFUL = """\
import sqlite3
from devserver.runtime import IceSvamlBuilder, PieSvamlBuilder, create_menu

async def ice(context, event):
    number = (await context.cache.get("number") or 0) + 1
    await context.cache.set("number", number)
    stored = (await context.storage.read("n.txt")).decode() if await context.storage.exists("n.txt") else "none"
    await context.storage.write("n.txt", str(number))
    with sqlite3.connect(context.database) as connection:
        connection.execute("create table if not exists call (id text)")
        rows = connection.execute("select count(*) from call").fetchone()[0]
        connection.execute("insert into call values (?)", (event.callid,))
    menu = create_menu().prompt("Press 1.").option("1", "return(one)").option("2", "return(two)").build()
    return IceSvamlBuilder().say(f"cache {number}, storage {stored}, rows {rows}").run_menu(menu).build()

async def pie(context, event):
    number = await context.cache.get("number")
    return PieSvamlBuilder().say(f"pressed {event.menu_result.value} in {number}").hangup().build()

async def dice(context, event):
    await context.cache.set(f"ended:{event.callid}", True)
"""


def call(running: Running, callid: str) -> str:
    """A whole call; gives what the first answer said."""
    said = running.post("/ice", {"event": "ice", "callid": callid, "cli": "12025550123"}).said
    running.post("/pie", {"event": "pie", "callid": callid, "menuResult": {"type": "return", "value": "one"}})
    running.post("/dice", {"event": "dice", "callid": callid, "result": "ANSWERED", "reason": "CALLERHANGUP"})
    running.wait_for("callback", lambda event: event["callid"] == callid and event["name"] == "dice")
    return said


def replay(folder: Path, *arguments: str, status: int = 0) -> Any:
    done = run("replay", *arguments, "--dir", folder, "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def texts(found: Any) -> list[str]:
    return [difference["text"] for result in found["results"] for difference in result["differences"]]


@pytest.fixture
def stateful(start: Callable[..., Running], tmp_path: Path) -> Running:
    return start(project(tmp_path / "demo", STATEFUL))


def live_data(folder: Path) -> tuple[str, int]:
    with closing(sqlite3.connect(folder / "data" / "function.db")) as connection:
        rows: int = connection.execute("select count(*) from call").fetchone()[0]
    return (folder / "storage" / "n.txt").read_text(), rows


def test_each_call_sees_the_state_it_had_and_live_data_stays_as_it_is(stateful: Running) -> None:
    assert call(stateful, "c1") == "cache 1, storage none, rows 0"
    assert call(stateful, "c2") == "cache 2, storage 1, rows 1"
    assert call(stateful, "c3") == "cache 3, storage 2, rows 2"

    for callid in ("c2", "c1", "c3", "c1"):
        found = replay(stateful.folder, callid, "--check")
        assert (found["replayed"], found["different"]) == (3, 0), texts(found)

    assert live_data(stateful.folder) == ("3", 3)
    assert call(stateful, "c4") == "cache 4, storage 3, rows 3"
    assert not list((stateful.folder / ".fn" / "scratch").iterdir())


def test_yesterdays_calls_run_without_a_session(stateful: Running, start: Callable[..., Running]) -> None:
    call(stateful, "c1")
    call(stateful, "c2")
    stateful.stop()
    assert replay(stateful.folder, "c2", "--check")["different"] == 0

    again = start(stateful.folder)
    assert call(again, "c3") == "cache 1, storage 2, rows 2"  # the cache ends with a session
    for callid in ("c1", "c2", "c3"):
        assert replay(stateful.folder, callid, "--check")["different"] == 0


def test_calls_survive_a_session_that_was_killed(stateful: Running, start: Callable[..., Running]) -> None:
    call(stateful, "c1")
    call(stateful, "c2")
    stateful.stop(signal.SIGKILL)
    assert replay(stateful.folder, "c2", "--check")["different"] == 0

    again = start(stateful.folder)
    assert call(again, "c3") == "cache 1, storage 2, rows 2"
    for callid in ("c1", "c2", "c3"):
        assert replay(stateful.folder, callid, "--check")["different"] == 0


HANGS_ONCE = """\
import asyncio
from pathlib import Path

async def ice(context, event):
    await context.cache.set("seen", True)
    if not Path("started").exists():
        Path("started").touch()
        await asyncio.sleep(60)
    return {"action": {"name": "hangup"}}
"""


def test_a_callback_whose_session_was_killed_meanwhile_is_replayed_and_no_difference(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    running = start(project(tmp_path / "demo", HANGS_ONCE))
    with pytest.raises(ConnectionError), ThreadPoolExecutor() as threads:  # noqa: PT012 the killed session gives no answer
        asked = threads.submit(running.post, "/ice", {"event": "ice", "callid": "c1"})
        wait_until((running.folder / "started").exists, "the handler has begun")
        running.stop(signal.SIGKILL)
        asked.result()

    found = replay(running.folder, "c1", "--check")
    assert (found["replayed"], found["different"], found["failed"]) == (1, 0, 0)
    assert found["results"][0]["new"] == {"action": {"name": "hangup"}}
    assert "never finished" in run("replay", "c1", "--check", "--dir", running.folder).stdout

    accepted = replay(running.folder, "c1", "--accept")
    assert accepted["replayed"] == 1
    (running.folder / "function.py").write_text(HANGS_ONCE.replace("hangup", "continue"))
    assert texts(replay(running.folder, "c1", "--check", status=1))


def test_a_replay_may_begin_later_in_the_call(stateful: Running) -> None:
    call(stateful, "c1")
    call(stateful, "c2")

    found = replay(stateful.folder, "c1", "--from", "2", "--check")

    assert [result["event"] for result in found["results"]] == ["pie", "dice"]
    assert found["results"][0]["new"]["instructions"][0]["text"] == "pressed one in 1"
    assert_one_sentence(run("replay", "c1", "--from", "4", "--dir", stateful.folder), 1, "--from 4")


def test_a_call_is_named_by_one_of_its_recordings_too(stateful: Running) -> None:
    call(stateful, "c1")
    call(stateful, "c2")
    pie = next(each for each in recordings(stateful.folder, "list") if (each["callid"], each["event"]) == ("c1", "pie"))

    assert [result["event"] for result in replay(stateful.folder, pie["id"])["results"]] == ["ice", "pie", "dice"]
    (only,) = replay(stateful.folder, pie["id"], "--only", "--check")["results"]
    assert only["new"]["instructions"][0]["text"] == "pressed one in 1"


def test_each_of_three_changes_is_named_and_nothing_else(stateful: Running) -> None:
    call(stateful, "c1")
    changed = (
        STATEFUL.replace("Press 1.", "Press 1, please.")
        .replace("return(two)", "return(three)")
        .replace('    await context.cache.set(f"ended:{event.callid}", True)\n', "    pass\n")
    )
    stateful.save(changed)

    done = run("replay", "last", "--check", "--dir", stateful.folder)
    found = replay(stateful.folder, "c1", "--check", status=1)

    assert done.returncode == 1
    assert "3 replayed, 2 different." in done.stdout
    assert texts(found) == [
        'the prompt of menu main now says "Press 1, please.", was "Press 1."',
        "option 2 of menu main now returns(three), was return(two)",
        "cache key ended:c1 is no longer set (was true)",
    ]


def test_differences_may_be_left_out_by_rule(stateful: Running) -> None:
    call(stateful, "c1")
    stateful.save(STATEFUL.replace("True)", "False)").replace("Press 1.", "Press one."))

    found = replay(stateful.folder, "c1", "--ignore", "cache[ended:*]", "--check", status=1)
    assert [difference["path"] for difference in found["results"][0]["differences"]] == ["action.menus[0].mainPrompt"]
    (stateful.folder / "sinch.json").write_text(
        json.dumps({"name": "demo", "dev": {"replay": {"ignore": ["cache", "action.menus[*].mainPrompt"]}}})
    )
    assert replay(stateful.folder, "c1", "--check")["different"] == 0
    assert_one_sentence(run("replay", "c1", "--ignore", "a[", "--dir", stateful.folder), 78, "a[")


def test_accepted_answers_are_expected_from_then_on(stateful: Running) -> None:
    call(stateful, "c1")
    before = recordings(stateful.folder, "show", recordings(stateful.folder, "list")[-1]["id"])["response"]
    stateful.save(STATEFUL.replace("Press 1.", "Press one."))
    assert replay(stateful.folder, "c1", "--check", status=1)["different"] == 1

    assert "accepted" in run("replay", "c1", "--accept", "--dir", stateful.folder).stdout
    assert replay(stateful.folder, "c1", "--check")["different"] == 0

    stateful.save(STATEFUL)
    (text,) = texts(replay(stateful.folder, "c1", "--check", status=1))
    assert text == 'the prompt of menu main now says "Press 1.", was "Press one."'
    ids = [each["id"] for each in recordings(stateful.folder, "list") if each["source"] == "local"]
    assert recordings(stateful.folder, "show", ids[-1])["response"] == before


OPEN = """\
import os, sqlite3
from devserver.runtime import IceSvamlBuilder

_kept = []

async def ice(context, event):
    if not _kept:
        _kept.append(sqlite3.connect(context.database))
    with _kept[0] as connection:
        connection.execute("create table if not exists call (id text)")
        rows = connection.execute("select count(*) from call").fetchone()[0]
        connection.execute("insert into call values (?)", (event.callid,))
    return IceSvamlBuilder().say(f"rows {rows}").hangup().build()
"""


def test_a_connection_that_code_keeps_open_does_not_see_another_calls_database(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    running = start(project(tmp_path / "demo", OPEN))
    for callid in ("c1", "c2", "c3"):
        running.post("/ice", {"event": "ice", "callid": callid})

    found = replay(running.folder, "c3", "c1", "c2", "--check")

    said = [result["new"]["instructions"][0]["text"] for result in found["results"]]
    assert said == ["rows 2", "rows 0", "rows 1"]


CLOCK = """\
import time
from datetime import datetime
from devserver.runtime import IceSvamlBuilder

async def ice(context, event):
    return IceSvamlBuilder().say(f"{time.time():.3f} {datetime.now():%H:%M:%S} {context.timestamp[:-1]}").hangup().build()
"""


def test_the_clock_may_be_frozen_to_the_time_of_the_recording(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", CLOCK))
    running.post("/ice", {"event": "ice", "callid": "c1"})
    at = recordings(running.folder, "list")[0]["at"]

    free = replay(running.folder, "c1")["results"][0]["new"]["instructions"][0]["text"]
    frozen = replay(running.folder, "c1", "--freeze")["results"][0]["new"]["instructions"][0]["text"]

    assert frozen.endswith(at.rstrip("Z"))
    assert not free.endswith(at.rstrip("Z"))


def test_a_handler_that_is_gone_and_one_that_fails_are_named(stateful: Running) -> None:
    call(stateful, "c1")
    stateful.save(STATEFUL.replace("async def pie(", "async def _pie("))
    stateful.until(lambda: "POST /pie" not in json.dumps(stateful.get("/nothing").json), "pie stays")

    found = replay(stateful.folder, "c1", "--check", status=1)
    assert "pie has no handler any more" in found["results"][1]["differences"][0]["text"]

    stateful.save(STATEFUL.replace("number = await", "1 / 0\n    number = await"))
    done = run("replay", "c1", "--check", "--dir", stateful.folder)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    assert "function.py" in done.stdout
    assert "1 failed" in done.stdout


def test_code_that_does_not_load_is_said_before_anything_is_replayed(stateful: Running) -> None:
    call(stateful, "c1")
    stateful.stop()
    stateful.save("async def ice(context, event)\n")

    done = run("replay", "c1", "--dir", stateful.folder)

    assert (done.returncode, done.stdout) == (1, "")
    assert "function.py line 1" in done.stderr


def test_without_recordings_it_says_how_to_make_one(tmp_path: Path) -> None:
    done = run("replay", "--dir", project(tmp_path / "demo"))
    assert_one_sentence(done, 1, "nothing to replay", "fn dev")


def test_an_answer_that_was_no_json_is_compared_as_text(start: Callable[..., Running], tmp_path: Path) -> None:
    function = 'async def ice(context, event):\n    return "hello"\n'
    running = start(project(tmp_path / "demo", function))
    running.post("/ice", {"event": "ice", "callid": "c1"})
    assert replay(running.folder, "c1", "--check")["different"] == 0
    running.save(function.replace("hello", "good day"))

    (result,) = replay(running.folder, "c1", "--check", status=1)["results"]

    assert (result["old"], result["new"]) == ("hello", "good day")


def test_a_report_for_ci_is_written(stateful: Running, tmp_path: Path) -> None:
    call(stateful, "c1")
    stateful.save(STATEFUL.replace("Press 1.", "Press one."))
    report = tmp_path / "report.xml"

    assert run("replay", "c1", "--check", "--junit", report, "--dir", stateful.folder).returncode == 1

    (suite,) = ET.parse(report).getroot()  # noqa: S314 our own file
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert_one_sentence(run("replay", "--junit", tmp_path / "no" / "x.xml", "--dir", stateful.folder), 1, "x.xml")


SENDING = """\
async def send(context, request):
    sent = await context.sms.batches.send_sms(to=["+12025550123"], from_="+12025550110", body="hello")
    return sent.id
"""


async def test_calls_to_sinch_are_answered_from_the_recording_or_refused(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    async with stand_in.running() as sinch:
        folder = project(tmp_path / "demo", SENDING, dev={"origins": sinch.origins})
        (folder / ".env").write_text("\n".join(f"{name}={value}-{name}" for name, value in stand_in.ALL.items()))
        running = await asyncio.to_thread(start, folder)
        assert (await asyncio.to_thread(running.post, "/send")).body == b"batch-1"
        asked = len(sinch.asked)

        found = await asyncio.to_thread(replay, folder, "last", "--check")
        assert (found["replayed"], found["different"]) == (1, 0)
        running.save(SENDING.replace("hello", "good day"))
        found = await asyncio.to_thread(replay, folder, "last", "--check", status=1)

        assert len(sinch.asked) == asked
        (result,) = found["results"]
        assert result["status"] == {"old": 200, "new": 500}
        assert "--allow-outbound" in result["error"]["traceback"]
        assert any("body" in text and "good day" in text for text in texts(found)), texts(found)

        found = await asyncio.to_thread(replay, folder, "last", "--allow-outbound")
        assert found["results"][0]["status"]["new"] == 200
        assert sinch.bodies[-1]["body"] == "good day"


class Watching:
    """A running `fn replay --watch --json`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [FN, "replay", "--watch", "--json", *arguments, "--dir", str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self.rounds: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.rounds.append(json.loads(line))
                self._news.notify_all()

    def round(self, test: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        with self._news:
            assert self._news.wait_for(lambda: any(map(test, self.rounds)), PATIENCE), self.rounds
            return next(each for each in self.rounds if test(each))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def test_watching_replays_the_last_call_at_every_save(stateful: Running) -> None:
    call(stateful, "c1")
    call(stateful, "c2")
    stateful.stop()
    before = live_data(stateful.folder)
    watching = Watching(stateful.folder)
    try:
        assert watching.round(lambda each: each["round"] == 1)["different"] == 0
        stateful.save(STATEFUL.replace("Press 1.", "Press one."))
        changed = watching.round(lambda each: each["different"] == 1)
        assert texts(changed) == ['the prompt of menu main now says "Press one.", was "Press 1."']
        stateful.save(STATEFUL + "\nasync def broken(:\n")
        assert "function.py line" in watching.round(lambda each: each["error"])["error"]
        stateful.save(STATEFUL)
        assert watching.round(lambda each: each["round"] > 2 and not each["error"] and each["different"] == 0)
    finally:
        assert watching.stop() == 130
    assert live_data(stateful.folder) == before
    assert all(each["source"] == "local" for each in recordings(stateful.folder, "list"))
    assert not list((stateful.folder / ".fn" / "scratch").iterdir())
