from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from click.testing import CliRunner
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailKeyring

from devserver.cli.secrets import secrets
from devserver.errors import ConfigError
from tests.fakes.keyrings import LOGIN_VARIABLES


class OneEntry(KeyringBackend):
    """A keyring with one entry: the one that the platform's command line would write for RING_KEY."""

    # Never found by chance: the library lists every backend class that exists in the process.
    priority = -1

    def get_password(self, service: str, username: str) -> str | None:
        return "from-the-ring" if (service, username) == ("sinch-cli", "custom-RING_KEY") else None

    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002 the library's signature
        raise AssertionError("nothing is stored")


@pytest.fixture(autouse=True)
def _a_keyring_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in LOGIN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FN_STATE_DIR", str(tmp_path / "state"))
    before = keyring.get_keyring()
    keyring.set_keyring(OneEntry())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CITY", raising=False)
    monkeypatch.setenv("PROJECT_ID", "p-1")
    (tmp_path / "sinch.json").write_text(
        '{"name": "fn", "voiceApp": "app-key", "variables": {"CITY": "Malmö"}}', "utf-8"
    )
    (tmp_path / ".env").write_text("API_TOKEN=hush\nRING_KEY=\nLOST=\n", "utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(secrets, [*arguments, "--dir", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_list_tells_source_and_secrecy_and_no_value(folder: Path) -> None:
    lines = run(folder, "list").splitlines()
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert rows["API_TOKEN"].split() == [".env", "secret"]
    assert rows["RING_KEY"].split() == ["keyring", "secret"]
    assert rows["LOST"].split() == ["not", "set", "secret"]
    assert rows["CITY"] == "sinch.json"
    assert rows["PROJECT_ID"] == "process environment"
    assert rows["VOICE_APPLICATION_KEY"] == "sinch.json"
    assert not any(value in "".join(lines) for value in ("hush", "from-the-ring", "Malmö", "p-1", "app-key"))


def test_list_shows_values_when_told_to(folder: Path) -> None:
    shown = run(folder, "list", "--show")
    assert all(value in shown for value in ("hush", "from-the-ring", "Malmö", "p-1", "app-key"))


def test_list_as_json_has_values_only_on_show(folder: Path) -> None:
    found = {each["name"]: each for each in json.loads(run(folder, "list", "--json"))}
    assert found["RING_KEY"] == {"name": "RING_KEY", "set": True, "source": "keyring", "secret": True}
    assert found["LOST"] == {"name": "LOST", "set": False, "source": None, "secret": True}
    shown = {each["name"]: each for each in json.loads(run(folder, "list", "--json", "--show"))}
    assert (shown["CITY"]["value"], shown["LOST"]["value"]) == ("Malmö", None)


def test_list_of_a_project_without_variables_says_where_they_go(tmp_path: Path) -> None:
    (tmp_path / "sinch.json").write_text('{"name": "fn"}')
    assert "`variables` of sinch.json" in run(tmp_path, "list")


def test_explain_tells_every_place_and_marks_the_hit(folder: Path) -> None:
    assert run(folder, "explain", "RING_KEY").splitlines() == [
        "RING_KEY is set, from keyring (a secret).",
        "  - process environment: not set",
        "  - .env: listed without a value, so the keyring is asked",
        "  > keyring: has the entry custom-RING_KEY of service sinch-cli",
        "  - sinch.json: not asked: keyring comes first",
    ]
    assert "  value: from-the-ring" in run(folder, "explain", "RING_KEY", "--show")


def test_explain_of_a_key_that_nobody_set_says_so(folder: Path) -> None:
    assert run(folder, "explain", "NOWHERE", "--show").startswith("NOWHERE is not set.\n")


def test_explain_as_json_has_the_steps(folder: Path) -> None:
    found = json.loads(run(folder, "explain", "API_TOKEN", "--json"))
    assert (found["name"], found["source"], found["set"], found["secret"]) == ("API_TOKEN", ".env", True, True)
    assert [(step["source"], step["hit"]) for step in found["steps"]] == [
        ("process environment", False),
        (".env", True),
        ("keyring", False),
        ("sinch.json", False),
    ]
    assert "hush" not in json.dumps(found)


def test_a_machine_without_keyring_is_explained_and_no_error(folder: Path) -> None:
    keyring.set_keyring(FailKeyring())  # type: ignore[no-untyped-call]
    assert "  - keyring: asked, but: This machine has no usable keyring." in run(folder, "explain", "RING_KEY")
    result = CliRunner().invoke(secrets, ["list", "--json", "--dir", str(folder)], catch_exceptions=False)
    assert [each["name"] for each in json.loads(result.stdout) if not each["set"]] == ["RING_KEY", "LOST"]
    assert result.stderr.count("This machine has no usable keyring.") == 1  # not set may not be the whole truth


def test_a_folder_that_is_no_project_is_an_error_of_configuration(tmp_path: Path) -> None:
    result = CliRunner().invoke(secrets, ["list", "--dir", str(tmp_path)])
    assert isinstance(result.exception, ConfigError)


def test_help_of_each_command_has_an_example(folder: Path) -> None:
    for command in ("list", "explain"):
        assert f"  fn secrets {command}" in run(folder, command, "--help")
