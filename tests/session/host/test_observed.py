"""Storage of a host: what a write or a delete replaces is kept, so that it can be undone."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devserver.recorder.noticing import stored_value
from devserver.recorder.redaction import Redactor
from devserver.recorder.state import Change, change_of, change_row, snapshot
from devserver.runtime.application import Running, current
from devserver.runtime.backends import StorageError
from devserver.session.frames import Did, Message
from devserver.session.host.observed import KeepingStorage


class Host:
    """A storage with what it told, and how a replay would undo it."""

    def __init__(self, folder: Path, keep: Path) -> None:
        self.root, self.keep = folder / "storage", keep
        self.told: list[Did] = []
        self.storage = KeepingStorage(self.root, self.send, str(keep))

    def send(self, message: Message) -> None:
        assert isinstance(message, Did)
        self.told.append(message)

    def kept(self) -> list[bytes | None]:
        """What was there before each change; b"" where it is lost."""
        return [self.of(did.kept) for did in self.told]

    def of(self, name: str | None) -> bytes | None:
        if name is None:
            return None
        return (self.keep / name).read_bytes() if (self.keep / name).exists() else b""

    def before(self, count: int) -> dict[str, bytes | None]:
        """What differed from today before the change of that number."""
        redact = Redactor({})
        changes = [Change("session", "", None, 0.0)]
        changes += [Change("storage", did.key, did.kept.encode() if did.kept else None, 0.0) for did in self.told]
        rows = [change_row(redact, version, change) for version, change in enumerate(changes)]
        return {key: self.of(name) for key, name in snapshot(map(change_of, rows), count, 0.0).storage.items()}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path, tmp_path / ".fn" / "state" / "storage")


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder to which the storage's files cannot be linked."""
    memory = Path("/dev/shm")  # noqa: S108
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one disk only")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


async def test_what_was_there_before_each_change_is_kept(host: Host) -> None:
    for text in ("one", "two", b"three"):
        await host.storage.write("a/b", text)
    assert await host.storage.delete("a/b")
    await host.storage.write("a/b", "five")
    assert host.kept() == [None, b"one", b"two", b"three", None]
    assert [did.operation for did in host.told] == ["write", "write", "write", "delete", "write"]


async def test_a_change_is_told_with_its_value_and_the_request_in_hand(host: Host) -> None:
    current.set(Running("r7", "ice"))
    await host.storage.write("k", "für")
    await host.storage.delete("k")
    write, delete = host.told
    assert (write.request_id, write.kind, write.key) == ("r7", "storage", "k")
    assert (write.value, delete.value) == (stored_value("für".encode()), None)


async def test_keeping_costs_no_copy(host: Host) -> None:
    await host.storage.write("k", "one")
    inode = (host.root / "k").stat().st_ino
    await host.storage.write("k", "two")
    assert [file.stat().st_ino for file in host.keep.iterdir()] == [inode]


async def test_a_delete_of_nothing_keeps_nothing(host: Host) -> None:
    assert not await host.storage.delete("never")
    await host.storage.write("folder/a", "x")
    assert not await host.storage.delete("folder")
    assert host.kept() == [None, None, None]
    assert not host.keep.exists()


async def test_what_failed_is_neither_told_nor_kept(host: Host) -> None:
    await host.storage.write("a/b", "x")
    with pytest.raises(StorageError):
        await host.storage.write("a", "a folder is in the way")
    with pytest.raises(StorageError):
        await host.storage.write("a/b/c", "a file is in the way")
    with pytest.raises(StorageError):
        await host.storage.write("../out", "x")
    assert len(host.told) == 1
    assert not host.keep.exists()


async def test_the_folder_for_what_is_kept_may_go_at_any_time(host: Host) -> None:
    await host.storage.write("k", "one")
    await host.storage.write("k", "two")
    for file in host.keep.iterdir():
        file.unlink()
    host.keep.rmdir()
    await host.storage.write("k", "three")
    assert host.kept()[-1] == b"two"


async def test_what_cannot_be_kept_is_not_taken_for_something_that_was_not_there(host: Host) -> None:
    """The write goes on; a replay of what came before finds that its state is gone."""
    host.keep.parent.mkdir(parents=True)
    host.keep.write_text("in the way")
    await host.storage.write("k", "one")
    await host.storage.write("k", "two")
    assert await host.storage.read("k") == b"two"
    before, after = [did.kept for did in host.told]
    assert before is None
    assert after is not None


async def test_on_another_disk_it_is_copied(tmp_path: Path, other_disk: Path) -> None:
    host = Host(tmp_path, other_disk / "kept")
    await host.storage.write("k", "one")
    await host.storage.write("k", "two")
    await host.storage.delete("k")
    assert host.kept() == [None, b"one", b"two"]


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
async def test_of_a_link_the_file_that_it_leads_to_is_kept(host: Host, absolute: bool) -> None:
    await host.storage.write("target", "one")
    (host.root / "link").symlink_to(host.root / "target" if absolute else "target")
    await host.storage.write("link", "two")
    assert host.kept()[-1] == b"one"
    (host.root / "broken").symlink_to("nowhere")
    await host.storage.write("broken", "three")
    assert host.kept()[-1] is None


async def test_without_a_folder_nothing_is_kept_and_all_is_told(tmp_path: Path) -> None:
    told: list[Message] = []
    storage = KeepingStorage(tmp_path / "storage", told.append, "")
    await storage.write("k", "one")
    await storage.write("k", "two")
    await storage.delete("k")
    assert [(did.operation, did.kept) for did in told if isinstance(did, Did)] == [
        ("write", None),
        ("write", None),
        ("delete", None),
    ]


async def test_of_concurrent_writes_each_keeps_what_the_one_told_before_it_wrote(host: Host) -> None:
    await asyncio.gather(*(host.storage.write(key, f"{number}") for number in range(40) for key in "ab"))

    for key in "ab":
        told = [did for did in host.told if did.key == key]
        wrote = [did.value["text"].encode() for did in told]
        assert [host.of(did.kept) for did in told] == [None, *wrote[:-1]]
        assert (host.root / key).read_bytes() == wrote[-1]


async def test_any_moment_can_be_had_again(host: Host) -> None:
    moments = []
    steps = [("a", "1"), ("b", "2"), ("a", "3"), ("b", None), ("c/d", "4"), ("a", None), ("b", "5")]
    for key, text in steps:
        moments.append({name: (host.root / name).read_bytes() for name in await host.storage.list()})
        await (host.storage.delete(key) if text is None else host.storage.write(key, text))

    now = {name: (host.root / name).read_bytes() for name in await host.storage.list()}
    for number, moment in enumerate(moments):
        again = {**now, **host.before(number)}
        assert {key: data for key, data in again.items() if data is not None} == moment


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_a_folder_that_may_not_be_written_does_not_stop_the_function(host: Host) -> None:
    host.keep.mkdir(parents=True)
    host.keep.chmod(0o500)
    await host.storage.write("k", "one")
    await host.storage.write("k", "two")
    assert await host.storage.read("k") == b"two"
