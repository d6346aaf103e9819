from __future__ import annotations

import copy
import json
import pickle
import timeit
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.runtime.events import (
    AceEvent,
    Amd,
    DiceEvent,
    IceEvent,
    Identity,
    KeyValue,
    MenuResult,
    Money,
    NotifyEvent,
    Payload,
    PieEvent,
    _attributes,
    _fold,
    parse_event,
)

EVENTS = ("ice", "ace", "pie", "dice", "notify")
each_event = pytest.mark.parametrize("name", EVENTS)

ICE: dict[str, Any] = {
    "event": "ice",
    "callid": "1ce0ffee-ca11",
    "conferenceId": "room",
    "callResourceUrl": "https://calling-use1.api.sinch.com/calling/v1/calls/id/1ce0ffee-ca11",
    "timestamp": "2024-06-06T17:20:14Z",
    "version": 1,
    "custom": "order 7",
    "user": "user-1",
    "userRate": {"currencyId": "USD", "amount": 0.25, "formatted": "$0.25"},
    "cli": "12015555555",
    "to": {"type": "did", "endpoint": "+12017777777", "verified": True},
    "domain": "pstn",
    "applicationKey": "f00dcafe",
    "originationType": "PSTN",
    "duration": 0,
    "rdnis": "",
    "callHeaders": [{"key": "x-shop", "value": "7"}],
    "cookies": [{"key": "seen", "value": "yes"}],
}


FOLDER = Path(__file__).parents[2] / "fixtures" / "callbacks"
CALLBACKS = [path for path in sorted(FOLDER.glob("callback-*.json")) if "-invalid-" not in path.name]


def ice(**fields: Any) -> IceEvent:
    event = parse_event("ice", fields)
    assert isinstance(event, IceEvent)
    return event


def pie(**fields: Any) -> PieEvent:
    event = parse_event("pie", fields)
    assert isinstance(event, PieEvent)
    return event


@pytest.mark.parametrize("path", CALLBACKS, ids=[path.stem for path in CALLBACKS])
def test_every_field_of_a_real_payload_is_a_typed_attribute(path: Path) -> None:
    payload: dict[str, Any] = json.loads(path.read_text("utf-8"))

    read_and_compare(parse_event(payload["event"], payload), payload)


def read_and_compare(event: Payload, payload: dict[str, Any]) -> None:
    for key, sent in payload.items():
        assert _attributes(type(event)).get(_fold(key)), f"{type(event).__name__} lacks {key}"
        value = getattr(event, key)
        if isinstance(sent, dict):
            read_and_compare(value, sent)
        elif isinstance(sent, list):
            assert list(value) == sent
        else:
            assert value == sent


def test_every_field_of_an_ice_has_an_attribute() -> None:
    event = ice(**ICE)

    assert (event.event, event.callid, event.call_id) == ("ice", "1ce0ffee-ca11", "1ce0ffee-ca11")
    assert event.conference_id == "room"
    assert event.call_resource_url == ICE["callResourceUrl"]
    assert event.timestamp == "2024-06-06T17:20:14Z"
    assert (event.version, event.custom, event.user) == (1, "order 7", "user-1")
    assert (event.user_rate.currency_id, event.user_rate.amount, event.user_rate.formatted) == ("USD", 0.25, "$0.25")
    assert event.cli == "12015555555"
    assert (event.to.type, event.to.endpoint, event.to.verified) == ("did", "+12017777777", True)
    assert (event.domain, event.application_key, event.origination_type) == ("pstn", "f00dcafe", "PSTN")
    assert (event.duration, event.rdnis) == (0, "")
    assert [(header.key, header.value) for header in event.call_headers] == [("x-shop", "7")]
    assert [(cookie.key, cookie.value) for cookie in event.cookies] == [("seen", "yes")]


def test_an_ace_has_what_answering_machine_detection_found() -> None:
    event = parse_event("ace", {"callid": "c", "amd": {"status": "human", "reason": "longgreeting", "duration": 15}})

    assert isinstance(event, AceEvent)
    assert (event.amd.status, event.amd.reason, event.amd.duration) == ("human", "longgreeting", 15)


