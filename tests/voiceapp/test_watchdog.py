"""The watchdog is a real process, and what it guards against is done to real processes."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import Errand, HttpConfiguration, Journal, Watchdog, watch
from devserver.voiceapp.watchdog import WatchdogFailed
from tests.fakes.callback_api import KEY, PRODUCTION, SECRET, CallbackApi, callback_api_in_a_thread
from tests.voiceapp.samples import DEPLOYED, MINE, entry

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and process groups")

WATCHDOG = textwrap.dedent("""
    import sys
    from devserver.voiceapp import HttpConfiguration, watch
    sys.exit(watch(lambda errand: HttpConfiguration(errand.application, errand.secret, errand.origin, timeout=1.0)))
""")
SESSION = textwrap.dedent("""
    import asyncio, os, sys
    from pathlib import Path
    import msgspec
    from devserver.voiceapp import Errand, Holder, HttpConfiguration, Journal, Lease, Watchdog

    async def main(watchdog, mine):
        errand = msgspec.json.decode(sys.stdin.readline(), type=Errand)
        guard = Watchdog((sys.executable, "-c", watchdog), errand)
        configuration = HttpConfiguration(errand.application, errand.secret, errand.origin)
        holder = Holder(os.getpid(), 0.0, "/home/somebody/hello", "hello")
        lease = Lease(configuration, Journal(Path(errand.journal)), holder, guard, lambda told: None)
        await lease.take(mine)
        print(guard.pid, flush=True)
        told = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, told.set)
        await told.wait()
        await lease.give_back()
        print("given back", flush=True)

    asyncio.run(main(*sys.argv[1:]))
""")
FORGETFUL = textwrap.dedent("""
    import asyncio, gc, sys
    import msgspec
    from devserver.voiceapp import Errand, Watchdog

    async def main(watchdog):
        guard = Watchdog((sys.executable, "-c", watchdog), msgspec.json.decode(sys.stdin.readline(), type=Errand))
        await guard.arm()
        del guard
        gc.collect()

    asyncio.run(main(*sys.argv[1:]))
""")


@pytest.fixture
def api() -> Iterator[CallbackApi]:
    with callback_api_in_a_thread() as running:
        yield running


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "leases")


@pytest.fixture
def errand(api: CallbackApi, journal: Journal) -> Errand:
    return Errand(KEY, SECRET, api.url, str(journal.folder))


@pytest.fixture
def session(errand: Errand) -> Iterator[subprocess.Popen[str]]:
    """A session that has taken the lease, in a group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", SESSION, WATCHDOG, MINE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(errand).decode() + "\n")
    process.stdin.flush()
    yield process
    process.kill()
    process.communicate()


def guard_of(session: subprocess.Popen[str], api: CallbackApi) -> int:
    """The process id of its watchdog, when the callback has been taken."""
    assert session.stdout is not None
    pid = int(session.stdout.readline())
    assert api.now == Callbacks(MINE, PRODUCTION.primary)
    return pid


def is_settled(journal: Journal) -> bool:
    """Whether nothing is written down any more, once whoever is giving back is done."""
    lock = journal.lock(KEY)
    lock.take(20)
    lock.give_back()
    return journal.read(KEY) is None


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name
)
def test_it_gives_back_when_the_group_of_the_session_is_ended(
    session: subprocess.Popen[str], api: CallbackApi, journal: Journal, number: signal.Signals
) -> None:
    guard = guard_of(session, api)
    assert os.getsid(guard) == guard, "no signal to the session's group or terminal reaches it"
    os.killpg(session.pid, number)
    api.wait_for(lambda api: api.now == PRODUCTION)
    assert is_settled(journal)


def test_it_gives_back_when_the_session_alone_is_killed(
    session: subprocess.Popen[str], api: CallbackApi, journal: Journal
) -> None:
    guard_of(session, api)
    session.kill()
    api.wait_for(lambda api: api.now == PRODUCTION)
    assert is_settled(journal)


