"""Lists of calls: their order, and that they do not read more than they must."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devserver.recorder.call_index import CallKey, calls_beginning, newest_calls
from devserver.recorder.exchange import Answer, Request
from devserver.recorder.redaction import Redactor
from devserver.recorder.rows import INSERT_ANSWER, INSERT_REQUEST, Notes, answer_row, request_row
from devserver.recorder.schema import open_for_writing

START = 1_700_000_000.0
OK = Answer(200, (), b"{}")
FAILED = Answer(500, (), b"{}")
REFUSED = Notes([{"severity": "error", "path": "action", "text": "x"}], [], None, [])
LOGGED = Notes([], [{"text": "x", "fields": {"severity": "error"}}], None, [])


class Recordings:
    """Rows of a file, and how much SQLite has to do to read them."""

    def __init__(self, path: Path) -> None:
        self.connection = open_for_writing(path)
        self.work = 0
        self.connection.set_progress_handler(self._step, 100)
        self._redact = Redactor({})
        self._made = 0

    def _step(self) -> int:
        self.work += 1
        return 0

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, values).fetchall()

    def add(
        self,
        callid: str | None,
        event: str | None = "ice",
        answer: Answer | None = OK,
        notes: Notes | None = None,
        source: str = "local",
        *,
        answered: bool = True,
        **payload: Any,
    ) -> None:
        self._made += 1
        request = Request("POST", f"/{event}", (), json.dumps(payload).encode())
        row = request_row(self._redact, f"{self._made:026}", START + self._made, callid, event, source, request)
        seq = self.connection.execute(INSERT_REQUEST, row).lastrowid
        if answered:
            told = answer_row(self._redact, answer, 1.0, 1, notes or Notes([], [], None, []))
            self.connection.execute(INSERT_ANSWER, (seq, *told))

    def add_all(self, callids: Iterable[str | None], event: str | None = "pie") -> None:
        self.connection.execute("BEGIN")
        for callid in callids:
            self.add(callid, event)
        self.connection.execute("COMMIT")

    def names(self, limit: int = 50, **more: Any) -> list[CallKey]:
        return [each.callid for each in newest_calls(self.rows, limit, **more)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Recordings]:
    recordings = Recordings(tmp_path / ".fn" / "recordings.db")
    yield recordings
    recordings.connection.close()


def test_nothing_recorded_is_an_empty_list(made: Recordings) -> None:
    assert made.names() == []
    made.add(None, None)
    assert made.names() == []
    assert calls_beginning(made.rows, "") == []


def test_a_call_is_one_line(made: Recordings) -> None:
    made.add("c1", "ice", cli="12025550199", to={"type": "did", "endpoint": "+12025550100"})
    made.add("c1", "pie", FAILED)
    made.add("c1", "pie", notes=REFUSED)
    made.add("c1", "pie", notes=LOGGED)
    made.add("c1", "dice", result="ANSWERED", reason="CALLERHANGUP", duration=12)
    (found,) = newest_calls(made.rows, 5)
    assert (found.callid, found.at, found.duration) == ("c1", START + 1, 12)
    assert (found.facts.from_, found.facts.to, found.facts.state) == ("+12025550199", "+12025550100", "ended")
    assert (found.callbacks, found.errors, found.more) == (5, 2, False)


def test_one_that_died_is_an_error_and_one_that_still_runs_is_none(made: Recordings) -> None:
    made.add("died", answer=None)
    made.add("runs", answered=False)
    assert [(each.callid, each.errors) for each in newest_calls(made.rows, 5)] == [("runs", 0), ("died", 1)]


def test_calls_come_by_their_newest_callback_and_no_more_than_asked(made: Recordings) -> None:
    for callid in ("a", "b", "c", None, "a"):
        made.add(callid)
    assert made.names() == ["a", "c", "b"]
    assert made.names(2) == ["a", "c"]
    assert made.names(0) == []


def test_a_list_goes_on_before_a_call(made: Recordings) -> None:
    for callid in ("old", "busy", "a", "busy", "b", "busy"):
        made.add(callid)
    assert made.names(before="busy") == ["b", "a", "old"]
    assert made.names(before="b") == ["a", "old"]
    assert made.names(before="old") == []
    assert made.names(before="unknown") == []


def test_replays_make_no_call_and_do_not_make_one_newer(made: Recordings) -> None:
    for callid in ("a", "b"):
        made.add(callid)
    made.add("a", "pie", FAILED, source="replay")
    made.add("file", source="replay")
    assert [(each.callid, each.callbacks, each.errors) for each in newest_calls(made.rows, 9)] == [
        ("b", 1, 0),
        ("a", 1, 0),
    ]


def test_a_call_id_that_is_not_ascii_is_a_call_as_well(made: Recordings) -> None:
    made.add("grüße")
    assert made.names() == ["grüße"]
    assert made.names(before="grüße") == []
    assert calls_beginning(made.rows, "gr") == ["grüße"]
    assert calls_beginning(made.rows, "grüße") == ["grüße"]


def test_bodies_that_cannot_be_read_are_no_trouble(made: Recordings) -> None:
    made.add("a", cli="1" * 100_000)
    made.connection.execute("UPDATE request SET body = x'ff7b' WHERE seq = 1")
    made.add("b", cli="1" * 100_000)
    assert [each.facts.from_ for each in newest_calls(made.rows, 9)] == [None, None]


def test_calls_can_be_narrowed_to_a_number(made: Recordings) -> None:
    made.add("a", cli="12025550199", to={"endpoint": "12025550100"})
    made.add("b", cli="12025550188", to={"endpoint": "12025550199"})
    made.add("c", cli="12025550177", custom="12025550199")
    made.add("d", "dice", From="12025550199")
    made.add("e", cli="Älice")
    made.add("f", "pie", cli="12025550199")
    assert made.names(number="+1 202 555-0199") == ["d", "b", "a"]
    assert made.names(1, number="5550199") == ["d"]
    assert made.names(number="5550199", before="b") == ["a"]
    assert made.names(number="älice") == ["e"]
    assert made.names(number="5559999") == []


def test_the_beginning_of_a_call_id_gives_two_when_there_are_several(made: Recordings) -> None:
    for callid in ("abc1", "abc1", "abc2", "abd", "ab", "äb"):
        made.add(callid)
    assert calls_beginning(made.rows, "abd") == ["abd"]
    assert calls_beginning(made.rows, "abc") == ["abc1", "abc2"]
    assert calls_beginning(made.rows, "ab") == ["ab"]
    assert calls_beginning(made.rows, "x") == []
    assert calls_beginning(made.rows, "%") == []


def test_calls_behind_a_busy_one_are_found_in_order(made: Recordings) -> None:
    made.add_all(["oldest", "older", "old"])
    made.add_all(["busy", "busy", "between", *["busy"] * 5000])
    made.add("old", source="replay")
    assert made.names() == ["busy", "between", "old", "older", "oldest"]
    assert made.names(2, before="between") == ["old", "older"]
    assert made.names(before="busy") == ["between", "old", "older", "oldest"]


def test_a_great_many_calls_behind_a_busy_one_are_found_in_order(made: Recordings) -> None:
    made.add_all(f"c{number * 7919 % 10_007}" for number in range(2500))
    made.add_all(["busy"] * 3000)
    assert made.names(4) == ["busy", *(f"c{number * 7919 % 10_007}" for number in (2499, 2498, 2497))]


def test_requests_that_belong_to_no_call_hide_none(made: Recordings) -> None:
    made.add_all(["a", "b"])
    made.add_all([None] * 5000)
    assert made.names() == ["b", "a"]


def test_a_busy_call_is_not_counted_to_its_end(made: Recordings) -> None:
    made.add_all(["busy"] * 1500)
    made.add("busy", "dice", result="ANSWERED", duration=9)
    (found,) = newest_calls(made.rows, 5)
    assert (found.callbacks, found.more, found.facts.state, found.duration) == (1000, True, "ended", 9)


@pytest.mark.parametrize("kind", ["ordinary", "one busy call", "no call"])
def test_the_work_for_a_list_does_not_grow_with_the_recordings(made: Recordings, kind: str) -> None:
    def more(start: int) -> Iterator[str | None]:
        for number in range(start, start + 10_000):
            yield {"ordinary": f"{number // 4:08}", "one busy call": "busy", "no call": None}[kind]

    def work() -> int:
        made.work = 0
        made.names(50)
        return made.work

    made.add_all(more(0))
    before = work()
    made.add_all(more(10_000))
    made.add_all(more(20_000))
    assert work() < before * 1.2 + 20


def test_summaries_are_plain_data(made: Recordings) -> None:
    made.add("c1")
    assert msgspec.to_builtins(newest_calls(made.rows, 1)[0])["callid"] == "c1"
