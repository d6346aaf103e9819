from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.recorder.compare.runs import Run, Runs

OLD, NEW = 1_790_000_000.25, 1_790_086_461.5  # a day and a minute apart
OLD_ID, NEW_ID = "01k5mjz9zzr0ab3d6e8f9gahbc", "01k5q8bzzzr0ab3d6e8f9gahbc"
RUNS = Runs(Run(OLD, OLD_ID, took=0.5), Run(NEW, NEW_ID, took=0.5))


def iso(at: float, form: str = "%Y-%m-%dT%H:%M:%S.%fZ", hours: float = 0) -> str:
    return datetime.fromtimestamp(at, timezone(timedelta(hours=hours))).strftime(form)


def both(form: str, hours: float = 0, later: float = 0.1) -> tuple[str, str]:
    return iso(OLD + later, form, hours), iso(NEW + later, form, hours)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        both("%Y-%m-%dT%H:%M:%S.%fZ"),
        both("%Y-%m-%dT%H:%M:%SZ"),
        both("%Y-%m-%dT%H:%M:%S.%f+00:00"),
        both("%Y-%m-%dT%H:%M:%S%z", 5.5),
        both("%Y-%m-%d %H:%M:%S", 2),
        both("%Y-%m-%d %H:%M:%S UTC"),
        both("%Y-%m-%dT%H:%M"),
        both("%Y%m%dT%H%M%SZ"),
        both("%Y%m%d%H%M%S"),
        both("%Y-%m-%d_%H-%M-%S"),
        both("%Y-%m-%d"),
        both("%Y/%m/%d"),
        both("report-%Y%m%d.csv"),
        both("from %Y-%m-%dT%H:%M:%SZ on"),
        (iso(OLD, "%Y-%m-%dT%H:%M:%S"), iso(NEW, "%Y-%m-%dT%H:%M:%S.%f")),  # isoformat leaves out no microseconds
        (str(int(OLD)), str(int(NEW))),
        (str(OLD), str(NEW)),
        (f"t={int(OLD * 1000)}", f"t={int(NEW * 1000)}"),
        (str(int(OLD * 10**9)), str(int(NEW * 10**9))),
        (f"ref-{OLD_ID}", f"ref-{NEW_ID}"),
        (f"{OLD_ID} {OLD_ID}", f"{NEW_ID} {NEW_ID}"),
        (str(uuid.UUID(int=1, version=4)), str(uuid.UUID(int=2, version=4))),
        (uuid.UUID(int=1, version=4).hex, uuid.UUID(int=2, version=4).hex),
    ],
)
def test_texts_that_differ_by_when_they_were_made_are_the_same(old: str, new: str) -> None:
    assert old != new
    assert RUNS.same_texts(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, NEW),
        (int(OLD), int(NEW) + 0.5),
        (int(OLD * 1000), int(NEW * 1000)),
        (OLD * 1000, NEW * 1000),
        (int(OLD * 10**6), int(NEW * 10**6)),
        (int(OLD) + 3600, int(NEW) + 3600),  # a deadline
        (int(OLD) - 200, int(NEW)),  # kept by an earlier callback
    ],
)
def test_numbers_that_are_times_are_the_same(old: float, new: float) -> None:
    assert RUNS.same_values(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),  # fixed dates
        ("2024-01-01", "2024-01-02"),
        (iso(OLD), "2024-01-02T00:00:00.000000Z"),
        (iso(OLD, "%Y-%m-%dT%H:%M:%SZ"), iso(NEW, "%Y-%m-%d %H:%M:%SZ")),  # written in another way
        (iso(OLD, "%Y-%m-%dT%H:%M:%SZ"), iso(NEW, "%Y-%m-%d")),
        (iso(OLD), str(int(NEW))),
        (iso(OLD + 60), iso(NEW + 120)),  # another delay
        (iso(OLD + 3600), iso(NEW + 7200)),
        (str(int(OLD) + 60), str(int(NEW) + 70)),
        (str(int(OLD)), str(int(NEW * 1000))),
        (f"a {iso(OLD)}", f"b {iso(NEW)}"),
        (iso(OLD), f"{iso(NEW)} {iso(NEW)}"),
        (OLD_ID, "01other"),
        (str(uuid.UUID(int=1, version=5)), str(uuid.UUID(int=2, version=5))),  # computed from something
        (uuid.UUID(int=1, version=4).hex, str(uuid.UUID(int=2, version=4))),
        ("5d41402abc4b2a76b9719d911017c592", "7d793037a0760186574b0282f2f435e7"),  # hashes
        (str(uuid.UUID(int=1, version=4)), iso(NEW)),
        ("+12025550100", "+12025550110"),
        ("2026-13-45T99:00:00Z", "2026-13-46T99:00:00Z"),
        ("", "x"),
    ],
)
def test_texts_that_differ_otherwise_are_not_the_same(old: str, new: str) -> None:
    assert not RUNS.same_texts(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (1, 2),
        (True, 2),
        (1.5, True),
        (OLD, 5),
        (12025550100, 12025550110),
        (OLD, str(NEW)),
        (None, 1),
        (10**30, 10**31),
    ],
)
def test_values_that_are_no_times_are_not_the_same(old: Any, new: Any) -> None:
    assert not RUNS.same_values(old, new)


