"""The table of rules: credentials that nobody told us of are gone in every position, and nothing else is touched."""

from __future__ import annotations

import json
import logging
import string
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devserver.recorder import redaction
from devserver.recorder.redaction import RULES, Redactor, by_rules

few = settings(deadline=None, max_examples=100)
CALLBACKS = Path(__file__).parents[2] / "fixtures" / "callbacks"

NAMES = [
    *("password", "Password", "passwd", "db_password", "secret", "clientSecret", "SINCH_APPLICATION_SECRET", "token"),
    *(
        "accessToken",
        "refresh_token",
        "x-auth-token",
        "apiKey",
        "api_key",
        "API-Key",
        "apikey",
        "aws_secret_access_key",
    ),
    *("private_key", "privateKey", "Authorization", "credentials", "passphrase", "user.password"),
]
names = st.sampled_from(NAMES)
# Nothing that only a marker has, and not so few characters that they stand elsewhere by chance.
values = st.text(string.ascii_letters + string.digits + "-._~", min_size=9, max_size=30).filter(
    lambda value: not value.isdigit() or len(value) < 20
)
texts = st.text(min_size=9, max_size=30).filter(
    lambda value: value.strip() and not value.startswith("[") and value.isprintable()
)


def gone(value: str, data: bytes) -> bytes:
    clean = by_rules(data)
    assert b"[redacted]" in clean, data
    assert value.encode() not in clean, clean
    assert by_rules(clean) is clean
    return clean


# --- fields ----------------------------------------------------------------------------------------------------


@few
@given(names, texts, st.booleans(), st.sampled_from([None, 1, ","]), st.integers(0, 3))
def test_a_private_field_of_json_at_any_depth_of_wrapping(
    name: str, value: str, plain: bool, indent: int | str | None, depth: int
) -> None:
    document: object = {"before": 'x"y\\', name: value, "after": ["kept", {"n": 1}]}
    separators = (",", ":") if indent == "," else None
    for _ in range(depth):
        document = {"wrapped": json.dumps(document, ensure_ascii=plain), "also": "kept"}
    data = json.dumps(document, ensure_ascii=plain, indent=1 if indent == 1 else None, separators=separators).encode()
    clean = by_rules(data)
    found = json.loads(clean)
    for _ in range(depth):
        assert found["also"] == "kept"
        found = json.loads(found["wrapped"])
    assert found == {"before": 'x"y\\', name: "[redacted]", "after": ["kept", {"n": 1}]}


@few
@given(names, st.integers(1000, 10**18))
def test_a_private_number_of_json_becomes_a_text(name: str, value: int) -> None:
    assert json.loads(by_rules(json.dumps({name: value, "n": value}).encode())) == {name: "[redacted]", "n": value}


@few
@given(names, values, st.sampled_from([b"a=1&%s", b"%s&a=1", b"%s", b"/hook?%s#x", b"GET https://x/y?b=2&%s HTTP/1.1"]))
def test_a_private_parameter_of_a_form_or_a_url(name: str, value: str, around: bytes) -> None:
    clean = gone(value, around % urlencode({name: value}).encode())
    assert clean == around % f"{quote(name)}=[redacted]".encode()


@few
@given(names, texts)
def test_a_private_parameter_of_any_text_and_of_a_url_in_a_url(name: str, value: str) -> None:
    assert by_rules(f"a=1&{urlencode({name: value})}&b=2".encode()) == f"a=1&{name}=[redacted]&b=2".encode()
    inner = "https://x/?" + urlencode({"a": 1, name: "secret-value", "b": 2})
    assert b"secret-value" not in by_rules(urlencode({"next": inner, "c": 3}).encode())
    assert by_rules(urlencode({"next": inner, "c": 3}).encode()).endswith(b"%26b%3D2&c=3")


