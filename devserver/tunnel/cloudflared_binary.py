"""Finds cloudflared, or gets it.

Looked for in this order: `FN_CLOUDFLARED`, the PATH, where pycloudflared keeps its own, and where we have put one
before. Else it is downloaded; where from is pycloudflared's knowledge, but not how: it writes in place and checks
nothing, so that a cut download is taken for a program (lab.md 2, point 8).
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devserver.errors import ConfigError
from devserver.project.places import VARIABLE, state_folder
from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.release import Progress, Release, install

_HINT = (
    "Install cloudflared with your package manager, or name its file in FN_CLOUDFLARED; "
    "or use your own address with --public-url."
)
_EXPLICIT_HINT = "Correct FN_CLOUDFLARED, or unset it to let fn find cloudflared itself."
_DOWNLOAD = re.compile(r"https://github\.com/([^/]+/[^/]+)/releases/latest/download/([^/]+)\Z")


@dataclass(frozen=True, slots=True)
class Known:
    """What pycloudflared knows for this machine.

    Attributes:
        place: where it keeps its own program, if it has downloaded it.
        release: where the program is had.
    """

    place: Path
    release: Release


async def find_cloudflared(
    environment: Mapping[str, str], progress: Progress = lambda _done, _total: None, known: Known | None = None
) -> Path:
    """The program; downloads it when it is nowhere.

    Args:
        environment: where `FN_CLOUDFLARED`, `FN_STATE_DIR` and `PATH` are looked up.
        progress: told how far a download is.
        known: in place of what pycloudflared knows.

    Raises:
        TunnelFailed: there is none, and it cannot be had.
    """
    if explicit := environment.get("FN_CLOUDFLARED"):
        return _explicit(explicit, environment)
    if on_path := shutil.which("cloudflared", path=environment.get("PATH")):
        return Path(on_path)
    if known is None:
        known = await asyncio.to_thread(what_pycloudflared_knows)
    ours = install_place(environment)
    for place in (known.place, ours):
        if place.is_file() and os.access(place, os.X_OK):
            return place
    await install(known.release, ours, progress)
    return ours


def install_place(environment: Mapping[str, str]) -> Path:
    """Where we put one: in `FN_STATE_DIR` when that is set, else in the user's cache folder.

    Raises:
        TunnelFailed: `FN_STATE_DIR` cannot be a folder.
    """
    import platformdirs

    named = environment.get(VARIABLE, "").strip()
    try:
        folder = state_folder(environment) if named else platformdirs.user_cache_path("fn", appauthor=False)
    except ConfigError as error:
        raise TunnelFailed(error.message, hint=error.hint) from error
    return folder / "bin" / ("cloudflared.exe" if platform.system() == "Windows" else "cloudflared")


def what_pycloudflared_knows() -> Known:
    """Ask it. Its import takes 70 ms: not for the event loop (lab.md 2).

    Raises:
        TunnelFailed: it knows no program for this machine.
    """
    from pycloudflared.util import Info

    # Its table calls the machine `arm64` also where the system says `aarch64` (lab.md 2, point 8).
    machine = platform.machine().lower()
    try:
        info = Info(platform.system(), "arm64" if machine == "aarch64" else machine)
    except RuntimeError as error:
        raise TunnelFailed(f"There is no cloudflared to download for this machine: {error}", hint=_HINT) from error
    return Known(Path(info.executable), release_of(info.url))


def release_of(url: str) -> Release:
    """The release that a download address belongs to.

    Raises:
        TunnelFailed: it is not an address of GitHub's, where checksums are published.
    """
    parts = _DOWNLOAD.match(url)
    if parts is None:
        raise TunnelFailed(f"cloudflared is now had at {url}, where no checksums are known.", hint=_HINT)
    return Release(f"https://api.github.com/repos/{parts[1]}/releases/latest", parts[2], _HINT)


def _explicit(text: str, environment: Mapping[str, str]) -> Path:
    if os.sep not in text and (found := shutil.which(text, path=environment.get("PATH"))):
        return Path(found)
    path = Path(text).expanduser()
    if not path.exists():
        raise TunnelFailed(f"FN_CLOUDFLARED names {text}, which does not exist.", hint=_EXPLICIT_HINT)
    if not path.is_file():
        raise TunnelFailed(f"FN_CLOUDFLARED names {text}, which is not a file.", hint=_EXPLICIT_HINT)
    if not os.access(path, os.X_OK):
        raise TunnelFailed(f"FN_CLOUDFLARED names {text}, which is not executable.", hint=f"Run: chmod +x {text}")
    return path.absolute()
