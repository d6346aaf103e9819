from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keyring
import pytest
from click.testing import CliRunner, Result
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring

from devserver.cli.auth import auth
from devserver.errors import ConfigError, FnError
from tests.e2e.commands import Shown
from tests.e2e.running import FN
from tests.fakes.keyrings import Ring, ring, store

__all__ = ["ring", "store"]

KEY = "669E367E-6BBA-48AB-AF15-266871C28135"
SECRET = "BeIukql3pTKJ8RGL5zo0DA=="
DOCUMENT = {
    "projectId": "p-1",
    "keyId": "k-1",
    "keySecret": "hush-key",
    "applicationKey": KEY,
    "applicationSecret": SECRET,
}


def run(*arguments: str, given: str | None = None) -> Result:
    result = CliRunner().invoke(auth, arguments, input=given, catch_exceptions=False)
    assert "hush-key" not in result.output
    assert SECRET not in result.output
    return result


def refusal(*arguments: str, given: str | None = None) -> FnError:
    result = CliRunner().invoke(auth, arguments, input=given)
    assert isinstance(result.exception, FnError)
    assert "hush-key" not in f"{result.exception}{result.output}"
    return result.exception


def status() -> dict[str, Any]:
    result = run("status", "--json")
    found: dict[str, Any] = json.loads(result.output)
    assert result.exit_code == (0 if found["complete"] else 1)
    return found


def test_login_from_standard_input_status_and_logout(ring: Ring) -> None:
    done = run("login", "-f", "-", given=json.dumps(DOCUMENT))
    assert done.exit_code == 0
    assert f"Logged in: project p-1, key k-1, application {KEY} (profile default)." in done.output
    assert list(ring.entries) == [("sinch-cli", "auth-default")]
    assert status() == {
        "profile": "default",
        "complete": True,
        "keyring": None,
        "values": [
            {"name": "projectId", "set": True, "source": "keyring", "value": "p-1"},
            {"name": "keyId", "set": True, "source": "keyring", "value": "k-1"},
            {"name": "keySecret", "set": True, "source": "keyring"},
            {"name": "applicationKey", "set": True, "source": "keyring", "value": KEY},
            {"name": "applicationSecret", "set": True, "source": "keyring"},
        ],
    }
    assert run("logout", "--yes").output == (
        "Removed from the keyring, profile default: "
        "project id, key id, key secret, application key, application secret.\n"
    )
    assert ring.entries == {}
    assert status()["complete"] is False
    assert run("logout", "--yes").output == "The keyring has no login of profile default.\n"


def test_login_from_a_file_says_that_it_still_holds_the_secrets(ring: Ring, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({key: DOCUMENT[key] for key in ("projectId", "keyId", "keySecret")}))
    done = run("login", "--file", str(file))
    assert "no application" in done.output
    assert "still holds the secrets in clear" in done.output
    assert json.loads(ring.entries["sinch-cli", "auth-default"]) == json.loads(file.read_text())


def test_a_login_replaces_the_one_before_as_a_whole(ring: Ring) -> None:
    run("login", "-f", "-", given=json.dumps(DOCUMENT))
    run("login", "-f", "-", given='{"projectId": "p-2", "keyId": "k-2", "keySecret": "hush-key"}')
    assert [row["set"] for row in status()["values"]] == [True, True, True, False, False]
    assert len(ring.entries) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Standard input is not JSON"),
        ('{"projectId": "p"', "Standard input line 1 is not JSON"),
        ('{"projectId": "p", "keyId": "k", "keySecret": "hush-key", "keySecrt": "hush-key"}', 'unknown key "keySecrt"'),
        ('{"projectId": "p", "keyId": "k", "keySecret": "hush-key hush-key"}', "keySecret has white space"),
    ],
)
def test_a_document_that_is_wrong_is_one_sentence_and_nothing_is_stored(ring: Ring, text: str, said: str) -> None:
    error = refusal("login", "-f", "-", given=text)
    assert said in error.message
    assert error.hint
    assert ring.entries == {}


@pytest.mark.usefixtures("ring")
def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    error = refusal("login", "-f", str(tmp_path / "none.json"))
    assert (error.exit_code, error.message) == (78, f"{tmp_path}/none.json cannot be read: No such file or directory.")


@pytest.mark.usefixtures("ring")
def test_without_a_terminal_nothing_is_asked() -> None:
    assert "`fn auth login -f FILE`" in refusal("login", given="p\nk\nhush-key\n").hint
    assert "--yes" in refusal("logout", given="y\n").hint


