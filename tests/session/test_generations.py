"""With real host processes and real files; saves are found as the gateway finds them, or told like the watcher does."""

from __future__ import annotations

import asyncio
import math
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devserver.session.generations import NoHost
from devserver.session.link import Died
from devserver.session.loading import LoadError
from tests.session.generating import HELLO, Session
from tests.session.hosts import ask, function


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    session = Session(function(tmp_path / "demo", HELLO.format(word="one")))
    yield session
    await session.generations.close()


async def test_the_first_load_answers(session: Session) -> None:
    await session.generations.start()

    assert await session.word() == b"one"
    ((first,),) = [session.audience.taken]
    assert (first.loaded.generation, first.first, first.restart) == (1, True, False)


async def test_after_a_save_the_new_code_answers_without_any_watcher(session: Session) -> None:
    await session.generations.start()
    old = await session.generations.acquire()
    session.save(HELLO.format(word="two"))

    assert session.generations.at_hand() is None
    assert await session.word() == b"two"
    second = session.audience.taken[1]
    assert (second.loaded.generation, second.files, second.first, second.restart) == (2, ["function.py"], False, False)
    await old.gone.wait()
    assert old.why == "exit status 0"


async def test_an_old_generation_finishes_what_it_has_in_hand(session: Session) -> None:
    os.mkfifo(session.folder / "gate")
    session.save("def status(context, request):\n    return open('gate').read()\n")
    await session.generations.start()
    old = await session.generations.acquire()
    waiting = ask(old)
    session.save(HELLO.format(word="two"))

    assert await session.word() == b"two"
    assert not waiting.done()
    await asyncio.to_thread((session.folder / "gate").write_text, "at last")
    assert (await waiting).body == b"at last"
    await old.gone.wait()


async def test_code_that_is_broken_from_the_start_is_told_and_mended_by_a_save(session: Session) -> None:
    session.save("1 / 0\n")
    await session.generations.start()

    with pytest.raises(NoHost) as refused:
        await session.generations.acquire()
    assert refused.value.error.kind == "import"
    assert session.audience.failures[0][1] is None

    session.save(HELLO.format(word="mended"))

    assert await session.word() == b"mended"
    assert session.generations.error is None


async def test_a_broken_save_leaves_the_last_good_generation_and_is_judged_when_it_is_still(session: Session) -> None:
    await session.generations.start()
    session.save("def broken(:\n")

    assert await session.word() == b"one"
    assert session.told() == []
    await session.audience.until(lambda: session.audience.failures)
    error, generation = session.audience.failures[0]
    assert (error.kind, generation) == ("syntax", 1)
    assert await session.word() == b"one"

    session.save(HELLO.format(word="mended"))

    assert await session.word() == b"mended"
    assert session.told() == ["syntax"]


async def test_a_save_that_was_only_half_way_is_never_told(session: Session) -> None:
    await session.generations.start()
    session.save("async def ice(context, ev")
    assert await session.word() == b"one"
    session.save(HELLO.format(word="two"))

    assert await session.word() == b"two"
    assert session.told() == []


async def test_handlers_that_are_gone_for_good_go(session: Session) -> None:
    await session.generations.start()
    session.save("async def status(context, request):\n    return 'alone'\n")

    assert await session.word() == b"one"
    await session.audience.until(lambda: len(session.audience.taken) == 2)
    assert await session.word() == b"alone"
    assert session.audience.taken[1].loaded.handlers == ["status"]


async def test_code_that_fails_at_import_leaves_the_last_good_generation(session: Session) -> None:
    await session.generations.start()
    session.save("import os\n" + HELLO.format(word="two") + "os._exit(7)\n")

    assert await session.word() == b"one"
    error, generation = session.audience.failures[0]
    assert (error.kind, generation) == ("died", 1)
    assert "exit status 7" in error.text


async def test_a_host_that_dies_is_replaced_by_the_same_generation(session: Session) -> None:
    await session.generations.start()
    host = await session.generations.acquire()
    os.kill(host.pid, signal.SIGKILL)
    await host.gone.wait()

    assert await session.word() == b"one"
    assert session.audience.pauses == [0.0]
    again = session.audience.taken[1]
    assert (again.loaded.generation, again.restart, again.files) == (1, True, [])


