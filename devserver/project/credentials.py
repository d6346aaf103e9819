"""The credentials of an account as one document: what `fn auth login -f FILE` reads, and what the keyring holds.

One entry of the keyring for all five, so that a key and a secret that do not belong together can never be found there,
however a login is cut short. It must not know where the document is. A secret is in no `repr` and in no error: what is
wrong is told by the name of the key (functions-platform.md 6: the file of the platform's `auth login`).
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from devserver.errors import ConfigError
from devserver.project.texts import nearest
from devserver.signing import decode_secret

EXAMPLE = 'It holds {"projectId", "keyId", "keySecret"}, and if you like "applicationKey" and "applicationSecret".'
_VALUE = re.compile(r"[!-~]{1,500}")
_WORDS = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "null": "null"}
_WORDS |= {"array": "a list", "object": "an object"}


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """The credentials of one account.

    Attributes:
        project_id: the project.
        key_id: id of an access key of the project.
        key_secret: its secret.
        application_key: of the Voice App to use where a project names none.
        application_secret: of the same Voice App, base64.
    """

    project_id: str
    key_id: str
    key_secret: str
    application_key: str | None = None
    application_secret: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(project_id={self.project_id!r}, key_id={self.key_id!r}, ...)"

    def __rich_repr__(self) -> Any:
        yield "project_id", self.project_id
        yield "key_id", self.key_id


KEYS = tuple(field.encode_name for field in msgspec.structs.fields(Credentials))


def read_credentials(data: bytes, name: str) -> Credentials:
    """The credentials of a JSON document.

    Args:
        data: the document.
        name: what to call it in an error.

    Raises:
        ConfigError: it is not JSON, a key is missing or unknown, or a value cannot be one; values are never shown.
    """
    try:
        credentials = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=Credentials)
    except msgspec.ValidationError as error:
        raise _invalid(name, str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ConfigError(f"{name}{_line(data)} is not JSON.", hint=EXAMPLE) from None
    require_usable(credentials, name)
    return credentials


def require_usable(credentials: Credentials, name: str) -> None:
    """Check that each value can be what it is said to be.

    Raises:
        ConfigError: one cannot; named, not shown.
    """
    for key, value in msgspec.to_builtins(credentials).items():
        if not _VALUE.fullmatch(value):
            why = "is empty" if not value else "has white space in it, or is no such text"
            raise ConfigError(f"{name}: {key} {why}.", hint="Copy it again from the Sinch dashboard.")
    if (credentials.application_key is None) != (credentials.application_secret is None):
        missing = "applicationKey" if credentials.application_key is None else "applicationSecret"
        raise ConfigError(f"{name} has no {missing}.", hint="Key and secret of an application belong together.")
    if credentials.application_secret is not None:
        require_application_secret(credentials.application_secret, f"{name}: applicationSecret")


def require_application_secret(secret: str, name: str) -> None:
    """Check that the secret of an application is base64.

    Raises:
        ConfigError: it is not.
    """
    try:
        decode_secret(secret)
    except ValueError:
        raise ConfigError(f"{name} is not base64 text.", hint="Copy it again from the Sinch dashboard.") from None


def _invalid(name: str, said: str) -> ConfigError:
    if unknown := re.match(r"Object contains unknown field `(.*?)`", said):
        hint = nearest(unknown[1], KEYS) or f"Known are {', '.join(KEYS)}."
        return ConfigError(f'{name} has an unknown key "{unknown[1]}".', hint=hint)
    if missing := re.match(r"Object missing required field `(\w+)`", said):
        return ConfigError(f"{name} has no {missing[1]}.", hint=EXAMPLE)
    if wrong := re.match(r"Expected `str(?: \| null)?`, got `(\w+)` - at `\$\.(\w+)`", said):
        return ConfigError(f"{name}: {wrong[2]} must be text, not {_WORDS.get(wrong[1], wrong[1])}.", hint=EXAMPLE)
    return ConfigError(f"{name} must hold one JSON object.", hint=EXAMPLE)


def _line(data: bytes) -> str:
    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        return f" line {error.lineno}" if data.strip() else ""
    except (RecursionError, UnicodeDecodeError):
        pass
    return ""
