"""Recordings of calls as files: real ones, of a few seconds of silence.

Who fetches a recording gets something that a player opens. The name is the platform's (voice-v1.md 2.5), so a file
that is called `.mp3` holds WAV data all the same; players go by the content. Where no folder is given, nothing is
written and the rest goes on as if it were.
"""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from devserver.errors import FnError
from devserver.project.files import write_whole

STORED_AFTER = 1.0
"""Seconds of the call's clock from the end of a recording until it is stored."""
TRANSCRIBED_AFTER = 2.0
"""Seconds from there until the transcript is."""

_RATE = 8000  # samples a second, one byte each, as on a phone
_LONGEST = 5.0  # seconds of silence that are worth the disk: a load test may record ten thousand calls


class Storage:
    """Where recordings go.

    Args:
        folder: for the files; made when the first comes. None: no file is written.
        address: where the platform gives them out, with the name added; empty: as the real platform has it.
    """

    def __init__(self, folder: Path | None, address: str = "") -> None:
        self._folder = folder
        self._address = address or "https://www.sinch.com/calling/v1/recording/"

    def recording(self, name: str, seconds: float, options: dict[str, Any]) -> tuple[str, str]:
        """Store one; gives the path of the file, empty when none is written, and its URL.

        Raises:
            FnError: it cannot be written.
        """
        return self._write(name, _silence(min(seconds, _LONGEST))), self._destination(name, options)

    def transcript(self, name: str, heard: list[str], options: dict[str, Any]) -> tuple[str, str]:
        """Store what was said, likewise, beside the recording of this name (voice-v1.md 2.5)."""
        name = f"{name.rpartition('.')[0] or name}.json"
        lines = [{"timestamp": place, "speakerLabel": "platform", "text": text} for place, text in enumerate(heard)]
        body = msgspec.json.encode({"text": " ".join(heard), "lines": lines})
        return self._write(name, body), self._destination(name, options)

    def _write(self, name: str, content: bytes) -> str:
        if self._folder is None:
            return ""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FnError(f"{self._folder} cannot be made: {error.strerror}.") from error
        path = self._folder / Path(name).name
        write_whole(path, [content])
        return str(path)

    def _destination(self, name: str, options: dict[str, Any]) -> str:
        """The URL that the function is told: where it wanted the file, else where this platform gives it out."""
        wanted = options.get("destinationUrl")
        if not isinstance(wanted, str) or not wanted.strip():
            return f"{self._address}{quote(name, safe='')}"
        wanted = wanted.strip()
        return f"{wanted}{name}" if wanted.endswith("/") else wanted


def _silence(seconds: float) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(_RATE)
        file.writeframes(b"\x80" * int(max(0.0, seconds) * _RATE))
    return content.getvalue()
