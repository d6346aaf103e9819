"""Keyrings: in memory, in a file, one that is not there, and a real Secret Service that a test has for itself.

`tests/project/test_keyrings.py` holds the first and the last to the same promises.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from devserver.errors import ConfigError

NONE = "This machine has no usable keyring."
PASSWORD = "test"
LOGIN_VARIABLES = (
    "SINCH_PROJECT_ID",
    "SINCH_KEY_ID",
    "SINCH_KEY_SECRET",
    "VOICE_APPLICATION_KEY",
    "VOICE_APPLICATION_SECRET",
    "FN_PROFILE",
)
# The service lives until its standard input is closed; the bus ends it then.
_UNLOCKED = f"printf %s {PASSWORD} | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null 2>&1"
_WAIT = 'echo "$DBUS_SESSION_BUS_ADDRESS"; exec cat'


@dataclass
class MemoryKeyring:
    """A keyring in memory that remembers what it was asked."""

    entries: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, account: str) -> str | None:
        self.asked.append(account)
        return self.entries.get(account)

    def set(self, account: str, value: str) -> None:
        self.entries[account] = value

    def delete(self, account: str) -> bool:
        return self.entries.pop(account, None) is not None


class NoKeyring:
    """A machine without a keyring."""

    def get(self, account: str) -> str | None:  # noqa: ARG002 the Protocol has it
        raise ConfigError(NONE)

    def set(self, account: str, value: str) -> None:  # noqa: ARG002 the Protocol has it
        raise ConfigError(NONE)

    def delete(self, account: str) -> bool:  # noqa: ARG002 the Protocol has it
        raise ConfigError(NONE)


_FILE_KEYRING = """
import json, os, pathlib
from keyring.backend import KeyringBackend

PATH = pathlib.Path(os.environ["RING"])

class FileKeyring(KeyringBackend):
    priority = -1

    def read(self):
        return json.loads(PATH.read_text()) if PATH.exists() else {}

    def get_password(self, service, username):
        return self.read().get(f"{service} {username}")

    def set_password(self, service, username, password):
        PATH.write_text(json.dumps(self.read() | {f"{service} {username}": password}))

    def delete_password(self, service, username):
        entries = self.read()
        del entries[f"{service} {username}"]
        PATH.write_text(json.dumps(entries))
"""


class Ring(KeyringBackend):
    """A keyring in memory. Never found by chance: the library lists every backend class of the process."""

    priority = -1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ring]:
    """A keyring of our own, and an environment in which nobody is logged in."""
    for name in LOGIN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FN_STATE_DIR", str(tmp_path / "state"))
    before, ours = keyring.get_keyring(), Ring()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


@pytest.fixture
def store(tmp_path: Path) -> dict[str, str]:
    """An environment for programs in which nobody is logged in, with a keyring in the file `ring.json`."""
    (tmp_path / "file_keyring.py").write_text(_FILE_KEYRING)
    return {
        "PYTHONPATH": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring",
        "FN_STATE_DIR": str(tmp_path / "state"),
        "RING": str(tmp_path / "ring.json"),
    } | dict.fromkeys(LOGIN_VARIABLES, "")


needs_secret_service = pytest.mark.skipif(
    not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session")),
    reason="gnome-keyring and dbus are not installed (apt-get install gnome-keyring dbus)",
)


@contextmanager
def secret_service(home: Path, *, unlocked: bool = True) -> Iterator[dict[str, str]]:
    """Run a Secret Service of its own, with its files below `home`.

    Args:
        home: a folder; a second service in it finds what the first one stored.
        unlocked: whether its keyring is opened; a locked one has nobody to ask for a password (lab.md 7).

    Yields:
        The environment in which programs find it.
    """
    run, data = home / "run", home / "share"
    run.mkdir(mode=0o700, exist_ok=True)
    (data / "keyrings").mkdir(mode=0o700, parents=True, exist_ok=True)
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(run), "XDG_DATA_HOME": str(data)}
    dropped = ("DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND", "DISPLAY", "WAYLAND_DISPLAY")
    environ = {key: value for key, value in os.environ.items() if key not in dropped} | own
    script = f"{_UNLOCKED}; {_WAIT}" if unlocked else _WAIT
    with subprocess.Popen(
        ["dbus-run-session", "--", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield own | {"DBUS_SESSION_BUS_ADDRESS": process.stdout.readline().strip()}
        finally:
            process.stdin.close()
            process.wait(10)
