from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devserver.errors import ConfigError
from devserver.project import Explanation, Project, load_project
from devserver.project.explaining import explain_variable


@dataclass
class DictKeyring:
    """A keyring in memory that remembers what it was asked."""

    entries: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, account: str) -> str | None:
        self.asked.append(account)
        return self.entries.get(account)


class NoKeyring:
    """A machine without a keyring."""

    def get(self, account: str) -> str | None:  # noqa: ARG002 -- the Protocol has it
        raise ConfigError("This machine has no usable keyring.")


def write(folder: Path, manifest: Any = None, env: str | None = None, entry: str | None = "") -> Path:
    folder.mkdir(exist_ok=True)
    text = manifest if isinstance(manifest, str) else json.dumps({"name": "fn", "runtime": "python"} | (manifest or {}))
    (folder / "sinch.json").write_text(text, "utf-8")
    if env is not None:
        (folder / ".env").write_text(env, "utf-8")
    if entry is not None:
        (folder / "function.py").write_text(entry, "utf-8")
    return folder


def load(folder: Path, environ: Mapping[str, str] | None = None, keyring: Any = None) -> Project:
    return load_project(folder, environ=environ or {}, keyring=keyring or NoKeyring())


def refusal(folder: Path, environ: Mapping[str, str] | None = None, keyring: Any = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(folder, environ, keyring)
    assert caught.value.exit_code == 78
    return caught.value


def explained(folder: Path, name: str, environ: Mapping[str, str] | None = None, keyring: Any = None) -> Explanation:
    return explain_variable(folder, name, environ=environ or {}, keyring=keyring or NoKeyring())


def test_the_smallest_project_loads_with_every_default(tmp_path: Path) -> None:
    project = load(write(tmp_path, '{"name": "fn"}'))
    assert project == Project(
        root=tmp_path.resolve(),
        name="fn",
        runtime="python",
        description="",
        function_id=None,
        tunnel_preference=None,
        voice_app=None,
        voice_secret=None,
        conversation_app=None,
        variables={},
        dev=project.dev,
        warnings=(),
    )
    assert (project.dev.deadline, project.dev.body_limit, project.dev.spares) == (30, 10 * 1024 * 1024, 2)
    assert project.environment == {}
    assert project.secret_values == {}


def test_every_key_of_the_manifest_arrives(tmp_path: Path) -> None:
    manifest = {
        "name": "pizza.line-2",
        "description": "Takes orders.",
        "functionId": "01HX",
        "tunnel": {"preference": "on"},
        "voiceApp": "669E367E",
        "conversationApp": "app-1",
        "variables": {"OPEN": "9"},
        "dev": {"deadline": 2, "bodyLimit": 2048, "origins": {"sms": "http://127.0.0.1:1"}, "ignore": ["*.log"]},
        "createdResources": {"services": []},
        "projectId": "p",
    }
    project = load(write(tmp_path, manifest))
    assert project.name == "pizza.line-2"
    assert project.description == "Takes orders."
    assert project.function_id == "01HX"
    assert project.tunnel_preference == "on"
    assert project.voice_app == "669E367E"
    assert project.conversation_app == "app-1"
    assert project.dev.deadline == 2
    assert project.dev.body_limit == 2048
    assert project.dev.origins == {"sms": "http://127.0.0.1:1"}
    assert project.dev.ignore == ["*.log"]
    assert project.warnings == ()


def test_a_project_cannot_be_changed_and_does_not_show_its_secrets(tmp_path: Path) -> None:
    secret = base64.b64encode(b"hush-hush-hush").decode()
    project = load(write(tmp_path, env=f"VOICE_APPLICATION_SECRET={secret}\nOTHER_TOKEN=quiet\n"))
    assert secret not in repr(project)
    assert "quiet" not in repr(project)
    with pytest.raises(dataclasses.FrozenInstanceError):
        project.name = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        project.variables["x"] = project.variables["OTHER_TOKEN"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("environ", "env", "stored", "source", "value"),
    [
        ({"A": "process"}, "A=file", "ring", "process environment", "process"),
        ({"A": ""}, "A=file", "ring", "process environment", ""),
        ({}, "A=file", "ring", ".env", "file"),
        ({}, "A=", "ring", "keyring", "ring"),
        ({}, "A=", None, "sinch.json", "manifest"),
        ({}, "", "ring", "sinch.json", "manifest"),
    ],
)
def test_the_first_place_that_has_a_value_wins(
    *, tmp_path: Path, environ: dict[str, str], env: str, stored: str | None, source: str, value: str
) -> None:
    keyring = DictKeyring({} if stored is None else {"custom-A": stored})
    folder = write(tmp_path, {"variables": {"A": "manifest"}}, env)
    found = load(folder, environ, keyring).variables["A"]
    assert (found.source, found.value) == (source, value)
    story = explained(folder, "A", environ, keyring)
    assert story.variable == found
    assert [step.source for step in story.steps] == ["process environment", ".env", "keyring", "sinch.json"]
    assert [step.source for step in story.steps if step.value is not None] == [source]


def test_the_keyring_is_asked_only_for_keys_that_nothing_before_it_settles(tmp_path: Path) -> None:
    keyring = DictKeyring({"custom-D": "d"})
    folder = write(tmp_path, {"variables": {"C": "c"}}, "A=a\nB=\nD=\n")
    assert load(folder, {"B": "b"}, keyring).environment == {"A": "a", "B": "b", "D": "d", "C": "c"}
    assert keyring.asked == ["custom-D"]


def test_the_process_environment_counts_for_listed_and_platform_names_alone(tmp_path: Path) -> None:
    environ = {
        "HOME": "/home/x",
        "LISTED": "1",
        "PROJECT_ID": "p",
        "SMS_REGION": "eu",
        "VERIFICATION_APPLICATION_ID": "v",
        "STRANGE": "s",
    }
    project = load(write(tmp_path, {"variables": {"LISTED": "0"}}), environ)
    assert project.environment == {
        "LISTED": "1",
        "PROJECT_ID": "p",
        "SMS_REGION": "eu",
        "VERIFICATION_APPLICATION_ID": "v",
    }
    story = explained(tmp_path, "STRANGE", environ)
    assert story.variable is None
    assert story.steps[0].reason == "set, but neither .env nor sinch.json lists it"


def test_a_key_without_a_value_anywhere_stays_unset_and_is_named_in_a_warning(tmp_path: Path) -> None:
    project = load(write(tmp_path, env="API_KEY=\n"), keyring=DictKeyring())
    assert "API_KEY" not in project.environment
    [warning] = project.warnings
    assert "API_KEY" in warning
    assert "`fn secrets add API_KEY`" in warning


def test_no_usable_keyring_is_an_error_that_names_every_key_and_the_choices(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, env="A=\nB=\nC=x\nD=\n"), {"D": "set"})
    assert ".env lists A and B without a value" in error.message
    assert "This machine has no usable keyring." in error.message
    for choice in ("in the environment", "in .env", "unlock a keyring"):
        assert choice in error.hint


