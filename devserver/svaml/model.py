"""The markup as tables: every instruction and every action with its fields and limits.

Facts only: what to do about a breach is in `rules.py` and its neighbours, and nothing here looks at a document. Which
callback may answer with what is in `legality.py`. Sources are named in each row as "voice-v1 <section>".
"""

from __future__ import annotations

from devserver.svaml import parts
from devserver.svaml.shapes import Field, Limit, Shape, shape

V_LEGAL = "voice-v1 1.8"
NAME = Field("name", "text")

INSTRUCTION_SHAPES = (
    shape(
        "playFiles",
        NAME,
        Field("ids", "prompts", required=True, source=parts.V_INSTRUCTIONS),
        Field("locale", "text", source=parts.V_INSTRUCTIONS),
        hints={"files": "ids", "id": "ids", "url": "ids", "urls": "ids"},
    ),
    shape(
        "say",
        NAME,
        Field(
            "text",
            "text",
            required=True,
            limits=(Limit("characters", parts.PROMPT_CHARACTERS, source="voice-v1 6", note="unless Sinch raised it"),),
            source=parts.V_INSTRUCTIONS,
        ),
        Field("locale", "text", source=parts.V_INSTRUCTIONS),
        hints={"message": "text", "prompt": "text", "voice": "locale", "language": "locale"},
    ),
    shape(
        "sendDtmf",
        NAME,
        Field("value", "dtmf", required=True, source=parts.V_INSTRUCTIONS),
        hints={"digits": "value", "dtmf": "value"},
    ),
    shape(
        "setCookie",
        NAME,
        Field(
            "key",
            "text",
            required=True,
            limits=(Limit("characters", 50, "warning", "voice-v1 6", "only the older server SDK knows this limit"),),
            source=parts.V_INSTRUCTIONS,
        ),
        Field("value", "text", required=True, blank=True, source=parts.V_INSTRUCTIONS),
    ),
    shape("answer", NAME),
    shape(
        "startRecording",
        NAME,
        Field("options", "object", shape=parts.RECORDING, source=parts.V_RECORDING),
        hints={"recordingoptions": "options"},
    ),
    shape("stopRecording", NAME),
    shape(
        "reportCallStatus",
        NAME,
        Field("value", "text", values=("success", "failure"), source=parts.V_INSTRUCTIONS),
        Field(
            "details",
            "text",
            limits=(Limit("characters", 64, "warning", "voice-v1 6", "the rest is cut"),),
            source=parts.V_INSTRUCTIONS,
        ),
    ),
)

_RECORD_ACTION = Field("recordingOptions", "object", shape=parts.RECORDING, source=V_LEGAL)

