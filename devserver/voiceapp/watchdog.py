"""The watchdog of a lease: a small process that gives the callback back when the session ends without doing so.

It has a session of its own, so that no Ctrl-C and no signal to the terminal's group reaches it. It learns of the end of
`fn dev` by the closing of a pipe, which the kernel does whatever ended the process; nothing is polled and no process id
can be mistaken. What it needs to know, the application's secret among it, comes through that pipe and stands neither in
its arguments nor in its environment. The libraries it needs are loaded before it says that it is armed.

It is no subprocess of asyncio: those are killed when their event loop ends before they do (seen with Python 3.13),
which is just when this one is needed.

    session -> watchdog   one line: the errand; then nothing, until `released` or the end of the pipe
    watchdog -> session   one line: `armed`
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct
from msgspec import json as msgspec_json

from devserver.errors import FnError
from devserver.project.file_lock import Held
from devserver.voiceapp.configuration import Configuration
from devserver.voiceapp.entry import LocalPlatform
from devserver.voiceapp.journal import Journal
from devserver.voiceapp.settling import IsDead, Outcome, never_dead, settle

ARMED = b"armed\n"
RELEASED = b"released\n"
PATIENCE = 600.0
"""Seconds for which the watchdog tries, when the platform does not answer."""
START = 15.0
"""Seconds it may take to be armed: on a busy machine an interpreter takes its time."""
_END = 2.0  # seconds it may take to go
_LOCK_PATIENCE = 30.0  # seconds for a session that is just taking its end


class Errand(Struct, frozen=True):
    """What the watchdog has to know."""

    application: str
    secret: str
    origin: str
    journal: str
    local: LocalPlatform | None = None

    def __repr__(self) -> str:
        return f"Errand({self.application!r}, ...)"


class WatchdogFailed(FnError):
    """The watchdog did not start, so nothing may be changed."""


class Watchdog:
    """The watchdog, as the session sees it.

    Args:
        command: program and arguments.
        errand: what it is told.
        environ: the environment; what may hold a secret is left out of it.
        patience: seconds it may take to be armed.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        errand: Errand,
        environ: Mapping[str, str] = os.environ,
        patience: float = START,
    ) -> None:
        self._command = command
        self._patience = patience
        self._errand = errand
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid if self._process is not None else None

    async def arm(self) -> None:
        """Start it, if it does not run, and wait until it is armed.

        Raises:
            WatchdogFailed: it does not start.
        """
        if self.alive:
            return
        await self.release()  # what is left of one that was killed
        try:
            said = await self._start()
        except (OSError, TimeoutError) as error:
            await self.release()
            hint = f"It was not ready within {self._patience:g} s." if isinstance(error, TimeoutError) else f"{error}."
            raise WatchdogFailed(_NOT_STARTED, hint=hint) from error
        if said != ARMED:
            # It would count as alive for as long as it takes to end, or for ever.
            await self.release()
            raise WatchdogFailed(_NOT_STARTED, hint="It has ended at once, or is not what it should be.")

    async def _start(self) -> bytes:
        self._process = process = subprocess.Popen(  # noqa: ASYNC220 see above
            self._command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_without_secrets(self._environ),
            start_new_session=True,
        )
        with suppress(BrokenPipeError):  # it has ended at once, and says nothing
            process.stdin.write(msgspec_json.encode(self._errand) + b"\n")  # type: ignore[union-attr]
        said = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(said), process.stdout
        )
        try:
            async with asyncio.timeout(self._patience):
                return await said.readline()
        finally:
            pipe.close()

    async def release(self) -> None:
        """Tell it that nothing is to be given back, and wait until it has gone."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            process.stdin.write(RELEASED)  # type: ignore[union-attr]
        process.stdin.close()  # type: ignore[union-attr]
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, _END)
        if process.poll() is None:
            process.kill()
            await asyncio.to_thread(process.wait)


_NOT_STARTED = "The watchdog, which gives the callback back after a crash, does not start, so nothing was changed."


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """What a Python program needs, and no more: variables of the project may be secrets."""
    names = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "VIRTUAL_ENV", "PYTHONPATH"}
    names |= {"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "FN_TUNNEL_PROBE"}
    return {name: value for name, value in environ.items() if name in names}


def watch(
    configuration_of: Callable[[Errand], Configuration],
    source: BinaryIO | None = None,
    target: BinaryIO | None = None,
    is_dead: IsDead = never_dead,
) -> int:
    """Be the watchdog: wait for the end, and give back. Gives the exit status: 0 unless something is left to do.

    Args:
        configuration_of: how to reach the platform of an errand.
        source: where the errand comes from; standard input.
        target: where to say that we are armed; standard output.
        is_dead: asked about originals that look like a tunnel.
    """
    source, target = source or sys.stdin.buffer, target or sys.stdout.buffer
    errand = msgspec_json.decode(source.readline(), type=Errand)
    configuration = configuration_of(errand)
    target.write(ARMED)
    target.flush()
    if source.readline() == RELEASED:
        return 0
    outcome = asyncio.run(_give_back(errand, configuration, is_dead))
    return 1 if outcome is not None and outcome.kind == "failed" else 0


async def _give_back(errand: Errand, configuration: Configuration, is_dead: IsDead) -> Outcome | None:
    journal = Journal(Path(errand.journal))
    lock = journal.lock(errand.application)
    try:
        lock.take(_LOCK_PATIENCE)
    except Held:
        return None  # the next session has it already, and has settled the journal first
    try:
        entry = journal.read(errand.application)
        if entry is None or entry.origin != errand.origin:
            return None
        return await settle(entry, configuration, journal, patience=PATIENCE, is_dead=is_dead)
    finally:
        lock.give_back()
