"""What the Voice API answers, as types, and the errors of its client (voice-v1.md 5.2, 5.4, 6).

Fields that the platform adds are left out without a word, and those it leaves out are None: nothing but the id of a
callout is promised for every answer.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import force_setattr

from devserver.runtime.clients.wire import OutboundAnswer


class Identity(Struct, frozen=True):
    """Who is at an end of a call; `type` is `number`, `username`, `sip` or `did`, in any case (voice-v1.md 5.4)."""

    type: str = ""
    endpoint: str = ""


class Money(Struct, frozen=True, rename="camel"):
    """An amount of a currency such as `USD`."""

    currency_id: str = ""
    amount: float = 0.0


class Callout(Struct, frozen=True, rename="camel"):
    """A call that was started."""

    call_id: str


class CallInfo(Struct, frozen=True, rename="camel"):
    """What `calls.get` says of a call.

    Attributes:
        duration: seconds.
        status: `ONGOING` or `FINAL`.
        result: such as `ANSWERED`; None while the call goes on.
        reason: such as `CALLEEHANGUP`.
        timestamp: when it ended, in UTC; the platform writes no zone.
        user_rate: price of a minute.
        debit: what it cost.
    """

    call_id: str = ""
    from_: Identity | str | None = field(name="from", default=None)
    to: Identity | str | None = None
    domain: str | None = None
    duration: int | None = None
    status: str | None = None
    result: str | None = None
    reason: str | None = None
    timestamp: str | None = None
    custom: str | None = None
    user_rate: Money | None = None
    debit: Money | None = None


class Participant(Struct, frozen=True, rename="camel"):
    """Somebody in a conference; `id` is the id of their call, and so is `call_id`, as older answers name it.

    Attributes:
        duration: seconds since they joined.
    """

    cli: str = ""
    id: str = ""
    call_id: str = ""
    duration: int = 0
    muted: bool = False
    onhold: bool = False

    def __post_init__(self) -> None:
        name = self.id or self.call_id
        force_setattr(self, "id", name)
        force_setattr(self, "call_id", name)


class Conference(Struct, frozen=True):
    """Who is in a conference."""

    participants: tuple[Participant, ...] = ()


class AssignedNumber(Struct, frozen=True):
    """A number of the account; `application_key` is None when it belongs to no application."""

    number: str
    capability: str | None = None
    application_key: str | None = field(name="applicationkey", default=None)


class Callbacks(Struct, frozen=True):
    """Where an application's callbacks go."""

    primary: str | None = None
    fallback: str | None = None


class NumberInfo(Struct, frozen=True, rename="camel"):
    """What the platform knows of a number; `rate` is the price of a minute."""

    country_id: str | None = None
    number_type: str | None = None
    normalized_number: str | None = None
    restricted: bool | None = None
    rate: Money | None = None


class Numbers(Struct, frozen=True):
    """The answer that lists numbers."""

    numbers: tuple[AssignedNumber, ...] = ()


class CallbacksAnswer(Struct, frozen=True):
    """The answer with an application's callbacks."""

    url: Callbacks = Callbacks()


class NumberAnswer(Struct, frozen=True, rename="camel"):
    """The answer about a number, whose key older documentation names `numberItem`."""

    number: NumberInfo | None = None
    number_item: NumberInfo | None = None


class VoiceError(Exception):
    """The Voice API refused a request, or did not answer it.

    Attributes:
        status: of the HTTP answer; None when there was none.
        code: five digits, the status and two more (voice-v1.md 6); None when the answer has none.
        message: what the platform says.
        reference: for Sinch's support; None when the answer has none.
        request: method and path.
    """

    def __init__(
        self, status: int | None, code: int | None, message: str, reference: str | None = None, request: str = ""
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.reference = reference
        self.request = request
        super().__init__(status, code, message, reference, request)

    def __str__(self) -> str:
        numbers = " ".join(str(number) for number in (self.status, self.code) if number is not None)
        told = f"{numbers} {self.message}".strip()
        where = f" ({self.request})" if self.request else ""
        return f"The Voice API: {told}{where}" + (f", reference {self.reference}" if self.reference else "")


class VoiceUnreachable(VoiceError):
    """The Voice API could not be asked; whether the request arrived is not known."""


class VoiceTimeout(VoiceUnreachable, TimeoutError):
    """The Voice API took too long; whether the request arrived is not known."""


class _Refusal(Struct):
    """The body of an error; the schema calls the code a text, and it is a number (voice-v1.md 6)."""

    code: int | None = field(name="errorCode", default=None)
    message: str = ""
    reference: str | None = None


T = TypeVar("T")


def decoded(answer: OutboundAnswer, kind: type[T], request: str) -> T:
    """The body of a good answer.

    Raises:
        VoiceError: it is not what is documented.
    """
    try:
        return msgspec.json.decode(answer.body, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = f"the answer is not what the Voice API documents: {error}"
        raise VoiceError(answer.status, None, text, None, request) from error


def refusal(answer: OutboundAnswer, request: str) -> VoiceError:
    """An answer that is no success, as an error; a body that is no error of the platform's is quoted."""
    try:
        found = msgspec.json.decode(answer.body, type=_Refusal, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _Refusal()
    said = found.message or " ".join(answer.body.decode("utf-8", "replace").split())[:200] or "no explanation"
    return VoiceError(answer.status, found.code, said, found.reference, request)


def unanswered(kind: str, text: str, request: str) -> VoiceUnreachable:
    """A request without an answer; `kind` is the name of the exception's class, as recordings keep it."""
    timed_out = kind in {"VoiceTimeout", "TimeoutError", "CancelledError"}
    return (VoiceTimeout if timed_out else VoiceUnreachable)(None, None, text, None, request)
