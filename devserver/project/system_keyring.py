"""Secrets of the operating system: Secret Service, macOS Keychain, Windows Credential Manager.

The same entries as the platform's command line: service `sinch-cli`, account `custom-<KEY>` (functions-platform.md 5).
It must not know which keys a project wants, and never falls back to a file: a secret that is silently stored or read
in clear is worse than an error. What is stored is read back, because a backend that keeps nothing says nothing
(lab.md 7: `null.Keyring`).

The `keyring` library is imported on first use (it costs more than the rest of a start) and asked in a thread with a
time limit, because a locked keyring may wait for a window that nobody sees.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Thread
from typing import Any, Protocol, TypeVar

from devserver.errors import ConfigError

SERVICE = "sinch-cli"
PATIENCE = 2.0
"""Seconds a keyring may take; a healthy one takes 0.01."""

T = TypeVar("T")

_DOUBLES = 10  # entries of one name that other programs may have made, and that go with it

_OTHER = "`keyring diagnose` names the file that chose it, PYTHON_KEYRING_BACKEND another one."
_START = "dbus-run-session -- sh -c 'gnome-keyring-daemon --unlock --components=secrets; exec $SHELL'"

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


class Keeper(Keyring, Protocol):
    """A keyring that is also written to."""

    def set(self, account: str, value: str) -> None:
        """Store a secret for `account`, in place of the one that is there.

        Raises:
            ConfigError: the keyring cannot be used, or did not keep it.
        """
        ...

    def delete(self, account: str) -> bool:
        """Delete the secret stored for `account`; False when there is none.

        Raises:
            ConfigError: the keyring cannot be used, or did not let go of it.
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
        return self._ask(lambda: _read(account), "read")

    def set(self, account: str, value: str) -> None:
        """See `Keeper.set`."""

        def keep() -> str:
            backend = _backend()
            backend.set_password(SERVICE, account, value)
            return "" if backend.get_password(SERVICE, account) == value else _name_of(backend)

        if forgetful := self._ask(keep, "written"):
            raise ConfigError(f"The keyring ({forgetful}) did not keep what was stored.", hint=_OTHER)

    def delete(self, account: str) -> bool:
        """See `Keeper.delete`."""

        def forget() -> tuple[int, bool]:
            backend = _backend()
            for count in range(_DOUBLES):
                if backend.get_password(SERVICE, account) is None:
                    return count, True
                backend.delete_password(SERVICE, account)
            return _DOUBLES, backend.get_password(SERVICE, account) is None

        count, gone = self._ask(forget, "changed")
        if not gone:
            raise ConfigError(f"The keyring did not let go of {account}.", hint="Delete it with the system's own tool.")
        return count > 0

    def _ask(self, ask: Callable[[], T], deed: str) -> T:
        import keyring  # noqa: F401 on a busy machine this takes long, and it is not the keyring's time

        return _in_time(ask, self._patience, deed)


def choices(environment: str, file: str) -> str:
    """What to do without a usable keyring, as a hint: three ways, and none is taken for anybody.

    Args:
        environment: what can be set in the environment.
        file: what can be filled in in `.env` instead.
    """
    return (
        f"Set {environment} in the environment, or fill {file} in in .env (readable in clear there), "
        f"or start and unlock a keyring: {how_to_start()}."
    )


def how_to_start() -> str:
    """How a keyring is had on this system, as a half sentence."""
    match sys.platform:
        case "darwin":
            return "`security unlock-keychain`"
        case "win32":
            return "Credential Manager, where `keyring --list-backends` must name WinVaultKeyring"
        case _:
            return (
                f"log in to a desktop, or install gnome-keyring and dbus and give a password and Ctrl-D to `{_START}`"
            )


def _read(account: str) -> str | None:
    found: str | None = _backend().get_password(SERVICE, account)
    return found


def _name_of(backend: Any) -> str:
    return f"{type(backend).__module__.rpartition('.')[2]}.{type(backend).__name__}"


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


def _in_time(ask: Callable[[], T], patience: float, deed: str) -> T:
    from concurrent.futures import Future

    answer: Future[T] = Future()

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
        raise ConfigError(f"The keyring did not answer within {patience:g} s.", hint=_way_out(deed)) from None
    except Exception as error:
        raise ConfigError(_sentence(error, deed), hint=_way_out(deed)) from error


def _way_out(deed: str) -> str:
    """For those who know no better: the environment and `.env` replace what is read, not what is deleted."""
    return choices("the value", "it") if deed == "read" else f"Start and unlock a keyring: {how_to_start()}."


def _sentence(error: Exception, deed: str) -> str:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    match error:
        case NoKeyringError():
            return "This machine has no usable keyring."
        case KeyringLocked():
            return "The keyring is locked."
        case InitError():
            return "The keyring could not be opened: it is locked, or has never been set up."
        case _:
            return f"The keyring could not be {deed} ({type(error).__name__})."
