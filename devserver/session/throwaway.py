"""A session that lives for one command: the function's code of today behind a function port that nobody else knows.

For commands that send requests while no `fn dev` runs. It works on a copy of the project's data, and its hosts are
sealed: nothing that it does can touch what is live, or call Sinch. What it is sent is recorded, as ever.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

from devserver.errors import FnError
from devserver.session.discovery import SessionFile
from devserver.session.engine import Engine, Setting
from devserver.session.listeners import serve_function
from devserver.session.ports import listen, port_of
from devserver.session.report import Report
from devserver.session.scratch import scratch_area
from devserver.session.spawn import FirstHost, start_host


@asynccontextmanager
async def throwaway_session(folder: Path) -> AsyncIterator[SessionFile]:
    """A session that answers requests until the block ends. It has no console and no cloud.

    Raises:
        FnError: the project cannot be read, or its code cannot be loaded.
    """
    async with AsyncExitStack() as stack:
        files = stack.enter_context(ExitStack())
        first = files.enter_context(FirstHost(start_host()))
        engine = Engine(folder)
        root = engine.project.root
        scratch = files.enter_context(scratch_area(root))
        await asyncio.to_thread(scratch.lay_out, None)
        sockets = listen(0, flag="--port")
        for one in sockets:
            files.callback(one.close)
        token = secrets.token_urlsafe(16)
        report = Report(lambda _line: None, lambda _kind, _fields: None, engine.redact)
        setting = Setting(scratch.places, root / ".fn", history=False, token=token)
        await engine.open(stack, setting, first.take, report, lambda _level, _text: None)
        await stack.enter_async_context(serve_function(sockets, engine.gateway.handle))
        await engine.generations.start()
        if (error := engine.generations.error) is not None:
            raise FnError(error.text, hint=error.traceback.rstrip() or "Mend it, then try again.")
        yield SessionFile(os.getpid(), f"http://127.0.0.1:{port_of(sockets)}", "", "", token)
