from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.runtime.request import BadRequest, Headers, Request, Response, parse_json


def post(body: bytes, kind: str | None = None) -> Request:
    headers = Headers([("Content-Type", kind)] if kind is not None else [])
    return Request("POST", "/status", headers, body)


# --- headers


@pytest.mark.parametrize("name", ["X-Shop", "x-shop", "X-SHOP"])
def test_a_header_is_read_in_any_case(name: str) -> None:
    headers = Headers([("x-Shop", "7")])
    assert headers[name] == "7"
    assert headers.get(name) == "7"
    assert name in headers
    assert headers.get_all(name) == ["7"]


def test_of_several_values_the_last_wins_and_get_all_has_every_one() -> None:
    headers = Headers([("Via", "a"), ("Host", "h"), ("VIA", "b")])
    assert headers["via"] == "b"
    assert headers.get_all("Via") == ["a", "b"]
    assert list(headers) == ["via", "host"]
    assert len(headers) == 2
    assert dict(headers) == {"via": "b", "host": "h"}


def test_a_missing_header_is_missing() -> None:
    headers = Headers()
    assert headers.get("x") is None
    assert headers.get("x", "d") == "d"
    assert headers.get_all("x") == []
    assert "x" not in headers
    assert 5 not in headers  # type: ignore[comparison-overlap]
    with pytest.raises(KeyError):
        _ = headers["x"]


def test_headers_show_what_was_received() -> None:
    assert repr(Headers([("A", "b"), ("a", "c")])) == "Headers([('A', 'b'), ('a', 'c')])"


# --- path and query


@pytest.mark.parametrize(
    ("target", "path"),
    [("/status", "/status"), ("/a%20b/%C3%A9?x=%20", "/a b/é"), ("/a+b", "/a+b"), ("/a%2Fb", "/a/b"), ("?x", "")],
)
def test_the_path_is_decoded_and_has_no_query(target: str, path: str) -> None:
    assert Request("GET", target).path == path


def test_the_query_is_decoded_and_the_last_of_several_values_wins() -> None:
    request = Request("GET", "/x?a=1&b=two+words&a=%C3%A9&empty=&flag")
    assert request.query == {"a": "é", "b": "two words", "empty": "", "flag": ""}
    assert request.query_all == {"a": ["1", "é"], "b": ["two words"], "empty": [""], "flag": [""]}


def test_without_a_query_there_are_no_parameters() -> None:
    assert Request("GET", "/x").query == {}
    assert Request("GET", "/x?").query_all == {}


def test_a_question_mark_in_the_query_belongs_to_it() -> None:
    assert Request("GET", "/x?a=b?c").query == {"a": "b?c"}


# --- body


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/problem+json", " application/json "]
)
def test_a_json_body_is_parsed(kind: str) -> None:
    assert post(b'{"a": [1, null]}', kind).body == {"a": [1, None]}


@pytest.mark.parametrize("body", [b"{", b"nope", b'{"a":1,}', b"\xff", b"  ", pytest.param(b"[" * 200_000, id="deep")])
def test_a_body_that_says_it_is_json_and_is_none_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"^The body is not") as caught:
        _ = post(body, "application/json").body
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 200


def test_an_empty_body_is_none_whatever_its_type() -> None:
    assert post(b"", "application/json").body is None
    assert post(b"", "text/plain").body is None
    assert post(b"").body is None


def test_a_form_is_a_dict_and_the_last_of_several_values_wins() -> None:
    kind = "application/x-www-form-urlencoded"
    assert post(b"a=1&b=two+words&a=%C3%A9&c=", kind).body == {"a": "é", "b": "two words", "c": ""}


@pytest.mark.parametrize("body", [b'{"a": 1}', b'\n {"a": 1}'])
def test_json_sent_as_a_form_is_read_as_json(body: bytes) -> None:
    assert post(body, "application/x-www-form-urlencoded").body == {"a": 1}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"\r\n[1, 2]", [1, 2]),
        (b'"text"', "text"),
        (b"{not json", "{not json"),
        (b"just text", "just text"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_a_body_without_a_type_is_json_if_it_looks_like_it_and_text_if_not(body: bytes, value: Any) -> None:
    assert post(body).body == value


def test_a_form_that_begins_like_json_is_still_a_form() -> None:
    assert post(b"[a]=1", "application/x-www-form-urlencoded").body == {"[a]": "1"}


@pytest.mark.parametrize("kind", ["text/plain", "text/html; charset=utf-8", "TEXT/CSV"])
def test_a_text_body_is_text(kind: str) -> None:
    assert post("é".encode(), kind).body == "é"


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/png", "application/xml"])
def test_any_other_body_is_bytes(kind: str) -> None:
    assert post(b'{"a":1}', kind).body == b'{"a":1}'


def test_the_body_is_read_as_what_the_handler_asks_for_whatever_its_type() -> None:
    request = post(b'{"a": "b"}', "image/png")
    assert request.json() == {"a": "b"}
    assert request.text() == '{"a": "b"}'
    assert post(b"a=b", "image/png").form() == {"a": "b"}
    with pytest.raises(BadRequest):
        post(b"a=b").json()


def test_the_bytes_stay_as_received() -> None:
    request = post(b' {"a" :1}\n', "application/json")
    assert request.body == {"a": 1}
    assert request.raw_body == b' {"a" :1}\n'


@pytest.mark.parametrize(
    ("header", "kind"), [("Text/HTML; charset=x", "text/html"), ("", ""), (" a/b ;c", "a/b"), ("junk", "junk")]
)
def test_the_content_type_is_told_without_its_parameters(header: str, kind: str) -> None:
    assert post(b"", header).content_type == kind


def test_without_a_content_type_it_is_an_empty_text() -> None:
    assert post(b"").content_type == ""


def test_an_empty_text_is_no_json_and_the_error_says_that_it_is_empty() -> None:
    with pytest.raises(BadRequest, match="empty"):
        parse_json(b" \n")


def test_json_that_is_nested_too_deeply_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="deeply"):
        parse_json(b'{"a":' * 100_000)


@given(st.binary(), st.sampled_from([None, "application/json", "application/x-www-form-urlencoded", "text/x", "a/b"]))
def test_any_body_is_read_or_is_a_bad_request(body: bytes, kind: str | None) -> None:
    request = post(body, kind)
    try:
        _ = request.body
    except BadRequest:
        assert kind == "application/json"


def test_a_response_is_an_empty_200_until_it_is_told_otherwise() -> None:
    response = Response()
    assert (response.body, response.status, response.headers) == (None, 200, {})
