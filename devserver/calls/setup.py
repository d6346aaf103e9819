"""What is known of a call before it begins: who calls whom, and what a callout asked for (voice-v1.md 1.3, 5.3).

Data only. `caller` is the party that the function speaks to first: who rang in, or, for a callout, who is dialled
first. `callee` is whom a connect action dials. One call has at most these two legs.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Leg = Literal["caller", "callee"]
Side = Literal["caller", "callee", "both"]
Origin = Literal["PSTN", "SIP", "MXP", "SERVER"]
Kind = Literal["inbound", "tts", "conference", "custom"]
DtmfMode = Literal["ignore", "forward", "detect"]

Pairs = tuple[tuple[str, str], ...]


class Identity(msgspec.Struct, frozen=True):
    """An address of the phone network: `type` is number, did, username, sip, conference or Websocket (2.6)."""

    type: str
    endpoint: str


class ConferenceDtmf(msgspec.Struct, frozen=True):
    """What the keys of a participant do (voice-v1.md 2.2, connectConf).

    Attributes:
        mode: `ignore`: nothing; `forward`: they go to the others; `detect`: they become a PIE.
        digits: so many make a PIE at once.
        timeout: seconds after the last key that end an input.
    """

    mode: DtmfMode = "ignore"
    digits: int = 1
    timeout: float = 3.0


class Callout(msgspec.Struct, frozen=True):
    """The body of `POST /calling/v1/callouts` (voice-v1.md 5.3); what a method does not have stays at its default.

    Attributes:
        text: what a tts callout reads; `prompts` is the same in prompt syntax and wins.
        greeting: said before the conference.
        conference: id of the conference.
        dtmf: keys sent after the answer.
        max_duration: seconds; 0 is the platform's own bound.
        ice, ace, pie, dice: of a custom callout: an address, or SVAML as JSON text; empty is the application's address.
    """

    text: str = ""
    prompts: str = ""
    locale: str = ""
    greeting: str = ""
    conference: str = ""
    conference_dtmf: ConferenceDtmf = ConferenceDtmf()
    moh: str = ""
    dtmf: str = ""
    max_duration: int = 0
    enable_ace: bool = False
    enable_dice: bool = False
    enable_pie: bool = False
    ice: str = ""
    ace: str = ""
    pie: str = ""
    dice: str = ""


class CallSetup(msgspec.Struct, frozen=True):
    """One call before it begins.

    Attributes:
        callid: opaque id.
        application_key: of the Voice application whose callbacks are sent.
        kind: `inbound`, or the method of a callout.
        origin: PSTN, SIP or MXP for an inbound call; SERVER for a callout.
        cli: caller's number, or the number that a callout shows; `private` hides it; may be empty.
        to: whom the caller dialled, or the destination of a callout. None: a custom callout without destination.
        urls: the primary callback address and the fallback, in that order; empty when none is configured.
        epoch: seconds since 1970 at `at` 0 of the events.
        domain: where the call is to be terminated; empty: worked out from `to`.
        user: id of the app user that started the call.
        custom: passed on in every event, at most 1024 bytes.
        rdnis: redirecting number.
        call_headers: (key, value) set by an SDK caller.
        callback_headers: (name, value) of `X-CB-` headers that go with the callbacks (voice-v1.md 6).
        callout: what the callout asked for; None for an inbound call.
    """

    callid: str
    application_key: str
    to: Identity | None
    kind: Kind = "inbound"
    origin: Origin = "PSTN"
    cli: str = ""
    urls: tuple[str, ...] = ()
    epoch: float = 0.0
    domain: str = ""
    user: str = ""
    custom: str = ""
    rdnis: str = ""
    call_headers: Pairs = ()
    callback_headers: Pairs = ()
    callout: Callout | None = None
