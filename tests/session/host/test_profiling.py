"""Flame graphs of handlers: in tasks that run at once, in threads, and over several callbacks of a call."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from devserver.runtime.handlers import Handlers, find_handlers
from devserver.session.host import profiling
from devserver.session.host.profiling import Profiles


@dataclass
class Asked:
    """As much of a context and an event as a handler here needs."""

    request_id: str
    callid: str | None = "c1"


def own_time_of_ice(count: int = 100_000) -> int:
    return sum(len(str(number)) for number in range(count))


def own_time_of_pie(count: int = 100_000) -> int:
    return sum(len(str(number)) for number in range(count))


async def ice(context: Any, event: Any) -> str:
    own_time_of_ice()
    await asyncio.sleep(0.01)
    return "ice"


def pie(context: Any, event: Any) -> str:
    own_time_of_pie()
    return "pie"


async def dice(context: Any, event: Any) -> None:
    raise ValueError("no")


async def status(context: Any, request: Any) -> str:
    return "ok"


def found(*functions: Any) -> Handlers:
    """As in a function.py."""
    module = ModuleType("function")
    for each in functions:
        copied = FunctionType(each.__code__, each.__globals__, each.__name__)
        copied.__module__ = module.__name__
        setattr(module, each.__name__, copied)
    return find_handlers(module)


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    return Profiles(tmp_path / "profiles")


@pytest.fixture
def handlers(profiles: Profiles) -> Handlers:
    return profiles.watch(found(ice, pie, dice, status))


def call(handlers: Handlers, name: str, asked: Asked) -> Any:
    return handlers.by_name[name].call(asked, asked)


async def test_handlers_that_run_at_once_have_graphs_of_their_own(
    profiles: Profiles, handlers: Handlers, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(2) as threads:
        loop = asyncio.get_running_loop()
        calls: list[Awaitable[Any]] = [call(handlers, "ice", Asked(f"r{number}")) for number in range(3)]
        calls += [loop.run_in_executor(threads, call, handlers, "pie", Asked(f"p{number}")) for number in range(2)]
        assert await asyncio.gather(*calls) == ["ice", "ice", "ice", "pie", "pie"]
    files = [profiles.files(f"r{number}") for number in range(3)]
    profiles.close()

    assert files == [[str(tmp_path / "profiles" / f"r{number}-ice.html")] for number in range(3)]
    for (file,) in files:
        text = Path(file).read_text()
        assert text.startswith("<!DOCTYPE html>")
        assert "own_time_of_ice" in text
        assert "own_time_of_pie" not in text
    assert "own_time_of_pie" in (tmp_path / "profiles" / "p0-pie.html").read_text()


async def test_the_end_of_a_call_brings_one_of_all_its_callbacks_whoever_answered_them(
    profiles: Profiles, handlers: Handlers, tmp_path: Path
) -> None:
    await call(handlers, "ice", Asked("r1"))
    profiles.close()
    other = Profiles(tmp_path / "profiles")  # another process, after a save
    with pytest.raises(ValueError, match="no"):
        await other.watch(found(pie, dice)).by_name["dice"].call(Asked("r3"), Asked("r3"))
    files = other.files("r3")
    other.close()

    whole = tmp_path / "profiles" / "call-c1.html"
    assert files == [str(tmp_path / "profiles" / "r3-dice.html"), str(whole)]
    assert "own_time_of_ice" in whole.read_text()
    assert sorted(path.suffix for path in (tmp_path / "profiles").iterdir()) == [".html"] * 3


async def test_other_handlers_are_left_alone(profiles: Profiles, handlers: Handlers) -> None:
    assert await call(handlers, "status", Asked("r1")) == "ok"
    assert profiles.files("r1") == []
    profiles.close()


@pytest.mark.parametrize("callid", ["../../escape", "", None, "a" * 500, "\x00/\n", ".."])
async def test_call_ids_of_any_kind_stay_in_the_folder(
    profiles: Profiles, handlers: Handlers, tmp_path: Path, callid: str | None
) -> None:
    await call(handlers, "ice", Asked("r1", callid))
    profiles.close()
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert found
    assert all(path.is_relative_to(tmp_path / "profiles") for path in found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["profiles"]


async def test_only_the_newest_are_kept(
    profiles: Profiles, handlers: Handlers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "_KEPT", 2)
    (tmp_path / "profiles").mkdir()
    for number in range(3):
        old = tmp_path / "profiles" / f"old{number}.html"
        old.touch()
        os.utime(old, (number, number))
    await call(handlers, "ice", Asked("r1", None))
    profiles.close()
    assert sorted(path.name for path in (tmp_path / "profiles").iterdir()) == ["old2.html", "r1-ice.html"]
