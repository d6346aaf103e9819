from __future__ import annotations

from typing import Any

import pytest

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.state import CacheEntry
from devserver.recorder.takes import CONTENT_TYPE, from_exchange, from_file, moved_on, take_of, take_of_portable

ANSWER = Answer(200, (), b"{}")


def exchange(number: int, **more: Any) -> Exchange:
    fields: dict[str, Any] = {
        "id": f"{number:026}",
        "at": 100.0 + 10 * number,
        "callid": "c1",
        "event": "ice",
        "source": "local",
        "request": Request("POST", "/ice", (), b"{}"),
        "answer": ANSWER,
        "state": 1,
    }
    return Exchange(**{**fields, **more})


def cache(state: State) -> dict[str, tuple[bytes, float]]:
    return {entry.key: (entry.value, entry.ttl) for entry in state.cache}


# --- recorded calls --------------------------------------------------------------------------------------------


def test_a_call_is_replayed_from_its_first_callback_on_the_state_of_that() -> None:
    exchanges = [exchange(1), exchange(2, event="pie"), exchange(3, event="dice")]
    take = take_of("c1", exchanges)
    assert (take.name, take.callid, take.first) == ("c1", "c1", exchanges[0])
    assert [item.event for item in take.items] == ["ice", "pie", "dice"]


def test_a_replay_may_begin_at_a_later_callback_and_on_the_state_of_that() -> None:
    exchanges = [exchange(1), exchange(2, event="pie"), exchange(3, event="dice")]
    take = take_of("c1", exchanges, start=2)
    assert take.first == exchanges[1]
    assert [item.event for item in take.items] == ["pie", "dice"]


def test_a_callback_that_the_call_does_not_have_is_an_error() -> None:
    with pytest.raises(FnError, match=r"^c1 has 2 callbacks, and --from 3 is none of them"):
        take_of("c1", [exchange(1), exchange(2)], start=3)


def test_files_that_were_sent_are_not_asked_for_again() -> None:
    take = take_of("c1", [exchange(1), exchange(2, marks=["file"])])
    assert [item.name for item in take.items] == [exchange(1).id]


def test_what_a_hold_answered_by_itself_is_not_asked_of_the_code() -> None:
    take = take_of("c1", [exchange(1, marks=["hold"]), exchange(2, marks=["holding"])])
    assert [item.name for item in take.items] == [exchange(1).id]


def test_what_was_recorded_beside_the_answer_is_known_to_the_replay() -> None:
    effect = Effect("cache", "delete", "k")
    item = from_exchange(exchange(1, effects=[effect]))
    assert (item.effects, item.at, item.knows_effects, item.old) == ((effect,), 110.0, True, ANSWER)


@pytest.mark.parametrize(
    ("more", "knows"),
    [({"state": 0}, False), ({"state": 3}, True), ({"state": 0, "effects": [Effect("cache", "delete", "k")]}, True)],
    ids=["older recording", "with a state", "with effects"],
)
def test_a_recording_of_an_older_fn_does_not_claim_that_nothing_was_changed(more: dict[str, Any], knows: bool) -> None:
    assert from_exchange(exchange(1, **more)).knows_effects is knows


def test_the_scheme_of_a_credential_is_kept_and_nothing_else_of_it() -> None:
    request = Request("POST", "/status", (("Authorization", "Basic [redacted]"), ("X-A", "b")), b"")
    item = from_exchange(exchange(1, request=request))
    assert (item.authorization, item.headers) == ("basic", (("X-A", "b"),))


# --- files -----------------------------------------------------------------------------------------------------


