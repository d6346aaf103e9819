"""Exploring a project in process: what the command does without its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devserver.calls.explore import Bounds
from devserver.calls.flow import Flow
from devserver.calls.start import Start
from devserver.errors import FnError
from devserver.session.exploring import Exploration, explore_project

TRIES = """
async def ice(context, event):
    return ask()

def ask():
    menu = {"id": "main", "options": [{"dtmf": "1", "action": "return(x)"}]}
    return {"action": {"name": "runMenu", "menus": [menu]}}

async def pie(context, event):
    if event.menu_result.type == "hangup":
        return None
    REMEMBER
    if tries == 3:
        return {"action": {"name": "hangup"}}
    return ask()
"""
CACHE = """tries = (await context.cache.get(f"tries:{event.callid}") or 0) + 1
    await context.cache.set(f"tries:{event.callid}", tries)"""
STORAGE = """key = f"tries/{event.callid}.txt"
    tries = int(await context.storage.read(key)) + 1 if await context.storage.exists(key) else 1
    await context.storage.write(key, str(tries))"""
DATABASE = """import sqlite3
    with sqlite3.connect(context.database) as database:
        database.execute("create table if not exists tries (call text)")
        database.execute("insert into tries values (?)", (event.callid,))
        (tries,) = database.execute("select count(*) from tries where call = ?", (event.callid,)).fetchone()
    database.close()"""


def project(folder: Path, function: str) -> Path:
    (folder / "sinch.json").write_text(json.dumps({"name": "demo", "runtime": "python"}))
    (folder / "function.py").write_text(function)
    return folder


def menus_in_a_row(flow: Flow) -> int:
    """How often `1` leads to another menu."""
    following = {(move.source, move.label): move.target for move in flow.moves}
    at, seen = 1, set[int]()
    while flow.places[at].kind == "menu" and at not in seen:
        seen.add(at)
        at = following[at, "1"]
    return len(seen)


@pytest.mark.parametrize("remember", [CACHE, STORAGE, DATABASE], ids=["cache", "storage", "database"])
def test_what_a_function_remembers_of_a_call_is_taken_into_account(tmp_path: Path, remember: str) -> None:
    flow = explore_project(project(tmp_path, TRIES.replace("REMEMBER", remember)), Exploration())
    assert menus_in_a_row(flow) == 3
    assert flow.troubles == ()


def test_the_callbacks_are_counted_as_they_go(tmp_path: Path) -> None:
    counts: list[int] = []
    flow = explore_project(project(tmp_path, TRIES.replace("REMEMBER", CACHE)), Exploration(), counts.append)
    assert counts == list(range(1, flow.callbacks + 1))


def test_bounds_and_numbers_are_the_callers(tmp_path: Path) -> None:
    start = Start(caller="+46700000001", to="+46700000002")
    flow = explore_project(project(tmp_path, TRIES.replace("REMEMBER", CACHE)), Exploration(start, Bounds(calls=1)))
    assert (flow.caller, flow.called, flow.calls) == ("+46700000001", "+46700000002", 1)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FnError, match="is no phone number"):
        explore_project(project(tmp_path, TRIES.replace("REMEMBER", CACHE)), Exploration(Start(caller="me")))