def test_a_pie_has_the_result_of_its_menu() -> None:
    event = pie(
        menuResult={"type": "sequence", "value": "1234", "menuId": "pin", "inputMethod": "dtmf", "addToContext": ["a"]}
    )

    result = event.menu_result
    assert (result.type, result.value, result.menu_id, result.input_method) == ("sequence", "1234", "pin", "dtmf")
    assert result.add_to_context == ("a",)


def test_a_dice_tells_how_the_call_ended() -> None:
    event = parse_event(
        "dice",
        {
            "reason": "MANAGERHANGUP",
            "result": "ANSWERED",
            "debit": {"currencyId": "EUR", "amount": 0.0095},
            "userRate": {"currencyId": "EUR", "amount": 0.01},
            "to": {"type": "number", "endpoint": "12017777777"},
            "duration": 12,
            "from": "12015555555",
            "callHeaders": [],
        },
    )

    assert isinstance(event, DiceEvent)
    assert (event.reason, event.result, event.duration) == ("MANAGERHANGUP", "ANSWERED", 12)
    assert (event.debit.amount, event.user_rate.amount, event.to.endpoint) == (0.0095, 0.01, "12017777777")
    assert event.from_ == "12015555555"
    assert event.call_headers == ()


def test_the_python_keyword_from_is_reached_in_every_way() -> None:
    event = parse_event("dice", {"from": "private"})

    assert getattr(event, "from") == event["from"] == event.get("from_") == "private"


def test_a_notify_has_a_type_a_destination_and_an_error() -> None:
    event = parse_event(
        "notify",
        {
            "type": "callingerror",
            "destination": "azure://a/b.mp3",
            "errorCode": 40001,
            "errorMsg": "illegal SVAML",
            "amd": {"reason": "beep"},
        },
    )

    assert isinstance(event, NotifyEvent)
    assert (event.type, event.destination) == ("callingerror", "azure://a/b.mp3")
    assert (event.error_code, event.error_msg, event.amd.reason) == (40001, "illegal SVAML", "beep")


@each_event
def test_a_partial_payload_reads_as_none_and_empty_objects(name: str) -> None:
    event = parse_event(name, {})

    assert event.callid is None
    assert event.version is None
    assert event.cookies == ()
    for part in ("to", "amd", "menu_result", "user_rate", "debit"):
        nested = getattr(event, part, None)
        assert nested is None or not nested


def test_an_attribute_of_an_absent_nested_object_is_none() -> None:
    assert pie().menu_result.value is None
    assert ice().to.endpoint is None
    assert ice().user_rate.amount is None


@pytest.mark.parametrize("key", ["callid", "callId", "CALLID", "CallID", "call_id"])
def test_a_payload_key_is_read_in_any_case(key: str) -> None:
    event = parse_event("dice", {key: "c1"})

    assert event.callid == event.call_id == event["callId"] == event["call_id"] == event.get("CALLID") == "c1"
    assert "callid" in event


def test_nested_keys_are_read_in_any_case() -> None:
    event = pie(MenuResult={"MenuID": "main", "Value": "sales"})

    assert event.menu_result.menu_id == "main"
    assert event["menuResult"]["menuId"] == event["menu_result"]["menu_id"] == "main"
    assert event["menuResult"].get("value") == "sales"
    assert event["menuResult"].get("type", "return") == "return"
    assert "inputMethod" not in event["menuResult"]
    assert "menu_id" in event["menuResult"]


def test_objects_inside_nested_objects_are_read_in_any_case() -> None:
    assert ice(extra={"Deep": {"Er": {"X": 1}}})["extra"]["deep"]["er"]["x"] == 1


def test_a_missing_nested_key_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="type"):
        pie(menuResult={"value": "1"})["menuResult"]["type"]


def test_the_exact_spelling_wins_over_another_case() -> None:
    assert ice(CLI="wrong", cli="right").cli == "right"
    assert ice(Callid="first", CALLID="second").callid == "first"


