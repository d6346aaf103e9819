"""Answers to callbacks, built by chaining: `IceSvamlBuilder().say("Welcome!").run_menu(menu).build()`.

One method per instruction and action of the markup, all of them on every builder: which callback may answer with which
is a question of the rules, and `build()` asks them. Options have the names of the wire in snake case, and None leaves
one out. It must not know how an answer is sent.

The three builders share their methods by inheritance, against the habit of this project: they are one thing that
differs in the callback it answers, and user code names them by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Self

import msgspec

from devserver.runtime.menus import BuiltMenu, MenuBuilder
from devserver.svaml import Finding, SvamlError, check
from devserver.svaml.errors import refused
from devserver.svaml.parts import MAIN
from devserver.svaml.prompts import as_prompt

__all__ = ["AceSvamlBuilder", "IceSvamlBuilder", "PieSvamlBuilder", "SvamlBuilder", "SvamlError"]

Options = Mapping[str, Any]
Pairs = Mapping[str, str] | Iterable[Mapping[str, str]]
Menus = BuiltMenu | MenuBuilder | Mapping[str, Any] | Iterable[Mapping[str, Any]]


_passed: dict[tuple[str, bytes], None] = {}
_REMEMBERED = 256  # documents; a function builds the same few over and over


def _errors(document: dict[str, Any], event: str) -> tuple[Finding, ...]:
    """What the platform would refuse. A document that has passed once is known by its bytes and passes at once."""
    try:
        key = (event, msgspec.json.encode(document))
    except (TypeError, ValueError, OverflowError, RecursionError):
        key = None  # the rules say what is wrong with it
    if key in _passed:
        return ()
    errors = tuple(found for found in check(document, event) if found.severity == "error")
    if not errors and key is not None:
        if len(_passed) >= _REMEMBERED:
            _passed.clear()
        _passed[key] = None
    return errors


class SvamlBuilder:
    """Any number of instructions and exactly one action.

    Every method returns the builder itself. A second action raises `SvamlError` at once; everything else that the
    platform would refuse is raised by `build()`, one line for each.
    """

    event: ClassVar[str] = ""
    """The callback that is answered, as `check` names it."""

    def __init__(self) -> None:
        self._instructions: list[dict[str, Any]] = []
        self._action: dict[str, Any] | None = None

    # Instructions

    def say(self, text: str, locale: str | None = "en-US") -> Self:
        """Read a text aloud: at most 600 characters; `locale` is a language tag or a voice."""
        return self._instruct("say", text=text, locale=locale)

    def play(self, url: str) -> Self:
        """Play one file: an http address, a file name known to Sinch, or a prompt such as `#href[..]`."""
        return self._instruct("playFiles", ids=[url])

    def play_files(self, ids: Iterable[str], locale: str | None = None) -> Self:
        """Play several prompts without a gap; `locale` is needed with `#tts[..]` and `#ssml[..]`."""
        return self._instruct("playFiles", ids=[ids] if isinstance(ids, str) else list(ids), locale=locale)

    def set_cookie(self, key: str, value: str) -> Self:
        """Keep a value for the later callbacks of this call: at most 1024 bytes over all cookies."""
        return self._instruct("setCookie", key=key, value=value)

    def answer(self) -> Self:
        """Answer the incoming call now, before anyone is connected. ICE only; billing starts."""
        return self._instruct("answer")

    def send_dtmf(self, value: str) -> Self:
        """Send keys: 0-9, `#`, and `w` for half a second of silence."""
        return self._instruct("sendDtmf", value=value)

    def start_recording(
        self,
        destination_url: str | None = None,
        credentials: str | None = None,
        format: str | None = None,  # noqa: A002 -- the name on the wire
        notification_events: bool | None = None,
        transcription_options: Options | None = None,
    ) -> Self:
        """Record the call from here on (voice-v1.md 2.5).

        Args:
            destination_url: `s3://..`, `azure://..` or `sdrive://..`.
            credentials: `key:secret:region` for S3, the access key for Azure.
            format: `mp3` if not said.
            notification_events: whether notify callbacks come; they do if not said.
            transcription_options: `{"enabled": True, "locale": "en-US"}`.
        """
        options = _wire(
            {
                "destination_url": destination_url,
                "credentials": credentials,
                "format": format,
                "notification_events": notification_events,
                "transcription_options": transcription_options,
            }
        )
        return self._instruct("startRecording", options=options or None)

    def stop_recording(self) -> Self:
        """Stop the recording that an earlier answer started."""
        return self._instruct("stopRecording")

    # Actions

    def hangup(self) -> Self:
        """End the call after the instructions."""
        return self._act("hangup")

    def continue_(self) -> Self:
        """Go on as if nobody had asked: connect in an ACE, leave the call up in a PIE."""
        return self._act("continue")

    def connect_pstn(
        self,
        number: str | None = None,
        *,
        cli: str | None = None,
        max_duration: int | None = None,
        dial_timeout: int | None = None,
        suppress_callbacks: bool | None = None,
        dtmf: str | None = None,
        indications: str | None = None,
        locale: str | None = None,
        amd: bool | Options | None = None,
        record: bool | None = None,
        recording_options: Options | None = None,
        tags: Pairs | None = None,
    ) -> Self:
        """Call a phone number (voice-v1.md 2.2).

        Args:
            number: E.164 with its plus; the dialled extension if not said.
            cli: the number shown: E.164, `private` or `incoming`.
            max_duration: seconds, at most 14400.
            dial_timeout: seconds of ringing before giving up.
            suppress_callbacks: no ACE and no DICE for this call.
            dtmf: keys sent when the call is answered.
            indications: country of the ring tone, such as `us`.
            locale: language of prompts of the platform.
            amd: detect an answering machine: True, or `{"enabled": True, "async": True}`.
            record: record the call (the older way; `start_recording` is the newer).
            recording_options: as those of `start_recording`.
            tags: words for the call detail record, at most 32 characters each.
        """
        detect = {"enabled": amd} if isinstance(amd, bool) else amd
        return self._act(
            "connectPstn",
            number=number,
            cli=cli,
            max_duration=max_duration,
            dial_timeout=dial_timeout,
            suppress_callbacks=suppress_callbacks,
            dtmf=dtmf,
            indications=indications,
            locale=locale,
            amd=detect,
            record=record,
            recording_options=recording_options,
            tags=_pairs(tags),
        )

    def connect_mxp(self, destination: str | Options | None = None, *, call_headers: Pairs | None = None) -> Self:
        """Call a user of the app: a user name, or `{"type": "username", "endpoint": ..}`; ICE only."""
        target = _destination(destination, "username")
        return self._act("connectMxp", destination=target, call_headers=_pairs(call_headers))

    def connect_sip(
        self,
        destination: str | Options,
        *,
        max_duration: int | None = None,
        cli: str | None = None,
        transport: str | None = None,
        suppress_callbacks: bool | None = None,
        call_headers: Pairs | None = None,
        moh: str | None = None,
    ) -> Self:
        """Call a SIP address (voice-v1.md 2.2).

        Args:
            destination: `user@host`, or `{"type": "sip", "endpoint": ..}`.
            max_duration: seconds, at most 14400.
            cli: the number shown.
            transport: `UDP` if not said, `TCP` or `TLS`.
            suppress_callbacks: no ACE and no DICE for this call.
            call_headers: private SIP headers, at most 1024 bytes each.
            moh: what the caller hears while the SIP side holds: `ring`, `music1`, `music2` or `music3`.
        """
        return self._act(
            "connectSip",
            destination=_destination(destination, "sip"),
            max_duration=max_duration,
            cli=cli,
            transport=transport,
            suppress_callbacks=suppress_callbacks,
            call_headers=_pairs(call_headers),
            moh=moh,
        )

    def connect_conf(
        self,
        conference_id: str,
        *,
        conference_dtmf_options: Options | None = None,
        moh: str | None = None,
        cli: str | None = None,
        suppress_callbacks: bool | None = None,
        record: bool | None = None,
        recording_options: Options | None = None,
    ) -> Self:
        """Join a conference, which is created if it is new (voice-v1.md 2.2).

        Args:
            conference_id: at most 64 characters.
            conference_dtmf_options: `{"mode": "detect", "max_digits": 1, "timeout_mills": 3000}`; the other
                modes are `ignore` and `forward`.
            moh: what is heard while alone: `ring`, `music1`, `music2` or `music3`.
            cli: the number shown.
            suppress_callbacks: no further callbacks for this participant.
            record: record the conference.
            recording_options: as those of `start_recording`.
        """
        return self._act(
            "connectConf",
            conference_id=conference_id,
            conference_dtmf_options=conference_dtmf_options,
            moh=moh,
            cli=cli,
            suppress_callbacks=suppress_callbacks,
            record=record,
            recording_options=recording_options,
        )

    def connect_stream(
        self,
        destination: str | Options,
        *,
        streaming_options: Options | None = None,
        max_duration: int | None = None,
        call_headers: Pairs | None = None,
    ) -> Self:
        """Send the audio to a WebSocket at a `wss://` address; ICE only, in closed beta (voice-v1.md 2.2).

        Args:
            destination: the address, or `{"type": "Websocket", "endpoint": ..}`.
            streaming_options: `{"version": 1, "sample_rate": 16000}`.
            max_duration: seconds, at most 14400.
            call_headers: go into the first message on the socket.
        """
        return self._act(
            "connectStream",
            destination=_destination(destination, "Websocket"),
            streaming_options=streaming_options,
            max_duration=max_duration,
            call_headers=_pairs(call_headers),
        )

    def run_menu(
        self,
        menu: Menus,
        *,
        barge: bool | None = None,
        locale: str | None = None,
        main_menu: str | None = None,
        enable_voice: bool | None = None,
    ) -> Self:
        """Play a menu; its result comes as a PIE (voice-v1.md 2.2).

        Args:
            menu: from `create_menu()`, with or without `build()`; or menus as on the wire.
            barge: whether a key stops the prompt; it does if not said.
            locale: language or voice; needed with `enable_voice`.
            main_menu: id of the menu that plays first; if not said, the first one that was built.
            enable_voice: spoken words count as keys.
        """
        built = menu.build() if isinstance(menu, MenuBuilder) else menu
        if main_menu is None and isinstance(built, BuiltMenu) and built.start != MAIN:
            main_menu = built.start
        listed = [built] if isinstance(built, Mapping) else list(built)
        return self._act(
            "runMenu", barge=barge, locale=locale, main_menu=main_menu, enable_voice=enable_voice, menus=listed
        )

    def park(
        self,
        *,
        intro_prompt: str | None = None,
        hold_prompt: str | None = None,
        locale: str | None = None,
        max_duration: int | None = None,
    ) -> Self:
        """Hold the call until it is managed over the REST API: `intro_prompt` once, then `hold_prompt` again and again.

        Plain text is read aloud, as in menus. `max_duration` is in seconds, at most 600.
        """
        return self._act(
            "park",
            intro_prompt=None if intro_prompt is None else as_prompt(intro_prompt),
            hold_prompt=None if hold_prompt is None else as_prompt(hold_prompt),
            locale=locale,
            max_duration=max_duration,
        )

    # The document

    def build(self) -> dict[str, Any]:
        """The finished answer: `{"instructions": [..], "action": {..}}`, a new one each time.

        Raises:
            SvamlError: the platform would refuse it; one line for each reason. What is merely disputed is not raised.
        """
        document: dict[str, Any] = {}
        if self._instructions:
            document["instructions"] = _copy(self._instructions)
        if self._action is not None:
            document["action"] = _copy(self._action)
        errors = _errors(document or {"action": None}, self.event)
        if errors:
            raise refused(type(self).__name__, errors)
        return document

    def to_dict(self) -> dict[str, Any]:
        """The same as `build()`."""
        return self.build()

    def _instruct(self, name: str, **fields: Any) -> Self:
        self._instructions.append({"name": name, **_wire(fields)})
        return self

    def _act(self, name: str, **fields: Any) -> Self:
        if self._action is not None:
            first = self._action["name"]
            raise SvamlError(
                f"An answer has exactly one action; this one has {first} already, and {name} would be a second.",
                hint="Return one builder for each way the call can go.",
            )
        self._action = {"name": name, **_wire(fields)}
        return self


class IceSvamlBuilder(SvamlBuilder):
    """The answer to an ICE: a call comes in."""

    event = "ice"


class AceSvamlBuilder(SvamlBuilder):
    """The answer to an ACE: the callee answered."""

    event = "ace"


class PieSvamlBuilder(SvamlBuilder):
    """The answer to a PIE: a menu has a result."""

    event = "pie"


def _wire(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with the names of the wire, those that are None left out."""
    return {_camel(key): _wire_value(value) for key, value in fields.items() if value is not None}


def _wire_value(value: Any) -> Any:
    if isinstance(value, str):  # most are, and whether something is a mapping takes long to find out
        return value
    if isinstance(value, Mapping):
        return _wire(value)
    if isinstance(value, list | tuple):
        return [_wire_value(item) for item in value]
    return value


@lru_cache(maxsize=256)
def _camel(key: str) -> str:
    if "_" not in key.strip("_"):
        return key
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _pairs(pairs: Pairs | None) -> list[Any] | None:
    """{"a": "b"} or [{"key": "a", "value": "b"}] as the latter, which is what the wire has."""
    if pairs is None:
        return None
    if isinstance(pairs, Mapping):
        return [{"key": key, "value": value} for key, value in pairs.items()]
    return list(pairs)


def _destination(destination: str | Options | None, kind: str) -> Options | None:
    if isinstance(destination, str):
        return {"type": kind, "endpoint": destination}
    return destination


def _copy(value: Any) -> Any:
    """A copy of JSON, so that changing a built answer does not change the builder."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
