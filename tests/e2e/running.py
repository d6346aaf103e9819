"""A real `fn dev` as a process, and what a test wants of it: its events, its port, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path
from typing import Any

FN = str(Path(sys.executable).with_name("fn"))
PATIENCE = 60.0  # seconds; only a failing test waits that long

HELLO = """\
from devserver.runtime import IceSvamlBuilder

async def ice(context, event):
    return IceSvamlBuilder().say("{word}").hangup().build()

async def status(context, request):
    return {{"word": "{word}"}}
"""


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would change the results."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "AWS_CA_BUNDLE", "NO_COLOR", "COLUMNS", "LINES")
    return {key: value for key, value in os.environ.items() if key not in dropped} | more


def project(folder: Path, function: str = HELLO.format(word="hello"), **settings: Any) -> Path:
    """Make a project; `settings` go into `sinch.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sinch.json").write_text(json.dumps({"name": "demo", "runtime": "python", **settings}))
    (folder / "function.py").write_text(function)
    return folder


class Answer:
    """An HTTP answer, read."""

    def __init__(self, status: int, headers: Message, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def said(self) -> str:
        """What the first instruction says."""
        return str(self.json["instructions"][0]["text"])


class Running:
    """A running `fn dev`.

    Args:
        folder: of the project.
        arguments: more of the command line.
        env: more variables.
        group: 0 gives it a process group of its own.
    """

    def __init__(
        self, folder: Path, *arguments: str, env: Mapping[str, str] | None = None, group: int | None = None
    ) -> None:
        self.folder = folder
        self.events: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [FN, "dev", "--json", "--port", "0", *arguments, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**(env or {})),
            process_group=group,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.ready = self.wait_for("ready")
        self.url: str = self.ready["function"]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.events.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(
        self,
        kind: str,
        test: Callable[[dict[str, Any]], bool] = lambda _: True,
        after: int = 0,
        seconds: float = PATIENCE,
    ) -> dict[str, Any]:
        """The first event of a kind that passes a test, from event number `after` on; waits for it."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                for event in self.events[after:]:
                    if event["event"] == kind and test(event):
                        return event
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reader.is_alive()):
                    raise AssertionError(f"no {kind!r} came; {self._state()}")
                self._news.wait(min(left, 0.2))

    def _state(self) -> str:
        ended = self.process.poll()
        errors = self.errors if ended is not None else ""
        return f"status {ended}, events: {self.events[-8:]} {errors}"

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 20
    ) -> Answer:
        """One request; `body` may be bytes, or anything JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)  # noqa: S310 our own address
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 our own address
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.send("POST", path, {} if body is None else body, **more)

    def get(self, path: str, **more: Any) -> Answer:
        return self.send("GET", path, **more)

    def word(self) -> str:
        """What `ice` says now."""
        return self.post("/ice", {"callid": "c1"}).said

    def until(self, test: Callable[[], bool], why: str) -> None:
        """Wait for a condition."""
        end = time.monotonic() + PATIENCE
        while not test():
            if time.monotonic() > end:
                raise AssertionError(f"{why}; events: {self.events[-8:]}")

    def save(self, text: str, name: str = "function.py") -> None:
        """Write a file of the project in place."""
        (self.folder / name).write_text(text)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; gives the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(PATIENCE)
        return status

    @property
    def errors(self) -> str:
        """What it wrote to standard error; call after `stop`."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def close(self) -> None:
        """End it, however it is."""
        if self.process.poll() is None:
            self.stop()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
