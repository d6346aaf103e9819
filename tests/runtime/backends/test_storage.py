from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from devserver.runtime.backends import FileStorage, NotStored, Storage, StorageError
from devserver.testing.memory_storage import MemoryStorage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, root: Path) -> Storage:
    """Every keeper of the contract."""
    return FileStorage(root) if request.param == "folder" else MemoryStorage()


@pytest.fixture
def in_folder(root: Path) -> Storage:
    return FileStorage(root)


async def message_of(awaitable: Any) -> str:
    with pytest.raises(StorageError) as caught:
        await awaitable
    return str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\x00\xff" * 100, bytearray(b"ab"), memoryview(b"ab")])
async def test_bytes_come_back_as_they_were(storage: Storage, data: Any) -> None:
    await storage.write("a/b.bin", data)

    assert await storage.read("a/b.bin") == bytes(data)


async def test_text_is_kept_as_utf_8(storage: Storage) -> None:
    await storage.write("note.txt", "żółć\r\n")

    assert await storage.read("note.txt") == "żółć\r\n".encode()


async def test_a_key_is_a_file_that_people_can_find(in_folder: Storage, root: Path) -> None:
    await in_folder.write("calls/c1/note.txt", "hello")

    assert (root / "calls" / "c1" / "note.txt").read_text() == "hello"


async def test_the_folder_appears_with_the_first_write(in_folder: Storage, root: Path) -> None:
    assert await in_folder.list() == []
    assert await in_folder.exists("a") is False
    assert await in_folder.delete("a") is False
    assert not root.exists()

    await in_folder.write("a", "1")

    assert root.is_dir()


async def test_a_later_write_replaces_the_whole_file(storage: Storage) -> None:
    await storage.write("a", "a long text")
    await storage.write("a", "short")

    assert await storage.read("a") == b"short"


async def test_keys_are_listed_sorted_by_prefix(storage: Storage) -> None:
    for key in ("b", "a/2", "a/1", "ab", "a/deep/er"):
        await storage.write(key, "x")

    assert await storage.list() == ["a/1", "a/2", "a/deep/er", "ab", "b"]
    assert await storage.list("a/") == ["a/1", "a/2", "a/deep/er"]
    assert await storage.list("a") == ["a/1", "a/2", "a/deep/er", "ab"]
    assert await storage.list("a/d") == ["a/deep/er"]
    assert await storage.list("../") == []


async def test_a_prefix_is_a_text(storage: Storage) -> None:
    prefix: Any = None
    assert "is a text, not a NoneType" in await message_of(storage.list(prefix))


async def test_delete_removes_and_says_so(storage: Storage) -> None:
    await storage.write("a/b", "x")

    assert await storage.delete("a/b") is True
    assert await storage.delete("a/b") is False
    assert await storage.exists("a/b") is False


async def test_what_a_delete_leaves_empty_can_be_a_key_again(in_folder: Storage, root: Path) -> None:
    await in_folder.write("a/b/c", "x")
    await in_folder.delete("a/b/c")

    await in_folder.write("a", "y")

    assert await in_folder.list() == ["a"]
    await in_folder.delete("a")
    assert root.is_dir()


async def test_a_missing_key_names_the_near_ones(storage: Storage) -> None:
    await storage.write("calls/recording-1.mp3", "x")
    await storage.write("zebra", "x")

    text = await message_of(storage.read("calls/recording-2.mp3"))

    assert text == "Nothing is stored under 'calls/recording-2.mp3'. There is 'calls/recording-1.mp3', ...."


async def test_a_missing_key_in_an_empty_storage_says_so(storage: Storage) -> None:
    assert await message_of(storage.read("a")) == "Nothing is stored under 'a'. The storage is empty."


async def test_a_missing_key_is_also_a_key_error(storage: Storage) -> None:
    with pytest.raises(KeyError):
        await storage.read("a")
    with pytest.raises(NotStored):
        await storage.read("a")


async def test_a_folder_of_keys_is_no_key(storage: Storage) -> None:
    await storage.write("a/b", "x")

    assert await storage.exists("a") is False
    assert await storage.delete("a") is False
    assert "Nothing is stored under 'a'" in await message_of(storage.read("a"))
    text = await message_of(storage.write("a", "y"))
    assert text == "The storage key 'a' cannot be written: there are keys that begin with 'a/'."
    assert await storage.list() == ["a/b"]


