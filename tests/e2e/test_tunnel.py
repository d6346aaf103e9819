"""`fn dev --tunnel` with the real cloudflared, on an edge of ours: from the first call to the last process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devserver.runtime.clients.voice_results import Callbacks
from devserver.session.platform import LocalConfiguration
from devserver.voiceapp import LocalPlatform
from tests.e2e.commands import run
from tests.e2e.leases import Machine, Session, command, machine, wait_until_gone
from tests.e2e.running import project
from tests.e2e.tunnels import Stranger, through
from tests.fakes.callback_api import PRODUCTION
from tests.fakes.edge import REDIAL, EdgeProcess
from tests.fakes.processes import children, is_running, wait_until

pytestmark = pytest.mark.e2e


@pytest.fixture
def here(edge: EdgeProcess, cloudflared: Path, tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path, **through(edge, cloudflared)) as made:
        yield made


def tunnel(session: Session, state: str, after: int = 0) -> dict[str, Any]:
    """Wait until the tunnel is in a state."""
    return session.wait_for("tunnel", lambda event: event["state"] == state, after)


def cloudflared_of(session: Session) -> int:
    return next(each for each in session.family() if is_cloudflared(command(each)))


def is_cloudflared(words: str) -> bool:
    """Whether a command line is that of the program itself, and not of its guard."""
    return "cloudflared tunnel" in words and "guard.py" not in words


# --- what everybody can try, offline ----------------------------------------------------------------------------------


def test_offline_a_signed_call_comes_in_from_outside_and_after_kill_9_the_original_is_back_within_3_s(
    edge: EdgeProcess, cloudflared: Path, tmp_path: Path
) -> None:
    demo = project(tmp_path / "demo")
    env = {"FN_STATE_DIR": str(tmp_path / "state"), "TMPDIR": str(tmp_path), **through(edge, cloudflared)}
    home = Session(demo, "--no-tunnel", env=env)
    set_both = ("voice", "callbacks", "set", str(PRODUCTION.primary), "--fallback", str(PRODUCTION.fallback))
    assert run(*set_both, "--dir", demo, env=env).returncode == 0
    home.stop()
    home.close()
    application = json.loads(run("cloud", "application", "--json", "--dir", demo, env=env).stdout)

    session = Session(demo, "--tunnel", "--yes", env=env)
    try:
        taken = session.lease("taken")
        assert taken["before"] == {"primary": PRODUCTION.primary, "fallback": PRODUCTION.fallback}
        assert taken["url"].endswith(".trycloudflare.com")
        assert configured(demo, application["key"]) == Callbacks(taken["url"], PRODUCTION.primary)
        answer = Stranger(edge, taken["url"]).call(key=application["key"], secret=application["secret"])
        assert (answer.status, answer.said) == (200, "hello")
        assert session.wait_for("callback")["source"] == "tunnel"
        family = session.family()
        assert {cloudflared_of(session), session.watchdog()} < set(family)

        session.kill()

        seconds = wait_until(lambda: configured(demo, application["key"]) == PRODUCTION, "it is not given back")
        assert seconds < 3
        wait_until_gone(family)
        assert json.loads(run("lease", "list", "--json", env=env).stdout) == []
    finally:
        session.close()


def configured(demo: Path, application: str) -> Callbacks:
    """What the local Sinch of a project has in its file."""
    local = LocalPlatform(str(demo / ".fn"), "")
    return asyncio.run(LocalConfiguration(application, "", local).get())


# --- start and end ----------------------------------------------------------------------------------------------------


def test_ready_does_not_wait_for_a_tunnel_that_never_comes_and_the_end_does_not_either(
    here: Machine, edge: EdgeProcess
) -> None:
    edge.hang()
    session = here.start("--tunnel", "--yes")

    assert session.events[0]["event"] == "ready"
    assert session.ready["tunnel"] is None
    assert session.word() == "hello"
    tunnel(session, "connecting")
    wait_until(lambda: any(is_cloudflared(command(each)) for each in session.family()), "it was not started")
    family = session.family()
    begin = time.monotonic()
    assert session.stop(signal.SIGINT) == 130

    assert time.monotonic() - begin < 8
    assert session.errors == ""
    wait_until_gone(family)
    assert here.api.asked == []


def test_a_session_that_ends_says_so_and_leaves_neither_process_nor_folder(here: Machine) -> None:
    session = here.start("--tunnel", "--yes")
    session.lease("taken")
    assert here.tunnel_folders()
    family = session.family()

    assert session.stop(signal.SIGTERM) == 143

    assert session.told("tunnel") == ["connecting", "ready", "closed"]
    assert session.told() == ["taken", "restored"]
    assert here.is_back(PRODUCTION)
    wait_until_gone(family)
    assert not here.tunnel_folders()


def test_the_folder_of_a_session_that_was_killed_with_its_guard_goes_with_the_next_tunnel(here: Machine) -> None:
    killed = here.start("--tunnel", "--yes")
    killed.lease("taken")
    family = killed.family()
    guard = next(each for each in family if cloudflared_of(killed) in children(each))
    for each in (guard, killed.process.pid):
        os.kill(each, signal.SIGKILL)
    killed.process.wait()
    wait_until_gone(family)
    left = here.tunnel_folders()
    assert len(left) == 1

    session = here.start("--tunnel", "--yes")
    session.lease("taken")
    assert not set(left) & set(here.tunnel_folders())
    session.stop()
    assert not here.tunnel_folders()


def test_exec_waits_for_the_tunnel_and_is_told_its_address(here: Machine) -> None:
    (here.project() / "run.py").write_text("import os, sys; sys.stderr.write(os.environ['FN_TUNNEL_URL'])")
    session = here.start("--tunnel", "--yes", "--exec", f"python {here.project() / 'run.py'}")

    assert session.process.wait(30) == 0

    assert session.errors == tunnel(session, "ready")["url"]
    assert here.is_back(PRODUCTION)


def test_too_many_tunnels_is_a_sentence_and_the_session_stays_at_home(here: Machine, edge: EdgeProcess) -> None:
    edge.api(429)
    session = here.start("--tunnel", "--yes")

    closed = tunnel(session, "closed")

    assert "Cloudflare" in closed["text"]
    assert closed["hint"]
    assert session.word() == "hello"
    assert session.stop() == 143
    assert session.errors == ""
    assert here.api.asked == []


def test_exec_runs_without_an_address_when_there_is_none(here: Machine, edge: EdgeProcess) -> None:
    edge.api(500)
    (here.project() / "run.py").write_text("import os, sys; sys.exit(7 if 'FN_TUNNEL_URL' not in os.environ else 8)")
    session = here.start("--tunnel", "--yes", "--exec", f"python {here.project() / 'run.py'}")

    assert session.process.wait(30) == 7


def test_when_its_time_is_over_the_callback_is_given_back_and_the_session_goes_on_at_home(here: Machine) -> None:
    here.project(dev={"spares": 0, "tunnelExpiry": 2})
    session = here.start("--tunnel", "--yes")
    session.lease("taken")

    session.lease("restored")
    tunnel(session, "closed")

    assert session.wait_for("log", lambda event: event["level"] == "warning" and "over" in event["text"])
    assert here.is_back(PRODUCTION)
    assert session.word() == "hello"
    assert session.told("tunnel") == ["connecting", "ready", "closed"]
    wait_until(lambda: len(session.family()) == 2, "more than the session and its host is left")
    session.stop()
    assert session.told() == ["taken", "restored"]


# --- while it lives ---------------------------------------------------------------------------------------------------


def test_a_cut_edge_comes_back_at_the_same_address_the_gap_is_told_and_the_lease_is_not_touched(
    here: Machine, edge: EdgeProcess
) -> None:
    session = here.start("--tunnel", "--yes")
    url = session.lease("taken")["url"]
    seen = len(session.events)

    edge.cut()

    assert tunnel(session, "reconnecting", seen)["url"] == url
    back = session.wait_for(
        "tunnel", lambda event: event["state"] == "ready" and event["gap"] is not None, seen, REDIAL
    )
    assert back["url"] == url
    assert "unreachable" in back["text"]
    assert back["gap"][0] < back["gap"][1]
    assert Stranger(edge, url).call().said == "hello"
    session.stop()
    assert session.told() == ["taken", "restored"]
    assert here.api.methods.count("POST") == 2
    assert here.is_back(PRODUCTION)


def test_a_killed_cloudflared_is_replaced_and_the_callback_moves_in_one_step_with_the_original_kept(
    here: Machine, edge: EdgeProcess
) -> None:
    session = here.start("--tunnel", "--yes")
    before = session.lease("taken")
    posts = len(here.api.asked)
    begin = time.monotonic()

    os.kill(cloudflared_of(session), signal.SIGKILL)

    moved = session.lease("moved")
    assert time.monotonic() - begin < 5
    assert moved["url"] != before["url"]
    assert moved["before"] == before["before"]
    assert here.api.now == Callbacks(moved["url"], PRODUCTION.primary)
    assert [each.body for each in here.api.asked[posts:] if each.method == "POST"] == [
        {"url": {"primary": moved["url"], "fallback": PRODUCTION.primary}}
    ]
    assert "new one" in session.wait_for("tunnel", lambda event: event["gap"] is not None)["text"]
    assert Stranger(edge, moved["url"]).call().said == "hello"

    session.kill()

    wait_until(lambda: here.is_back(PRODUCTION), "it is not given back")


def test_a_killed_guard_takes_its_cloudflared_with_it_and_both_are_replaced(here: Machine) -> None:
    session = here.start("--tunnel", "--yes")
    session.lease("taken")
    program = cloudflared_of(session)
    guard = next(each for each in session.family() if program in children(each))

    os.kill(guard, signal.SIGKILL)

    session.lease("moved")
    assert not is_running(program)
    session.stop()
    assert here.is_back(PRODUCTION)


def test_somebody_who_took_over_keeps_it_when_our_address_changes(here: Machine) -> None:
    session = here.start("--tunnel", "--yes")
    session.lease("taken")
    deployed = Callbacks("https://ivr.example.com/new", None)
    here.api.configure(deployed.primary)

    os.kill(cloudflared_of(session), signal.SIGKILL)

    session.lease("lost")
    session.stop()
    assert session.told() == ["taken", "lost", "left"]
    assert here.is_back(deployed)


def test_the_dead_tunnel_of_a_colleague_is_no_original(here: Machine, edge: EdgeProcess) -> None:
    gone = "gone-fox-was-here.trycloudflare.com"
    edge.tunnel(gone)
    here.api.configure(f"https://{gone}", PRODUCTION.primary)
    session = here.start("--tunnel", "--yes", "--take-over")

    assert session.lease("taken")["before"] == {"primary": PRODUCTION.primary, "fallback": None}
    session.stop()

    assert here.is_back(Callbacks(PRODUCTION.primary, None))


def test_two_sessions_of_two_applications_live_side_by_side(here: Machine, edge: EdgeProcess) -> None:
    other_key = "0b2e1a4c-8f0e-4d7e-9a53-6f5d8a1c2b3e"
    other_before = Callbacks("https://other.example.com/voice", None)
    here.api.applications[other_key] = other_before
    first = here.start("--tunnel", "--yes")
    second = here.start("--tunnel", "--yes", name="other", env={"VOICE_APPLICATION_KEY": other_key})
    urls = {first.lease("taken")["url"], second.lease("taken")["url"]}

    assert len(urls) == 2
    assert [each["pid"] for each in sorted(here.leases(), key=lambda each: str(each["application"]))] == [
        second.process.pid,
        first.process.pid,
    ]
    first.kill()
    second.kill()

    wait_until(lambda: here.is_back(PRODUCTION) and here.api.applications[other_key] == other_before, "not given back")
