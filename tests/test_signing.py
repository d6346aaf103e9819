from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.signing import Verdict, decode_secret, sign, string_to_sign, verify

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "fixtures" / "signatures" / "signature-vectors.json").read_text("utf-8")
)
KEY = "669E367E-6BBA-48AB-AF15-266871C28135"
SECRET = "BeIukql3pTKJ8RGL5zo0DA=="
BODY = b'{"event":"ice","callid":"c1"}'
STAMP = "2026-01-02T03:04:05Z"

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])


def signed_headers(
    *,
    method: str = "POST",
    path: str = "/ice",
    body: bytes = BODY,
    content_type: str = "application/json",
    timestamp: str = STAMP,
    secret: str = SECRET,
) -> dict[str, str]:
    authorization = sign(
        key=KEY, secret=secret, method=method, path=path, body=body, content_type=content_type, timestamp=timestamp
    )
    return {"Authorization": authorization, "x-timestamp": STAMP, "Content-Type": "application/json"}


def check(
    headers: dict[str, str],
    *,
    method: str = "POST",
    path: str = "/ice",
    body: bytes = BODY,
    max_age_s: float | None = None,
    now: float | None = None,
) -> Verdict:
    return verify(
        key=KEY, secret=SECRET, method=method, path=path, body=body, headers=headers, max_age_s=max_age_s, now=now
    )


@each_vector
def test_string_to_sign_of_every_vector_is_reproduced(vector: dict[str, Any]) -> None:
    text = string_to_sign(
        vector["method"],
        vector["body"].encode(),
        vector["contentType"],
        vector["xTimestampHeaderValue"],
        vector["path"],
    )
    assert text == vector["stringToSign"]
    assert text.split("\n")[1] == vector["contentMd5"]


@each_vector
def test_every_vector_is_signed_with_its_signature_and_a_lower_case_scheme(vector: dict[str, Any]) -> None:
    header = sign(
        key=vector["applicationKey"],
        secret=vector["applicationSecret"],
        method=vector["method"],
        path=vector["path"],
        body=vector["body"].encode(),
        content_type=vector["contentType"],
        timestamp=vector["xTimestampHeaderValue"],
    )
    assert header == f"application {vector['applicationKey']}:{vector['signature']}"


@each_vector
def test_every_vector_verifies_as_its_sender_wrote_the_header(vector: dict[str, Any]) -> None:
    verdict = verify(
        key=vector["applicationKey"],
        secret=vector["applicationSecret"],
        method=vector["method"],
        path=vector["path"],
        body=vector["body"].encode(),
        headers={
            "AUTHORIZATION": vector["authorization"],
            "X-Timestamp": vector["xTimestampHeaderValue"],
            "content-type": vector["contentType"],
        },
    )
    assert verdict == Verdict(ok=True, unsigned=False, reason="The signature is right.")


@each_vector
def test_secrets_of_every_vector_decode_to_the_documented_bytes(vector: dict[str, Any]) -> None:
    assert decode_secret(vector["applicationSecret"]).hex() == vector["secretBytesHex"]


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (b"", "srx3SkKXw/ryFJLfwFFzZTigPxR/1+9Ae+eB3olDIjM="),
        (
            b'{"identity": {"type": "number", "endpoint": "+46700000000"}, "method": "sms"}',
            "h6rXrFayOoggyHW4ymnLlfSDkZZPg6j98lHzvOXVjvw=",
        ),
    ],
    ids=["empty body", "with a body"],
)
def test_the_values_of_the_dotnet_sdk_come_out(body: bytes, signature: str) -> None:
    """Values asserted by ApplicationSignedAuth's tests in sinch/sinch-sdk-dotnet (Apache-2.0)."""
    header = sign(
        key=KEY,
        secret=SECRET,
        method="POST",
        path="/verification/v1/verifications",
        body=body,
        content_type="application/json",
        timestamp="2014-06-04T13:41:58Z",
    )
    assert header == f"application {KEY}:{signature}"


