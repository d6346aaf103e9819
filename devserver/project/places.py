"""Where `fn` keeps what belongs to a person and not to a project: one folder, the same for every command.

    FN_STATE_DIR, or else the user's state directory (~/.local/state/fn on Linux)
        config.json     profiles           `devserver/project/profiles.py`
        leases/         callback leases

Nothing in it is a secret, but all of it is private: folders are 0700. It must not know what the files mean. Asking
where the folder is creates nothing, so that a command that only looks leaves no trace; who writes calls `make_private`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from devserver.errors import ConfigError

VARIABLE = "FN_STATE_DIR"
LEASES = "leases"
"""Where callback leases are, in the folder."""
_HINT = f"Set {VARIABLE} to a folder that you may write to."


def state_folder(environ: Mapping[str, str]) -> Path:
    """The folder, absolute; it need not exist.

    Args:
        environ: the process environment; `FN_STATE_DIR` in it wins, a relative one counts from the current folder.

    Raises:
        ConfigError: it cannot be the folder: something else has its name.
    """
    named = environ.get(VARIABLE, "").strip()
    if named:
        folder = _absolute(named)
    else:
        import platformdirs

        folder = platformdirs.user_state_path("fn", appauthor=False)
    if _is_something_else(folder):
        raise ConfigError(f"The state folder {folder} is not a folder.", hint=_HINT)
    return folder


def has_leases(environ: Mapping[str, str]) -> bool:
    """Whether anything is to be given back on this machine; cheap, since every start asks."""
    try:
        return any((state_folder(environ) / LEASES).glob("*.json"))
    except (ConfigError, OSError):
        return False


def check_leases(environ: Mapping[str, str]) -> None:
    """Make sure that leases can be written down, for a session that is about to take one.

    Without its journal a callback that is pointed here would not be given back after a crash, so that there is no lease
    without one; and whoever asks for a tunnel and gets none should know before anything has begun.

    Raises:
        ConfigError: they cannot.
    """
    try:
        make_private(state_folder(environ) / LEASES)
    except ConfigError as error:
        hint = f"Without it no callback can be given back. {_HINT[:-1]}, or start without a tunnel (--no-tunnel)."
        raise ConfigError(error.message, hint=hint) from None


def make_private(folder: Path) -> Path:
    """Create `folder` and those above it, readable by the user only; one that exists keeps its permissions.

    Raises:
        ConfigError: it cannot be created or written to.
    """
    try:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The state folder {folder} cannot be created: {error.strerror}.", hint=_HINT) from None
    if not is_writable(folder):
        raise ConfigError(f"The state folder {folder} is not writable.", hint=_HINT)
    return folder


def is_writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, or, while it does not exist, whether it could be created."""
    try:
        there = next((each for each in (folder, *folder.parents) if each.exists()), None)
        return there is not None and there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except OSError:  # above it is a folder that may not be entered
        return False


def is_open_to_others(folder: Path) -> bool:
    """Whether somebody else may make files in `folder`: it is theirs, or its permissions let them."""
    try:
        found = folder.stat()
    except OSError:  # it will be made, for us alone
        return False
    return os.name == "posix" and (found.st_uid != os.geteuid() or bool(found.st_mode & 0o022))


def _absolute(named: str) -> Path:
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:  # `~somebody` whom this machine does not know
        raise ConfigError(f"{VARIABLE} is {named}, and there is no such user.", hint=_HINT) from None


def _is_something_else(folder: Path) -> bool:
    try:
        return folder.exists() and not folder.is_dir()
    except OSError:
        return False  # it cannot even be looked at; who writes says why
