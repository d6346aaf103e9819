"""Which phone numbers are found in a recording, and what is left alone."""

from __future__ import annotations

import json

import pytest

from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.phone_numbers import numbers_in
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.state import CacheEntry


def found(body: object, *, path: str = "/ice") -> set[str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange("a", 1.0, "c", "ice", "local", Request("POST", path, (), data))
    return set(numbers_in([PortableCall("c", [exchange])]))


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        (
            {"event": "ice", "cli": "12015555555", "to": {"type": "did", "endpoint": "+12017777777"}},
            {"12015555555", "12017777777"},
        ),
        (
            {"event": "dice", "from": "12015555555", "to": {"type": "Number", "endpoint": "12017777777"}},
            {"12015555555", "12017777777"},
        ),
        ({"rdnis": "46701234567"}, {"46701234567"}),
        ({"action": {"name": "connectPstn", "Number": "+46 70 123 45 67"}}, {"467012345", "46701234567"}),
        ({"action": {"destination": {"type": "number", "endpoint": "46701234567"}}}, {"46701234567"}),
        ({"to": ["46701234567", "46701234568"], "from": 1_700_000_000}, {"46701234567", "46701234568"}),
        ({"cli": 46701234567}, {"46701234567"}),
        ({"caller_id": "Anna <46701234567>"}, {"46701234567"}),
        ({"destination": {"type": "sip", "endpoint": "sip:46701234567@example.com"}}, {"46701234567"}),
        ({"method": "customCallout", "ice": json.dumps({"action": {"number": "46701234567"}})}, {"46701234567"}),
        ({"cli": "0046701234567"}, {"46701234567"}),
        ({"cli": "2015555555", "to": "12015555555"}, {"12015555555"}),
        ({"text": "call +46701234567, or +1 (201) 555-0123 17 times"}, {"46701234567", "12015550123"}),
        (b"From=%2B46701234567&To=12015555555&Body=x", {"46701234567", "12015555555"}),
        (b'{"text": "\\u002b46701234567"}', {"46701234567"}),
        (b"\xff\x00+46701234567\x00", {"46701234567"}),
    ],
    ids=lambda _: None,
)
def test_numbers_are_found_in_known_fields_and_behind_a_plus(body: object, numbers: set[str]) -> None:
    assert found(body) == numbers


@pytest.mark.parametrize(
    "body",
    [
        {"cli": "private", "to": {"type": "username", "endpoint": "anna"}},
        {"cli": "911", "to": "+116117"},
        {"callid": "12015555555", "timestamp": "2024-06-06T17:20:14Z", "amount": 12015555555},
        {"to": {"type": "conference", "endpoint": "meeting-20240606"}},
        {"from": 1_700_000_000, "to": 1_700_003_600},
        {"text": "1+1=2, 17:20:14+0200"},
        b'{"cli": "12',
        b"[" * 100_000,
    ],
    ids=lambda _: None,
)
def test_what_is_no_number_of_a_person_is_left_alone(body: object) -> None:
    assert found(body) == set()


def test_numbers_are_found_wherever_they_stand() -> None:
    exchange = Exchange(
        "a",
        1.0,
        "c",
        None,
        "local",
        Request("GET", "/x?cli=46700000001&q=%2B46700000002", (("X-Cli", "46700000003"), ("X-Y", "+46700000004")), b""),
        Answer(200, (("X-Z", "+46700000005"),), b'{"action":{"number":"46700000006"}}'),
        logs=[{"text": "hi", "fields": {"caller": "46700000007"}}],
        effects=[
            Effect("database", "insert", "INSERT INTO t VALUES ('+46700000008')"),
            Effect("outbound", "POST", "http://x/", value={"sent": '{"to": "46700000009"}'}),
        ],
        error={"traceback": "ValueError: +46700000010"},
    )
    state = State([CacheEntry("+46700000011", b'{"cli": "46700000012"}', 1.0)], {"a": b"+46700000013"})
    assert numbers_in([PortableCall("c", [exchange], state)]) == {f"467000000{n:02d}" for n in range(1, 14)}
