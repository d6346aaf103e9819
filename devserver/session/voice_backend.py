"""The calls of the session for the local Voice platform: its callouts start calls, its GET and PATCH act on them.

The platform has checked its requests; here its words become those of the calls, and back.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from devserver.calls import setup as of_calls
from devserver.calls.party import Party, ScriptedParty
from devserver.calls.switchboard import CallFacts
from devserver.cloud.backend import (
    Address,
    CallInfo,
    Callout,
    Command,
    DtmfOptions,
    Identity,
    Leg,
    Markup,
    Money,
    Participant,
    Refusal,
)
from devserver.session.phone import Phone

_TALKS = 60.0  # seconds that somebody who was called by REST talks, or stays in a conference
_IDENTITIES: dict[str, Literal["number", "username", "sip"]] = {
    "did": "number",
    "number": "number",
    "username": "username",
    "sip": "sip",
}
_MINUTE = 60


class CallsOfSession:
    """`devserver.cloud.backend.VoiceBackend` over a phone.

    Args:
        phone: of the session.
    """

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._switchboard = phone.switchboard

    async def start_callout(self, application: str, callout: Callout) -> str | Refusal:
        """See `VoiceBackend`."""
        urls = self._phone.wiring.urls(application)
        setup = self._phone.new_setup(
            lambda callid, _key, _urls, epoch: _setup(callout, callid, application, urls, epoch)
        )
        return self._phone.start(setup, called_by_rest()).callid

    async def call(self, call_id: str) -> CallInfo | None:
        """See `VoiceBackend`."""
        facts = self._switchboard.facts(call_id)
        return None if facts is None else self._info(facts)

    async def patch_call(self, call_id: str, svaml: dict[str, Any], leg: Leg | None) -> Refusal | None:
        """See `VoiceBackend`."""
        return _refusal(self._switchboard.patch(call_id, msgspec.json.encode(svaml), leg or ""))

    async def cancel(self, call_id: str) -> None:
        """See `VoiceBackend`."""
        call = self._switchboard.call(call_id)
        if call is not None:
            # What has been asked for begins in the next moment; only then can it be cancelled.
            call.timeline.after(0.0, call.cancel)

    async def participants(self, conference_id: str) -> tuple[Participant, ...] | None:
        """See `VoiceBackend`."""
        found = self._switchboard.conferences.participants(conference_id)
        if found is None:
            return None
        return tuple(Participant(each.callid, each.cli, each.duration, each.muted, each.onhold) for each in found)

    async def command(self, conference_id: str, call_id: str, command: Command, music: str | None) -> Refusal | None:
        """See `VoiceBackend`."""
        return _refusal(self._switchboard.conferences.manage(conference_id, call_id, command, music or ""))

    async def kick(self, conference_id: str, call_id: str) -> Refusal | None:
        """See `VoiceBackend`."""
        return _refusal(self._switchboard.conferences.kick(conference_id, call_id))

    async def end(self, conference_id: str) -> Refusal | None:
        """See `VoiceBackend`."""
        return _refusal(self._switchboard.conferences.close(conference_id))

    def _info(self, facts: CallFacts) -> CallInfo:
        setup, settings = facts.setup, self._phone.wiring.settings
        over, minutes = facts.over, -(-facts.duration // _MINUTE)
        return CallInfo(
            call_id=setup.callid,
            status="FINAL" if over else "ONGOING",
            began=facts.began,
            caller=Identity("number", setup.cli) if setup.cli else None,
            to=_identity(setup.to),
            domain=_domain(setup),
            duration=facts.duration,
            result=facts.result or None,
            reason=facts.reason or None,
            custom=setup.custom or None,
            user_rate=Money(settings.currency, settings.rate),
            debit=Money(settings.currency, round(settings.rate * minutes, 4)) if over else None,
        )


def called_by_rest() -> Party:
    """Who answers a callout: listens, talks for a minute where there is somebody to talk to, and hangs up."""
    return ScriptedParty(talks=_TALKS)


def _setup(callout: Callout, callid: str, application: str, urls: tuple[str, ...], epoch: float) -> of_calls.CallSetup:
    to = callout.destination
    return of_calls.CallSetup(
        callid=callid,
        application_key=application,
        to=None if to is None else of_calls.Identity(to.type, to.endpoint),
        kind=callout.method,
        origin="SERVER",
        cli=callout.cli or "",
        urls=urls,
        epoch=epoch,
        domain=callout.domain or "",
        custom=callout.custom or "",
        callback_headers=callout.headers,
        callout=of_calls.Callout(
            text=callout.text or "",
            prompts=callout.prompts or "",
            locale=callout.locale or "",
            greeting=callout.greeting or "",
            conference=callout.conference_id or "",
            conference_dtmf=_dtmf(callout.conference_dtmf),
            moh=callout.music or "",
            dtmf=callout.dtmf or "",
            max_duration=callout.max_duration or 0,
            enable_ace=callout.enable_ace,
            enable_dice=callout.enable_dice,
            enable_pie=callout.enable_pie,
            ice=_answerer(callout.ice),
            ace=_answerer(callout.ace),
            pie=_answerer(callout.pie),
            dice=_answerer(callout.dice),
        ),
    )


def _dtmf(options: DtmfOptions | None) -> of_calls.ConferenceDtmf:
    if options is None:
        return of_calls.ConferenceDtmf()
    return of_calls.ConferenceDtmf(options.mode, options.max_digits, options.timeout_mills / 1000)


def _answerer(given: Address | Markup | None) -> str:
    match given:
        case Address(url=url):
            return url
        case Markup(svaml=svaml):
            return msgspec.json.encode(svaml).decode()
        case None:
            return ""


def _identity(to: of_calls.Identity | None) -> Identity | None:
    kind = _IDENTITIES.get(to.type.lower()) if to is not None else None
    return None if to is None or kind is None else Identity(kind, to.endpoint)


def _domain(setup: of_calls.CallSetup) -> str:
    """Conferences that an app dials, and calls from app to app, have no part in the phone network (5.4)."""
    if setup.domain:
        return setup.domain
    kind = setup.to.type.lower() if setup.to is not None else ""
    return "mxp" if kind in {"username", "conference"} else "pstn"


def _refusal(refused: tuple[int, str] | None) -> Refusal | None:
    return None if refused is None else Refusal(*refused)
