"""Which folders of a project are not watched: ours, the tools', and what `.gitignore` ignores.

Ignored folders are never entered: a hundred thousand files in `node_modules` must cost nothing, neither time nor
kernel watches (lab.md 3.4).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

ALWAYS = frozenset(
    {
        ".fn",
        ".git",
        ".hg",
        ".idea",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        ".vscode",
        "__pycache__",
        "data",
        "node_modules",
        "site-packages",
        "storage",
        "venv",
    }
)
"""Folder names that hold nothing of the function's code, wherever they stand."""

QUIET = frozenset({"assets", "public"})
"""Folders of the project's root whose files are read anew at each use, so that an edit needs no reload."""


class Ignore:
    """Decides about folders below one project.

    Args:
        root: the project.
        patterns: more patterns in the syntax of `.gitignore`, from `dev.ignore` of `sinch.json`.
    """

    def __init__(self, root: str, patterns: Iterable[str] = ()) -> None:
        import pathspec

        self._root = root
        self._parse = pathspec.GitIgnoreSpec.from_lines
        self._specs = [(root, self._parse(patterns))]
        for folder in _up_to_repository(root):
            self._read(folder)

    def folders(self) -> Iterator[str]:
        """Every folder to watch, the root first; reads the `.gitignore` files on the way."""
        waiting = [self._root]
        while waiting:
            folder = waiting.pop()
            yield folder
            if folder != self._root:
                self._read(folder)
            try:
                with os.scandir(folder) as entries:
                    names = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
            except OSError:
                continue  # it vanished or may not be read: nothing in it can be loaded either
            waiting.extend(path for path in names if not self.is_ignored(path))

    def is_ignored(self, folder: str) -> bool:
        """Whether a folder (and all that is in it) is not to be watched."""
        name = os.path.basename(folder)
        if name in ALWAYS or (name in QUIET and os.path.dirname(folder) == self._root):
            return True
        return any(
            spec.match_file(os.path.relpath(folder, base) + "/") for base, spec in self._specs if _below(folder, base)
        )

    def _read(self, folder: str) -> None:
        try:
            with open(os.path.join(folder, ".gitignore"), encoding="utf-8", errors="replace") as file:
                self._specs.append((folder, self._parse(file.read().splitlines())))
        except OSError:
            return


def _below(path: str, base: str) -> bool:
    return path.startswith(base + os.sep)


def _up_to_repository(root: str) -> list[str]:
    """The folders whose `.gitignore` applies: from the repository's root down to the project."""
    found = [root]
    folder = root
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return [root]  # no repository: only the project's own file counts
        folder = parent
        found.append(folder)
    return found[::-1]
