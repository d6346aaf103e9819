"""The journal: private, whole or not at all, one entry for each application, and clear about what it cannot read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from devserver.errors import ConfigError
from devserver.project.file_lock import Held
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import Entry, Journal, LocalPlatform, Unreadable
from tests.fakes.callback_api import KEY
from tests.voiceapp.samples import MINE, entry

LIMITED = textwrap.dedent("""
    import resource, signal, sys
    from pathlib import Path
    from devserver.errors import ConfigError
    from devserver.voiceapp import Journal
    from tests.voiceapp.samples import entry
    journal = Journal(Path(sys.argv[1]))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
    try:
        journal.write(entry(name="later"))
    except ConfigError as error:
        print(error)
""")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "leases")


def test_an_entry_comes_back_as_it_was_written(journal: Journal) -> None:
    for wanted in (
        entry(),
        entry(before=Callbacks(None, None), local=LocalPlatform("/p/.fn", "http://127.0.0.1:3000/")),
        entry(name="nåme \n", addresses=("https://a.example/?x=%20&y", MINE)),
    ):
        journal.write(wanted)
        assert journal.read(KEY) == wanted


def test_it_is_named_by_the_application_and_private(journal: Journal) -> None:
    journal.write(entry())
    path = journal.folder / f"{KEY}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert journal.folder.stat().st_mode & 0o777 == 0o700
    assert journal.folder.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in journal.folder.iterdir()] == [path.name]


def test_it_holds_what_a_person_needs_and_no_secret(journal: Journal) -> None:
    journal.write(entry())
    written = msgspec.json.decode((journal.folder / f"{KEY}.json").read_bytes())
    assert written["before"] == {"primary": entry().before.primary, "fallback": entry().before.fallback}
    assert written["state"] == "applied"
    assert not [name for name in written if "secret" in name or "token" in name]


def test_nothing_is_there_before_something_is_written(journal: Journal) -> None:
    assert journal.read(KEY) is None
    assert list(journal.all()) == []
    journal.remove(KEY)
    assert not journal.folder.exists()


def test_the_age_of_an_entry_is_that_of_its_file(journal: Journal) -> None:
    assert journal.age(KEY) == float("inf")
    journal.write(entry())
    assert -1 < journal.age(KEY.lower()) < 30
    os.utime(journal.folder / f"{KEY}.json", (1_700_000_000, 1_700_000_000))
    assert journal.age(KEY) > 1_000_000


def test_a_removed_entry_is_gone(journal: Journal) -> None:
    journal.write(entry())
    journal.remove(KEY.lower())
    assert journal.read(KEY) is None
    assert list(journal.folder.iterdir()) == []


def test_with_an_entry_goes_what_a_killed_writer_has_left(journal: Journal) -> None:
    journal.write(entry())
    left = journal.folder / f".{KEY}.json.4194304"
    other = journal.folder / ".another.json.4194304"
    for each in (left, other):
        each.write_text("{")
    journal.remove(KEY)
    assert list(journal.folder.iterdir()) == [other]


def test_two_spellings_of_a_key_are_one_entry_and_one_lock(journal: Journal) -> None:
    journal.write(entry(name="first"))
    journal.write(entry(application=KEY.lower(), name="second"))
    assert [each.name for each in journal.all() if isinstance(each, Entry)] == ["second"]
    journal.remove(KEY)
    one, other = journal.lock(KEY), journal.lock(KEY.lower())
    one.take()
    try:
        with pytest.raises(Held):
            other.take()
    finally:
        one.give_back()


def test_entries_of_other_applications_are_left_alone(journal: Journal) -> None:
    journal.write(entry())
    journal.write(entry(application="another"))
    journal.remove("another")
    assert journal.read(KEY) == entry()


@pytest.mark.parametrize("key", ["", "..", "../x", "a/b", "a\0b", "a b", "x" * 65, "å"])
def test_a_key_that_can_be_no_name_is_refused(journal: Journal, key: str) -> None:
    if key == "..":
        assert journal.read(key) is None  # the file would be `...json`, in the folder
        return
    for step in (journal.read, journal.remove, journal.lock):
        with pytest.raises(ConfigError, match="is no application key"):
            step(key)
    with pytest.raises(ConfigError):
        journal.write(entry(application=key))


DAMAGED = [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"version": "1"}', b'{"version": 1}', b"{}", b"[" * 100_000]


@pytest.mark.parametrize("content", DAMAGED, ids=lambda content: repr(content[:12]))
def test_a_damaged_file_says_so_and_can_be_set_aside(journal: Journal, content: bytes) -> None:
    journal.write(entry())
    path = journal.folder / f"{KEY}.json"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="is damaged") as found:
        journal.read(KEY)
    assert found.value.damaged
    assert "dashboard" in found.value.hint
    assert [type(each) for each in journal.all()] == [Unreadable]
    aside = journal.set_aside(KEY)
    assert aside.read_bytes() == content
    assert re.fullmatch(rf"{KEY}\.json\.broken-\d{{8}}-\d{{6}}", aside.name)
    assert journal.read(KEY) is None
    assert list(journal.all()) == []
    assert [(each.path, each.application, each.damaged) for each in journal.aside()] == [(aside, KEY, True)]


def test_a_file_of_a_newer_version_is_left_alone(journal: Journal) -> None:
    journal.write(entry())
    path = journal.folder / f"{KEY}.json"
    path.write_bytes(b'{"version": 2, "something": "else"}')
    with pytest.raises(Unreadable, match="newer version of fn") as found:
        journal.read(KEY)
    assert not found.value.damaged
    assert path.read_bytes() == b'{"version": 2, "something": "else"}'


def test_fields_that_a_later_release_adds_do_no_harm(journal: Journal) -> None:
    journal.write(entry())
    path = journal.folder / f"{KEY}.json"
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | {"added": 1}))
    assert journal.read(KEY) == entry()


def test_one_that_cannot_be_read_does_not_hide_the_others(journal: Journal) -> None:
    journal.write(entry())
    (journal.folder / "another.json").mkdir()
    found = list(journal.all())
    assert entry() in found
    (closed,) = [each for each in found if isinstance(each, Unreadable)]
    assert "another.json cannot be read" in closed.message
    assert not closed.damaged, "it may be a good one, for whoever may read it"


@pytest.mark.parametrize("application", ["0b2e1a4c-8f0e-4d7e-9a53-6f5d8a1c2b3e", "../x", ""])
def test_one_that_is_about_another_application_than_its_name_says_hides_nothing(
    journal: Journal, application: str
) -> None:
    journal.write(entry())
    (journal.folder / "another.json").write_bytes(msgspec.json.encode(entry(application=application)))
    found = list(journal.all())
    assert entry() in found
    (strange,) = [each for each in found if isinstance(each, Unreadable)]
    assert "another.json is damaged" in strange.message
    assert strange.damaged


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_no_link_leads_a_write_or_a_lock_to_another_file(journal: Journal, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    journal.write(entry())
    (journal.folder / f".{KEY}.json.{os.getpid()}").symlink_to(precious)
    (journal.folder / f"{KEY.lower()}.lock").symlink_to(precious)
    with pytest.raises(ConfigError, match="cannot be written down"):
        journal.write(entry(name="later"))
    with pytest.raises(OSError, match="symbolic link"):
        journal.lock(KEY).take()
    assert precious.read_text() == "mine"
    assert journal.read(KEY) == entry()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_folder_that_may_not_be_written_to_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("this is a file")
    journal = Journal(tmp_path / "state" / "leases")
    with pytest.raises(ConfigError) as refused:
        journal.write(entry())
    assert "FN_STATE_DIR" in refused.value.hint
    with pytest.raises(ConfigError):
        journal.lock(KEY)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_says_so(journal: Journal) -> None:
    journal.write(entry())
    journal.folder.chmod(0o500)
    try:
        with pytest.raises(ConfigError, match="is not writable"):
            journal.write(entry(name="later"))
        assert journal.read(KEY) == entry()
    finally:
        journal.folder.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_leaves_the_old_entry_and_nothing_else(journal: Journal) -> None:
    """A limit on the size of files fails a write in its middle, as a full disk does."""
    journal.write(entry())
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(journal.folder)], capture_output=True, text=True, check=False
    )
    assert "cannot be written down" in done.stdout, done.stderr
    assert "Nothing is changed without it" in done.stdout
    assert journal.read(KEY) == entry()
    assert [each.name for each in journal.folder.iterdir()] == [f"{KEY}.json"]


def test_an_entry_is_synced_under_another_name_before_it_takes_its_own(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.write(entry())
    seen: list[tuple[str, str]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").resolve().name if sys.platform == "linux" else "?"
        there = journal.read(KEY)
        seen.append((name, there.name if there is not None else "none"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    journal.write(entry(name="later"))
    assert [name for _, name in seen] == ["hello", "later"], "the file before it is renamed, the folder after"
    if sys.platform == "linux":
        assert [name for name, _ in seen] == [f".{KEY}.json.{os.getpid()}", journal.folder.name]
