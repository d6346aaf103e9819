from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from pathlib import Path

import pytest

from devserver.tunnel import TunnelFailed
from devserver.tunnel.folders import Folder
from devserver.tunnel.guarded import KEPT, Guarded, clean_environment
from tests.fakes.processes import children, is_running, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")

WAITING = "import signal; print('up', flush=True); signal.pause()"


async def started(code: str, folder: Path | None = None) -> Guarded:
    """A Python program; one that prints `up` is waited for."""
    up = asyncio.Event()
    guarded = await Guarded.start(
        [sys.executable, "-c", code],
        environment=clean_environment(os.environ, folder),
        heard=lambda line: up.set() if line == "up" else None,
        folder=Folder(folder) if folder is not None else None,
    )
    if "'up'" in code:
        await asyncio.wait_for(up.wait(), 10)
    return guarded


async def gone(pid: int) -> None:
    """A process that was killed: it lets go of its log a moment before it is gone."""
    await asyncio.to_thread(wait_until, lambda: not is_running(pid), "the program lives on", 2)


async def test_what_it_writes_is_heard_and_the_last_lines_are_kept() -> None:
    code = (
        f"import sys\nfor i in range({KEPT + 50}): print('line', i, file=(sys.stdout, sys.stderr)[i % 2], flush=True)"
    )
    guarded = await started(code)
    await guarded.ended()
    assert guarded.status == 0
    assert list(guarded.lines) == [f"line {number}" for number in range(50, KEPT + 50)]


async def test_a_log_of_many_megabytes_and_endless_lines_stops_nothing() -> None:
    code = """
import sys
out = sys.stderr.buffer
for _ in range(200):
    out.write(b"x" * 100_000)          # no end of a line in 20 MB
out.write(b"\\nshort\\n\\n\\xff\\xfe bytes\\nlast without an end")
"""
    guarded = await started(code)
    async with asyncio.timeout(60):
        await guarded.ended()
    assert len(guarded.lines[0]) == 64 * 1024
    assert list(guarded.lines)[1:] == ["short", "\ufffd\ufffd bytes", "last without an end"]


async def test_stopping_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    guarded = await started(WAITING, home)
    program = children(guarded._process.pid)[0]
    await guarded.stop()
    assert guarded.status == 128 + signal.SIGTERM
    assert not is_running(program)
    assert not home.exists()
    await guarded.stop()  # harmless


async def test_without_its_guard_the_program_and_the_folder_go_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    guarded = await started(WAITING, home)
    program = children(guarded._process.pid)[0]
    os.kill(guarded._process.pid, signal.SIGKILL)
    await guarded.ended()
    assert guarded.status == -signal.SIGKILL
    await gone(program)
    await guarded.stop()
    assert not home.exists()


async def test_a_guard_that_is_stopped_itself_does_not_keep_us_waiting() -> None:
    guarded = await started(WAITING)
    program = children(guarded._process.pid)[0]
    os.kill(guarded._process.pid, signal.SIGSTOP)
    begin = asyncio.get_running_loop().time()
    await guarded.stop()
    assert asyncio.get_running_loop().time() - begin < 4
    await gone(program)


async def test_who_waits_for_the_end_may_stop_waiting() -> None:
    guarded = await started(WAITING)
    waiting = asyncio.create_task(guarded.ended())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await guarded.stop()
    assert guarded.status is not None


async def test_a_program_that_cannot_be_started_is_known_by_its_number(tmp_path: Path) -> None:
    guarded = await Guarded.start([str(tmp_path / "none")], environment={})
    await guarded.ended()
    assert guarded.error_number == errno.ENOENT
    await guarded.stop()


async def test_a_program_that_only_writes_such_a_line_was_started() -> None:
    guarded = await started("print('guard: not started: 8')")
    await guarded.ended()
    assert guarded.error_number is None
    await guarded.stop()


async def test_a_machine_that_starts_no_process_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TunnelFailed, match=r"^No process can be started for the tunnel: No such file or directory"):
        await Guarded.start(["/bin/true"], environment={})


def test_none_of_our_secrets_is_in_its_environment_and_the_way_to_the_network_is(tmp_path: Path) -> None:
    ours = {
        "PATH": "/bin",
        "HOME": "/home/me",
        "https_proxy": "http://proxy:3128",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "LC_ALL": "C",
        "XDG_CONFIG_HOME": "/home/me/.config",
        "SINCH_KEY_SECRET": "s",
        "VOICE_APPLICATION_SECRET": "s",
        "TUNNEL_LOGLEVEL": "debug",
        "TUNNEL_TOKEN": "s",
        "NO_AUTOUPDATE": "false",
        "FN_TOKEN": "s",
        "FRP_TOKEN": "s",
    }
    same = {"PATH": "/bin", "https_proxy": "http://proxy:3128", "SSL_CERT_FILE": "/etc/ca.pem", "LC_ALL": "C"}
    homes = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    assert clean_environment(ours) == {**same, "HOME": "/home/me"}
    assert clean_environment(ours, tmp_path) == {**same, **dict.fromkeys(homes, str(tmp_path))}