def test_without_empty_keys_a_machine_without_keyring_is_no_problem(tmp_path: Path) -> None:
    assert load(write(tmp_path, env="A=1\nB=\n"), {"B": ""}).environment == {"A": "1", "B": ""}


def test_an_unusable_keyring_is_part_of_the_explanation_and_no_error(tmp_path: Path) -> None:
    story = explained(write(tmp_path, env="A=\n"), "A")
    assert story.variable is None
    assert story.secret
    assert story.steps[-1].reason == "asked, but: This machine has no usable keyring."


def test_an_explanation_says_what_later_places_hold_without_asking_the_keyring(tmp_path: Path) -> None:
    keyring = DictKeyring()
    story = explained(write(tmp_path, {"variables": {"A": "m"}}, "A=file\n"), "A", {"A": "p"}, keyring)
    assert [step.reason for step in story.steps] == [
        "set",
        "has a value, but process environment comes first",
        "not asked: process environment comes first",
        "has a value, but process environment comes first",
    ]
    assert keyring.asked == []


def test_secrets_are_known_by_their_name_or_by_an_empty_line_in_the_env_file(tmp_path: Path) -> None:
    env = "STRIPE_KEY=k\nDB_PASSWORD=\nCITY=\nPLAIN=p\nPUBLIC_KEY=pk\nEMPTY_TOKEN=\n"
    keyring = DictKeyring({"custom-CITY": "Malmö", "custom-DB_PASSWORD": "pw", "custom-EMPTY_TOKEN": ""})
    project = load(write(tmp_path, env=env), {"PROJECT_ID_API_SECRET": "s", "PROJECT_ID_API_KEY": "id"}, keyring)
    assert project.secret_values == {
        "STRIPE_KEY": "k",
        "DB_PASSWORD": "pw",
        "CITY": "Malmö",
        "PROJECT_ID_API_SECRET": "s",
    }


