from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devserver.tunnel import TunnelFailed
from devserver.tunnel.cloudflared_binary import (
    Known,
    find_cloudflared,
    install_place,
    release_of,
    what_pycloudflared_knows,
)
from devserver.tunnel.release import Release
from tests.fakes.release_page import ReleasePage, release_page

NAME = "cloudflared-linux-amd64"


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


@pytest.fixture
async def page() -> AsyncIterator[ReleasePage]:
    async with release_page(NAME, b"the new one") as running:
        yield running


@pytest.fixture
def known(page: ReleasePage, tmp_path: Path) -> Known:
    return Known(tmp_path / "site-packages" / NAME, Release(page.listing, NAME, "Do it."))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "path").mkdir()
    return {"PATH": str(tmp_path / "path"), "FN_STATE_DIR": str(tmp_path / "state")}


async def test_the_places_in_their_order(
    tmp_path: Path, known: Known, environment: dict[str, str], page: ReleasePage
) -> None:
    """From the last place to the first: each one wins over those that are there already."""
    found = await find_cloudflared(environment, known=known)
    assert found == tmp_path / "state" / "bin" / "cloudflared"
    assert found.read_bytes() == b"the new one"
    assert page.downloads == 1
    assert await find_cloudflared(environment, known=known) == found
    theirs = program(known.place)
    assert await find_cloudflared(environment, known=known) == theirs
    on_path = program(tmp_path / "path" / "cloudflared")
    assert await find_cloudflared(environment, known=known) == on_path
    named = program(tmp_path / "my" / "cf")
    assert await find_cloudflared({**environment, "FN_CLOUDFLARED": str(named)}, known=known) == named
    assert page.downloads == 1


async def test_pycloudflareds_file_counts_only_when_it_can_be_run(
    tmp_path: Path, known: Known, environment: dict[str, str]
) -> None:
    program(known.place, 0o644)
    assert await find_cloudflared(environment, known=known) == tmp_path / "state" / "bin" / "cloudflared"


async def test_a_download_tells_how_far_it_is(known: Known, environment: dict[str, str]) -> None:
    told: list[tuple[int, int]] = []
    await find_cloudflared(environment, lambda done, total: told.append((done, total)), known)
    assert told == [(11, 11)]


async def test_a_name_without_a_folder_is_looked_up_in_the_path(tmp_path: Path, environment: dict[str, str]) -> None:
    older = program(tmp_path / "path" / "cloudflared-2025")
    assert await find_cloudflared({**environment, "FN_CLOUDFLARED": "cloudflared-2025"}) == older


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "FN_CLOUDFLARED names {}, which does not exist."),
        ("folder", "FN_CLOUDFLARED names {}, which is not a file."),
        ("plain", "FN_CLOUDFLARED names {}, which is not executable."),
    ],
)
async def test_a_named_file_that_cannot_be_run_is_one_sentence(tmp_path: Path, kind: str, sentence: str) -> None:
    path = tmp_path / "cf"
    match kind:
        case "folder":
            path.mkdir()
        case "plain":
            program(path, 0o644)
    with pytest.raises(TunnelFailed) as failed:
        await find_cloudflared({"FN_CLOUDFLARED": str(path)})
    assert failed.value.message == sentence.format(path)
    assert failed.value.hint


async def test_a_state_folder_that_cannot_be_one_is_one_sentence(
    tmp_path: Path, known: Known, environment: dict[str, str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TunnelFailed, match="is not a folder"):
        await find_cloudflared({**environment, "FN_STATE_DIR": str(tmp_path / "file")}, known=known)


def test_without_a_state_folder_it_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if platform.system() == "Linux":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert install_place({}) == tmp_path / "fn" / "bin" / "cloudflared"
    assert install_place({}).name == "cloudflared"


async def test_pycloudflared_knows_where_it_is_had() -> None:
    known = await asyncio.to_thread(what_pycloudflared_knows)
    assert known.release.listing == "https://api.github.com/repos/cloudflare/cloudflared/releases/latest"
    assert known.release.asset.startswith("cloudflared-")
    assert "FN_CLOUDFLARED" in known.release.hint
    assert known.place.parent.name == "pycloudflared"


def test_the_machine_that_pycloudflared_calls_by_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert what_pycloudflared_knows().release.asset == "cloudflared-linux-arm64"


def test_the_archive_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert what_pycloudflared_knows().release.asset == "cloudflared-darwin-arm64.tgz"


def test_a_machine_that_nothing_is_published_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "m68k")
    with pytest.raises(TunnelFailed, match=r"no cloudflared to download for this machine: 'm68k'"):
        what_pycloudflared_knows()


def test_an_address_without_checksums_is_refused() -> None:
    with pytest.raises(TunnelFailed, match="no checksums"):
        release_of("https://example.com/cloudflared")
