from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import keyring
import pytest
from click.testing import CliRunner, Result
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring

from devserver.cli.secrets import secrets
from devserver.errors import ConfigError, FnError
from devserver.project import SystemKeyring, load_project
from tests.e2e.commands import Shown
from tests.e2e.running import FN
from tests.fakes.keyrings import Ring, ring, store

__all__ = ["ring", "store"]

VALUE = "hush-hush value"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    (made / "sinch.json").write_text('{"name": "fn"}')
    (made / "function.py").touch()
    return made


def run(*arguments: str, given: str | bytes | None = None, status: int = 0) -> str:
    result = CliRunner().invoke(secrets, arguments, input=given, catch_exceptions=False)
    assert result.exit_code == status
    if "--show" not in arguments:
        assert "hush" not in result.output
    return result.output


def refusal(*arguments: str, given: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(secrets, arguments, input=given)
    assert result.exit_code != 0
    assert "hush" not in f"{result.exception}{result.output}"
    return result


def entry(ring: Ring, key: str) -> str | None:
    return ring.entries.get(("sinch-cli", f"custom-{key}"))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (VALUE, VALUE),
        (VALUE + "\n", VALUE),
        (VALUE + "\r\n", VALUE),
        (VALUE + "\n\n", VALUE + "\n"),
        ("hush\nline two\n", "hush\nline two"),
        ("hüsh ключ", "hüsh ключ"),
    ],
)
def test_a_value_from_a_pipe_is_stored_without_its_last_line_end(
    ring: Ring, folder: Path, given: str, stored: str
) -> None:
    run("add", "STRIPE_KEY", "--dir", str(folder), given=given)
    assert entry(ring, "STRIPE_KEY") == stored


def test_outside_of_a_project_only_the_keyring_changes(ring: Ring, tmp_path: Path) -> None:
    said = run("add", "STRIPE_KEY", "--dir", str(tmp_path), given=VALUE).splitlines()
    assert entry(ring, "STRIPE_KEY") == VALUE
    assert said[1:] == [
        "This folder is no project and has no .env. Put STRIPE_KEY= into the .env of each project that wants it."
    ]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".env").write_text("A=1\n")
    run("add", "STRIPE_KEY", "--dir", str(tmp_path), given=VALUE)
    assert (tmp_path / ".env").read_text() == "A=1\nSTRIPE_KEY=\n"


def test_a_value_on_the_command_line_is_stored_as_it_is(ring: Ring, folder: Path) -> None:
    run("add", "STRIPE_KEY", VALUE + "\n", "--dir", str(folder))
    assert entry(ring, "STRIPE_KEY") == VALUE + "\n"
    assert "history of your shell" in run("add", "--help")


def test_what_is_added_is_listed_and_the_project_has_it(ring: Ring, folder: Path) -> None:
    assert ring.entries == {}
    assert run("add", "STRIPE_KEY", "--dir", str(folder), given=VALUE).splitlines() == [
        "STRIPE_KEY is in the keyring: service sinch-cli, account custom-STRIPE_KEY.",
        ".env lists STRIPE_KEY now, without the value (the file is new).",
    ]
    assert (folder / ".env").read_text() == "STRIPE_KEY=\n"
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    project = load_project(folder, environ={}, keyring=SystemKeyring())
    assert project.secret_values == {"STRIPE_KEY": VALUE}
    assert run("add", "STRIPE_KEY", "--dir", str(folder), given="hush again").count("\n") == 1
    assert entry(ring, "STRIPE_KEY") == "hush again"


def test_a_value_in_env_wins_and_stays_as_it_is(ring: Ring, folder: Path) -> None:
    (folder / ".env").write_text("STRIPE_KEY='of the file' # mine\n")
    assert ".env has a value for STRIPE_KEY, and that wins" in run(
        "add", "STRIPE_KEY", "--dir", str(folder), given=VALUE
    )
    assert (folder / ".env").read_text() == "STRIPE_KEY='of the file' # mine\n"
    assert entry(ring, "STRIPE_KEY") == VALUE


@pytest.mark.usefixtures("ring")
def test_env_is_kept_out_of_git_and_the_environment_is_mentioned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".gitignore").write_text("__pycache__\n")
    monkeypatch.setenv("STRIPE_KEY", "hush")
    said = run("add", "STRIPE_KEY", "--dir", str(folder), given=VALUE)
    assert ".gitignore has a line for .env now." in said
    assert "STRIPE_KEY is set in the environment, and that wins." in said


