"""With real host processes: what is tested is their lifetimes."""

from __future__ import annotations

import asyncio
import errno
import math
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devserver.session.frames import Answer, HostSettings, Invoke, Load, Loaded, NotLoaded, Prepare
from devserver.session.link import Died, HostLink
from devserver.session.spares import Spares
from devserver.session.spawn import Started
from tests.e2e.running import HELLO, project


class Silence:
    """Hears everything a host says and answers nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "demo").resolve()


@pytest.fixture
async def spares(folder: Path) -> AsyncIterator[Spares]:
    settings = HostSettings("demo", None, {}, {}, 0.5, "storage", "function.db")
    pool = Spares(2, lambda: Prepare(str(folder), {}, settings, [], []), Silence(), None)
    yield pool
    await pool.close()


async def both(spares: Spares) -> None:
    hosts = [await spares.take(lambda: math.inf) for _ in range(2)]
    for host in hosts:
        spares.give_back(host)
    assert spares.ready == 2


def load(folder: Path, **more: Any) -> Load:
    fields: dict[str, Any] = {"generation": 1, "expected": [], "force": True, "check": False}
    return Load(**{**fields, "changed": [str(folder / "function.py")], **more})


async def ask(host: HostLink, number: int = 1, path: str = "/status") -> Answer:
    future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    host.invoke(future, Invoke(number, "GET", path, (), b"", "id", "127.0.0.1", False))
    return await future


async def test_a_spare_loads_and_answers(spares: Spares, folder: Path) -> None:
    host = await spares.take(lambda: math.inf)

    loaded = await host.load(load(folder))

    assert isinstance(loaded, Loaded)
    assert loaded.handlers == ["ice", "status"]
    assert [Path(file.path).name for file in loaded.files] == ["function.py"]
    assert (await ask(host)).body == b'{"word":"hello"}'
    await host.stop(0)


async def test_within_a_burst_the_last_spare_is_kept_until_it_is_quiet(spares: Spares) -> None:
    await both(spares)
    first = await spares.take(lambda: 0.0)
    second = asyncio.create_task(spares.take(lambda: 0.0))
    done, _ = await asyncio.wait({second}, timeout=0.1)

    assert not done

    second.cancel()
    third = await spares.take(lambda: math.inf)
    assert third is not first
    for host in (first, third):
        host.kill("the test is over")
        await host.gone.wait()


async def test_what_is_clean_can_be_given_back_and_load_later(spares: Spares, folder: Path) -> None:
    host = await spares.take(lambda: math.inf)
    function = folder / "function.py"
    function.write_text("def broken(:\n")
    refused = await host.load(load(folder))
    assert isinstance(refused, NotLoaded)
    assert (refused.kind, refused.clean) == ("syntax", True)

    function.write_text("async def other(context, request):\n    return 1\n")
    lost = await host.load(load(folder, expected=["ice"], force=False))
    assert isinstance(lost, NotLoaded)
    assert (lost.kind, lost.clean) == ("handlers", True)

    function.write_text(HELLO.format(word="after all"))
    complete = await host.load(load(folder, check=True))
    assert isinstance(complete, NotLoaded)
    assert complete.kind == "complete"
    spares.give_back(host)
    again = await spares.take(lambda: math.inf)
    assert again is host
    assert isinstance(await again.load(load(folder)), Loaded)
    assert (await ask(again)).body == b'{"word":"after all"}'
    await again.stop(0)


async def test_who_waits_for_a_host_that_dies_is_told_why(spares: Spares, folder: Path) -> None:
    (folder / "function.py").write_text("import os\nasync def status(context, request):\n    os._exit(5)\n")
    host = await spares.take(lambda: math.inf)
    await host.load(load(folder))

    with pytest.raises(Died) as died:
        await ask(host)

    assert died.value.why == "exit status 5"
    with pytest.raises(Died):
        await ask(host, 2)


async def test_who_waits_for_a_spare_that_cannot_be_started_is_told_why(folder: Path) -> None:
    def no_process() -> Started:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    settings = HostSettings("demo", None, {}, {}, 0.5, "storage", "function.db")
    pool = Spares(2, lambda: Prepare(str(folder), {}, settings, [], []), Silence(), None, no_process)

    with pytest.raises(Died, match="Resource temporarily unavailable"):
        await pool.take(lambda: math.inf)
    await pool.close()


async def test_a_dead_spare_is_not_handed_out(spares: Spares) -> None:
    await both(spares)
    doomed = await spares.take(lambda: math.inf)
    spares.give_back(doomed)
    doomed.kill("by the test")
    await doomed.gone.wait()

    host = await spares.take(lambda: math.inf)

    assert host is not doomed
    host.kill("the test is over")
    await host.gone.wait()


async def test_closing_leaves_no_process(folder: Path) -> None:
    settings = HostSettings("demo", None, {}, {}, 0.5, "storage", "function.db")
    pool = Spares(2, lambda: Prepare(str(folder), {}, settings, [], []), Silence(), None)
    await both(pool)
    pids = [host.pid for host in pool._ready]
    await pool.close()

    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
