"""The Sinch APIs as a function reaches them: `context.voice`, `context.sms`, `context.conversation`, `context.numbers`.

Voice is a client of our own, all others are the official SDK behind an async face. Asking for a client costs nothing
and never fails; what is wrong with it comes up where it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from devserver.runtime.clients.face import NotYet, Operation, Pages
from devserver.runtime.clients.sdk import PRODUCTS, Sdk
from devserver.runtime.clients.unlocking import MissingVariables
from devserver.runtime.clients.wire import OutboundAnswer, OutboundCall, OutboundFailed, OutboundRefused, Wire

if TYPE_CHECKING:
    from devserver.runtime.clients.voice import Voice

__all__ = [
    "PRODUCTS",
    "Clients",
    "MissingVariables",
    "Operation",
    "OutboundAnswer",
    "OutboundCall",
    "OutboundFailed",
    "OutboundRefused",
    "Pages",
    "Wire",
]


@dataclass(frozen=True)
class Clients:
    """The clients of one generation; they share one SDK client and its token.

    Attributes:
        variables: of the function; which of them unlock what is in `unlocking`.
        origins: URL by product (`PRODUCTS`) for those that shall not be reached at Sinch. An empty one of `voice`
            means that there is nobody to be reached.
        wire: sees every call before it goes out, and may answer it; None when nobody is to.

    Raises:
        ConfigError: an origin is for no product that there is.
    """

    variables: Mapping[str, str] = field(repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)
    wire: Wire | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _ = self._sdk  # refuses wrong origins now, and imports nothing

    @cached_property
    def _sdk(self) -> Sdk:
        return Sdk(self.variables, self.origins, self.wire)

    @property
    def conversation(self) -> Operation:
        """`await context.conversation.messages.send_text_message(...)`."""
        return Operation(self._sdk, ("conversation",))

    @property
    def sms(self) -> Operation:
        """`await context.sms.batches.send_sms(...)`."""
        return Operation(self._sdk, ("sms",))

    @property
    def numbers(self) -> Operation:
        """`async for number in await context.numbers.list(...)`."""
        return Operation(self._sdk, ("numbers",))

    @cached_property
    def voice(self) -> Voice:
        """`await context.voice.callouts.tts(...)`."""
        from devserver.runtime.clients.voice import Voice
        from devserver.runtime.clients.voice_http import VoiceHttp

        return Voice(VoiceHttp(self.variables, self.origins.get("voice"), self.wire))

    @property
    def verification(self) -> NotYet:
        """Comes with a later version."""
        return NotYet("verification")
