"""Calls that are kept while their code takes long: pretend calls to their end, and a real one as the platform sees it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devserver.signing import sign
from tests.e2e.commands import Done, listed, run, shown
from tests.e2e.conftest import Start
from tests.e2e.leases import NOWHERE, free_port
from tests.e2e.running import Running, project
from tests.fakes.dap import Editor
from tests.fakes.voice_platform import KEY, SECRET, VARIABLES, VoicePlatform, voice_platform_in_a_thread

pytestmark = pytest.mark.e2e

FUNCTION = """\
import asyncio
from pathlib import Path
from devserver.runtime import IceSvamlBuilder, PieSvamlBuilder, create_menu

async def _go(name):
    while not Path(name).exists():
        await asyncio.sleep(0.01)
    if Path("fail").exists():
        raise ValueError("no")

async def ice(context, event):
    if event.cli != "12025550177":
        await _go("go-ice")
    menu = create_menu().prompt("Press 1.").option("1", "return(sales)").build()
    return IceSvamlBuilder().say("Welcome!").run_menu(menu).build()

async def pie(context, event):
    Path("asked").open("a").write(event.menu_result.value + " ")
    if event.menu_result.value == "sales":
        await _go("go-pie")
    return PieSvamlBuilder().say("Goodbye.").hangup().build()

async def dice(context, event):
    Path("ended").open("a").write(event.reason + " ")