@few
@given(names, values, st.integers(0, 2))
def test_json_in_a_form(name: str, value: str, times: int) -> None:
    inner = json.dumps({"a": 1, name: value, "b": "kept"})
    for _ in range(times):
        inner = quote(inner, safe="")
    data = urlencode({"payload": inner, "c": 3}).encode()
    assert gone(value, data).endswith(b"&c=3")


# --- logs and tracebacks ---------------------------------------------------------------------------------------


LINES: dict[str, Callable[[str, str], str]] = {
    "assignment": lambda name, value: f"connecting with {name}={value}, then on",
    "literal": lambda name, value: f'    {name} = "{value}"',
    "dictionary": lambda name, value: f"got { ({'a': 1, name: value}) } from there",
    "bearer": lambda _, value: f"sending Authorization: Bearer A1{value}",
    "basic": lambda _, value: f"sending Basic {b64encode(f'me:{value}'.encode()).decode()} to them",
    "address": lambda _, value: f"postgresql://user:{value}@db.example/x refused",
    "json": lambda name, value: f"answered {json.dumps({name: value})}",
}


def encoded(value: str) -> str:
    return b64encode(f"me:{value}".encode()).decode()


@few
@given(st.sampled_from(sorted(LINES)), names, values)
def test_a_log_line_a_field_and_a_traceback(line: str, name: str, value: str) -> None:
    text = LINES[line](name, value)
    redactor = Redactor({})
    for clean in (
        redactor.text(text),
        redactor.text(f"\x1b[2m{text}\x1b[0m"),
        redactor.data(json.dumps([[], [{"text": text, "fields": {"x": text}}], None, []]).encode()).decode(),
        redactor.data(json.dumps({"traceback": f'  File "x.py"\n    {text}\nValueError: {text}'}).encode()).decode(),
    ):
        assert value not in clean
        assert encoded(value) not in clean
        assert "[redacted]" in clean
    # What was JSON is JSON.
    json.loads(redactor.data(json.dumps({"text": text, "next": "x"}).encode()))


@few
@given(st.text(max_size=40), names, st.sampled_from(["=", ": ", "': ", '": ', "='", '="', "': '", '": "', '\\": \\"']))
def test_whatever_a_log_line_ends_with_json_around_it_stays_json(before: str, name: str, after: str) -> None:
    for text in (before + name + after, before + "'" + name + after, before + '"' + name + after):
        document = {"text": text, "next": "kept", name: "v" * 9, "logs": [text, {"n": 1}], "last": text}
        found = json.loads(by_rules(json.dumps(document).encode()))
        assert found["next"] == "kept"
        assert found["logs"][1] == {"n": 1}
        assert found[name] == "[redacted]"


def test_a_private_key_goes_as_a_block() -> None:
    block = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=abc\nAbC1\n-----END RSA PRIVATE KEY-----"
    for data in (
        block,
        json.dumps({"pem": block, "n": 1}),
        urlencode({"pem": block, "n": 1}, quote_via=quote),
        urlencode({"pem": block, "n": 1}),
        block[:50],
    ):
        clean = by_rules(data.encode())
        assert b"MIIEow" not in clean
        assert b"AbC1" not in clean
    assert json.loads(by_rules(json.dumps({"pem": block, "n": 1}).encode())) == {"pem": "[redacted]", "n": 1}


def test_a_json_web_token_goes_wherever_it_stands() -> None:
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4"
    assert by_rules(f'{{"custom":"{jwt}"}}'.encode()) == b'{"custom":"[redacted]"}'


def test_values_of_headers_are_looked_at_too() -> None:
    pairs = [
        ("Referer", "https://x/?token=abcdefghi&a=1"),
        ("X-Upstream", "https://u:hunter22@x/"),
        ("X-Token-Kind", "a"),
    ]
    expected = ["https://x/?token=[redacted]&a=1", "https://u:[redacted]@x/", "a"]
    assert [value for _, value in Redactor({}).headers(pairs)] == expected