def test_it_gives_back_when_the_session_ends_without_a_word(api: CallbackApi, journal: Journal, errand: Errand) -> None:
    """Asyncio kills its own subprocesses when it forgets them."""
    api.configure(MINE, PRODUCTION.primary)
    journal.write(entry(origin=errand.origin))
    said = msgspec.json.encode(errand).decode() + "\n"
    subprocess.run([sys.executable, "-c", FORGETFUL, WATCHDOG], input=said, text=True, check=True)
    api.wait_for(lambda api: api.now == PRODUCTION)
    assert is_settled(journal)


def test_it_leaves_what_somebody_else_has_set(
    session: subprocess.Popen[str], api: CallbackApi, journal: Journal
) -> None:
    guard_of(session, api)
    api.configure(DEPLOYED, DEPLOYED)
    asked = len(api.asked)
    session.kill()
    api.wait_for(lambda api: len(api.asked) > asked)
    assert is_settled(journal)
    assert api.now == Callbacks(DEPLOYED, DEPLOYED)


def test_it_tries_again_while_the_platform_does_not_answer(
    session: subprocess.Popen[str], api: CallbackApi, journal: Journal
) -> None:
    guard_of(session, api)
    asked = len(api.asked)
    api.break_down("GET")
    session.kill()
    api.wait_for(lambda api: len(api.asked) >= asked + 2)
    assert api.now.primary == MINE
    api.heal()
    api.wait_for(lambda api: api.now == PRODUCTION)
    assert is_settled(journal)


def test_it_goes_when_the_session_has_given_back(
    session: subprocess.Popen[str], api: CallbackApi, journal: Journal
) -> None:
    guard = guard_of(session, api)
    assert session.stdin is not None
    assert session.stdout is not None
    session.stdin.write("\n")
    session.stdin.flush()
    assert session.stdout.readline() == "given back\n"
    assert api.methods == ["GET", "POST", "GET", "GET", "POST", "GET"], "and nobody has given back twice"
    with pytest.raises(ProcessLookupError):
        os.kill(guard, 0)
    assert is_settled(journal)


def test_when_it_is_killed_too_the_journal_leads_to_the_original(
    session: subprocess.Popen[str], api: CallbackApi, journal: Journal
) -> None:
    os.kill(guard_of(session, api), signal.SIGKILL)
    session.kill()
    session.wait()
    left = journal.read(KEY)
    assert left is not None
    assert (left.before, left.pid) == (PRODUCTION, session.pid)
    assert api.now.primary == MINE


def running(watchdog: Watchdog) -> subprocess.Popen[bytes]:
    assert watchdog.alive
    assert watchdog._process is not None
    return watchdog._process