def test_an_empty_body_has_an_empty_hash_line() -> None:
    assert string_to_sign("get", b"", "", "T", "/x") == "GET\n\n\nx-timestamp:T\n/x"


def test_a_request_without_body_needs_no_content_type() -> None:
    header = sign(key=KEY, secret=SECRET, method="GET", path="/a", body=b"", content_type="", timestamp=STAMP)
    assert check({"authorization": header, "x-timestamp": STAMP}, method="GET", path="/a", body=b"").ok


def test_method_is_signed_in_upper_case_and_the_query_is_not_signed() -> None:
    assert check(signed_headers(method="post", path="/ice?a=1"), path="/ice?b=2").ok


def test_the_key_is_compared_without_case() -> None:
    headers = signed_headers()
    headers["Authorization"] = headers["Authorization"].replace(KEY, KEY.lower())
    assert check(headers).ok


@pytest.mark.parametrize("signed_path", ["/a%20b/%C3%A5", "/a b/å"])
def test_a_signature_over_the_raw_or_the_decoded_path_fits(signed_path: str) -> None:
    assert check(signed_headers(path=signed_path), path="/a%20b/%C3%A5").ok


def test_bytes_that_are_no_text_in_a_path_still_verify() -> None:
    assert check(signed_headers(path="/%ff"), path="/%ff").ok


@pytest.mark.parametrize("secret", ["6y7_-w==", "6y7_-w", "6y7/+w==", "6y7/+w", " 6y7/+w==\n"])
def test_a_secret_is_decoded_with_either_alphabet_and_with_or_without_padding(secret: str) -> None:
    assert decode_secret(secret) == b"\xeb\x2e\xff\xfb"


@pytest.mark.parametrize("secret", ["", "   ", "not base64!", "A", "======"])
def test_a_secret_that_is_no_base64_is_refused_with_what_to_do(secret: str) -> None:
    with pytest.raises(ValueError, match="copy it again from the Sinch dashboard"):
        decode_secret(secret)


@pytest.mark.parametrize("authorization", [None, "", " ", "Basic abc", "Bearer x", "applications a:b", "application"])
def test_no_application_scheme_means_unsigned_unless_only_the_rest_is_missing(authorization: str | None) -> None:
    headers = signed_headers()
    del headers["Authorization"]
    if authorization is not None:
        headers["Authorization"] = authorization
    verdict = check(headers)
    assert not verdict.ok
    assert verdict.unsigned == (authorization != "application")


def test_basic_with_the_key_and_secret_in_clear_is_refused() -> None:
    headers = signed_headers() | {"Authorization": f"Basic {KEY}:{SECRET}"}
    assert not check(headers).ok


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("application ", "application  "), "more than one space"),
        ((f"{KEY}:", f"{KEY} "), "not of the form"),
        ((KEY, "other-key"), "signed by the application key 'other-key'"),
    ],
)
def test_a_malformed_or_foreign_header_is_refused_and_not_taken_as_unsigned(
    change: tuple[str, str], sentence: str
) -> None:
    headers = signed_headers()
    headers["Authorization"] = headers["Authorization"].replace(*change)
    verdict = check(headers)
    assert (verdict.ok, verdict.unsigned) == (False, False)
    assert sentence in verdict.reason


@pytest.mark.parametrize(("name", "line"), [("x-timestamp", "x-timestamp"), ("Content-Type", "content-type")])
def test_a_missing_signed_header_is_named(name: str, line: str) -> None:
    headers = signed_headers()
    del headers[name]
    assert check(headers).line == line


