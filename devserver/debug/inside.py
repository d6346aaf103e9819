"""The debugger inside of a process: joined to the adapter while a client is there, and tracing nothing when it is not.

debugpy would be asked to connect once and for all. But tracing makes plain calls ten times slower on Python 3.11, with
or without a client; so a host joins when a client comes, and traces no more when it goes. That takes pydevd's own
doors, the ones debugpy uses for child processes.

Nothing here may be imported in the gateway.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

_OURS = str(Path(__file__).parents[1]) + os.sep
_SETTINGS = {
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # no warning about frozen modules on standard error
    "PYDEVD_RESOLVE_SYMLINKS": "1",  # our code objects name real paths; an editor may have opened the folder by another
}
_PREFIXES = ("PYDEVD_", "DEBUGPY_")
_SUSPENDED = 2  # pydevd's STATE_SUSPEND


def import_debugger() -> None:
    """Import what is needed; 0.1 s at the first time.

    Raises:
        ImportError: debugpy is not there, or not as it was made.
    """
    hook = sys.breakpointhook  # which they would take
    with _environment():
        import debugpy.server  # noqa: F401 finds the pydevd that comes with it
        import pydevd  # noqa: F401 its doors
        from _pydev_bundle import pydev_log

        # What it has to say of itself is for its own developers, and would stand in the log of the user's function.
        sys.breakpointhook = hook
        pydev_log._LoggingGlobals._debug_stream = _Silence()  # noqa: SLF001 there is no other way to say so


@contextmanager
def _environment() -> Iterator[None]:
    """Settings of pydevd, which reads them when it is imported, and adds others; the user's code must find none."""
    theirs = {name: value for name, value in os.environ.items() if name.startswith(_PREFIXES)}
    os.environ.update({**_SETTINGS, **theirs})
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith(_PREFIXES) and name not in theirs]:
            del os.environ[name]


class _Silence:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return


def join(host: str, port: int, token: str, parent: int) -> None:
    """Become a debug server of the adapter, as a child of `parent`; this thread and all others are traced from now on.

    It does not wait for a client: see `wait_for_client`. Call it in the main thread: where pydevd cannot reach other
    threads, it must be at least this one.

    Raises:
        ImportError: see `import_debugger`.
        OSError: the adapter is not there.
    """
    import_debugger()
    import debugpy
    import pydevd

    pydevd.settrace(
        host=host,
        port=port,
        access_token=token,
        ppid=parent,
        suspend=False,
        wait_for_ready_to_run=False,
        patch_multiprocessing=False,
        notify_stdin=False,
        dont_trace_start_patterns=(str(Path(debugpy.__file__).parent), _OURS),
    )
    without_delay()


def without_delay() -> None:
    """Send at once.

    pydevd writes the header of a message and its body in two steps, which Nagle's algorithm and a late acknowledgement
    turn into 40 ms for every answer: measured, an attachment took 229 ms, and 92 ms without.
    """
    connection = _debugger().writer.sock
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def wait_for_client(seconds: float) -> bool:
    """Wait until the client has told its breakpoints to this process; False when it does not in time."""
    enough = threading.Event()
    timer = threading.Timer(seconds, enough.set)
    timer.daemon = True
    _hide(timer)
    timer.start()
    debugger = _debugger()
    debugger.block_until_configuration_done(cancel=enough)
    timer.cancel()
    return bool(debugger.is_attached())


def leave() -> None:
    """Trace no more, and close the connection."""
    import pydevd

    pydevd.stoptrace()
    pydevd.SetupHolder.setup = None  # whose child it was


def is_joined() -> bool:
    """Whether this process is a debug server now."""
    return "pydevd" in sys.modules and _debugger() is not None


def is_attached() -> bool:
    """Whether a client has this process as a session, and is done with telling breakpoints."""
    return is_joined() and bool(_debugger().is_attached())


def is_suspended() -> bool:
    """Whether a thread stands still at a breakpoint, after a step or because it was paused."""
    if not is_joined():
        return False
    for thread in threading.enumerate():
        info = getattr(thread, "additional_info", None)
        if info is not None and info.pydev_state == _SUSPENDED:
            return True
    return False


def show(error: BaseException) -> None:
    """Stop at an exception that the user's code did not catch and that we have, if the client wants to see such.

    "Uncaught" is the default in editors, and means the end of a process to pydevd. For who wrote a handler it is the
    end of that. Who also stops where an exception leaves the user's code has seen it already.
    """
    if not is_attached():
        return
    debugger = _debugger()
    if not debugger.break_on_user_uncaught_exceptions:
        debugger.trigger_exception_handler((type(error), error, error.__traceback__), as_uncaught=True)


def stop_at(frame: FrameType) -> None:
    """Stop where a `breakpoint()` stands."""
    import pydevd

    # A host, although there is a connection already: else it looks one up first.
    pydevd.settrace(
        "127.0.0.1", suspend=True, trace_only_current_thread=True, patch_multiprocessing=False, stop_at_frame=frame
    )


def thread(target: Any, name: str) -> threading.Thread:
    """A thread beside the user's code, which no debugger shows or stops."""
    made = threading.Thread(target=target, name=name, daemon=True)
    _hide(made)
    return made


def _hide(made: threading.Thread) -> None:
    made.pydev_do_not_trace = True  # type: ignore[attr-defined]
    made.is_pydev_daemon_thread = True  # type: ignore[attr-defined]


def _debugger() -> Any:
    from pydevd import get_global_debugger

    return get_global_debugger()