class TestAsTheSessionSeesIt:
    async def test_the_secret_stands_neither_in_its_arguments_nor_in_its_environment(self, errand: Errand) -> None:
        environ = os.environ | {"VOICE_APPLICATION_SECRET": SECRET, "DATABASE_PASSWORD": "hunter2"}
        watchdog = Watchdog((sys.executable, "-c", WATCHDOG), errand, environ)
        await watchdog.arm()
        try:
            if sys.platform == "linux":
                for name in ("cmdline", "environ"):
                    seen = Path(f"/proc/{watchdog.pid}/{name}").read_bytes()
                    assert seen
                    assert SECRET.encode() not in seen
                    assert b"hunter2" not in seen
        finally:
            await watchdog.release()
        assert SECRET not in repr(errand)

    async def test_released_it_goes_and_asks_nothing(self, errand: Errand, api: CallbackApi, journal: Journal) -> None:
        journal.write(entry(origin=errand.origin))
        watchdog = Watchdog((sys.executable, "-c", WATCHDOG), errand)
        await watchdog.arm()
        process = running(watchdog)
        await watchdog.release()
        assert process.returncode == 0
        assert not watchdog.alive
        assert api.asked == []
        assert journal.read(KEY) is not None
        await watchdog.release()

    async def test_arming_twice_is_one(self, errand: Errand) -> None:
        watchdog = Watchdog((sys.executable, "-c", WATCHDOG), errand)
        await watchdog.arm()
        first = watchdog.pid
        await watchdog.arm()
        assert watchdog.pid == first
        await watchdog.release()

    async def test_one_that_was_killed_is_seen_to_be_and_armed_again(self, errand: Errand) -> None:
        watchdog = Watchdog((sys.executable, "-c", WATCHDOG), errand)
        await watchdog.arm()
        process = running(watchdog)
        process.kill()
        await asyncio.to_thread(process.wait)
        assert not watchdog.alive
        await watchdog.arm()
        assert running(watchdog).pid != process.pid
        await watchdog.release()

    @pytest.mark.parametrize(
        "command",
        [
            ("/nowhere/at/all",),
            (sys.executable, "-c", "raise SystemExit(3)"),
            (sys.executable, "-c", "import sys; print('hello', flush=True); sys.stdin.read()"),
            (
                sys.executable,
                "-c",
                "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); sys.stdin.read()",
            ),
        ],
        ids=["no program", "ends at once", "says something else", "says nothing"],
    )
    async def test_one_that_does_not_start_is_an_error_and_does_not_stay(
        self, errand: Errand, command: tuple[str, ...]
    ) -> None:
        watchdog = Watchdog(command, errand, patience=0.5)
        with pytest.raises(WatchdogFailed, match="nothing was changed") as failed:
            await watchdog.arm()
        assert failed.value.hint
        assert not watchdog.alive


class TestWatching:
    """`watch`, in this process: the pipe is a text."""

    def watched(self, errand: Errand, rest: bytes = b"", secret: str = SECRET) -> tuple[int, bytes]:
        said = io.BytesIO()
        source = io.BytesIO(msgspec.json.encode(errand) + b"\n" + rest)
        status = watch(lambda told: HttpConfiguration(told.application, secret, told.origin), source, said)
        return status, said.getvalue()

    def test_the_end_of_the_pipe_is_the_end_of_the_session(
        self, errand: Errand, api: CallbackApi, journal: Journal
    ) -> None:
        api.configure(MINE, PRODUCTION.primary)
        journal.write(entry(origin=errand.origin))
        assert self.watched(errand) == (0, b"armed\n")
        assert api.now == PRODUCTION
        assert journal.read(KEY) is None

    def test_half_a_word_is_no_release(self, errand: Errand, api: CallbackApi, journal: Journal) -> None:
        api.configure(MINE, PRODUCTION.primary)
        journal.write(entry(origin=errand.origin))
        assert self.watched(errand, b"relea") == (0, b"armed\n")
        assert api.now == PRODUCTION

    def test_released_it_does_nothing(self, errand: Errand, api: CallbackApi, journal: Journal) -> None:
        journal.write(entry(origin=errand.origin))
        assert self.watched(errand, b"released\n") == (0, b"armed\n")
        assert api.asked == []

    def test_nothing_written_down_is_nothing_to_do(self, errand: Errand, api: CallbackApi) -> None:
        assert self.watched(errand) == (0, b"armed\n")
        assert api.asked == []

    def test_what_belongs_to_another_platform_is_left_alone(
        self, errand: Errand, api: CallbackApi, journal: Journal
    ) -> None:
        journal.write(entry(origin="https://elsewhere.example"))
        assert self.watched(errand)[0] == 0
        assert api.asked == []
        assert journal.read(KEY) is not None

    def test_what_fails_stays_written_down(self, errand: Errand, journal: Journal) -> None:
        journal.write(entry(origin=errand.origin))
        assert self.watched(errand, secret="bm90IHRoZSBzZWNyZXQ=")[0] == 1
        assert journal.read(KEY) is not None
        assert is_free(journal)


def is_free(journal: Journal) -> bool:
    lock = journal.lock(KEY)
    lock.take()
    lock.give_back()
    return True
