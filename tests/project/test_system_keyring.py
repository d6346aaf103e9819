from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.errors import InitError, KeyringLocked

from devserver.errors import ConfigError
from devserver.project.system_keyring import SystemKeyring, account_of, how_to_start


class Backend(KeyringBackend):
    """A keyring of this test: real to the library, with an answer of our choice."""

    # Never found by chance: the library lists every backend class that exists in the process.
    priority = -1

    def __init__(self, answer: Callable[[str, str], str | None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._answer = answer

    def get_password(self, service: str, username: str) -> str | None:
        return self._answer(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002 -- the library's signature
        raise AssertionError("nothing is stored")


@pytest.fixture(autouse=True)
def _the_keyring_of_before() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def use(answer: Callable[[str, str], str | None]) -> None:
    keyring.set_keyring(Backend(answer))


def raising(error: Exception) -> Callable[[str, str], str | None]:
    def answer(service: str, username: str) -> str | None:
        raise error

    return answer


def test_an_entry_is_found_under_the_service_and_account_of_the_platform() -> None:
    use(lambda service, username: {("sinch-cli", "custom-API_KEY"): "value"}.get((service, username)))
    assert SystemKeyring().get(account_of("API_KEY")) == "value"
    assert SystemKeyring().get(account_of("OTHER")) is None


def test_a_machine_without_keyring_is_an_error() -> None:
    keyring.set_keyring(FailKeyring())  # type: ignore[no-untyped-call]
    with pytest.raises(ConfigError, match="no usable keyring") as reading:
        SystemKeyring().get("custom-A")
    assert "environment" in reading.value.hint
    assert "in .env (readable in clear there)" in reading.value.hint
    assert how_to_start() in reading.value.hint
    with pytest.raises(ConfigError, match="no usable keyring") as deleting:
        SystemKeyring().delete("custom-A")
    assert deleting.value.hint == f"Start and unlock a keyring: {how_to_start()}."


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (KeyringLocked("x"), "The keyring is locked."),
        (InitError("Prompt dismissed"), "could not be opened"),
        (OSError("bus"), r"could not be read \(OSError\)"),
    ],
)
def test_a_keyring_that_fails_is_an_error_in_words(error: Exception, sentence: str) -> None:
    use(raising(error))
    with pytest.raises(ConfigError, match=sentence):
        SystemKeyring().get("custom-A")


def test_a_keyring_that_waits_for_somebody_is_given_up() -> None:
    release = Event()

    def wait(_service: str, _username: str) -> str | None:
        release.wait(30)
        return None

    use(wait)
    try:
        with pytest.raises(ConfigError, match=r"did not answer within 0\.05 s"):
            SystemKeyring(patience=0.05).get("custom-A")
    finally:
        release.set()


def test_a_file_that_was_found_by_chance_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = type("PlaintextKeyring", (Backend,), {"__module__": "keyrings.alt.file"})
    chain = ChainerBackend()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(type(chain), "backends", [plain(lambda _service, _username: "from a file")])
    keyring.set_keyring(chain)
    with pytest.raises(ConfigError, match="no usable keyring"):
        SystemKeyring().get("custom-A")
    monkeypatch.setattr(
        type(chain), "backends", [*chain.backends, Backend(lambda _service, _username: "from the system")]
    )
    assert SystemKeyring().get("custom-A") == "from the system"
