"""The parts that instructions and actions of the markup are made of, as tables: destinations, recordings, menus.

Facts only. Fields that only the older server SDK or older documents know are rows too: the platform reads them, and an
unknown-field warning for them would be wrong. Which instruction or action has which part is in `model.py`.
"""

from __future__ import annotations

from devserver.svaml.shapes import Field, Limit, shape

V_INSTRUCTIONS = "voice-v1 2.1"
V_ACTIONS = "voice-v1 2.2"
V_RECORDING = "voice-v1 2.5"

PROMPT_CHARACTERS = 600
"""Text of one tts or ssml prompt, and of `say` (voice-v1.md 2.3, 6)."""
COOKIE_BYTES = 1024
"""Keys and values of all cookies of a call together (voice-v1.md 6)."""
TOTAL_CHARACTERS = 1000
"""Spoken text of one document, known to the older server SDK only (voice-v1.md 6)."""
TOTAL_PROMPTS = 64
"""Prompts of one document, known to the older server SDK only (voice-v1.md 6)."""
MAIN = "main"
"""Id of the menu that plays first (voice-v1.md 2.2)."""

MUSIC = ("ring", "music1", "music2", "music3")
DTMF_MODES = ("ignore", "forward", "detect")
TRANSPORTS = ("UDP", "TCP", "TLS")
SAMPLE_RATES = (8000, 16000, 24000, 44100, 48000, 96000)
_TONES = (
    "at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk us tw ve "
    "za us-old"
)
INDICATIONS = tuple(_TONES.split())
_LOCALES = (
    "af-ZA ar-AE ar-SA zh-CN zh-TW da-DK nl-NL en-AU en-GB en-IN en-IE en-NZ en-AB en-ZA en-US en-WL fr-FR fr-CA fa-IR "
    "gd_GB gd-GB de-DE de-CH he-IL hi-IN id-ID ga-IE it-IT ja-JP ko-KR ms-MY pt-PT pt-BR ru-RU es-ES es-US sv-SE ta-IN "
    "te-IN th-TH tr-TR vi-VN"
)
TRANSCRIPTION_LOCALES = tuple(_LOCALES.split())

NOT_NEGATIVE = Limit("least", 0)
CALL_SECONDS = (NOT_NEGATIVE, Limit("most", 14400, source="voice-v1 6"))
PAIR_BYTES = Limit("bytes", 1024, source="voice-v1 6")
TAG_LENGTH = Limit("characters", 32, "warning", "voice-v1 2.2", "longer tags are cut")

TRANSCRIPTION = shape(
    "transcriptionOptions",
    Field("enabled", "flag", source=V_RECORDING),
    Field("locale", "text", values=TRANSCRIPTION_LOCALES, source="voice-v1 2.6"),
)
RECORDING = shape(
    "recording options",
    Field("destinationUrl", "text", source=V_RECORDING),
    Field("credentials", "text", source=V_RECORDING),
    Field("format", "text", source=V_RECORDING),
    Field("notificationEvents", "flag", source=V_RECORDING),
    Field("transcriptionOptions", "object", shape=TRANSCRIPTION, source=V_RECORDING),
    Field("destination", "text", source=V_RECORDING),
)
PAIR = shape("pair", Field("key", "text", required=True), Field("value", "text", required=True, blank=True))
LEGACY_RECORD = (
    Field("record", "flag", source=V_ACTIONS),
    Field("recordingOptions", "object", shape=RECORDING, source=V_ACTIONS),
)
TAGS = Field("tags", "pairs", shape=PAIR, limits=(TAG_LENGTH,), source=V_ACTIONS)
HEADERS = Field("callHeaders", "pairs", shape=PAIR, limits=(PAIR_BYTES,), source=V_ACTIONS)
CLI = Field("cli", "text", source=V_ACTIONS)
SECONDS = Field("maxDuration", "number", limits=CALL_SECONDS, source=V_ACTIONS)
LOCALE = Field("locale", "text", source=V_ACTIONS)
SUPPRESS = Field("suppressCallbacks", "flag", source=V_ACTIONS)
RING_TONE = Field("indications", "text", values=INDICATIONS, source=V_ACTIONS)
HOLD_MUSIC = Field("moh", "text", values=MUSIC, source="voice-v1 2.6")

AMD = shape("amd", Field("enabled", "flag", source=V_ACTIONS), Field("async", "flag", source=V_ACTIONS))
NUMBER_DESTINATION = shape(
    "destination", Field("type", "text", values=("number", "did")), Field("endpoint", "phone", required=True)
)
USER_DESTINATION = shape(
    "destination",
    Field("type", "text", values=("username",), source=V_ACTIONS),
    Field("endpoint", "text", required=True, limits=(Limit("characters", 128, source="voice-v1 6"),)),
)
SIP_DESTINATION = shape(
    "destination",
    Field("type", "text", values=("sip",), source=V_ACTIONS),
    Field("endpoint", "text", required=True, source=V_ACTIONS),
)
STREAM_DESTINATION = shape(
    "destination",
    Field("type", "text", values=("Websocket",), source=V_ACTIONS),
    Field("endpoint", "text", required=True, source=V_ACTIONS),
)
CONFERENCE_DTMF = shape(
    "conferenceDtmfOptions",
    Field("mode", "text", values=DTMF_MODES, source=V_ACTIONS),
    Field("maxDigits", "number", limits=(Limit("least", 1),), source=V_ACTIONS),
    Field("timeoutMills", "number", limits=(NOT_NEGATIVE,), source=V_ACTIONS),
    hints={"timeout": "timeoutMills"},
)
STREAMING = shape(
    "streamingOptions",
    Field("version", "number", limits=(Limit("least", 1),), source=V_ACTIONS),
    Field("sampleRate", "number", limits=(Limit("least", 1),), source=V_ACTIONS),
)
OPTION = shape(
    "option",
    Field("dtmf", "key", required=True, source=V_ACTIONS),
    Field("action", "text", required=True, source=V_ACTIONS),
    Field("input", "text", source=V_ACTIONS),
    Field("add", "pairs", shape=PAIR, source=V_ACTIONS),
    hints={"digit": "dtmf", "key": "dtmf"},
)
_SILENCE = "the older server SDK allows 1 to 30 seconds"
MENU = shape(
    "menu",
    Field(
        "id",
        "text",
        required=True,
        limits=(Limit("characters", 64, "warning", "voice-v1 6", "only the older server SDK knows this limit"),),
        source=V_ACTIONS,
    ),
    Field("mainPrompt", "prompt", source=V_ACTIONS),
    Field("repeatPrompt", "prompt", source=V_ACTIONS),
    Field("repeats", "number", limits=(NOT_NEGATIVE,), source=V_ACTIONS),
    Field("maxDigits", "number", limits=(NOT_NEGATIVE,), source=V_ACTIONS),
    Field(
        "timeoutMills",
        "number",
        limits=(
            NOT_NEGATIVE,
            Limit("least", 1000, "warning", "voice-v1 6", _SILENCE),
            Limit("most", 30000, "warning", "voice-v1 6", _SILENCE),
        ),
        source=V_ACTIONS,
    ),
    Field("maxTimeoutMills", "number", limits=(NOT_NEGATIVE,), source=V_ACTIONS),
    Field("options", "objects", shape=OPTION, source=V_ACTIONS),
    Field("mainText", "text", source=V_ACTIONS),
    Field("repeatText", "text", source=V_ACTIONS),
    hints={
        "prompt": "mainPrompt",
        "timeout": "timeoutMills",
        "timeoutmillis": "timeoutMills",
        "timeoutms": "timeoutMills",
    },
)
