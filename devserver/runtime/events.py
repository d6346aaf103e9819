"""The Voice callbacks as a handler sees them: `IceEvent`, `AceEvent`, `PieEvent`, `DiceEvent`, `NotifyEvent`.

An event is a read-only view of the JSON object as received. Nothing is converted until an attribute is read, so that
parsing costs next to nothing and a payload that is partial, wrongly typed or newer than this file still arrives:
an attribute whose value is missing or unusable is None, a nested object that is missing is an empty one whose
attributes are None, and `raw` always has what really came.

Keys are read in any spelling of case and underscores, because sources disagree (`callid` on the wire, `callId` in
guides; voice-v1.md 1.1): `event.callid`, `event.call_id`, `event["callId"]` are the same field.

The events share most fields with each other and all behaviour with their nested objects, which is why this one module
uses inheritance. It knows nothing of HTTP, signatures or handlers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

T = TypeVar("T")
_MISSING: Any = object()
_TEXT_LIMIT = 60
_WHOLE_LIMIT = 2**53  # what every JSON reader takes without loss


def _fold(key: object) -> str:
    return str(key).replace("_", "").lower()


# --- best-effort readers: the value, or None when it cannot be what the field is ------------------------------------


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return str(value)
    except ValueError:  # an integer with more digits than Python is willing to print
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _whole(value: Any) -> int | None:
    number = value if type(value) is int else _number(value)
    if number is None or not abs(number) < _WHOLE_LIMIT or number != int(number):
        return None
    return int(number)


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _values(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()


class FoldedDict(dict[str, Any]):
    """A JSON object whose keys are read in any case; what `event["menuResult"]` gives. A copy, and still a dict."""

    def __getitem__(self, key: str) -> Any:
        if dict.__contains__(self, key):
            return _folded(super().__getitem__(key))
        wanted = _fold(key)
        for known, value in self.items():
            if _fold(known) == wanted:
                return _folded(value)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(_fold(known) == _fold(key) for known in self)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key in any case, or the default."""
        try:
            return self[key]
        except KeyError:
            return default


def _folded(value: Any) -> Any:
    return FoldedDict(value) if type(value) is dict else value


# --- the machinery --------------------------------------------------------------------------------------------------


class Field(Generic[T]):
    """An attribute of a payload that is read from `wire`, its key in the JSON, when it is asked for."""

    __slots__ = ("read", "wire")

    def __init__(self, wire: str, read: Callable[[Any], T]) -> None:
        self.wire = wire
        self.read = read

    @overload
    def __get__(self, instance: None, owner: type) -> Field[T]: ...
    @overload
    def __get__(self, instance: Payload, owner: type) -> T: ...
    def __get__(self, instance: Payload | None, owner: type) -> T | Field[T]:
        return self if instance is None else self.read(instance.find(self.wire, None))


@cache
def _attributes(kind: type) -> dict[str, str]:
    """Names of the typed attributes of a payload class by their folded spelling."""
    found = [name for parent in reversed(kind.__mro__) for name, value in vars(parent).items() if type(value) is Field]
    return {_fold(name): name for name in found}


