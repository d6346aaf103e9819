"""The promises of a `Keeper`, kept by the fake that other tests use, and by the system's keyring on a real service."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.null import Keyring as NullKeyring
from keyring.backends.SecretService import Keyring as SecretService
from keyring.errors import KeyringLocked

from devserver.errors import ConfigError
from devserver.project.system_keyring import PATIENCE, Keeper, SystemKeyring, choices
from tests.fakes.keyrings import MemoryKeyring, NoKeyring, needs_secret_service, secret_service


class Backend(KeyringBackend):
    """Of this test. Never found by chance: the library lists every backend class that exists in the process."""

    priority = -1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002 the library's signature
        return None

    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002 the same
        raise AssertionError("nothing is stored")


LARGE = "x" * 100_000
SLOW = 20.0  # seconds; only a failing test waits that long


@pytest.fixture
def _the_keyring_of_before() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _the_keyring_of_before: None) -> Iterator[dict[str, str]]:
    """A real Secret Service, which is the keyring of this process."""
    with secret_service(tmp_path) as environ:
        use(environ, monkeypatch)
        yield environ


def use(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    keyring.set_keyring(SecretService())  # type: ignore[no-untyped-call]


@pytest.fixture(params=["memory", pytest.param("secret service", marks=needs_secret_service)])
def keeper(request: pytest.FixtureRequest) -> Keeper:
    if request.param == "memory":
        return MemoryKeyring()
    request.getfixturevalue("service")
    return SystemKeyring(SLOW)


def test_what_is_stored_is_found_replaced_and_deleted(keeper: Keeper) -> None:
    assert keeper.get("custom-A") is None
    keeper.set("custom-A", "first")
    keeper.set("custom-B", "other")
    assert keeper.get("custom-A") == "first"
    keeper.set("custom-A", "second")
    assert keeper.get("custom-A") == "second"
    assert keeper.delete("custom-A") is True
    assert keeper.get("custom-A") is None
    assert keeper.delete("custom-A") is False
    assert keeper.get("custom-B") == "other"


@pytest.mark.parametrize("value", [" spaces ", "two\nlines\r\n", "ключ 🔑", 'quotes "and" \\ $HOME', LARGE])
def test_a_value_comes_back_as_it_was(keeper: Keeper, value: str) -> None:
    keeper.set("custom-A", value)
    assert keeper.get("custom-A") == value


@needs_secret_service
@pytest.mark.usefixtures("service")
def test_entries_of_one_name_that_other_programs_made_are_deleted_too() -> None:
    import secretstorage

    connection = secretstorage.dbus_init()
    try:
        collection = secretstorage.get_default_collection(connection)
        for program in ("one", "two"):
            attributes = {"service": "sinch-cli", "username": "custom-A", "application": program}
            collection.create_item(program, attributes, program.encode())
    finally:
        connection.close()
    ring = SystemKeyring(SLOW)
    assert ring.delete("custom-A") is True
    assert ring.get("custom-A") is None


def said(environ: dict[str, str], deed: str) -> str:
    """What a program of its own is told: the library leaves a connection open when the service refuses it."""
    script = f"""
from devserver.errors import ConfigError
from devserver.project.system_keyring import SystemKeyring
ring = SystemKeyring({SLOW})
try:
    print({deed})
except ConfigError as error:
    print(error.message)
"""
    usual = {key: value for key, value in os.environ.items() if key != "PYTHON_KEYRING_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=usual | environ, capture_output=True, text=True, check=True, timeout=50
    )
    return done.stdout.strip()


@needs_secret_service
@pytest.mark.parametrize("deed", ['ring.get("custom-A")', 'ring.delete("custom-A")', 'ring.set("custom-A", "hush")'])
def test_a_keyring_that_was_never_set_up_is_an_error_in_words(tmp_path: Path, deed: str) -> None:
    with secret_service(tmp_path, unlocked=False) as environ:
        assert said(environ, deed) == "The keyring could not be opened: it is locked, or has never been set up."


@needs_secret_service
def test_a_locked_keyring_is_an_error_in_words_and_keeps_what_it_has(tmp_path: Path) -> None:
    with secret_service(tmp_path) as environ:
        assert said(environ, 'ring.set("custom-A", "kept")') == "None"
    with secret_service(tmp_path, unlocked=False) as environ:
        for deed in ('ring.get("custom-A")', 'ring.delete("custom-A")', 'ring.set("custom-A", "x")'):
            assert said(environ, deed) == "The keyring is locked."
    with secret_service(tmp_path) as environ:
        assert said(environ, 'ring.get("custom-A")') == "kept"


@needs_secret_service
def test_nothing_is_in_clear_on_the_disk(service: dict[str, str], tmp_path: Path) -> None:
    assert service["XDG_DATA_HOME"].startswith(str(tmp_path))
    SystemKeyring(SLOW).set("custom-A", "a-very-visible-value")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".keyring" for path in files)
    assert not any(b"a-very-visible-value" in path.read_bytes() for path in files)


@pytest.mark.usefixtures("_the_keyring_of_before")
def test_a_backend_that_keeps_nothing_is_noticed() -> None:
    keyring.set_keyring(NullKeyring())  # type: ignore[no-untyped-call]
    ring = SystemKeyring(SLOW)
    with pytest.raises(ConfigError, match=r"The keyring \(null\.Keyring\) did not keep what was stored") as refused:
        ring.set("custom-A", "hush-hush")
    assert "hush" not in str(refused.value)
    assert ring.delete("custom-A") is False


@pytest.mark.usefixtures("_the_keyring_of_before")
def test_a_backend_that_does_not_let_go_is_noticed() -> None:
    class Clinging(Backend):
        def get_password(self, service: str, username: str) -> str | None:
            return f"{service} {username}"

        def delete_password(self, service: str, username: str) -> None:
            pass

    keyring.set_keyring(Clinging())
    with pytest.raises(ConfigError, match="did not let go of custom-A"):
        SystemKeyring(SLOW).delete("custom-A")


@pytest.mark.usefixtures("_the_keyring_of_before")
def test_a_refusal_to_store_is_an_error_without_the_value() -> None:
    class Refusing(Backend):
        def set_password(self, service: str, username: str, password: str) -> None:
            raise KeyringLocked(f"{service} {username} {password}")

    keyring.set_keyring(Refusing())
    with pytest.raises(ConfigError, match=r"^The keyring is locked\. Start and unlock") as refused:
        SystemKeyring(SLOW).set("custom-A", "hush-hush")
    assert "hush" not in repr(refused.value)


def test_a_machine_without_one_says_so_whatever_is_wanted() -> None:
    none = NoKeyring()
    for ask in (none.get, none.delete, lambda name: none.set(name, "x")):
        with pytest.raises(ConfigError, match="no usable keyring"):
            ask("custom-A")


def test_patience_is_short() -> None:
    assert PATIENCE <= 2


@pytest.mark.parametrize(
    ("system", "way"), [("linux", "gnome-keyring-daemon"), ("darwin", "security"), ("win32", "Win")]
)
def test_how_a_keyring_is_had_is_said_for_each_system(monkeypatch: pytest.MonkeyPatch, system: str, way: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    said = choices("A", "it")
    assert said.startswith("Set A in the environment, or fill it in in .env (readable in clear there), or start")
    assert way in said
