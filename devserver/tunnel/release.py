"""Gets a program from its release page: whole and as its makers published it, or not at all.

The page of a release lists the SHA-256 of every file. A file goes beside its place under another name, is checked, and
takes its place in one step; so nobody ever runs half a file, and two that fetch at once do not meet.

It must not know what the program is for.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import aiohttp

from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.proxies import proxy_for

Progress = Callable[[int, int], None]
"""Told how many bytes are there, and how many there will be."""

_LISTING_LIMIT = 4 * 1024**2  # bytes
_LARGEST = 512 * 1024**2  # bytes; no file of a release is nearly that large
_LEFT_OVER = 3600  # seconds after which a part of a file belongs to nobody
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")


@dataclass(frozen=True, slots=True)
class Release:
    """Where a file is had.

    Attributes:
        listing: URL of the release's description, as GitHub's API has it.
        asset: name of the file in it.
        hint: what to do when it cannot be had.
    """

    listing: str
    asset: str
    hint: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the other side.

    Attributes:
        connect: seconds for a connection.
        silence: seconds without a byte.
    """

    connect: float = 10.0
    silence: float = 30.0


@dataclass(frozen=True, slots=True)
class _Asset:
    url: str
    size: int
    digest: str


async def install(
    release: Release, target: Path, progress: Progress = lambda _done, _total: None, patience: Patience = Patience()
) -> None:
    """Put a file of a release at its place, executable.

    Args:
        release: where it is had. A file called `.tgz` is unpacked: its member of the target's name is the program.
        target: its place.
        progress: told as it comes.
        patience: how long to wait.

    Raises:
        TunnelFailed: why it cannot be had. What was at `target` is untouched then.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=patience.connect, sock_read=patience.silence)
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": "fn-dev"}) as session:
            asset = await _find(session, release)
            part = _part_of(target)
            try:
                await _fetch(session, asset, part, release, progress)
                await asyncio.to_thread(_put, part, target, packed=release.asset.endswith(".tgz"))
            finally:
                part.unlink(missing_ok=True)
    except (aiohttp.ClientError, TimeoutError) as error:
        host = urlsplit(release.listing).hostname
        raise TunnelFailed(f"{release.asset} cannot be downloaded: {_why(error, host)}.", hint=release.hint) from error
    except (OSError, tarfile.TarError, KeyError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise TunnelFailed(f"{target} cannot be written: {why}.", hint=release.hint) from error


async def _find(session: aiohttp.ClientSession, release: Release) -> _Asset:
    async with session.get(
        release.listing, headers={"Accept": "application/vnd.github+json"}, proxy=proxy_for(release.listing)
    ) as response:
        response.raise_for_status()
        text = await response.content.read(_LISTING_LIMIT)
        while not response.content.at_eof() and len(text) < _LISTING_LIMIT:
            text += await response.content.read(_LISTING_LIMIT)
    found = _asset(text, release.asset)
    if found is None:
        raise TunnelFailed(f"The release page says nothing of a file called {release.asset}.", hint=release.hint)
    digest = _DIGEST.match(str(found.get("digest")))
    if digest is None:
        raise TunnelFailed(f"The release page has no checksum for {release.asset}.", hint=release.hint)
    return _Asset(str(found.get("browser_download_url")), int(found.get("size") or 0), digest[1])


def _asset(text: bytes, name: str) -> dict[str, Any] | None:
    import json

    try:
        listed = json.loads(text)
    except ValueError:
        return None
    assets = listed.get("assets") if isinstance(listed, dict) else None
    for each in assets if isinstance(assets, list) else ():
        if isinstance(each, dict) and each.get("name") == name:
            return each
    return None


def _part_of(target: Path) -> Path:
    """An empty file beside the target. What an earlier process that was killed left there goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for old in target.parent.glob(f".{target.name}.*.part"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _LEFT_OVER:
                old.unlink()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(descriptor)
    return Path(name)


async def _fetch(
    session: aiohttp.ClientSession, asset: _Asset, part: Path, release: Release, progress: Progress
) -> None:
    sums, done = hashlib.sha256(), 0
    async with session.get(asset.url, proxy=proxy_for(asset.url)) as response:
        response.raise_for_status()
        total = asset.size or response.content_length or 0
        with part.open("wb") as file:
            async for data in response.content.iter_chunked(256 * 1024):
                file.write(data)
                sums.update(data)
                done += len(data)
                if done > _LARGEST:
                    break
                progress(done, total)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
    if sums.hexdigest() != asset.digest:
        what = f"only {done} of {total} bytes came" if done < total else "it is not the file that was published"
        raise TunnelFailed(f"The download of {release.asset} is thrown away: {what}.", hint=release.hint)


def _put(part: Path, target: Path, *, packed: bool) -> None:
    """Take the place of the target, in one step."""
    if not packed:
        part.chmod(0o755)
        part.replace(target)
        return
    unpacked = _part_of(target)
    try:
        with tarfile.open(part, "r:gz") as archive, unpacked.open("wb") as file:
            _copy(archive.extractfile(_program(archive, target.name)), file)
            file.flush()
            os.fsync(file.fileno())
        _put(unpacked, target, packed=False)
    finally:
        unpacked.unlink(missing_ok=True)


def _program(archive: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    """The one member that is wanted; nothing else is unpacked, and no path of the archive is used."""
    for member in archive:
        if member.isreg() and Path(member.name).name == name and member.size <= _LARGEST:
            return member
    raise KeyError(f"there is no {name} in the archive")


def _copy(source: IO[bytes] | None, file: IO[bytes]) -> None:
    import shutil

    assert source is not None  # noqa: S101 a regular file has content
    shutil.copyfileobj(source, file)


def _why(error: Exception, host: str | None) -> str:
    match error:
        case aiohttp.ClientResponseError(status=403 | 429):
            return f"{host} answers no more requests from this address for now"
        case aiohttp.ClientResponseError(status=status):
            return f"{host} answers {status}"
        case aiohttp.ClientConnectorError():
            return f"{host} cannot be reached"
        case TimeoutError():
            return "the other side has stopped sending"
        case aiohttp.ClientPayloadError():
            return "the connection was cut"
        case _:
            return str(error) or type(error).__name__
