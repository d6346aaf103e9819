"""Commands as a person at a shell sees them: what they print, at a terminal or into a pipe, and how they end."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.running import FN, PATIENCE, environment

PYTHON = sys.executable
TRIES = 30  # each starts a process
Done = subprocess.CompletedProcess[str]


def run(*arguments: str | Path, env: Mapping[str, str] | None = None, **more: Any) -> Done:
    """Run `fn` to its end."""
    return run_program(FN, *arguments, env=env, **more)


def run_program(*command: str | Path, env: Mapping[str, str] | None = None, **more: Any) -> Done:
    """Run any program to its end, with nothing to read."""
    return subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(**(env or {})),
        timeout=2 * PATIENCE,
        check=False,
        **more,
    )


def assert_one_sentence(done: Done, status: int, *parts: str) -> None:
    """A refusal: the exit status, no traceback, and one sentence followed by what to do next."""
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "bug in fn" not in done.stderr
    for part in parts:
        assert part in done.stderr
    lines = done.stderr.rstrip().splitlines()
    if lines[0].startswith("fn: "):
        assert len(lines) == 2, lines
        assert lines[1].startswith("    ")
        assert lines[1].rstrip().endswith((".", "`", "?")), lines


def recordings(folder: Path, *arguments: str) -> Any:
    """What `fn recordings ... --json` says."""
    done = run("recordings", *arguments, "--json", "--dir", folder)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def listed(folder: Path, *more: str) -> list[dict[str, Any]]:
    """The list, once the answers that have been given are in it: they are written a moment after they are sent."""
    for _ in range(TRIES):
        found: list[dict[str, Any]] = recordings(folder, "list", *more)
        if all(each["status"] for each in found):
            return found
    raise AssertionError("the answers never came")


def shown(folder: Path, name: str = "last") -> dict[str, Any]:
    """One recording, once its answer is in it."""
    for _ in range(TRIES):
        found: dict[str, Any] = recordings(folder, "show", name)
        if found["response"] is not None:
            return found
    raise AssertionError("the answers never came")


class Shown:
    """A running command whose output a test reads as it comes.

    Args:
        terminal: give it a terminal instead of pipes.
    """

    def __init__(self, *command: str | Path, env: Mapping[str, str] | None = None, terminal: bool = False) -> None:
        reading, writing = pty.openpty() if terminal else os.pipe()
        self.text = ""
        self._news = threading.Condition()
        self._reading = reading
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=writing if terminal else subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            env=environment(**{"TERM": "xterm-256color", **(env or {})}),
        )
        os.close(writing)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._reading, 65536)
            except OSError:  # a terminal that nobody holds open any more
                data = b""
            with self._news:
                self.text += data.decode()
                self._news.notify_all()
            if not data:
                return

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the output contains a pattern; `^` and `$` are ends of lines."""
        end = time.monotonic() + PATIENCE
        with self._news:
            while not (found := re.search(pattern, self.text, re.MULTILINE)):
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reader.is_alive()):
                    raise AssertionError(f"{pattern!r} did not come; {self.process.poll()}: {self.text}")
                self._news.wait(min(left, 0.2))
            return found

    def press(self, keys: bytes) -> None:
        """Type at its terminal."""
        os.write(self._reading, keys)

    def is_over(self) -> bool:
        """Whether nobody holds its output open any more: it has ended, and so has all that it started."""
        return not self._reader.is_alive()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; gives the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def close(self) -> None:
        """End it, however it is."""
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            os.close(self._reading)
