from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from devserver.cli.lease import lease
from devserver.project.places import LEASES
from devserver.session import lease_restoring
from devserver.session.lease_restoring import Listed, Restored, list_leases, restore_leases
from devserver.voiceapp import Journal, Unreadable
from tests.fakes.callback_api import KEY, PRODUCTION, SECRET, CallbackApi, callback_api
from tests.session.public_session import make_project
from tests.voiceapp.samples import entry

LOCKED = textwrap.dedent("""
    import sys
    from pathlib import Path
    from devserver.voiceapp import Journal
    lock = Journal(Path(sys.argv[1])).lock(sys.argv[2])
    lock.take()
    print("taken", flush=True)
    sys.stdin.read()
""")
DEAD = 4_194_304  # above every process id


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CallbackApi]:
    monkeypatch.setenv("VOICE_APPLICATION_KEY", KEY)
    monkeypatch.setenv("VOICE_APPLICATION_SECRET", SECRET)
    async with callback_api() as running:
        yield running


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("FN_STATE_DIR", str(tmp_path))
    return Journal(tmp_path / LEASES)


@pytest.fixture
def watchdog(journal: Journal) -> Iterator[int]:
    """A process that has the lock of a lease that is not its own."""
    journal.lock(KEY)  # makes the folder
    process = subprocess.Popen(
        [sys.executable, "-c", LOCKED, str(journal.folder), KEY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    yield process.pid
    process.kill()
    process.communicate()


async def test_what_a_watchdog_has_just_given_back_is_waited_for_and_not_done_again(
    journal: Journal, api: CallbackApi, watchdog: int
) -> None:
    journal.write(entry(pid=DEAD, origin=api.url))
    waiting = asyncio.create_task(restore_leases(None))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    journal.remove(KEY)
    os.kill(watchdog, signal.SIGKILL)

    assert await waiting == [Restored(KEY, ok=True, text=f"The callback of {KEY} has just been given back.")]
    assert api.asked == []


async def test_a_watchdog_that_died_over_it_is_replaced(journal: Journal, api: CallbackApi, watchdog: int) -> None:
    left = entry(pid=DEAD, origin=api.url)
    journal.write(left)
    api.configure(left.ours.primary, left.ours.fallback)
    waiting = asyncio.create_task(restore_leases(None))
    await asyncio.wait({waiting}, timeout=0.1)
    os.kill(watchdog, signal.SIGKILL)

    assert [each.ok for each in await waiting] == [True]
    assert api.now == PRODUCTION
    assert journal.read(KEY) is None


async def test_who_goes_on_trying_is_named_and_not_taken_for_the_session_that_has_ended(
    journal: Journal, api: CallbackApi, watchdog: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_restoring, "_WAITED_FOR", 0.0)
    journal.write(entry(pid=DEAD, origin=api.url))

    (listed,) = list_leases()
    (found,) = await restore_leases(None)

    assert isinstance(listed, Listed)
    assert (listed.live, listed.settler) == (True, watchdog)
    shown = CliRunner().invoke(lease, ["list"]).output
    assert f"it has ended, and process {watchdog} is giving the callback back" in shown
    assert not found.ok
    assert f"Another fn (pid {watchdog}) is just giving back" in found.text
    assert f"(pid {DEAD})" in found.text
    assert f"kill {watchdog}" in found.hint
    assert "Ctrl-C" not in found.hint


async def test_what_was_moved_aside_because_it_is_damaged_is_named_until_somebody_removes_it(journal: Journal) -> None:
    journal.write(entry(pid=DEAD))
    (journal.folder / f"{KEY}.json").write_text("{")
    aside = journal.set_aside(KEY)

    (listed,) = list_leases()
    (found,) = await restore_leases(None)

    assert isinstance(listed, Unreadable)
    assert (found.application, found.ok) == (KEY, False)
    assert str(aside) in found.text
    assert "dashboard" in found.hint
    aside.unlink()
    assert (list(list_leases()), await restore_leases(None)) == ([], [])


async def test_what_cannot_be_locked_is_said_and_hides_nothing(
    journal: Journal, api: CallbackApi, tmp_path: Path
) -> None:
    other = "0b2e1a4c-8f0e-4d7e-9a53-6f5d8a1c2b3e"
    journal.write(entry(pid=DEAD, origin=api.url))
    journal.write(entry(pid=DEAD, origin=api.url, application=other))
    (journal.folder / f"{other}.lock").symlink_to(tmp_path / "elsewhere")

    refused, restored = sorted(await restore_leases(None), key=lambda each: each.ok)

    assert f"The lease of {other} cannot be locked" in refused.text
    assert refused.hint
    assert (restored.application, restored.ok) == (KEY, True)
    assert [each.live for each in list_leases() if isinstance(each, Listed)] == [True]
    assert not (tmp_path / "elsewhere").exists()


async def test_a_key_in_the_environment_does_not_hide_the_secret_of_the_project(
    journal: Journal, api: CallbackApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"VOICE_APPLICATION_KEY": KEY, "VOICE_APPLICATION_SECRET": SECRET}
    demo = make_project(tmp_path / "demo", variables=variables)
    monkeypatch.delenv("VOICE_APPLICATION_SECRET")
    left = entry(pid=DEAD, origin=api.url, project=str(demo))
    journal.write(left)
    api.configure(left.ours.primary, left.ours.fallback)

    assert [each.ok for each in await restore_leases(None)] == [True]
    assert api.now == PRODUCTION
