"""A download is whole and as published, or there is none."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import tarfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devserver.tunnel import TunnelFailed
from devserver.tunnel.release import Patience, Release, install
from tests.fakes.release_page import Fault, ReleasePage, release_page

NAME = "cloudflared-linux-amd64"
PROGRAM = b"#!/bin/sh\necho it runs\n" + b"# padding\n" * 300_000
HASTY = Patience(connect=5, silence=0.3)


@pytest.fixture
async def page() -> AsyncIterator[ReleasePage]:
    async with release_page(NAME, PROGRAM) as running:
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "bin" / "cloudflared"


def names(target: Path) -> list[str]:
    """What is where the program belongs."""
    return sorted(path.name for path in target.parent.iterdir())


def release(page: ReleasePage, name: str = NAME) -> Release:
    return Release(page.listing, name, "Install it yourself.")


async def test_the_program_comes_whole_and_runs(page: ReleasePage, target: Path) -> None:
    told: list[tuple[int, int]] = []
    await install(release(page), target, lambda done, total: told.append((done, total)))
    ran = await asyncio.to_thread(subprocess.run, [target], capture_output=True, check=True)
    assert ran.stdout == b"it runs\n"
    assert target.read_bytes() == PROGRAM
    assert target.stat().st_mode & 0o777 == 0o755
    assert told[-1] == (len(PROGRAM), len(PROGRAM))
    assert told == sorted(told)
    assert names(target) == ["cloudflared"]


FAULTS: dict[Fault, str] = {
    "cut": f"{NAME} cannot be downloaded: the connection was cut.",
    "hang": f"{NAME} cannot be downloaded: the other side has stopped sending.",
    "wrong file": f"The download of {NAME} is thrown away: it is not the file that was published.",
    "no digest": f"The release page has no checksum for {NAME}.",
    "no asset": f"The release page says nothing of a file called {NAME}.",
    "no json": f"The release page says nothing of a file called {NAME}.",
    "busy": f"{NAME} cannot be downloaded: 127.0.0.1 answers no more requests from this address for now.",
    "broken": f"{NAME} cannot be downloaded: 127.0.0.1 answers 502.",
    "silent": f"{NAME} cannot be downloaded: the other side has stopped sending.",
}


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.items(), ids=FAULTS)
@pytest.mark.parametrize("there", [True, False], ids=["one is there", "none is there"])
async def test_what_went_wrong_is_one_sentence_and_nothing_is_touched(
    page: ReleasePage, target: Path, fault: Fault, sentence: str, there: bool
) -> None:
    target.parent.mkdir()
    if there:
        target.write_text("the old one")
    page.fault = fault
    with pytest.raises(TunnelFailed) as failed:
        await install(release(page), target, patience=HASTY)
    assert failed.value.message == sentence
    assert failed.value.hint == "Install it yourself."
    assert names(target) == (["cloudflared"] if there else [])
    assert not there or target.read_text() == "the old one"


async def test_nobody_is_there(target: Path) -> None:
    with pytest.raises(TunnelFailed, match=r"127\.0\.0\.1 cannot be reached"):
        await install(Release("http://127.0.0.1:1/latest", NAME, "Do it."), target, patience=HASTY)
    assert not target.exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place where not even root can write")
async def test_a_place_that_cannot_be_written_to(page: ReleasePage) -> None:
    with pytest.raises(TunnelFailed, match=r"^/proc/self/bin/cloudflared cannot be written: "):
        await install(release(page), Path("/proc/self/bin/cloudflared"))
    assert page.downloads == 0


async def test_a_place_that_is_no_folder(page: ReleasePage, target: Path) -> None:
    target.parent.write_text("a file")
    with pytest.raises(TunnelFailed, match=r"bin/cloudflared cannot be written: (File exists|Not a directory)"):
        await install(release(page), target)
    assert page.downloads == 0


async def test_two_that_come_at_once_do_not_meet(page: ReleasePage, target: Path) -> None:
    await asyncio.gather(*(install(release(page), target) for _ in range(3)))
    assert page.downloads == 3
    assert target.read_bytes() == PROGRAM
    assert names(target) == ["cloudflared"]


async def test_a_program_that_runs_can_be_replaced(page: ReleasePage, target: Path) -> None:
    await install(release(page), target)
    with target.open("rb") as held:
        await install(release(page), target)
        assert held.read() == PROGRAM


async def test_who_is_cancelled_leaves_nothing(page: ReleasePage, target: Path) -> None:
    page.fault = "hang"
    begun = asyncio.Event()
    installing = asyncio.create_task(install(release(page), target, lambda _done, _total: begun.set()))
    await begun.wait()
    installing.cancel()
    await asyncio.wait([installing])
    assert names(target) == []


async def test_what_a_killed_download_has_left_goes_after_an_hour(page: ReleasePage, target: Path) -> None:
    target.parent.mkdir()
    old, young = target.parent / ".cloudflared.abc.part", target.parent / ".cloudflared.def.part"
    for part in (old, young):
        part.write_text("half")
    os.utime(old, (time.time() - 4000, time.time() - 4000))
    await install(release(page), target)
    assert names(target) == [young.name, "cloudflared"]


# --- archives --------------------------------------------------------------------------------------------------------


def packed(*members: tuple[str, bytes, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.size = len(content) if kind == tarfile.REGTYPE else 0
            member.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


async def test_of_an_archive_the_program_is_taken_and_nothing_else(target: Path) -> None:
    content = packed(
        ("../../escaped", tarfile.REGTYPE, b"no"),
        ("cloudflared", tarfile.SYMTYPE, b""),
        ("./cloudflared", tarfile.REGTYPE, PROGRAM),
        ("after", tarfile.REGTYPE, b"no"),
    )
    async with release_page("cloudflared-darwin-arm64.tgz", content) as page:
        await install(release(page, page.name), target)
    assert target.read_bytes() == PROGRAM
    assert not target.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in target.parent.parent.rglob("*") if path.is_file()] == ["cloudflared"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (packed(("readme", tarfile.REGTYPE, b"no")), "there is no cloudflared in the archive"),
        (packed(("cloudflared", tarfile.SYMTYPE, b"")), "there is no cloudflared in the archive"),
        (b"no archive at all", "not a gzip file"),
    ],
    ids=["nothing in it", "a link", "no archive"],
)
async def test_an_archive_without_the_program_is_refused(target: Path, content: bytes, why: str) -> None:
    async with release_page("cloudflared-darwin-arm64.tgz", content) as page:
        with pytest.raises(TunnelFailed) as failed:
            await install(release(page, page.name), target)
    assert why in failed.value.message
    assert names(target) == []
