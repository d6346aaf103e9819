"""Recordings under way, of calls and of conferences: begun, ended, and stored a little later on the same clock."""

from __future__ import annotations

from collections.abc import Callable

from devserver.calls.commands import StartRecording, StopRecording
from devserver.calls.events import RecordingStored, TranscriptStored
from devserver.calls.storing import STORED_AFTER, TRANSCRIBED_AFTER, Storage
from devserver.calls.timeline import Timeline
from devserver.errors import FnError

Stored = Callable[[RecordingStored | TranscriptStored, str], None]
"""Gets the event, and the path of the file: empty when none was written."""


class Recordings:
    """All recordings.

    Args:
        storage: where they go.
        trouble: gets a sentence when a file cannot be written; the call goes on as if it were.
    """

    def __init__(self, storage: Storage, trouble: Callable[[str], None]) -> None:
        self._storage = storage
        self._trouble = trouble
        self._running: dict[tuple[str, int], tuple[StartRecording, float]] = {}

    def begin(self, owner: str, command: StartRecording, timeline: Timeline) -> None:
        """Something is recorded; `owner` is the id of a call or the name of a conference."""
        self._running[owner, command.recording] = command, timeline.now

    def end(
        self, owner: str, command: StopRecording, timeline: Timeline, heard: Callable[[], list[str]], stored: Stored
    ) -> None:
        """It is not recorded any more; `stored` is told later, and again for a transcript of what was `heard`."""
        begun = self._running.pop((owner, command.recording), None)
        if begun is None:
            return
        start, since = begun
        seconds, number = timeline.now - since, command.recording

        def store() -> None:
            path, destination = self._write(lambda: self._storage.recording(start.file, seconds, start.options))
            if start.transcribe:
                timeline.after(TRANSCRIBED_AFTER, transcribe)
            stored(RecordingStored(timeline.now, number, destination), path)

        def transcribe() -> None:
            path, destination = self._write(lambda: self._storage.transcript(start.file, heard(), start.options))
            stored(TranscriptStored(timeline.now, number, destination), path)

        timeline.after(STORED_AFTER, store)

    def _write(self, write: Callable[[], tuple[str, str]]) -> tuple[str, str]:
        try:
            return write()
        except FnError as error:
            self._trouble(str(error))
            return "", ""
