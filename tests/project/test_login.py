from __future__ import annotations

import json
from pathlib import Path

import pytest

from devserver.errors import ConfigError
from devserver.project.credentials import Credentials
from devserver.project.login import PARTS, Login, account_of_profile, forget_login, load_login, store_login
from devserver.project.profiles import Config, with_profile, with_value, write_config
from tests.fakes.keyrings import MemoryKeyring, NoKeyring

KEY = "669E367E-6BBA-48AB-AF15-266871C28135"
SECRET = "BeIukql3pTKJ8RGL5zo0DA=="
STORED = Credentials("p-1", "k-1", "hush-key", KEY, SECRET)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"FN_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture
def keyring() -> MemoryKeyring:
    ring = MemoryKeyring()
    store_login(ring, "default", STORED)
    return ring


def configure(environ: dict[str, str], **values: str) -> None:
    config = Config(Path(environ["FN_STATE_DIR"]) / "config.json")
    for key, value in values.items():
        config = with_value(config, "default", key, value)
    write_config(config)


def test_the_keyring_holds_one_document_for_each_profile(environ: dict[str, str], keyring: MemoryKeyring) -> None:
    assert list(keyring.entries) == ["auth-default"] == [account_of_profile("default")]
    assert json.loads(keyring.entries["auth-default"])["keySecret"] == "hush-key"
    login = load_login(environ, keyring)
    assert login == Login(
        "default", "p-1", "k-1", "hush-key", KEY, SECRET, None, dict.fromkeys((p.field for p in PARTS), "keyring")
    )
    assert login.is_complete


def test_nobody_is_logged_in_at_first(environ: dict[str, str]) -> None:
    assert load_login(environ, MemoryKeyring()) == Login("default")
    assert not Login("default").is_complete


def test_the_environment_wins_one_by_one(environ: dict[str, str], keyring: MemoryKeyring) -> None:
    for part in PARTS:
        login = load_login(environ | {part.variable: f" {part.field} "}, keyring)
        assert login.value(part) == part.field
        assert login.sources[part.field] == "environment"
        others = [each for each in PARTS if each is not part and each.field not in login.mismatch]
        assert [login.sources[each.field] for each in others] == ["keyring"] * len(others)


def test_an_empty_variable_is_none(environ: dict[str, str], keyring: MemoryKeyring) -> None:
    assert load_login(environ | {"SINCH_KEY_ID": ""}, keyring).key_id == "k-1"


def test_the_keyring_is_left_in_peace_when_everything_is_in_the_environment(environ: dict[str, str]) -> None:
    ring = MemoryKeyring()
    login = load_login(environ | {part.variable: part.field for part in PARTS}, ring)
    assert login.is_complete
    assert ring.asked == []


@pytest.mark.parametrize(
    ("variable", "secret"), [("SINCH_KEY_ID", "key_secret"), ("VOICE_APPLICATION_KEY", "application_secret")]
)
def test_a_stored_secret_is_never_given_to_another_id(
    environ: dict[str, str], keyring: MemoryKeyring, variable: str, secret: str
) -> None:
    login = load_login(environ | {variable: "another"}, keyring)
    assert getattr(login, secret) is None
    assert login.mismatch == (secret,)
    assert secret not in login.sources


def test_an_id_in_other_letters_is_the_same(environ: dict[str, str], keyring: MemoryKeyring) -> None:
    login = load_login(environ | {"VOICE_APPLICATION_KEY": KEY.lower()}, keyring)
    assert (login.application_key, login.application_secret, login.mismatch) == (KEY.lower(), SECRET, ())


def test_ids_of_the_configuration_count_last(environ: dict[str, str], keyring: MemoryKeyring) -> None:
    configure(environ, projectId="p-c", keyId="k-c", defaultApplicationKey="a-c", region="euc1")
    login = load_login(environ, MemoryKeyring())
    assert (login.project_id, login.key_id, login.application_key, login.region) == ("p-c", "k-c", "a-c", "euc1")
    assert set(login.sources.values()) == {"config"}
    assert load_login(environ, keyring).project_id == "p-1"


def test_each_profile_has_a_login_of_its_own(environ: dict[str, str], keyring: MemoryKeyring) -> None:
    config = Config(Path(environ["FN_STATE_DIR"]) / "config.json")
    write_config(with_value(with_profile(config, "work"), "work", "projectId", "p-w"))
    store_login(keyring, "work", Credentials("p-work", "k-work", "s-work"))
    assert load_login(environ, keyring).project_id == "p-1"
    assert load_login(environ | {"FN_PROFILE": "work"}, keyring).project_id == "p-work"
    assert load_login(environ, keyring, "work").application_key is None
    with pytest.raises(ConfigError, match='no profile "other"'):
        load_login(environ, keyring, "other")


def test_a_keyring_that_cannot_be_used_is_part_of_the_answer(environ: dict[str, str]) -> None:
    login = load_login(environ | {"SINCH_KEY_ID": "k"}, NoKeyring())
    assert (login.key_id, login.trouble) == ("k", "This machine has no usable keyring.")


@pytest.mark.parametrize("text", ["", "hush", "[]", '{"keyId": "k"}', '{"later": 1}'])
def test_an_entry_that_is_not_ours_is_part_of_the_answer_too(environ: dict[str, str], text: str) -> None:
    login = load_login(environ, MemoryKeyring({"auth-default": text}))
    assert "is not what `fn auth login` writes" in login.trouble
    assert "hush" not in login.trouble
    assert not login.sources


def test_a_login_that_cannot_be_stored_is_an_error_with_three_choices() -> None:
    with pytest.raises(ConfigError, match="no usable keyring") as refused:
        store_login(NoKeyring(), "default", STORED)
    for choice in ("SINCH_KEY_SECRET", "in the environment", "in .env (readable in clear there)", "unlock a keyring"):
        assert choice in refused.value.hint
    assert "hush" not in str(refused.value)


def test_forgetting_says_what_there_was(keyring: MemoryKeyring) -> None:
    assert forget_login(keyring, "default") == PARTS
    assert keyring.entries == {}
    assert forget_login(keyring, "default") == ()
    store_login(keyring, "default", Credentials("p", "k", "s"))
    assert [part.field for part in forget_login(keyring, "default")] == ["project_id", "key_id", "key_secret"]
    keyring.set("auth-default", "of somebody else")
    assert forget_login(keyring, "default") == PARTS
    assert keyring.entries == {}


def test_no_secret_is_in_its_repr(environ: dict[str, str], keyring: MemoryKeyring) -> None:
    login = load_login(environ, keyring)
    for text in (repr(login), str(login), f"{[login]}"):
        assert "hush-key" not in text
        assert SECRET not in text