def test_unknown_fields_are_kept() -> None:
    event = ice(callid="c1", delayed=True, newThing={"a": 1})

    assert event["delayed"] is True
    assert event.get("new_thing") == {"a": 1}
    assert getattr(event, "newThing") == {"a": 1}  # noqa: B009 a type checker rightly objects to the attribute
    assert event.raw == {"callid": "c1", "delayed": True, "newThing": {"a": 1}}


def test_raw_is_the_object_that_came() -> None:
    payload = {"callid": "c1"}

    assert parse_event("ice", payload).raw is payload


def test_camel_case_attributes_are_the_typed_ones() -> None:
    event: Any = ice(userRate={"amount": "0.5"}, callResourceUrl="https://x")

    assert event.callResourceUrl == "https://x"
    assert event.userRate.amount == 0.5


def test_an_unknown_attribute_names_the_fields_that_came() -> None:
    event: Any = ice(callid="c1", cli="1201")

    with pytest.raises(AttributeError, match=r"IceEvent has no 'digits'. This one came with: callid, cli"):
        _ = event.digits
    assert not hasattr(event, "digits")


def test_an_unknown_attribute_of_an_empty_payload_says_that_nothing_came() -> None:
    event: Any = ice()

    with pytest.raises(AttributeError, match="came with: nothing"):
        _ = event.digits


def test_an_event_cannot_be_changed() -> None:
    event: Any = ice(callid="c1")

    with pytest.raises(AttributeError, match="read-only"):
        event.callid = "c2"
    with pytest.raises(AttributeError, match="read-only"):
        event.to.endpoint = "+1"
    with pytest.raises(TypeError):
        event["callid"] = "c2"
    assert event.callid == "c1"


def test_changing_what_a_key_gave_does_not_change_the_event() -> None:
    event = ice(to={"endpoint": "+1"})

    event["to"]["endpoint"] = "+2"

    assert event.to.endpoint == "+1"


def test_what_a_key_gives_is_plain_json_again() -> None:
    event = ice(**ICE)

    assert json.loads(json.dumps({"to": event["to"]})) == {"to": ICE["to"]}
    assert msgspec.json.decode(msgspec.json.encode(event["to"])) == ICE["to"]
    assert dict(event) == ICE


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (12, 12),
        ("12", 12),
        (" 12 ", 12),
        (12.0, 12),
        ("12.0", 12),
        (12.5, None),
        ("x", None),
        (True, None),
        ([], None),
        ("1e400", None),
        (float("inf"), None),
        (float("nan"), None),
        ("9" * 5000, None),
        (10**400, None),
        (-3, -3),
    ],
)
def test_whole_numbers_are_read_as_well_as_can_be(sent: Any, read: int | None) -> None:
    assert ice(duration=sent).duration == read


@pytest.mark.parametrize(
    ("sent", "read"), [(1, 1.0), ("0.25", 0.25), (True, None), ("x", None), ({}, None), (10**400, None)]
)
def test_amounts_are_read_as_well_as_can_be(sent: Any, read: float | None) -> None:
    assert ice(userRate={"amount": sent}).user_rate.amount == read


@pytest.mark.parametrize(("sent", "read"), [("a", "a"), (7, "7"), (True, None), ({}, None)])
def test_texts_are_read_as_well_as_can_be(sent: Any, read: str | None) -> None:
    event = ice(custom=sent)

    assert event.custom == read
    assert event["custom"] == sent


def test_an_integer_too_long_to_print_has_no_text() -> None:
    assert ice(custom=10**5000).custom is None


@pytest.mark.parametrize(("sent", "read"), [(True, True), ("FALSE", False), ("maybe", None), (1, None)])
def test_flags_are_read_as_well_as_can_be(sent: Any, read: bool | None) -> None:
    assert ice(to={"verified": sent}).to.verified is read


def test_a_list_with_strange_items_gives_the_usable_ones() -> None:
    assert [cookie.key for cookie in ice(cookies=[1, {"key": "a"}, None, "b"]).cookies] == ["a"]
    assert ice(cookies={"key": "a"}).cookies == ()


