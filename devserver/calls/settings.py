"""What the platform does and does not publish (voice-v1.md 8): one named choice each, with the proposed default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from devserver.calls.outcomes import Row, Situation
from devserver.calls.setup import Leg


class Settings(msgspec.Struct, frozen=True):
    """How the emulated platform behaves where nothing is published, and its bounds.

    Attributes:
        callback_timeout: seconds for one address of a callback (1.1 ?).
        fallback_on_illegal: an answer that is no legal SVAML is an error, so that the fallback is tried (1.1 ?).
        most_callbacks: a call that asks its function (ICE, ACE, PIE) more often goes round in circles and is ended
            (ours).
        most_events: the same for events of any kind, for loops that need no callback (ours).
        error_prompt: what the caller hears when the ICE failed (1.8).
        error_prompt_pie: the same after a PIE that failed; it then hangs up (1.8 ?).
        prompts_answer: whether prompts in the answer to an ICE answer the call: `never`, `always`, or only when no
            connect follows, since before a connect they are early media (3.1, the unread footnote of 1.8 ?).
        ace_prompts_to: who hears the prompts of the answer to an ACE of a connected call (2.1).
        ace_menu_to: whose keys a menu in such an answer takes (3.1).
        dial_timeout: seconds of ringing when the document says none (2.2 ?).
        call_seconds: longest duration of any call (6).
        park_seconds: longest parking, and the default (6).
        amd_seconds: synchronous detection decides within these (6).
        stream_ace: a stream that answers causes an ACE (3.1 ?).
        menu_repeats: `repeats` of a menu that says none; the older server SDK sends 3 (2.2 ?).
        menu_timeout: seconds of silence that end a round (2.2).
        menu_voice_timeout: seconds that cap a round with speech (2.2).
        menu_timeout_value: `value` of a PIE of type timeout, invalidinput or error; None leaves it out (8 ?).
        unknown_menu: `menu(x)` to an unknown id is `illegal` SVAML, or at run time a PIE of type error (2.2 ?).
        voice_result: type of the PIE for speech that is no option, in a menu that collects (2.2 ?).
        pie_on_hangup: a caller who hangs up in a menu causes a PIE of type hangup (1.5, 2.2 ?).
        continue_alone: `continue` with nobody to be connected to: the call stays up in silence, or is hung up (5.5 ?).
        dice_app_to_app: a call from app to app has a DICE; documents of 2019 say no (3.1 ?).
        dice_to: `to` of the DICE is whom the caller dialled, or whom the call was connected to (1.6 ?).
        tts_needs_cli: a tts callout without cli never arrives (3.2 ?).
        no_url_did: a rented number without callback address: the call ends as this situation (3.1).
        cookies_in_events: cookies come back in the shape that only the older server SDK shows (1.2 ?).
        ace_resource_url: the ACE has `callResourceUrl` too (1.2).
        resource_url: host of `callResourceUrl`.
        currency: of `userRate` and `debit`.
        rate: price of a minute.
        storing_seconds: longest wait for stored recordings before the call is given up as ended (ours).
        outcomes: situations whose result and reason differ from `outcomes.OUTCOMES` (3.3).
    """

    callback_timeout: float = 5.0
    fallback_on_illegal: bool = True
    most_callbacks: int = 200
    most_events: int = 10_000
    error_prompt: str = "An error occurred. Goodbye."
    error_prompt_pie: bool = False
    prompts_answer: Literal["never", "without connect", "always"] = "without connect"
    ace_prompts_to: Leg = "caller"
    ace_menu_to: Leg = "callee"
    dial_timeout: float = 60.0
    call_seconds: float = 14_400.0
    park_seconds: float = 600.0
    amd_seconds: float = 5.0
    stream_ace: bool = False
    menu_repeats: int = 3
    menu_timeout: float = 5.0
    menu_voice_timeout: float = 20.0
    menu_timeout_value: str | None = ""
    unknown_menu: Literal["illegal", "pie"] = "illegal"
    voice_result: Literal["sequence", "return"] = "sequence"
    pie_on_hangup: bool = True
    continue_alone: Literal["stay", "hangup"] = "stay"
    dice_app_to_app: bool = True
    dice_to: Literal["dialled", "connected"] = "dialled"
    tts_needs_cli: bool = True
    no_url_did: Situation = "no callback address"
    cookies_in_events: bool = True
    ace_resource_url: bool = False
    resource_url: str = "https://calling-euc1.api.sinch.com"
    currency: str = "USD"
    rate: float = 0.0
    storing_seconds: float = 900.0
    outcomes: Mapping[Situation, Row] = {}
