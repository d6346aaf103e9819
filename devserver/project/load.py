"""From a folder to a frozen `Project`: `sinch.json`, `.env`, the process environment and the keyring, read once.

It must not know who asks: `fn dev`, a replay and a test get the same. Everything that can be wrong with a project is
found here, before a port is opened or a process is started, and is one sentence with what to do next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from devserver.errors import ConfigError
from devserver.project import manifest as manifest_file
from devserver.project.env_file import read_env_file
from devserver.project.manifest import ReadManifest, read_manifest
from devserver.project.settings import DevSettings, Manifest
from devserver.project.system_keyring import SERVICE, Keyring, account_of
from devserver.project.texts import nearest
from devserver.project.variables import (
    Explanation,
    Places,
    Step,
    Variable,
    explain,
    known_names,
    look_up,
    looks_like_credential,
    needs_keyring,
)
from devserver.signing import decode_secret

ENTRY = "function.py"
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


def load_project(folder: Path, *, environ: Mapping[str, str], keyring: Keyring) -> Project:
    """Read the project in `folder`.

    Args:
        folder: with `function.py`, `sinch.json` and optionally `.env`.
        environ: the process environment.
        keyring: asked only for keys that `.env` lists empty and `environ` does not set.

    Raises:
        ConfigError: anything that keeps the project from running, with what to do.
    """
    root = _existing(folder)
    read = read_manifest(root)
    manifest = read.manifest
    _require_python(manifest)
    _require_entry(root)
    places = Places(environ, read_env_file(root), keyring, manifest.variables)
    variables = _variables(places)
    warnings = tuple(_warnings(read, places, variables))
    _bind_apps(variables, manifest)
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


def explain_variable(folder: Path, name: str, *, environ: Mapping[str, str], keyring: Keyring) -> Explanation:
    """Where the value of one variable of the project in `folder` comes from.

    Raises:
        ConfigError: the folder holds no readable project. An unusable keyring is part of the explanation instead.
    """
    manifest, places = _places(folder, environ, keyring)
    return _explained(name, manifest, places)


def explain_variables(folder: Path, *, environ: Mapping[str, str], keyring: Keyring) -> tuple[Explanation, ...]:
    """The same for every variable that the project lists or the platform has set, those without a value included.

    Raises:
        ConfigError: as `explain_variable`.
    """
    manifest, places = _places(folder, environ, keyring)
    names = dict.fromkeys([*known_names(places), *_bound(manifest)])
    return tuple(_explained(name, manifest, places) for name in names)


def _places(folder: Path, environ: Mapping[str, str], keyring: Keyring) -> tuple[Manifest, Places]:
    root = _existing(folder)
    manifest = read_manifest(root).manifest
    return manifest, Places(environ, read_env_file(root), keyring, manifest.variables)


def _explained(name: str, manifest: Manifest, places: Places) -> Explanation:
    explained = explain(name, places)
    bound = _bound(manifest).get(name)
    if bound is None or (explained.variable is not None and explained.variable.value):
        return explained
    key, value = bound
    step = Step("sinch.json", value, f"has no such variable, but {key}")
    return replace(
        explained,
        variable=Variable(name, value, "sinch.json", explained.secret),
        steps=(*(step for step in explained.steps if step.source != "sinch.json"), step),
    )


def _existing(folder: Path) -> Path:
    """The folder as an absolute path, when it is a project's."""
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
            hint=f"Set {_it(empty)} in the environment (`{empty[0]}=... fn dev`), fill {_it(empty)} in in .env, "
            "or start and unlock a keyring (`keyring --list-backends` shows which there are).",
        ) from error
    return {each.name: each for each in found if each is not None}


def _bound(manifest: Manifest) -> dict[str, tuple[str, str]]:
    """Variables that name the bound apps: by variable, the key of `sinch.json` and its value."""
    bound = {
        "VOICE_APPLICATION_KEY": ("voiceApp", manifest.voice_app),
        "CONVERSATION_APP_ID": ("conversationApp", manifest.conversation_app),
    }
    return {name: (key, value) for name, (key, value) in bound.items() if value}


def _bind_apps(variables: dict[str, Variable], manifest: Manifest) -> None:
    """A bound app is also a variable, as it is once deployed, so that `context.voice` works without saying it twice."""
    for name, (_, value) in _bound(manifest).items():
        if not _value(variables, name):
            variables[name] = Variable(name, value, "sinch.json", secret=False)


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
                f"Store one with `keyring set {SERVICE} {account_of(name)}`; see `fn secrets explain {name}`."
            )
    for name, value in read.manifest.variables.items():
        if value and looks_like_credential(name):
            yield f"{manifest_file.FILE}: {name} looks like a secret, and this file is committed. Move it to .env."
    for name, (key, value) in _bound(read.manifest).items():
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
