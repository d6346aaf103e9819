"""One session for a client that knows no child sessions: `--debug-single`.

We are the client of all sessions there are, the root's and one per host, as an editor would be, and show the one who
is attached here a single one that never ends: the threads of the host that answers, and those of an older one for as
long as they stand still. Numbers of threads, frames and variables are unique within a session only, so they get new
ones on their way out, and the old ones back on their way in. What the client has set, breakpoints above all, is kept
and told to every host that comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from devserver.debug.inner import Asked, Ended, Inner, Json
from devserver.debug.numbers import Numbers

_FOR_ALL = frozenset({"setBreakpoints", "setFunctionBreakpoints", "setExceptionBreakpoints", "setDebuggerProperty"})
_GOING_ON = frozenset({"continue", "next", "stepIn", "stepOut", "goto"})
_OF_HOSTS = frozenset({"output", "stopped", "continued", "thread"})
"""Events of hosts that are shown."""

Heard = Callable[[Inner, Json], None]
Dial = Callable[[Heard, int], Awaitable[Inner]]
"""Opens a connection to the adapter: for whom its events are, and for which process."""


class Single:
    """Many sessions as one.

    Args:
        send: takes a message for the client; it gets its number there.
        dial: opens a connection to the adapter.
        answering: gives the process that answers requests now; 0 when there is none.
    """

    def __init__(self, send: Callable[[Json], None], dial: Dial, answering: Callable[[], int]) -> None:
        self._send = send
        self._dial = dial
        self._answering = answering
        self._root: Inner | None = None
        self._hosts: dict[int, Inner] = {}
        self._numbers = Numbers()
        self._hello: Json = {}
        self._attach: Json = {}
        self._settings: dict[object, Asked] = {}
        self._open_inners: set[Inner] = set()
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, request: Json) -> None:
        """A request of the client; its answer is sent when it is there."""
        command, arguments = request["command"], request.get("arguments") or {}
        match command:
            case "initialize":
                # The adapter is to tell of child sessions by events: they need no answer.
                self._hello = {**arguments, "supportsStartDebuggingRequest": False}
                self._root = await self._dial(self._heard_root, 0)
                self._root.told.set()  # the client opens this one itself
                self._open_inners.add(self._root)
                self._answer(request, self._root.ask(command, self._hello))
            case "attach":
                self._attach = arguments
                self._answer(request, self._root_asked(command, arguments))
            case "threads":
                self._spawn(self._threads(request))
            case "disconnect" | "terminate":
                self._spawn(self._disconnect(request))
            case _ if command in _FOR_ALL:
                self._set(request, command, arguments)
            case "configurationDone":
                self._answer(request, self._root_asked(command, arguments))
            case _:
                self._pass(request, command, arguments)

    def follow(self, before: int) -> None:
        """Another host answers now than `before`: its threads come, and those of the old one go, unless they stand."""
        old, new = self._hosts.get(before), self._hosts.get(self._answering())
        if old is not None and old is not new and not old.stopped:
            self._tell_threads(old, "exited")
        if new is not None:
            self._tell_threads(new, "started")

    def place(self, arguments: Json, done: Callable[[], None]) -> None:
        """Tell the breakpoints of a file without the client; `done` is called when all hosts know them."""
        asked = self._ask_all("setBreakpoints", arguments)
        all_know = asyncio.gather(*asked.values(), return_exceptions=True)
        all_know.add_done_callback(lambda _: done())

    async def close(self) -> None:
        """Hang up everywhere."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        closing = [inner.close() for inner in self._open_inners]
        await asyncio.gather(*closing)

    # --- requests ----------------------------------------------------------------------------------------------

    def _root_asked(self, command: str, arguments: Json) -> asyncio.Future[Json]:
        if self._root is None:
            raise Ended
        return self._root.ask(command, arguments)

    def _current(self) -> Inner | None:
        """Who is meant by what names no thread: the host that answers, or the root before there is one."""
        return self._hosts.get(self._answering()) or self._root

    def _pass(self, request: Json, command: str, arguments: Json) -> None:
        owner, changed = self._numbers.inward(arguments)
        inner = owner or self._current()
        if inner is None:
            self._respond(request, {"success": False, "message": "There is nothing to debug."})
            return
        if command in _GOING_ON:
            inner.stopped.clear()
        self._answer(request, inner.ask(command, changed), inner)
        if command == "continue":
            self._spawn(self._still_standing(inner))

    def _set(self, request: Json, command: str, arguments: Json) -> None:
        asked = self._ask_all(command, arguments)
        shown = self._current()
        if shown is not None and shown not in asked:
            asked[shown] = asyncio.ensure_future(self._ask_when_told(shown, _key(command, arguments)))
        if shown is not None:
            self._spawn(self._all_set(request, asked, shown))

    def _ask_all(self, command: str, arguments: Json) -> dict[Inner, asyncio.Future[Json]]:
        self._settings[_key(command, arguments)] = (command, arguments)
        inners = [inner for inner in (*self._hosts.values(), self._root) if inner is not None]
        # Nobody needs to wait for a spare that is being opened: it is told all this before it may be used.
        return {inner: inner.ask(command, arguments) for inner in inners if inner.told.is_set()}

    async def _ask_when_told(self, inner: Inner, key: object) -> Json:
        """A session that is being opened takes no setting yet; it gets all of them then, this one too."""
        await inner.told.wait()
        return await inner.ask(*self._settings[key])

    async def _all_set(self, request: Json, asked: dict[Inner, asyncio.Future[Json]], shown: Inner) -> None:
        """It is done when all know it: a save may have let another answer meanwhile than the one that is shown."""
        await asyncio.gather(*asked.values(), return_exceptions=True)
        if shown.ended and self._root is not None:  # what is set is set all the same
            shown = self._root
        await self._answered(request, asked[shown], shown)

    async def _threads(self, request: Json) -> None:
        current = self._current()
        shown = [inner for inner in self._hosts.values() if inner is current or inner.stopped]
        threads: list[Json] = []
        for inner in shown or [one for one in (self._root,) if one is not None]:
            with suppress(Ended):
                body = (await inner.ask("threads", {})).get("body") or {}
                found = self._numbers.outward(inner, body).get("threads", [])
                old = "" if inner is current else " (of an earlier generation)"
                threads += [thread | {"name": f"{thread['name']}{old}"} for thread in found]
        self._respond(request, {"success": True, "body": {"threads": threads}})

    async def _disconnect(self, request: Json) -> None:
        for inner in [*self._hosts.values(), self._root]:
            if inner is not None:
                with suppress(Ended):
                    await inner.ask("disconnect", {"terminateDebuggee": False})
        self._respond(request, {"success": True})

    async def _still_standing(self, gone_on: Inner) -> None:
        """A client takes `continue` for all threads there are: those of other sessions that stand are told again."""
        for inner in self._hosts.values():
            if inner is not gone_on:
                for thread in inner.stopped:
                    self._stopped_again(inner, thread)

    def _stopped_again(self, inner: Inner, thread: int) -> None:
        body = {"reason": "pause", "threadId": thread, "allThreadsStopped": False}
        self._show(inner, {"event": "stopped", "body": body})

    def _answer(self, request: Json, asked: asyncio.Future[Json], inner: Inner | None = None) -> None:
        self._spawn(self._answered(request, asked, inner))

    async def _answered(self, request: Json, asked: asyncio.Future[Json], inner: Inner | None) -> None:
        try:
            response = await asked
        except Ended:
            response = {"success": False, "message": "That process has ended."}
        kept: Json = {key: response[key] for key in ("success", "message", "body") if key in response}
        if inner is not None and "body" in kept:
            kept["body"] = self._numbers.outward(inner, kept["body"])
        self._respond(request, kept)

    def _respond(self, request: Json, fields: Json) -> None:
        self._send({"type": "response", "request_seq": request["seq"], "command": request["command"], **fields})

    # --- events ------------------------------------------------------------------------------------------------

    def _heard_root(self, _root: Inner, event: Json) -> None:
        match event["event"]:
            case "debugpyAttach":
                self._spawn(self._open(event["body"]["subProcessId"]))
            case "initialized" | "terminated" | "output":
                self._send({key: value for key, value in event.items() if key != "seq"})
            case _:
                return  # the anchor's own thread is of no interest

    def _heard_host(self, inner: Inner, event: Json) -> None:
        kind = event["event"]
        if self._closing:
            return
        if kind == "terminated":
            self._ended(inner)
        elif kind in {"stopped", "continued"} or (kind in _OF_HOSTS and inner is self._current()):
            self._show(inner, event)

    def _show(self, inner: Inner, event: Json) -> None:
        body = self._numbers.outward(inner, event.get("body") or {})
        self._send({"type": "event", "event": event["event"], "body": body})

    def _tell_threads(self, inner: Inner, reason: str) -> None:
        for thread in inner.threads:
            self._show(inner, {"event": "thread", "body": {"reason": reason, "threadId": thread}})

    def _ended(self, inner: Inner) -> None:
        if inner.stopped:
            self._show(inner, {"event": "continued", "body": {"threadId": min(inner.stopped)}})
        self._tell_threads(inner, "exited")
        self._numbers.forget(inner)
        if self._hosts.get(inner.pid) is inner:
            del self._hosts[inner.pid]
        self._spawn(self._hang_up(inner))

    async def _hang_up(self, inner: Inner) -> None:
        await inner.close()
        self._open_inners.discard(inner)

    async def _open(self, pid: int) -> None:
        inner = await self._dial(self._heard_host, pid)
        self._hosts[pid] = inner
        self._open_inners.add(inner)
        try:
            attach = {**self._attach, "subProcessId": pid}
            attach.pop("restart", None)
            await inner.open(self._hello, attach, lambda: list(self._settings.values()))
        except Ended:
            return  # that process was quick to go
        if pid == self._answering():
            self._tell_threads(inner, "started")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _key(command: str, arguments: Json) -> object:
    """What a setting takes the place of: the one before of the same kind, and of the same file."""
    return command, (arguments.get("source") or {}).get("path")
