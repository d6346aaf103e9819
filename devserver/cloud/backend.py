"""What the local Voice platform needs from whoever runs calls: a Protocol, and the data that goes in and out.

The platform checks requests and speaks the platform's JSON; a backend knows calls. Neither imports the other: the
session gives `devserver/cloud` the simulator in this shape. Here, too, is the backend of a session without a simulator,
which says so.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from devserver.cloud.errors import Code

Leg = Literal["caller", "callee", "both"]
Command = Literal["mute", "unmute", "onhold", "resume"]


class Identity(msgspec.Struct, frozen=True):
    """An end of a call: a phone number with its plus, a user of an app, or a SIP address (voice-v1.md 2.6)."""

    type: Literal["number", "username", "sip"]
    endpoint: str


class Money(msgspec.Struct, frozen=True, rename="camel"):
    """An amount in a currency."""

    currency_id: str
    amount: float


class Address(msgspec.Struct, frozen=True):
    """A callback of a custom callout goes to an address of its own."""

    url: str


class Markup(msgspec.Struct, frozen=True):
    """A callback of a custom callout is not sent: its answer came with the callout.

    It was checked by the rules, and every name in it is spelled as in the tables (`devserver.svaml.canonical`).
    """

    svaml: dict[str, Any]


class DtmfOptions(msgspec.Struct, frozen=True):
    """What the keys of a conference's participant do (voice-v1.md 2.2)."""

    mode: Literal["ignore", "forward", "detect"] = "ignore"
    max_digits: int = 1
    timeout_mills: int = 3000


class Callout(msgspec.Struct, frozen=True, kw_only=True):
    """A call to be started, complete and checked (voice-v1.md 3.2, 5.3).

    Attributes:
        method: `tts`, `conference` or `custom`.
        destination: None only for a custom callout, which then asks with an ICE.
        cli: the number to show, as given; `private` hides it.
        max_duration: seconds.
        ice: of a custom callout, as are `ace`, `pie` and `dice`; None sends the callback to the application's URL.
        headers: `X-CB-` headers of the request, to be sent with every callback of the call.
    """

    method: Literal["tts", "conference", "custom"]
    destination: Identity | None = None
    cli: str | None = None
    dtmf: str | None = None
    domain: Literal["pstn", "mxp"] | None = None
    custom: str | None = None
    locale: str | None = None
    max_duration: int | None = None
    text: str | None = None
    prompts: str | None = None
    conference_id: str | None = None
    conference_dtmf: DtmfOptions | None = None
    greeting: str | None = None
    music: str | None = None
    enable_ace: bool = False
    enable_dice: bool = False
    enable_pie: bool = False
    ice: Address | Markup | None = None
    ace: Address | Markup | None = None
    pie: Address | Markup | None = None
    dice: Address | Markup | None = None
    headers: tuple[tuple[str, str], ...] = ()


class CallInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a call that runs or has ended (voice-v1.md 5.4).

    Attributes:
        caller: None for a callout: the SDKs' fixture of one has no `from`, and the Python SDK 1.1.4 fails on any.
        duration: seconds since it was answered.
        began: seconds since 1970.
    """

    call_id: str
    status: Literal["ONGOING", "FINAL"]
    began: float
    caller: Identity | None = None
    to: Identity | None = None
    domain: str = "pstn"
    duration: int = 0
    result: str | None = None
    reason: str | None = None
    custom: str | None = None
    user_rate: Money | None = None
    debit: Money | None = None


class Participant(msgspec.Struct, frozen=True):
    """Somebody in a conference; `duration` in seconds."""

    call_id: str
    cli: str
    duration: int = 0
    muted: bool = False
    on_hold: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """What was asked for cannot be done: a number of `errors.Code` and one sentence."""

    code: int
    message: str


class VoiceBackend(Protocol):
    """Whoever runs calls. All of it is about calls of this session; ids are opaque text."""

    async def start_callout(self, application: str, callout: Callout) -> str | Refusal:
        """Start a call; gives its id, before anybody has answered."""
        ...

    async def call(self, call_id: str) -> CallInfo | None:
        """A call that runs or has ended; None when there is no such call."""
        ...

    async def patch_call(self, call_id: str, svaml: dict[str, Any], leg: Leg | None) -> Refusal | None:
        """Make a running call do something; `leg` None is the call itself. `svaml` is as in `Markup`."""
        ...

    async def cancel(self, call_id: str) -> None:
        """Whoever asked for a callout is gone; it ends, unless somebody has answered."""
        ...

    async def participants(self, conference_id: str) -> tuple[Participant, ...] | None:
        """Who is in a conference, in the order of joining; None when there is no such conference."""
        ...

    async def command(self, conference_id: str, call_id: str, command: Command, music: str | None) -> Refusal | None:
        """Mute, unmute, hold or resume a participant; `music` is what somebody on hold hears."""
        ...

    async def kick(self, conference_id: str, call_id: str) -> Refusal | None:
        """Remove a participant, whose call ends."""
        ...

    async def end(self, conference_id: str) -> Refusal | None:
        """Remove everybody."""
        ...


class NoCalls:
    """The backend where nothing runs calls: there are none, and none can be started."""

    async def start_callout(self, application: str, callout: Callout) -> str | Refusal:  # noqa: ARG002 the Protocol's
        """See `VoiceBackend`."""
        return Refusal(Code.NOT_HERE, "Nothing runs calls here, so no callout can be started; `fn dev` does.")

    async def call(self, call_id: str) -> CallInfo | None:  # noqa: ARG002 the Protocol's
        """See `VoiceBackend`."""
        return None

    async def patch_call(self, call_id: str, svaml: dict[str, Any], leg: Leg | None) -> Refusal | None:  # noqa: ARG002
        """See `VoiceBackend`."""
        return Refusal(Code.NOT_FOUND, "Call not found")

    async def cancel(self, call_id: str) -> None:
        """See `VoiceBackend`."""

    async def participants(self, conference_id: str) -> tuple[Participant, ...] | None:  # noqa: ARG002 the Protocol's
        """See `VoiceBackend`."""
        return None

    async def command(
        self,
        conference_id: str,  # noqa: ARG002 the Protocol's
        call_id: str,  # noqa: ARG002
        command: Command,  # noqa: ARG002
        music: str | None,  # noqa: ARG002
    ) -> Refusal | None:
        """See `VoiceBackend`."""
        return Refusal(Code.NOT_FOUND, "Conference not found")

    async def kick(self, conference_id: str, call_id: str) -> Refusal | None:  # noqa: ARG002 the Protocol's
        """See `VoiceBackend`."""
        return Refusal(Code.NOT_FOUND, "Conference not found")

    async def end(self, conference_id: str) -> Refusal | None:  # noqa: ARG002 the Protocol's
        """See `VoiceBackend`."""
        return Refusal(Code.NOT_FOUND, "Conference not found")
