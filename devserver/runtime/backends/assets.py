"""Assets: the private files that are deployed with a function, read-only, from `assets/` (functions-platform.md 3).

Read anew each time: an edit under `assets/` needs no reload.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path

from devserver.runtime.backends import folders

_SHOWN = 20


class AssetError(Exception):
    """An asset that cannot be read; the text says why."""


class MissingAsset(AssetError, FileNotFoundError):
    """There is no such asset; the text says which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


class Assets:
    """`await context.assets("greeting.txt")`.

    Args:
        root: the folder; it need not exist.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def __call__(self, name: str) -> str:
        """The text of an asset.

        Raises:
            MissingAsset: there is none of that name.
            AssetError: the name cannot be, or the file is not UTF-8 text.
        """
        try:
            return (await self.read_bytes(name)).decode()
        except UnicodeDecodeError as error:
            raise AssetError(
                f"The asset {name!r} is not UTF-8 text; read it with context.assets.read_bytes({name!r})."
            ) from error

    async def read_bytes(self, name: str) -> bytes:
        """The bytes of an asset.

        Raises:
            MissingAsset: there is none of that name.
            AssetError: the name cannot be.
        """
        try:
            path = folders.locate(self._root, name)
        except folders.Refused as error:
            raise AssetError(f"The asset name {name!r:.200} {error}") from None
        return await asyncio.to_thread(self._read, path, name)

    def _read(self, path: Path, name: str) -> bytes:
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise MissingAsset(f"There is no asset {name!r}. {self._existing()}") from None
        except OSError as error:
            raise AssetError(f"The asset {name!r} could not be read: {error.strerror or error}.") from error

    def _existing(self) -> str:
        some = sorted(islice(folders.names(self._root), 1000))
        if not some:
            return f"The folder {self._root.name}/ is empty or missing."
        more = f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
        return f"The folder {self._root.name}/ has {', '.join(some[:_SHOWN])}{more}."
