"""A public session with something wrong: one sentence with the next step, nothing changed, and the rest goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.e2e.commands import assert_one_sentence
from tests.e2e.leases import Machine, Session, free_port, machine
from tests.e2e.tunnels import through
from tests.fakes.callback_api import KEY, PRODUCTION, Name
from tests.fakes.edge import EdgeProcess

pytestmark = pytest.mark.e2e


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as made:
        yield made


def assert_goes_on_at_home(session: Session) -> None:
    """It answers, ends as always, and has neither taken anything nor shown a traceback."""
    assert session.get("/status").json == {"word": "hello"}
    assert session.stop() == 143
    assert session.errors == ""
    assert "taken" not in session.told()
    assert not any("Traceback" in str(event) for event in session.events)


# --- what the platform says -------------------------------------------------------------------------------------------


def test_wrong_credentials(here: Machine) -> None:
    session = here.public(env={"VOICE_APPLICATION_SECRET": "AAAAAAAAAAAAAAAAAAAAAA=="})

    refused = session.lease("refused")

    assert "refuses key and secret (401" in refused["text"]
    assert "`fn secrets explain VOICE_APPLICATION_SECRET`" in refused["hint"]
    assert_goes_on_at_home(session)
    assert session.told() == ["refused"], "it is told once"
    assert here.is_back(PRODUCTION)


@pytest.mark.parametrize("fault", ["403", "40003"])
def test_an_application_of_another_project(here: Machine, fault: Name) -> None:
    here.api.play("GET", fault)
    session = here.public()

    refused = session.lease("refused")

    assert KEY in refused["text"]
    assert ("Invalid application key" if fault == "40003" else "403") in refused["text"]
    assert "`fn secrets explain" in refused["hint"]
    assert_goes_on_at_home(session)
    assert here.is_back(PRODUCTION)


@pytest.mark.parametrize(("ahead", "words"), [(3600, "60 min behind"), (-3600, "60 min ahead")])
def test_a_clock_that_is_an_hour_wrong_is_said_so(here: Machine, ahead: float, words: str) -> None:
    here.api.ahead = ahead
    session = here.public()

    refused = session.lease("refused")

    assert f"this machine's clock is {words}" in refused["text"]
    assert "Set the clock" in refused["hint"]
    assert_goes_on_at_home(session)
    assert here.is_back(PRODUCTION)


def test_a_platform_that_does_not_answer_is_told_and_asked_again_until_it_does(here: Machine, tmp_path: Path) -> None:
    with machine(tmp_path / "there") as there:
        dead = f"http://127.0.0.1:{free_port()}"
        nobody = there.public(env={"FN_CONFIGURATION_ORIGIN": dead})
        stumbles: list[Name] = ["500"] * 6  # more than the patience of one try
        here.api.play("GET", *stumbles)
        session = here.public()

        silent, stumbled = nobody.lease("refused"), session.lease("refused")

        assert dead.removeprefix("http://") in silent["text"]
        assert silent["hint"]
        assert "answered 500" in stumbled["text"]
        assert_goes_on_at_home(nobody)
        assert there.entries() == []
        here.api.heal()
        session.lease("taken")
        session.stop()
        assert here.is_back(PRODUCTION)


# --- what stands in variables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacks", ["VOICE_APPLICATION_SECRET", "VOICE_APPLICATION_KEY"])
def test_half_a_voice_app(here: Machine, lacks: str) -> None:
    session = here.public(env={lacks: ""})

    refused = session.lease("refused")

    assert "half of a Voice App" in refused["text"]
    assert lacks in refused["text"]
    assert lacks in refused["hint"]
    assert_goes_on_at_home(session)
    assert here.api.asked == []


@pytest.mark.parametrize(
    "origin", ["callingapi.sinch.com", "ftp://127.0.0.1", "nonsense", "http://", "http://[::1", "http://a b:99999"]
)
def test_an_origin_that_is_none(here: Machine, origin: str) -> None:
    session = here.public(env={"FN_CONFIGURATION_ORIGIN": origin})

    refused = session.lease("refused")

    assert refused["text"] == "FN_CONFIGURATION_ORIGIN is no http:// or https:// address."
    assert "unset it" in refused["hint"]
    assert_goes_on_at_home(session)


# --- the state folder -------------------------------------------------------------------------------------------------


def leave_behind(here: Machine, text: str) -> Path:
    """A file of the journal, as something else has written it."""
    leases = here.state / "leases"
    leases.mkdir(parents=True)
    file = leases / f"{KEY}.json"
    file.write_text(text)
    return file


def test_a_damaged_journal_is_set_aside_and_said_so(here: Machine) -> None:
    file = leave_behind(here, '{"version": 1, "applica')
    session = here.public()

    settled = session.lease("settled")

    assert "damaged" in settled["text"]
    assert "dashboard" in settled["hint"]
    session.lease("taken")
    session.stop()
    assert here.is_back(PRODUCTION)
    aside = [each for each in file.parent.iterdir() if "broken" in each.name]
    assert [each.read_text() for each in aside] == ['{"version": 1, "applica']


def test_a_journal_of_a_newer_version_is_left_alone_and_so_is_the_callback(here: Machine) -> None:
    newer = json.dumps({"version": 99, "application": KEY, "before": {"somewhere": "else"}})
    file = leave_behind(here, newer)
    session = here.public()

    refused = session.lease("refused")

    assert "newer version" in refused["text"]
    assert "fn lease restore" in refused["hint"]
    assert_goes_on_at_home(session)
    assert file.read_text() == newer
    assert here.api.asked == []


@pytest.mark.parametrize("text", ['{"version": 1, "applica', '{"version": 99}'])
def test_fn_lease_says_of_a_journal_that_it_cannot_read_that_it_cannot(here: Machine, text: str) -> None:
    file = leave_behind(here, text)

    listed, restored = here.fn("lease", "list"), here.fn("lease", "restore", "--all")

    assert listed.returncode == 0
    assert restored.returncode == 1
    for done in (listed, restored):
        assert str(file) in done.stdout
        assert "Traceback" not in done.stderr
    assert file.read_text() == text
    assert json.loads(here.fn("lease", "list", "--json").stdout) == []


@pytest.mark.parametrize("below", [False, True])
def test_a_state_folder_that_cannot_be_used_is_said_before_anything_starts(here: Machine, below: bool) -> None:
    file = here.folder / "file"
    file.write_text("not a folder")
    state = str(file / "state" if below else file)

    demo = here.project()
    public = ("--port", "0", "--public-url", "http://127.0.0.1:9", "--yes")

    done = here.fn("dev", "--json", *public, demo, env={"FN_STATE_DIR": state})

    assert_one_sentence(done, 78, "state folder", "FN_STATE_DIR", "--no-tunnel")
    assert done.stdout == ""
    assert not (demo / ".fn").exists()
    assert here.api.asked == []
    assert file.read_text() == "not a folder"


def test_a_state_folder_that_cannot_be_used_is_no_matter_without_a_tunnel(here: Machine) -> None:
    (here.folder / "file").write_text("not a folder")
    session = here.start("--no-tunnel", env={"FN_STATE_DIR": str(here.folder / "file")})

    assert_goes_on_at_home(session)


# --- cloudflared ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", ["missing", "a folder", "not executable", "for another kind of machine", "ends at once"]
)
def test_a_cloudflared_that_cannot_be_used(here: Machine, wrong: str) -> None:
    program = here.folder / "cloudflared"
    match wrong:
        case "a folder":
            program.mkdir()
        case "not executable":
            program.write_text("")
        case "for another kind of machine":
            program.write_text("\x7fELF and so on")
            program.chmod(0o755)
        case "ends at once":
            program.write_text("#!/bin/sh\nexit 3\n")
            program.chmod(0o755)
    session = here.start("--tunnel", "--yes", env={"FN_CLOUDFLARED": str(program)})

    closed = session.wait_for("tunnel", lambda event: event["state"] == "closed")

    assert "cloudflared" in closed["text"]
    assert closed["text"].endswith(".")
    assert closed["hint"].endswith((".", str(program)))
    assert_goes_on_at_home(session)
    assert session.told() == []
    assert here.api.asked == []


def test_arguments_for_cloudflared_that_are_none(edge: EdgeProcess, cloudflared: Path, tmp_path: Path) -> None:
    env = through(edge, cloudflared) | {"FN_CLOUDFLARED_ARGS": '--edge "127.0.0.1'}
    with machine(tmp_path, **env) as here:
        session = here.start("--tunnel", "--yes")

        closed = session.wait_for("tunnel", lambda event: event["state"] == "closed")

        assert closed["text"].startswith("FN_CLOUDFLARED_ARGS cannot be read")
        assert_goes_on_at_home(session)


# --- an address of one's own ------------------------------------------------------------------------------------------


class SomebodyElse(BaseHTTPRequestHandler):
    """A web server that is not ours."""

    def do_GET(self) -> None:
        page = b"<html><title>Welcome to nginx!</title></html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_public_url_that_does_not_lead_here_is_told_and_the_callback_is_not_changed(tmp_path: Path) -> None:
    with machine(tmp_path / "a") as here, machine(tmp_path / "b") as there:
        with HTTPServer(("127.0.0.1", 0), SomebodyElse) as server:
            serving = threading.Thread(target=server.serve_forever)
            serving.start()
            nobody = here.start("--yes", "--public-url", f"http://127.0.0.1:{free_port()}")
            somebody = there.start("--yes", "--public-url", f"http://127.0.0.1:{server.server_port}")
            try:
                told = [
                    session.wait_for("tunnel", lambda event: event["state"] == "reconnecting")
                    for session in (nobody, somebody)
                ]
            finally:
                server.shutdown()
                serving.join()
        assert "cannot be reached" in told[0]["text"]
        assert "the program which should answer there" in told[0]["hint"]
        assert "answered by somebody else" in told[1]["text"]
        assert "Welcome to nginx!" in told[1]["text"]
        for session, ground in ((nobody, here), (somebody, there)):
            assert_goes_on_at_home(session)
            assert ground.api.asked == []
            assert ground.is_back(PRODUCTION)
