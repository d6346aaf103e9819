from __future__ import annotations

import os
from pathlib import Path

from devserver.session.history_archive import Archive
from devserver.session.history_files import Stamp

PAGE = 512


def a_log(path: Path, salt: bytes, frames: int) -> int:
    """A descriptor of a log with pages that are all zeros."""
    header = bytes(8) + PAGE.to_bytes(4, "big") + bytes(4) + salt * 2 + bytes(8)
    path.write_bytes(header + (bytes(8) + salt * 2 + bytes(8) + bytes(PAGE)) * frames)
    return os.open(path, os.O_RDONLY)


def test_a_log_grows_by_what_is_new_and_is_never_mixed_with_another(tmp_path: Path) -> None:
    database = tmp_path / "function.db"
    database.write_bytes(bytes(PAGE))
    archive = Archive(tmp_path / "kept", 1 << 20)
    epoch = archive.begin(Stamp(PAGE, 0, 0), goes_on=False)
    kept = tmp_path / "kept" / f"{epoch}.wal"
    opened = [
        os.open(database, os.O_RDONLY),
        a_log(tmp_path / "one.wal", b"1111", 5),
        a_log(tmp_path / "two.wal", b"2222", 9),
    ]

    assert archive.keep(opened[0], opened[1], 2)
    assert kept.stat().st_size == 32 + 2 * (24 + PAGE)
    assert archive.keep(opened[0], opened[1], 5)
    assert not archive.keep(opened[0], opened[2], 9)
    assert kept.read_bytes() == (tmp_path / "one.wal").read_bytes()

    for descriptor in opened:
        os.close(descriptor)


def test_a_torn_end_is_written_again(tmp_path: Path) -> None:
    database = tmp_path / "function.db"
    database.write_bytes(bytes(PAGE))
    archive = Archive(tmp_path / "kept", 1 << 20)
    epoch = archive.begin(Stamp(PAGE, 0, 0), goes_on=False)
    kept = tmp_path / "kept" / f"{epoch}.wal"
    file, log = os.open(database, os.O_RDONLY), a_log(tmp_path / "one.wal", b"1111", 5)
    archive.keep(file, log, 3)
    kept.write_bytes(kept.read_bytes()[:-100] + b"torn")

    assert archive.keep(file, log, 5)
    assert kept.read_bytes() == (tmp_path / "one.wal").read_bytes()

    for descriptor in (file, log):
        os.close(descriptor)


def test_files_of_no_epoch_are_swept_away(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    for name in ("0123abcd.db", "0123abcd.wal", "0123abcd.part", "notes.txt"):
        (folder / name).touch()

    Archive(folder, 1 << 20).begin(Stamp(1, 2, 3), goes_on=False)

    assert sorted(file.name for file in folder.iterdir()) == ["index.json", "notes.txt"]
