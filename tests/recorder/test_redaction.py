"""No secret survives, wherever it stands and however it is spelled; and what is no secret stays as it is."""

from __future__ import annotations

import json
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus, unquote_plus, urlencode

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from devserver.recorder.redaction import Redactor

# Patterns are compiled for each example, which takes longer than what is tested.
few = settings(deadline=None, max_examples=50)

SECRET = 's3cr3t/+=käse"\\\n'
NAMES = ("TOKEN", "OTHER")


def _is_distinct(value: str) -> bool:
    """Not part of a marker, and not of what an escape of JSON consists of."""
    if any(value in f"[secret {name}]" for name in NAMES) or set(value) & set("[]"):
        return False
    return not set(value) <= set("0123456789abcdefABCDEFu\\")


secrets = st.text(st.characters(codec="utf-8"), min_size=4, max_size=24).filter(_is_distinct)
surroundings = st.text(st.characters(codec="utf-8", exclude_characters="[]"), max_size=30)


def _walk(value: object) -> list[str]:
    match value:
        case dict():
            return [text for pair in value.items() for part in pair for text in _walk(part)]
        case list():
            return [text for part in value for text in _walk(part)]
        case _:
            return [str(value)]


@few
@given(secrets, surroundings, surroundings, st.booleans())
@example(
    secret="00:\\", before="", after="", plain=True
)  # its last character is doubled, and doubled again, before a \"
@example(secret="00:\\\\", before="x", after='"', plain=False)
def test_no_secret_survives_in_a_json_document(secret: str, before: str, after: str, plain: bool) -> None:
    text = before + secret + after
    document = {text: [text, {"deep": json.dumps({"inner": text})}], "n": 1}
    data = json.dumps(document, ensure_ascii=not plain).encode()
    clean = Redactor({"TOKEN": secret}).data(data)
    assert all(secret not in part for part in _walk(json.loads(clean)))
    assert secret not in json.loads(json.loads(clean)[next(iter(json.loads(clean)))][1]["deep"])["inner"]


@few
@given(secrets, surroundings, surroundings)
def test_no_secret_survives_in_a_form_body_or_a_url(secret: str, before: str, after: str) -> None:
    text = before + secret + after
    redactor = Redactor({"TOKEN": secret})
    for data in (
        urlencode({"a": text, "b": json.dumps({"c": text})}),
        "/hook?x=" + quote(text, safe=""),
        "/hook?x=" + quote(quote_plus(text), safe=""),
        "/hook?x=" + "".join(f"%{byte:02x}" for byte in text.encode()),
    ):
        clean = redactor.data(data.encode()).decode()
        assert secret not in unquote_plus(clean)
        assert secret not in unquote_plus(unquote_plus(clean))
        assert "[secret TOKEN]" in clean


@few
@given(secrets, surroundings, surroundings)
def test_no_secret_survives_in_headers_and_log_lines(secret: str, before: str, after: str) -> None:
    redactor = Redactor({"TOKEN": secret})
    text = before + secret + after
    assert secret not in redactor.text(text)
    on_the_wire = text.encode().decode("latin-1")
    for name, value in redactor.headers([("X-One", on_the_wire), ("X-Two", text), (text, "x")]):
        assert secret not in name
        assert secret not in value
        assert secret.encode().decode("latin-1") not in value


@few
@given(secrets, st.binary(max_size=5), st.binary(max_size=5))
def test_no_secret_survives_in_base64(secret: str, before: bytes, after: bytes) -> None:
    assume(len(secret.encode()) >= 8)
    redactor = Redactor({"TOKEN": secret})
    raw = before + secret.encode() + after
    for data in (b64encode(raw), urlsafe_b64encode(raw)):
        clean = redactor.data(b"x: Basic " + data)
        assert b"[secret TOKEN]" in clean
        assert data not in clean
    assert secret.encode() in b64decode(b64encode(raw))


@few
@given(secrets, secrets)
def test_of_two_secrets_that_overlap_neither_survives(one: str, other: str) -> None:
    redactor = Redactor({"TOKEN": one, "OTHER": one + other})
    clean = redactor.text(f"{one} {one}{other} {one}{one}{other}")
    assert clean == "[secret TOKEN] [secret OTHER] [secret TOKEN][secret OTHER]" or one not in clean


@few
@given(st.binary())
def test_bytes_without_a_secret_stay_the_very_same(data: bytes) -> None:
    assume(b"hunter2" not in data)
    assert Redactor({"TOKEN": "hunter2-and-more"}).data(data) is data


def test_the_longest_of_secrets_that_start_alike_is_taken_whole() -> None:
    redactor = Redactor({"SHORT": "abcd", "LONG": "abcdefgh"})
    assert redactor.text("abcdefgh abcd") == "[secret LONG] [secret SHORT]"


def test_secrets_shorter_than_four_characters_are_left_alone() -> None:
    assert Redactor({"PIN": "123"}).text("123 12345") == "123 12345"


def test_without_secrets_nothing_is_looked_at() -> None:
    data = b"anything"
    redactor = Redactor({})
    assert redactor.data(data) is data
    assert redactor.headers([("X", "y")]) == [("X", "y")]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Authorization", "application abc:def=", "application [redacted]"),
        ("authorization", "Basic YTpi", "Basic [redacted]"),
        ("Authorization", "justatoken", "[redacted]"),
        ("Proxy-Authorization", "Bearer x", "Bearer [redacted]"),
        ("Cookie", "a=b; c=d", "[redacted]"),
        ("Set-Cookie", "a=b", "[redacted]"),
        ("X-API-Key", "k", "[redacted]"),
        ("X-Auth-Token", "k", "[redacted]"),
        ("x-timestamp", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("Content-Type", "application/json", "application/json"),
    ],
)
def test_headers_that_carry_credentials_lose_them(name: str, value: str, expected: str) -> None:
    assert Redactor({}).headers([(name, value)]) == [(name, expected)]


def test_header_lines_keep_order_spelling_and_duplicates() -> None:
    pairs = [("B", "1"), ("a", "2"), ("B", "3")]
    assert Redactor({"TOKEN": "zzzz"}).headers(pairs) == pairs


@few
@given(secrets)
def test_a_secret_is_put_back_into_a_json_document(secret: str) -> None:
    redactor = Redactor({"TOKEN": secret})
    data = json.dumps({"key": secret}, ensure_ascii=False).encode()
    assert json.loads(redactor.restore(redactor.data(data))) == {"key": secret}


def test_a_secret_is_put_back_into_other_text() -> None:
    redactor = Redactor({"TOKEN": SECRET})
    assert redactor.restore(redactor.data(f"a={SECRET}&b=1".encode())) == f"a={SECRET}&b=1".encode()


def test_markers_of_unknown_secrets_stay() -> None:
    assert Redactor({"TOKEN": "abcd"}).restore(b"[secret GONE] [secret TOKEN]") == b"[secret GONE] abcd"


def test_a_hostile_body_does_not_cost_more_than_its_length() -> None:
    redactor = Redactor({"TOKEN": 'ab\\"\\\\cd\\'})
    body = b"ab" + b"\\" * 300_000 + b"%5c" * 100_000
    started = time.process_time()
    redactor.data(body)
    assert time.process_time() - started < 5
