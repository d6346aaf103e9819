"""A program that passes for cloudflared, for what the real one does only on other machines or in bad moments."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

_PROGRAM = '''\
#!{python}
"""What it does is in the first line below; what it was started with goes into a file."""
knobs = {knobs!r}
import http.server, json, os, signal, sys, time
from pathlib import Path

folder = Path(__file__).parent
with (folder / "started.jsonl").open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if not knobs["knows_prechecks"] and "--no-prechecks" in sys.argv:
    print("Incorrect Usage. flag provided but not defined: -no-prechecks\\n\\nNAME:\\n   cloudflared tunnel")
    sys.exit(0)
protocol = sys.argv[len(sys.argv) - sys.argv[::-1].index("--protocol")]
if knobs["says"]:
    print(json.dumps({{"level": "error", "message": knobs["says"]}}), file=sys.stderr, flush=True)
if knobs["ends_with"] is not None:
    sys.exit(knobs["ends_with"])

class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if (folder / "frozen").exists():
            time.sleep(3600)
        ready = protocol in knobs["ready_with"] and not (folder / "away").exists()
        status = 200 if ready or self.path != "/ready" else 503
        body = json.dumps({{"hostname": "pretend.trycloudflare.com", "readyConnections": int(ready)}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
server.daemon_threads = True
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
said = f"Starting metrics server on 127.0.0.1:{{server.server_address[1]}}/metrics"
print(json.dumps({{"level": "info", "message": said}}), file=sys.stderr, flush=True)
server.serve_forever()
'''


@dataclass(frozen=True, slots=True)
class Knobs:
    """How it behaves.

    Attributes:
        knows_prechecks: whether it has heard of `--no-prechecks`.
        ready_with: the protocols with which it gets a connection.
        says: an error that it writes at its start.
        ends_with: its exit status, at once.
    """

    knows_prechecks: bool = True
    ready_with: tuple[str, ...] = ("auto", "http2")
    says: str = ""
    ends_with: int | None = None


class PretendCloudflared:
    """The program in a folder.

    Attributes:
        path: of the program.
    """

    def __init__(self, folder: Path, knobs: Knobs = Knobs()) -> None:
        self.path = folder / "cloudflared"
        self._folder = folder
        self.path.write_text(_PROGRAM.format(python=sys.executable, knobs=asdict(knobs)))
        self.path.chmod(0o755)

    @property
    def started(self) -> list[list[str]]:
        """The arguments of each start."""
        file = self._folder / "started.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def freeze(self) -> None:
        """Answer nothing any more."""
        (self._folder / "frozen").touch()

    def lose(self) -> None:
        """Be disconnected."""
        (self._folder / "away").touch()