def test_text_outside_ascii_in_the_signature_is_refused_without_an_exception() -> None:
    headers = signed_headers() | {"Authorization": f"application {KEY}:å\udcff"}
    assert not check(headers).ok


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("method", {"method": "GET"}),
        ("content-type", {"content_type": "application/json; charset=utf-8"}),
        ("content-type", {"content_type": ""}),
        ("x-timestamp", {"timestamp": f"x-timestamp:{STAMP}"}),
        ("path", {"path": "/ice/"}),
        ("path", {"path": "/"}),
        ("path", {"path": ""}),
        ("path", {"path": "https://example.test/ice"}),
        ("body hash", {"body": b""}),
        ("body hash", {"body": BODY + b"\n"}),
        ("body hash", {"body": b'{"event": "ice", "callid": "c1"}'}),
        ("body hash", {"body": b'{\n  "event": "ice",\n  "callid": "c1"\n}'}),
    ],
)
def test_the_line_that_the_sender_signed_differently_is_named(line: str, changed: dict[str, Any]) -> None:
    verdict = check(signed_headers(**changed) | {"Host": "example.test"})
    assert (verdict.ok, verdict.unsigned, verdict.line) == (False, False, line)
    assert f"in the line {line}" in verdict.reason


def test_a_prefix_that_was_added_on_the_way_is_found() -> None:
    verdict = check(signed_headers(path="/v1/ice"), path="/tunnel/abc/v1/ice")
    assert verdict.line == "path"
    assert "'/v1/ice'" in verdict.reason


@pytest.mark.parametrize("header", [("X-Forwarded-Prefix", "/fn/"), ("X-Original-URI", "/fn/ice?x=1")])
def test_a_prefix_that_was_cut_on_the_way_is_found_when_the_proxy_says_so(header: tuple[str, str]) -> None:
    assert check(signed_headers(path="/fn/ice") | dict([header])).line == "path"


def test_another_secret_names_no_line_but_shows_our_string_to_sign() -> None:
    verdict = check(signed_headers(secret=base64.b64encode(b"another").decode()))
    assert verdict.line is None
    assert "another secret" in verdict.reason
    assert repr(string_to_sign("POST", BODY, "application/json", STAMP, "/ice")) in verdict.reason
    assert SECRET not in verdict.reason


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 60_000, b'{"a":"\\ud800"}', b"[" + b"1," * 99_999 + b"1]", b""])
def test_no_body_makes_the_explanation_fail(body: bytes) -> None:
    verdict = check(signed_headers(body=b"something else"), body=body)
    assert verdict.line is None


def test_age_is_checked_only_when_asked_for() -> None:
    now = 1_767_323_045.0  # STAMP
    headers = signed_headers()
    assert check(headers).ok
    assert check(headers, max_age_s=300, now=now + 299).ok
    old = check(headers, max_age_s=300, now=now + 301)
    assert (old.ok, old.line) == (False, "x-timestamp")
    assert "301 s old" in old.reason
    assert not check(headers, max_age_s=300, now=now - 301).ok


def test_age_of_a_timestamp_that_is_no_time_is_refused() -> None:
    headers = signed_headers(timestamp="yesterday") | {"x-timestamp": "yesterday"}
    assert check(headers).ok
    assert check(headers, max_age_s=300, now=0.0).line == "x-timestamp"


def test_a_timestamp_with_seven_decimals_or_without_zone_is_a_time() -> None:
    for stamp in ("2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05"):
        headers = signed_headers(timestamp=stamp) | {"x-timestamp": stamp}
        assert check(headers, max_age_s=5, now=1_767_323_045.0).ok


def test_an_age_without_now_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="only with the time of now"):
        check(signed_headers(), max_age_s=300)


@given(body=st.binary(max_size=200), path=st.text(max_size=30), content_type=st.text(min_size=1, max_size=30))
def test_what_is_signed_verifies_and_one_more_byte_does_not(body: bytes, path: str, content_type: str) -> None:
    path = f"/{path}"
    header = sign(
        key=KEY, secret=SECRET, method="POST", path=path, body=body, content_type=content_type, timestamp=STAMP
    )
    headers = {"authorization": header, "x-timestamp": STAMP, "content-type": content_type}
    assert check(headers, path=path, body=body).ok
    assert not check(headers, path=path, body=body + b"x").ok
