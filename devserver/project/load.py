"""From a folder to a frozen `Project`: `sinch.json`, `.env`, the process environment and the keyring, read once.

It must not know who asks: `fn dev`, a replay and a test get the same. Everything that can be wrong with a project is
found here, before a port is opened or a process is started, and is one sentence with what to do next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from devserver.errors import ConfigError
from devserver.project import manifest as manifest_file
from devserver.project.env_file import read_env_file
from devserver.project.manifest import ReadManifest, read_manifest
from devserver.project.settings import DevSettings, Manifest
from devserver.project.system_keyring import Keyring, choices
from devserver.project.texts import nearest
from devserver.project.variables import (
    Places,
    Variable,
    known_names,
    look_up,
    looks_like_credential,
    needs_keyring,
)
from devserver.signing import decode_secret

if TYPE_CHECKING:
    from devserver.project.from_login import Asked

ENTRY = "function.py"
_APPLICATION = "VOICE_APPLICATION_KEY"
_FOREIGN_FILES = ("function.ts", "function.js", "package.json", "FunctionController.cs")


@dataclass(frozen=True, slots=True)
class Project:
    """A function's folder and all its settings, as one session sees them. DESIGN section 5.

    Attributes:
        root: the folder, absolute.
        name: of the function.
        runtime: always `python`.
        description: free text, may be empty.
        function_id: set after a first deployment.
        tunnel_preference: the saved answer, or None when nobody was asked.
        voice_app: application key of the Voice App: `voiceApp` of `sinch.json`, else VOICE_APPLICATION_KEY.
        voice_secret: VOICE_APPLICATION_SECRET; None means callbacks cannot be signed or verified.
        conversation_app: `conversationApp` of `sinch.json`, else CONVERSATION_APP_ID.
        variables: what has a value, by name.
        dev: settings of `fn dev`.
        warnings: sentences to show once.
    """

    root: Path
    name: str
    runtime: str
    description: str
    function_id: str | None
    tunnel_preference: Literal["on", "off"] | None
    voice_app: str | None
    voice_secret: str | None = field(repr=False)
    conversation_app: str | None
    variables: Mapping[str, Variable]
    dev: DevSettings
    warnings: tuple[str, ...]

    @property
    def secret_values(self) -> Mapping[str, str]:
        """What must never reach a disk or a log: value by name, only those that are not empty."""
        return {each.name: each.value for each in self.variables.values() if each.secret and each.value}

    @property
    def environment(self) -> dict[str, str]:
        """What is added to `os.environ` of the user's code."""
        return {each.name: each.value for each in self.variables.values()}


def load_project(folder: Path, *, environ: Mapping[str, str], keyring: Keyring, login: Asked | None = None) -> Project:
    """Read the project in `folder`.

    Args:
        folder: with `function.py`, `sinch.json` and optionally `.env`.
        environ: the process environment.
        keyring: asked only for keys that `.env` lists empty and `environ` does not set.
        login: the last place for credentials that are set nowhere else; None when it does not count.

    Raises:
        ConfigError: anything that keeps the project from running, with what to do.
    """
    root = existing_root(folder)
    read = read_manifest(root)
    manifest = read.manifest
    _require_python(manifest)
    _require_entry(root)
    places = Places(environ, read_env_file(root), keyring, manifest.variables)
    variables = _variables(places)
    borrowed = _borrowed(variables, manifest, login)
    warnings = tuple(_warnings(read, places, variables | borrowed))
    _bind_apps(variables, manifest)
    variables |= borrowed
    voice_secret = _value(variables, "VOICE_APPLICATION_SECRET")
    _require_base64(voice_secret, variables)
    return Project(
        root=root,
        name=manifest.name,
        runtime=manifest.runtime,
        description=manifest.description,
        function_id=manifest.function_id,
        tunnel_preference=manifest.tunnel.preference,
        voice_app=manifest.voice_app or _value(variables, "VOICE_APPLICATION_KEY"),
        voice_secret=voice_secret,
        conversation_app=manifest.conversation_app or _value(variables, "CONVERSATION_APP_ID"),
        variables=MappingProxyType(variables),
        dev=manifest.dev,
        warnings=warnings,
    )


def existing_root(folder: Path) -> Path:
    """The folder as an absolute path, when it is a project's.

    Raises:
        ConfigError: it is not; with how to get one.
    """
    try:
        root = folder.resolve()
        if not root.is_dir():
            said = "is not a folder" if root.exists() else "does not exist"
            raise ConfigError(f"{folder} {said}.", hint="Name the folder of a project, or create one with `fn init`.")
        if (root / manifest_file.FILE).exists():
            return root
        has_entry = (root / ENTRY).is_file()
    except OSError as error:
        raise ConfigError(f"{folder} cannot be read: {error.strerror}.") from None
    if has_entry:
        raise ConfigError(
            f"{root} has a {ENTRY} but no {manifest_file.FILE}.",
            hint=f'Create it with {{"name": "{_name_for(root)}", "runtime": "python"}} in it.',
        )
    raise ConfigError(
        f"{root} is no function project: it has no {manifest_file.FILE}.",
        hint="Create a project with `fn init`, or name the folder of one: `fn dev path/to/project`.",
    )


