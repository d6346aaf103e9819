"""An event loop in a thread of its own, behind a call that waits.

A test is an ordinary function, or an async one whose loop is busy running it; the user's handlers need a loop that
goes on. So theirs is elsewhere, and whoever calls waits for it.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_DEBUGGERS = ("/pdb.py", "/bdb.py", "\\pdb.py", "\\bdb.py", "pydevd", "debugpy")


class LoopThread:
    """A running event loop; `close` ends it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._executor = ThreadPoolExecutor(thread_name_prefix="handler")
        self._loop.set_default_executor(self._executor)
        self._thread = threading.Thread(target=self._loop.run_forever, name="function under test", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], *, deadline: float | None = None) -> T:
        """Run a coroutine there and wait for its result; what it raises is raised here.

        Args:
            work: the coroutine.
            deadline: seconds to wait; a debugger that has stopped the code may take longer. None waits for ever.

        Raises:
            TimeoutError: it took longer, and was cancelled.
        """
        __tracebackhide__ = True
        done = threading.Event()
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.add_done_callback(lambda _: done.set())
        while not done.wait(deadline):
            if not _is_debugged():
                future.cancel()
                raise TimeoutError
        return future.result()

    def close(self) -> None:
        """Cancel what still runs, and end the loop. A thread that hangs is not waited for."""
        try:
            self.run(_cancel_others())
            self.run(self._loop.shutdown_asyncgens())
        finally:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=1)


def _is_debugged() -> bool:
    """Whether some thread stands in a debugger."""
    for frame in sys._current_frames().values():  # noqa: SLF001 documented, for exactly this
        step = frame
        while step is not None:
            if any(name in step.f_code.co_filename for name in _DEBUGGERS):
                return True
            step = step.f_back  # type: ignore[assignment]
    return False
