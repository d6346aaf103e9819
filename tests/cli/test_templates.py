from __future__ import annotations

import json

from click.testing import CliRunner

from devserver.cli.templates import templates
from devserver.errors import ConfigError


def run(*arguments: str) -> str:
    result = CliRunner().invoke(templates, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_list_has_one_line_for_each_and_says_how_to_go_on() -> None:
    lines = run("list").splitlines()
    assert [line.split()[0] for line in lines[:5]] == [
        "simple-voice-ivr",
        "call-forwarding",
        "sms-responder",
        "custom-endpoint",
        "empty",
    ]
    assert "fn init simple-voice-ivr" in lines[-1]


def test_list_as_json_has_names_and_descriptions() -> None:
    found = json.loads(run("list", "--json"))
    assert len(found) == 5
    assert set(found[0]) == {"name", "description"}


def test_show_prints_the_files_and_the_function() -> None:
    shown = run("show", "sms-responder")
    assert "  assets/help.txt\n" in shown
    assert "async def conversation_webhook(" in shown


def test_show_as_json_has_the_content_of_every_file() -> None:
    found = json.loads(run("show", "empty", "--json"))
    assert found["name"] == "empty"
    assert set(found["files"]) == {
        ".env",
        ".gitignore",
        "README.md",
        "function.py",
        "sinch.json",
        "test_function.py",
    }
    assert '"name": "empty"' in found["files"]["sinch.json"]


def test_an_unknown_template_is_an_error_of_configuration() -> None:
    assert isinstance(CliRunner().invoke(templates, ["show", "nothing"]).exception, ConfigError)


def test_help_of_each_command_has_an_example_that_runs() -> None:
    for command in ("list", "show"):
        lines = [line.strip() for line in run(command, "--help").splitlines()]
        example = next(line for line in lines if line.startswith("fn templates"))
        assert run(*example.split()[2:])