def test_the_voice_app_comes_from_the_manifest_and_else_from_its_variable(tmp_path: Path) -> None:
    secret = base64.b64encode(b"secret").decode()
    environ = {"VOICE_APPLICATION_KEY": "from-env", "VOICE_APPLICATION_SECRET": secret, "CONVERSATION_APP_ID": "c"}
    project = load(write(tmp_path), environ)
    assert (project.voice_app, project.voice_secret, project.conversation_app) == ("from-env", secret, "c")
    bound = load(write(tmp_path, {"voiceApp": "from-manifest", "conversationApp": "d"}))
    assert (bound.voice_app, bound.conversation_app) == ("from-manifest", "d")
    assert bound.environment == {"VOICE_APPLICATION_KEY": "from-manifest", "CONVERSATION_APP_ID": "d"}
    story = explained(tmp_path, "VOICE_APPLICATION_KEY")
    assert story.variable == bound.variables["VOICE_APPLICATION_KEY"]
    assert story.steps[-1].reason == "has no such variable, but voiceApp"


def test_two_different_voice_apps_are_warned_about_and_the_same_in_other_case_is_not(tmp_path: Path) -> None:
    folder = write(tmp_path, {"voiceApp": "AB-1"})
    [warning] = load(folder, {"VOICE_APPLICATION_KEY": "other"}).warnings
    assert "name different apps" in warning
    assert load(folder, {"VOICE_APPLICATION_KEY": "ab-1"}).warnings == ()


def test_an_empty_voice_secret_is_none_and_one_that_is_no_base64_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert load(folder, {"VOICE_APPLICATION_SECRET": ""}).voice_secret is None
    error = refusal(folder, {"VOICE_APPLICATION_SECRET": "no base64!"})
    assert "from process environment" in error.message
    assert "no base64!" not in str(error)


def test_an_unknown_top_level_key_is_kept_and_warned_about_with_the_likely_one(tmp_path: Path) -> None:
    folder = write(tmp_path, {"voiceapp": "x", "zzz": 1})
    before = (folder / "sinch.json").read_bytes()
    near, far = load(folder).warnings
    assert near.endswith('"voiceapp" is not known here and is left alone. Did you mean "voiceApp"?')
    assert far.endswith('"zzz" is not known here and is left alone.')
    assert (folder / "sinch.json").read_bytes() == before


def test_a_secret_in_the_committed_file_is_warned_about_without_its_value(tmp_path: Path) -> None:
    [warning] = load(write(tmp_path, {"variables": {"STRIPE_KEY": "sk_1", "OTHER_TOKEN": ""}})).warnings
    assert "STRIPE_KEY looks like a secret" in warning
    assert "sk_1" not in warning


@pytest.mark.parametrize(
    ("runtime", "sentence"),
    [("node", "for Node"), ("nodejs20", "for Node"), ("csharp", "for C#"), ("python3", '"python3" is no runtime')],
)
def test_a_project_of_another_runtime_says_what_to_do(tmp_path: Path, runtime: str, sentence: str) -> None:
    error = refusal(write(tmp_path, {"runtime": runtime}, entry=None))
    assert sentence in error.message
    assert '"runtime": "python"' in error.hint


def test_a_folder_that_is_no_project_says_how_to_get_one(tmp_path: Path) -> None:
    missing = refusal(tmp_path / "nowhere")
    assert missing.message.endswith("nowhere does not exist.")
    (tmp_path / "file").write_text("x")
    assert "is not a folder" in refusal(tmp_path / "file").message
    empty = refusal(tmp_path)
    assert "no sinch.json" in empty.message
    assert "fn init" in empty.hint


def test_a_function_without_manifest_is_told_what_to_write(tmp_path: Path) -> None:
    folder = tmp_path / "My Line!"
    folder.mkdir()
    (folder / "function.py").write_text("")
    error = refusal(folder)
    assert "has a function.py but no sinch.json" in error.message
    assert '{"name": "My-Line", "runtime": "python"}' in error.hint


def test_a_manifest_without_function_says_so_and_notices_another_language(tmp_path: Path) -> None:
    assert "has no function.py." in refusal(write(tmp_path, entry=None)).message
    (tmp_path / "function.ts").write_text("")
    assert "but a function.ts" in refusal(tmp_path).message
    (tmp_path / "function.py").mkdir()
    assert "has no function.py" in refusal(tmp_path).message
