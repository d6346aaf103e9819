from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from devserver.errors import ConfigError
from devserver.project import Project, load_project
from devserver.project.explaining import explain_variable, explain_variables
from devserver.project.from_login import NAMES
from devserver.project.login import Login
from tests.fakes.keyrings import MemoryKeyring, NoKeyring

KEY = "669E367E-6BBA-48AB-AF15-266871C28135"
SECRET = "BeIukql3pTKJ8RGL5zo0DA=="
OTHER = "b3RoZXItc2VjcmV0"
FIELDS = ("project_id", "key_id", "key_secret", "application_key", "application_secret")
LOGIN = Login("default", "p-1", "k-1", "hush-key", KEY, SECRET, "euc1", dict.fromkeys(FIELDS, "keyring"))
APPLICATION = {"VOICE_APPLICATION_KEY": KEY, "VOICE_APPLICATION_SECRET": SECRET}
ACCOUNT = {"PROJECT_ID": "p-1", "PROJECT_ID_API_KEY": "k-1", "PROJECT_ID_API_SECRET": "hush-key"}
REGION = {"VOICE_REGION": "euc1"}


def write(folder: Path, env: str = "", **manifest: Any) -> Path:
    (folder / "sinch.json").write_text(json.dumps({"name": "fn"} | manifest))
    (folder / "function.py").touch()
    (folder / ".env").write_text(env)
    return folder


def load(folder: Path, environ: Mapping[str, str] | None = None, login: Any = LOGIN) -> Project:
    return load_project(folder, environ=environ or {}, keyring=MemoryKeyring(), login=login)


def never() -> Login:
    raise AssertionError("the login was asked")


def test_a_project_without_credentials_takes_them_all(tmp_path: Path) -> None:
    project = load(write(tmp_path))
    assert project.environment == APPLICATION | ACCOUNT | REGION
    assert {each.source for each in project.variables.values()} == {"login"}
    assert (project.voice_app, project.voice_secret) == (KEY, SECRET)
    assert project.warnings == ()


def test_they_are_kept_out_of_recordings_as_other_secrets_are(tmp_path: Path) -> None:
    project = load(write(tmp_path))
    assert set(project.secret_values.values()) == {SECRET, "hush-key"}
    assert SECRET not in repr(project)
    assert "hush-key" not in repr(project)


def test_only_who_asks_gets_them(tmp_path: Path) -> None:
    project = load(write(tmp_path), login=None)
    assert project.environment == {}


def test_the_login_is_looked_for_only_when_something_is_missing(tmp_path: Path) -> None:
    everything = dict.fromkeys((*APPLICATION, *ACCOUNT), "eA==")
    assert load(write(tmp_path), everything, never).environment == everything
    assert load(tmp_path, None, lambda: LOGIN).voice_secret == SECRET


def test_every_other_place_comes_first(tmp_path: Path) -> None:
    folder = write(tmp_path, "PROJECT_ID=P-1\nPROJECT_ID_API_SECRET=\n", variables={"PROJECT_ID_API_KEY": "K-1"})
    keyring = MemoryKeyring({"custom-PROJECT_ID_API_SECRET": "hush-key"})
    found = load_project(folder, environ={}, keyring=keyring, login=LOGIN).variables
    assert {name: found[name].source for name in ACCOUNT} == {
        "PROJECT_ID": ".env",
        "PROJECT_ID_API_KEY": "sinch.json",
        "PROJECT_ID_API_SECRET": "keyring",
    }


def test_a_key_that_env_lists_empty_may_come_from_the_login_and_is_no_warning(tmp_path: Path) -> None:
    project = load(write(tmp_path, "VOICE_APPLICATION_SECRET=\n"))
    assert project.variables["VOICE_APPLICATION_SECRET"].source == "login"
    assert project.warnings == ()


@pytest.mark.parametrize(
    ("env", "manifest", "taken"),
    [
        (f"VOICE_APPLICATION_KEY={KEY.lower()}", {}, {"VOICE_APPLICATION_SECRET"}),
        ("", {"voiceApp": KEY.lower()}, {"VOICE_APPLICATION_SECRET"}),
        (f"VOICE_APPLICATION_SECRET={SECRET}", {}, {"VOICE_APPLICATION_KEY"}),
        ("VOICE_APPLICATION_KEY=another", {}, set()),
        ("", {"voiceApp": "another"}, set()),
        (f"VOICE_APPLICATION_KEY={KEY}", {"voiceApp": "another"}, set()),
        ("VOICE_APPLICATION_KEY=another", {"voiceApp": KEY}, set()),
        (f"VOICE_APPLICATION_SECRET={OTHER}", {}, set()),
    ],
)
def test_key_and_secret_of_an_application_are_never_mixed(
    tmp_path: Path, env: str, manifest: dict[str, str], taken: set[str]
) -> None:
    variables = load(write(tmp_path, env, **manifest)).variables
    assert {name for name in APPLICATION if name in variables and variables[name].source == "login"} == taken
    assert {name for name in ACCOUNT if variables[name].source == "login"} == set(ACCOUNT)


