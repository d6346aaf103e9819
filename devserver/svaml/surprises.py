"""What depends on more than one field: cookies together, speech without a language, a recording that cannot happen.

Works on canonical names after `fields.py`, and skips what has a wrong type. It must not know callbacks: what is legal
where is in `legality.py`. Each check is one function, found by the name of the instruction or action it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devserver.svaml import parts
from devserver.svaml.findings import Report, shown
from devserver.svaml.prompts import parse

Thing = dict[str, Any]

_STORES = ("s3://", "azure://", "sdrive://", "gs://", "gcs://")
_SPEECH = ("#tts[", "#ssml[", "#href[")
_LIMITS = "voice-v1 6"


def check_instruction(instruction: Thing, path: str, report: Report) -> None:
    """Check one instruction by itself; its name is canonical."""
    own = _INSTRUCTIONS.get(instruction["name"])
    if own is not None:
        own(instruction, path, report)


def check_action(action: Thing, report: Report) -> None:
    """Check one action by itself; its name is canonical."""
    own = _ACTIONS.get(action["name"])
    if own is not None:
        own(action, "action", report)


def check_together(instructions: list[Any], action: Thing, report: Report) -> None:
    """Check what instructions and the action do to each other."""
    things = [item for item in instructions if isinstance(item, dict)]
    names = [item.get("name") for item in things]
    if "setCookie" in names:
        _cookies(things, report)
    if "startRecording" in names and action.get("name") == "connectMxp":
        said = "A recording cannot be started for a call that goes on to connectMxp."
        where = f"instructions[{names.index('startRecording')}]"
        report.error("recording-with-mxp", where, said, "voice-v1 2.1")
    if "say" in names or "playFiles" in names:
        _speech(things, report)


def _cookies(things: list[Thing], report: Report) -> None:
    cookies: dict[str, str] = {}
    for item in things:
        match item:
            case {"name": "setCookie", "key": str() as key, "value": str() as value}:
                cookies[key] = value  # A later value replaces an earlier one.
    size = sum(len(f"{key}{value}".encode("utf-8", "replace")) for key, value in cookies.items())
    if size > parts.COOKIE_BYTES:
        said = f"The cookies have {size} bytes, keys and values together; at most {parts.COOKIE_BYTES} are allowed."
        report.error("cookies-too-long", "instructions", said, _LIMITS)


def _speech(things: list[Thing], report: Report) -> None:
    texts = [text for item in things for text in _played(item)]
    if len(texts) > parts.TOTAL_PROMPTS:
        said = f"{len(texts)} prompts in one answer; the older server SDK allows {parts.TOTAL_PROMPTS}."
        report.warning("prompts-many", "instructions", said, _LIMITS)
    total = sum(map(len, texts))
    if total > parts.TOTAL_CHARACTERS:
        said = f"{total} characters of prompts in one answer; the older server SDK allows {parts.TOTAL_CHARACTERS}."
        report.warning("prompts-long", "instructions", said, _LIMITS)


def _played(item: Thing) -> list[str]:
    match item:
        case {"name": "say", "text": str() as text}:
            return [text]
        case {"name": "playFiles", "ids": [*ids]}:
            return [text for text in ids if isinstance(text, str)]
        case _:
            return []


def _say(item: Thing, path: str, report: Report) -> None:
    text = item.get("text")
    if isinstance(text, str) and text.lstrip().lower().startswith(_SPEECH):
        said = f"`say` reads {shown(text)} as it stands; prompt syntax belongs into playFiles."
        report.warning("say-prompt", f"{path}.text", said, "voice-v1 2.1")


def _play_files(item: Thing, path: str, report: Report) -> None:
    ids = item.get("ids")
    if item.get("locale") or not isinstance(ids, list | tuple):
        return
    if any(isinstance(text, str) and _speaks(text) for text in ids):
        said = "playFiles needs a `locale` when it has #tts or #ssml prompts."
        report.error("locale-missing", f"{path}.locale", said, "voice-v1 2.1")


def _speaks(text: str) -> bool:
    lowered = text.lower()
    if "#tts[" not in lowered and "#ssml[" not in lowered:
        return False
    return any(prompt.kind in {"tts", "ssml"} for prompt in parse(text))


def _start_recording(item: Thing, path: str, report: Report) -> None:
    options = item.get("options")
    options = options if isinstance(options, dict) else {}
    missing = [key for key in ("destinationUrl", "credentials") if not options.get(key)]
    if missing and not options.get("destination"):
        said = f"startRecording has no {' and no '.join(missing)}: the SDKs require both, other documents show neither."
        report.warning("recording-destination", f"{path}.options", said, parts.V_RECORDING)
    address = options.get("destinationUrl")
    if isinstance(address, str) and address and not address.lower().startswith(_STORES):
        said = f"{shown(address)} is not a documented store; known are s3://, azure:// and sdrive://."
        report.warning("recording-store", f"{path}.options.destinationUrl", said, parts.V_RECORDING)


def _connect_pstn(action: Thing, path: str, report: Report) -> None:
    amd = action.get("amd")
    if isinstance(amd, dict) and amd.get("enabled") is True and action.get("suppressCallbacks") is True:
        said = "`amd` is on, but `suppressCallbacks` keeps the ACE that would carry its verdict."
        report.warning("amd-unheard", f"{path}.amd", said, parts.V_ACTIONS)


def _connect_sip(action: Thing, path: str, report: Report) -> None:
    address = _endpoint(action)
    if address and "@" not in address:
        said = f"{shown(address)} is not a SIP address; it is user@host, with a port and a transport if needed."
        report.warning("sip-address", f"{path}.destination.endpoint", said, parts.V_ACTIONS)


def _connect_stream(action: Thing, path: str, report: Report) -> None:
    said = "connectStream is in a closed beta: it works only for accounts that Sinch let in."
    report.warning("closed-beta", path, said, "voice-v1 1.8")
    address = _endpoint(action)
    if address and not address.lower().startswith("wss://"):
        said = f"{shown(address)} is not a wss:// address."
        report.error("stream-address", f"{path}.destination.endpoint", said, parts.V_ACTIONS)
    options = action.get("streamingOptions")
    rate = options.get("sampleRate") if isinstance(options, dict) else None
    if isinstance(rate, int) and not isinstance(rate, bool) and rate not in parts.SAMPLE_RATES:
        known = ", ".join(map(str, parts.SAMPLE_RATES))
        said = f"{shown(rate)} Hz is not a known sample rate; known are {known}."
        report.warning("sample-rate", f"{path}.streamingOptions.sampleRate", said, parts.V_ACTIONS)


def _endpoint(action: Thing) -> str:
    destination = action.get("destination")
    endpoint = destination.get("endpoint") if isinstance(destination, dict) else None
    return endpoint if isinstance(endpoint, str) else ""


_Check = Callable[[Thing, str, Report], None]

_INSTRUCTIONS: dict[str, _Check] = {"say": _say, "playFiles": _play_files, "startRecording": _start_recording}
_ACTIONS: dict[str, _Check] = {
    "connectPstn": _connect_pstn,
    "connectSip": _connect_sip,
    "connectStream": _connect_stream,
}