# --- what stays ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"pie","callid":"c","applicationKey":"669E367E-6BBA","custom":"tenant=1","cookie":"a=b","cli":"private"}',
        '{"instructions":[{"name":"setCookie","key":"token","value":"abcdefghij"}]}',
        '{"menuResult":{"menuId":"password","type":"sequence","value":"123456"}}',
        "Say your password: then press the hash key.",
        "Enter the access token now; your secret is safe. Basic internet package, bearer of good news.",
        "Basic internationalization and Bearer Responsibilities",
        '{"password":"","token":null,"secret":true,"tokens":12345,"secretary":"Anna Bell"}',
        '{"to":{"type":"sip","endpoint":"user@example.com:5060"}}',
        "https://example.com:8080/a@b and mailto:x@y.z",
        "token=",
        "password=[redacted]&x=1",
        '{"Authorization":"Bearer [redacted]"}',
        "def check(token: str, password: str) -> None:",
    ],
)
def test_what_is_no_credential_stays_the_very_same(text: str) -> None:
    data = text.encode()
    assert by_rules(data) is data
    assert Redactor({}).text(text) is text


def test_every_callback_of_the_fixtures_stays_the_very_same() -> None:
    files = list(CALLBACKS.rglob("*.json"))
    assert len(files) > 3
    for file in files:
        data = file.read_bytes()
        if b'"credentials"' in data:  # of the bucket that a recording goes to
            assert by_rules(data).count(b"[redacted]") == data.count(b'"credentials"'), file
        else:
            assert by_rules(data) is data, file


def test_a_known_secret_keeps_its_name_so_that_a_replay_can_put_it_back() -> None:
    redactor = Redactor({"TOKEN": "abcdefghij"})
    for text in (
        '{"token":"abcdefghij"}',
        "token=abcdefghij&a=1",
        "https://u:abcdefghij@x/",
        '{"Authorization":"Bearer abcdefghij"}',
    ):
        clean = redactor.data(text.encode())
        assert b"[secret TOKEN]" in clean
        assert redactor.restore(clean) == text.encode()


@pytest.mark.parametrize(
    "hostile",
    [
        b"\\" * 200_000,
        b'"token' * 40_000,
        b"token=" * 40_000,
        b"'password':" * 20_000,
        b'\\"token\\":\\"' * 20_000,
        b"%22token%22%3A%22" * 20_000,
        b"://a:b" * 40_000 + b"@",
        b"bearer " * 30_000,
        b"-----BEGIN PRIVATE KEY-----" * 8_000,
        b"a" * 200_000 + b"token=",
        b"eyJaaaaaaaaa.eyJ" * 15_000,
        b"passw" * 40_000 + b"@" * 10,
    ],
    ids=range(12),
)
def test_a_hostile_body_does_not_cost_more_than_its_length(hostile: bytes) -> None:
    started = time.process_time()
    by_rules(b'token secret "@' + hostile + b"@")
    assert time.process_time() - started < 2


def test_every_rule_is_found_by_its_signs() -> None:
    examples = {
        'fields with private names, in JSON: `"password": "..."`': b'{"password":"abc"}',
        "passwords in addresses: `https://user:...@host`": b"https://a:bcd@x",
        "JSON web tokens": b"eyJhbGciOiJI.eyJzdWIiOiIxMjM0In0.x",
    }
    for name, example in examples.items():
        assert RULES[name].pattern.search(example)
        assert by_rules(example) != example


def test_log_records_of_the_standard_library_are_texts_like_others() -> None:
    record = logging.LogRecord("x", 20, "f", 1, "signing in with password=%s", ("hunter2222",), None)
    assert Redactor({}).text(record.getMessage()) == "signing in with password=[redacted]"


@pytest.mark.parametrize("sign", sorted({sign for rule in RULES.values() for sign in rule.signs}))
@pytest.mark.parametrize("around", ["", "x" * 200], ids=["short", "long"])
def test_no_sign_of_a_rule_is_overlooked_by_the_first_glance(sign: str, around: str) -> None:
    assert redaction._is_suspect(f"{around}{sign.upper()}{around}")
    assert not redaction._is_suspect(around)
