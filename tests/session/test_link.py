"""With real host processes: what one does is seen from the gateway's side."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from devserver.session.frames import Loaded, NotLoaded
from devserver.session.link import Died, HostLink
from devserver.session.spawn import start_host
from tests.session.hosts import Heard, ask, function, load, prepare, running, spare

FUNCTION = """\
import asyncio, os, signal, subprocess

opened = asyncio.Event()
kept = []

async def status(context, request):
    return os.getpid()

async def wait(context, request):
    print("waiting", flush=True)
    try:
        await opened.wait()
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise
    return "waited"

async def release(context, request):
    opened.set()

async def hang(context, request):
    while True:
        pass

async def exit(context, request):
    os._exit(5)

async def crash(context, request):
    os.kill(os.getpid(), signal.SIGSEGV)

async def write(context, request):
    for piece in (b"past ", b"Python: \\xc3", b"\\xa4\\n"):
        os.write(1, piece)
        os.sched_yield()

async def long(context, request):
    os.write(1, b"x" * 20_000)

async def unended(context, request):
    os.write(1, b"no end")

async def cache(context, request):
    return {"value": await context.cache.get("key")}

async def start(context, request):
    with open("child", "w") as out:
        subprocess.Popen(["sleep", "1000"], stdout=out)

async def _forever():
    await asyncio.Event().wait()

async def leave(context, request):
    kept.append(asyncio.create_task(_forever()))

def setup(runtime):
    runtime.on_shutdown(lambda *_: print("shut down"))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return function(tmp_path / "demo", FUNCTION)


@pytest.fixture
async def heard() -> Heard:
    return Heard()


async def test_a_spare_says_that_it_is_ready_and_who_it_is(folder: Path) -> None:
    async with spare(folder) as host:
        assert (await host.ready).pid == host.pid == host.process.pid


async def test_one_that_is_not_wanted_any_more_while_it_connects_leaves_nothing_open(folder: Path) -> None:
    host = HostLink(start_host(), Heard())
    connecting = asyncio.create_task(host.connect(prepare(folder)))
    await asyncio.sleep(0)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    host.kill("not wanted")
    await host.gone.wait()

    assert host.process.stdout is not None
    assert host.process.stdout.closed


