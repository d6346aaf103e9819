"""While a host stands still in a debugger, another one of its generation answers. Real processes; the pause is said."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devserver.session import stand_in
from devserver.session.frames import Answer, Paused, Resumed
from devserver.session.generations import NoHost
from devserver.session.link import Died, HostLink
from tests.session.generating import Session
from tests.session.hosts import PATIENCE, ask, function

CODE = """\
import os

count = 0
if os.path.exists("door"):
    open("door").read()

def ice(context, event):
    return 1

def gate(context, request):
    return open("gate").read()

async def status(context, request):
    global count
    count += 1
    return "{word} %d" % count
"""


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    folder = function(tmp_path / "demo", CODE.format(word="one"))
    os.mkfifo(folder / "gate")
    session = Session(folder)
    await session.generations.start()
    yield session
    for host in session.generations._spares.hosts():
        host._stands(Resumed())
    await session.generations.close()


def pause(host: HostLink, *started: int) -> None:
    """As if a debugger had stopped it; its process answers all the same, so that it is seen when it is asked."""
    host._stands(Paused(list(started)))


def resume(host: HostLink) -> None:
    host._stands(Resumed())


def open_gate(session: Session) -> None:
    with (session.folder / "gate").open("w") as gate:
        gate.write("opened")


async def body(answer: asyncio.Future[Answer]) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return (await answer).body


async def paused_in_hand(session: Session) -> tuple[HostLink, asyncio.Future[Answer]]:
    """A host that is paused with one request that it has begun."""
    host = await session.generations.acquire()
    waiting = ask(host, "/gate", number=7)
    pause(host, 7)
    return host, waiting


async def test_other_requests_go_on_in_another_process_of_the_same_generation(session: Session) -> None:
    host, waiting = await paused_in_hand(session)

    assert session.generations.at_hand() is None
    other = await session.generations.acquire()
    assert (other is host, other.generation, session.audience.stand_ins) == (False, 1, [1])
    assert await session.word() == b"one 1"
    assert len(session.audience.taken) == 1  # nothing was reloaded, as far as people are concerned
    open_gate(session)
    assert await body(waiting) == b"opened"


async def test_no_process_is_started_before_a_request_needs_it(session: Session) -> None:
    host, _ = await paused_in_hand(session)
    hosts = set(session.generations._spares.hosts())
    resume(host)

    assert await session.generations.acquire() is host
    assert session.audience.stand_ins == []
    assert set(session.generations._spares.hosts()) == hosts
    open_gate(session)


async def test_when_it_goes_on_everything_is_as_before_and_the_other_goes(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in, "_LINGERS", 0.01)
    assert await session.word() == b"one 1"
    host, waiting = await paused_in_hand(session)
    other = await session.generations.acquire()
    resume(host)

    assert session.generations.at_hand() is host
    assert await session.word() == b"one 2"  # what its code remembers is still there
    async with asyncio.timeout(PATIENCE):
        await other.gone.wait()
    assert other.why == "exit status 0"
    open_gate(session)
    assert await body(waiting) == b"opened"


async def test_who_waits_for_another_process_is_answered_by_the_one_that_goes_on_first(session: Session) -> None:
    os.mkfifo(session.folder / "door")
    host = await session.generations.acquire()
    pause(host)
    waiting = asyncio.create_task(session.generations.acquire())
    async with asyncio.timeout(PATIENCE):
        door = await asyncio.to_thread((session.folder / "door").open, "w")  # the other one stands there, at its import
        assert not waiting.done()
        resume(host)
        assert await waiting is host
    assert await session.word() == b"one 1"

    door.close()
    await session.generations.reload()
    assert session.audience.stand_ins == []


async def test_the_other_finishes_what_it_has_in_hand(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "_LINGERS", 0.0)
    host = await session.generations.acquire()
    pause(host)
    other = await session.generations.acquire()
    waiting = ask(other, "/gate")
    resume(host)
    await asyncio.sleep(0.05)  # longer than it lingers
    open_gate(session)

    assert await body(waiting) == b"opened"
    async with asyncio.timeout(PATIENCE):
        await other.gone.wait()


async def test_who_steps_from_line_to_line_needs_one_other_process(session: Session) -> None:
    host = await session.generations.acquire()
    pause(host)
    other = await session.generations.acquire()
    for _ in range(5):
        resume(host)
        assert await session.generations.acquire() is host
        pause(host)
        assert await session.generations.acquire() is other
    assert session.audience.stand_ins == [1]


async def test_what_a_paused_host_has_not_begun_is_handed_over(session: Session) -> None:
    host = await session.generations.acquire()
    os.kill(host.pid, signal.SIGSTOP)  # as a debugger does with all threads
    begun, waiting = ask(host, "/status", number=1), ask(host, "/status", number=2)
    pause(host, 1)

    assert await body(waiting) == b"one 1"
    assert not begun.done()
    os.kill(host.pid, signal.SIGCONT)
    assert await body(begun) == b"one 1"


async def test_what_was_handed_over_does_not_run_twice(session: Session) -> None:
    host = await session.generations.acquire()
    os.kill(host.pid, signal.SIGSTOP)
    waiting = ask(host, "/status", number=2)
    pause(host)
    await body(waiting)
    os.kill(host.pid, signal.SIGCONT)
    resume(host)

    assert await session.word() == b"one 1"


async def test_a_save_in_a_pause_makes_the_new_generation_at_once(session: Session) -> None:
    host, waiting = await paused_in_hand(session)
    other = await session.generations.acquire()
    session.save(CODE.format(word="two"))

    assert await session.word() == b"two 1"
    assert [each.loaded.generation for each in session.audience.taken] == [1, 2]
    async with asyncio.timeout(PATIENCE):
        await other.gone.wait()
    assert not waiting.done()
    resume(host)
    open_gate(session)
    assert await body(waiting) == b"opened"
    assert await session.word() == b"two 2"  # the old one does not come back


async def test_a_paused_old_generation_is_not_ended_by_its_deadline(session: Session) -> None:
    session.generations._deadline = 0.01
    host, waiting = await paused_in_hand(session)
    session.save(CODE.format(word="two"))
    await session.word()
    await asyncio.sleep(0.2)

    assert not host.gone.is_set()
    open_gate(session)
    assert await body(waiting) == b"opened"
    resume(host)
    async with asyncio.timeout(PATIENCE):
        await host.gone.wait()


async def test_a_paused_stand_in_gets_one_too_and_the_first_comes_back(session: Session) -> None:
    first = await session.generations.acquire()
    pause(first)
    second = await session.generations.acquire()
    pause(second)
    third = await session.generations.acquire()
    assert len({first, second, third}) == 3

    resume(second)
    assert session.generations.at_hand() is third
    resume(first)
    assert session.generations.at_hand() is first


async def test_a_host_that_goes_on_while_the_other_is_loading_keeps_its_place(session: Session) -> None:
    host = await session.generations.acquire()
    pause(host)
    asked = asyncio.create_task(session.generations.acquire())
    await asyncio.sleep(0)
    resume(host)

    assert await asked is host
    assert session.audience.stand_ins == []


async def test_a_paused_host_that_dies_fails_what_it_had_and_nothing_else(session: Session) -> None:
    host, waiting = await paused_in_hand(session)
    other = await session.generations.acquire()
    host.kill("the developer ended it")

    with pytest.raises(Died):
        await body(waiting)
    assert session.generations.at_hand() is other


async def test_a_stand_in_that_dies_is_replaced_until_the_first_comes_back(session: Session) -> None:
    host = await session.generations.acquire()
    pause(host)
    other = await session.generations.acquire()
    other.kill("")
    async with asyncio.timeout(PATIENCE):
        await session.audience.until(lambda: session.audience.pauses)

    assert await session.word() == b"one 1"
    resume(host)
    assert session.generations.at_hand() is host
    assert session.generations.error is None


async def test_code_that_cannot_stand_in_is_said_once_and_not_tried_for_ever(session: Session) -> None:
    session.save(CODE.format(word="two") + "raise ValueError('broken')\n")
    await session.word()
    host = await session.generations.acquire()
    pause(host)

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(NoHost, match="broken"):
            await session.generations.acquire()


async def test_the_end_of_the_session_does_not_wait_for_a_stand_in(session: Session) -> None:
    host = await session.generations.acquire()
    ask(host, "/gate", number=7)
    pause(host)  # the request has not begun, so that somebody else is to have it
    async with asyncio.timeout(5):
        await session.generations.close()


async def test_the_end_of_the_session_does_not_wait_for_a_pause(session: Session) -> None:
    host, waiting = await paused_in_hand(session)
    os.kill(host.pid, signal.SIGSTOP)
    async with asyncio.timeout(5):
        await session.generations.close()
    with pytest.raises(Died):
        await waiting
