"""Where the value of a variable comes from: the order of places, first hit wins, and the story of one look-up.

The order: process environment, a value in `.env`, the keyring for a key that `.env` lists empty, `variables` of
`sinch.json`; after them, for credentials and only for those who ask, the login (`devserver/project/from_login.py`). The
environment of the process counts only for names that the project or the platform knows: a function must not come to
depend on whatever a laptop happens to have set. A name that is set there to an empty text is a hit, so that
`NAME= fn dev` runs without a keyring.

It must not read files. The keyring is the one place that is asked late, and only for keys that need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from devserver.errors import ConfigError
from devserver.project.system_keyring import SERVICE, Keyring, account_of

Source = Literal["process environment", ".env", "keyring", "sinch.json", "login"]

PLATFORM_NAMES = frozenset(
    {
        "PROJECT_ID",
        "PROJECT_ID_API_KEY",
        "PROJECT_ID_API_SECRET",
        "VOICE_APPLICATION_KEY",
        "VOICE_APPLICATION_SECRET",
        "CONVERSATION_APP_ID",
        "CONVERSATION_REGION",
        "SMS_SERVICE_PLAN_ID",
        "SMS_REGION",
        "ENABLE_NUMBERS_API",
        "WEBHOOK_PROTECTION",
    }
)
"""What the platform itself sets or reads (functions-platform.md 3, 9), beside all `VERIFICATION_...`."""

_PLATFORM_PREFIX = "VERIFICATION_"
_ALWAYS_SECRET = frozenset({"VOICE_APPLICATION_SECRET", "PROJECT_ID_API_SECRET"})
_NEVER_SECRET = frozenset({"PROJECT_ID_API_KEY", "VOICE_APPLICATION_KEY"})
_CREDENTIAL_ENDS = frozenset({"KEY", "KEYS", "APIKEY", "SECRET", "SECRETS", "TOKEN", "CREDENTIAL", "CREDENTIALS"})
_CREDENTIAL_ENDS |= {"PASSWORD", "PASSWD", "PASS", "PWD", "PASSPHRASE"}
_PUBLIC_WORDS = frozenset({"PUBLIC", "PUBLISHABLE"})
_BETWEEN_WORDS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that has a value, and where it came from."""

    name: str
    value: str = field(repr=False)
    source: Source
    secret: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Everything a value can come from."""

    environ: Mapping[str, str] = field(repr=False)
    env_file: Mapping[str, str] = field(repr=False)
    keyring: Keyring = field(repr=False)
    manifest: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One place that was asked for a value.

    Attributes:
        source: the place.
        value: what it holds, or None when it does not settle the matter.
        reason: why it was taken or passed over, as a half sentence.
    """

    source: Source
    value: str | None = field(repr=False)
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the value of one variable was found, or why it was not.

    Attributes:
        key: the variable.
        variable: what was found, or None.
        secret: whether its value is kept out of logs and recordings.
        steps: the places in their order, with what each said.
        trouble: why the keyring was of no use, as a sentence, or empty.
    """

    key: str
    variable: Variable | None
    secret: bool
    steps: tuple[Step, ...]
    trouble: str = ""


def looks_like_credential(name: str) -> bool:
    """Whether the platform would take a variable of this name for a secret (functions-platform.md 5).

    The last word counts; words are split at anything but letters and digits, and where a capital follows a small
    letter. `PUBLIC` anywhere makes it none.
    """
    words = [word.upper() for word in _BETWEEN_WORDS.split(name) if word]
    return bool(words) and words[-1] in _CREDENTIAL_ENDS and not _PUBLIC_WORDS.intersection(words)


def is_secret(name: str, places: Places) -> bool:
    """Whether the value of `name` stays out of logs and recordings: by its name, or because `.env` lists it empty."""
    if name in _ALWAYS_SECRET or places.env_file.get(name) == "":
        return True
    return name not in _NEVER_SECRET and looks_like_credential(name)


def known_names(places: Places) -> tuple[str, ...]:
    """The names that the project lists, in their order, then those of the platform that the process has set."""
    listed = dict.fromkeys([*places.env_file, *places.manifest])
    platform = sorted(name for name in places.environ if name not in listed and _is_of_platform(name))
    return (*listed, *platform)


def look_up(name: str, places: Places) -> Variable | None:
    """The value of `name`, or None when no place has one.

    Raises:
        ConfigError: only the keyring could have it, and the keyring cannot be used.
    """
    for step in _steps(name, places):
        if step.value is not None:
            return Variable(name, step.value, step.source, is_secret(name, places))
    return None


def needs_keyring(name: str, places: Places) -> bool:
    """Whether the keyring has to be asked for `name`: `.env` lists it empty and the process has not set it."""
    return places.env_file.get(name) == "" and name not in places.environ


def explain(name: str, places: Places) -> Explanation:
    """The whole story of one variable. A keyring that cannot be used is part of it, not an error."""
    steps: list[Step] = []
    found: Variable | None = None
    trouble = ""
    walk = _steps(name, places)
    secret = is_secret(name, places)
    while found is None:
        try:
            step = next(walk)
        except StopIteration:
            break
        except ConfigError as error:
            trouble = error.message
            steps.append(Step("keyring", None, f"asked, but: {trouble}"))
            break
        steps.append(step)
        if step.value is not None:
            found = Variable(name, step.value, step.source, secret)
    if found is not None:
        steps += _passed_over(name, places, after=found.source)
    return Explanation(name, found, secret, tuple(steps), trouble)


def _steps(name: str, places: Places) -> Iterator[Step]:
    """The places in their order; each is asked only when the one before had nothing."""
    listed = name in places.env_file or name in places.manifest
    yield _process_step(name, places.environ, counts=listed or _is_of_platform(name))
    yield _env_file_step(name, places.env_file)
    yield _keyring_step(name, places)
    yield _manifest_step(name, places.manifest)


def _process_step(name: str, environ: Mapping[str, str], *, counts: bool) -> Step:
    value = environ.get(name)
    if value is None:
        return Step("process environment", None, "not set")
    if not counts:
        return Step("process environment", None, "set, but neither .env nor sinch.json lists it")
    return Step("process environment", value, "set" if value else "set to an empty text")


def _env_file_step(name: str, env_file: Mapping[str, str]) -> Step:
    value = env_file.get(name)
    if value is None:
        return Step(".env", None, "not listed")
    if not value:
        return Step(".env", None, "listed without a value, so the keyring is asked")
    return Step(".env", value, "has a value")


def _keyring_step(name: str, places: Places) -> Step:
    if places.env_file.get(name) != "":
        return Step("keyring", None, "not asked: only for a key that .env lists without a value")
    account = account_of(name)
    value = places.keyring.get(account)
    entry = f"entry {account} of service {SERVICE}"
    return Step("keyring", value, f"no {entry}" if value is None else f"has the {entry}")


def _manifest_step(name: str, manifest: Mapping[str, str]) -> Step:
    value = manifest.get(name)
    return Step("sinch.json", value, "not listed" if value is None else "has a value")


def _passed_over(name: str, places: Places, *, after: Source) -> Iterator[Step]:
    """The places behind the hit: whether they hold a value too. The keyring is left in peace."""
    first = f"not asked: {after} comes first"
    later = [
        Step("process environment", None, first),
        Step(".env", None, f"has a value, but {after} comes first" if places.env_file.get(name) else first),
        Step("keyring", None, first),
        Step("sinch.json", None, f"has a value, but {after} comes first" if name in places.manifest else first),
    ]
    order = [step.source for step in later]
    yield from later[order.index(after) + 1 :]


def _is_of_platform(name: str) -> bool:
    return name in PLATFORM_NAMES or name.startswith(_PLATFORM_PREFIX)