class Payload(Mapping[str, Any]):
    """A JSON object of a callback: typed attributes, and a mapping of what came.

    Attributes:
        raw: the object as received.
    """

    __slots__ = ("_index", "raw")

    raw: Mapping[str, Any]
    _index: dict[str, str] | None

    def __init__(self, raw: Mapping[str, Any]) -> None:
        object.__setattr__(self, "raw", raw)
        object.__setattr__(self, "_index", None)

    def find(self, key: str, default: Any = None) -> Any:
        """The value of a key exactly as received; the exact spelling wins over other cases of it."""
        value = self.raw.get(key, _MISSING)
        if value is not _MISSING:
            return value
        index = self._index
        if index is None:
            # Reversed: of two spellings of one key the first wins.
            index = {_fold(known): known for known in reversed(list(self.raw))}
            object.__setattr__(self, "_index", index)
        known = index.get(_fold(key))
        return default if known is None else self.raw[known]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key in any case; a nested object is a dict that is read in any case too."""
        return _folded(self.find(key, default))

    def __getitem__(self, key: str) -> Any:
        value = self.find(key, _MISSING)
        if value is _MISSING:
            raise KeyError(key)
        return _folded(value)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.find(key, _MISSING) is not _MISSING

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __bool__(self) -> bool:
        # An event is something even when it has no field; `if event.menu_result` asks whether anything came.
        return bool(self.raw)

    def __reduce__(self) -> tuple[type, tuple[Mapping[str, Any]]]:
        return type(self), (self.raw,)

    if not TYPE_CHECKING:  # a type checker shall still find a misspelt attribute

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(f"{type(self).__name__} is read-only; it is what the platform has sent.")

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__") or name in {"raw", "_index"}:
                raise AttributeError(name)
            typed = _attributes(type(self)).get(_fold(name))
            if typed is not None:
                return getattr(self, typed)
            value = self.find(name, _MISSING)
            if value is _MISSING:
                came = ", ".join(self.raw) or "nothing"
                raise AttributeError(f"{type(self).__name__} has no {name!r}. This one came with: {came}.")
            return _folded(value)

    def _shown(self) -> tuple[str, ...]:
        return tuple(_attributes(type(self)).values())

    def __repr__(self) -> str:
        pairs = ((name, getattr(self, name)) for name in self._shown())
        inside = ", ".join(f"{name}={_short(value)}" for name, value in pairs if not _is_absent(value))
        return f"{type(self).__name__}({inside})"


def _is_absent(value: Any) -> bool:
    return value is None or value == () or (isinstance(value, Payload) and not value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if isinstance(value, Payload) or len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}..."


P = TypeVar("P", bound=Payload)


def _one(kind: Callable[[Mapping[str, Any]], P]) -> Callable[[Any], P]:
    return lambda value: kind(value if isinstance(value, dict) else {})


def _many(kind: Callable[[Mapping[str, Any]], P]) -> Callable[[Any], tuple[P, ...]]:
    return lambda value: tuple(kind(item) for item in _values(value) if isinstance(item, dict))


# --- nested objects (voice-v1.md 1.3 - 1.6) -------------------------------------------------------------------------


class Identity(Payload):
    """Who is called (voice-v1.md 1.3).

    Attributes:
        type: `did`, `number`, `username`, `sip`, `conference`, `email`; case varies on the wire.
        endpoint: the number, user name, address or conference id.
        verified: whether the platform vouches for it.
    """

    __slots__ = ()
    type = Field("type", _text)
    endpoint = Field("endpoint", _text)
    verified = Field("verified", _flag)


class Money(Payload):
    """An amount (voice-v1.md 1.3).

    Attributes:
        currency_id: ISO 4217, such as `USD`.
        amount: in units of the currency.
        formatted: as text, when the platform sends it.
    """

    __slots__ = ()
    currency_id = Field("currencyId", _text)
    amount = Field("amount", _number)
    formatted = Field("formatted", _text)


class KeyValue(Payload):
    """A cookie or a call header: `key` and `value` (voice-v1.md 1.2, 1.3)."""

    __slots__ = ()
    key = Field("key", _text)
    value = Field("value", _text)


Header = KeyValue


class Amd(Payload):
    """What answering machine detection found (voice-v1.md 1.4).

    Attributes:
        status: `human`, `machine`, `notsure`, `hangup`, `inprogress`.
        reason: `longgreeting`, `initialsilence`, `beep`, `greeting`, `n/a`.
        duration: seconds; sources disagree on the unit.
    """

    __slots__ = ()
    status = Field("status", _text)
    reason = Field("reason", _text)
    duration = Field("duration", _whole)


class MenuResult(Payload):
    """How a menu ended (voice-v1.md 1.5).

    Attributes:
        menu_id: the menu, or the conference whose participant pressed a key.
        type: `return`, `sequence`, `timeout`, `hangup`, `invalidinput`, `error`; compare without case.
        value: the x of `return(x)`, or the digits.
        input_method: `dtmf` or `voice`.
        add_to_context: fed by the `add` list of a menu option.
    """

    __slots__ = ()
    menu_id = Field("menuId", _text)
    type = Field("type", _text)
    value = Field("value", _text)
    input_method = Field("inputMethod", _text)
    add_to_context = Field("addToContext", _values)


# --- events ---------------------------------------------------------------------------------------------------------


class Event(Payload):
    """What callbacks share (voice-v1.md 1.2).

    Attributes:
        event: `ice`, `ace`, `pie`, `dice` or `notify`; None in a payload that is told apart by its path only.
        callid: the call, opaque; also `call_id`.
        conference_id: for conference-scoped events.
        version: 1.
        timestamp: when it was sent, UTC, ISO 8601.
        custom: what the callout or SDK call passed, opaque.
        application_key: the Voice App.
        user: id of the user who started the call, for calls from an app.
        cookies: what `set_cookie` stored earlier in the call.
        call_resource_url: where this call is read and changed over REST.
    """

    __slots__ = ()
    event = Field("event", _text)
    callid = Field("callid", _text)
    call_id = callid
    conference_id = Field("conferenceId", _text)
    version = Field("version", _whole)
    timestamp = Field("timestamp", _text)
    custom = Field("custom", _text)
    application_key = Field("applicationKey", _text)
    user = Field("user", _text)
    cookies = Field("cookies", _many(KeyValue))
    call_resource_url = Field("callResourceUrl", _text)

    def __bool__(self) -> bool:
        return True

    def _shown(self) -> tuple[str, ...]:
        own = (name for name, value in vars(type(self)).items() if type(value) is Field)
        return ("callid", *own)


class IceEvent(Event):
    """Incoming Call Event: a call came in; the answer decides what happens to it (voice-v1.md 1.3).

    Attributes:
        cli: the caller as sent: a number without `+`, `private`, a name; see `caller`.
        to: who is called; see `called`.
        domain: where the call is to end: `pstn`, `mxp`, `conference`.
        origination_type: where it came from: `PSTN`, `MXP`, `SERVER`, `SIP`.
        user_rate: price per minute to the original destination.
        duration: seconds; not meaningful.
        rdnis: redirecting number, `""` when there is none.
        call_headers: headers set by an app that calls.
    """

    __slots__ = ()
    cli = Field("cli", _text)
    to = Field("to", _one(Identity))
    domain = Field("domain", _text)
    origination_type = Field("originationType", _text)
    user_rate = Field("userRate", _one(Money))
    duration = Field("duration", _whole)
    rdnis = Field("rdnis", _text)
    call_headers = Field("callHeaders", _many(KeyValue))

    @property
    def caller(self) -> str | None:
        """`cli` ready to be called back: digits get the `+` that the wire leaves out; None when hidden or absent."""
        cli = (self.cli or "").strip()
        return None if cli.lower() in {"", "private"} else _dialable(cli)

    @property
    def called(self) -> str | None:
        """The endpoint that was called; a number gets its `+`, other endpoints are as sent."""
        to = self.to
        endpoint = (to.endpoint or "").strip()
        is_number = (to.type or "number").lower() in {"did", "number"}
        return (_dialable(endpoint) if is_number else endpoint) or None


class AceEvent(Event):
    """Answered Call Event: the callee picked up (voice-v1.md 1.4).

    Attributes:
        amd: what answering machine detection found; empty when it was not asked for.
    """

    __slots__ = ()
    amd = Field("amd", _one(Amd))


class PieEvent(Event):
    """Prompt Input Event: a menu is over (voice-v1.md 1.5).

    Attributes:
        menu_result: how it ended.
    """

    __slots__ = ()
    menu_result = Field("menuResult", _one(MenuResult))


class DiceEvent(Event):
    """Disconnected Call Event: the call is over; the answer is ignored (voice-v1.md 1.6).

    Attributes:
        reason: `CALLERHANGUP`, `CALLEEHANGUP`, `MANAGERHANGUP`, `TIMEOUT`, `CALLBACKERROR`, ...; an open list.
        result: `ANSWERED`, `BUSY`, `NOANSWER`, `FAILED`, `N/A`.
        from_: who called, without `+`; `private` when hidden.
        to: who was called.
        duration: seconds; absent unless answered.
        debit: what was charged.
        user_rate: price per minute.
        call_headers: headers set by an app, or by `connect_mxp`.
    """

    __slots__ = ()
    reason = Field("reason", _text)
    result = Field("result", _text)
    from_ = Field("from", _text)
    to = Field("to", _one(Identity))
    duration = Field("duration", _whole)
    debit = Field("debit", _one(Money))
    user_rate = Field("userRate", _one(Money))
    call_headers = Field("callHeaders", _many(KeyValue))


class NotifyEvent(Event):
    """Something happened beside the call flow; the answer is ignored (voice-v1.md 1.7).

    Attributes:
        type: `recording_finished`, `recording_available`, `transcription_available`, `amd`, `amd_beep`,
            `callingerror`, ...; an open list.
        destination: where a recording or transcript was stored.
        amd: the late verdict of answering machine detection.
        error_code: 40001 illegal SVAML, 50000 internal error.
        error_msg: the same in words.
    """

    __slots__ = ()
    type = Field("type", _text)
    destination = Field("destination", _text)
    amd = Field("amd", _one(Amd))
    error_code = Field("errorCode", _whole)
    error_msg = Field("errorMsg", _text)


VoiceEvent = IceEvent | AceEvent | PieEvent | DiceEvent | NotifyEvent

_KINDS: dict[str, type[VoiceEvent]] = {
    "ice": IceEvent,
    "ace": AceEvent,
    "pie": PieEvent,
    "dice": DiceEvent,
    "notify": NotifyEvent,
}


def parse_event(name: str, payload: Mapping[str, Any]) -> VoiceEvent:
    """The event that `name` says, as a view of `payload`; no payload is refused.

    Args:
        name: `ice`, `ace`, `pie`, `dice` or `notify`.
        payload: the JSON object as received.

    Raises:
        KeyError: there is no event of that name.
    """
    return _KINDS[name](payload)


def _dialable(number: str) -> str:
    return f"+{number}" if number.isdecimal() else number