def _name_for(root: Path) -> str:
    from devserver.project.scaffold import name_from

    return name_from(root)


def _require_python(manifest: Manifest) -> None:
    runtime = manifest.runtime
    if runtime == "python":
        return
    for prefix, language in (("node", "Node"), ("csharp", "C#"), ("dotnet", "C#")):
        if runtime.lower().startswith(prefix):
            raise ConfigError(
                f'This is a project for {language} ({manifest_file.FILE} says "runtime": "{runtime}"), '
                "and `fn dev` runs Python.",
                hint=f'Write the handlers in a {ENTRY} and set "runtime": "python", or start anew with `fn init`.',
            )
    raise ConfigError(f'{manifest_file.FILE}: "{runtime}" is no runtime.', hint='Set "runtime": "python".')


def _require_entry(root: Path) -> None:
    if (root / ENTRY).is_file():
        return
    foreign = next((name for name in _FOREIGN_FILES if (root / name).exists()), None)
    seen = f", but a {foreign}: it looks like a project for another language" if foreign else ""
    raise ConfigError(
        f"{root} has no {ENTRY}{seen}.",
        hint=f"Write the handlers in {ENTRY}; `fn init` creates a project that runs.",
    )


def _variables(places: Places) -> dict[str, Variable]:
    names = known_names(places)
    try:
        found = [look_up(name, places) for name in names]
    except ConfigError as error:
        empty = [name for name in names if needs_keyring(name, places)]
        raise ConfigError(
            f".env lists {_enumerated(empty)} without a value, so the keyring has to be asked. {error.message}",
            hint=choices(_enumerated(empty), _it(empty)),
        ) from error
    return {each.name: each for each in found if each is not None}


def bound_apps(manifest: Manifest) -> dict[str, tuple[str, str]]:
    """Variables that name the bound apps: by variable, the key of `sinch.json` and its value."""
    bound = {
        "VOICE_APPLICATION_KEY": ("voiceApp", manifest.voice_app),
        "CONVERSATION_APP_ID": ("conversationApp", manifest.conversation_app),
    }
    return {name: (key, value) for name, (key, value) in bound.items() if value}


def _bind_apps(variables: dict[str, Variable], manifest: Manifest) -> None:
    """A bound app is also a variable, as it is once deployed, so that `context.voice` works without saying it twice."""
    for name, (_, value) in bound_apps(manifest).items():
        if not _value(variables, name):
            variables[name] = Variable(name, value, "sinch.json", secret=False)


def _borrowed(variables: Mapping[str, Variable], manifest: Manifest, login: Asked | None) -> dict[str, Variable]:
    if login is None:
        return {}
    from devserver.project.from_login import lent

    return lent(own_credentials(variables, manifest), login)


def own_credentials(variables: Mapping[str, Variable], manifest: Manifest) -> dict[str, Variable]:
    """The variables as a login is compared with them: a bound app is one; two that differ agree with no login."""
    own = dict(variables)
    said = _value(variables, _APPLICATION)
    _bind_apps(own, manifest)
    if said and manifest.voice_app and said.lower() != manifest.voice_app.lower():
        own[_APPLICATION] = Variable(_APPLICATION, "", "sinch.json", secret=False)
    return own


def _require_base64(secret: str | None, variables: Mapping[str, Variable]) -> None:
    if not secret:
        return
    try:
        decode_secret(secret)
    except ValueError as error:
        source = variables["VOICE_APPLICATION_SECRET"].source
        raise ConfigError(f"VOICE_APPLICATION_SECRET (from {source}) cannot be used.", hint=str(error)) from None


def _warnings(read: ReadManifest, places: Places, variables: Mapping[str, Variable]) -> Iterator[str]:
    for key in read.unknown:
        hint = nearest(key, manifest_file.KNOWN_KEYS)
        yield f'{manifest_file.FILE}: "{key}" is not known here and is left alone. {hint}'.strip()
    for name in places.env_file:
        if name not in variables:
            yield (
                f".env lists {name} without a value and the keyring has none either, so it stays unset. "
                f"Store one with `fn secrets add {name}`; see `fn secrets explain {name}`."
            )
    for name, value in read.manifest.variables.items():
        if value and looks_like_credential(name):
            yield f"{manifest_file.FILE}: {name} looks like a secret, and this file is committed. Move it to .env."
    for name, (key, value) in bound_apps(read.manifest).items():
        said = _value(variables, name)
        if said and said.lower() != value.lower():
            yield f"{manifest_file.FILE}: {key} and the variable {name} name different apps; callbacks use {key}."


def _value(variables: Mapping[str, Variable], name: str) -> str | None:
    found = variables.get(name)
    return found.value or None if found else None


def _enumerated(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _it(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