async def test_answers_find_their_requests_whatever_the_order(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        waiting = ask(host, "/wait", 1)
        await heard.until(lambda: "waiting" in heard.texts())
        released = ask(host, "/release", 2)

        assert (await released).status == 204
        assert (await waiting).body == b"waited"
        assert host.in_hand == 0


async def test_ctrl_c_at_the_terminal_does_not_end_a_host(folder: Path) -> None:
    async with running(folder) as host:
        os.kill(host.pid, signal.SIGINT)

        assert (await ask(host)).body == str(host.pid).encode()


async def test_who_waits_for_a_host_that_dies_is_told_why_and_so_is_the_owner(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        waiting = ask(host, "/wait", 1)
        with pytest.raises(Died) as died:
            await ask(host, "/exit", 2)
        with pytest.raises(Died):
            await waiting
        with pytest.raises(Died):
            await ask(host, "/status", 3)

        assert died.value.why == "exit status 5"
        assert heard.deaths == [host]


async def test_a_crash_is_named_by_its_signal_and_leaves_its_trace(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        with pytest.raises(Died, match="SIGSEGV"):
            await ask(host, "/crash")
        await heard.until(lambda: any("function.py" in text and "in crash" in text for text in heard.raw))
        assert heard.raw[0] == "Fatal Python error: Segmentation fault"


async def test_a_process_that_ends_while_it_is_imported_is_no_load(folder: Path) -> None:
    function(folder, "import os\nos._exit(3)\n")
    async with spare(folder) as host:
        with pytest.raises(Died, match="exit status 3"):
            await host.load(load(folder))
        with pytest.raises(Died, match="exit status 3"):
            await host.load(load(folder))


async def test_what_nobody_waits_for_is_cancelled(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        ask(host, "/wait", 1)
        await heard.until(lambda: "waiting" in heard.texts())
        host.abandon(1)

        assert host.in_hand == 0
        await heard.until(lambda: "cancelled" in heard.texts())


async def test_what_a_blocked_host_has_not_begun_is_answered_by_another(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as stuck, running(folder) as other:
        begun = ask(stuck, "/hang", 1)
        await heard.until(lambda: heard.blocks)
        waiting = ask(stuck, "/status", 2)
        stuck.hand_over(other)

        assert (await waiting).body == str(other.pid).encode()
        assert not begun.done()
        stuck.kill("killed after a hang")
        with pytest.raises(Died, match="killed after a hang"):
            await begun


async def test_a_host_that_retires_finishes_what_it_has_in_hand(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        waiting = ask(host, "/wait", 1)
        retiring = asyncio.create_task(host.retire(0, 20))
        await heard.until(lambda: "waiting" in heard.texts())
        ask(host, "/release", 2)

        assert (await waiting).body == b"waited"
        await retiring
        assert host.why == "exit status 0"
        assert "shut down" in heard.texts()
        assert heard.deaths == []


async def test_retiring_has_a_deadline(folder: Path) -> None:
    async with running(folder) as host:
        waiting = ask(host, "/wait", 1)
        await host.retire(0, 0.01)

        assert host.gone.is_set()
        with pytest.raises(Died):
            await waiting


async def test_a_host_that_does_not_stop_is_killed(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        begun = ask(host, "/hang")
        await heard.until(lambda: heard.blocks)
        await host.stop(-1.9)  # a tenth of a second instead of two

        assert host.why == "it did not stop in time"
        with pytest.raises(Died):
            await begun


async def test_programs_that_a_host_has_started_go_with_it(folder: Path) -> None:
    os.mkfifo(folder / "child")
    reading = os.open(folder / "child", os.O_RDONLY | os.O_NONBLOCK)
    async with running(folder) as host:
        await ask(host, "/start")
        with pytest.raises(BlockingIOError):  # somebody could still write
            os.read(reading, 1)
        host.kill("by the test")
        await host.gone.wait()
    os.set_blocking(reading, True)
    with os.fdopen(reading, "rb") as file:
        assert await asyncio.to_thread(file.read) == b""


async def test_what_is_written_past_python_is_heard_in_whole_lines(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        await ask(host, "/write")
        await heard.until(lambda: heard.raw)
        assert heard.raw == ["past Python: ä"]


async def test_a_line_without_an_end_is_heard_when_it_is_too_long_or_the_host_ends(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        await ask(host, "/long")
        await heard.until(lambda: heard.raw)
        await ask(host, "/unended")
        await host.stop(0)
        await heard.until(lambda: heard.raw[-1].endswith("no end"))
        assert "".join(heard.raw) == "x" * 20_000 + "no end"


async def test_the_cache_is_asked_at_the_gateway(folder: Path) -> None:
    async with running(folder) as host:
        assert (await ask(host, "/cache")).body == b'{"value":"get key"}'


async def test_tasks_that_are_left_over_are_named(folder: Path, heard: Heard) -> None:
    async with running(folder, heard) as host:
        await ask(host, "/leave")
        await host.stop(0)

        ((left,),) = [notice.tasks for notice in heard.leftovers]
        assert left.startswith("_forever (function.py:")


@pytest.mark.parametrize(
    ("text", "kind", "clean", "words"),
    [
        ("def broken(:\n", "syntax", True, "function.py line 1"),
        ("x = '\0'\n", "syntax", True, "null"),
        ("1 / 0\n", "import", False, "ZeroDivisionError"),
        ("import sys\nsys.exit(4)\n", "import", False, "sys.exit(4)"),
        ("setup = 1\n", "function", False, "`setup`"),
    ],
)
async def test_what_cannot_be_loaded_says_why(tmp_path: Path, text: str, kind: str, clean: bool, words: str) -> None:
    folder = function(tmp_path / "demo", text)
    async with spare(folder) as host:
        refused = await host.load(load(folder))

        assert isinstance(refused, NotLoaded)
        assert (refused.kind, refused.clean) == (kind, clean)
        assert words in refused.text


async def test_a_missing_function_leaves_the_host_clean(folder: Path) -> None:
    (folder / "function.py").unlink()
    async with spare(folder) as host:
        refused = await host.load(load(folder))
        assert isinstance(refused, NotLoaded)
        assert (refused.kind, refused.clean) == ("missing", True)

        function(folder, FUNCTION)
        assert isinstance(await host.load(load(folder)), Loaded)


async def test_a_check_runs_nothing(folder: Path) -> None:
    function(folder, "open('ran', 'w').close()\nasync def status(context, request):\n    return 1\n")
    async with spare(folder) as host:
        checked = await host.load(load(folder, check=True))

        assert isinstance(checked, NotLoaded)
        assert (checked.kind, checked.clean) == ("complete", True)
        assert not (folder / "ran").exists()


async def test_lost_handlers_are_asked_about_first_and_loaded_when_forced(folder: Path) -> None:
    async with spare(folder) as host:
        asked = await host.load(load(folder, expected=["ice", "status"], force=False))
        assert isinstance(asked, NotLoaded)
        assert (asked.kind, asked.text, asked.clean) == ("handlers", "ice are gone.", True)

        assert isinstance(await host.load(load(folder, expected=["ice", "status"])), Loaded)