@pytest.mark.parametrize("key", ["stripe_key", "STRIPE-KEY", "1KEY", "", "KEY=hush", "Ä", "K" * 129, "A\nB"])
def test_a_key_that_is_none_is_refused_by_every_command(ring: Ring, folder: Path, key: str) -> None:
    for arguments in (["add", key, "x", "--dir", str(folder)], ["get", key], ["delete", key, "-f"]):
        result = CliRunner().invoke(secrets, arguments)
        assert result.exit_code == 2
        assert "uppercase letters, digits and underscores" in result.output
    assert ring.entries == {}


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        ("A", "", "The value of A is empty."),
        ("A", "\n", "The value of A is empty."),
        ("A", b"hush\0hush", "There is a NUL in the value"),
        ("A", b"hush\xff", "is not UTF-8"),
        ("A", b"hush" * 20_000, "is larger than 64 KB"),
        ("VOICE_APPLICATION_SECRET", "hush*hush", "VOICE_APPLICATION_SECRET is not base64 text"),
    ],
)
def test_a_value_that_cannot_be_one_is_refused_and_nothing_is_stored(
    ring: Ring, folder: Path, key: str, given: str | bytes, said: str
) -> None:
    result = refusal("add", key, "--dir", str(folder), given=given)
    assert isinstance(result.exception, FnError)
    assert said in str(result.exception)
    assert ring.entries == {}
    assert not (folder / ".env").exists()


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize("backend", [FailKeyring, NullKeyring])
def test_without_a_keyring_that_keeps_it_there_are_three_choices_and_env_is_not_touched(
    folder: Path, backend: Any
) -> None:
    keyring.set_keyring(backend())
    error = refusal("add", "STRIPE_KEY", "--dir", str(folder), given=VALUE).exception
    assert isinstance(error, ConfigError)
    assert error.message.startswith("STRIPE_KEY cannot be stored.")
    for choice in ("Set STRIPE_KEY in the environment", "in .env (readable in clear there)", "unlock a keyring"):
        assert choice in error.hint
    assert not (folder / ".env").exists()


def test_an_env_that_is_broken_is_told_before_anything_is_stored(ring: Ring, folder: Path) -> None:
    (folder / ".env").write_text("hush\n")
    assert 'no "=" after the key' in str(refusal("add", "A", "hush", "--dir", str(folder)).exception)
    assert ring.entries == {}


def test_get_says_whether_there_is_one_and_shows_it_only_when_told_to(ring: Ring) -> None:
    ring.set_password("sinch-cli", "custom-A", VALUE)
    assert run("get", "A").startswith("The keyring has A.")
    assert run("get", "A", "--show") == VALUE + "\n"
    assert json.loads(run("get", "A", "--json")) == {"name": "A", "set": True}
    assert json.loads(run("get", "A", "--json", "--show")) == {"name": "A", "set": True, "value": VALUE}
    assert "The keyring has no B." in run("get", "B", status=1)
    assert json.loads(run("get", "B", "--json", "--show", status=1)) == {"name": "B", "set": False, "value": None}


@pytest.mark.parametrize("spelling", ["delete", "remove", "rm"])
def test_delete_takes_its_aliases_and_leaves_env_alone(ring: Ring, folder: Path, spelling: str) -> None:
    run("add", "A", "hush", "--dir", str(folder))
    assert run(spelling, "A", "-f") == "A is deleted from the keyring.\n"
    assert ring.entries == {}
    assert (folder / ".env").read_text() == "A=\n"
    assert run(spelling, "A", "--force") == "The keyring has no A.\n"


def test_clear_deletes_what_env_lists_and_nothing_else(ring: Ring, folder: Path) -> None:
    (folder / ".env").write_text("A=\nB=filled\nC=\n")
    for account in ("custom-A", "custom-B", "custom-OTHER", "auth-default"):
        ring.set_password("sinch-cli", account, VALUE)
    assert run("clear", "-f", "--dir", str(folder)) == "Deleted from the keyring: A, B.\n"
    assert [account for _, account in ring.entries] == ["custom-OTHER", "auth-default"]
    assert run("clear", "--dir", str(folder)) == "The keyring has nothing that .env lists.\n"
    assert (folder / ".env").read_text() == "A=\nB=filled\nC=\n"


def test_nothing_is_deleted_without_a_terminal_or_force(ring: Ring, folder: Path) -> None:
    (folder / ".env").write_text("A=\n")
    ring.set_password("sinch-cli", "custom-A", VALUE)
    for arguments in (["delete", "A"], ["clear", "--dir", str(folder)]):
        error = refusal(*arguments, given="y\n").exception
        assert isinstance(error, FnError)
        assert "-f" in error.hint
    assert entry(ring, "A") == VALUE


def test_the_login_is_a_place_of_the_story(ring: Ring, folder: Path) -> None:
    login = {"projectId": "p", "keyId": "k", "keySecret": "hush"}
    ring.set_password("sinch-cli", "auth-default", json.dumps(login))
    assert run("explain", "PROJECT_ID_API_SECRET", "--dir", str(folder)).splitlines()[-1] == (
        "  > login: has one of profile default (from keyring); it counts with a tunnel and for `fn voice --live`"
    )
    rows = [line.split() for line in run("list", "--dir", str(folder)).splitlines()]
    assert rows == [
        ["PROJECT_ID", "login"],
        ["PROJECT_ID_API_KEY", "login"],
        ["PROJECT_ID_API_SECRET", "login", "secret"],
    ]


@pytest.mark.usefixtures("ring")
def test_help_of_each_command_has_an_example() -> None:
    for command in ("add", "get", "delete", "clear"):
        assert f"  fn secrets {command}" in run(command, "--help")


def test_a_person_is_asked_for_the_value_and_does_not_see_it(
    store: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    shown = Shown(FN, "secrets", "add", "STRIPE_KEY", "--dir", folder, env=store, terminal=True)
    try:
        shown.wait_for(r"Value of STRIPE_KEY: \Z")
        shown.press(VALUE.encode() + b"\n")
        shown.wait_for("STRIPE_KEY is in the keyring")
        assert shown.process.wait(20) == 0
    finally:
        shown.close()
    assert "hush" not in shown.text
    assert json.loads((tmp_path / "ring.json").read_text()) == {"sinch-cli custom-STRIPE_KEY": VALUE}