def test_status_says_where_each_value_is_from_and_shows_no_secret(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    run("login", "-f", "-", given=json.dumps(DOCUMENT))
    monkeypatch.setenv("SINCH_KEY_ID", "k-1")
    monkeypatch.setenv("VOICE_APPLICATION_KEY", "another")
    lines = [" ".join(line.split()) for line in run("status").output.splitlines()]
    assert lines == [
        "Profile default",
        "project id p-1 (from the keyring)",
        "key id k-1 (from SINCH_KEY_ID)",
        "key secret set (from the keyring)",
        "application key another (from VOICE_APPLICATION_KEY)",
        "application secret not set (the keyring has one for another id)",
    ]


@pytest.mark.usefixtures("ring")
def test_everything_may_be_in_the_environment_and_needs_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.set_keyring(FailKeyring())  # type: ignore[no-untyped-call]
    assert status()["keyring"] == "This machine has no usable keyring."
    for name in ("SINCH_PROJECT_ID", "SINCH_KEY_ID", "SINCH_KEY_SECRET"):
        monkeypatch.setenv(name, "hush-key" if name.endswith("SECRET") else "x")
    assert status()["complete"] is True


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize(("backend", "said"), [(FailKeyring, "no usable keyring"), (NullKeyring, "did not keep")])
def test_a_keyring_that_cannot_keep_it_is_an_error_with_three_choices(backend: Any, said: str) -> None:
    keyring.set_keyring(backend())
    error = refusal("login", "-f", "-", given=json.dumps(DOCUMENT))
    assert isinstance(error, ConfigError)
    assert said in error.message
    for choice in ("SINCH_KEY_SECRET", "in the environment", "in .env (readable in clear there)", "unlock a keyring"):
        assert choice in error.hint


def test_what_the_environment_sets_is_told_at_login_and_logout(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINCH_KEY_SECRET", "hush-key")
    done = run("login", "-f", "-", given=json.dumps(DOCUMENT))
    assert "SINCH_KEY_SECRET is set in the environment and wins over the key secret." in done.output
    assert "Still set in the environment: SINCH_KEY_SECRET." in run("logout", "--yes").output
    assert ring.entries == {}


def test_a_profile_has_a_login_of_its_own(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FN_PROFILE", "work")
    assert 'no profile "work"' in refusal("login", "-f", "-", given=json.dumps(DOCUMENT)).message
    from devserver.cli.config import config

    assert CliRunner().invoke(config, ["profile", "create", "work"]).exit_code == 0
    run("login", "-f", "-", given=json.dumps(DOCUMENT))
    assert list(ring.entries) == [("sinch-cli", "auth-work")]
    assert status()["profile"] == "work"
    monkeypatch.delenv("FN_PROFILE")
    assert status()["complete"] is False


@pytest.mark.usefixtures("ring")
def test_the_next_step_is_one_for_the_profile_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    from devserver.cli.config import config

    assert "`fn auth login`" in run("status").output
    assert CliRunner().invoke(config, ["profile", "create", "work"]).exit_code == 0
    monkeypatch.setenv("FN_PROFILE", "work")
    assert "`fn --profile work auth login`" in run("status").output


@pytest.mark.usefixtures("ring")
def test_help_of_each_command_has_an_example() -> None:
    for command in ("login", "status", "logout"):
        assert f"  fn auth {command}" in run(command, "--help").output


# --- at a terminal ---------------------------------------------------------------------------------------------------


def test_a_person_is_asked_and_secrets_are_not_shown(store: dict[str, str], tmp_path: Path) -> None:
    shown = Shown(FN, "auth", "login", env=store, terminal=True)
    try:
        for question, typed in (
            (r"Project id: ", "p-1"),
            (r"Key id: ", "two words"),
            (r"Error: there is white space in it.*\s+Key id: ", "k-1"),
            (r"Key secret: ", "hush-key"),
            (r"Application key of a Voice App \(- for none\) \[-\]: ", KEY),
            (r"Application secret: ", "no*base64"),
            (r"Error: This is not base64 text\.\s+Application secret: ", SECRET),
        ):
            shown.wait_for(question + r"\Z")
            shown.press(typed.encode() + b"\n")
        shown.wait_for(r"Logged in: project p-1, key k-1")
        assert shown.process.wait(20) == 0
    finally:
        shown.close()
    assert "hush-key" not in shown.text
    assert SECRET not in shown.text
    stored = json.loads((tmp_path / "ring.json").read_text())
    assert json.loads(stored["sinch-cli auth-default"]) == DOCUMENT


@pytest.mark.parametrize(("answer", "left"), [("n", 1), ("y", 0)])
def test_a_person_is_asked_before_a_login_is_deleted(
    store: dict[str, str], tmp_path: Path, answer: str, left: int
) -> None:
    (tmp_path / "ring.json").write_text(json.dumps({"sinch-cli auth-default": json.dumps(DOCUMENT)}))
    shown = Shown(FN, "auth", "logout", env=store, terminal=True)
    try:
        shown.wait_for(r"Delete the login of profile default from the keyring\? \[y/N\]: \Z")
        shown.press(answer.encode() + b"\n")
        shown.wait_for("Removed from the keyring" if answer == "y" else "Aborted")
        assert shown.process.wait(20) == (0 if answer == "y" else 130)
    finally:
        shown.close()
    assert len(json.loads((tmp_path / "ring.json").read_text())) == left
