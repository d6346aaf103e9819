"""`config.json`: named profiles with what a person would otherwise say again and again, and which of them is in use.

A profile is an account: its ids stand here, its secrets in the keyring (`devserver/project/login.py`). Which one is
meant: `--profile` (which sets FN_PROFILE, so that whatever is started means the same), then FN_PROFILE, then the one in
use, then `default`. It must not hold a secret: the file is readable by every program of its owner.

A file that cannot be read as what it should be is an error and stays as it is; so does what a newer version added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import Struct

from devserver.errors import ConfigError, FnError
from devserver.project.places import make_private, state_folder
from devserver.project.texts import nearest, read_text
from devserver.project.variables import looks_like_credential
from devserver.runtime.clients.voice_hosts import REGIONS

FILE = "config.json"
DEFAULT = "default"
VARIABLE = "FN_PROFILE"
KEYS = {
    "projectId": "the project of the account",
    "keyId": "id of the access key",
    "defaultApplicationKey": "the Voice App to use where a project names none",
    "region": f"where calls are made: {', '.join(REGIONS)}",
}
"""What a profile may hold, with its meaning (functions-platform.md 5; `region` is ours)."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_VALUE = re.compile(r"[!-~]{1,200}")
_SECRETS = frozenset({"keysecret", "applicationsecret", "projectidapisecret", "voiceapplicationsecret"})


class _Written(Struct, frozen=True):
    """The file. `profile` is the one in use."""

    version: int
    profiles: dict[str, dict[str, str]]
    profile: str = DEFAULT


@dataclass(frozen=True, slots=True)
class Config:
    """All profiles.

    Attributes:
        path: of the file, which may not exist.
        in_use: the profile that counts when nobody says otherwise.
        profiles: values by key by name; `default` is always there.
    """

    path: Path
    in_use: str = DEFAULT
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {DEFAULT: {}})

    def chosen(self, environ: Mapping[str, str]) -> str:
        """The profile that is meant.

        Raises:
            ConfigError: there is none of that name.
        """
        return self.existing(environ.get(VARIABLE, "").strip() or self.in_use)

    def existing(self, name: str) -> str:
        """The name, if there is such a profile.

        Raises:
            ConfigError: there is none.
        """
        if name in self.profiles:
            return name
        raise ConfigError(
            f'There is no profile "{name}".',
            hint=nearest(name, self.profiles) or f"Create it with `fn config profile create {name}`.",
        )


def read_config(environ: Mapping[str, str]) -> Config:
    """All profiles; without a file, an empty `default`.

    Raises:
        ConfigError: the file cannot be read, or is not what `fn` writes.
    """
    import msgspec

    path = state_folder(environ) / FILE
    try:
        is_there = path.exists()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint="Look at the folder's owner.") from None
    if not is_there:
        return Config(path)
    try:
        written = msgspec.json.decode(read_text(path, str(path)), type=_Written)
    except (msgspec.DecodeError, RecursionError):
        raise _unreadable(path, "is not what `fn config` writes, and is left as it is") from None
    if written.version != 1:
        raise _unreadable(path, f"is of version {written.version}, which this fn does not know")
    return Config(path, written.profile, {DEFAULT: {}, **written.profiles})


def with_value(config: Config, name: str, key: str, value: str) -> Config:
    """The same with one value of a profile set; an empty one removes it.

    Raises:
        ConfigError: there is no such key, it is a secret, or the value cannot be one.
    """
    key = known_key(key)
    if value:
        _require_value(key, value)
    kept = {each: said for each, said in config.profiles[name].items() if each != key}
    return replace(config, profiles={**config.profiles, name: {**kept, **({key: value} if value else {})}})


def with_profile(config: Config, name: str) -> Config:
    """The same with one more profile, which is empty.

    Raises:
        ConfigError: the name is taken, or is none.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f'"{name}" is no name for a profile.',
            hint="Use at most 63 letters, digits, dots, dashes and underscores, a letter or digit first.",
        )
    if name in config.profiles:
        raise ConfigError(f'There is a profile "{name}" already.', hint=f"Use it with `fn config profile use {name}`.")
    return replace(config, profiles={**config.profiles, name: {}})


def without_profile(config: Config, name: str) -> Config:
    """The same without a profile; when it was the one in use, `default` is now.

    Raises:
        ConfigError: there is no such profile, or it is `default`.
    """
    if config.existing(name) == DEFAULT:
        raise ConfigError(
            "The profile default is always there.", hint='Empty its values instead: `fn config set projectId ""`.'
        )
    left = {each: values for each, values in config.profiles.items() if each != name}
    return replace(config, profiles=left, in_use=DEFAULT if config.in_use == name else config.in_use)


def write_config(config: Config) -> None:
    """Write the file, whole or not at all, readable by the user only.

    Raises:
        FnError: it cannot be written; the old one is as it was.
    """
    import msgspec

    from devserver.project.files import write_whole

    written = _Written(1, {name: dict(values) for name, values in config.profiles.items()}, config.in_use)
    make_private(config.path.parent)
    try:
        write_whole(config.path, [msgspec.json.format(msgspec.json.encode(written)), b"\n"])
    except FnError as error:
        raise ConfigError(error.message, hint="FN_STATE_DIR names another folder for it.") from error


def known_key(key: str) -> str:
    """The key as it is spelt in the file.

    Raises:
        ConfigError: there is none of that name, or it is a secret, which has another place.
    """
    if key in KEYS:
        return key
    if re.sub(r"[^a-z]", "", key.lower()) in _SECRETS:
        raise ConfigError(f"{key} is a secret, and config.json is no place for one.", hint="`fn auth login` keeps it.")
    if looks_like_credential(key):
        raise ConfigError(
            f"{key} looks like a secret, and config.json is no place for one.",
            hint=f"`fn secrets add {key}` keeps it in the keyring; `fn auth login` is for those of the account.",
        )
    raise ConfigError(f'There is no setting "{key}".', hint=nearest(key, KEYS) or f"Known are {', '.join(KEYS)}.")


def _require_value(key: str, value: str) -> None:
    if key == "region" and value not in REGIONS:
        raise ConfigError(f'"{value}" is no region.', hint=f"Regions are {', '.join(REGIONS)}.")
    if not _VALUE.fullmatch(value):
        raise ConfigError(f"This is no value for {key}.", hint="An id has no white space; copy it from the dashboard.")


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError(f"{path} {why}.", hint="Mend it, or move it away: it holds ids and no secrets.")