async def test_a_key_is_no_folder_of_keys(storage: Storage) -> None:
    await storage.write("a", "x")

    for key in ("a/b", "a/b/c"):
        assert await storage.exists(key) is False
        assert await storage.delete(key) is False
        assert "Nothing is stored" in await message_of(storage.read(key))
        text = await message_of(storage.write(key, "y"))
        assert text == f"The storage key {key!r} cannot be written: 'a' is a key itself."
    assert await storage.list() == ["a"]


@pytest.mark.parametrize("key", ["../a", "/a", "a\\b", "C:a", "a//b", "nul", "", None, "a\0", "x" * 300])
async def test_a_key_that_could_lead_elsewhere_is_refused_by_every_operation(
    storage: Storage, root: Path, key: Any
) -> None:
    for operation in (storage.write(key, "x"), storage.read(key), storage.exists(key), storage.delete(key)):
        assert (await message_of(operation)).startswith("The storage key ")
    assert not root.exists()
    assert not [path for path in root.parent.iterdir() if path.is_file()]


async def test_a_link_out_is_neither_read_nor_written_nor_listed(in_folder: Storage, root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("x")
    root.mkdir()
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")

    for key in ("folder/secret", "folder/new", "file"):
        for operation in (in_folder.write(key, "y"), in_folder.read(key), in_folder.delete(key)):
            assert "symbolic link" in await message_of(operation)
    assert await in_folder.list() == []
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "x"


@pytest.mark.parametrize("data", [None, 5, {"a": 1}, ["a"]])
async def test_data_is_text_or_bytes(storage: Storage, data: Any) -> None:
    text = await message_of(storage.write("a", data))

    assert f"The data for the storage key 'a' is a {type(data).__name__}, and must be text or bytes" in text
    assert not await storage.exists("a")


async def test_text_that_is_no_unicode_is_refused(storage: Storage) -> None:
    assert "is not valid Unicode" in await message_of(storage.write("a", "\ud800"))


async def test_large_files_are_kept(storage: Storage) -> None:
    data = bytes(range(256)) * 4096 * 16

    await storage.write("big", data)

    assert await storage.read("big") == data


async def test_concurrent_writers_and_readers_never_mix(in_folder: Storage, root: Path) -> None:
    texts = [bytes([65 + n]) * 200_000 for n in range(10)]
    await in_folder.write("a", texts[0])

    async def read_often() -> None:
        for _ in range(10):
            assert await in_folder.read("a") in texts

    await asyncio.gather(*(in_folder.write("a", text) for text in texts), read_often(), read_often())

    assert await in_folder.read("a") in texts
    assert [path.name for path in root.iterdir()] == ["a"]


async def test_writes_survive_deletes_that_empty_their_folder(storage: Storage) -> None:
    async def write_and_delete(n: int) -> None:
        for _ in range(10):
            await storage.write(f"shared/deep/{n}", "x")
            assert await storage.delete(f"shared/deep/{n}")

    await asyncio.gather(*(write_and_delete(n) for n in range(4)))

    assert await storage.list() == []


async def test_a_folder_that_goes_while_it_is_looked_at_is_no_failure(
    in_folder: Storage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment that is hard to hit: a delete next door removes the folder just after mkdir has said that it exists."""
    (root / "shared").mkdir(parents=True)
    make = os.mkdir

    def make_too_late(path: Path, mode: int = 0o777) -> None:
        try:
            make(path, mode)
        except FileExistsError:
            path.rmdir()
            monkeypatch.setattr(os, "mkdir", make)
            raise

    monkeypatch.setattr(os, "mkdir", make_too_late)

    await in_folder.write("shared/a", "x")

    assert await in_folder.read("shared/a") == b"x"


async def test_half_written_files_are_hidden(in_folder: Storage, root: Path) -> None:
    await in_folder.write("a", "x")
    (root / ".fn-write-0123").write_text("half")

    assert await in_folder.list() == ["a"]
    assert "are ours" in await message_of(in_folder.read(".fn-write-0123"))


async def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    text = await message_of(FileStorage(tmp_path / "file" / "storage").write("a", "x"))

    assert text == "The storage key 'a' could not be written: Not a directory."


async def test_a_file_that_cannot_be_read_is_a_clear_error(in_folder: Storage, root: Path) -> None:
    root.mkdir()
    (root / "loop").symlink_to("loop")

    assert "The storage key 'loop' could not be read: Too many levels" in await message_of(in_folder.read("loop"))


async def test_several_storages_of_one_folder_see_the_same(in_folder: Storage, root: Path) -> None:
    await in_folder.write("a", "x")

    assert await FileStorage(root).read("a") == b"x"