@pytest.mark.parametrize(
    ("env", "taken"),
    [
        ("PROJECT_ID=P-1", {"PROJECT_ID_API_KEY", "PROJECT_ID_API_SECRET"}),
        ("PROJECT_ID=another", set()),
        ("PROJECT_ID_API_KEY=another", set()),
        ("PROJECT_ID_API_SECRET=another", set()),
        ("PROJECT_ID=p-1\nPROJECT_ID_API_KEY=another", set()),
    ],
)
def test_neither_are_those_of_an_account(tmp_path: Path, env: str, taken: set[str]) -> None:
    variables = load(write(tmp_path, env)).variables
    assert {name for name in ACCOUNT if name in variables and variables[name].source == "login"} == taken
    assert variables["VOICE_APPLICATION_SECRET"].source == "login"


def test_a_variable_that_is_set_to_nothing_takes_nothing(tmp_path: Path) -> None:
    project = load(write(tmp_path), {"VOICE_APPLICATION_KEY": ""})
    assert project.voice_app is None
    assert project.voice_secret is None


def test_a_login_without_an_application_gives_the_account_alone(tmp_path: Path) -> None:
    project = load(write(tmp_path), login=Login("default", "p-1", "k-1", "hush-key"))
    assert project.environment == ACCOUNT


def test_a_keyring_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    login = Login("default", trouble="The keyring is locked.")
    assert load_project(write(tmp_path), environ={}, keyring=NoKeyring(), login=login).environment == {}


def test_a_secret_of_the_login_that_is_no_base64_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"VOICE_APPLICATION_SECRET \(from login\) cannot be used"):
        load(write(tmp_path), login=Login("default", application_key=KEY, application_secret="no*base64"))


# --- explanations ----------------------------------------------------------------------------------------------------


def last_step(folder: Path, name: str, login: Any = LOGIN) -> tuple[str, str]:
    story = explain_variable(folder, name, environ={}, keyring=MemoryKeyring(), login=login)
    step = story.steps[-1]
    assert (story.variable is not None and story.variable.source == "login") == (step.value is not None)
    return step.source, step.reason


def test_the_story_ends_with_the_login(tmp_path: Path) -> None:
    folder = write(tmp_path)
    source, reason = last_step(folder, "VOICE_APPLICATION_SECRET")
    assert source == "login"
    assert reason == "has one of profile default (from keyring); it counts with a tunnel and for `fn voice --live`"
    config = Login("work", "p-1", sources={"project_id": "config"})
    assert last_step(folder, "PROJECT_ID", config)[1].startswith("has one of profile work (from config.json)")


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        (Login("default"), "nobody is logged in with one of profile default; see `fn auth login`"),
        (Login("default", trouble="The keyring is locked."), "not available: The keyring is locked."),
        (
            Login("default", mismatch=("application_secret",)),
            "the keyring has one of profile default, but for another id than the environment says",
        ),
    ],
)
def test_the_story_says_why_the_login_has_none(tmp_path: Path, login: Login, reason: str) -> None:
    assert last_step(write(tmp_path), "VOICE_APPLICATION_SECRET", login) == ("login", reason)


def test_the_story_says_when_the_login_is_for_another_application(tmp_path: Path) -> None:
    folder = write(tmp_path, voiceApp="another")
    assert last_step(folder, "VOICE_APPLICATION_SECRET")[1] == (
        "has one of profile default, but for another VOICE_APPLICATION_KEY than this project's"
    )


def test_the_story_does_not_ask_the_login_when_another_place_has_a_value(tmp_path: Path) -> None:
    folder = write(tmp_path, "PROJECT_ID=p\n")
    assert last_step(folder, "PROJECT_ID", never) == ("login", "not asked: .env comes first")


def test_other_variables_have_no_such_place(tmp_path: Path) -> None:
    assert last_step(write(tmp_path), "CITY", never)[0] == "sinch.json"


def test_the_list_has_what_the_login_gives_and_not_what_it_lacks(tmp_path: Path) -> None:
    folder = write(tmp_path, "CITY=Malmö\n", voiceApp="another")
    found = {
        each.key: each.variable.source if each.variable else None
        for each in explain_variables(folder, environ={}, keyring=MemoryKeyring(), login=LOGIN)
    }
    assert found == {"CITY": ".env", "VOICE_APPLICATION_KEY": "sinch.json"} | dict.fromkeys(
        [*ACCOUNT, "VOICE_REGION"], "login"
    )
    without = explain_variables(folder, environ={}, keyring=MemoryKeyring(), login=lambda: Login("default"))
    assert [each.key for each in without] == ["CITY", "VOICE_APPLICATION_KEY"]


def test_every_name_that_a_login_may_give_has_a_story(tmp_path: Path) -> None:
    folder = write(tmp_path)
    for name in NAMES:
        assert last_step(folder, name)[0] == "login"
