"""`fn call --say`: prompts spoken by the voice that the machine has, one after the other.

The text comes from the function and is given to the program on standard input: no shell reads it, and no text is an
option.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress

# Each reads what to say from its standard input.
_VOICES = (("espeak-ng", ("--stdin",)), ("say", ("-f", "-")))
HINT = "--say needs `espeak-ng` (or `say` of macOS), which is not here; the call goes on in writing."


def find_voice(path: str | None = None) -> tuple[str, ...] | None:
    """The command that speaks, or None; `path` is where to look instead of PATH."""
    for name, arguments in _VOICES:
        found = shutil.which(name, path=path)
        if found is not None:
            return (found, *arguments)
    return None


class Aloud:
    """Speaks texts in order, one at a time.

    Args:
        command: what speaks; reads its standard input.
    """

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._texts: asyncio.Queue[str] = asyncio.Queue()
        self._process: asyncio.subprocess.Process | None = None
        self._task = asyncio.create_task(self._run())

    def say(self, text: str) -> None:
        """Say this after what is being said."""
        self._texts.put_nowait(text)

    def hush(self) -> None:
        """Stop at once, and forget what was to be said."""
        while not self._texts.empty():
            self._texts.get_nowait()
            self._texts.task_done()
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def finish(self) -> None:
        """Wait until all is said."""
        await self._texts.join()
        await self.close()

    async def close(self) -> None:
        """Say no more."""
        self.hush()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            text = await self._texts.get()
            try:
                await self._speak(text)
            except OSError:
                pass  # the program went away: the call goes on in writing
            finally:
                self._texts.task_done()

    async def _speak(self, text: str) -> None:
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=nowhere, stderr=nowhere
        )
        try:
            await process.communicate(text.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            self._process = None
