from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import keyring
import pytest
from click.testing import CliRunner

from devserver.cli.config import config
from devserver.errors import FnError
from tests.e2e.commands import assert_one_sentence
from tests.e2e.commands import run as fn
from tests.fakes.keyrings import Ring, ring, store

__all__ = ["ring", "store"]

ID = "0123abcd-0123-4abc-8abc-0123456789ab"


pytestmark = pytest.mark.usefixtures("ring")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(config, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def refusal(*arguments: str) -> FnError:
    result = CliRunner().invoke(config, arguments)
    assert isinstance(result.exception, FnError)
    return result.exception


def test_what_is_set_is_got_listed_and_removed() -> None:
    assert refusal("get", "projectId").message == "projectId is not set in profile default."
    assert run("set", "projectId", ID) == f"projectId of profile default is {ID}.\n"
    assert run("get", "projectId") == ID + "\n"
    assert json.loads(run("list", "--json"))["values"] == {
        "projectId": ID,
        "keyId": None,
        "defaultApplicationKey": None,
        "region": None,
    }
    lines = run("list").splitlines()
    assert lines[0] == f"Profile default ({os.environ['FN_STATE_DIR']}/config.json)"
    assert lines[1].split() == ["projectId", ID]
    assert "not set" in lines[2]
    assert "is not set any more" in run("set", "projectId", "")
    assert refusal("get", "projectId").exit_code == 1


def test_a_secret_is_refused_with_its_place_and_not_stored() -> None:
    error = refusal("set", "keySecret", "hush-key")
    assert "fn auth login" in error.hint
    assert "hush" not in str(error)
    assert not Path(os.environ["FN_STATE_DIR"], "config.json").exists()
    assert "fn secrets add STRIPE_KEY" in refusal("set", "STRIPE_KEY", "x").hint
    assert "fn auth login" in refusal("get", "applicationSecret").hint


def test_a_file_that_is_not_ours_is_told_and_left_alone() -> None:
    file = Path(os.environ["FN_STATE_DIR"], "config.json")
    file.parent.mkdir()
    file.write_text("{broken")
    for arguments in (["list"], ["set", "projectId", ID], ["profile", "create", "work"], ["profile", "list"]):
        error = refusal(*arguments)
        assert error.exit_code == 78
        assert str(file) in error.message
    assert file.read_text() == "{broken"


def test_profiles_are_created_used_and_deleted_with_their_login(ring: Ring) -> None:
    run("set", "projectId", "p-default")
    assert "fn --profile work auth login" in run("profile", "create", "work")
    assert run("profile", "use", "work") == "Profile work is in use.\n"
    run("set", "projectId", "p-work")
    ring.set_password("sinch-cli", "auth-work", '{"projectId": "p", "keyId": "k", "keySecret": "s"}')
    ring.set_password("sinch-cli", "auth-default", "kept")
    assert json.loads(run("profile", "list", "--json")) == [
        {"name": "default", "inUse": False, "chosen": False},
        {"name": "work", "inUse": True, "chosen": True},
    ]
    assert run("profile", "list") == "default\nwork  (in use, chosen now)\n"
    assert run("profile", "delete", "work", "--yes") == (
        "Profile work is deleted, with its login. In use is default.\n"
    )
    assert list(ring.entries) == [("sinch-cli", "auth-default")]
    assert run("get", "projectId") == "p-default\n"


def test_the_environment_wins_over_the_profile_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    run("profile", "create", "work")
    run("profile", "create", "ci")
    monkeypatch.setenv("FN_PROFILE", "ci")
    assert "FN_PROFILE is ci in this environment, and wins." in run("profile", "use", "work")
    run("set", "projectId", "p-ci")
    monkeypatch.delenv("FN_PROFILE")
    assert refusal("get", "projectId").message == "projectId is not set in profile work."
    monkeypatch.setenv("FN_PROFILE", "gone")
    assert 'no profile "gone"' in refusal("list").message
    assert "work  (in use)" in run("profile", "list")


def test_a_profile_is_not_deleted_without_a_terminal_or_yes() -> None:
    run("profile", "create", "work")
    assert "--yes" in refusal("profile", "delete", "work").hint
    assert "work" in run("profile", "list")
    assert "always there" in refusal("profile", "delete", "default", "--yes").message
    assert 'no profile "wrok"' in refusal("profile", "delete", "wrok", "--yes").message


def test_a_profile_is_deleted_though_the_keyring_cannot_be_asked() -> None:
    from keyring.backends.fail import Keyring as FailKeyring

    run("profile", "create", "work")
    keyring.set_keyring(FailKeyring())  # type: ignore[no-untyped-call]
    assert "may be left in the keyring" in run("profile", "delete", "work", "--yes")
    assert run("profile", "list") == "default  (in use, chosen now)\n"


def test_help_of_each_command_has_an_example() -> None:
    for command in ("get", "set"):
        assert f"  fn config {command}" in run(command, "--help")
    assert "  fn --profile work config list" in run("list", "--help")
    for command in ("list", "create", "use", "delete"):
        assert f"  fn config profile {command}" in run("profile", command, "--help")


# --- the option of `fn` itself ----------------------------------------------------------------------------------------


def test_the_option_wins_over_everything_for_every_command(store: dict[str, str]) -> None:
    environ = store | {"FN_PROFILE": "ci"}

    def said(*arguments: str) -> subprocess.CompletedProcess[str]:
        return fn(*arguments, env=environ)

    assert_one_sentence(said("config", "list"), 78, 'no profile "ci"', "fn config profile create ci")
    for name in ("ci", "work"):
        assert said("config", "profile", "create", name).returncode == 0
    assert said("--profile", "work", "config", "set", "projectId", "p-work").returncode == 0
    assert said("--profile", "work", "config", "get", "projectId").stdout == "p-work\n"
    assert json.loads(said("--profile", "work", "auth", "status", "--json").stdout)["profile"] == "work"
    assert json.loads(said("auth", "status", "--json").stdout)["profile"] == "ci"
    assert_one_sentence(said("--profile", "wrok", "auth", "status"), 78, 'no profile "wrok"', 'Did you mean "work"?')
