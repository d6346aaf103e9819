"""Calls: callouts, what is known about a call, SVAML for a running one, reports (voice-v1.md 5.2 to 5.5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from devserver.cloud.asking import Answer, Asked
from devserver.cloud.backend import CallInfo, Callout, Identity, Leg, Money
from devserver.cloud.documents import read
from devserver.cloud.errors import Code, Refused
from devserver.cloud.voice_callouts import read_callout
from devserver.cloud.voice_state import CallReport
from devserver.cloud.voice_terms import Voice, raise_if
from devserver.svaml import check
from devserver.svaml.canonical import canonical

_LEGS: tuple[Leg, ...] = ("caller", "callee", "both")
_ON_A_LEG = frozenset({"playFiles", "say"})
_DETAILS = 64  # characters of a report (voice-v1.md 6)
_FREE = Money("USD", 0.0)


async def start_callout(voice: Voice, asked: Asked) -> Answer:
    """`POST /callouts`."""
    callout = read_callout(read(asked.body), asked.headers)
    _require_somebody(voice, asked, callout)
    _require_leave(voice, callout)
    started = await voice.backend.start_callout(asked.application, callout)
    if not isinstance(started, str):
        raise Refused(started.code, started.message)
    if asked.is_gone():
        # Who hangs up before the answer never learns the id, so the platform cancels the call (voice-v1.md 3.2).
        await voice.backend.cancel(started)
    return Answer(document={"callId": started})


async def get_call(voice: Voice, asked: Asked) -> Answer:
    """`GET /calls/id/{callId}`."""
    return Answer(document=_shape(await _existing(voice, asked)))


async def update_call(voice: Voice, asked: Asked) -> Answer:
    """`PATCH /calls/id/{callId}`."""
    svaml = _markup(asked)
    await _existing(voice, asked)
    raise_if(await voice.backend.patch_call(asked.parameters["callId"], svaml, None))
    return Answer(204)


async def update_leg(voice: Voice, asked: Asked) -> Answer:
    """`PATCH /calls/id/{callId}/leg/{leg}`: prompts to one side."""
    leg = next((each for each in _LEGS if each == asked.parameters["leg"].lower()), None)
    if leg is None:
        raise Refused(
            Code.INVALID_REQUEST, f"There is no leg {asked.parameters['leg'][:40]!r}; it is {', '.join(_LEGS)}."
        )
    svaml = _markup(asked)
    for index, each in enumerate(svaml.get("instructions") or ()):
        if each.get("name") not in _ON_A_LEG:
            said = f"instructions[{index}]: one leg can be told playFiles and say only, not {each.get('name')}."
            raise Refused(Code.INVALID_REQUEST, f"Invalid request: {said}")
    await _existing(voice, asked)
    raise_if(await voice.backend.patch_call(asked.parameters["callId"], svaml, leg))
    return Answer()


async def report_call(voice: Voice, asked: Asked) -> Answer:
    """`POST /callreport/callId/{callId}`: what became of a call, as the older server SDK sends it."""
    document = read(asked.body)
    document.required("status")
    status = document.word("status", ("Success", "Failure")) or ""
    details = document.text("details", most=_DETAILS)
    call_id = asked.parameters["callId"]
    if await voice.backend.call(call_id) is None:
        raise _not_found()
    voice.state.report(CallReport(call_id, status, details, voice.now()))
    return Answer(201)


def _require_somebody(voice: Voice, asked: Asked, callout: Callout) -> None:
    """A custom callout that names nobody asks by an ICE, for which there must be an address (voice-v1.md 3.2)."""
    if callout.destination or callout.ice or voice.state.callback_urls(asked.application).primary:
        return
    raise Refused(
        Code.MISSING_PARAMETER,
        "Bad request: customCallout has neither destination nor ice, and the application has no callback URL to ask.",
    )


def _require_leave(voice: Voice, callout: Callout) -> None:
    settings = voice.settings()
    if not settings.balance:
        raise Refused(Code.NOT_ENOUGH_CREDIT, "Not enough credit: `dev.cloud.balance` of sinch.json is 0.")
    number = callout.destination.endpoint if callout.destination else ""
    blocked = next((each for each in settings.blocked if number.startswith(each)), None)
    if blocked is not None:
        raise Refused(
            Code.FORBIDDEN, f"Destination forbidden: `dev.cloud.blocked` of sinch.json has {blocked} for {number}."
        )


def _markup(asked: Asked) -> dict[str, Any]:
    """The SVAML of the body, legal for a running call, with every name as in the tables."""
    document: dict[str, Any] = read(asked.body, Code.INVALID_REQUEST).raw
    finding = next((each for each in check(document, "patch") if each.severity == "error"), None)
    if finding is not None:
        where = f"{finding.path}: " if finding.path else ""
        raise Refused(Code.INVALID_REQUEST, f"Invalid request: {where}{finding.text}")
    return canonical(document)


async def _existing(voice: Voice, asked: Asked) -> CallInfo:
    """The call of the path; calls that touch neither phone network nor SIP cannot be asked for (voice-v1.md 5.4)."""
    call = await voice.backend.call(asked.parameters["callId"])
    if call is None or call.domain == "mxp":
        raise _not_found()
    return call


def _not_found() -> Refused:
    return Refused(Code.NOT_FOUND, "Call not found")


def _shape(call: CallInfo) -> dict[str, Any]:
    """Times have no zone there and mean UTC; types of identities are capitalised (voice-v1.md 5.4)."""
    began = datetime.fromtimestamp(int(call.began), UTC).replace(tzinfo=None)
    shape = {
        "from": _identity(call.caller),
        "to": _identity(call.to),
        "domain": call.domain,
        "callId": call.call_id,
        "duration": call.duration,
        "status": call.status,
        "result": call.result,
        "reason": call.reason,
        "timestamp": began.isoformat(),
        "custom": call.custom,
        # Both are always there: the Python SDK 1.1.4 reads them without asking.
        "userRate": msgspec.to_builtins(call.user_rate or _FREE),
        "debit": msgspec.to_builtins(call.debit or _FREE),
    }
    return {key: value for key, value in shape.items() if value is not None}


def _identity(identity: Identity | None) -> dict[str, str] | None:
    return None if identity is None else {"type": identity.type.capitalize(), "endpoint": identity.endpoint}
