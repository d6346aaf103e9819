from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from devserver.cli.debug_options import debug_options, debug_terms
from devserver.session.terms import DebugTerms


def parsed(*words: str) -> Any:
    """What the options come to; the text of the error when they come to nothing."""
    found: list[Any] = []

    @click.command
    @click.argument("folder", required=False)
    @debug_options
    def command(folder: str | None, **debug: Any) -> None:
        found.append(debug_terms(**debug))

    done = CliRunner().invoke(command, words)
    return found[0] if done.exit_code == 0 else (done.exit_code, done.output)


@pytest.mark.parametrize(
    ("words", "terms"),
    [
        ([], None),
        (["folder"], None),
        (["--debug"], DebugTerms(5678)),
        (["folder", "--debug"], DebugTerms(5678)),
        (["--debug", "0"], DebugTerms(0)),
        (["--debug", "5999", "folder"], DebugTerms(5999)),
        (["--debug", "127.0.0.1:5999"], DebugTerms(5999)),
        (["--debug", "localhost:0"], DebugTerms(0)),
        (["--debug", "--wait-for-client"], DebugTerms(5678, wait=True)),
        (["--wait-for-client"], DebugTerms(5678, wait=True)),
        (["--debug-single"], DebugTerms(5678, single=True)),
    ],
)
def test_what_the_options_ask_for(words: list[str], terms: DebugTerms | None) -> None:
    assert parsed(*words) == terms


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.0.0.0:5678", "for this machine only, and 0.0.0.0 is more; give a port: --debug 5678"),
        ("[::]:5678", "for this machine only"),
        (":5678", "for this machine only"),
        ("192.168.1.9:5678", "give a port"),
        ("127.0.0.1:65536", "is no port"),
        ("²", "is no port"),
        ("folder", "the folder of a function stands before --debug"),
        ("65536", "is no port"),
    ],
)
def test_what_is_no_port_is_a_mistake_of_usage(value: str, text: str) -> None:
    code, output = parsed(f"--debug={value}")

    assert code == 2
    assert text in " ".join(output.split())
