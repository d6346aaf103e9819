"""Phone and local Sinch of a session, made when somebody first uses them: most saves are never called.

What it takes to run calls is a third of the start-up time of everything else, so none of it is imported before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from devserver.errors import FnError
from devserver.project import Project

if TYPE_CHECKING:
    from devserver.calls.delivery import Signer
    from devserver.calls.settings import Settings
    from devserver.calls.start import Start
    from devserver.calls.told import CallReport
    from devserver.cloud.auth import Application
    from devserver.cloud.routes import Product
    from devserver.cloud.voice_state import VoiceState
    from devserver.session.phone import Phone, Talk


class Telephony:
    """What a session has of the phone network.

    Args:
        project: as it is configured now.
        folder: the project's `.fn`, which exists.
        function: address of the function port, and `cloud` that of the cloud port.
        token: of the session.
        tell: told of each call that is over, as `report.Report.tell`.
        public: the public address of the function port, while it has one.
    """

    def __init__(
        self,
        project: Callable[[], Project],
        folder: Path,
        *,
        function: str,
        cloud: str,
        token: str,
        tell: Callable[..., None],
        public: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._project = project
        self._public = public
        self._folder = folder
        self._function = function
        self._cloud = cloud
        self._token = token
        self._tell = tell
        self._stack = AsyncExitStack()
        self._closed = False
        self._phone: Phone | None = None
        self._state: VoiceState | None = None
        self._products: tuple[Application, tuple[Product, ...]] | None = None
        self._known: tuple[tuple[str | None, str | None], Application] | None = None

    async def close(self) -> None:
        """Give up what is running; nothing begins any more."""
        self._closed = True
        await self._stack.aclose()

    # --- the local Sinch -------------------------------------------------------------------------------------------

    def products(self) -> tuple[Product, ...]:
        """What the cloud port has, for the application as it is configured now."""
        application = self.application()
        if self._products is None or self._products[0] != application:
            from devserver.cloud.voice import Voice, product
            from devserver.session.voice_backend import CallsOfSession

            voice = Voice(
                CallsOfSession(self.phone()),
                application,
                self._voice_state(),
                self._recordings(),
                lambda: self._project().dev.cloud,
            )
            self._products = application, (product(voice),)
        return self._products[1]

    def _voice_state(self) -> VoiceState:
        if self._state is None:
            from devserver.cloud.state import CloudState
            from devserver.cloud.voice_state import VoiceState

            state = CloudState(self._folder)
            self._stack.callback(state.close)
            self._state = VoiceState(state, f"{self._function}/")
        return self._state

    def _recordings(self) -> Path:
        from devserver.cloud.voice_recordings import FOLDER

        return self._folder / FOLDER

    def application(self) -> Application:
        """The application of the project as it is configured now."""
        from devserver.cloud.applications import application_of

        project = self._project()
        configured = (project.voice_app, project.voice_secret)
        if self._known is None or self._known[0] != configured:
            self._known = configured, application_of(self._folder, *configured)
        return self._known[1]

    # --- the phone -------------------------------------------------------------------------------------------------

    def phone(self) -> Phone:
        """The phone of the session; calls that begin from now on have the settings of now.

        Raises:
            FnError: the session is ending.
        """
        if self._closed:
            raise FnError("The session is ending.", hint="Start `fn dev` again.")
        if self._phone is None:
            from devserver.calls.delivery import HttpSend
            from devserver.session.phone import Phone, Wiring

            wiring = Wiring(
                function=self._function,
                token=self._token,
                signer=self._signer,
                urls=self._urls,
                settings=self._settings(),
                recordings=self._recordings(),
                recordings_url=f"{self._cloud}/calling/v1/recording/",
                ended=self._ended,
            )
            send = HttpSend()
            phone = self._phone = Phone(wiring, send)
            self._stack.push_async_exit(send)
            self._stack.push_async_callback(phone.switchboard.close)
        self._phone.switchboard.settings = self._settings()
        return self._phone

    def _settings(self) -> Settings:
        from devserver.calls.settings import Settings

        return Settings(callback_timeout=self._project().dev.callback_deadline, resource_url=self._cloud)

    def _ended(self, report: CallReport) -> None:
        self._tell(
            "call",
            callid=report.callid,
            **{"from": report.caller},
            to=report.to,
            result=report.result,
            reason=report.reason,
            duration=report.duration,
            failed=report.failed,
            why=report.why,
            dice=any(each.event == "dice" for each in report.callbacks),
        )

    def _signer(self) -> Signer:
        from devserver.calls.delivery import Signer

        application = self.application()
        return Signer(application.key, application.secret)

    def _urls(self, application: str) -> tuple[str, ...]:
        found = self._voice_state().callback_urls(application)
        return tuple(self._shortened(url) for url in (found.primary, found.fallback) if url)

    def _shortened(self, url: str) -> str:
        """An address of ours without the way around the world: a pretend call works without the internet."""
        public = self._public()
        ours = public is not None and (url == public or url.startswith(f"{public}/"))
        return f"{self._function}/{url[len(public or '') :].lstrip('/')}" if ours else url

    # --- the phone for the console ---------------------------------------------------------------------------------

    async def run(self, body: bytes) -> bytes:
        """`POST /api/phone`: a call that plays by itself, from its message to its report.

        Raises:
            FnError: the message is none.
        """
        report = await self.phone().run(_start_of(body))
        return msgspec.json.encode(report)

    async def talk(self, messages: AsyncIterator[str], send: Callable[[str], Awaitable[None]]) -> None:
        """`WS /api/phone`: a call with a person. The first message begins it, the end of the messages hangs up.

        When the first message asks for a call that plays by itself, many of them may follow: see `trunk`.

        Raises:
            FnError: the first message is none.
        """
        message = await anext(messages, "{}")
        first = _object(message)
        if "run" in first:
            from devserver.session.trunk import carry

            await carry(message, messages, send, self.run)
            return
        start = _start_of(msgspec.json.encode(first.get("start", {})))
        async with self.phone().talk(start) as talk:
            await _converse(talk, messages, send)


async def _converse(talk: Talk, messages: AsyncIterator[str], send: Callable[[str], Awaitable[None]]) -> None:
    """Carry what the person does in, and what happens out, until either is over."""
    import asyncio

    async def listen() -> None:
        async for message in messages:
            try:
                await talk.send(_object(message))
            except FnError as error:
                await send(problem(error))

    async def tell() -> None:
        async for told in talk.told():
            await send(msgspec.json.encode(told).decode())

    both = {asyncio.create_task(listen()), asyncio.create_task(tell())}
    try:
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)


def problem(error: FnError) -> str:
    """What is wrong, as JSON."""
    return msgspec.json.encode({"error": error.message, "hint": error.hint}).decode()


def _start_of(body: bytes) -> Start:
    from devserver.calls.start import Start

    try:
        return msgspec.json.decode(body or b"{}", type=Start)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FnError(f"This is no call: {error}.", hint='Send an object such as {"keys": "1", "speed": 0}.') from error


def _object(message: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(message, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FnError(f"This is no JSON object: {error}.") from error
