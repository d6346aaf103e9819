"""Who is logged in: the account's ids and secrets, each with the place it is from.

For each value the first place that has one wins: its environment variable, the keyring (service `sinch-cli`, account
`auth-<profile>`, one JSON document), and for the three ids `config.json` (functions-platform.md 5, 6). Where a secret
and its id come from different places they must still belong together: a stored secret counts only for the id that it
was stored with.

A keyring that cannot be used is no error here but a part of the answer: everything may be set elsewhere. It must not
know what the values are for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import msgspec

from devserver.errors import ConfigError
from devserver.project.credentials import Credentials, read_credentials
from devserver.project.profiles import Config, read_config
from devserver.project.system_keyring import Keeper, Keyring, choices

Place = Literal["environment", "keyring", "config"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the five values.

    Attributes:
        field: of `Login` and `Credentials`.
        key: in JSON.
        variable: that sets it in the environment.
        words: what to call it.
        secret: whether its value is never shown.
        config: key of `config.json` that may hold it, or empty.
    """

    field: str
    key: str
    variable: str
    words: str
    secret: bool
    config: str = ""


PARTS = (
    Part("project_id", "projectId", "SINCH_PROJECT_ID", "project id", secret=False, config="projectId"),
    Part("key_id", "keyId", "SINCH_KEY_ID", "key id", secret=False, config="keyId"),
    Part("key_secret", "keySecret", "SINCH_KEY_SECRET", "key secret", secret=True),
    Part(
        "application_key",
        "applicationKey",
        "VOICE_APPLICATION_KEY",
        "application key",
        secret=False,
        config="defaultApplicationKey",
    ),
    Part("application_secret", "applicationSecret", "VOICE_APPLICATION_SECRET", "application secret", secret=True),
)
_ID_OF = {"key_secret": "key_id", "application_secret": "application_key"}

CHOICES = choices(
    "SINCH_PROJECT_ID, SINCH_KEY_ID and SINCH_KEY_SECRET (and VOICE_APPLICATION_KEY and _SECRET)",
    "VOICE_APPLICATION_KEY and VOICE_APPLICATION_SECRET",
)
"""What to do when a login cannot be stored."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who is logged in.

    Attributes:
        profile: name of the profile.
        project_id, key_id, key_secret, application_key, application_secret: as in `Credentials`, or None.
        region: of the profile, for VOICE_REGION, or None.
        sources: the place of each value that there is, by field.
        trouble: why the keyring was of no use, as a sentence, or empty.
        mismatch: fields whose stored value was left aside, because it belongs to another id.
    """

    profile: str
    project_id: str | None = None
    key_id: str | None = None
    key_secret: str | None = field(default=None, repr=False)
    application_key: str | None = None
    application_secret: str | None = field(default=None, repr=False)
    region: str | None = None
    sources: Mapping[str, Place] = field(default_factory=dict)
    trouble: str = ""
    mismatch: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether there is a project and a key to it."""
        return bool(self.project_id and self.key_id and self.key_secret)

    def value(self, part: Part) -> str | None:
        """One of the five values."""
        found: str | None = getattr(self, part.field)
        return found


def account_of_profile(profile: str) -> str:
    """The account under which the keyring keeps the login of a profile."""
    return f"auth-{profile}"


def load_login(environ: Mapping[str, str], keyring: Keyring, profile: str | None = None) -> Login:
    """Who is logged in.

    Args:
        environ: the process environment; it also says where `config.json` is, and which profile is meant.
        keyring: asked when the environment lacks one of the five.
        profile: another profile than the one that `environ` and `config.json` say.

    Raises:
        ConfigError: `config.json` cannot be read, or has no such profile.
    """
    config = read_config(environ)
    name = config.chosen(environ) if profile is None else config.existing(profile)
    found = _from_environment(environ)
    stored, trouble = (None, "") if len(found) == len(PARTS) else _stored(keyring, name)
    usual = _usual(config, name)
    mismatch: list[str] = []
    for part in PARTS:
        if part.field in found:
            continue
        kept: str | None = getattr(stored, part.field) if stored is not None else None
        if kept and stored is not None and not _belongs(part.field, stored, found):
            mismatch.append(part.field)
        elif kept:
            found[part.field] = (kept, "keyring")
        elif part.field in usual:
            found[part.field] = (usual[part.field], "config")
    return Login(
        name,
        **{each: value for each, (value, _) in found.items()},
        region=config.profiles[name].get("region"),
        sources=MappingProxyType({each: place for each, (_, place) in found.items()}),
        trouble=trouble,
        mismatch=tuple(mismatch),
    )


def require_keyring(keyring: Keyring, profile: str) -> None:
    """Make sure that a login could be stored, before somebody types it.

    Raises:
        ConfigError: there is no usable keyring; with the choices there are.
    """
    try:
        keyring.get(account_of_profile(profile))
    except ConfigError as error:
        raise _not_stored(error) from error


def store_login(keyring: Keeper, profile: str, credentials: Credentials) -> None:
    """Keep the credentials of a profile, in place of those that are there.

    Raises:
        ConfigError: there is no usable keyring; with the choices there are.
    """
    try:
        keyring.set(account_of_profile(profile), msgspec.json.encode(credentials).decode())
    except ConfigError as error:
        raise _not_stored(error) from error


def forget_login(keyring: Keeper, profile: str) -> tuple[Part, ...]:
    """Delete the credentials of a profile; gives what was there.

    Raises:
        ConfigError: there is no usable keyring.
    """
    account = account_of_profile(profile)
    text = keyring.get(account)
    if text is None or not keyring.delete(account):
        return ()
    try:
        gone = msgspec.to_builtins(read_credentials(text.encode(), account))
    except ConfigError:
        return PARTS  # somebody else wrote it, or an older version; it is gone whatever it was
    return tuple(part for part in PARTS if part.key in gone)


def _not_stored(error: ConfigError) -> ConfigError:
    return ConfigError(f"The login cannot be stored. {error.message}", hint=CHOICES)


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[str, Place]]:
    values = {part.field: environ.get(part.variable, "").strip() for part in PARTS}
    return {each: (value, "environment") for each, value in values.items() if value}


def _stored(keyring: Keyring, profile: str) -> tuple[Credentials | None, str]:
    account = account_of_profile(profile)
    try:
        text = keyring.get(account)
    except ConfigError as error:
        return None, error.message
    if text is None:
        return None, ""
    try:
        return read_credentials(text.encode(), account), ""
    except ConfigError:
        return None, f"The entry {account} of the keyring is not what `fn auth login` writes; log in again."


def _usual(config: Config, profile: str) -> dict[str, str]:
    values = config.profiles[profile]
    return {part.field: values[part.config] for part in PARTS if part.config and values.get(part.config)}


def _belongs(name: str, stored: Credentials, found: Mapping[str, tuple[str, Place]]) -> bool:
    """Whether a stored secret is that of the id that counts. Application keys are the same in any case of letters."""
    if name not in _ID_OF:
        return True
    owner: str | None = getattr(stored, _ID_OF[name])
    said, _ = found.get(_ID_OF[name], ("", "config"))
    return owner is not None and said.lower() == owner.lower()
