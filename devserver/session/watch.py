"""Notices saves: watchfiles on the folders that are not ignored, one kernel watch each.

Recursive watching would also watch what is ignored, and fails outright when the kernel's watches run out (lab.md 3.4).
So the folders are listed, watched one by one, and listed again when one comes or goes. If watching is impossible the
session goes on: before each dispatch the gateway looks at the loaded files itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable

from devserver.session.ignore import Ignore

_STEP = 5  # ms between looks at the kernel's queue: 10 ms from save to event for 0.4 % of a core (lab.md 3.2)
_DEBOUNCE = 60  # ms at most during which further changes join a batch
_LOOK = 500  # ms without an event after which we look ourselves
CONFIGURATION = ("sinch.json", ".env")


class Watch:
    """Watches one project.

    Args:
        root: the project.
        patterns: `dev.ignore` of `sinch.json`.
        on_change: called with the paths of code and configuration files that changed; with none twice a second, so
            that what the kernel did not tell (a save before we listened, a network folder) is looked for.
        on_trouble: called with a sentence when watching is not possible.
    """

    def __init__(
        self,
        root: str,
        patterns: Iterable[str],
        on_change: Callable[[list[str]], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._root = root
        self._patterns = list(patterns)
        self._on_change = on_change
        self._on_trouble = on_trouble
        self._known: set[str] = set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            folders = await asyncio.to_thread(self._list)
            fresh = self._code_in(folder for folder in folders if self._known and folder not in self._known)
            self._known = set(folders)
            if fresh:
                self._on_change(fresh)
            try:
                await self._watch(folders)
            except OSError as error:
                self._on_trouble(self._why(error))
                return

    def _why(self, error: OSError) -> str:
        if not os.path.isdir(self._root):
            return f"{self._root} is gone: there is nothing to watch any more."
        return (
            f"Saves cannot be watched ({error}). New code is noticed at the next request instead; on Linux, "
            "raise fs.inotify.max_user_watches."
        )

    def _list(self) -> list[str]:
        return list(Ignore(self._root, self._patterns).folders())

    async def _watch(self, folders: list[str]) -> None:
        """Watch these folders until one of them comes or goes."""
        from watchfiles import Change, awatch

        async for changes in awatch(
            *folders,
            watch_filter=None,
            debounce=_DEBOUNCE,
            step=_STEP,
            recursive=False,
            rust_timeout=_LOOK,
            yield_on_timeout=True,
        ):
            paths = [path for _, path in changes]
            wanted = sorted({path for path in paths if self._matters(path)})
            if wanted or not paths:
                self._on_change(wanted)
            if self._folders_moved((change is Change.deleted, path) for change, path in changes) or any(
                os.path.basename(path) == ".gitignore" for path in paths
            ):
                return

    def _folders_moved(self, changes: Iterable[tuple[bool, str]]) -> bool:
        return any(path in self._known if deleted else os.path.isdir(path) for deleted, path in changes)

    def _matters(self, path: str) -> bool:
        if path.endswith(".py"):
            return True
        return os.path.dirname(path) == self._root and os.path.basename(path) in CONFIGURATION

    def _code_in(self, folders: Iterable[str]) -> list[str]:
        found = []
        for folder in folders:
            try:
                found += [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".py")]
            except OSError:
                continue  # it came and went
        return found
