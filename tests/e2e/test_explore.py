"""`fn explore` on real projects."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.commands import Shown, assert_one_sentence, run
from tests.e2e.running import FN, Running, project

pytestmark = pytest.mark.e2e

EXAMPLE = """\
+12025550199 calls +12025550100
└─ (1) menu main: "Welcome to Example Bikes!" "Press 1 for sales, or 2 for support."
   ├─ 1 → (3) dials +12025550110: "Connecting you to sales."
   │  ├─ answered → connected to +12025550110
   │  ├─ busy → the call ends: BUSY, N/A
   │  ├─ no answer → the call ends: NOANSWER, TIMEOUT
   │  └─ no route → the call ends: FAILED, CONGESTION
   ├─ 2 → (4) dials +12025550120: "Connecting you to support."
   │  ├─ answered → connected to +12025550120
   │  ├─ busy → the call ends: BUSY, N/A
   │  ├─ no answer → the call ends: NOANSWER, TIMEOUT
   │  └─ no route → the call ends: FAILED, CONGESTION
   └─ 3, 4, 5, 6, 7, 8, 9, 0, silence → the call ends: ANSWERED, MANAGERHANGUP: "Goodbye."

11 places, found with 18 calls and 45 callbacks.
Nothing is wrong.
"""

MENU = """\
import sqlite3

def menu(*options):
    listed = [{"dtmf": key, "action": f"return({value})"} for key, value in options]
    return {"action": {"name": "runMenu", "menus": [{"id": "main", "mainPrompt": "#tts[Choose.]", "options": listed}]}}

async def ice(context, event):
    seen = await context.cache.get("calls") or 0
    await context.cache.set("calls", seen + 1)
    await context.storage.write("last.txt", event.callid)
    with sqlite3.connect(context.database) as database:
        database.execute("create table if not exists calls (id)")
        database.execute("insert into calls values (?)", (event.callid,))
    return menu(("1", "sales"), ("2", "boom"), ("3", "fly"), ("4", "again"), ("5", "call"))
"""

PIE = """
async def pie(context, event):
    match event.menu_result.value:
        case "boom":
            raise ValueError("boom")
        case "fly":
            return {"action": {"name": "fly"}}
        case "call":
            await context.voice.callouts.tts("+12015550101", text="Hello.")
        case "again":
            return await ice(context, event)
    return {"instructions": [{"name": "say", "text": "Goodbye."}], "action": {"name": "hangup"}}
"""
KEYS = "VOICE_APPLICATION_KEY=00000000-0000-4000-8000-00000000000b\nVOICE_APPLICATION_SECRET=BeIukql3pTKJ8RGL5zo0DA==\n"


def explored(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run("explore", "--dir", folder, "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_map_of_the_example(tmp_path: Path) -> None:
    run("init", "simple-voice-ivr", "--dir", tmp_path / "bikes")
    done = run("explore", "--check", "--dir", tmp_path / "bikes")
    assert (done.returncode, done.stdout, done.stderr) == (0, EXAMPLE, "")


def test_what_fails_is_told_with_the_way_to_it_and_check_fails(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", MENU + PIE)
    (folder / ".env").write_text(KEYS)
    found = {(trouble["kind"], *trouble["way"]): trouble["text"] for trouble in explored(folder)["troubles"]}
    assert set(found) == {("fails", "2"), ("illegal", "3"), ("calls out", "5")}
    assert found["fails", "2"].endswith("answers 500: ValueError: boom.")
    assert "POST /calling/v1/callouts" in found["calls out", "5"]
    done = run("explore", "--check", "--dir", folder)
    assert done.returncode == 1
    assert "2 things to mend:" in done.stdout
    assert "ValueError: boom. (way: 2)" in done.stdout
    assert run("explore", "--dir", folder).returncode == 0


def test_a_missing_pie_is_told_once(tmp_path: Path) -> None:
    found = explored(project(tmp_path / "demo", MENU))
    assert [trouble["kind"] for trouble in found["troubles"]] == ["missing pie"]


def test_the_data_of_the_project_is_not_touched(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", MENU + PIE)
    (folder / "storage").mkdir()
    (folder / "storage" / "last.txt").write_text("before")
    (folder / "data").mkdir()
    with sqlite3.connect(folder / "data" / "function.db") as database:
        database.execute("create table calls (id)")
    database.close()

    found = explored(folder)

    assert found["calls"] > 5
    assert (folder / "storage" / "last.txt").read_text() == "before"
    assert [path.name for path in (folder / "storage").iterdir()] == ["last.txt"]
    with sqlite3.connect(folder / "data" / "function.db") as database:
        assert database.execute("select count(*) from calls").fetchone() == (0,)
    database.close()
    assert not (folder / ".fn" / "recordings.db").exists()
    assert list((folder / ".fn" / "scratch").iterdir()) == []


def test_calls_do_not_see_each_others_cache_and_clocks_stand_still(tmp_path: Path) -> None:
    count = """