async def test_a_crash_loop_is_paused_and_a_save_ends_the_pause(session: Session) -> None:
    await session.generations.start()
    for _ in range(3):
        host = await session.generations.acquire()
        os.kill(host.pid, signal.SIGKILL)
        await host.gone.wait()

    assert session.audience.pauses == [0.0, 0.0, 1.0]
    with pytest.raises(NoHost, match=r"death 3 within 10 s.*next try is in 1 s"):
        await session.generations.acquire()

    while session.generations._deciding._asked.is_set():  # noqa: ASYNC110 - nobody tells when the pause has begun
        await asyncio.sleep(0)
    session.generations._crashes.not_before = math.inf
    session.save(HELLO.format(word="remedy"))
    session.generations.changed([str(session.folder / "function.py")])
    await session.audience.until(lambda: len(session.audience.taken) == 4)
    assert await session.word() == b"remedy"


async def test_a_reload_that_is_asked_for_makes_a_new_process_of_the_same_code(session: Session) -> None:
    await session.generations.start()
    old = await session.generations.acquire()
    await session.generations.reload()

    assert (await session.generations.acquire()).pid != old.pid
    assert session.audience.taken[1].restart


async def test_a_generation_whose_files_change_while_it_loads_never_answers(session: Session) -> None:
    await session.generations.start()
    os.mkfifo(session.folder / "gate")
    session.save("open('gate').read()\n" + HELLO.format(word="two"))
    waiting = asyncio.create_task(session.word())
    # Opening succeeds when the other side, which is being imported, has opened it too; it reads until this side closes.
    gate = await asyncio.to_thread(os.open, session.folder / "gate", os.O_WRONLY)
    session.save(HELLO.format(word="three"))
    os.close(gate)

    assert await waiting == b"three"
    assert len(session.audience.taken) == 2


async def test_what_was_compiled_once_is_not_compiled_again(session: Session) -> None:
    session.save("WORD = 'kept'\n", "lib.py")
    session.save("import lib\n" + HELLO.format(word="one"))
    await session.generations.start()
    await asyncio.gather(*[session.generations.reload() for _ in range(2)])
    await session.generations.reload()
    session.save("import lib\n" + HELLO.format(word="two"))
    assert await session.word() == b"two"

    last = session.audience.taken[-1].loaded
    assert {Path(file.path).name for file in last.files} == {"function.py", "lib.py"}
    assert [Path(module.path).name for module in last.compiled] == ["function.py"]


async def test_a_change_of_the_configuration_is_read_before_the_code_is_loaded(session: Session) -> None:
    await session.generations.start()
    session.save('{"name": "other"}', "sinch.json")

    await session.word()
    assert session.read == 1
    assert session.audience.taken[1].files == ["sinch.json"]


async def test_a_configuration_that_is_wrong_changes_nothing_until_it_is_mended(session: Session) -> None:
    await session.generations.start()
    host = await session.generations.acquire()
    session.wrong = LoadError("configuration", "sinch.json has no name.")
    session.save("{}", "sinch.json")

    assert await session.generations.acquire() is host
    assert session.told() == ["configuration"]

    session.wrong = None
    session.save('{"name": "demo"}', "sinch.json")
    assert await session.generations.acquire() is not host


async def test_what_a_hung_host_has_not_begun_is_answered_by_its_replacement(session: Session) -> None:
    session.save(HELLO.format(word="one") + "\nasync def hang(context, request):\n    while True:\n        pass\n")
    await session.generations.start()
    host = await session.generations.acquire()
    begun = ask(host, "/hang", 1)
    await session.audience.until(lambda: session.audience.blocks)
    waiting = ask(host, "/status", 2)

    assert (await waiting).body == b"one"
    assert await session.generations.acquire() is not host
    host.kill("by the test")
    with pytest.raises(Died):
        await begun


async def test_closing_leaves_no_process(session: Session) -> None:
    await session.generations.start()
    host = await session.generations.acquire()
    await session.generations.close()

    assert host.gone.is_set()
    with pytest.raises(ProcessLookupError):
        os.kill(host.pid, 0)
