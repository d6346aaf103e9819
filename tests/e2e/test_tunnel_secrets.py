"""The secret of a Voice App is nowhere where somebody else could read it: not in `ps`, not on the disk, not on a screen."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import assert_one_sentence
from tests.e2e.leases import VARIABLES, Machine, Session, command, machine
from tests.e2e.tunnels import ICE, Stranger, through
from tests.fakes.callback_api import PRODUCTION, SECRET, Name
from tests.fakes.edge import EdgeProcess
from tests.fakes.processes import wait_until

pytestmark = pytest.mark.e2e

FORMS = (SECRET.encode(), base64.b64decode(SECRET), base64.b64decode(SECRET).hex().encode())


@pytest.fixture
def here(edge: EdgeProcess, cloudflared: Path, tmp_path: Path) -> Iterator[Machine]:
    (tmp_path / "temporary").mkdir()
    with machine(tmp_path, TMPDIR=str(tmp_path / "temporary"), **through(edge, cloudflared)) as made:
        made.project(dev={"spares": 1})  # what is recorded counts, too
        yield made


def knows(data: bytes) -> bool:
    return any(form in data for form in FORMS)


def processes_that_know(session: Session) -> set[int]:
    """Those of its processes whose command line or environment, as `ps` shows them, has the secret."""
    return {
        pid
        for pid in session.family()
        if any(knows(Path(f"/proc/{pid}/{name}").read_bytes()) for name in ("cmdline", "environ"))
    }


def files_that_know(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and knows(path.read_bytes())]


def live(here: Machine, edge: EdgeProcess) -> Session:
    """A session with a tunnel and a lease, to which things have happened."""
    session = here.start("--tunnel", "--yes")
    stranger = Stranger(edge, session.lease("taken")["url"])
    assert stranger.call().status == 200
    assert stranger.call(secret="AAAAAAAAAAAAAAAAAAAAAA==").status == 401
    assert stranger.ask("POST", "/ice", ICE).status == 401
    session.wait_for("callback", lambda event: event["status"] == 401)
    return session


def test_a_secret_in_env_is_known_to_no_process_list_no_file_and_no_output(here: Machine, edge: EdgeProcess) -> None:
    here.env = {name: value for name, value in here.env.items() if name not in VARIABLES}
    (here.project() / ".env").write_text("".join(f"{name}={value}\n" for name, value in VARIABLES.items()))
    session = live(here, edge)

    assert len(session.family()) >= 5, "session, host, spare, watchdog, guard, cloudflared"
    assert processes_that_know(session) == set()
    assert files_that_know(here.folder) == [str(here.project() / ".env")]
    session.stop()

    assert here.is_back(PRODUCTION)
    assert files_that_know(here.folder) == [str(here.project() / ".env")]
    assert not knows(str(session.events).encode() + session.errors.encode())


def test_a_secret_in_the_environment_goes_no_further_than_to_the_function(here: Machine, edge: EdgeProcess) -> None:
    session = live(here, edge)
    outside = [pid for pid in session.family() if "session.host" not in command(pid) and pid != session.process.pid]

    assert len(outside) == 3, "watchdog, guard, cloudflared"
    assert not processes_that_know(session) & set(outside)
    assert files_that_know(here.folder) == []
    session.kill()

    wait_until(lambda: here.is_back(PRODUCTION), "it is not given back")
    assert files_that_know(here.folder) == []
    assert not knows(str(session.events).encode())


@pytest.mark.parametrize("fault", ["401", "403", "40003"])
def test_no_error_tells_the_secret(here: Machine, fault: Name) -> None:
    faults: list[Name] = [fault] * 30
    here.api.play("GET", *faults)
    session = here.start("--tunnel", "--yes")
    session.lease("refused")
    session.stop()

    assert not knows(str(session.events).encode() + session.errors.encode())
    assert files_that_know(here.folder) == []


def test_a_secret_that_is_none_is_not_shown_either(here: Machine) -> None:
    wrong = "made-up, and not base64"

    done = here.fn("dev", "--port", "0", "--tunnel", here.project(), env={"VOICE_APPLICATION_SECRET": wrong})

    assert_one_sentence(done, 78, "VOICE_APPLICATION_SECRET", "base64")
    assert wrong not in done.stdout + done.stderr
