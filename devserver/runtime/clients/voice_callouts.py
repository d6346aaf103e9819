"""`context.voice.callouts`: calls that the platform makes (voice-v1.md 3.2, 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from devserver.runtime.clients.voice_http import VoiceHttp
from devserver.runtime.clients.voice_parts import CALLING, Svaml, built, given
from devserver.runtime.clients.voice_results import Callout, decoded

SvamlOrUrl = Svaml | str
"""What answers a callback of a custom callout: markup, the URL it is asked for at, or markup as JSON text."""

Destination = str | Mapping[str, str]
"""Whom to call: `{"type", "endpoint"}`, or a number, `user@host` of a SIP address, or the name of a user as text."""

_COPIED = "x-cb-"


@dataclass(frozen=True)
class Callouts:
    """Calls that the platform makes."""

    http: VoiceHttp

    async def tts(
        self,
        destination: Destination,
        *,
        text: str | None = None,
        prompts: str | None = None,
        cli: str | None = None,
        locale: str | None = None,
        dtmf: str | None = None,
        domain: str | None = None,
        custom: str | None = None,
        enable_ace: bool | None = None,
        enable_dice: bool | None = None,
        enable_pie: bool | None = None,
        callback_headers: Mapping[str, str] | None = None,
    ) -> Callout:
        """Call somebody, read a text or play prompts, and hang up.

        Args:
            destination: whom.
            text: is read.
            prompts: instead of a text, such as `#href[https://...];#tts[Hello]`.
            cli: the number that is shown, with a plus.
            locale: language or voice of the text.
            dtmf: keys to send when somebody answers.
            domain: `pstn` or `mxp`.
            custom: comes back in every callback; 1024 bytes at most.
            enable_ace: whether an ACE comes when somebody answers.
            enable_dice: whether a DICE comes at the end.
            enable_pie: whether a PIE comes for a menu.
            callback_headers: come back as headers of the callbacks; names begin with `X-CB-`, five at most.

        Raises:
            VoiceError: the platform refuses it.
        """
        fields = {
            "destination": _destination(destination),
            "text": text,
            "prompts": prompts,
            "cli": cli,
            "locale": locale,
            "dtmf": dtmf,
            "domain": domain,
            "custom": custom,
            "enableAce": enable_ace,
            "enableDice": enable_dice,
            "enablePie": enable_pie,
        }
        return await self._start("ttsCallout", fields, callback_headers)

    async def conference(
        self,
        destination: Destination,
        conference_id: str,
        *,
        greeting: str | None = None,
        cli: str | None = None,
        locale: str | None = None,
        conference_dtmf_options: Mapping[str, Any] | None = None,
        moh_class: str | None = None,
        max_duration: int | None = None,
        dtmf: str | None = None,
        domain: str | None = None,
        custom: str | None = None,
        enable_ace: bool | None = None,
        enable_dice: bool | None = None,
        enable_pie: bool | None = None,
        callback_headers: Mapping[str, str] | None = None,
    ) -> Callout:
        """Call somebody into a conference; what is not listed is as in `tts`.

        Args:
            destination: whom.
            conference_id: of the conference, which is made if need be.
            greeting: is read to them before they join.
            cli: as in `tts`.
            locale: as in `tts`.
            conference_dtmf_options: `{"mode": "detect", "max_digits": 4, "timeout_mills": 3000}`.
            moh_class: what is heard while alone: `ring`, `music1`, `music2` or `music3`.
            max_duration: seconds.
            dtmf: as in `tts`.
            domain: as in `tts`.
            custom: as in `tts`.
            enable_ace: as in `tts`.
            enable_dice: as in `tts`.
            enable_pie: as in `tts`.
            callback_headers: as in `tts`.

        Raises:
            VoiceError: the platform refuses it.
        """
        options = conference_dtmf_options
        fields = {
            "destination": _destination(destination),
            "conferenceId": conference_id,
            "greeting": greeting,
            "cli": cli,
            "locale": locale,
            "conferenceDtmfOptions": None if options is None else given({_camel(k): v for k, v in options.items()}),
            "mohClass": moh_class,
            "maxDuration": max_duration,
            "dtmf": dtmf,
            "domain": domain,
            "custom": custom,
            "enableAce": enable_ace,
            "enableDice": enable_dice,
            "enablePie": enable_pie,
        }
        return await self._start("conferenceCallout", fields, callback_headers)

    async def custom(
        self,
        destination: Destination | None = None,
        *,
        ice: SvamlOrUrl | None = None,
        ace: SvamlOrUrl | None = None,
        pie: SvamlOrUrl | None = None,
        dice: SvamlOrUrl | None = None,
        cli: str | None = None,
        dtmf: str | None = None,
        max_duration: int | None = None,
        custom: str | None = None,
        callback_headers: Mapping[str, str] | None = None,
    ) -> Callout:
        """Start a call that markup directs; without `destination` the ICE's answer says who is called.

        Args:
            destination: whom; leave it out when `ice` connects.
            ice: the answer to that callback, or where it is asked for; of those not given the application is asked.
            ace: as `ice`.
            pie: as `ice`.
            dice: as `ice`.
            cli: the number that is shown, with a plus.
            dtmf: keys to send when somebody answers.
            max_duration: seconds.
            custom: comes back in every callback; 1024 bytes at most.
            callback_headers: come back as headers of the callbacks; names begin with `X-CB-`, five at most.

        Raises:
            VoiceError: the platform refuses it.
        """
        fields = {
            "destination": None if destination is None else _destination(destination),
            "cli": cli,
            "dtmf": dtmf,
            "custom": custom,
            "maxDuration": max_duration,
            "ice": _inline(ice),
            "ace": _inline(ace),
            "pie": _inline(pie),
            "dice": _inline(dice),
        }
        return await self._start("customCallout", fields, callback_headers)

    async def _start(self, method: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None) -> Callout:
        wrong = [name for name in headers or {} if not name.lower().startswith(_COPIED)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no header that callbacks get: their names begin with X-CB-.")
        path = f"{CALLING}/callouts"
        document = {"method": method, method: given(fields)}
        answer = await self.http.send("POST", path, document, headers=tuple((headers or {}).items()))
        return decoded(answer, Callout, f"POST {path}")


def _destination(destination: Destination) -> Mapping[str, str]:
    if not isinstance(destination, str):
        return destination
    if "@" in destination:
        return {"type": "sip", "endpoint": destination.removeprefix("sip:")}
    kind = "number" if destination[:1] == "+" or destination.isdecimal() else "username"
    return {"type": kind, "endpoint": destination}


def _inline(svaml: SvamlOrUrl | None) -> str | None:
    if svaml is None or isinstance(svaml, str):
        return svaml
    return msgspec.json.encode(built(svaml)).decode()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
