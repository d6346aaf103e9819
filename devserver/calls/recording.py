"""Recordings: when one runs, the name of its file, and what the function is told about it (voice-v1.md 2.5, 1.7).

A recording ends with its leg. The file and the transcript are stored later, and the call is not over before that, so
that their notifications come as the last of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from devserver.calls.commands import Note, StartRecording, StopRecording
from devserver.calls.events import RecordingStored, TranscriptStored
from devserver.calls.program import flag_of, object_of, text_of
from devserver.calls.progress import Progress, Storing
from devserver.calls.sending import send_notify

_UNSAFE = re.compile(r"[^A-Za-z0-9@._-]")
_FORMAT = re.compile(r"[A-Za-z0-9]{1,8}\Z")


def start(p: Progress, options: Mapping[str, Any]) -> None:
    """Start to record the call."""
    if p.recording:
        p.out.append(Note("The call is being recorded already."))
        return
    p.recordings += 1
    p.recording, p.options = p.recordings, options
    name = file_name(p.setup.epoch + p.at, p.setup.application_key, p.setup.callid, options)
    p.out.append(StartRecording(p.recording, name, dict(options), transcribed(options)))


def stop(p: Progress) -> None:
    """Stop the running recording, if there is one."""
    if not p.recording:
        return
    number, options = p.recording, p.options or {}
    p.recording, p.options = 0, None
    p.out.append(StopRecording(number))
    p.storing[number] = storing(options)
    if p.storing[number].told:
        send_notify(p, "recording_finished")


def stored(p: Progress, event: RecordingStored) -> str | None:
    """The file is where it belongs."""
    waiting = p.storing.get(event.recording)
    if waiting is None or waiting.stored:
        return f"No recording {event.recording} is to be stored."
    del p.storing[event.recording]
    if waiting.transcribed:
        p.storing[event.recording] = Storing(waiting.told, transcribed=True, stored=True)
    if waiting.told:
        send_notify(p, "recording_available", destination=event.destination)
    return None


def transcript_stored(p: Progress, event: TranscriptStored) -> str | None:
    """The transcript is where it belongs."""
    waiting = p.storing.get(event.recording)
    if waiting is None or not waiting.stored:
        return f"No transcript of a recording {event.recording} is to be stored."
    del p.storing[event.recording]
    if waiting.told:
        send_notify(p, "transcription_available", destination=event.destination)
    return None


def storing(options: Mapping[str, Any]) -> Storing:
    """What has to happen after a recording with these options."""
    return Storing(flag_of(options, "notificationEvents", default=True), transcribed(options))


def transcribed(options: Mapping[str, Any]) -> bool:
    """Whether a transcript was asked for."""
    return flag_of(object_of(options, "transcriptionOptions"), "enabled")


def file_name(seconds: float, application_key: str, of: str, options: Mapping[str, Any]) -> str:
    """The default name of a recording: time in UTC, application, call or conference, format (2.5).

    It holds nothing that could lead out of a folder, whatever ids a test invents.
    """
    form = text_of(options, "format")
    form = form if _FORMAT.match(form) else "mp3"
    name = f"{datetime.fromtimestamp(int(seconds), UTC):%Y%m%d%H%M%S}_{application_key}_{of}"
    return f"{_UNSAFE.sub('_', name)[:200]}.{form}"