"""
QUICK = {"callbackDeadline": 0.6, "holdMargin": 0.3}


class Call:
    """`fn call` beside a session; its report comes at the end."""

    def __init__(self, session: Running, *arguments: str) -> None:
        self._done: Done | None = None
        self._thread = threading.Thread(target=self._run, args=(session.folder, *arguments))
        self._thread.start()

    def _run(self, folder: Path, *arguments: str) -> None:
        self._done = run("call", "--json", "--dir", folder, *arguments)

    def report(self) -> dict[str, Any]:
        """How it went."""
        self._thread.join()
        assert self._done is not None
        assert self._done.stderr == ""
        found: dict[str, Any] = json.loads(self._done.stdout)
        return found


def start_holding(start: Start, folder: Path, *arguments: str, **dev: Any) -> Running:
    return start(project(folder, FUNCTION, dev={**QUICK, **dev}), *(arguments or ("--hold",)))


def hold(session: Running, state: str, name: str = "ice", after: int = 0) -> dict[str, Any]:
    return session.wait_for("hold", lambda event: (event["state"], event["name"]) == (state, name), after)


def go(session: Running, *names: str) -> None:
    for name in names:
        (session.folder / name).touch()


def ended(session: Running) -> list[str]:
    """The reasons of all DICEs that the code has seen."""
    path = session.folder / "ended"
    return path.read_text().split() if path.exists() else []


def test_a_call_hears_the_hold_and_then_what_the_code_says(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo")
    call = Call(session, "--keys", "1", "--speed", "20")
    hold(session, "held")
    go(session, "go-ice")
    hold(session, "held", "pie")
    session.wait_for("callback", lambda event: event.get("holding") is True)  # one silent round at least
    go(session, "go-pie")
    report = call.report()

    assert report["heard"] == ["One moment, please.", "Welcome!", "Press 1.", "Goodbye."]
    assert (report["result"], report["reason"], report["failed"]) == ("ANSWERED", "MANAGERHANGUP", False)
    assert [each["event"] for each in report["callbacks"]].count("dice") == 1
    assert ended(session) == ["MANAGERHANGUP"]
    assert (session.folder / "asked").read_text() == "sales "
    assert [hold(session, "delivered", name)["state"] for name in ("ice", "pie")] == ["delivered"] * 2


def test_in_instant_time_the_call_waits_with_its_code(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo")
    call = Call(session, "--keys", "1")
    hold(session, "held")
    go(session, "go-ice")
    hold(session, "held", "pie")
    go(session, "go-pie")
    report = call.report()

    assert report["heard"] == ["One moment, please.", "Welcome!", "Press 1.", "Goodbye."]
    assert report["duration"] < 10  # of the call's own time; parked calls and menus did not run out
    assert ended(session) == ["MANAGERHANGUP"]


def test_keys_are_told_and_a_second_call_is_not_held_up(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo")
    go(session, "go-ice")
    call = Call(session, "--keys", "1,42", "--speed", "20")
    hold(session, "held", "pie")
    second = run(
        "call", "--json", "--dir", session.folder, "--from", "+12025550177", "--keys", "", "--hangup-after", "3"
    )
    assert json.loads(second.stdout)["heard"][0] == "Welcome!"
    go(session, "go-pie")
    assert call.report()["heard"][-1] == "Goodbye."
    assert "sequence" not in (session.folder / "asked").read_text()


def test_who_hangs_up_in_the_hold_ends_the_call_and_not_the_code(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo")
    call = Call(session, "--hangup-after", "6", "--speed", "10")
    report = call.report()
    gone = hold(session, "gone")
    go(session, "go-ice")
    lost = hold(session, "undelivered")

    assert report["reason"] == "CALLERHANGUP"
    assert gone["callid"] == lost["callid"] == report["callid"]
    assert ended(session) == ["CALLERHANGUP"]
    recorded = shown(session.folder, lost["id"])
    assert recorded["marks"] == ["hold", "undelivered"]
    assert json.loads(recorded["response"]["body"])["action"]["name"] == "runMenu"


def test_a_failure_after_the_hold_ends_as_in_production(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo")
    call = Call(session)
    hold(session, "held")
    go(session, "fail", "go-ice")
    report = call.report()

    assert report["heard"] == ["One moment, please.", "An error occurred. Goodbye."]
    assert ended(session) == ["MANAGERHANGUP"]
    assert "status 500" in hold(session, "delivered")["text"]


def test_without_a_hold_the_platform_goes_on_without_the_answer(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo", "--no-hold")
    report = Call(session).report()
    go(session, "go-ice")

    assert report["heard"] == ["An error occurred. Goodbye."]
    assert report["failed"] is True
    event = session.wait_for("callback", lambda each: each["name"] == "ice")
    assert "goes on without it" in event["hint"]
    assert [each for each in session.events if each["event"] == "hold"] == []


def test_a_save_in_the_hold_is_for_the_next_callback_and_the_old_code_finishes(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo")
    call = Call(session, "--keys", "1")
    hold(session, "held")
    session.save(FUNCTION.replace("Goodbye.", "Farewell.").replace("Welcome!", "Hello!"))
    session.wait_for("reload")
    go(session, "go-ice", "go-pie")

    assert call.report()["heard"] == ["One moment, please.", "Welcome!", "Press 1.", "Farewell."]


def test_a_held_call_can_be_replayed_without_its_hold(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo")
    call = Call(session, "--keys", "1", "--speed", "20")
    hold(session, "held")
    go(session, "go-ice")
    hold(session, "held", "pie")
    session.wait_for("callback", lambda event: event.get("holding") is True)
    go(session, "go-pie")
    callid = call.report()["callid"]
    marks = {each["id"]: shown(session.folder, each["id"])["marks"] for each in listed(session.folder)}
    done = run("replay", callid, "--json", "--dir", session.folder)
    replayed = json.loads(done.stdout)

    assert sorted(mark for each in marks.values() for mark in each).count("hold") == 2
    assert ["holding"] in marks.values()
    assert (replayed["replayed"], replayed["different"]) == (3, 0)
    assert [each["event"] for each in replayed["results"]] == ["ice", "pie", "dice"]


def test_a_callback_by_hand_is_held_when_that_was_asked_for(start: Start, tmp_path: Path) -> None:
    session = start_holding(start, tmp_path / "demo")
    answer = session.post("/ice", {"event": "ice", "callid": "by-hand", "cli": "12025550199"})

    assert answer.json["action"]["name"] == "park"
    go(session, "go-ice")
    assert "404" in hold(session, "undelivered")["text"]


# --- a real call ------------------------------------------------------------------------------------------------


@contextmanager
def public(start: Start, tmp_path: Path, *arguments: str) -> Iterator[tuple[Running, VoicePlatform]]:
    """A session that real calls come to, and the platform that they come from."""
    with voice_platform_in_a_thread() as platform:
        port = free_port()
        env = {
            **VARIABLES,
            **NOWHERE,
            "FN_STATE_DIR": str(tmp_path / "state"),
            "FN_CONFIGURATION_ORIGIN": platform.url,
            "FN_CALLING_ORIGIN": platform.url,
        }
        folder = project(tmp_path / "demo", FUNCTION, dev=QUICK)
        address = ("--yes", "--port", str(port), "--public-url", f"http://127.0.0.1:{port}")
        session = start(folder, *address, *(arguments or ("--hold",)), env=env)
        session.wait_for("lease", lambda event: event["state"] == "taken")
        try:
            yield session, platform
        finally:
            session.stop()


def signed(session: Running, event: str, **more: Any) -> dict[str, Any]:
    """A callback as the platform sends it; gives its answer."""
    body = json.dumps({"event": event, "callid": "real-1", "cli": "12025550199", **more}).encode()
    now = "2026-01-02T03:04:05.0000000Z"
    kind = "application/json"
    value = sign(key=KEY, secret=SECRET, method="POST", path="/", body=body, content_type=kind, timestamp=now)
    answer = session.post("/", body, headers={"Authorization": value, "x-timestamp": now, "Content-Type": kind})
    assert answer.status == 200, answer.body
    return dict(answer.json) if answer.body else {}


def patches(platform: VoicePlatform) -> list[tuple[str, Any]]:
    return [(each.path, each.json) for each in list(platform.asked) if each.method == "PATCH"]


def until(session: Running, test: Callable[[], bool]) -> None:
    session.until(test, "it never came")


def test_a_real_call_is_parked_and_patched_at_the_platform_with_a_signature(start: Start, tmp_path: Path) -> None:
    with public(start, tmp_path) as (session, platform):
        assert signed(session, "ice")["action"]["name"] == "park"
        go(session, "go-ice")
        until(session, lambda: bool(patches(platform)))
        ((path, svaml),) = patches(platform)

        assert path == "/calling/v1/calls/id/real-1"
        assert (svaml["instructions"][0]["text"], svaml["action"]["name"]) == ("Welcome!", "runMenu")
        request = next(each for each in platform.asked if each.method == "PATCH")
        assert request.scheme.lower() == "application"  # and it was verified, or it would have been refused
        assert hold(session, "delivered")["ms"] > 0


def test_the_way_through_the_tunnel_is_measured_and_counts(start: Start, tmp_path: Path) -> None:
    with public(start, tmp_path) as (session, _):
        go(session, "go-ice")

        def is_measured() -> bool:
            signed(session, "ice")
            events = [each for each in session.events if each["event"] == "callback" and each["source"] == "tunnel"]
            return bool(events) and events[-1]["budget"] < 0.3  # of 0.6 s; the guess alone is half of it

        until(session, is_measured)


def test_a_session_that_ends_hangs_up_calls_that_it_has_parked(start: Start, tmp_path: Path) -> None:
    with public(start, tmp_path) as (session, platform):
        signed(session, "ice")
        session.stop()
        assert patches(platform) == [("/calling/v1/calls/id/real-1", {"action": {"name": "hangup"}})]


# --- with a debugger --------------------------------------------------------------------------------------------

STOPS = FUNCTION.replace(
    '    if event.cli != "12025550177":\n        await _go("go-ice")\n', "    stopped = event.cli\n"
).replace(
    '    if event.menu_result.value == "sales":\n        await _go("go-pie")\n',
    "    chosen = event.menu_result.value\n",
)


def line_of(text: str, word: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


def test_a_call_survives_breakpoints_in_ice_and_pie_across_a_save(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", STOPS, dev=QUICK)
    session = start(folder, "--debug", "0")
    port = int(session.ready["debug"].rpartition(":")[2])
    path = str((folder / "function.py").resolve())
    lines = [line_of(STOPS, "stopped ="), line_of(STOPS, "chosen =")]
    with Editor(port, {path: lines[:1]}).attach() as editor:
        editor.until(lambda: len(editor.pids) >= 3, "the function and two spares are not attached")
        call = Call(session, "--keys", "1")
        first = editor.stop()
        assert (first.name, first.line) == ("ice", lines[0])
        assert "stands still" in hold(session, "held")["text"]
        began = time.monotonic()
        other = Call(session, "--keys", "", "--hangup-after", "1")
        second = editor.stop()  # the other call goes on in another process, up to the same line
        assert second.connection is not first.connection
        second.go_on()
        assert other.report()["heard"][0] in {"One moment, please.", "Welcome!"}
        editor.set_breakpoints(path, [line + 1 for line in lines])  # as an editor does when its lines move
        session.save("# one more line\n" + STOPS)
        reload = session.wait_for("reload")
        until(session, lambda: time.monotonic() - began > 20 * QUICK["callbackDeadline"] / 5)
        first.go_on()
        editor.stop().go_on()  # the code that is still old has its next line there
        third = editor.stop()
        assert (third.name, third.line) == ("pie", lines[1] + 1)
        hold(session, "held", "pie")
        third.go_on()
        report = call.report()

    assert reload["generation"] == 2
    assert report["heard"] == ["One moment, please.", "Welcome!", "Press 1.", "Goodbye."]
    assert [each["event"] for each in report["callbacks"]].count("dice") == 1
    assert report["failed"] is False
