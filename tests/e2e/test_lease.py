"""The lease of a callback as a developer meets it: taken with the session, given back at its end, and nobody else's."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devserver.runtime.clients.voice_results import Callbacks
from tests.e2e.commands import assert_one_sentence
from tests.e2e.leases import Machine, Session, machine, wait_until_gone
from tests.fakes.callback_api import KEY, PRODUCTION
from tests.fakes.processes import wait_until

pytestmark = pytest.mark.e2e

COLLEAGUE = "https://busy-fox-runs-home.trycloudflare.com"
NEW = "https://ivr.example.com/voice?tenant=8"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as made:
        yield made


@pytest.fixture
def session(here: Machine) -> Session:
    """A session that has taken the lease."""
    session = here.public()
    session.lease("taken")
    return session


# --- from start to end ------------------------------------------------------------------------------------------------


def test_a_lease_is_taken_with_two_reads_and_one_change_and_the_platform_itself_is_the_fallback(
    here: Machine, session: Session
) -> None:
    taken = session.lease("taken")

    assert here.api.methods == ["GET", "POST", "GET"]
    assert here.api.asked[1].body == {"url": {"primary": session.url, "fallback": PRODUCTION.primary}}
    assert (taken["application"], taken["url"]) == (KEY, session.url)
    assert taken["before"] == {"primary": PRODUCTION.primary, "fallback": PRODUCTION.fallback}


def test_at_the_end_both_addresses_are_back_to_the_letter_and_no_process_is_left(
    here: Machine, session: Session
) -> None:
    family = session.family()
    assert session.watchdog() in family

    assert session.stop(signal.SIGINT) == 130

    assert here.is_back(PRODUCTION)
    assert session.told() == ["taken", "restored"]
    assert session.errors == ""
    wait_until_gone(family)


def test_without_failover_the_fallback_stays_as_it_was(here: Machine) -> None:
    session = here.public("--no-failover")
    session.lease("taken")
    assert here.api.now == Callbacks(session.url, PRODUCTION.fallback)

    session.stop()

    assert here.is_back(PRODUCTION)


def test_an_application_without_a_callback_has_none_again(here: Machine) -> None:
    here.api.configure(None)
    session = here.public()

    assert "no address was configured before" in session.lease("taken")["text"]
    assert here.api.now == Callbacks(session.url, None)
    session.stop()

    assert here.is_back(Callbacks(None, None))


def test_kill_9_is_made_good_within_three_seconds_every_time(here: Machine) -> None:
    for _ in range(5):
        session = here.public()
        session.lease("taken")
        family = session.family()
        session.kill()
        begin = time.monotonic()
        here.api.wait_for(lambda api: api.now == PRODUCTION)
        wait_until(lambda: not here.entries(), "what is to be given back is still written down")
        assert time.monotonic() - begin < 3.0
        wait_until_gone(family)


def test_the_command_of_exec_runs_when_real_calls_can_come_in_and_its_end_gives_back(here: Machine) -> None:
    print_url = "import os, sys; sys.stderr.write(os.environ['FN_TUNNEL_URL'])"
    (here.project() / "run.py").write_text(print_url)
    session = here.public("--exec", f"python {here.project() / 'run.py'}")

    assert session.process.wait(20) == 0
    assert session.errors == session.url
    assert session.told() == ["taken", "restored"]
    assert here.is_back(PRODUCTION)


# --- what others do meanwhile -----------------------------------------------------------------------------------------


def test_a_take_over_is_noticed_within_15_s_told_once_and_not_fought_and_what_comes_back_is_ours_again(
    here: Machine, session: Session, tmp_path: Path
) -> None:
    with machine(tmp_path / "there") as there:
        other = there.public()
        other.lease("taken")
        ours = there.api.now
        begin = time.monotonic()
        here.api.configure(COLLEAGUE, PRODUCTION.primary)
        there.api.configure(NEW)

        lost = session.lease("lost")
        other.lease("lost")

        assert time.monotonic() - begin < 15
        assert COLLEAGUE in lost["text"]
        assert "another developer's tunnel" in lost["text"]
        assert lost["hint"]
        asked = len(here.api.asked)
        there.api.configure(ours.primary, ours.fallback)
        other.lease("found")
        here.api.wait_for(lambda api: len(api.asked) > asked)  # it has looked once more
        assert (session.stop(), other.stop()) == (143, 143)
        assert session.told() == ["taken", "lost", "left"]
        assert here.is_back(Callbacks(COLLEAGUE, PRODUCTION.primary))
        assert here.api.methods.count("POST") == 1
        assert other.told() == ["taken", "lost", "found", "restored"]
        assert there.is_back(PRODUCTION)


def test_a_deployment_during_the_session_survives_it(here: Machine, session: Session) -> None:
    here.api.configure(NEW, PRODUCTION.fallback)

    session.stop()

    assert session.told() == ["taken", "left"]
    assert NEW in session.lease("left")["text"]
    assert here.is_back(Callbacks(NEW, PRODUCTION.fallback))


def test_a_deployment_survives_kill_9_too(here: Machine, session: Session) -> None:
    here.api.configure(NEW, PRODUCTION.fallback)

    session.kill()

    wait_until(lambda: not here.entries(), "the watchdog has not looked")
    assert here.api.now == Callbacks(NEW, PRODUCTION.fallback)


def test_a_fallback_that_somebody_sets_during_the_session_survives_it(here: Machine, session: Session) -> None:
    here.api.configure(session.url, "https://new-backup.example.com/voice")

    session.stop()

    assert here.is_back(Callbacks(PRODUCTION.primary, "https://new-backup.example.com/voice"))


# --- collisions -------------------------------------------------------------------------------------------------------


def test_a_second_session_of_the_application_is_refused_with_the_name_of_the_first(
    here: Machine, session: Session
) -> None:
    asked = len(here.api.asked)

    second = here.fn("dev", "--port", "0", "--public-url", session.url, "--yes", here.project("other"))

    assert_one_sentence(second, 1, KEY, "the fn dev of demo", str(here.project()), f"pid {session.process.pid}")
    assert "--no-tunnel" in second.stderr
    assert "POST" not in here.api.methods[asked:]
    assert here.api.now.primary == session.url
    session.stop()
    assert here.is_back(PRODUCTION)


def test_the_same_application_in_other_letters_is_the_same_application(here: Machine, session: Session) -> None:
    env = {"VOICE_APPLICATION_KEY": KEY.lower()}

    second = here.fn("dev", "--port", "0", "--public-url", session.url, "--yes", here.project("other"), env=env)

    assert_one_sentence(second, 1, f"pid {session.process.pid}")


def test_without_a_tunnel_the_second_session_runs_and_touches_nothing(here: Machine, session: Session) -> None:
    other = here.start("--no-tunnel", name="other")

    assert other.word() == "hello"
    assert other.stop() == 143
    assert other.told() == []
    assert here.api.now.primary == session.url


def test_the_tunnel_of_another_developer_needs_take_over_and_the_session_goes_on_without(here: Machine) -> None:
    before = Callbacks(COLLEAGUE, PRODUCTION.primary)
    here.api.configure(before.primary, before.fallback)
    session = here.public()

    refused = session.lease("refused")

    assert COLLEAGUE in refused["text"]
    assert "--take-over" in refused["hint"]
    assert session.get("/status").json == {"word": "hello"}
    session.stop()
    assert session.told() == ["refused"]
    assert here.is_back(before)
    assert "POST" not in here.api.methods


def test_an_original_that_is_a_dead_tunnel_is_none_and_what_is_behind_it_is_given_back(here: Machine) -> None:
    here.api.configure(COLLEAGUE, PRODUCTION.primary)  # nothing leads there from here
    session = here.public("--take-over")
    assert session.lease("taken")["before"] == {"primary": PRODUCTION.primary, "fallback": None}

    session.stop()

    assert here.is_back(Callbacks(PRODUCTION.primary, None))


def test_the_tunnel_of_a_developer_who_is_there_goes_back_to_them(here: Machine) -> None:
    here.api.configure(COLLEAGUE, PRODUCTION.primary)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # slow is not dead
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        session = here.public("--take-over", env={"HTTPS_PROXY": proxy, "https_proxy": proxy})
        session.lease("taken")

        session.stop()

    assert here.is_back(Callbacks(COLLEAGUE, PRODUCTION.primary))


# --- leftovers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["a public session", "a session at home", "by hand"])
def test_when_even_the_watchdog_was_killed_the_next_one_settles_it_first(
    here: Machine, session: Session, way: str
) -> None:
    session.kill_all()
    assert here.api.now.primary == session.url
    assert len(here.entries()) == 1

    match way:
        case "a public session":
            again = here.public()
            assert f"pid {session.process.pid}" in again.lease("settled")["text"]
            assert again.lease("taken")["before"]["primary"] == PRODUCTION.primary
            again.stop()
        case "a session at home":
            again = here.start("--no-tunnel")
            assert f"pid {session.process.pid}" in again.lease("settled")["text"]
            again.stop()
        case _:
            done = here.fn("lease", "restore", "--dir", here.project())
            assert (done.returncode, done.stderr) == (0, "")
            assert f"{PRODUCTION.primary} again" in done.stdout
    assert here.is_back(PRODUCTION)


def test_who_starts_again_right_after_kill_9_finds_the_original(here: Machine, session: Session) -> None:
    here.api.play("GET", "hang")  # the watchdog is busy for a while
    session.kill()
    here.api.wait_for(lambda api: api.unplayed() == 0)

    again = here.public()

    assert again.lease("taken")["before"] == {"primary": PRODUCTION.primary, "fallback": PRODUCTION.fallback}
    again.stop()
    assert here.is_back(PRODUCTION)


def test_a_pid_that_belongs_to_somebody_else_by_now_holds_nothing(here: Machine, session: Session) -> None:
    session.kill_all()
    entry = here.entries()[0]
    entry.write_text(entry.read_text().replace(str(session.process.pid), str(os.getpid())))

    assert here.fn("lease", "restore", "--all").returncode == 0

    assert here.is_back(PRODUCTION)
