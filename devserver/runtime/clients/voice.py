"""`context.voice`: the Voice API v1, typed and awaited (voice-v1.md 5.2).

The official SDK for Python has no Voice v1 any more, so this is ours: one method an endpoint, keyword arguments in
snake case of the wire's names, and None leaves one out. Markup is given as a builder or as a dict. Under `fn dev` it
reaches the local Sinch, unless `dev.voice` says `live`.

    call = await context.voice.callouts.tts("+12025550199", text="Your parcel is here.")
    info = await context.voice.calls.get(call.call_id)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from devserver.runtime.clients.voice_callouts import Callouts
from devserver.runtime.clients.voice_http import VoiceHttp
from devserver.runtime.clients.voice_parts import CALLING, CONFIGURATION, Svaml, built, given, part
from devserver.runtime.clients.voice_results import (
    AssignedNumber,
    Callbacks,
    CallbacksAnswer,
    CallInfo,
    Conference,
    NumberAnswer,
    NumberInfo,
    Numbers,
    VoiceError,
    decoded,
)

Leg = Literal["caller", "callee", "both"]
Command = Literal["mute", "unmute", "onhold", "resume"]


@dataclass(frozen=True)
class Calls:
    """Calls that go on, and what became of those that are over."""

    http: VoiceHttp

    async def get(self, call_id: str) -> CallInfo:
        """What is known of a call.

        Raises:
            VoiceError: the platform refuses it; 404 when there is no such call.
        """
        path = f"{CALLING}/calls/id/{part(call_id)}"
        return decoded(await self.http.send("GET", path), CallInfo, f"GET {path}")

    async def update(self, call_id: str, svaml: Svaml) -> None:
        """Give a call new markup: it is played to the caller, and the action is carried out.

        Raises:
            VoiceError: the platform refuses it.
        """
        await self.http.send("PATCH", f"{CALLING}/calls/id/{part(call_id)}", built(svaml))

    async def hangup(self, call_id: str) -> None:
        """End a call.

        Raises:
            VoiceError: the platform refuses it.
        """
        await self.update(call_id, {"action": {"name": "hangup"}})

    async def manage_leg(self, call_id: str, leg: Leg, svaml: Svaml) -> None:
        """Play something to one side of a call, or to both; `say` and `playFiles` only.

        Raises:
            VoiceError: the platform refuses it.
        """
        await self.http.send("PATCH", f"{CALLING}/calls/id/{part(call_id)}/leg/{part(leg)}", built(svaml))


@dataclass(frozen=True)
class Conferences:
    """Conferences that go on."""

    http: VoiceHttp

    async def get(self, conference_id: str) -> Conference:
        """Who is in a conference.

        Raises:
            VoiceError: the platform refuses it; 404 when there is no such conference.
        """
        path = f"{CALLING}/conferences/id/{part(conference_id)}"
        return decoded(await self.http.send("GET", path), Conference, f"GET {path}")

    async def command(self, conference_id: str, call_id: str, command: Command, *, moh: str | None = None) -> None:
        """Mute, unmute, hold or resume a participant; `moh` is what they hear on hold.

        Raises:
            VoiceError: the platform refuses it.
        """
        path = f"{CALLING}/conferences/id/{part(conference_id)}/{part(call_id)}"
        await self.http.send("PATCH", path, given({"command": command, "moh": moh}))

    async def kick(self, conference_id: str, call_id: str) -> None:
        """Put a participant out.

        Raises:
            VoiceError: the platform refuses it.
        """
        await self.http.send("DELETE", f"{CALLING}/conferences/id/{part(conference_id)}/{part(call_id)}")

    async def end(self, conference_id: str) -> None:
        """Put all participants out.

        Raises:
            VoiceError: the platform refuses it.
        """
        await self.http.send("DELETE", f"{CALLING}/conferences/id/{part(conference_id)}")


@dataclass(frozen=True)
class Configuration:
    """Numbers and callbacks of applications; without an application key the client's own is meant."""

    http: VoiceHttp

    async def numbers(self) -> tuple[AssignedNumber, ...]:
        """The account's numbers.

        Raises:
            VoiceError: the platform refuses it.
        """
        path = f"{CONFIGURATION}/numbers"
        answer = await self.http.send("GET", path, configuration=True)
        return decoded(answer, Numbers, f"GET {path}").numbers

    async def assign(
        self, numbers: Iterable[str], *, application_key: str | None = None, capability: str | None = None
    ) -> None:
        """Give numbers to an application; `capability` is `voice` or `sms`.

        Raises:
            VoiceError: the platform refuses it.
        """
        listed = [numbers] if isinstance(numbers, str) else list(numbers)
        document = given({"numbers": listed, "applicationkey": application_key, "capability": capability})
        await self.http.send("POST", f"{CONFIGURATION}/numbers", document, configuration=True)

    async def unassign(self, number: str, *, application_key: str | None = None, capability: str | None = None) -> None:
        """Take a number from an application.

        Raises:
            VoiceError: the platform refuses it.
        """
        document = given({"number": number, "applicationkey": application_key, "capability": capability})
        await self.http.send("DELETE", f"{CONFIGURATION}/numbers", document, configuration=True)

    async def get_callbacks(self, application_key: str | None = None) -> Callbacks:
        """Where an application's callbacks go.

        Raises:
            VoiceError: the platform refuses it.
        """
        path = self._callbacks(application_key)
        answer = await self.http.send("GET", path, configuration=True)
        return decoded(answer, CallbacksAnswer, f"GET {path}").url

    async def set_callbacks(
        self, primary: str, fallback: str | None = None, *, application_key: str | None = None
    ) -> None:
        """Say where an application's callbacks go; without `fallback` it is not published what becomes of the old one.

        Raises:
            VoiceError: the platform refuses it.
        """
        document = {"url": given({"primary": primary, "fallback": fallback})}
        await self.http.send("POST", self._callbacks(application_key), document, configuration=True)

    async def query_number(self, number: str) -> NumberInfo:
        """What is known of a number.

        Raises:
            VoiceError: the platform refuses it.
        """
        path = f"/v1/calling/query/number/{quote(''.join(number.split()), safe='+')}"
        answer = await self.http.send("GET", path, configuration=True)
        found = decoded(answer, NumberAnswer, f"GET {path}")
        if (info := found.number or found.number_item) is None:
            raise VoiceError(answer.status, None, "the answer says nothing of the number.", None, f"GET {path}")
        return info

    def _callbacks(self, application_key: str | None) -> str:
        return f"{CONFIGURATION}/callbacks/applications/{part(application_key or self.http.key)}"


class Voice:
    """The client. Asking for it and for its parts costs nothing; it is false when its variables are not set.

    Args:
        http: the way to the platform.
    """

    __slots__ = ("_http", "callouts", "calls", "conferences", "configuration")

    def __init__(self, http: VoiceHttp) -> None:
        self._http = http
        self.callouts = Callouts(http)
        self.calls = Calls(http)
        self.conferences = Conferences(http)
        self.configuration = Configuration(http)

    def with_basic_auth(self) -> Voice:
        """The same client, authorized by key and secret instead of by signatures; not every application allows it."""
        return Voice(self._http.with_basic_auth())

    def __bool__(self) -> bool:
        return self._http.is_unlocked

    def __repr__(self) -> str:
        return "context.voice"
