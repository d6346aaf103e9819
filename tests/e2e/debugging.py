"""What the tests of the debugger share: a function to debug, requests that take their time, an editor at the port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from tests.e2e.running import PATIENCE, Answer, Running
from tests.fakes.dap import Editor

FUNCTION = """\
import asyncio, os

START = 1

async def ice(context, event):
    x = START
    y = x + 41
    return {"instructions": [{"name": "say", "text": str(y)}], "action": {"name": "hangup"}}

async def status(context, request):
    return {"start": START}

async def pid(context, request):
    return os.getpid()

async def fail(context, request):
    secret = 7
    raise ValueError(f"no {secret}")

def plain(context, request):
    a = 5
    b = a + 1
    return {"b": b}

async def spin(context, request):
    turns = 0
    open("spinning", "w").close()
    while turns >= 0:
        turns += 1

async def caught(context, request):
    try:
        raise KeyError("mine")
    except KeyError:
        return "caught"

async def nap(context, request):
    await asyncio.sleep(0.01)
    rested = True
    return rested
"""


def line_of(text: str, source: str = FUNCTION) -> int:
    """The number of the first line that contains a text."""
    return next(number for number, line in enumerate(source.splitlines(), 1) if text in line)


def padded(lines: int, start: int = 1) -> str:
    """The function, moved down by so many lines, and with another value."""
    return "# pad\n" * lines + FUNCTION.replace("START = 1", f"START = {start}")


class Asked:
    """Something that goes on in a thread, and its result."""

    def __init__(self, work: Callable[[], Answer]) -> None:
        self._work = work
        self._answers: list[Answer | BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answers.append(self._work())
        except BaseException as error:  # noqa: BLE001 raised again where the result is wanted
            self._answers.append(error)

    @property
    def waits(self) -> bool:
        return self._thread.is_alive()

    def answer(self) -> Answer:
        """Its answer, when it is there."""
        self._thread.join(PATIENCE)
        assert self._answers, "there is no answer"
        found = self._answers[0]
        if isinstance(found, BaseException):
            raise found
        return found


def post(running: Running, path: str = "/ice") -> Asked:
    return Asked(lambda: running.post(path))


def get(running: Running, path: str) -> Asked:
    return Asked(lambda: running.get(path))


def port_of(running: Running) -> int:
    """The port of its debugger."""
    return int(running.ready["debug"].rpartition(":")[2])


def function_of(running: Running) -> str:
    return str(running.folder.resolve() / "function.py")


def editor(
    running: Running, lines: dict[str, list[int]] | None = None, filters: Iterable[str] = (), **arguments: Any
) -> Editor:
    """An editor that is attached; to the host that answers, too, and to the spares."""
    made = Editor(port_of(running), lines, filters, **arguments)
    try:
        made.attach()
        settled(made)
    except BaseException:
        made.vanish()
        raise
    return made


def settled(one: Editor, sessions: int = 3) -> None:
    """Wait until the host that answers and two spares are sessions of an editor."""
    one.until(lambda: len([child for child in one.live()[1:] if _is_done(child)]) >= sessions, "no child sessions")


def _is_done(child: Any) -> bool:
    return any(event["event"] == "process" for event in child.events)


def save(running: Running, text: str, one: Editor, lines: list[int]) -> dict[str, Any]:
    """Save `function.py` as an editor does, which then tells where its breakpoints are; gives the event of the reload."""
    seen = len(running.events)
    running.save(text)
    one.set_breakpoints(function_of(running), lines)
    return running.wait_for("reload", after=seen)
