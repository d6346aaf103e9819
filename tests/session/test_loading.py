"""With real host processes and real files; nobody takes over what was loaded here."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from devserver.session import loading
from devserver.session.doubt import Doubt
from devserver.session.freshness import Freshness, Version, version_of
from devserver.session.loading import Fit, Loading, Moved, Order, Unfit
from devserver.session.spares import Spares
from devserver.session.spawn import Started, start_host
from tests.session.generating import HELLO
from tests.session.hosts import PATIENCE, Heard, function, prepare


class Workshop:
    """The loads of one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = str(folder / "function.py")
        self.handlers: list[str] = []
        self.fresh = Freshness()
        self.judged = asyncio.Event()
        self.doubt = Doubt(lambda _: self.judged.set())
        self.spares = Spares(1, lambda: prepare(folder), Heard(), None)
        self.loading = Loading(self.spares, self.fresh, self.doubt, lambda: self.handlers)

    def changes(self) -> dict[str, Version]:
        return {self.path: version_of(self.path)}

    async def load(self, since: float | None = None) -> Fit | Unfit | Moved:
        since = time.perf_counter() if since is None else since
        async with asyncio.timeout(PATIENCE):
            return await self.loading.load(Order(self.changes(), 1, since))

    async def fit(self) -> Fit:
        outcome = await self.load()
        assert isinstance(outcome, Fit), outcome
        return outcome

    async def unfit(self) -> Unfit:
        outcome = await self.load()
        assert isinstance(outcome, Unfit), outcome
        return outcome

    def save(self, text: str) -> None:
        (self.folder / "function.py").write_text(text)


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    workshop = Workshop(function(tmp_path / "demo", HELLO.format(word="one")))
    yield workshop
    await workshop.spares.close()
    for host in workshop.spares.hosts():
        host.kill("the test is over")
        await host.gone.wait()
    await workshop.loading.close()


async def test_a_host_that_could_answer(workshop: Workshop) -> None:
    before = time.perf_counter()
    fit = await workshop.fit()

    assert (fit.host.generation, fit.host.stopping, fit.loaded.handlers) == (1, False, ["ice", "status"])
    assert before <= fit.began <= time.perf_counter()
    assert workshop.loading.host is None


async def test_what_was_compiled_is_remembered(workshop: Workshop) -> None:
    await workshop.fit()

    assert list(workshop.loading.memory.code) == [workshop.path]


async def test_code_that_does_not_compile_is_in_doubt_and_costs_no_host(workshop: Workshop) -> None:
    workshop.save("def broken(:\n")
    unfit = await workshop.unfit()

    assert (unfit.error.kind, unfit.doubtful, unfit.versions) == ("syntax", True, workshop.changes())
    assert workshop.spares.ready == 1


async def test_handlers_that_are_gone_are_in_doubt_until_the_file_has_been_still(workshop: Workshop) -> None:
    workshop.handlers = ["ice", "pie"]
    unfit = await workshop.unfit()
    assert (unfit.error.kind, unfit.doubtful) == ("handlers", True)

    workshop.doubt.begin(workshop.changes())
    async with asyncio.timeout(PATIENCE):
        await workshop.judged.wait()

    assert (await workshop.fit()).loaded.handlers == ["ice", "status"]


async def test_code_that_raises_is_refused_for_good(workshop: Workshop) -> None:
    workshop.save("1 / 0\n")
    unfit = await workshop.unfit()

    assert (unfit.error.kind, unfit.doubtful) == ("import", False)
    assert "ZeroDivisionError" in unfit.error.traceback
    assert workshop.spares.ready == 0


async def test_a_host_that_ends_at_its_import(workshop: Workshop) -> None:
    workshop.save("import os\nos._exit(7)\n")
    unfit = await workshop.unfit()

    assert (unfit.error.kind, unfit.doubtful, unfit.versions) == ("died", False, workshop.changes())
    assert unfit.error.text == "The process ended while function.py was imported: exit status 7."


async def test_an_import_that_takes_too_long_is_ended(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_LIMIT", 0.2)
    os.mkfifo(workshop.folder / "gate")
    workshop.save("open('gate').read()\n")
    unfit = await workshop.unfit()

    assert (unfit.error.kind, unfit.doubtful) == ("slow", False)
    async with asyncio.timeout(PATIENCE):
        while workshop.spares.hosts():
            await asyncio.gather(*[host.gone.wait() for host in workshop.spares.hosts()])


async def test_a_host_that_dies_before_it_is_ready_is_said_and_judges_no_file(workshop: Workshop) -> None:
    def start() -> Started:
        started = start_host()
        started.process.kill()
        return started

    workshop.spares._start_host = start
    unfit = await workshop.unfit()

    assert (unfit.error.kind, unfit.versions) == ("died", {})
    assert unfit.error.text == "The host process ended while it started: signal SIGKILL."


async def changed_while_it_loads(workshop: Workshop, since: float) -> Fit | Unfit | Moved:
    os.mkfifo(workshop.folder / "gate")
    workshop.save("open('gate').read()\n" + HELLO.format(word="one"))
    loads = asyncio.create_task(workshop.load(since))
    # Opening succeeds when the other side, which is being imported, has opened it too; it reads until this side closes.
    gate = await asyncio.to_thread(os.open, workshop.folder / "gate", os.O_WRONLY)
    assert workshop.loading.host is not None
    workshop.save(HELLO.format(word="two"))
    os.close(gate)
    return await loads


async def test_a_host_whose_files_change_while_it_loads_is_of_no_use(workshop: Workshop) -> None:
    # As if it had been asked for in the future: however slow this machine is, the patience is not over.
    outcome = await changed_while_it_loads(workshop, time.perf_counter() + PATIENCE)

    assert isinstance(outcome, Moved)
    await workshop.loading.close()
    assert workshop.spares.hosts() == []


async def test_files_that_never_come_to_rest_do_not_keep_the_code_from_answering(workshop: Workshop) -> None:
    outcome = await changed_while_it_loads(workshop, time.perf_counter() - 2 * loading._RESTLESS)

    assert isinstance(outcome, Fit)


async def test_a_debugger_hears_when_files_were_saved_before_they_are_loaded(workshop: Workshop) -> None:
    heard: list[Mapping[str, float]] = []

    async def settle(saved: Mapping[str, float]) -> None:
        assert workshop.loading.host is None
        heard.append(saved)

    workshop.loading.settle = settle
    await workshop.fit()

    assert heard == [{workshop.path: pytest.approx((workshop.folder / "function.py").stat().st_mtime)}]


async def test_the_end_of_the_session_ends_what_is_loading(workshop: Workshop) -> None:
    os.mkfifo(workshop.folder / "gate")
    workshop.save("open('gate').read()\n")
    loads = asyncio.create_task(workshop.load())
    gate = await asyncio.to_thread(os.open, workshop.folder / "gate", os.O_WRONLY)
    host = workshop.loading.host
    assert host is not None
    loads.cancel()
    with suppress(asyncio.CancelledError):
        await loads
    await workshop.loading.close()

    assert host.gone.is_set()
    os.close(gate)
