"""The story of a project's variables: where each value comes from, and why the other places did not count.

It reads what `load` reads and refuses less: a project that cannot run can be explained, and a keyring that cannot be
used is part of the explanation. The login is a part of it, too, though it counts only for those who mean the real
platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from devserver.project.env_file import read_env_file
from devserver.project.from_login import NAMES, Asked, explained, names_of
from devserver.project.load import bound_apps, existing_root, own_credentials
from devserver.project.manifest import read_manifest
from devserver.project.settings import Manifest
from devserver.project.system_keyring import Keyring
from devserver.project.variables import Explanation, Places, Step, Variable, explain, known_names


def explain_variable(
    folder: Path, name: str, *, environ: Mapping[str, str], keyring: Keyring, login: Asked | None = None
) -> Explanation:
    """Where the value of one variable of the project in `folder` comes from.

    Args:
        folder: of the project.
        name: of the variable.
        environ: the process environment.
        keyring: asked only for keys that `.env` lists empty.
        login: asked only for credentials that are set nowhere else.

    Raises:
        ConfigError: the folder holds no readable project. An unusable keyring is part of the explanation instead.
    """
    manifest, places = _places(folder, environ, keyring)
    story = _explained(name, manifest, places)
    if login is None or name not in NAMES:
        return story
    return explained(story, _own(manifest, places), login)


def explain_variables(
    folder: Path, *, environ: Mapping[str, str], keyring: Keyring, login: Asked | None = None
) -> tuple[Explanation, ...]:
    """The same for every variable that the project lists, the platform has set, or the login gives to it.

    Raises:
        ConfigError: as `explain_variable`.
    """
    manifest, places = _places(folder, environ, keyring)
    names = dict.fromkeys([*known_names(places), *bound_apps(manifest)])
    stories = [_explained(name, manifest, places) for name in names]
    if login is None:
        return tuple(stories)
    found = login() if callable(login) else login
    own = _own(manifest, places)
    stories += [_explained(name, manifest, places) for name in names_of(found) if name not in names]
    full = [explained(story, own, found) for story in stories]
    return tuple(story for story in full if story.key in names or story.variable is not None)


def _places(folder: Path, environ: Mapping[str, str], keyring: Keyring) -> tuple[Manifest, Places]:
    root = existing_root(folder)
    manifest = read_manifest(root).manifest
    return manifest, Places(environ, read_env_file(root), keyring, manifest.variables)


def _explained(name: str, manifest: Manifest, places: Places) -> Explanation:
    story = explain(name, places)
    bound = bound_apps(manifest).get(name)
    if bound is None or (story.variable is not None and story.variable.value):
        return story
    key, value = bound
    step = Step("sinch.json", value, f"has no such variable, but {key}")
    return replace(
        story,
        variable=Variable(name, value, "sinch.json", story.secret),
        steps=(*(step for step in story.steps if step.source != "sinch.json"), step),
    )


def _own(manifest: Manifest, places: Places) -> dict[str, Variable]:
    found = {name: explain(name, places).variable for name in NAMES}
    return own_credentials({name: each for name, each in found.items() if each is not None}, manifest)
