"""A callout's body becomes a `Callout`, or a refusal that names the key (voice-v1.md 3.2, 5.3).

Whatever SVAML has rules for is judged by those rules, so that a prompt in a callout and one in an answer cannot be
judged differently: a value is put where the markup would have it, and the first error is told under the callout's key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import urlsplit

from devserver.cloud.backend import Address, Callout, DtmfOptions, Identity, Markup
from devserver.cloud.documents import Document, parsed
from devserver.cloud.errors import Code, Refused
from devserver.cloud.voice_terms import require_phone
from devserver.svaml import check
from devserver.svaml.canonical import canonical
from devserver.svaml.findings import json_kind, shown
from devserver.svaml.parts import DTMF_MODES, MUSIC

METHODS = ("ttsCallout", "conferenceCallout", "customCallout")
_SPOKEN: dict[str, str] = {"ttsCallout": "TTS", "conferenceCallout": "Conference", "customCallout": "Custom"}
_TYPES: dict[str, Literal["number", "username", "sip"]] = {"number": "number", "username": "username", "sip": "sip"}
_DOMAINS: dict[str, Literal["pstn", "mxp"]] = {"pstn": "pstn", "mxp": "mxp"}
_MODES: dict[str, Literal["ignore", "forward", "detect"]] = {
    "ignore": "ignore",
    "forward": "forward",
    "detect": "detect",
}
_SIP = re.compile(r"(?:sips?:)?[^\s@]+@[^\s@]+", re.IGNORECASE)
_LONGEST = 14_400  # seconds of a call (voice-v1.md 6)
_URL = 2048
_HEADER = re.compile(r"x-cb-", re.IGNORECASE)
_HEADERS, _HEADER_NAME, _HEADER_VALUE = 5, 32, 128
_HANGUP = {"name": "hangup"}


def read_callout(document: Document, headers: Iterable[tuple[str, str]] = ()) -> Callout:
    """The callout that a request asks for.

    Args:
        document: the body.
        headers: of the request; the first five legal `X-CB-` ones go with the call (voice-v1.md 6).

    Raises:
        Refused: 40001, 40002 or 40005.
    """
    document.required("method")
    method = document.word("method", METHODS) or ""
    inner = document.inner(method)
    if inner is None:
        raise Refused(Code.MISSING_PARAMETER, f"Bad request: {_SPOKEN[method]} callout information missing")
    kept = _callback_headers(headers)
    match method:
        case "ttsCallout":
            return _tts(inner, kept)
        case "conferenceCallout":
            return _conference(inner, kept)
    return _custom(inner, kept)


Headers = tuple[tuple[str, str], ...]


def _tts(body: Document, headers: Headers) -> Callout:
    text, prompts = body.text("text"), body.text("prompts")
    if text is None and prompts is None:
        raise Refused(Code.MISSING_PARAMETER, "Bad request: ttsCallout has neither text nor prompts.")
    if text is not None:
        _judge(body, "text", {"name": "say", "text": text})
    if prompts is not None:
        _judge(body, "prompts", {"name": "playFiles", "ids": [prompts], "locale": "en-US"})
    return Callout(
        method="tts",
        destination=_required_destination(body),
        text=text,
        prompts=prompts,
        domain=_domain(body),
        locale=body.text("locale"),
        headers=headers,
        **_common(body),
        **_flags(body),
    )


def _conference(body: Document, headers: Headers) -> Callout:
    conference = body.required("conferenceId")
    _judge_action(body, "conferenceId", {"name": "connectConf", "conferenceId": conference})
    greeting = body.text("greeting")
    if greeting is not None:
        _judge(body, "greeting", {"name": "say", "text": greeting})
    return Callout(
        method="conference",
        destination=_required_destination(body),
        conference_id=conference,
        conference_dtmf=_dtmf_options(body.inner("conferenceDtmfOptions")),
        greeting=greeting,
        music=body.word("mohClass", MUSIC),
        max_duration=body.whole("maxDuration", 0, _LONGEST),
        domain=_domain(body),
        locale=body.text("locale"),
        headers=headers,
        **_common(body),
        **_flags(body),
    )


def _custom(body: Document, headers: Headers) -> Callout:
    return Callout(
        method="custom",
        destination=_destination(body),
        max_duration=body.whole("maxDuration", 0, _LONGEST),
        ice=_answerer(body, "ice"),
        ace=_answerer(body, "ace"),
        pie=_answerer(body, "pie"),
        dice=_answerer(body, "dice"),
        headers=headers,
        **_common(body),
    )


def _common(body: Document) -> dict[str, Any]:
    dtmf, custom = body.text("dtmf"), body.text("custom")
    if dtmf is not None:
        _judge(body, "dtmf", {"name": "sendDtmf", "value": dtmf})
    if custom is not None and len(custom.encode("utf-8", "surrogatepass")) > 1024:
        raise body.wrong("custom", "has more than 1024 bytes in UTF-8")
    return {"cli": _cli(body), "dtmf": dtmf, "custom": custom}


def _flags(body: Document) -> dict[str, Any]:
    return {
        "enable_ace": body.flag("enableAce"),
        "enable_dice": body.flag("enableDice"),
        "enable_pie": body.flag("enablePie"),
    }


def _cli(body: Document) -> str | None:
    """Published examples leave the plus of a `cli` out, so here it may be missing."""
    cli = body.text("cli")
    if cli is None or cli.lower() == "private":
        return cli and "private"
    require_phone(cli if cli.strip().startswith("+") else f"+{cli.strip()}", body.name("cli"))
    return cli.strip()


def _domain(body: Document) -> Literal["pstn", "mxp"] | None:
    return _DOMAINS.get(body.word("domain", _DOMAINS) or "")


def _required_destination(body: Document) -> Identity:
    destination = _destination(body)
    if destination is None:
        raise Refused(Code.MISSING_PARAMETER, f"Bad request: {body.name('destination')} is missing.")
    return destination


def _destination(body: Document) -> Identity | None:
    inner = body.inner("destination")
    if inner is None:
        return None
    inner.required("type")
    kind = _TYPES[inner.word("type", _TYPES) or "number"]
    endpoint = inner.required("endpoint", most=256).strip()
    match kind:
        case "number":
            endpoint = require_phone(endpoint, inner.name("endpoint"))
        case "username" if len(endpoint) > 128:
            raise inner.wrong("endpoint", f"has {len(endpoint)} characters; a username has at most 128")
        case "sip" if not _SIP.fullmatch(endpoint):
            raise inner.wrong("endpoint", f"is {shown(endpoint)}; a SIP address is user@host")
        case _:
            pass
    return Identity(kind, endpoint)


def _dtmf_options(options: Document | None) -> DtmfOptions | None:
    if options is None:
        return None
    digits = options.whole("maxDigits", 1, 1000)
    wait = options.whole("timeoutMills", 0, 3_600_000)
    return DtmfOptions(
        _MODES[options.word("mode", DTMF_MODES) or "ignore"], digits or 1, 3000 if wait is None else wait
    )


def _answerer(body: Document, event: str) -> Address | Markup | None:
    """What answers one callback of a custom callout: an address, or SVAML as a JSON text."""
    value = body.get(event)
    if isinstance(value, dict):
        raise body.wrong(event, "is an object; SVAML goes in as a JSON text: json.dumps(...)")
    if value is not None and not isinstance(value, str):
        raise body.wrong(event, f"is {json_kind(value)}; it must be a URL, or SVAML as a JSON text")
    text = (value or "").strip()
    if not text:
        return None
    if not text.startswith("{"):
        return Address(require_url(text, body.name(event), Code.ILLEGAL_PARAMETER))
    markup = parsed(text, body.name(event), Code.ILLEGAL_PARAMETER)
    for finding in check(markup, event):
        if finding.severity == "error":
            raise body.wrong(event, f"is SVAML that the platform refuses: {finding.path}: {finding.text.rstrip('.')}")
    return Markup(canonical(markup))


def require_url(text: str, name: str, code: int) -> str:
    """An absolute http or https address.

    Raises:
        Refused: with `code`.
    """
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or len(text) > _URL or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise Refused(code, f"Invalid parameters: {name} {shown(text)} is no absolute http or https URL.")
    return text


def _judge(body: Document, key: str, instruction: dict[str, Any]) -> None:
    _told(body, key, {"instructions": [instruction], "action": _HANGUP}, "instructions[0]")


def _judge_action(body: Document, key: str, action: dict[str, Any]) -> None:
    _told(body, key, {"action": action}, "action")


def _told(body: Document, key: str, markup: dict[str, Any], within: str) -> None:
    for finding in check(markup, "ice"):
        if finding.severity == "error" and finding.path.startswith(within):
            raise Refused(body.code, f"Invalid parameters: {body.name(key)}: {finding.text}")


def _callback_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Illegal ones are dropped silently, as is the sixth (voice-v1.md 6)."""
    legal = [
        (name, value)
        for name, value in headers
        if _HEADER.match(name)
        and len(name) <= _HEADER_NAME
        and len(value) <= _HEADER_VALUE
        and all(" " <= character <= "~" for character in value)
    ]
    return tuple(legal[:_HEADERS])
