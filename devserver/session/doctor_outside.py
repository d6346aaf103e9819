"""The checks of `fn doctor` that ask something else than this machine's files: the tunnel's program, and the time."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from devserver.session.doctor import Finding, Patient

_PATIENCE = 5.0  # seconds for a program or a server
_LATE = 60.0  # seconds that a clock may be off before anybody needs to know
_REFUSED = 300.0  # seconds from which signatures are refused (voice-v1.md 4.2: the window is not published)


def check_cloudflared(patient: Patient) -> Iterator[Finding]:
    """Whether the tunnel's program is there and runs. It is not downloaded for a check."""
    from devserver.tunnel.change import TunnelFailed

    try:
        program = asyncio.run(_present(patient.environ))
    except TunnelFailed as error:
        yield Finding("error", error.message, error.hint)
        return
    if program is None:
        yield Finding("ok", "cloudflared is not here; the first tunnel downloads it.")
        return
    version = _version(program)
    if version:
        yield Finding("ok", f"cloudflared {version} ({program}).")
    else:
        yield Finding(
            "error",
            f"{program} does not run, or is no cloudflared.",
            "Is it for this kind of machine? Name another one in FN_CLOUDFLARED, or delete it.",
        )


async def _present(environ: Mapping[str, str]) -> Path | None:
    """The program that a tunnel would use, if it is on this machine."""
    from devserver.tunnel.cloudflared_binary import find_cloudflared, install_place, what_pycloudflared_knows

    if environ.get("FN_CLOUDFLARED") or shutil.which("cloudflared", path=environ.get("PATH")):
        return await find_cloudflared(environ)
    known = await asyncio.to_thread(what_pycloudflared_knows)
    if any(os.access(place, os.X_OK) and place.is_file() for place in (known.place, install_place(environ))):
        return await find_cloudflared(environ, known=known)
    return None


def _version(program: Path) -> str:
    """What it says of itself; empty when it does not run."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    said = re.search(r"version (\S+)", done.stdout)
    return said[1] if said and done.returncode == 0 else ""


def check_clock(patient: Patient) -> Iterator[Finding]:
    """Whether this machine's clock is that of Sinch, which refuses signatures of another time. Only when asked for."""
    if not patient.online:
        yield Finding("ok", "The clock is compared with Sinch's only with --online.")
        return
    from devserver.runtime.clients.voice_hosts import configuration_origin

    origin = configuration_origin(patient.environ)
    date = _date_at(origin)
    if isinstance(date, str):
        yield Finding("warning", f"{origin} cannot be asked for the time: {date}.", "Is there a way to the network?")
        return
    off = (datetime.now(UTC) - date).total_seconds()
    words = f"This machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} that of {origin}"
    if abs(off) < _LATE:
        yield Finding("ok", f"{words}.")
    elif abs(off) < _REFUSED:
        yield Finding("warning", f"{words}.", "Set it by the network.")
    else:
        yield Finding("error", f"{words}, where requests of another time are refused.", "Set it by the network.")


def _date_at(origin: str) -> datetime | str:
    """The time that a server says, or why there is none."""
    # A company's proxy is for the real hosts; this machine is reached without.
    proxy = () if origin.startswith("https:") else (urllib.request.ProxyHandler({}),)
    request = urllib.request.Request(origin, method="HEAD")  # noqa: S310 `configuration_origin` takes http(s) only
    try:
        with urllib.request.build_opener(*proxy).open(request, timeout=_PATIENCE) as response:
            said = response.headers["Date"]
    except urllib.error.HTTPError as error:
        with error:
            said = error.headers["Date"]
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
    try:
        return parsedate_to_datetime(said or "").astimezone(UTC)
    except ValueError:
        return "its answer has no date"
