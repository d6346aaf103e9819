"""The real anchor, as a process, with debugpy's adapter behind it."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from devserver.debug.anchoring import anchored
from devserver.errors import FnError
from tests.fakes.dap import Editor, wait


async def test_a_client_can_attach_to_it_and_it_ends_with_us() -> None:
    async with anchored() as where:
        assert where.error == ""
        assert where.client[0] == where.server[0] == "127.0.0.1"
        with Editor(where.client[1]) as one:
            await asyncio.to_thread(one.attach)
            assert [thread["name"] for thread in one.root.ask("threads")["threads"]] == ["fn dev"]
            await asyncio.to_thread(one.detach)
    with pytest.raises(ProcessLookupError):
        os.kill(where.pid, 0)
    await asyncio.to_thread(wait, lambda: not _accepts(where.client), "the adapter is still there")


def _accepts(address: tuple[str, int]) -> bool:
    with suppress(OSError), socket.create_connection(address, 1):
        return True
    return False


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("raise ImportError('half of it is missing')", "half of it is missing"),
        ("import os; os._exit(3)", "ended at once"),
    ],
)
async def test_a_debugger_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: str
) -> None:
    (tmp_path / "debugpy.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(FnError, match=f"cannot be used: .*{error}"):
        async with anchored():
            pytest.fail("it cannot be there")
