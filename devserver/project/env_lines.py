r"""Lists a key in `.env`, which is how a project says that its value is in the keyring, and keeps `.env` out of git.

Files of people are changed as little as can be: one line at the end, everything else byte for byte as it was, with the
line ends and the permissions that the file has. The value never comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devserver.project.env_file import FILE, read_env_file
from devserver.project.files import write_whole

GITIGNORE = ".gitignore"


@dataclass(frozen=True, slots=True)
class Listed:
    """What became of a key in `.env`.

    Attributes:
        state: `added`; `there` when it is listed without a value; `filled` when it has a value there, which wins.
        created: the file was made.
        ignored: `.gitignore` has got a line for it.
    """

    state: Literal["added", "there", "filled"]
    created: bool = False
    ignored: bool = False


def list_key(folder: Path, key: str) -> Listed:
    """See that `.env` in `folder` lists `key`; a value that it has there is left alone.

    Raises:
        ConfigError: `.env` cannot be read.
        FnError: a file cannot be written; it is as it was.
    """
    listed = read_env_file(folder)
    ignored = keep_out_of_git(folder)
    if key in listed:
        return Listed("filled" if listed[key] else "there", ignored=ignored)
    path = folder / FILE
    created = not path.exists()
    _append(path, f"{key}=", mode=0o600)
    return Listed("added", created=created, ignored=ignored)


def keep_out_of_git(folder: Path) -> bool:
    """See that git ignores `.env` in `folder`; True when a line had to be added.

    Nothing is done in a folder that has no `.gitignore` and is in no repository.
    """
    repository = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    own = folder / GITIGNORE
    if repository is None and not own.exists():
        return False
    if _is_ignored(folder, repository or folder):
        return False
    _append(own, FILE, mode=0o644)
    return True


def _is_ignored(folder: Path, repository: Path) -> bool:
    """What the `.gitignore` files say from the repository down; the last word counts."""
    from pathspec import GitIgnoreSpec

    verdict = False
    for base in reversed([folder, *_up_to(folder, repository)]):
        try:
            lines = (base / GITIGNORE).read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        said = GitIgnoreSpec.from_lines(lines).check_file((folder / FILE).relative_to(base)).include
        verdict = verdict if said is None else said
    return verdict


def _up_to(folder: Path, repository: Path) -> Iterator[Path]:
    for each in folder.parents:
        if not each.is_relative_to(repository):
            return
        yield each


def _append(path: Path, line: str, mode: int) -> None:
    before = path.read_bytes() if path.exists() else b""
    end = b"\r\n" if b"\r\n" in before else b"\n"
    gap = end if before and not before.endswith(b"\n") else b""
    write_whole(path, [before, gap, line.encode(), end], mode)
