"""Who is asked, and when: before production calls come here, and at the first start, whether there is to be a tunnel."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.leases import Machine, Session, free_port, machine
from tests.e2e.running import FN
from tests.e2e.tunnels import through
from tests.fakes.callback_api import KEY, PRODUCTION
from tests.fakes.edge import EdgeProcess
from tests.fakes.job_shell import ENDED, Job
from tests.fakes.processes import wait_until

pytestmark = pytest.mark.e2e

QUESTION = "looks like production. Send them to this machine?"
FIRST = "Use a tunnel? [y/N]"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as made:
        yield made


@contextmanager
def at_a_terminal(here: Machine, *arguments: str) -> Iterator[Job]:
    """`fn dev` with a person in front of it."""
    variables = [f"{name}={value}" for name, value in here.env.items()]
    with Job("/usr/bin/env", *variables, "TERM=xterm", FN, "dev", *arguments, str(here.project())) as job:
        yield job


def end(job: Job, status: int = 130) -> None:
    job.type("\x03")
    job.until(f"{ENDED} {status}")


def pass_time(seconds: float) -> None:
    """Where time itself is what is waited for."""
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > seconds, "time stands still")


def own_address() -> list[str]:
    port = free_port()
    return ["--port", str(port), "--public-url", f"http://127.0.0.1:{port}"]


# --- production -------------------------------------------------------------------------------------------------------


def start_unasked(here: Machine, *arguments: str) -> Session:
    return here.start(*arguments, *own_address())


def test_without_a_terminal_and_without_yes_production_is_not_touched_and_the_session_goes_on(here: Machine) -> None:
    session = start_unasked(here)

    refused = session.lease("refused")

    assert KEY in refused["text"]
    assert str(PRODUCTION.primary) in refused["text"]
    assert "looks like production" in refused["text"]
    assert "--yes" in refused["hint"]
    assert session.get("/status").json == {"word": "hello"}
    session.stop()
    assert session.told() == ["refused"]
    assert "POST" not in here.api.methods
    assert here.is_back(PRODUCTION)


def test_yes_is_remembered_for_the_application_and_for_no_other(here: Machine) -> None:
    other = "0b2e1a4c-8f0e-4d7e-9a53-6f5d8a1c2b3e"
    here.api.applications[other] = PRODUCTION
    first = start_unasked(here, "--yes")
    first.lease("taken")
    first.stop()

    second = start_unasked(here)
    second.lease("taken")
    second.stop()
    third = here.start(*own_address(), env={"VOICE_APPLICATION_KEY": other})
    third.lease("refused")

    assert here.is_back(PRODUCTION)
    assert here.api.applications[other] == PRODUCTION


@pytest.mark.parametrize("address", ["http://localhost:3000/", None])
def test_what_does_not_look_like_production_needs_no_yes(here: Machine, address: str | None) -> None:
    here.api.configure(address)
    session = start_unasked(here)

    session.lease("taken")
    session.stop()

    assert here.api.now.primary == address


def test_at_a_terminal_no_leaves_production_alone_and_is_asked_again_next_time(here: Machine) -> None:
    for _ in range(2):
        with at_a_terminal(here, *own_address()) as job:
            job.until(QUESTION)
            assert str(PRODUCTION.primary) in job.shown
            job.type("n")
            job.until("was not changed")
            end(job)
    assert "POST" not in here.api.methods
    assert here.is_back(PRODUCTION)


def test_at_a_terminal_yes_points_it_here_once_and_for_all(here: Machine) -> None:
    with at_a_terminal(here, *own_address()) as job:
        job.until(QUESTION)
        job.type("y")
        job.until("as its fallback.")
        end(job)
        job.until(f"{PRODUCTION.primary} again")
    assert here.is_back(PRODUCTION)

    with at_a_terminal(here, *own_address()) as job:
        job.until("as its fallback.")
        assert QUESTION not in job.shown
        end(job)
    assert here.is_back(PRODUCTION)


def test_ctrl_c_is_an_answer_too_and_nothing_is_changed(here: Machine) -> None:
    with at_a_terminal(here, *own_address()) as job:
        job.until(QUESTION)
        end(job)
        assert job.gives_lines
    assert "POST" not in here.api.methods
    assert here.is_back(PRODUCTION)


def test_what_changes_while_somebody_thinks_is_what_counts(here: Machine) -> None:
    with at_a_terminal(here, *own_address()) as job:
        job.until(QUESTION)
        here.api.configure("https://deployed-meanwhile.example.com/voice")
        pass_time(1.2)  # who answers quicker has not thought
        job.type("y")
        job.until("https://deployed-meanwhile.example.com/voice as its fallback.")
        end(job)
    assert here.api.now.primary == "https://deployed-meanwhile.example.com/voice"


# --- the first start --------------------------------------------------------------------------------------------------


def preference(here: Machine) -> Any:
    settings = json.loads((here.project() / "sinch.json").read_text())
    return settings.get("tunnel", {}).get("preference")


def test_the_first_start_asks_for_a_tunnel_and_no_is_kept(here: Machine) -> None:
    with at_a_terminal(here, "--port", "0") as job:
        job.until(FIRST)
        job.type("n\n")
        job.until("is ready")
        end(job)
    assert preference(here) == "off"

    with at_a_terminal(here, "--port", "0") as job:
        job.until("is ready")
        assert FIRST not in job.shown
        end(job)
    assert here.api.asked == []


def test_yes_at_the_first_start_opens_one_now_and_without_a_question_next_time(
    edge: EdgeProcess, cloudflared: Path, tmp_path: Path
) -> None:
    with machine(tmp_path, **through(edge, cloudflared)) as here:
        here.api.configure(None)
        with at_a_terminal(here, "--port", "0") as job:
            job.until(FIRST)
            job.type("y\n")
            job.until("no address was configured before")
            end(job)
        assert preference(here) == "on"

        session = here.start()
        session.lease("taken")
        session.stop()

        home = here.start("--no-tunnel")
        assert home.word() == "hello"
        home.stop()
        assert home.told("tunnel") == []


@pytest.mark.parametrize("arguments", [["--no-tunnel"], ["--non-interactive"], ["--exec", "true"]])
def test_who_says_so_or_cannot_be_asked_is_not_asked(here: Machine, arguments: list[str]) -> None:
    with at_a_terminal(here, "--port", "0", *arguments) as job:
        if "--exec" in arguments:
            job.until(f"{ENDED} 0")
        else:
            job.until("is ready")
            end(job)
        assert FIRST not in job.shown
    assert preference(here) is None


def test_a_terminal_that_is_closed_gives_the_callback_back(here: Machine) -> None:
    with at_a_terminal(here, *own_address(), "--yes") as job:
        job.until("as its fallback.")
    wait_until(lambda: here.is_back(PRODUCTION), "it is not given back")


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_gives_all_of_its_time_once_more(here: Machine) -> None:
    here.api.configure(None)
    here.project(tunnel={"preference": "on"}, dev={"spares": 0, "tunnelExpiry": 3})
    with at_a_terminal(here, *own_address()) as job:
        job.until("no address was configured before")
        job.type("?")
        job.until("more time for the tunnel")
        pass_time(1.5)  # of the three seconds
        job.type("a")
        job.until("The tunnel stays until")
        pressed = time.monotonic()
        job.until("The time of the tunnel is over")
        assert time.monotonic() - pressed > 2.5
        wait_until(lambda: here.api.now.primary is None, "it is not given back")
        end(job)
        assert job.gives_lines
