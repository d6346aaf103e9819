"""The bodies of callbacks: the fields of voice-v1.md 1.2 to 1.7, spelled and ordered as on the wire.

Pure functions: whoever has a `CallSetup` can make one. On the wire the id is `callid`, and phone numbers stand without
their `+` except in `to` of an ICE (1.1, 1.3, 1.6).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from devserver.calls.events import MachineDetected
from devserver.calls.outcomes import Outcome
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Identity, Pairs

Payload = dict[str, Any]

_DOMAINS = {"username": "mxp", "conference": "mxp"}
_PHONES = frozenset({"number", "did"})
_MINUTE = 60


def ice_payload(setup: CallSetup, settings: Settings, at: float, cookies: Mapping[str, str]) -> Payload:
    """Somebody calls (1.3)."""
    payload: Payload = {
        "event": "ice",
        "callid": setup.callid,
        "callResourceUrl": resource_url(setup, settings),
        "timestamp": timestamp(setup, at),
        "version": 1,
    }
    _add(payload, custom=setup.custom, user=setup.user)
    payload["userRate"] = money(settings, 0.0 if setup.origin == "PSTN" else settings.rate)
    _add(payload, cli=_without_plus(setup.cli))
    if setup.to is not None:
        payload["to"] = {"type": setup.to.type, "endpoint": setup.to.endpoint}
        payload["domain"] = setup.domain or _DOMAINS.get(setup.to.type, "pstn")
    elif setup.domain:
        payload["domain"] = setup.domain
    payload["applicationKey"] = setup.application_key
    payload["originationType"] = setup.origin
    payload["rdnis"] = setup.rdnis
    _add(payload, callHeaders=_pairs(setup.call_headers))
    return _with_cookies(payload, cookies)


def ace_payload(
    setup: CallSetup, settings: Settings, at: float, cookies: Mapping[str, str], amd: Payload | None
) -> Payload:
    """Somebody answered (1.4)."""
    payload: Payload = {"event": "ace", "callid": setup.callid}
    if settings.ace_resource_url:
        payload["callResourceUrl"] = resource_url(setup, settings)
    payload |= {"timestamp": timestamp(setup, at), "version": 1}
    _add(payload, custom=setup.custom, user=setup.user)
    payload["applicationKey"] = setup.application_key
    if amd is not None:
        payload["amd"] = amd
    return _with_cookies(payload, cookies)


def pie_payload(
    setup: CallSetup, at: float, cookies: Mapping[str, str], menu_result: Payload, conference: str = ""
) -> Payload:
    """A menu has a result, or a participant of a conference pressed keys (1.5)."""
    payload: Payload = {"event": "pie", "callid": setup.callid}
    _add(payload, conferenceId=conference)
    payload |= {"timestamp": timestamp(setup, at), "menuResult": menu_result, "version": 1}
    _add(payload, custom=setup.custom)
    payload["applicationKey"] = setup.application_key
    return _with_cookies(payload, cookies)


def menu_result(kind: str, value: str | None, menu: str, method: str, added: Pairs = ()) -> Payload:
    """The result of a menu in a PIE (1.5)."""
    result: Payload = {"addToContext": _pairs(added)} if added else {}
    result["type"] = kind
    if value is not None:
        result["value"] = value
    return result | {"menuId": menu, "inputMethod": method}


def dice_payload(
    setup: CallSetup,
    settings: Settings,
    at: float,
    cookies: Mapping[str, str],
    *,
    outcome: Outcome,
    duration: int,
    to: Identity | None,
    headers: Pairs,
) -> Payload:
    """The call is over (1.6); `duration` in seconds."""
    payload: Payload = {
        "event": "dice",
        "callid": setup.callid,
        "timestamp": timestamp(setup, at),
        "reason": outcome.reason,
        "result": outcome.result,
        "version": 1,
    }
    _add(payload, custom=setup.custom, user=setup.user)
    payload["debit"] = money(settings, settings.rate * math.ceil(duration / _MINUTE))
    payload["userRate"] = money(settings, settings.rate)
    if to is not None:
        payload["to"] = _ended_at(to)
    payload["applicationKey"] = setup.application_key
    payload["duration"] = duration
    _add(payload, **{"from": _without_plus(setup.cli)}, callHeaders=_pairs(headers))
    return _with_cookies(payload, cookies)


def notify_payload(
    kind: str,
    *,
    callid: str = "",
    conference: str = "",
    custom: str = "",
    destination: str = "",
    amd: Payload | None = None,
) -> Payload:
    """A recording, a transcript, or a verdict on who answered (1.7)."""
    payload: Payload = {"event": "notify"}
    _add(payload, callid=callid, conferenceId=conference, custom=custom)
    payload |= {"version": 1, "type": kind}
    _add(payload, destination=destination)
    if amd is not None:
        payload["amd"] = amd
    return payload


def calling_error_payload(setup: CallSetup, code: int, text: str) -> Payload:
    """The platform could not use an answer: 40001 for illegal SVAML, 50000 for anything else (1.7)."""
    payload = notify_payload("callingerror", callid=setup.callid, custom=setup.custom)
    payload |= {"errorCode": code, "errorMsg": text}
    _add(payload, user=setup.user)
    return payload


def amd_of(verdict: MachineDetected) -> Payload:
    """A verdict as it stands in an ACE or a notify (1.4)."""
    return {"status": verdict.status, "reason": verdict.reason, "duration": verdict.duration}


def money(settings: Settings, amount: float) -> Payload:
    """An amount of the settings' currency."""
    return {"currencyId": settings.currency, "amount": round(amount, 4)}


def resource_url(setup: CallSetup, settings: Settings) -> str:
    """Where the call is managed (1.2)."""
    return f"{settings.resource_url}/calling/v1/calls/id/{setup.callid}"


def timestamp(setup: CallSetup, at: float) -> str:
    """A time of the driver's clock as the platform writes it: UTC, whole seconds (1.2)."""
    return _written(int(setup.epoch + at))


@lru_cache(maxsize=256)
def _written(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _add(payload: Payload, **fields: object) -> None:
    """What is empty is left out."""
    for key, value in fields.items():
        if value:
            payload[key] = value


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs]


def _with_cookies(payload: Payload, cookies: Mapping[str, str]) -> Payload:
    if cookies:
        payload["cookies"] = _pairs(cookies.items())
    return payload


def _without_plus(number: str) -> str:
    return number.removeprefix("+")


def _ended_at(to: Identity) -> Payload:
    if to.type.lower() in _PHONES:
        return {"type": "number", "endpoint": _without_plus(to.endpoint)}
    return {"type": to.type, "endpoint": to.endpoint}
