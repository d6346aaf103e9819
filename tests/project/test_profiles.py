from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from devserver.errors import ConfigError
from devserver.project.profiles import (
    KEYS,
    Config,
    known_key,
    read_config,
    with_profile,
    with_value,
    without_profile,
    write_config,
)


def written(folder: Path, document: Any) -> dict[str, str]:
    """An environment in whose state folder the file holds a document, or any text."""
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / "config.json").write_text(text, "utf-8")
    return {"FN_STATE_DIR": str(folder)}


def test_without_a_file_there_is_an_empty_default_and_nothing_is_created(tmp_path: Path) -> None:
    config = read_config({"FN_STATE_DIR": str(tmp_path / "state")})
    assert config == Config(tmp_path / "state" / "config.json", "default", {"default": {}})
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_read_again_and_private(tmp_path: Path) -> None:
    environ = {"FN_STATE_DIR": str(tmp_path / "state")}
    config = with_value(with_profile(read_config(environ), "work"), "work", "projectId", "p-1")
    write_config(config)
    assert read_config(environ) == config
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE(config.path.stat().st_mode) == 0o600
    assert [path.name for path in config.path.parent.iterdir()] == ["config.json"]


def test_the_environment_wins_over_the_profile_in_use(tmp_path: Path) -> None:
    config = Config(tmp_path, "work", {"default": {}, "work": {}, "ci": {}})
    assert config.chosen({}) == "work"
    assert config.chosen({"FN_PROFILE": " "}) == "work"
    assert config.chosen({"FN_PROFILE": "ci"}) == "ci"


def test_a_profile_that_is_not_there_is_named_with_the_likely_one_or_how_to_create_it(tmp_path: Path) -> None:
    config = Config(tmp_path, "gone", {"default": {}, "work": {}})
    with pytest.raises(ConfigError, match=r'no profile "wrok"\. Did you mean "work"'):
        config.chosen({"FN_PROFILE": "wrok"})
    with pytest.raises(ConfigError, match=r'no profile "gone"\. Create it with `fn config profile create gone`'):
        config.chosen({})


def test_an_empty_value_removes_and_others_stay(tmp_path: Path) -> None:
    config = Config(tmp_path, profiles={"default": {"projectId": "p", "ours-of-tomorrow": "x"}})
    config = with_value(config, "default", "keyId", "k")
    assert with_value(config, "default", "projectId", "").profiles == {
        "default": {"ours-of-tomorrow": "x", "keyId": "k"}
    }


@pytest.mark.parametrize("key", ["keySecret", "applicationSecret", "key_secret", "KEYSECRET", "key-secret"])
def test_a_secret_of_the_account_is_refused_with_its_place(key: str) -> None:
    with pytest.raises(ConfigError, match=r"is a secret.*fn auth login"):
        known_key(key)


def test_any_other_secret_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigError, match="fn secrets add STRIPE_KEY"):
        known_key("STRIPE_KEY")


def test_a_key_that_is_none_is_refused_with_the_likely_one() -> None:
    with pytest.raises(ConfigError, match='Did you mean "projectId"'):
        known_key("projectID")
    with pytest.raises(ConfigError, match=r"Known are projectId, keyId, defaultApplicationKey, region\."):
        known_key("zzz")


def test_every_key_that_is_listed_is_known() -> None:
    assert [known_key(key) for key in KEYS] == list(KEYS)


@pytest.mark.parametrize(
    ("key", "value"), [("projectId", "two words"), ("keyId", "line\nbreak"), ("keyId", "x" * 201), ("region", "mars")]
)
def test_a_value_that_cannot_be_one_is_refused(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError):
        with_value(Config(tmp_path), "default", key, value)


@pytest.mark.parametrize("name", ["", "-x", "a b", "x" * 64, "a/b", "../x", "ä"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name for a profile"):
        with_profile(Config(tmp_path), name)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="already"):
        with_profile(Config(tmp_path), "default")


def test_deleting_the_profile_in_use_goes_back_to_the_default(tmp_path: Path) -> None:
    config = Config(tmp_path, "work", {"default": {}, "work": {}, "ci": {}})
    assert without_profile(config, "ci").in_use == "work"
    left = without_profile(config, "work")
    assert (left.in_use, list(left.profiles)) == ("default", ["default", "ci"])
    with pytest.raises(ConfigError, match="is always there"):
        without_profile(config, "default")
    with pytest.raises(ConfigError, match='no profile "other"'):
        without_profile(config, "other")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "is not what `fn config` writes"),
        ("{", "is not what `fn config` writes"),
        ("[]", "is not what `fn config` writes"),
        ({"version": 1, "profiles": {"default": {"projectId": 7}}}, "is not what `fn config` writes"),
        ({"profiles": {}}, "is not what `fn config` writes"),
        ("[" * 100_000, "is not what `fn config` writes"),
        ({"version": 2, "profiles": {}}, "is of version 2"),
    ],
    ids=["empty", "cut", "list", "number", "no version", "deep", "newer"],
)
def test_a_file_that_is_not_ours_is_one_sentence_and_stays_as_it_is(tmp_path: Path, document: Any, said: str) -> None:
    environ = written(tmp_path, document)
    before = (tmp_path / "config.json").read_bytes()
    with pytest.raises(ConfigError, match=said) as refused:
        read_config(environ)
    assert refused.value.exit_code == 78
    assert (tmp_path / "config.json").read_bytes() == before


def test_what_a_newer_version_added_is_kept(tmp_path: Path) -> None:
    environ = written(tmp_path, {"version": 1, "profile": "default", "profiles": {"default": {"later": "x"}}})
    write_config(with_value(read_config(environ), "default", "projectId", "p"))
    assert json.loads((tmp_path / "config.json").read_text())["profiles"] == {
        "default": {"later": "x", "projectId": "p"}
    }


def test_a_folder_that_cannot_be_had_is_an_error_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be"):
        write_config(Config(tmp_path / "file" / "state" / "config.json"))