@pytest.mark.parametrize(
    ("cli", "caller"),
    [
        ("12015555555", "+12015555555"),
        ("+12015555555", "+12015555555"),
        ("private", None),
        ("Private", None),
        ("", None),
        (None, None),
        ("user-1", "user-1"),
    ],
)
def test_the_caller_can_be_called_back(cli: str | None, caller: str | None) -> None:
    assert ice(cli=cli).caller == caller


@pytest.mark.parametrize(
    ("to", "called"),
    [
        ({"type": "did", "endpoint": "+1202"}, "+1202"),
        ({"type": "Number", "endpoint": "1202"}, "+1202"),
        ({"endpoint": "1202"}, "+1202"),
        ({"type": "username", "endpoint": "1202"}, "1202"),
        ({"type": "sip", "endpoint": "a@b"}, "a@b"),
        ({}, None),
        (None, None),
    ],
)
def test_the_called_number_has_its_plus(to: Any, called: str | None) -> None:
    assert ice(to=to).called == called


def test_an_event_prints_short_and_readable() -> None:
    event = pie(event="pie", callid="c1", custom="x" * 500, menuResult={"type": "return", "value": "sales"})

    assert repr(event) == "PieEvent(callid='c1', menu_result=MenuResult(type='return', value='sales'))"
    assert len(repr(ice(cli="1" * 500))) < 100


def test_events_and_their_parts_are_compared_by_what_came() -> None:
    assert ice(callid="c1") == ice(callid="c1")
    assert ice(callid="c1") != ice(callid="c2")
    assert ice(to={"type": "did"}).to == {"type": "did"}


def test_an_empty_event_is_still_something() -> None:
    assert ice()
    assert not ice().to
    assert ice(to={"type": "did"}).to


def test_events_can_be_copied_and_pickled() -> None:
    event = ice(**ICE)

    assert copy.deepcopy(event) == event
    assert pickle.loads(pickle.dumps(event)).cli == event.cli  # noqa: S301 our own bytes


def test_events_match_by_attribute_and_by_key() -> None:
    match pie(menuResult={"value": "sales"}):
        case PieEvent(menu_result=MenuResult(value="sales")):
            matched = True
        case _:
            matched = False
    assert matched


def test_an_unknown_kind_of_event_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="bogus"):
        parse_event("bogus", {})


def test_parsing_and_reading_a_field_takes_microseconds() -> None:
    def once() -> None:
        event = parse_event("ice", ICE)
        assert event.callid

    assert min(timeit.repeat(once, number=1000, repeat=5)) / 1000 < 100e-6


SCALARS: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just([]) | st.just({})
)
NESTED = st.dictionaries(
    st.sampled_from(["type", "value", "endpoint", "verified", "amount", "key", "duration", "MENUID"]),
    SCALARS,
    max_size=3,
)
KEYS = st.sampled_from([*ICE, "amd", "menuResult", "from", "debit", "type", "ERRORCODE", "menu_result"]) | st.text(
    max_size=5
)
PAYLOADS = st.dictionaries(KEYS, SCALARS | NESTED | st.lists(SCALARS | NESTED, max_size=2), max_size=6)


@given(name=st.sampled_from(EVENTS), payload=PAYLOADS)
def test_any_json_object_is_an_event(name: str, payload: dict[str, Any]) -> None:
    event = parse_event(name, payload)

    assert repr(event)
    read_everything(event)
    for key, value in payload.items():
        assert key in event
        assert event[key] is value or event[key] == value or value != value  # noqa: PLR0124 NaN


def read_everything(payload: Payload) -> None:
    for kind in type(payload).__mro__:
        for name in vars(kind):
            if name.startswith("_") or callable(getattr(payload, name)):
                continue
            value = getattr(payload, name)
            if isinstance(value, Payload):
                read_everything(value)
            elif name != "raw":
                assert value is None or isinstance(value, str | int | float | tuple)


def test_the_nested_kinds_are_what_they_say() -> None:
    event = ice(**ICE)

    assert isinstance(event.to, Identity)
    assert isinstance(event.user_rate, Money)
    assert isinstance(event.cookies[0], KeyValue)
    ace = parse_event("ace", {})
    assert isinstance(ace, AceEvent)
    assert isinstance(ace.amd, Amd)
