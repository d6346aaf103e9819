from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from devserver.cloud.state import FILE, CloudState, reset
from devserver.cloud.voice_state import CallbackUrls, CallReport, Number, VoiceState
from devserver.errors import FnError


@pytest.fixture
def state(tmp_path: Path) -> Iterator[CloudState]:
    opened = CloudState(tmp_path)
    yield opened
    opened.close()


def test_nothing_is_written_before_something_is_asked(state: CloudState, tmp_path: Path) -> None:
    assert list(tmp_path.iterdir()) == []
    assert state.get("voice", "number", "x") is None
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_what_is_put_survives_a_restart(state: CloudState, tmp_path: Path) -> None:
    state.put("voice", "number", {"b": {"n": 2}, "a": {"n": 1}})
    state.put("voice", "number", {"b": {"n": 3}})
    state.close()
    again = CloudState(tmp_path)

    assert again.all("voice", "number") == [{"n": 1}, {"n": 3}]
    assert again.get("voice", "number", "b") == {"n": 3}
    assert again.all("sms", "number") == []
    again.close()


def test_a_change_is_there_whole_or_not_at_all(state: CloudState) -> None:
    with pytest.raises(TypeError):
        state.put("voice", "number", {"a": 1, "b": object()})

    assert state.all("voice", "number") == []


def test_a_reset_empties_the_state_of_a_running_session(state: CloudState, tmp_path: Path) -> None:
    state.put("voice", "number", {"a": 1, "b": 2})

    assert reset(tmp_path) == 2
    assert state.all("voice", "number") == []
    state.put("voice", "number", {"c": 3})
    assert state.all("voice", "number") == [3]


def test_a_file_that_somebody_removed_is_made_anew(state: CloudState, tmp_path: Path) -> None:
    state.put("voice", "number", {"a": 1})
    for each in tmp_path.iterdir():
        each.unlink()

    assert state.all("voice", "number") == []
    state.put("voice", "number", {"b": 2})
    assert state.all("voice", "number") == [2]


def test_a_file_that_is_no_database_is_an_error_until_it_is_reset(state: CloudState, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to look like something" * 10)
    with pytest.raises(FnError, match="fn cloud reset"):
        state.get("voice", "number", "a")

    assert reset(tmp_path) == 0
    assert state.get("voice", "number", "a") is None


def test_a_value_that_is_no_json_is_an_error(state: CloudState, tmp_path: Path) -> None:
    state.put("voice", "number", {"a": 1})
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE entry SET value = 'x{'")
    connection.close()

    with pytest.raises(FnError, match="cannot be used"):
        state.all("voice", "number")


def test_a_reset_where_there_is_nothing_is_none(tmp_path: Path) -> None:
    assert reset(tmp_path) == 0
    assert reset(tmp_path / "missing") == 0


def test_another_process_that_writes_for_long_is_an_error_and_not_a_wait_for_ever(
    state: CloudState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devserver.cloud.state._BUSY", 0.05)
    state.put("voice", "number", {"a": 1})
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(FnError, match="locked"):
        state.put("voice", "number", {"a": 2})
    other.rollback()
    other.close()

    assert state.get("voice", "number", "a") == 1


def test_callbacks_go_to_the_function_until_they_are_configured(state: CloudState) -> None:
    voice = VoiceState(state, "http://127.0.0.1:3000/")
    assert voice.callback_urls("KEY") == CallbackUrls("http://127.0.0.1:3000/")

    voice.set_callback_urls("KEY", CallbackUrls("https://a.example", "https://b.example"))
    assert voice.callback_urls("key") == CallbackUrls("https://a.example", "https://b.example")
    assert VoiceState(state).callback_urls("other") == CallbackUrls("")


def test_a_number_has_one_row_for_calls_and_one_for_messages(state: CloudState) -> None:
    voice = VoiceState(state)
    voice.put_numbers([Number("+1201", "voice", "a"), Number("+1201", "sms", "b")])
    voice.put_numbers([Number("+1201", "voice", "c")])

    assert voice.numbers() == [Number("+1201", "sms", "b"), Number("+1201", "voice", "c")]


def test_the_last_report_about_a_call_counts(state: CloudState) -> None:
    voice = VoiceState(state)
    voice.report(CallReport("call-1", "Failure", "line was bad", 1.0))
    voice.report(CallReport("call-1", "Success", None, 2.0))

    assert voice.reports() == [CallReport("call-1", "Success", None, 2.0)]
