"""What `setup(runtime)` may ask for: work at start and stop, and WebSockets (DESIGN 4)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from devserver.runtime.handlers import UnusableFunction

Hook = Callable[..., Any]


class Runtime:
    """Collects what `setup` registers; the host runs it.

    Attributes:
        startup: called with a context, in order, before the first request.
        shutdown: called with a context, in reverse order, when the generation goes.
        sockets: handlers by path, called with the socket and the request.
    """

    def __init__(self) -> None:
        self.startup: list[Hook] = []
        self.shutdown: list[Hook] = []
        self.sockets: dict[str, Hook] = {}

    def on_startup(self, hook: Hook) -> Hook:
        """Call `hook(context)` before the first request; plain or async. Usable as a decorator."""
        self.startup.append(_callable(hook, "on_startup"))
        return hook

    def on_shutdown(self, hook: Hook) -> Hook:
        """Call `hook(context)` when this generation goes; plain or async. Usable as a decorator."""
        self.shutdown.append(_callable(hook, "on_shutdown"))
        return hook

    def on_websocket(self, path: str, hook: Hook) -> Hook:
        """Call `await hook(ws, request)` for every WebSocket opened at `path`."""
        if not path.startswith("/"):
            raise UnusableFunction(f"runtime.on_websocket: the path {path!r} must begin with a slash.")
        if path in self.sockets:
            raise UnusableFunction(f"runtime.on_websocket: {path} is registered twice.")
        self.sockets[path] = _callable(hook, "on_websocket")
        return hook


async def call_hook(hook: Hook, *arguments: Any) -> None:
    """Call a plain or async hook."""
    result = hook(*arguments)
    if inspect.isawaitable(result):
        await result


def _callable(hook: Hook, where: str) -> Hook:
    if not callable(hook):
        raise UnusableFunction(f"runtime.{where} needs a function, not {type(hook).__name__}.")
    return hook
