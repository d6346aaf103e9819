"""With real processes."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from devserver.errors import FnError
from devserver.session.discovery import SessionFile
from devserver.session.exec_command import run_command
from tests.session.hosts import PATIENCE

SESSION = SessionFile(1, "http://127.0.0.1:3000", "http://127.0.0.1:3001/?token=t", "http://127.0.0.1:3002", "t")


async def python(script: str, *arguments: str, public: str | None = None) -> int:
    async with asyncio.timeout(PATIENCE):
        return await run_command((sys.executable, "-c", script, *arguments), SESSION, public)


@pytest.mark.parametrize(("ends", "status"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", 137)])
async def test_the_status_is_what_a_shell_would_say(ends: str, status: int) -> None:
    assert await python(f"import os, sys; {ends}") == status


@pytest.mark.parametrize("public", [None, "https://demo.example"])
async def test_it_is_told_where_everything_is(tmp_path: Path, public: str | None) -> None:
    said = tmp_path / "said"
    await python("import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))", str(said), public=public)

    told = {name: value for name, value in json.loads(said.read_text()).items() if name.startswith("FN_")}
    assert told.pop("FN_TUNNEL_URL", None) == public
    assert told == {
        "FN_FUNCTION_URL": SESSION.function,
        "FN_CONSOLE_URL": SESSION.console,
        "FN_CLOUD_URL": SESSION.cloud,
        "FN_TOKEN": SESSION.token,
    }


async def test_what_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(FnError, match="--exec: no-such-program cannot be started: No such file or directory"):
        await run_command(("no-such-program",), SESSION, None)


async def test_the_end_of_the_session_ends_it_and_what_it_started(tmp_path: Path) -> None:
    gate, last = tmp_path / "gate", tmp_path / "last"
    gate.touch()
    # The inner process says that it runs by removing a file, and writes another one when it is asked to end.
    inner = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[2], 'w').write('asked'), sys.exit()))\n"
        "os.unlink(sys.argv[1])\n"
        "time.sleep(60)\n"
    )
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}, *sys.argv[1:]])"
    command = asyncio.create_task(python(outer, str(gate), str(last)))
    async with asyncio.timeout(PATIENCE):
        while gate.exists():  # noqa: ASYNC110 a file tells nobody
            await asyncio.sleep(0.01)
    command.cancel()
    with pytest.raises(asyncio.CancelledError):
        await command

    async with asyncio.timeout(PATIENCE):
        while not last.exists() or not last.read_text():  # noqa: ASYNC110 a file tells nobody
            await asyncio.sleep(0.01)
