from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from devserver.cli.debug import debug
from devserver.debug.editors import EDITORS


@pytest.mark.parametrize("name", EDITORS)
def test_the_piece_for_an_editor_is_printed(name: str) -> None:
    done = CliRunner().invoke(debug, ["config", name])

    assert done.exit_code == 0
    assert done.output == EDITORS[name](5678) + "\n"


def test_with_another_port() -> None:
    done = CliRunner().invoke(debug, ["config", "zed", "--port", "5999"])

    assert json.loads(done.output)[0]["connect"]["port"] == 5999


@pytest.mark.parametrize("words", [["config", "emacs"], ["config"], ["config", "zed", "--port", "0"]])
def test_what_makes_no_sense_is_a_mistake_of_usage(words: list[str]) -> None:
    assert CliRunner().invoke(debug, words).exit_code == 2
