"""`fn lease`: what is to be given back on this machine, and giving it back, also when nothing else can."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devserver.runtime.clients.voice_results import Callbacks
from tests.e2e.leases import VARIABLES, Machine, Session, machine, wait_until_gone
from tests.e2e.running import environment
from tests.fakes.callback_api import KEY, PRODUCTION, SECRET, Name
from tests.fakes.processes import wait_until

pytestmark = pytest.mark.e2e

OTHER = "0b2e1a4c-8f0e-4d7e-9a53-6f5d8a1c2b3e"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as made:
        yield made


def killed(here: Machine, *arguments: str, name: str = "demo", env: dict[str, str] | None = None) -> Session:
    """A session of which nobody is left to give anything back."""
    session = here.public(*arguments, name=name, env=env)
    session.lease("taken")
    session.kill_all()
    return session


def test_with_nothing_to_give_back_there_is_nothing_to_say_and_no_folder_is_made(here: Machine) -> None:
    listed, restored = here.fn("lease", "list"), here.fn("lease", "restore", "--all")

    assert (listed.returncode, listed.stdout) == (0, "No callback points at this machine.\n")
    assert (restored.returncode, restored.stdout) == (0, "Nothing is to be given back.\n")
    assert here.leases() == []
    assert not (here.state / "leases").exists()


def test_a_live_lease_is_listed_and_not_taken_from_its_session(here: Machine) -> None:
    session = here.public()
    session.lease("taken")

    listed, restored = here.leases(), here.fn("lease", "restore", "--all")

    contract = {"application", "before", "ours", "pid", "state"}
    assert {name: listed[0][name] for name in contract} == {
        "application": KEY,
        "before": {"primary": PRODUCTION.primary, "fallback": PRODUCTION.fallback},
        "ours": session.url,
        "pid": session.process.pid,
        "state": "applied",
    }
    assert listed[0]["live"] is True
    words = here.fn("lease", "list").stdout
    assert f"pid {session.process.pid}" in words
    assert str(PRODUCTION.primary) in words
    assert str(PRODUCTION.fallback) in words
    assert restored.returncode == 1
    assert f"fn dev of demo (pid {session.process.pid})" in restored.stdout
    assert "Ctrl-C" in restored.stdout
    assert here.api.now.primary == session.url


def test_a_lease_of_a_dead_session_is_listed_as_such_and_given_back(here: Machine) -> None:
    session = killed(here)

    assert [(each["pid"], each["live"]) for each in here.leases()] == [(session.process.pid, False)]
    assert "fn lease restore" in here.fn("lease", "list").stdout
    done = here.fn("lease", "restore", "--all", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    assert [(each["application"], each["ok"]) for each in json.loads(done.stdout)] == [(KEY, True)]
    assert here.is_back(PRODUCTION)
    assert here.fn("lease", "restore", "--all").stdout == "Nothing is to be given back.\n"


def test_without_all_only_that_of_the_project_is_given_back(here: Machine) -> None:
    before = Callbacks("https://other.example.com/voice", None)
    here.api.applications[OTHER] = before
    killed(here)
    other = killed(here, name="other", env={"VOICE_APPLICATION_KEY": OTHER})

    done = here.fn("lease", "restore", "--dir", here.project())

    assert (done.returncode, done.stderr) == (0, "")
    assert here.api.now == PRODUCTION
    assert here.api.applications[OTHER].primary == other.url
    assert [each["application"] for each in here.leases()] == [OTHER]
    env = {"VOICE_APPLICATION_KEY": OTHER}
    assert here.fn("lease", "restore", "--dir", here.project("other"), env=env).returncode == 0
    assert here.api.applications[OTHER] == before
    assert here.entries() == []


def test_who_is_in_no_project_is_told_what_needs_none(here: Machine, tmp_path: Path) -> None:
    done = here.fn("lease", "restore", "--dir", tmp_path)

    assert done.returncode == 78
    assert "`fn lease restore --all` needs no project." in done.stderr


def test_what_somebody_else_has_set_meanwhile_stays(here: Machine) -> None:
    killed(here)
    here.api.configure("https://deployed.example.com/voice")

    done = here.fn("lease", "restore", "--all")

    assert done.returncode == 0
    assert "https://deployed.example.com/voice" in done.stdout
    assert here.is_back(Callbacks("https://deployed.example.com/voice", None))


def test_without_the_secret_it_is_said_how_to_do_it_by_hand(here: Machine) -> None:
    killed(here)

    done = here.fn("lease", "restore", "--all", env=dict.fromkeys(VARIABLES, ""))

    assert done.returncode == 1
    assert f"The secret of {KEY} is not known here" in done.stdout
    assert 'curl -u "$VOICE_APPLICATION_KEY:$VOICE_APPLICATION_SECRET"' in done.stdout
    assert len(here.entries()) == 1


def test_with_the_platform_down_everything_says_how_to_do_it_by_hand_and_that_works(here: Machine) -> None:
    session = here.public()
    session.lease("taken")
    watchdog = session.watchdog()
    down: list[Name] = ["500"] * 200
    here.api.play("GET", *down)

    assert session.stop() == 143

    kept = session.lease("kept")
    assert str(PRODUCTION.primary) in kept["text"]
    assert session.told() == ["taken", "kept"]
    assert len(here.entries()) == 1
    os.kill(watchdog, 9)
    wait_until_gone([watchdog])
    done = here.fn("lease", "restore", "--all")
    assert done.returncode == 1
    assert "answered 500" in done.stdout
    assert len(here.entries()) == 1

    curl = by_hand(done.stdout)
    assert curl == by_hand(kept["hint"])
    assert SECRET not in "".join([done.stdout, done.stderr, *map(str, session.events), session.errors])
    here.api.heal()
    ran = subprocess.run(["sh", "-c", curl], env=environment(**here.env), capture_output=True, check=False, timeout=20)
    assert ran.returncode == 0, ran.stderr
    assert here.api.now == PRODUCTION
    again = here.fn("lease", "restore", "--all")
    assert (again.returncode, again.stderr) == (0, "")
    assert "already" in again.stdout
    assert here.is_back(PRODUCTION)


def by_hand(text: str) -> str:
    found = re.search(r"^ *(curl .*)$", text, re.MULTILINE)
    assert found, text
    return found[1]


def test_what_the_session_could_not_give_back_in_time_its_watchdog_does_later(here: Machine) -> None:
    session = here.public()
    session.lease("taken")
    down: list[Name] = ["500"] * 200
    here.api.play("GET", *down)
    assert session.stop() == 143
    assert session.told() == ["taken", "kept"]

    here.api.heal()

    wait_until(lambda: here.is_back(PRODUCTION), "the watchdog has given up")


def test_what_could_not_be_given_back_when_the_time_was_over_is_given_back_at_the_end(here: Machine) -> None:
    here.project(dev={"spares": 0, "tunnelExpiry": 2})
    session = here.public()
    session.lease("taken")
    down: list[Name] = ["500"] * 200
    here.api.play("GET", *down)
    session.lease("kept")
    here.api.heal()

    assert session.stop() == 143

    assert session.told() == ["taken", "kept", "restored"]
    assert here.is_back(PRODUCTION)


def test_a_secret_that_the_project_has_is_found_there(here: Machine) -> None:
    here.env = {name: value for name, value in here.env.items() if name not in VARIABLES}
    (here.project() / ".env").write_text("".join(f"{name}={value}\n" for name, value in VARIABLES.items()))
    killed(here)

    done = here.fn("lease", "restore", "--all")

    assert (done.returncode, done.stderr) == (0, "")
    assert here.is_back(PRODUCTION)
