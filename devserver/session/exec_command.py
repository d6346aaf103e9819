"""`--exec`: one command that runs against a live session. It knows the session's addresses, and nothing else of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from devserver.errors import FnError
from devserver.session.discovery import SessionFile


async def run_command(command: Sequence[str], session: SessionFile, public: str | None) -> int:
    """Run a command to its end; when this is cancelled, the command is asked to end and waited for.

    Args:
        command: the program and its arguments.
        session: what it is told by `FN_FUNCTION_URL`, `FN_CONSOLE_URL`, `FN_CLOUD_URL` and `FN_TOKEN`.
        public: the address of the tunnel, `FN_TUNNEL_URL`; None where there is none.

    Returns:
        Its exit status; 128 and the number of the signal that ended it.

    Raises:
        FnError: it cannot be started.
    """
    # A shell does not hand SIGTERM on to what it runs; a group gets it as a whole. At a terminal the command stays
    # in our group: Ctrl-C reaches it there, and it may read the keyboard.
    group = None if sys.stdin.isatty() else 0
    try:
        process = await asyncio.create_subprocess_exec(
            *command, env=os.environ | _told(session, public), process_group=group
        )
    except OSError as error:
        raise FnError(
            f"--exec: {command[0]} cannot be started: {error.strerror}.", hint="Give a program and its arguments."
        ) from error
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.terminate() if group is None else os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
        raise
    return status if status >= 0 else 128 - status


def _told(session: SessionFile, public: str | None) -> dict[str, str]:
    told = {
        "FN_FUNCTION_URL": session.function,
        "FN_CONSOLE_URL": session.console,
        "FN_CLOUD_URL": session.cloud,
        "FN_TOKEN": session.token,
    }
    return told if not public else {**told, "FN_TUNNEL_URL": public}
