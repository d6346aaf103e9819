"""The configuration of applications: their numbers, their callback URLs, and a question about any number
(voice-v1.md 5.2).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from devserver.cloud.asking import Answer, Asked
from devserver.cloud.countries import look_up
from devserver.cloud.documents import Document, read
from devserver.cloud.errors import Code, Refused
from devserver.cloud.voice_callouts import require_url
from devserver.cloud.voice_state import CallbackUrls, Number
from devserver.cloud.voice_terms import Voice, require_phone
from devserver.svaml.findings import json_kind

_CAPABILITIES = ("voice", "sms")
_MOST_NUMBERS = 1000  # in one request
_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DECORATION = re.compile(r"\(0\)|[\s()./-]")
_RATE = {"currencyId": "USD", "amount": 0.01}  # made up: prices are not for an emulator to know


async def list_numbers(voice: Voice, asked: Asked) -> Answer:  # noqa: ARG001 a row of the table of operations
    """`GET /configuration/numbers`: what is rented by the settings, and what was ever assigned."""
    return Answer(document={"numbers": [_shape(each) for each in _numbers(voice).values()]})


async def assign_numbers(voice: Voice, asked: Asked) -> Answer:
    """`POST /configuration/numbers`. Any number can be assigned here; none has to be rented first."""
    document = read(asked.body)
    application = _application(voice, asked, document)
    capability = document.word("capability", _CAPABILITIES) or "voice"
    numbers = [Number(each, capability, application) for each in _listed(document)]
    voice.state.put_numbers(numbers)
    return Answer(204)


async def unassign_number(voice: Voice, asked: Asked) -> Answer:
    """`DELETE /configuration/numbers`, with a body."""
    document = read(asked.body)
    application = _application(voice, asked, document)
    capability = document.word("capability", _CAPABILITIES) or "voice"
    number = require_phone(document.required("number"), "number")
    found = _numbers(voice).get((number, capability))
    if found is None or (found.application or "").lower() != application.lower():
        raise Refused(
            Code.ILLEGAL_PARAMETER,
            f"Unable to update numbers: {number} ({capability}) is not assigned to the application {application}.",
        )
    voice.state.put_numbers([Number(number, capability)])
    return Answer(204)


async def get_callbacks(voice: Voice, asked: Asked) -> Answer:
    """`GET /configuration/callbacks/applications/{applicationkey}`."""
    urls = voice.state.callback_urls(_known(voice, asked.parameters["applicationkey"]))
    return Answer(document={"url": {key: url for key, url in msgspec.to_builtins(urls).items() if url is not None}})


async def set_callbacks(voice: Voice, asked: Asked) -> Answer:
    """`POST /configuration/callbacks/applications/{applicationkey}`; an empty primary address stops callbacks."""
    application = _known(voice, asked.parameters["applicationkey"])
    url = read(asked.body, Code.INVALID_REQUEST).inner("url")
    if url is None or url.get("primary") is None:
        missing = "url" if url is None else "url.primary"
        raise Refused(Code.INVALID_REQUEST, f'Invalid request: {missing} is missing: {{"url": {{"primary": "..."}}}}.')
    primary, fallback = _url(url, "primary"), _url(url, "fallback")
    if fallback is None and voice.settings().without_fallback == "keep":
        fallback = voice.state.callback_urls(application).fallback
    voice.state.set_callback_urls(application, CallbackUrls(primary or "", fallback))
    return Answer(204)


async def query_number(voice: Voice, asked: Asked) -> Answer:  # noqa: ARG001 a row of the table of operations
    """`GET /calling/query/number/{number}`, from a table: the country, and the type where the digits tell it."""
    number = require_phone(_DECORATION.sub("", asked.parameters["number"]), "number")
    found = look_up(number)
    if found is None:
        raise Refused(Code.ILLEGAL_PARAMETER, f"Invalid number specified: no country has numbers like {number}.")
    item = {
        "countryId": found.country,
        "numberType": found.type,
        "normalizedNumber": number,
        "restricted": False,
        "rate": _RATE,
    }
    return Answer(document={"number": item})


def _numbers(voice: Voice) -> dict[tuple[str, str], Number]:
    rented = [Number(each) for each in voice.settings().numbers]
    return {(each.number, each.capability): each for each in (*rented, *voice.state.numbers())}


def _shape(number: Number) -> dict[str, Any]:
    assigned = {"applicationkey": number.application} if number.application else {}
    return {"number": number.number, **assigned, "capability": number.capability}


def _listed(document: Document) -> list[str]:
    values = document.get("numbers")
    if values is None:
        raise Refused(Code.MISSING_PARAMETER, "Bad request: numbers is missing.")
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise document.wrong("numbers", f"is {json_kind(values)}; it must be a list of texts")
    if not 0 < len(values) <= _MOST_NUMBERS:
        raise document.wrong("numbers", f"has {len(values)} numbers; it must have 1 to {_MOST_NUMBERS}")
    return [require_phone(each, f"numbers[{index}]") for index, each in enumerate(values)]


def _application(voice: Voice, asked: Asked, document: Document) -> str:
    """The application of the body, else the one that asks."""
    key = document.text("applicationkey")
    return asked.application if key is None else _known(voice, key)


def _known(voice: Voice, key: str) -> str:
    if not _KEY.fullmatch(key):
        raise Refused(Code.INVALID_APPLICATION_KEY, "Bad request: Application key is invalid")
    if key.lower() != voice.application.key.lower():
        raise Refused(
            Code.INVALID_REQUEST, f"Invalid Application Key: {key} does not exist here; {voice.application.key} does."
        )
    return voice.application.key


def _url(document: Document, key: str) -> str | None:
    text = document.text(key)
    return None if text is None else require_url(text.strip(), document.name(key), Code.INVALID_REQUEST)
