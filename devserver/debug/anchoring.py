"""Starts the anchor, and ends it: the gateway's side of `devserver/debug/anchor.py`."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from devserver.debug.anchor import Anchored
from devserver.errors import FnError

_START = "from devserver.debug.anchor import main; main()"
_BOOT = 30.0  # seconds until there is an adapter, or there will not be one
_GOING = 1.0  # seconds until the anchor has gone by itself


@asynccontextmanager
async def anchored() -> AsyncIterator[Anchored]:
    """An anchor for as long as this lasts.

    It has a process group of its own, so that Ctrl-C at the terminal does not reach it, and ends when our end of its
    standard input closes, which is when we end, however.

    Raises:
        FnError: it does not start.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-Xfrozen_modules=off", "-c", _START),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 we asked for it
    assert process.stdout is not None  # noqa: S101 we asked for it
    try:
        yield await _where(process.stdout)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_GOING):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _where(output: asyncio.StreamReader) -> Anchored:
    try:
        async with asyncio.timeout(_BOOT):
            where = msgspec.json.decode(await output.readline(), type=Anchored)
    except TimeoutError:
        where = Anchored(error="it does not start")
    except msgspec.DecodeError:
        where = Anchored(error="its process ended at once")
    if where.error:
        raise FnError(f"The debugger cannot be used: {where.error}.", hint="Install it anew: pip install -U debugpy.")
    return where