def test_a_file_is_sent_as_it_is_to_the_handler_of_its_event() -> None:
    data = b'{ "event" : "pie" }'
    item = from_file("pie.json", data, None)
    assert (item.method, item.path, item.body, item.event) == ("POST", "/pie", data, "pie")
    assert item.headers == (("Content-Type", CONTENT_TYPE),)
    assert (item.old, item.is_recorded, item.knows_effects) == (None, False, False)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xff", "is not JSON"),
        (b"[" * 5000, "is not JSON"),
        (b"[1]", "holds no JSON object"),
        (b"{}", "does not say which event it is"),
        (b'{"event":"boo"}', "has the unknown event `boo`"),
    ],
    ids=["bytes", "deep", "list", "no event", "unknown"],
)
def test_a_file_that_is_no_callback_is_one_sentence(data: bytes, text: str) -> None:
    with pytest.raises(FnError, match=text) as raised:
        from_file("x.json", data, None)
    assert raised.value.hint


# --- portable files --------------------------------------------------------------------------------------------

BEGINNING = State([CacheEntry("old", b"1", 60.0)], {"s": b"was"}, b"db")


def test_a_portable_call_begins_with_the_state_in_the_file() -> None:
    take = take_of_portable(PortableCall("c1", [exchange(1)], BEGINNING), "/a/call.jsonl", "call.jsonl")
    assert (take.state, take.first, take.file) == (BEGINNING, None, "/a/call.jsonl")
    assert take.items[0].knows_effects


def test_a_portable_call_without_a_state_begins_with_nothing() -> None:
    take = take_of_portable(PortableCall("c1", [exchange(1, state=0)]), "/a/call.jsonl", "call.jsonl")
    assert take.state == State()
    assert not take.items[0].knows_effects


def test_beginning_later_the_state_is_moved_on_by_what_the_callbacks_before_did() -> None:
    first = exchange(1, effects=[Effect("cache", "set", "n", 111.0, 7, 60.0)])
    take = take_of_portable(PortableCall("c1", [first, exchange(2), exchange(3)], BEGINNING), "f", "f", start=2)
    assert take.state is not None
    assert cache(take.state) == {"old": (b"1", 50.0), "n": (b"7", 51.0)}
    assert len(take.items) == 2


def test_a_portable_call_with_fewer_callbacks_is_an_error() -> None:
    with pytest.raises(FnError, match="has 1 callbacks, and --from 2"):
        take_of_portable(PortableCall("c1", [exchange(1)], BEGINNING), "f", "f", start=2)
    with pytest.raises(FnError, match="has 0 callbacks"):
        take_of_portable(PortableCall("c1", [], BEGINNING), "f", "f")


# --- the state after some callbacks ----------------------------------------------------------------------------


def after(*effects: Effect, now: float = 0.0) -> State:
    return moved_on(BEGINNING, list(effects), 0.0, now)


def test_cache_values_are_set_deleted_and_extended() -> None:
    assert cache(after(Effect("cache", "set", "n", 5.0, {"a": 1}, 10.0))) == {
        "old": (b"1", 60.0),
        "n": (b'{"a":1}', 15.0),
    }
    assert cache(after(Effect("cache", "delete", "old"), Effect("cache", "delete", "never"))) == {}
    assert cache(after(Effect("cache", "extend", "old", 5.0, None, 10.0))) == {"old": (b"1", 70.0)}
    assert cache(after(Effect("cache", "extend", "never", 5.0, None, 10.0))) == {"old": (b"1", 60.0)}


def test_cache_values_that_have_ended_by_then_are_gone() -> None:
    short = Effect("cache", "set", "n", 5.0, 1, 10.0)
    assert cache(after(short, now=14.0)) == {"old": (b"1", 46.0), "n": (b"1", 1.0)}
    assert cache(after(short, now=15.0)) == {"old": (b"1", 45.0)}


def test_stored_texts_are_written_and_deleted() -> None:
    assert after(Effect("storage", "write", "t", 0.0, {"text": "für"})).storage == {"s": b"was", "t": "für".encode()}
    assert after(Effect("storage", "delete", "s"), Effect("storage", "delete", "never")).storage == {}


def test_what_an_effect_does_not_say_stays_as_it_was() -> None:
    unknown = (
        Effect("storage", "write", "s", 0.0, {"bytes": 9, "sha256": ""}),
        Effect("database", "insert", "insert into t values (1)"),
        Effect("outbound", "POST", "http://x"),
    )
    assert after(*unknown) == BEGINNING