def test_an_id_that_came_with_the_request_is_not_random() -> None:
    old, new = str(uuid.UUID(int=1, version=4)), str(uuid.UUID(int=2, version=4))
    given_old = Runs(Run(OLD, request=f'{{"callid":"{old}"}}'), Run(NEW, request=f'{{"callid":"{old}"}}'))
    assert RUNS.same_texts(old, new)
    assert not given_old.same_texts(old, new)


def test_a_time_that_an_earlier_callback_kept_is_as_far_from_that_callback() -> None:
    # Ten minutes on the phone; the replay takes a moment.
    started = iso(OLD - 600), iso(NEW - 0.01)
    assert not RUNS.same_texts(*started)
    known = Runs(Run(OLD, took=0.5, earlier=(OLD - 600,)), Run(NEW, took=0.5, earlier=(NEW - 0.01,)))
    assert known.same_texts(*started)
    assert not known.same_texts(iso(OLD - 900), iso(NEW - 0.01))


def test_a_local_time_of_another_zone_is_the_same_where_no_zone_is_written() -> None:
    form = "%Y-%m-%dT%H:%M:%S"
    assert RUNS.same_texts(iso(OLD, form, 2), iso(NEW, form, -5))
    assert RUNS.same_texts(iso(OLD, form, 5.75), iso(NEW, form))
    assert not RUNS.same_texts(iso(OLD, form, 2) + "Z", iso(NEW, form, -5) + "Z")


def test_a_handler_that_was_held_long_read_its_clock_late() -> None:
    held = Runs(Run(OLD, took=100.0), Run(NEW, took=0.1))
    assert held.same_texts(iso(OLD + 99), iso(NEW))
    assert held.same_texts(iso(OLD + 3699), iso(NEW + 3600))
    assert not RUNS.same_texts(iso(OLD + 99), iso(NEW))


def ulid(at: float, rest: str) -> str:
    letters = "0123456789abcdefghjkmnpqrstvwxyz"
    milliseconds = int(at * 1000)
    return "".join(letters[milliseconds >> shift & 31] for shift in range(45, -1, -5)) + rest


def test_ids_of_earlier_exchanges_hold_the_time_at_which_they_were_made() -> None:
    old, new = ulid(OLD - 20, "vs9rp78j55q00000"), ulid(NEW - 0.1, "ab9rp78j55q00001")
    assert RUNS.same_texts(old, new)
    assert not RUNS.same_texts(old, ulid(NEW - 5000, "ab9rp78j55q00001"))


def test_keys_are_paired_by_what_does_not_depend_on_the_run() -> None:
    old = ["a", f"seen:{OLD_ID}", f"log/{iso(OLD)}", f"log/{iso(OLD + 1)}", "gone"]
    new = [f"log/{iso(NEW)}", f"log/{iso(NEW + 1)}", "new", f"seen:{NEW_ID}", "a"]
    assert list(RUNS.paired(old, new)) == [
        ("a", "a"),
        (f"seen:{OLD_ID}", f"seen:{NEW_ID}"),
        (f"log/{iso(OLD)}", f"log/{iso(NEW)}"),
        (f"log/{iso(OLD + 1)}", f"log/{iso(NEW + 1)}"),
        ("gone", None),
        (None, "new"),
    ]


def test_a_key_that_did_not_change_is_paired_with_itself_and_no_other() -> None:
    early, late = str(uuid.UUID(int=1, version=4)), str(uuid.UUID(int=2, version=4))
    assert list(RUNS.paired([early, late], [late])) == [(early, None), (late, late)]


def test_many_keys_are_paired_in_no_time() -> None:
    old = [str(uuid.UUID(int=number, version=4)) for number in range(5000)]
    new = [str(uuid.UUID(int=number, version=4)) for number in range(10_000, 15_000)]
    assert all(was and now for was, now in RUNS.paired(old, new))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_texts_can_be_asked_about(old: str, new: str) -> None:
    assert isinstance(RUNS.same_texts(old, new), bool)
    assert RUNS.same_texts(old, old)


@given(st.floats(1_577_836_800, 3_786_825_600), st.floats(0, 3e7), st.text("ab-:/ ", max_size=5))
def test_now_is_the_same_in_both_runs_whenever_they_were(at: float, apart: float, around: str) -> None:
    runs = Runs(Run(at, took=0.5), Run(at + apart, took=0.5))
    old, new = (f"{around}{iso(each + 0.2)}{around}" for each in (at, at + apart))
    assert runs.same_texts(old, new)
    assert runs.same_values(at + 0.2, at + apart + 0.2)