import time
async def ice(context, event):
    seen = (await context.cache.get("calls") or 0) + 1
    await context.cache.set("calls", seen)
    menu = {"id": "main", "options": [{"dtmf": "1", "action": "return(x)"}]}
    said = {"name": "say", "text": f"{seen} at {time.time()}"}
    return {"instructions": [said], "action": {"name": "runMenu", "menus": [menu]}}

async def pie(context, event):
    await context.cache.set(f"at:{event.callid}", time.time())
    return {"action": {"name": "hangup"}}
"""
    found = explored(project(tmp_path / "demo", count))
    assert found["troubles"] == []
    assert len(found["places"]) == 4, "the call, the menu, hung up by the caller, hung up by the function"


def test_branches_that_no_recorded_call_takes_are_noted(start: Callable[..., Running], tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", MENU + PIE)
    assert not [trouble for trouble in explored(folder)["troubles"] if trouble["kind"] == "untested"]
    running = start(folder)
    running.post("/", b'{"event": "ice", "callid": "c1"}')
    result = b'{"menuId": "main", "type": "return", "value": "sales"}'
    running.post("/", b'{"event": "pie", "callid": "c1", "menuResult": ' + result + b"}")
    running.stop()

    found = explored(folder)

    notes = {
        trouble["move"] for trouble in found["troubles"] if trouble["kind"] == "untested" and trouble["place"] == 1
    }
    assert notes == {"2", "3", "4", "5", "another key, silence"}
    tested = [move["label"] for move in found["moves"] if move["tested"]]
    assert tested == ["call", "1"]
    assert "2 (fails) (not tested) → " in run("explore", "--dir", folder).stdout


def test_exported_calls_count_as_tests(start: Callable[..., Running], tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", MENU + PIE)
    running = start(folder)
    running.post("/", b'{"event": "ice", "callid": "c1"}')
    running.stop()
    (folder / "tests" / "calls").mkdir(parents=True)
    assert run("recordings", "export", "last", "--dir", folder, "-o", folder / "tests/calls/one.jsonl").returncode == 0
    for file in (folder / ".fn").glob("*.db*"):
        file.unlink()
    assert [move["label"] for move in explored(folder)["moves"] if move["tested"]] == ["call"]


def test_scenarios_count_as_tests(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", MENU + PIE)
    calls = folder / "tests" / "calls"
    calls.mkdir(parents=True)
    (calls / "sales.yaml").write_text('name: sales\nsteps:\n- menu: main\n  press: "1"\n')
    (calls / "broken.yaml").write_text("steps: [")

    found = explored(folder)

    assert {move["label"] for move in found["moves"] if move["tested"]} == {"call", "1"}
    notes = {trouble["move"] for trouble in found["troubles"] if trouble["kind"] == "untested"}
    assert notes == {"2", "3", "4", "5", "another key, silence"}


def test_every_format_into_a_file(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", MENU + PIE)
    for form in ("tree", "mermaid", "svg", "json"):
        done = run("explore", "--dir", folder, "--format", form, "-o", tmp_path / form)
        assert (done.returncode, "Wrote" in done.stdout + done.stderr) == (0, True)
        printed = run("explore", "--dir", folder, "--format", form)
        assert printed.stdout.startswith((tmp_path / form).read_text())
    assert ET.fromstring((tmp_path / "svg").read_text()).get("role") == "img"  # noqa: S314 our own
    assert (tmp_path / "mermaid").read_text().startswith("flowchart TD")
    assert json.loads((tmp_path / "json").read_text())["from"] == "+12025550199"


def test_a_drawing_in_a_pipe_is_not_mixed_with_words(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", MENU + PIE)
    (folder / ".env").write_text(KEYS)
    done = run("explore", "--dir", folder, "--format", "svg")
    assert done.stdout.endswith("</svg>\n")
    assert "2 things to mend:" in done.stderr


def test_depth_calls_numbers_and_digits_are_the_callers(tmp_path: Path) -> None:
    pin = """
