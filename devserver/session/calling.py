"""The phone of a project, for commands: that of the running session, or one made for the occasion.

Both are the same to whoever calls: `run` for a call that plays by itself, `talk` for one with a person.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec

from devserver.calls.start import Start
from devserver.calls.told import CallReport, Told
from devserver.errors import FnError
from devserver.session.discovery import SessionFile, find_session

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientWebSocketResponse

    from devserver.session.trunk import Trunk

_TOLD: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)
_PATH = "/api/phone"
_NO_SUCH_PATH = 404
_CONNECTIONS = 16  # for calls that play by themselves, before they share one
_GONE = "Is `fn dev` still running?"
_LONGEST = 64 << 20  # bytes of a message


class Talk(Protocol):
    """A call with a person."""

    async def send(self, message: dict[str, Any]) -> None:
        """Do something: `{"key": "1"}`, `{"say": "sales"}`, `{"hangup": true}`; as callee with `"leg": "callee"`."""
        ...

    def told(self) -> AsyncIterator[Told]:
        """What happens, until the call is over."""
        ...


class Phone(Protocol):
    """Where calls are made."""

    async def run(self, start: Start) -> CallReport:
        """Run a call to its end.

        Raises:
            FnError: it cannot be begun, or nobody is there to run it.
        """
        ...

    def talk(self, start: Start) -> AbstractAsyncContextManager[Talk]:
        """Begin a call with a person; leaving hangs up.

        Raises:
            FnError: as `run`.
        """
        ...


class _RemoteTalk:
    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, message: dict[str, Any]) -> None:
        if not self._socket.closed:
            await self._socket.send_str(msgspec.json.encode(message).decode())

    async def told(self) -> AsyncIterator[Told]:
        from aiohttp import WSMsgType

        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            yield _told(message.data)


class RemotePhone:
    """The phone of a running session, over its console port.

    Args:
        session: from its session file.
        client: to ask with.
    """

    def __init__(self, session: SessionFile, client: ClientSession) -> None:
        parts = urlsplit(session.console)
        self._url = f"{parts.scheme}://{parts.netloc}{_PATH}"
        self._headers = {"Authorization": f"Bearer {session.token}"}
        self._client = client
        self._asking = 0
        self._trunk: asyncio.Task[Trunk] | None = None

    async def run(self, start: Start) -> CallReport:
        """See `Phone.run`; calls that are more than a few at once share a connection."""
        if self._asking >= _CONNECTIONS:
            self._trunk = self._trunk or asyncio.create_task(self._open_trunk())
            return await (await asyncio.shield(self._trunk)).run(start)
        self._asking += 1
        try:
            return await self._ask(start)
        finally:
            self._asking -= 1

    async def close(self) -> None:
        """Give up what is under way."""
        if self._trunk is not None:
            self._trunk.cancel()
            with suppress(asyncio.CancelledError, FnError):
                await (await self._trunk).close()

    async def _open_trunk(self) -> Trunk:
        from devserver.session.trunk import Trunk

        with _answering(self._url):
            socket = await self._client.ws_connect(self._url, headers=self._headers, max_msg_size=_LONGEST)
        return Trunk(socket, FnError(f"The session at {self._url} does not answer: it has gone.", hint=_GONE))

    async def _ask(self, start: Start) -> CallReport:
        headers = {**self._headers, "Content-Type": "application/json"}
        with _answering(self._url):
            async with self._client.post(self._url, data=msgspec.json.encode(start), headers=headers) as response:
                body = await response.read()
        if response.status != 200:
            raise _refusal(body, response.status)
        try:
            return msgspec.json.decode(body, type=CallReport)
        except msgspec.MsgspecError as error:
            raise FnError(
                f"The session answers with what this fn does not understand: {error}.",
                hint="Restart `fn dev`: it runs another version.",
            ) from error

    @asynccontextmanager
    async def talk(self, start: Start) -> AsyncIterator[Talk]:
        """See `Phone.talk`."""
        with _answering(self._url):
            async with self._client.ws_connect(self._url, headers=self._headers, max_msg_size=_LONGEST) as socket:
                await socket.send_str(msgspec.json.encode({"start": start}).decode())
                yield _RemoteTalk(socket)


def _told(data: str) -> Told:
    try:
        return _TOLD.decode(data)
    except msgspec.MsgspecError:
        raise _refusal(data.encode(), 0) from None


def _refusal(body: bytes, status: int) -> FnError:
    """What the session says is wrong, in its own words."""
    if status == _NO_SUCH_PATH:
        return _no_phone()
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        found = {}
    message, hint = found.get("error"), str(found.get("hint") or "")
    if isinstance(message, str):
        return FnError(message.removesuffix(hint).rstrip() if hint else message, hint=hint)
    return FnError("The session answers with what is no call.", hint="Restart `fn dev`: it runs another version.")


def _no_phone() -> FnError:
    return FnError("The running session has no phone.", hint="Restart `fn dev`: it runs an older version.")


@contextmanager
def _answering(url: str) -> Iterator[None]:
    """Says in one sentence that a session does not answer."""
    import aiohttp

    try:
        yield
    except aiohttp.WSServerHandshakeError as error:
        raise _refusal(b"", error.status) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        why = str(error) or "it took too long"
        raise FnError(f"The session at {url} does not answer: {why}.", hint=_GONE) from error


@asynccontextmanager
async def throwaway_phone(folder: Path) -> AsyncIterator[Phone]:
    """The phone of a session that ends with the block; it works on a copy of the project's data.

    Raises:
        FnError: there is no project, or its code cannot be loaded.
    """
    from devserver.calls.delivery import Signer
    from devserver.calls.settings import Settings
    from devserver.cloud.applications import application_of
    from devserver.cloud.voice_recordings import FOLDER
    from devserver.project import SystemKeyring, load_project
    from devserver.session.phone import Wiring, opened
    from devserver.session.throwaway import throwaway_session

    project = await asyncio.to_thread(load_project, folder, environ=os.environ, keyring=SystemKeyring())
    async with throwaway_session(folder) as session:
        own = project.root / ".fn"
        application = application_of(own, project.voice_app, project.voice_secret)
        wiring = Wiring(
            function=session.function,
            token=session.token,
            signer=lambda: Signer(application.key, application.secret),
            urls=lambda _application: (f"{session.function}/",),
            settings=Settings(callback_timeout=project.dev.callback_deadline),
            recordings=own / FOLDER,
            recordings_url="",
        )
        async with opened(wiring) as phone:
            yield phone


@asynccontextmanager
async def phone_of(folder: Path) -> AsyncIterator[Phone]:
    """The phone of the session that runs in a folder, or of one that ends with the block.

    Raises:
        FnError: there is no project, or its code cannot be loaded.
    """
    session = find_session(folder)
    async with AsyncExitStack() as stack:
        if session is None:
            yield await stack.enter_async_context(throwaway_phone(folder))
            return
        import aiohttp

        # A call may take as long as it takes.
        client = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None), connector=aiohttp.TCPConnector(limit=0)
        )
        phone = RemotePhone(session, await stack.enter_async_context(client))
        stack.push_async_callback(phone.close)
        yield phone
