"""Runs a tunnel's program: under the guard, in a session and with an environment of its own, its log read for ever.

A program whose log nobody reads stops when the pipe is full; with cloudflared that freezes the tunnel while it still
calls itself ready (lab.md 2, point 1). So reading is not tied to anything that could end sooner than the program.

It must not know which program it is.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from devserver.tunnel import guard
from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.folders import Folder

KEPT = 200
"""Lines of a log that are kept, the last ones."""

_LINE_LIMIT = 64 * 1024  # bytes; the rest of a longer line is dropped
_STOPPING = guard.PATIENCE + 0.6  # seconds until the guard has ended the program, and itself

_PASSED = frozenset(
    {"PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT"}  # without which some Pythons do not start
    | {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"}
)
_HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")


def clean_environment(ours: Mapping[str, str], home: Path | None = None) -> dict[str, str]:
    """What a tunnel's program gets of our environment: how to reach the network, and none of our secrets.

    Args:
        ours: our own.
        home: a folder in place of the user's home, where nothing of the user's configuration is found.
    """
    passed = {name: value for name, value in ours.items() if name in _PASSED or name.startswith("LC_")}
    return passed if home is None else passed | dict.fromkeys(_HOMES, str(home))


class Guarded:
    """A program that runs.

    Attributes:
        lines: the last ones that it wrote, to standard output or standard error.
    """

    def __init__(self, process: Process, heard: Callable[[str], None], folder: Folder | None) -> None:
        self.lines: deque[str] = deque(maxlen=KEPT)
        self._process = process
        self._heard = heard
        self._folder = folder
        self._reading = asyncio.create_task(self._read(), name="tunnel log")

    @classmethod
    async def start(
        cls,
        program: Sequence[str],
        *,
        environment: Mapping[str, str],
        heard: Callable[[str], None] = lambda _: None,
        folder: Folder | None = None,
    ) -> Guarded:
        """Start a program.

        Args:
            program: the path of the file, and its arguments.
            environment: all of its environment.
            heard: told each line that it writes.
            folder: removed when it has ended.

        Raises:
            TunnelFailed: this machine starts no process now.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", guard.__file__, str(folder.path) if folder is not None else "", *program),
                stdin=PIPE,
                stdout=PIPE,
                stderr=STDOUT,  # some write what is wrong with their options to the other one
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            raise TunnelFailed(
                f"No process can be started for the tunnel: {error.strerror}.", hint="End some other programs."
            ) from error
        return cls(process, heard, folder)

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs. 128 and more is a signal, below 0 the guard was killed."""
        return self._process.returncode

    @property
    def error_number(self) -> int | None:
        """Why it could not be started, as `errno` has it; None when it could."""
        marked = [line for line in self.lines if line.startswith(guard.MARK)]
        return int(marked[-1].removeprefix(guard.MARK)) if marked and self.status == guard.NOT_STARTED else None

    async def ended(self) -> None:
        """Return when it has ended and its whole log is read."""
        await asyncio.shield(self._reading)
        await self._process.wait()

    async def stop(self) -> None:
        """End it, in less than 4 s."""
        assert self._process.stdin is not None  # noqa: S101 it is a pipe
        self._process.stdin.close()
        if self.status is not None and self.status < 0:
            self._kill()  # without its guard, and where it does not die with it, the program would live on
        try:
            async with asyncio.timeout(_STOPPING):
                await self.ended()
        except TimeoutError:
            self._kill()
            await self.ended()
        if self._folder is not None:  # the guard has done it, if it could
            self._folder.remove()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 it is a pipe
        line = b""
        while data := await stream.read(65536):
            *whole, rest = (line + data).split(b"\n")
            for each in whole:
                self._hear(each)
            line = rest[:_LINE_LIMIT]
        if line:
            self._hear(line)

    def _hear(self, line: bytes) -> None:
        text = line[:_LINE_LIMIT].decode("utf-8", "replace").rstrip()
        if text:
            self.lines.append(text)
            self._heard(text)
