"""Is what answers what is on disk? Stamps of files, compared.

Before each dispatch the gateway asks `is_stale`: one `os.stat` per loaded file, microseconds each. A file version
that turned out to be unusable (or that is in doubt, because an editor may be half-way through writing it) is
*excused*: it does not make the running generation stale until the file changes again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from devserver.session.frames import ModuleFile, Stamp

Version = Stamp | None
"""A file version; None when the file does not exist."""


def version_of(path: str) -> Version:
    """The version of a file now."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)


class Freshness:
    """The files of the generation that answers, as they were when it read them."""

    def __init__(self) -> None:
        self._loaded: dict[str, Version] = {}
        self._digests: dict[str, bytes] = {}
        self._excused: dict[str, Version] = {}
        self._new: dict[str, Version] = {}

    def adopt(self, files: Iterable[ModuleFile], others: Mapping[str, Version]) -> None:
        """A generation answers from now on: made of these files, configured by `others`."""
        self._digests = {file.path: file.digest for file in files}
        self._loaded = dict(others) | {file.path: file.stamp for file in files}
        self._excused = {}
        self._new = {path: version for path, version in self._new.items() if version_of(path) != version}

    def notice(self, paths: Iterable[str]) -> None:
        """The watcher saw these files change; those that are as we loaded them are echoes of a change we have seen."""
        for path in paths:
            if not self._is_echo(path):
                self._new[path] = version_of(path)
                self._excused.pop(path, None)

    def _is_echo(self, path: str) -> bool:
        version = version_of(path)
        if self._excused.get(path, ()) == version:
            return True
        if path not in self._loaded or self._loaded[path] != version:
            return False
        # Two saves within one tick of the file system's clock can leave equal stamps and different contents.
        digest = self._digests.get(path)
        return digest is None or digest == _digest(path)

    def doubt_again(self, versions: Mapping[str, Version]) -> None:
        """The moment of grace is over: these versions are to be judged."""
        for path, version in versions.items():
            self._excused.pop(path, None)
            self._new[path] = version

    def is_stale(self) -> bool:
        """Whether a file differs from what is loaded, and is not excused."""
        if self._new:
            return True
        excused = self._excused
        for path, version in self._loaded.items():
            try:
                status = os.stat(path)
                now: Version = (status.st_mtime_ns, status.st_size, status.st_ino)
            except OSError:
                now = None
            if now != version and excused.get(path, ()) != now:
                return True
        return False

    def changes(self) -> dict[str, Version]:
        """Every file that differs from what is loaded, with its version now; includes excused ones."""
        found = {path: now for path, version in self._loaded.items() if (now := version_of(path)) != version}
        return found | {path: version_of(path) for path in self._new}

    def excuse(self, versions: Mapping[str, Version]) -> None:
        """These versions were tried, or are being watched for a moment: they do not make us stale."""
        self._excused.update(versions)
        for path in versions:
            self._new.pop(path, None)
            self._loaded.setdefault(path, None)

    def shrank(self, changes: Mapping[str, Version]) -> bool:
        """Whether a loaded file was cut in place: the mark of an editor that truncates and then writes."""
        for path, now in changes.items():
            before = self._loaded.get(path)
            if before and now and now[2] == before[2] and now[1] < before[1]:
                return True
        return False


def _digest(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return blake2b(file.read(), digest_size=16).digest()
    except OSError:
        return b""