async def ice(context, event):
    menu = {"id": "main", "maxDigits": 4}
    said = {"name": "say", "text": f"You are {event.cli}."}
    return {"instructions": [said], "action": {"name": "runMenu", "menus": [menu]}}

async def pie(context, event):
    text = "Come in." if event.menu_result.value == "4711" else "No."
    return {"instructions": [{"name": "say", "text": text}], "action": {"name": "hangup"}}
"""
    folder = project(tmp_path / "demo", pin)
    done = run("explore", "--dir", folder, "--digits", "4711", "--from", "+46700000001", "--to", "+46700000002")
    assert "+46700000001 calls +46700000002" in done.stdout
    assert '"You are 46700000001."' in done.stdout
    assert '4711 → the call ends: ANSWERED, MANAGERHANGUP: "Come in."' in done.stdout
    few = explored(folder, "--calls", "2")
    assert (few["calls"], few["cut"]) == (2, ["The search stopped after 2 calls (--calls)."])


@pytest.mark.parametrize(
    ("arguments", "status", "part"),
    [
        (["--digits", "12a"], 2, "'12a' is not a row of the keys"),
        (["--from", "12025550100"], 1, "is no phone number"),
        (["--depth", "0"], 2, "--depth"),
        (["-o", "nowhere/flow.svg"], 1, "nowhere"),
    ],
    ids=["digits", "from", "depth", "output"],
)
def test_bad_input_is_refused_in_a_sentence(tmp_path: Path, arguments: list[str], status: int, part: str) -> None:
    done = run("explore", "--dir", project(tmp_path / "demo"), *arguments, cwd=tmp_path)
    assert_one_sentence(done, status, part)


def test_code_that_does_not_load_is_told(tmp_path: Path) -> None:
    done = run("explore", "--dir", project(tmp_path / "demo", "import nothing_of_that_name\n"))
    assert done.returncode == 1
    assert "nothing_of_that_name" in done.stderr
    assert "bug in fn" not in done.stderr


def test_an_endless_function_is_bounded(tmp_path: Path) -> None:
    endless = """
import random
async def ice(context, event):
    name = str(random.random())
    return {"action": {"name": "runMenu", "mainMenu": name, "menus": [
        {"id": name, "options": [{"dtmf": "1", "action": "return(x)"}]}]}}

pie = None
async def pie(context, event):
    return await ice(context, event)
"""
    found = explored(project(tmp_path / "demo", endless), "--calls", "40")
    assert found["calls"] <= 40
    assert {trouble["kind"] for trouble in found["troubles"]} == {"unsteady"}


def test_at_a_terminal_there_is_a_sign_of_life(tmp_path: Path) -> None:
    run("init", "simple-voice-ivr", "--dir", tmp_path / "bikes")
    shown = Shown(FN, "explore", "--dir", tmp_path / "bikes", terminal=True)
    try:
        shown.wait_for("Nothing is wrong")
    finally:
        shown.close()
    assert "\r25 callbacks ..." in shown.text
    assert shown.text.index("25 callbacks") < shown.text.index("menu main")
