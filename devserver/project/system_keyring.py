"""Secrets of the operating system: Secret Service, macOS Keychain, Windows Credential Manager.

The same entries as the platform's command line: service `sinch-cli`, account `custom-<KEY>` (functions-platform.md 5).
It must not know which keys a project wants, and never falls back to a file: a secret that is silently stored or read
in clear is worse than an error.

The `keyring` library is imported on first use (it costs more than the rest of a start) and asked in a thread with a
time limit, because a locked keyring may wait for a window that nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any, Protocol

from devserver.errors import ConfigError

SERVICE = "sinch-cli"
PATIENCE = 2.0
"""Seconds a keyring may take; a healthy one takes 0.01."""

# These store in a file, or ask for a pass phrase on the terminal of the server. As somebody's explicit choice they
# are fine; found by chance they are the silent fallback that must not be.
_NEVER_BY_CHANCE = ("keyrings.", "keyring.backends.null", "keyring.backends.fail")


class Keyring(Protocol):
    """Where the value of a key that `.env` lists empty is looked up."""

    def get(self, account: str) -> str | None:
        """The secret stored for `account`, or None when there is none.

        Raises:
            ConfigError: the keyring cannot be used at all.
        """
        ...


def account_of(key: str) -> str:
    """The account under which the value of the variable `key` is stored."""
    return f"custom-{key}"


class SystemKeyring:
    """The keyring of this machine."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience

    def get(self, account: str) -> str | None:
        """See `Keyring.get`."""
        return _in_time(lambda: _backend().get_password(SERVICE, account), self._patience)


def _backend() -> Any:
    """The backend to ask: the configured one, or the best of those found that keep secrets in the system."""
    import keyring
    from keyring.backends.chainer import ChainerBackend
    from keyring.errors import NoKeyringError

    chosen = keyring.get_keyring()
    if not isinstance(chosen, ChainerBackend):
        return chosen
    fit = [each for each in chosen.backends if not type(each).__module__.startswith(_NEVER_BY_CHANCE)]
    if not fit:
        raise NoKeyringError("no backend keeps secrets in the system")
    return fit[0]


def _in_time(ask: Callable[[], str | None], patience: float) -> str | None:
    from concurrent.futures import Future

    answer: Future[str | None] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:  # noqa: BLE001 -- carried over to the thread that waits, which names it
            answer.set_exception(error)

    # A daemon: a keyring that never answers must not keep the process from ending.
    Thread(target=run, name="keyring", daemon=True).start()
    try:
        return answer.result(patience)
    except TimeoutError:
        raise ConfigError(f"The keyring did not answer within {patience:g} s.") from None
    except Exception as error:
        raise ConfigError(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    match error:
        case NoKeyringError():
            return "This machine has no usable keyring."
        case KeyringLocked():
            return "The keyring is locked."
        case InitError():
            return "The keyring could not be opened: it is locked, or has never been set up."
        case _:
            return f"The keyring could not be read ({type(error).__name__})."
