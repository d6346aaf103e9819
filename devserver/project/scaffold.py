"""A new project from a template: which there are, and how one becomes a folder.

It must not ask or print anything. Nothing that exists is ever overwritten: a project is somebody's work. Templates
ship inside the package as they will stand in the project, apart from two names: `dot-env` and `gitignore` become
`.env` and `.gitignore`, because packaging tools and git treat the real names specially.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from devserver.errors import ConfigError
from devserver.project.texts import nearest

TEMPLATES = Path(__file__).parent / "templates"
DEFAULT = "simple-voice-ivr"

_RENAMED = {"dot-env": ".env", "gitignore": ".gitignore"}
_IGNORED = {"__pycache__", ".pytest_cache"}
# What may lie in a folder that still counts as empty: it was just cloned, or opened in an editor or a file browser.
_HARMLESS = {".git", ".idea", ".vscode", ".DS_Store"}
_DESCRIPTIONS = {
    "simple-voice-ivr": "A phone menu: answers, offers sales and support, and connects the caller.",
    "call-forwarding": "Forwards calls to a number of your choice and notes how they went.",
    "sms-responder": "Answers text messages that arrive through the Conversation API.",
    "custom-endpoint": "A small JSON API with storage and a database, and no phone in it.",
    "empty": "One handler that says hello: the smallest function that takes a call.",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A project to start from.

    Attributes:
        name: what `fn init` takes.
        description: one line.
        files: paths in the new project, in order, with the file each is made from.
    """

    name: str
    description: str
    files: tuple[tuple[str, Path], ...]


@dataclass(frozen=True, slots=True)
class Created:
    """What `create` did: the folder, the project's name, the paths written, and those left as they were."""

    folder: Path
    name: str
    written: tuple[str, ...]
    kept: tuple[str, ...]


def templates() -> tuple[Template, ...]:
    """All templates, the one to start with first."""
    return tuple(find_template(name) for name in _DESCRIPTIONS)


def find_template(name: str) -> Template:
    """The template of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in _DESCRIPTIONS:
        known = f"Known are {', '.join(_DESCRIPTIONS)}; the folder of a new project is named with --dir."
        raise ConfigError(f'There is no template "{name}".', hint=nearest(name, _DESCRIPTIONS) or known)
    folder = TEMPLATES / name
    sources = (path for path in folder.rglob("*") if path.is_file() and not _IGNORED.intersection(path.parts))
    files = sorted((_target(path.relative_to(folder)), path) for path in sources)
    return Template(name, _DESCRIPTIONS[name], tuple(files))


def name_from(folder: Path) -> str:
    """A valid project name made from the name of a folder: letters, digits, dots, dashes, underscores."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("._-")[:63] or "my-function"


def create(template: Template, folder: Path, *, name: str | None = None, force: bool = False) -> Created:
    """Write a new project.

    Args:
        template: what to start from.
        folder: created when it does not exist; otherwise it must be empty.
        name: of the project; by default made from the folder's.
        force: the folder may hold files; those of the template that are missing are added, none is overwritten.

    Raises:
        ConfigError: the name is not valid, or the folder is not empty or cannot be written.
    """
    name = name_from(folder) if name is None else name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", name):
        raise ConfigError(
            f'"{name}" is no name for a function.',
            hint="Use at most 63 letters, digits, dots, dashes and underscores, a letter or digit first.",
        )
    try:
        _require_room(folder, force=force)
        existing = tuple(target for target, _ in template.files if _is_there(folder / target))
        missing = [(target, source) for target, source in template.files if target not in existing]
        for target, source in missing:
            _write(folder / target, source, template.name, name)
    except OSError as error:
        raise ConfigError(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    return Created(folder, name, tuple(target for target, _ in missing), existing)


def _target(relative: Path) -> str:
    return relative.with_name(_RENAMED.get(relative.name, relative.name)).as_posix()


def _require_room(folder: Path, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file.", hint="Name a folder with --dir.")
    inside = sorted(path.name for path in folder.iterdir() if path.name not in _HARMLESS) if folder.exists() else []
    if inside and not force:
        shown = ", ".join(inside[:5]) + (f" and {len(inside) - 5} more" if len(inside) > 5 else "")
        raise ConfigError(
            f"{folder} is not empty: it has {shown}.",
            hint="Name another folder with --dir, or add the missing files with --force, which overwrites nothing.",
        )


def _is_there(path: Path) -> bool:
    # A symbolic link that leads nowhere exists too: writing through it would create a file somewhere else.
    return path.exists() or path.is_symlink()


def _write(target: Path, source: Path, template: str, name: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    if target.name == "sinch.json":
        # By text and not by JSON, so that the layout of the file stays the template's.
        content = content.replace(f'"name": "{template}"'.encode(), f'"name": "{name}"'.encode(), 1)
    mode = 0o600 if target.name == ".env" else 0o644
    target.write_bytes(content)
    target.chmod(mode)
