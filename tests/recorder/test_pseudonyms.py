"""Pseudonyms: no number survives, distinct ones stay distinct, and everything else stays as it was."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.phone_numbers import numbers_in
from devserver.recorder.portable import Portable, PortableCall, State, write
from devserver.recorder.pseudonyms import Pseudonyms
from devserver.recorder.state import CacheEntry

SALT = b"sixteen bytes or more"
ANNA, BERT = "46701234567", "12012345678"
NAMES = Pseudonyms(SALT, {ANNA, BERT}).names
A, B = NAMES[ANNA], NAMES[BERT]
few = settings(deadline=None, max_examples=100)

numbers = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)
words = st.text(st.characters(codec="utf-8", exclude_characters="0123456789"), max_size=12)


def replaced(text: str) -> str:
    return Pseudonyms(SALT, {ANNA, BERT}).text(text)


def test_a_pseudonym_is_a_number_that_belongs_to_nobody() -> None:
    many = Pseudonyms(SALT, [str(46_700_000_000 + n) for n in range(500)]).names
    assert all(re.fullmatch(r"1[2-9][0-8]\d55501\d\d", name) for name in many.values())
    assert len(set(many.values())) == 500


def test_the_same_number_has_the_same_pseudonym_in_other_company_and_another_one_with_another_salt() -> None:
    assert Pseudonyms(SALT, {ANNA, "49301234567"}).names[ANNA] == A
    assert Pseudonyms(b"another salt of someone", {ANNA}).names[ANNA] != A


def test_there_are_enough_pseudonyms_for_a_load_test() -> None:
    many = Pseudonyms(SALT, [str(46_700_000_000 + n) for n in range(70_000)]).names
    assert len(set(many.values())) == 70_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ANNA, A),
        (f"+{ANNA}", f"+{A}"),
        (f"00{ANNA}", f"00{A}"),
        ("0701234567", f"0{A[1:]}"),
        ("070-123 45 67", f"0{A[1:3]}-{A[3:6]} {A[6:8]} {A[8:]}"),
        ("(201) 234-5678", f"({B[1:4]}) {B[4:7]}-{B[7:]}"),
        ("+1 201 234 5678", f"+1 {B[1:4]} {B[4:7]} {B[7:]}"),
        ("+1.201.234.5678 17", f"+1.{B[1:4]}.{B[4:7]}.{B[7:]} 17"),
        (f"%2B{ANNA}", f"%2B{A}"),
        (f"%20{ANNA}", f"%20{A}"),
        (f"%2520{ANNA}", f"%2520{A}"),
        (f"%22{ANNA}%22", f"%22{A}%22"),
        ("+1%20201%20234%205678", f"+1%20{B[1:4]}%20{B[4:7]}%20{B[7:]}"),
        (f"\\u0020{ANNA}", f"\\u0020{A}"),
        (f"\\u00e5{ANNA}", f"\\u00e5{A}"),
        (f"\\n{ANNA}", f"\\n{A}"),
        (f"caller:{ANNA}:x{BERT}y", f"caller:{A}:x{B}y"),
        (f"{ANNA} {BERT}", f"{A} {B}"),
        (f"{ANNA}-{BERT}", f"{A}-{B}"),
        (f'{{"cli":{ANNA}}}', f'{{"cli":{A}}}'),
        (f"%{ANNA}", f"%{A}"),
    ],
    ids=lambda _: None,
)
def test_a_number_keeps_its_spelling(text: str, expected: str) -> None:
    assert replaced(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"{ANNA}1",
        f"1{ANNA}",
        "2024-06-06T17:20:14.1234567Z",
        "1ce0ffee-ca11-ca11-ca11-abcdef000053",
        "112",
        "12 345 67",
        '{"amount":0.0095}',
    ],
)
def test_other_digits_stay_as_they_are(text: str) -> None:
    assert replaced(text) == text


def test_a_pseudonym_of_another_length_fits_into_the_groups() -> None:
    short, long = "4512345678", "447911123456789"
    both = Pseudonyms(SALT, {short, long})
    assert both.text("45 12 34 56 78") == " ".join(
        [
            both.names[short][:2],
            both.names[short][2:4],
            both.names[short][4:6],
            both.names[short][6:8],
            both.names[short][8:],
        ]
    )
    assert both.text("+44 7911-123456 789") == f"+{both.names[long][:2]} {both.names[long][2:6]}-{both.names[long][6:]}"
    assert both.text('{"n":447911123.456789}') == f'{{"n":{both.names[long][:9]}.{both.names[long][9:]}}}'


def test_a_whole_call_is_replaced_and_its_state_too() -> None:
    exchange = Exchange(
        "01aaaaaaaaaaaaaaaaaaaaaaa1",
        1.0,
        f"call-{ANNA}",
        "ice",
        "local",
        Request(
            "POST",
            f"/ice?cli={ANNA}",
            (("X", f"+{ANNA}"),),
            json.dumps({"cli": ANNA, "callid": f"call-{ANNA}"}).encode(),
        ),
        Answer(200, (("Y", ANNA),), f'{{"number":"+{BERT}"}}'.encode()),
        findings=[{"text": ANNA}],
        logs=[{"text": f"from {ANNA}", "at": 1.5}],
        error={"traceback": ANNA},
        effects=[
            Effect("database", "insert", f"INSERT '{ANNA}'", 2.0),
            Effect("cache", "set", ANNA, 3.0, [ANNA], 60.0),
        ],
        state=3,
    )
    state = State([CacheEntry(ANNA, f'"{ANNA}"'.encode(), 1.0)], {ANNA: ANNA.encode(), "b": b"\xff"}, b"SQLite")
    call = PortableCall(f"call-{ANNA}", [exchange], state)
    clean = Pseudonyms(SALT, numbers_in([call])).call(call)
    data = b"".join(write(Portable("p", "pseudonyms", [clean]), ""))
    assert ANNA.encode() not in data
    assert BERT.encode() not in data
    assert data.count(A.encode()) == 17
    assert clean.callid == clean.exchanges[0].callid == f"call-{A}"
    assert clean.exchanges[0].effects[0] == Effect("database", "insert", f"INSERT '{A}'", 2.0)
    assert clean.state == State([CacheEntry(A, f'"{A}"'.encode(), 1.0)], {A: A.encode()}, None)


@few
@given(st.lists(numbers, min_size=1, max_size=5, unique=True), words, words, st.booleans())
def test_no_number_is_found_afterwards(found: list[str], before: str, after: str, plain: bool) -> None:
    document = {
        "event": "ice",
        "cli": found[0],
        "to": [{"type": "number", "endpoint": f"+{number}"} for number in found],
        "amount": int(found[-1]),
        before + found[0] + after: [before + number + after for number in found],
        "inner": json.dumps({"text": f"{after} {found[-1]} {before}"}),
    }
    body = json.dumps(document, ensure_ascii=plain).encode()
    path = f"/ice?a={quote(before + '+' + found[0] + after)}&b={quote_plus(before + found[-1])}&c={quote(quote(before)) + found[0]}"
    exchange = Exchange("a", 1.0, "c", "ice", "local", Request("POST", path, (), body), Answer(200, (), body))
    call = PortableCall("c", [exchange])
    collected = numbers_in([call])
    assert len(collected) <= len(found) < len(collected) + 2
    names = Pseudonyms(SALT, collected)
    clean = names.call(call).exchanges[0]
    text = clean.request.path + json.dumps(msgspec.json.decode(clean.request.body), ensure_ascii=False)
    for number in found:
        assert not re.search(rf"(?<!\d){number}(?!\d)", text)
        assert number.encode() not in clean.request.body
        assert number not in clean.request.path
    assert len(set(names.names.values())) == len(names.names)
    assert clean.answer is not None
    assert clean.answer.body == clean.request.body


@few
@given(st.lists(numbers, min_size=2, max_size=6, unique=True))
def test_distinct_numbers_stay_distinct(found: list[str]) -> None:
    assume(not any(len(number) == 10 and f"1{number}" in found for number in found))
    names = Pseudonyms(SALT, found)
    assert len({names.text(number) for number in found}) == len(found)


@few
@given(
    numbers, st.from_regex(r"-?(0|[1-9][0-9]{0,16})(\.[0-9]{1,16})?([eE][0-9])?", fullmatch=True), st.integers(0, 15)
)
def test_json_stays_json(number: str, value: str, point: int) -> None:
    names = Pseudonyms(SALT, {number})
    split = f"{number[:point]}.{number[point:]}" if 0 < point < len(number) else number
    json.loads(names.data(f'{{"a":{value},"b":[{split},-{number}]}}'.encode()))


def test_a_hostile_body_costs_no_more_than_its_length() -> None:
    names = Pseudonyms(SALT, {ANNA})
    for unit in (b"1", b"1 ", b"1-", b"%20", b"\\u00a0", b"(((1", b"12345678901 "):
        started = time.monotonic()
        names.data(unit * (1_000_000 // len(unit)))
        assert time.monotonic() - started < 5
