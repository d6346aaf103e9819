from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from devserver.session.doctor import Finding, Patient, examine
from devserver.session.doctor_outside import check_clock, check_cloudflared
from devserver.tunnel.cloudflared_binary import what_pycloudflared_knows
from tests.fakes.keyrings import NoKeyring


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def cloudflared(tmp_path: Path, **environ: str) -> Finding:
    patient = Patient(tmp_path, {"FN_STATE_DIR": str(tmp_path / "state")} | environ, NoKeyring())
    [checked] = examine(patient, [("cloudflared", check_cloudflared)])
    return checked.finding


GOOD = 'echo "cloudflared version 2026.7.2 (built 2026-07-01-1200 UTC)"'


def test_the_program_that_a_tunnel_would_use_says_its_version(tmp_path: Path) -> None:
    named = program(tmp_path / "named" / "cf", GOOD)
    assert cloudflared(tmp_path, FN_CLOUDFLARED=str(named)) == Finding("ok", f"cloudflared 2026.7.2 ({named}).")
    on_path = program(tmp_path / "bin" / "cloudflared", GOOD)
    assert cloudflared(tmp_path, PATH=str(on_path.parent)).text == f"cloudflared 2026.7.2 ({on_path})."


@pytest.fixture
def _pycloudflared_has_none() -> None:
    if what_pycloudflared_knows().place.exists():
        pytest.skip("pycloudflared has downloaded one here")


@pytest.mark.usefixtures("_pycloudflared_has_none")
def test_one_that_we_have_downloaded_before_is_found(tmp_path: Path) -> None:
    ours = program(tmp_path / "state" / "bin" / "cloudflared", GOOD)
    assert str(ours) in cloudflared(tmp_path, PATH="").text


@pytest.mark.usefixtures("_pycloudflared_has_none")
def test_without_one_nothing_is_downloaded(tmp_path: Path) -> None:
    assert cloudflared(tmp_path, PATH="") == Finding("ok", "cloudflared is not here; the first tunnel downloads it.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", ["exit 1", "echo something else", f"{GOOD}; exit 3", "kill -9 $$"])
def test_one_that_does_not_run_is_an_error(tmp_path: Path, script: str) -> None:
    finding = cloudflared(tmp_path, FN_CLOUDFLARED=str(program(tmp_path / "cf", script)))
    assert finding.state == "error"
    assert "does not run, or is no cloudflared" in finding.text
    assert finding.hint


def test_one_of_another_kind_of_machine_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cf"
    path.write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 57)
    path.chmod(0o755)
    assert "kind of machine" in cloudflared(tmp_path, FN_CLOUDFLARED=str(path)).hint


def test_a_name_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    finding = cloudflared(tmp_path, FN_CLOUDFLARED=str(tmp_path / "none"))
    assert (finding.state, "does not exist" in finding.text) == ("error", True)


# --- clock -----------------------------------------------------------------------------------------------------------


@contextmanager
def a_server(date: str | None, status: int = 404) -> Iterator[str]:
    """A server that knows another time."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(status)
            if date is not None:
                self.send_header("Date", date)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def clock(origin: str, *, online: bool = True) -> Finding:
    patient = Patient(Path(), {"FN_CONFIGURATION_ORIGIN": origin}, NoKeyring(), online=online)
    [checked] = examine(patient, [("clock", check_clock)])
    return checked.finding


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    ("seconds", "state", "said"),
    [
        (-30, "ok", " s ahead of"),
        (30, "ok", " s behind"),
        (120, "warning", " s behind"),
        (3600, "error", " s behind"),
        (-3600, "error", " s ahead of"),
    ],
)
def test_the_clock_is_compared(
    monkeypatch: pytest.MonkeyPatch, status: int, seconds: int, state: str, said: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # this machine is reached without
    then = datetime.now(UTC) + timedelta(seconds=seconds)
    with a_server(format_datetime(then, usegmt=True), status) as origin:
        finding = clock(origin)
    assert finding.state == state
    assert said in finding.text


def test_nobody_is_asked_without_being_told_to() -> None:
    assert clock("http://127.0.0.1:9", online=False).text == "The clock is compared with Sinch's only with --online."


def test_a_server_that_cannot_be_asked_is_a_warning() -> None:
    assert "cannot be asked for the time" in clock("http://127.0.0.1:9").text
    for date in (None, "yesterday"):
        with a_server(date) as origin:
            finding = clock(origin)
        assert (finding.state, finding.text) == (
            "warning",
            f"{origin} cannot be asked for the time: its answer has no date.",
        )


def test_an_address_that_is_none_is_an_error() -> None:
    assert clock("voice.example").state == "error"