ACTION_SHAPES = (
    shape(
        "hangup",
        NAME,
        Field("barge", "flag", source=parts.V_ACTIONS),
        Field(
            "hangupCause",
            "number",
            limits=(parts.NOT_NEGATIVE, Limit("most", 2, "warning", parts.V_ACTIONS)),
            source=parts.V_ACTIONS,
        ),
    ),
    shape("continue", NAME),
    shape(
        "connectPstn",
        NAME,
        Field("number", "phone", source=parts.V_ACTIONS),
        Field("destination", "object", shape=parts.NUMBER_DESTINATION, source=parts.V_ACTIONS),
        parts.LOCALE,
        parts.SECONDS,
        Field("dialTimeout", "number", limits=(parts.NOT_NEGATIVE,), source=parts.V_ACTIONS),
        Field("cli", "cli", source=parts.V_ACTIONS),
        parts.SUPPRESS,
        Field("dtmf", "dtmf", source=parts.V_ACTIONS),
        parts.RING_TONE,
        Field("amd", "object", shape=parts.AMD, source=parts.V_ACTIONS),
        *parts.LEGACY_RECORD,
        parts.TAGS,
        Field("suppressErrorPrompts", "flag"),
        Field("altLocale", "text"),
        Field("reference", "text"),
        Field("_internal", "anything"),
        hints={"timeout": "dialTimeout", "connecttimeout": "dialTimeout", "enableace": "suppressCallbacks"},
    ),
    shape(
        "connectMxp",
        NAME,
        Field("destination", "object", shape=parts.USER_DESTINATION, source=parts.V_ACTIONS),
        parts.HEADERS,
        parts.CLI,
        parts.RING_TONE,
        *parts.LEGACY_RECORD,
        parts.TAGS,
    ),
    shape(
        "connectConf",
        NAME,
        Field(
            "conferenceId",
            "text",
            required=True,
            limits=(
                Limit("characters", 128, source="voice-v1 6"),
                Limit("characters", 64, "warning", "voice-v1 6", "the older server SDK allows 128"),
            ),
            source=parts.V_ACTIONS,
        ),
        Field("conferenceDtmfOptions", "object", shape=parts.CONFERENCE_DTMF, source=parts.V_ACTIONS),
        parts.HOLD_MUSIC,
        *parts.LEGACY_RECORD,
        parts.SUPPRESS,
        parts.CLI,
        Field("conferenceType", "text", values=("twopart", "multipart"), source=parts.V_ACTIONS),
        Field("enterLeaveSound", "anything"),
        Field("dtmfMode", "text"),
        hints={"conference": "conferenceId", "id": "conferenceId", "mohclass": "moh"},
    ),
    shape(
        "connectSip",
        NAME,
        Field("destination", "object", required=True, shape=parts.SIP_DESTINATION, source=parts.V_ACTIONS),
        parts.SECONDS,
        parts.CLI,
        Field("transport", "text", values=parts.TRANSPORTS, source="voice-v1 2.6"),
        parts.SUPPRESS,
        parts.HEADERS,
        parts.HOLD_MUSIC,
        Field("account", "anything"),
        parts.RING_TONE,
        *parts.LEGACY_RECORD,
    ),
    shape(
        "connectStream",
        NAME,
        Field("destination", "object", required=True, shape=parts.STREAM_DESTINATION, source=parts.V_ACTIONS),
        Field("streamingOptions", "object", shape=parts.STREAMING, source=parts.V_ACTIONS),
        parts.SECONDS,
        parts.HEADERS,
    ),
    shape(
        "runMenu",
        NAME,
        Field("barge", "flag", source=parts.V_ACTIONS),
        parts.LOCALE,
        Field("mainMenu", "text", source=parts.V_ACTIONS),
        Field("enableVoice", "flag", source=parts.V_ACTIONS),
        Field("menus", "objects", required=True, shape=parts.MENU, source=parts.V_ACTIONS),
        hints={"menu": "menus"},
    ),
    shape(
        "park",
        NAME,
        parts.LOCALE,
        Field("introPrompt", "prompt", source=parts.V_ACTIONS),
        Field("holdPrompt", "prompt", source=parts.V_ACTIONS),
        Field(
            "maxDuration",
            "number",
            limits=(
                parts.NOT_NEGATIVE,
                Limit("most", 600, source="voice-v1 6"),
                Limit("least", 60, "warning", parts.V_ACTIONS, "the older server SDK wants a minute or more"),
            ),
            source=parts.V_ACTIONS,
        ),
        Field("dialTimeout", "number", limits=(parts.NOT_NEGATIVE,), source=parts.V_ACTIONS),
        hints={"timeout": "maxDuration", "prompt": "holdPrompt"},
    ),
    shape("startRecording", NAME, _RECORD_ACTION, hints={"options": "recordingOptions"}),
    shape("stopRecording", NAME, _RECORD_ACTION),
)

DOCUMENT = shape(
    "document",
    Field("instructions", "objects", source=V_LEGAL),
    Field("action", "object", source=V_LEGAL),
    hints={"actions": "action", "instruction": "instructions"},
)

INSTRUCTIONS: dict[str, Shape] = {row.name.lower(): row for row in INSTRUCTION_SHAPES}
"""Every instruction by its lower-case name."""
ACTIONS: dict[str, Shape] = {row.name.lower(): row for row in ACTION_SHAPES}
"""Every action by its lower-case name."""
