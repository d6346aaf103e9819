"""`breakpoint()` in a real host, at a terminal that the test lends: pdb as a person there sees it."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devserver.session.frames import Answer
from devserver.session.link import HostLink
from tests.session.hosts import PATIENCE, Heard, ask, function, running

FUNCTION = """\
import asyncio; opened = asyncio.Event()

async def status(context, request):
    x = 41
    breakpoint()
    y = x + 1
    await opened.wait()
    z = y
    return str(z)

def plain(context, request):
    a = 1
    breakpoint()
    b = a + 1
    return str(b)

async def other(context, request):
    opened.set(); return "other"

async def helped(context, request):
    return helper()

def helper():
    breakpoint()
    word = "helped"
    return word
"""
PROMPT = "(Pdb) "


class Person:
    """At the terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.shown = ""
        self._news = asyncio.Event()
        os.set_blocking(descriptor, False)
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def _read(self) -> None:
        self.shown += os.read(self._descriptor, 4096).decode()
        self._news.set()

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    async def until(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.shown.count(text) < times:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def terminal() -> AsyncIterator[tuple[Person, str]]:
    ours, theirs = pty.openpty()
    try:
        yield Person(ours), os.ttyname(theirs)
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
        os.close(theirs)


@asynccontextmanager
async def stage(folder: Path, text: str = FUNCTION) -> AsyncIterator[tuple[HostLink, Person, Heard]]:
    heard = Heard()
    async with terminal() as (person, path), running(function(folder / "demo", text), heard, terminal=True) as host:
        heard.terminal = path
        yield host, person, heard


async def stopped(person: Person) -> int:
    """Pdb has stopped, in the line after the `breakpoint()`; gives how many prompts there were."""
    await person.until(PROMPT)
    if sys.version_info >= (3, 13):
        assert "-> breakpoint()" in person.shown, "the line itself comes first"
        person.type("n\n")
        await person.until(PROMPT, 2)
        return 2
    return 1


async def answered(future: asyncio.Future[Answer]) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return (await future).body


async def test_a_handler_is_stopped_looked_at_and_goes_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as (host, person, heard):
        asked = ask(host)
        prompts = await stopped(person)
        assert "function.py(6)status()" in person.shown
        person.type("p x\n")
        await person.until("\n41")
        assert host.pause.notice is not None
        assert heard.standstills[0] is not None
        assert heard.standstills[0].started == [1]
        person.type("x = 100\n")
        await person.until(PROMPT, prompts + 2)
        person.type("c\n")
        assert await answered(ask(host, "/other", 2)) == b"other"

        assert await answered(asked) == b"101"
        assert heard.standstills[-1] is None
        assert (len(heard.wanted), len(heard.returned)) == (1, 1)
        assert heard.blocks == [], "the time at the prompt is not the handler's"


async def test_steps_follow_one_request_over_an_await_and_end_with_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as (host, person, heard):
        asked = ask(host)
        prompts = await stopped(person)
        for number, line in enumerate((6, 7), prompts):
            await person.until(PROMPT, number)
            assert f"function.py({line})status()" in person.shown
            person.type("n\n")
        other = ask(host, "/other", 2)
        for number, line in enumerate((8, 9), prompts + 2):
            await person.until(PROMPT, number)
            assert f"function.py({line})status()" in person.shown
            person.type("n\n")

        assert await answered(asked) == b"42"
        assert await answered(other) == b"other"
        assert "other()" not in person.shown, "another request is not stopped in"
        assert (len(heard.wanted), len(heard.returned)) == (1, 1)
        assert await answered(ask(host, "/other", 3)) == b"other"


async def test_a_plain_handler_is_stopped_in_its_thread(tmp_path: Path) -> None:
    async with stage(tmp_path) as (host, person, heard):
        asked = ask(host, "/plain")
        prompts = await stopped(person)
        assert await answered(ask(host, "/other", 2)) == b"other", "the event loop runs"
        for number in (1, 2):
            person.type("s\n")
            await person.until(PROMPT, prompts + number)
        person.type("s\n")

        assert await answered(asked) == b"2"
        assert len(heard.returned) == 1


async def test_two_take_turns(tmp_path: Path) -> None:
    async with stage(tmp_path) as (host, person, heard):
        first, second = ask(host, "/plain", 1), ask(host, "/plain", 2)
        await person.until(PROMPT, 2)  # this desk lends to both; who has one at a time is tested with the lending
        person.type("c\nc\n")
        assert [await answered(first), await answered(second)] == [b"2", b"2"]
        assert len(heard.returned) == 2


async def test_to_quit_fails_the_request_and_nothing_else(tmp_path: Path) -> None:
    async with stage(tmp_path) as (host, person, _):
        asked = ask(host)
        await person.until(PROMPT)
        person.type("q\n")
        async with asyncio.timeout(PATIENCE):
            answer = await asked

        assert answer.status == 500
        assert answer.failure is not None
        assert "BdbQuit" in answer.failure[1]
        assert await answered(ask(host, "/other", 2)) == b"other"


async def test_ctrl_c_ends_a_command_and_not_the_function(tmp_path: Path) -> None:
    async with stage(tmp_path) as (host, person, _):
        asked = ask(host)
        await person.until(PROMPT)
        person.type("print('wai' + 'ting'); import time; time.sleep(60)\n")
        await person.until("waiting")
        os.kill(host.pid, signal.SIGINT)
        await person.until("KeyboardInterrupt")
        person.type("c\n")
        await answered(ask(host, "/other", 3))

        assert await answered(asked) == b"42"
        os.kill(host.pid, signal.SIGINT)
        assert await answered(ask(host, "/other", 2)) == b"other", "without pdb it is nothing"


async def test_breakpoints_set_in_pdb_hold_for_this_request(tmp_path: Path) -> None:
    async with stage(tmp_path) as (host, person, heard):
        asked = ask(host)
        await person.until(PROMPT)
        person.type("b 8\n")
        await person.until(PROMPT, 2)
        person.type("c\n")
        other = ask(host, "/other", 2)
        await person.until("function.py(8)status()")
        person.type("c\n")

        assert await answered(asked) == b"42"
        assert await answered(other) == b"other"
        assert len(heard.returned) == 1


async def test_it_may_stand_in_a_function_that_a_handler_calls(tmp_path: Path) -> None:
    async with stage(tmp_path) as (host, person, _):
        asked = ask(host, "/helped")
        await person.until(PROMPT)
        person.type("w\n")
        await person.until(PROMPT, 2)
        assert "function.py(21)helped()" in person.shown
        person.type("r\n")
        await person.until("--Return--")
        person.type("c\n")
        assert await answered(asked) == b"helped"


async def test_it_may_stand_in_code_of_the_module(tmp_path: Path) -> None:
    text = "word = 'one'\nbreakpoint()\nasync def status(context, request):\n    return word\n"
    heard = Heard()
    folder = function(tmp_path / "demo", text)
    async with terminal() as (person, path):
        heard.terminal = path

        async def live() -> bytes:
            async with running(folder, heard, terminal=True) as host:
                return await answered(ask(host))

        living = asyncio.create_task(live())
        await person.until(PROMPT)
        person.type("word = 'two'\n")
        await person.until(PROMPT, 2)
        person.type("c\n")
        assert await living == b"two"


async def test_without_a_terminal_it_is_passed_and_said_once_per_place(tmp_path: Path) -> None:
    heard = Heard()
    async with running(function(tmp_path / "demo", FUNCTION), heard) as host:
        await answered(ask(host, "/other", 9))
        assert [await answered(ask(host, number=number)) for number in (1, 2)] == [b"42", b"42"]
        assert await answered(ask(host, "/plain", 3)) == b"2"

        assert [text.partition(" was passed")[0] for text in heard.texts()] == [
            "breakpoint() at function.py:5",
            "breakpoint() at function.py:13",
        ]


async def test_a_terminal_that_is_not_there_after_all_is_done_without(tmp_path: Path) -> None:
    heard = Heard()
    async with running(function(tmp_path / "demo", FUNCTION), heard, terminal=True) as host:
        await answered(ask(host, "/other", 9))
        assert await answered(ask(host)) == b"42"
        assert len(heard.wanted) == 1
        assert not host.paused


async def test_who_has_chosen_another_debugger_gets_that(tmp_path: Path) -> None:
    hook = "import os\nos.environ['PYTHONBREAKPOINT'] = 'function.mine'\nhits = []\ndef mine(): hits.append(1)\n"
    text = hook + "async def status(context, request):\n    breakpoint()\n    return str(len(hits))\n"
    async with stage(tmp_path, text) as (host, person, heard):
        assert await answered(ask(host)) == b"1"
        assert (person.shown, heard.wanted) == ("", [])
