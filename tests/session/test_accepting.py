from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devserver.errors import FnError
from devserver.recorder import portable
from devserver.recorder.accepted import with_accepted
from devserver.recorder.compare import Difference
from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.portable import Portable, PortableCall, State
from devserver.recorder.reader import RecordingReader
from devserver.recorder.replay import Replayed, Run
from devserver.recorder.state import CacheEntry
from devserver.recorder.takes import Item, Take, from_file, take_of, take_of_portable
from devserver.session.accepting import accept_results
from tests.recorder.made import JSON, START, record, say

EFFECT = Effect("cache", "set", "k", START, {"a": 1}, 60.0)
CHANGED = (Difference("status", 200, 201, "other"),)
SECRET = "s3cr3t-value"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "function.py").touch()
    (tmp_path / "sinch.json").write_text('{"name": "demo"}')
    (tmp_path / ".env").write_text(f"MY_API_SECRET={SECRET}\n")
    return tmp_path


def ran(item: Item, text: str = "new", **more: Any) -> Replayed:
    answer = more.get("answer", Answer(more.get("status", 200), more.get("headers", JSON), say(text)))
    run = Run("new id", START, answer, tuple(more.get("effects", ())))
    return Replayed(item, run, tuple(more.get("differences", CHANGED)))


def recorded(root: Path, *ids: str) -> Take:
    with RecordingReader(root / ".fn") as reader:
        return take_of("c1", [reader.get(name) for name in ids])


def expected(root: Path, name: str) -> Exchange:
    with RecordingReader(root / ".fn") as reader:
        return with_accepted(root / ".fn", [reader.get(name)])[0]


def exported(root: Path, *numbers: int) -> Path:
    request = Request("POST", "/ice", JSON, b'{"event":"ice"}')
    exchanges = [
        Exchange(f"{number:026}", START, "c1", "ice", "local", request, Answer(200, JSON, say("old")))
        for number in numbers
    ]
    path = root / "call.jsonl"
    state = State([CacheEntry("n", b"1", 60.0)], {"t": b"text"})
    path.write_bytes(b"".join(portable.write(Portable("demo", "kept", [PortableCall("c1", exchanges, state)]), "now")))
    return path


def of_file(path: Path) -> Take:
    with path.open("rb") as file:
        (call,) = portable.read(file, path.name).calls
    return take_of_portable(call, str(path), path.name)


def answers(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        (call,) = portable.read(file, path.name).calls
    return [each.answer.body for each in call.exchanges if each.answer]


def test_new_answers_of_recordings_become_the_expected_ones(root: Path) -> None:
    ids = record(root / ".fn", {"said": say("old")}, {"said": say("old")})
    take = recorded(root, *ids)

    count = accept_results(
        root, [(take, [ran(take.items[0], effects=[EFFECT]), ran(take.items[1], "old", differences=())])]
    )

    assert count == 1
    found = expected(root, ids[0])
    assert found.answer == Answer(200, JSON, say("new"))
    assert found.effects == [EFFECT]


def test_new_answers_of_a_file_are_written_into_it(root: Path) -> None:
    path = exported(root, 1, 2)
    path.chmod(0o640)
    take = of_file(path)

    assert accept_results(root, [(take, [ran(take.items[0], effects=[EFFECT]), ran(take.items[1])])]) == 2

    with path.open("rb") as file:
        found = portable.read(file, path.name)
    assert answers(path) == [say("new")] * 2
    assert found.calls[0].exchanges[0].effects == [EFFECT]
    assert found.calls[0].state == State([CacheEntry("n", b"1", 60.0)], {"t": b"text"})
    assert (found.project, found.numbers) == ("demo", "kept")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert not (root / ".fn").exists()


def test_in_a_file_what_is_the_same_stays_as_it_was_and_so_does_what_was_not_replayed(root: Path) -> None:
    path = exported(root, 1, 2, 3)
    take = of_file(path)
    same, other, _ = take.items
    assert accept_results(root, [(take, [ran(same, "reworded", differences=()), ran(other)])]) == 1
    assert answers(path) == [say("old"), say("new"), say("old")]


def test_secrets_reach_neither_recordings_nor_files(root: Path) -> None:
    (made,) = record(root / ".fn", {})
    path = exported(root, 1)
    takes = [recorded(root, made), of_file(path)]
    effect = Effect("storage", "write", SECRET, START, {"text": SECRET})
    headers = (("X-Api-Key", "of whatever kind"), ("X-Other", SECRET))

    accept_results(root, [(take, [ran(take.items[0], SECRET, headers=headers, effects=[effect])]) for take in takes])

    assert expected(root, made).effects[0].key == "[secret MY_API_SECRET]"
    for file in [path, *(root / ".fn").iterdir()]:
        assert SECRET.encode() not in file.read_bytes()
        assert b"of whatever kind" not in file.read_bytes()


def test_secrets_of_the_environment_count_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_SECRET", "an0ther-value")
    path = exported(root, 1)
    take = of_file(path)
    accept_results(root, [(take, [ran(take.items[0], "an0ther-value")])])
    assert answers(path) == [say("[secret MY_API_SECRET]")]


@pytest.mark.parametrize("more", [{"status": 500}, {"answer": None}], ids=["an error", "no answer"])
def test_when_one_fails_nothing_at_all_is_accepted(root: Path, more: dict[str, Any]) -> None:
    path = exported(root, 1, 2)
    take = of_file(path)
    before = path.read_bytes()
    with pytest.raises(FnError, match=r"Nothing was accepted: ice \(0+2\) fails now"):
        accept_results(root, [(take, [ran(take.items[0]), ran(take.items[1], **more)])])
    assert path.read_bytes() == before


def test_an_error_that_was_expected_can_be_accepted_again(root: Path) -> None:
    (made,) = record(root / ".fn", {})
    item = recorded(root, made).items[0]
    failing = replace(item, old=Answer(500, (), b""))
    assert accept_results(root, [(recorded(root, made), [ran(failing, status=500)])]) == 1


def test_bodies_of_callbacks_have_nothing_to_accept(root: Path) -> None:
    item = from_file("ice.json", b"{}", "ice")
    with pytest.raises(FnError, match="nothing to accept"):
        accept_results(root, [(Take("ice.json", None, (item,)), [ran(item)])])
    with pytest.raises(FnError, match="nothing to accept"):
        accept_results(root, [])


def test_a_file_that_is_gone_is_one_sentence(root: Path) -> None:
    path = exported(root, 1)
    take = of_file(path)
    path.unlink()
    with pytest.raises(FnError, match=r"call\.jsonl cannot be read"):
        accept_results(root, [(take, [ran(take.items[0])])])
