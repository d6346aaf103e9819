"""Sessions that lease a callback, and what they leave behind: the state folder, the platform, the processes.

The quickest public session is one with an address of its own: `--public-url` names the function port itself.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devserver.runtime.clients.voice_results import Callbacks
from tests.e2e.commands import Done, run
from tests.e2e.running import Running, project
from tests.fakes.callback_api import KEY, SECRET, CallbackApi, callback_api_in_a_thread
from tests.fakes.processes import children, is_running, wait_until

VARIABLES = {"VOICE_APPLICATION_KEY": KEY, "VOICE_APPLICATION_SECRET": SECRET}
QUICK = {"dev": {"spares": 0, "record": False}}
"""Settings of a project whose reloads and recordings do not matter."""

NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
"""Nothing leaves this machine: whoever asks for an address that is not on it finds nobody."""

_ports = itertools.count(20_000 + os.getpid() * 37 % 10_000)  # below those that the kernel gives away


def free_port() -> int:
    """A port that nobody has, and that no other test is given."""
    for port in _ports:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError


class Session(Running):
    """A running session that may be public."""

    def lease(self, state: str) -> dict[str, Any]:
        """Wait until something is told of the lease, such as that it is `taken`."""
        return self.wait_for("lease", lambda event: event["state"] == state)

    def told(self, kind: str = "lease") -> list[str]:
        """The states that have been told, of the lease or of the tunnel."""
        return [event["state"] for event in self.events if event["event"] == kind]

    def family(self) -> list[int]:
        """Its process, and every one that it has started, and those that these have."""
        found = [self.process.pid]
        for each in found:
            found += children(each)
        return found

    def watchdog(self) -> int:
        """The process that gives the callback back after a crash."""
        return next(each for each in children(self.process.pid) if "devserver.session.watchdog" in command(each))

    def kill(self) -> None:
        """`kill -9` of the gateway."""
        self.process.kill()
        self.process.wait()

    def kill_all(self) -> None:
        """`kill -9` of the gateway and its watchdog, so that nobody can give anything back."""
        for each in (self.watchdog(), self.process.pid):
            os.kill(each, signal.SIGKILL)
        self.process.wait()


class Machine:
    """A developer's machine: a state folder, projects, and the configuration API that they reach.

    Attributes:
        state: the state folder.
        temporary: the place of temporary files, so that sessions that are killed leave nothing on the real machine.
        env: what every `fn` on it gets.
    """

    def __init__(self, folder: Path, api: CallbackApi, **env: str) -> None:
        self.folder = folder
        self.api = api
        self.state = folder / "state"
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        ours = {"FN_STATE_DIR": str(self.state), "FN_CONFIGURATION_ORIGIN": api.url, "TMPDIR": str(self.temporary)}
        self.env = {**ours, **VARIABLES, **NOWHERE, **env}
        self.sessions: list[Session] = []

    def project(self, name: str = "demo", **settings: Any) -> Path:
        """Make a project; one that is there stays."""
        folder = self.folder / name
        return folder if folder.exists() else project(folder, **{"name": name, **QUICK, **settings})

    def start(self, *arguments: str, name: str = "demo", env: dict[str, str] | None = None, **more: Any) -> Session:
        """Start `fn dev` in a project."""
        running = Session(self.project(name), *arguments, env=self.env | (env or {}), **more)
        self.sessions.append(running)
        return running

    def public(self, *arguments: str, **more: Any) -> Session:
        """Start a session with a public address of its own, to whose production callback somebody has agreed."""
        port = free_port()
        return self.start("--yes", *arguments, "--port", str(port), "--public-url", f"http://127.0.0.1:{port}", **more)

    def fn(self, *arguments: str | Path, env: dict[str, str] | None = None) -> Done:
        """Run `fn` to its end."""
        return run(*arguments, env=self.env | (env or {}))

    def entries(self) -> list[Path]:
        """The files of the journal."""
        return sorted((self.state / "leases").glob("*.json"))

    def tunnel_folders(self) -> list[Path]:
        """The folders of tunnels' programs, those that were left behind included."""
        return sorted(self.temporary.glob("fn-tunnel-*"))

    def leases(self) -> list[dict[str, Any]]:
        """What `fn lease list --json` says."""
        done = self.fn("lease", "list", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return list(json.loads(done.stdout))

    def is_back(self, original: Callbacks) -> bool:
        """Whether the original is configured, and nothing is to be given back any more."""
        return self.api.now == original and not self.entries()

    def close(self) -> None:
        """End what still runs."""
        self.api.heal()
        for running in self.sessions:
            running.close()


@contextmanager
def machine(folder: Path, **env: str) -> Iterator[Machine]:
    """A machine, and a platform that reaches nobody else."""
    with callback_api_in_a_thread() as api:
        made = Machine(folder, api, **env)
        try:
            yield made
        finally:
            made.close()


def command(pid: int) -> str:
    """The command line of a process; empty when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_until_gone(pids: list[int], seconds: float = 60.0) -> float:
    """Wait until none of these processes runs; gives the seconds it took."""
    return wait_until(
        lambda: not any(is_running(each) for each in pids),
        f"still running: {[command(each) for each in pids if is_running(each)]}",
        seconds,
    )
