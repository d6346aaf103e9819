"""`fn calls` after a call that went over the function port of a real session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import PYTHON, TRIES, assert_one_sentence, run, run_program
from tests.e2e.running import Running, project

pytestmark = pytest.mark.e2e

Start = Callable[..., Running]

FUNCTION = """
from devserver.runtime import IceSvamlBuilder, PieSvamlBuilder, create_menu

async def ice(context, event):
    await context.cache.set("caller", event.cli)
    menu = create_menu().prompt("Press 1 for sales.").option("1", "return(sales)").build()
    return IceSvamlBuilder().say("Welcome!").run_menu(menu).build()

async def pie(context, event):
    context.log.info("menu answered", department=event.menu_result.value)
    return PieSvamlBuilder().say("Goodbye.").hangup().build()

async def dice(context, event):
    raise RuntimeError("no notes today")
"""
ICE = {"cli": "12025550199", "to": {"type": "did", "endpoint": "+12025550100"}}


def shown(folder: Path, name: str) -> dict[str, Any]:
    """One call, once all its answers are written."""
    for _ in range(TRIES):
        done = run("calls", "show", name, "--json", "--dir", folder)
        assert (done.returncode, done.stderr) == (0, "")
        call: dict[str, Any] = json.loads(done.stdout)
        if all(each["status"] for each in call["callbacks"]):
            return call
    raise AssertionError("the answers never came")


def test_a_call_is_listed_and_shown_with_all_that_happened(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", FUNCTION))
    running.post("/ice", {"event": "ice", "callid": "call-1", **ICE})
    running.post(
        "/pie",
        {"event": "pie", "callid": "call-1", "menuResult": {"type": "return", "value": "sales", "menuId": "main"}},
    )
    last = running.post("/dice", {"event": "dice", "callid": "call-1", "result": "ANSWERED", "reason": "CALLERHANGUP"})

    call = shown(running.folder, last.headers["X-Fn-Exchange"])

    assert (call["callid"], call["from"], call["to"]) == ("call-1", "+12025550199", "+12025550100")
    assert (call["state"], call["result"], call["errors"]) == ("ended", "ANSWERED", 1)
    ice, pie, dice = call["callbacks"]
    assert (ice["answer"], ice["heard"]) == ("say + runMenu main", ["Welcome!", "Press 1 for sales."])
    assert [(each["operation"], each["key"]) for each in ice["effects"]] == [("set", "caller")]
    assert (pie["came"], pie["pressed"]["key"]) == ("pressed 1 -> sales", "1")
    assert "menu answered  department=sales" in [each["text"] for each in pie["timeline"] if each["kind"] == "log"]
    assert "no notes today" in dice["error"]["text"]

    (listed,) = json.loads(run("calls", "list", "--json", "--dir", running.folder).stdout)
    assert (listed["callid"], listed["callbacks"], listed["errors"]) == ("call-1", 3, 1)
    text = run("calls", "show", "last", "--dir", running.folder).stdout
    assert '        says    "Goodbye."\n' in text
    assert "\x1b" not in text


def test_what_cannot_be_shown_is_told_in_one_sentence(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", FUNCTION)
    assert_one_sentence(run("calls", "show", "last", "--dir", folder), 1, "There are no recorded calls", "Run `fn dev`")
    assert_one_sentence(run("calls", "list", "--limit", "0", "--dir", folder), 2)


def test_a_list_of_calls_imports_no_server() -> None:
    code = "import devserver.cli.calls, sys; print([name for name in ('aiohttp', 'rich') if name in sys.modules])"
    assert run_program(PYTHON, "-c", code).stdout == "[]\n"
