from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import pytest

from devserver.session.frames import ModuleFile
from devserver.session.freshness import Freshness, version_of


def as_loaded(path: Path) -> ModuleFile:
    version = version_of(str(path))
    assert version is not None
    return ModuleFile(str(path), version, blake2b(path.read_bytes(), digest_size=16).digest())


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "function.py"
    path.write_text("async def ice(context, event): return 1\n")
    return path


@pytest.fixture
def fresh(code: Path) -> Freshness:
    freshness = Freshness()
    freshness.adopt([as_loaded(code)], {})
    return freshness


def touch(path: Path, text: str, ns: int) -> None:
    path.write_text(text)
    os.utime(path, ns=(ns, ns))


def test_what_was_just_loaded_is_fresh(fresh: Freshness) -> None:
    assert not fresh.is_stale()
    assert fresh.changes() == {}


def test_a_save_makes_it_stale_without_any_watcher(fresh: Freshness, code: Path) -> None:
    touch(code, "async def ice(context, event): return 2\n", 10**18)

    assert fresh.is_stale()
    assert list(fresh.changes()) == [str(code)]


def test_a_file_replaced_by_rename_is_noticed_even_with_its_old_time_and_size(fresh: Freshness, code: Path) -> None:
    old = code.stat()
    other = code.with_name("function.py.tmp")
    other.write_text(code.read_text())
    os.utime(other, ns=(old.st_mtime_ns, old.st_mtime_ns))
    other.replace(code)

    assert fresh.is_stale()


def test_a_deleted_file_makes_it_stale(fresh: Freshness, code: Path) -> None:
    code.unlink()

    assert fresh.is_stale()
    assert fresh.changes() == {str(code): None}


def test_a_version_that_was_excused_is_not_stale_until_it_changes_again(fresh: Freshness, code: Path) -> None:
    touch(code, "def broken(", 10**18)
    fresh.excuse(fresh.changes())

    assert not fresh.is_stale()

    touch(code, "def broken(:", 10**18 + 1)

    assert fresh.is_stale()


def test_the_echo_of_a_change_that_is_loaded_already_is_ignored(fresh: Freshness, code: Path) -> None:
    fresh.notice([str(code)])

    assert not fresh.is_stale()


def test_equal_stamps_with_different_contents_are_noticed_when_the_watcher_speaks(fresh: Freshness, code: Path) -> None:
    before = code.stat()
    with code.open("r+") as file:  # same inode, same size
        file.write("async def ice(context, event): return 2\n")
    os.utime(code, ns=(before.st_mtime_ns, before.st_mtime_ns))
    fresh.notice([str(code)])

    assert fresh.is_stale()


def test_a_new_file_that_the_watcher_names_is_a_change(fresh: Freshness, code: Path) -> None:
    other = code.with_name("prompts.py")
    other.write_text("HELLO = 1\n")
    fresh.notice([str(other)])

    assert fresh.is_stale()
    assert list(fresh.changes()) == [str(other)]


def test_adopting_a_generation_ends_what_it_has_seen(fresh: Freshness, code: Path) -> None:
    other = code.with_name("prompts.py")
    other.write_text("HELLO = 1\n")
    fresh.notice([str(other)])
    fresh.adopt([as_loaded(code)], {})

    assert not fresh.is_stale()


def test_a_doubt_that_is_raised_again_is_a_change(fresh: Freshness, code: Path) -> None:
    touch(code, "def broken(", 10**18)
    changes = fresh.changes()
    fresh.excuse(changes)
    fresh.doubt_again(changes)

    assert fresh.is_stale()
    assert fresh.changes() == changes


def test_a_file_cut_in_place_has_shrunk_and_one_that_was_replaced_has_not(fresh: Freshness, code: Path) -> None:
    with code.open("r+") as file:
        file.truncate(10)

    assert fresh.shrank(fresh.changes())

    other = code.with_name("function.py.tmp")
    other.write_text("x = 1\n")
    other.replace(code)

    assert not fresh.shrank(fresh.changes())


def test_a_missing_file_that_was_refused_is_stale_once_it_exists(tmp_path: Path) -> None:
    freshness = Freshness()
    path = tmp_path / "function.py"
    freshness.excuse({str(path): None})

    assert not freshness.is_stale()

    path.write_text("x = 1\n")

    assert freshness.is_stale()
