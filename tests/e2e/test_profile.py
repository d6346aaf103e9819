"""`fn dev --profile`, and what is told of a slow import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.commands import run
from tests.e2e.conftest import Start
from tests.e2e.running import Running, project

pytestmark = pytest.mark.e2e

FUNCTION = """\
from devserver.runtime import IceSvamlBuilder, PieSvamlBuilder, create_menu

def _count(number):
    return sum(len(str(each)) for each in range(number))

async def ice(context, event):
    _count(50_000)
    menu = create_menu().prompt("Press 1.").option("1", "return(sales)").build()
    return IceSvamlBuilder().run_menu(menu).build()

def pie(context, event):
    _count(50_000)
    return PieSvamlBuilder().hangup().build()

async def dice(context, event):
    pass
"""


def graphs(session: Running, name: str) -> list[Path]:
    event = session.wait_for("callback", lambda each: each["name"] == name)
    return [Path(each) for each in event["profiles"]]


def test_each_callback_and_the_call_leave_a_graph_that_is_told(start: Start, tmp_path: Path) -> None:
    session = start(project(tmp_path / "demo", FUNCTION), "--profile")
    done = run("call", "--json", "--keys", "1", "--dir", session.folder)
    assert json.loads(done.stdout)["failed"] is False
    (ice,), (pie,), (dice, call) = (graphs(session, name) for name in ("ice", "pie", "dice"))
    session.until(call.exists, "the graph of the call was not written")

    assert {path.parent for path in (ice, pie, dice, call)} == {session.folder.resolve() / ".fn" / "profiles"}
    assert all("_count" in path.read_text() for path in (ice, pie, call))
    assert call.name == f"call-{json.loads(done.stdout)['callid']}.html"


def test_what_was_measured_last_is_written_when_the_session_ends(start: Start, tmp_path: Path) -> None:
    session = start(project(tmp_path / "demo", FUNCTION), "--profile")
    session.post("/ice", {"event": "ice", "callid": "c1"})
    (ice,) = graphs(session, "ice")
    session.stop()

    assert "_count" in ice.read_text()


def test_without_it_nothing_is_measured(start: Start, tmp_path: Path) -> None:
    session = start(project(tmp_path / "demo", FUNCTION))
    session.post("/ice", {"event": "ice", "callid": "c1"})

    assert "profiles" not in session.wait_for("callback")
    assert not (session.folder / ".fn" / "profiles").exists()


def test_an_import_of_over_a_second_names_its_modules(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", "import slow\n" + FUNCTION)
    (folder / "slow.py").write_text("import time\ntime.sleep(1.1)\n")
    session = start(folder)
    first = session.wait_for("log", lambda each: each["text"].startswith("Importing the function took"))
    assert "slow 1.1" in first["text"]
    (folder / "slow.py").write_text("")
    number = len(session.events)
    session.wait_for("reload")
    session.stop()

    assert not [each for each in session.events[number:] if "Importing" in each.get("text", "")]
