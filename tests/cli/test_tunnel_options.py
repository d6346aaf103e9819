from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from devserver.cli.dev import dev
from devserver.cli.tunnel_options import tunnel_options, tunnel_terms
from devserver.session.terms import Terms
from tests.e2e.running import FN, project
from tests.fakes.job_shell import ENDED, Job

Parsed = dict[str, Any]


def parsed(*arguments: str) -> Parsed:
    """The fields of `Terms` for a command line."""
    found: list[Parsed] = []

    @click.command()
    @tunnel_options
    def command(**options: Any) -> None:
        found.append(tunnel_terms(**options))

    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return found[0]


def test_without_options_nothing_is_decided() -> None:
    terms = Terms(Path(), **parsed())

    assert (terms.tunnel, terms.public_url, terms.tunnel_provider, terms.failover) == (None, None, None, True)
    assert [terms.wants_tunnel(preference) for preference in ("on", "off", None)] == [True, False, False]


def test_flags_win_over_the_preference() -> None:
    assert Terms(Path(), **parsed("--tunnel")).wants_tunnel("off")
    assert not Terms(Path(), **parsed("--no-tunnel")).wants_tunnel("on")


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        (["--public-url", "https://dev.example.com/"], {"tunnel": True, "public_url": "https://dev.example.com"}),
        (["--public-url", "http://[::1]:8080/a/b"], {"public_url": "http://[::1]:8080/a/b"}),
        (["--tunnel-name", "dev.example.com"], {"tunnel": True, "public_url": "https://dev.example.com"}),
        (["--tunnel-name", "mine", "--public-url", "https://x.example.com"], {"tunnel_name": "mine"}),
        (["--tunnel-provider", "frp"], {"tunnel": None, "tunnel_provider": "frp"}),
        (["--allow-unsigned", "--take-over", "--no-failover"], {"allow_unsigned": True, "take_over": True}),
        (["--no-failover"], {"failover": False}),
    ],
)
def test_options_become_terms(arguments: list[str], fields: Parsed) -> None:
    assert parsed(*arguments).items() >= fields.items()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--public-url", "dev.example.com"], "not the address of a web server"),
        (["--public-url", "ftp://dev.example.com"], "not the address of a web server"),
        (["--public-url", "https://"], "not the address of a web server"),
        (["--public-url", "https://a b.com"], "not the address of a web server"),
        (["--public-url", "https://a.com:port"], "is no address"),
        (["--public-url", "https://a.com/?x"], "no query"),
        (["--public-url", "https://a.com/#x"], "no fragment"),
        (["--public-url", "https://me:pass@a.com"], "no password"),
        (["--no-tunnel", "--public-url", "https://a.com"], "--no-tunnel and --public-url"),
        (["--no-tunnel", "--tunnel-name", "a.com"], "--no-tunnel and --tunnel-name"),
        (["--tunnel-name", "mine"], "add --public-url"),
        (["--tunnel-name", "-x y"], "is no name"),
        (["--tunnel-name", "mine", "--public-url", "http://a.com"], "https://HOST"),
        (["--tunnel-name", "mine", "--public-url", "https://a.com/path"], "https://HOST"),
        (["--tunnel-name", "a.com", "--tunnel-provider", "frp"], "Cloudflare"),
        (["--public-url", "https://a.com", "--tunnel-provider", "frp"], "proxy of your own"),
        (["--tunnel-provider", "other"], "frp"),
    ],
)
def test_mistakes_are_errors_of_usage(arguments: list[str], said: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        parsed(*arguments)

    assert said in refused.value.format_message()
    assert refused.value.exit_code == 2


def test_a_mistake_ends_fn_dev_before_anything_starts() -> None:
    done = CliRunner().invoke(dev, ["--no-tunnel", "--public-url", "https://a.com"])

    assert done.exit_code == 2


# --- the question at the first run ------------------------------------------------------------------------------

Start = Callable[..., Job]
FOLDER_ASKED = "Use a tunnel? [y/N]"


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(Job(sys.executable, FN, "dev", "--port", "0", *arguments))


def preference(folder: Path) -> str:
    return (folder / "sinch.json").read_text()


def test_the_first_run_at_a_terminal_asks_and_keeps_the_answer(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path / "demo")
    job = start(str(folder))
    asked = job.until(FOLDER_ASKED)
    assert "public address" in asked
    assert not (folder / ".fn").exists()  # nothing has begun
    job.type("\r")
    job.until("is ready")
    assert '"tunnel": {"preference": "off"}' in preference(folder)
    job.type("\x03")
    job.until(f"{ENDED} 130")

    again = start(str(folder))
    assert FOLDER_ASKED not in again.until("is ready")


@pytest.mark.parametrize("option", ["--no-tunnel", "--yes", "--non-interactive"])
def test_who_has_said_it_or_wants_no_questions_is_not_asked(start: Start, tmp_path: Path, option: str) -> None:
    folder = project(tmp_path / "demo")

    assert FOLDER_ASKED not in start(option, str(folder)).until("is ready")
    assert "preference" not in preference(folder)


def test_ctrl_c_at_the_question_starts_nothing_and_keeps_nothing(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path / "demo")
    job = start(str(folder))
    job.until(FOLDER_ASKED)
    job.insist("\x03", f"{ENDED} 130")

    assert "preference" not in preference(folder)
    assert not (folder / ".fn").exists()


def test_what_is_no_project_is_not_asked_about(start: Start, tmp_path: Path) -> None:
    job = start(str(tmp_path))

    assert FOLDER_ASKED not in job.until(f"{ENDED} 78")
