"""One `fn dev` from start to stop: what is opened, in which order, and closed in the reverse.

recorder -> hosts -> listeners -> first load -> session file -> ready -> what goes on beside. Lifetimes are one
`AsyncExitStack`, so nothing has to remember what to stop. How a thing works is its own module's business: here is only
the order.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devserver.cloud.app import create_app_of as create_cloud
from devserver.console.app import create_app as create_console
from devserver.project.places import check_leases
from devserver.session.beside import beside
from devserver.session.console_view import ConsoleView
from devserver.session.discovery import SessionFile, announce, private_folder, withdraw
from devserver.session.doors import open_doors
from devserver.session.engine import Engine, Setting, cancel, project_places
from devserver.session.exec_command import run_command
from devserver.session.exposure import exposure_of
from devserver.session.listeners import serve_app, serve_function
from devserver.session.lock import ProjectLock
from devserver.session.signals import Stopping
from devserver.session.spawn import FirstHost, Started
from devserver.session.telephony import Telephony
from devserver.session.telling import Telling
from devserver.session.terms import Terms

if TYPE_CHECKING:
    from devserver.session.debugging import Debugging
    from devserver.session.going_public import GoingPublic
    from devserver.session.keys import Keys


def run_session(terms: Terms, first: Started, began: float | None = None) -> int:
    """Run a session until it is asked to stop; gives the exit code.

    Args:
        terms: what was asked for.
        first: a host process that has been started already.
        began: `time.perf_counter()` at the start of the process, for the ready line.
    """
    try:
        return asyncio.run(_Session(terms, began or time.perf_counter()).run(first))
    except KeyboardInterrupt:
        return 130


class _Session:
    def __init__(self, terms: Terms, began: float) -> None:
        self._terms = terms
        self._began = began
        self._busy = "starting"
        self._token = secrets.token_urlsafe(24)
        self._public: GoingPublic | None = None
        self._debugging: Debugging | None = None
        self._keys: Keys | None = None

    async def run(self, first: Started) -> int:
        async with AsyncExitStack() as stack:
            first_host = stack.enter_context(FirstHost(first))
            self._engine = Engine(self._terms.folder)
            self._open_output(stack)
            if self._wants_tunnel():
                check_leases(os.environ)
            private_folder(self._root)
            stack.enter_context(ProjectLock(self._root))
            doors = self._doors = open_doors(self._terms)
            stack.callback(doors.close)
            debugging = self._debugging = self._listen_for_debugger(stack)
            await self._engine.open(stack, self._setting(), first_host.take, self._report, self._telling.say)
            self._lend_terminal()
            await self._serve(stack)
            if debugging is not None:
                await debugging.serve(stack, self._engine.house)
                self._engine.house.follow = debugging.follow
                self._engine.generations.loading.settle = debugging.settle
            if await self._has_time_for(asyncio.create_task(self._first_load(stack))):
                self._run_beside(stack)
                await self._go_public(stack)
                code = await self._until_stopped(self._session)
            else:
                code = self._stopping.exit_code
                self._telling.let_go()
            self._busy = "letting the function finish"
            self._report.tell("stopping", text="Stopping.")
        return code

    # --- opening -----------------------------------------------------------------------------------------------

    def _open_output(self, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()

        def reader_gone() -> None:
            loop.call_soon_threadsafe(self._stopping.stop)

        self._telling = Telling(self._terms, sys.stdout, self._engine.redact, reader_gone)
        stack.callback(self._telling.close)
        self._report = self._telling.report
        self._stopping = Stopping(lambda: self._busy, lambda text: self._report.tell("stopping", text=text))
        self._stopping.install()

    @property
    def _root(self) -> Path:
        return self._engine.project.root

    def _setting(self) -> Setting:
        folder = self._root / ".fn"
        places = replace(
            project_places(self._root, self._doors.cloud.url),
            profiles=folder / "profiles" if self._terms.profile else None,
        )
        return Setting(places, folder, True, self._token, self._terms.debug is not None)

    def _listen_for_debugger(self, stack: AsyncExitStack) -> Debugging | None:
        if self._terms.debug is None:
            return None
        from devserver.session.debugging import Debugging

        debugging = Debugging(self._terms.debug, self._report.tell)
        for one in debugging.sockets:
            stack.callback(one.close)
        return debugging

    def _lend_terminal(self) -> None:
        """Let `breakpoint()` have our terminal, if there is somebody at it and no debugger in its place."""
        if self._terms.interactive and self._terms.debug is None:
            from devserver.session.lending import Lending, Terminal

            terminal = Terminal(os.ttyname(sys.stdin.fileno()), self._hold, self._go_on)
            lending = self._engine.house.lending = Lending(terminal)
            self._stopping.borrowed = lending.interrupt

    def _hold(self) -> None:
        """Leave the terminal to somebody else."""
        self._telling.hold()
        if self._keys is not None:
            self._keys.lend()

    def _go_on(self) -> None:
        self._telling.let_go()
        if self._keys is not None:
            self._keys.take_back()

    async def _go_public(self, stack: AsyncExitStack) -> None:
        """Begin with the tunnel; the function answers here already, and does not wait for it."""
        if not self._wants_tunnel():
            return
        from devserver.session.going_public import GoingPublic
        from devserver.session.keys import Keys

        if names := await self._engine.log_in():
            self._telling.say("info", f"From the login (`fn auth status`): {', '.join(names)}.")
        keys = self._keys = stack.enter_context(Keys(enabled=self._terms.interactive, tell=self._telling.line))
        self._stopping.last = keys.restore
        self._public = GoingPublic(
            self._terms,
            self._engine.project,
            function=self._doors.function.url,
            cloud=self._doors.cloud.url,
            tell=self._report.tell,
            busy=self._is_busy,
            keys=keys,
        )
        await self._public.start(stack, self._engine.gateway)

    def _wants_tunnel(self) -> bool:
        return self._terms.wants_tunnel(self._engine.project.tunnel_preference)

    def _is_busy(self, doing: str) -> None:
        self._busy = doing

    async def _serve(self, stack: AsyncExitStack) -> None:
        # From the first request on: the user's own proxy does not wait until we say that we are ready.
        self._engine.gateway.exposure = exposure_of(self._terms, self._engine.project.tunnel_preference)
        await stack.enter_async_context(serve_function(self._doors.function.sockets, self._engine.gateway.handle))
        telephony = Telephony(
            lambda: self._engine.project,
            self._root / ".fn",
            function=self._doors.function.url,
            cloud=self._doors.cloud.url,
            token=self._token,
            tell=self._report.tell,
            public=lambda: self._public.url if self._public is not None else None,
        )
        local_sinch = create_cloud(telephony.products, lambda: self._engine.project.dev.hosts)
        await stack.enter_async_context(serve_app(self._doors.cloud.sockets, local_sinch))
        self._answer_in_time(telephony)
        view = ConsoleView(self._engine, telephony, lambda: self._session)
        console = create_console(view.session(), self._token)
        await stack.enter_async_context(serve_app(self._doors.console.sockets, console))
        # Calls end before the ports do: who is on the phone is told, and no port waits for them.
        stack.push_async_callback(telephony.close)

    def _answer_in_time(self, telephony: Telephony) -> None:
        """Say what is done about answers that take longer than the platform waits."""
        in_time = self._engine.gateway.in_time
        in_time.strict = self._terms.strict
        if not self._terms.holds:
            return
        from devserver.session.reaching import Calls

        in_time.holding.reach = Calls(lambda: self._engine.project, telephony, self._doors.cloud.url)
        in_time.holding.only_paused = self._terms.hold is None and self._terms.debug is None
        if self._terms.hold:  # asked for by name, it is for whoever posts a callback by hand, too
            in_time.holding.sources |= {"local"}

    def _announce(self, stack: AsyncExitStack) -> SessionFile:
        doors = self._doors
        console = f"{doors.console.url}/?token={self._token}"
        self._session = SessionFile(os.getpid(), doors.function.url, console, doors.cloud.url, self._token)
        announce(self._root, self._session)
        stack.callback(withdraw, self._root, os.getpid())
        return self._session

    def _ready(self, session: SessionFile) -> None:
        loaded = self._engine.generations.loaded
        for text in self._engine.project.warnings:
            self._telling.say("warning", text)
        with self._telling.ahead():
            self._report.tell(
                "ready",
                pid=session.pid,
                function=session.function,
                console=session.console,
                cloud=session.cloud,
                tunnel=None,  # it comes up beside us; the event `tunnel` tells it
                debug=self._debugging.address if self._debugging is not None else None,
                name=self._engine.project.name,
                root=str(self._root),
                generation=loaded.generation if loaded else None,
                routes=loaded.routes if loaded else [],
                ms=round((time.perf_counter() - self._began) * 1000, 1),
            )
        self._busy = "serving"

    def _run_beside(self, stack: AsyncExitStack) -> None:
        """What goes on for as long as the session is up."""
        for work in beside(self._engine, self._telling, self._is_idle, wants_tunnel=self._wants_tunnel()):
            stack.push_async_callback(cancel, asyncio.create_task(work))

    def _is_idle(self) -> bool:
        return self._busy == "serving" and self._engine.gateway.is_idle()

    async def _first_load(self, stack: AsyncExitStack) -> None:
        """Load, and then say that all is ready; who waits for a debugger is ready before."""
        debugging, start = self._debugging, self._engine.generations.start
        if debugging is not None and debugging.terms.wait:
            self._ready(self._announce(stack))
            await debugging.client()
            await start()
        else:
            await start()
            self._ready(self._announce(stack))
        if debugging is not None:
            debugging.start()
            debugging.offer_configuration(self._root)

    # --- running -----------------------------------------------------------------------------------------------

    async def _until_stopped(self, session: SessionFile) -> int:
        if not self._terms.command:
            return await self._stopping.wait()
        work = asyncio.create_task(self._run_command(session))
        return work.result() if await self._has_time_for(work) else self._stopping.exit_code

    async def _has_time_for(self, work: asyncio.Future[Any]) -> bool:
        """Wait for some work; False when the session is to end before it is done, which cancels it."""
        signalled = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({work, signalled}, return_when=asyncio.FIRST_COMPLETED)
        await cancel(signalled)
        if not work.done():
            await cancel(work)
            return False
        work.result()
        return True

    async def _run_command(self, session: SessionFile) -> int:
        public = await self._public.settled() if self._public is not None else None
        return await run_command(self._terms.command, session, public)
