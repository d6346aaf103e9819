"""Voice v1 on this machine: the operations of voice-v1.md 5.2, and what they share.

The table at the end is the product. What a call is and does belongs to `backend`; this package checks requests, speaks
the platform's JSON, and keeps what is configured. Each file beside it has the operations of one subject.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from devserver.cloud import voice_calls, voice_conferences, voice_configuration, voice_recordings
from devserver.cloud.asking import Answer, Asked
from devserver.cloud.auth import admit
from devserver.cloud.routes import Product, Route
from devserver.cloud.voice_terms import Voice

__all__ = ["Voice", "product"]

_PREFIXES = ("/calling/v1", "/v1")
_CALL = "/calling/v1/calls/id/{callId}"
_CONFERENCE = "/calling/v1/conferences/id/{conferenceId}"
_NUMBERS = "/v1/configuration/numbers"
_CALLBACKS = "/v1/configuration/callbacks/applications/{applicationkey}"
_RECORDING = "/calling/v1/recording"

_OPERATIONS: tuple[tuple[str, str, Callable[[Voice, Asked], Awaitable[Answer]]], ...] = (
    ("POST", "/calling/v1/callouts", voice_calls.start_callout),
    ("GET", _CALL, voice_calls.get_call),
    ("PATCH", _CALL, voice_calls.update_call),
    ("PATCH", f"{_CALL}/leg/{{leg}}", voice_calls.update_leg),
    ("POST", "/calling/v1/callreport/callId/{callId}", voice_calls.report_call),
    ("GET", _CONFERENCE, voice_conferences.get_conference),
    ("DELETE", _CONFERENCE, voice_conferences.end_conference),
    ("PATCH", f"{_CONFERENCE}/{{callId}}", voice_conferences.command_participant),
    ("DELETE", f"{_CONFERENCE}/{{callId}}", voice_conferences.kick_participant),
    ("GET", _NUMBERS, voice_configuration.list_numbers),
    ("POST", _NUMBERS, voice_configuration.assign_numbers),
    ("DELETE", _NUMBERS, voice_configuration.unassign_number),
    ("GET", _CALLBACKS, voice_configuration.get_callbacks),
    ("POST", _CALLBACKS, voice_configuration.set_callbacks),
    ("GET", "/v1/calling/query/number/{number}", voice_configuration.query_number),
    ("GET", _RECORDING, voice_recordings.list_recordings),
    ("GET", f"{_RECORDING}/{{key}}", voice_recordings.get_recording),
    ("DELETE", f"{_RECORDING}/{{key}}", voice_recordings.delete_recording),
)


def product(voice: Voice) -> Product:
    """Voice v1 for `devserver.cloud.app.create_app`."""

    def admitted(asked: Asked) -> str:
        settings = voice.settings()
        return admit(asked, (voice.application,), settings.auth, settings.clock_skew, voice.now())

    routes = tuple(Route(method, path, partial(run, voice)) for method, path, run in _OPERATIONS)
    return Product(_PREFIXES, routes, admitted)
