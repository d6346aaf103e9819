from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devserver.runtime.backends import AssetError, Assets, MissingAsset


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "hello.txt").write_bytes("cześć\r\n".encode())
    (folder / "beep.wav").write_bytes(b"\xff\x00")
    return folder


async def test_an_asset_is_read_as_text(root: Path) -> None:
    assert await Assets(root)("prompts/hello.txt") == "cześć\r\n"


async def test_an_asset_is_read_as_bytes(root: Path) -> None:
    assert await Assets(root).read_bytes("beep.wav") == b"\xff\x00"


async def test_an_edit_is_seen_at_once(root: Path) -> None:
    assets = Assets(root)
    await assets("prompts/hello.txt")

    (root / "prompts" / "hello.txt").write_text("bye")

    assert await assets("prompts/hello.txt") == "bye"


async def test_bytes_that_are_no_text_say_how_to_read_them(root: Path) -> None:
    with pytest.raises(AssetError, match=r"is not UTF-8 text; read it with context.assets.read_bytes\('beep.wav'\)"):
        await Assets(root)("beep.wav")


@pytest.mark.parametrize("name", ["hello.txt", "prompts", "prompts/hello.txt/more"])
async def test_a_missing_asset_says_which_there_are(root: Path, name: str) -> None:
    with pytest.raises(MissingAsset) as caught:
        await Assets(root)(name)

    assert str(caught.value) == (f"There is no asset {name!r}. The folder assets/ has beep.wav, prompts/hello.txt.")
    assert isinstance(caught.value, FileNotFoundError)


async def test_a_long_list_of_assets_is_cut(root: Path) -> None:
    for n in range(30):
        (root / f"{n:02}.txt").write_text("x")

    with pytest.raises(MissingAsset, match="and 12 more"):
        await Assets(root)("nobody")


async def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(MissingAsset, match="The folder assets/ is empty or missing"):
        await Assets(tmp_path / "assets")("a")


@pytest.mark.parametrize("name", ["../sinch.json", "/etc/passwd", "a\\b", "", None, "C:a", "nul", "a\0"])
async def test_a_name_that_could_lead_elsewhere_is_refused(root: Path, name: Any) -> None:
    (root.parent / "sinch.json").write_text("{}")

    with pytest.raises(AssetError, match="The asset name"):
        await Assets(root)(name)


async def test_a_link_out_is_refused(root: Path) -> None:
    (root.parent / ".env").write_text("SECRET=1")
    (root / "env").symlink_to("../.env")

    with pytest.raises(AssetError, match="symbolic link"):
        await Assets(root)("env")


async def test_a_file_that_cannot_be_read_is_a_clear_error(root: Path) -> None:
    (root / "loop").symlink_to("loop")

    with pytest.raises(AssetError, match="The asset 'loop' could not be read: Too many levels"):
        await Assets(root)("loop")
