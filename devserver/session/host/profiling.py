"""`fn dev --profile`: flame graphs of voice callbacks, one for each, and one for all callbacks of a call.

A handler is measured where it runs: in its task, whatever else the event loop does, or in its thread. What is seen is
written by a thread of its own after the answer has gone out; a file is there as a whole or not at all. The pieces of a
call are kept beside its graph, since the next callback may run in another process. Nothing here is imported without
`--profile`: pyinstrument costs 40 ms.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyinstrument import Profiler
from pyinstrument.renderers import HTMLRenderer
from pyinstrument.session import Session

from devserver.runtime.handlers import Handler, Handlers
from devserver.runtime.routing import VOICE_EVENTS

_KEPT = 400  # files; the oldest are deleted
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST = 80  # characters of a call id in a file name
_ENDS = "dice"


class Profiles:
    """The graphs of one host.

    Args:
        folder: where they are written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, list[str]] = {}
        self._writer = ThreadPoolExecutor(1, "profiles")

    def watch(self, handlers: Handlers) -> Handlers:
        """The same handlers; those of callbacks are measured."""
        voice = {name: self._watched(each) for name, each in handlers.by_name.items() if name in VOICE_EVENTS}
        return replace(handlers, by_name={**handlers.by_name, **voice})

    def files(self, request_id: str) -> list[str]:
        """Paths of the graphs that a callback leaves: its own, and with the last one that of the call. Asked once."""
        return self._files.pop(request_id, [])

    def close(self) -> None:
        """Write what is left."""
        self._writer.shutdown()

    def _watched(self, handler: Handler) -> Handler:
        call = handler.call

        async def awaited(context: Any, event: Any) -> Any:
            with self._measured(handler.name, context.request_id, event.callid or ""):
                return await call(context, event)

        def called(context: Any, event: Any) -> Any:
            with self._measured(handler.name, context.request_id, event.callid or ""):
                return call(context, event)

        chosen: Callable[..., Any] = awaited if handler.is_async else called
        return replace(handler, call=chosen)

    @contextmanager
    def _measured(self, event: str, request_id: str, callid: str) -> Iterator[None]:
        profiler = Profiler(async_mode="enabled")
        profiler.start()
        try:
            yield
        finally:
            session = profiler.stop()
            paths = [self._callback_file(event, request_id)]
            if event == _ENDS and callid:
                paths.append(self._call_file(callid))
            self._files[request_id] = [str(path) for path in paths]
            self._writer.submit(self._write, session, event, request_id, callid)

    # --- in the writer's thread ------------------------------------------------------------------------------------

    def _write(self, session: Session, event: str, request_id: str, callid: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        _put(self._callback_file(event, request_id), session)
        if callid:
            self._add_to_call(session, callid, request_id, last=event == _ENDS)
        self._prune()

    def _add_to_call(self, session: Session, callid: str, request_id: str, *, last: bool) -> None:
        pieces = self._folder / _safe(callid)
        pieces.mkdir(exist_ok=True)
        session.save(pieces / f"{request_id}.pyisession")
        whole: Session | None = None
        for path in sorted(pieces.glob("*.pyisession")):
            piece = Session.load(path)
            whole = piece if whole is None else Session.combine(whole, piece)
        if whole is not None:
            _put(self._call_file(callid), whole)
        if last:
            for path in pieces.glob("*.pyisession"):
                path.unlink(missing_ok=True)
            pieces.rmdir()

    def _callback_file(self, event: str, request_id: str) -> Path:
        return self._folder / f"{request_id}-{event}.html"

    def _call_file(self, callid: str) -> Path:
        return self._folder / f"call-{_safe(callid)}.html"

    def _prune(self) -> None:
        graphs = sorted(self._folder.glob("*.html"), key=os.path.getmtime)
        for path in graphs[:-_KEPT]:
            path.unlink(missing_ok=True)


def _put(path: Path, session: Session) -> None:
    new = path.with_suffix(".new")
    new.write_text(HTMLRenderer().render(session), encoding="utf-8")
    new.replace(path)


def _safe(callid: str) -> str:
    """A call id as a file name; ids come from outside and may be anything."""
    return _UNSAFE.sub("_", callid)[:_LONGEST].strip(".") or "_"
