from __future__ import annotations

import pytest

from devserver.cloud.asking import Asked
from devserver.cloud.auth import Application, Auth, admit
from devserver.cloud.errors import Refused
from devserver.signing import sign
from tests.cloud.port import APP, basic, stamp

NOW = 1_700_000_000.0
PATH = "/v1/configuration/numbers"


def asked(*headers: tuple[str, str], path: str = PATH, body: bytes = b"") -> Asked:
    return Asked("GET", path, headers=headers, body=body)


def signed(at: float = NOW, *, path: str = PATH, timestamp: str | None = None, key: str = APP.key) -> Asked:
    stamped = stamp(at) if timestamp is None else timestamp
    signature = sign(key=key, secret=APP.secret, method="GET", path=PATH, body=b"", content_type="", timestamp=stamped)
    return asked(("Authorization", signature), ("X-Timestamp", stamped), path=path)


def admitted(request: Asked, auth: Auth = "both", clock_skew: float = 300.0) -> str:
    return admit(request, [APP], auth, clock_skew, NOW)


def refused(request: Asked, auth: Auth = "both", clock_skew: float = 300.0) -> tuple[int, str]:
    with pytest.raises(Refused) as error:
        admitted(request, auth, clock_skew)
    return error.value.code, error.value.message


@pytest.mark.parametrize(
    "request_",
    [
        asked(("Authorization", basic())),
        asked(("authorization", basic(APP.key.lower()).replace("Basic", "bAsIc"))),
        signed(),
        signed(NOW - 299),
        signed(NOW + 299),
        signed(timestamp="2023-11-14T22:13:20.1234567Z"),
    ],
    ids=["basic", "any case", "signed", "old", "from the future", "seven digits"],
)
def test_who_proves_to_know_the_secret_is_let_in(request_: Asked) -> None:
    assert admitted(request_) == APP.key


def test_a_query_is_not_signed() -> None:
    assert admitted(signed(path=f"{PATH}?page=1")) == APP.key


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        (asked(), 40100, "fn cloud application"),
        (asked(("Authorization", "")), 40100, "missing"),
        (asked(("Authorization", "Basic")), 40100, "no credentials"),
        (asked(("Authorization", "Basic ???")), 40100, "not base64"),
        (asked(("Authorization", "Basic YWJj")), 40100, "no colon"),
        (asked(("Authorization", "Basic /////w==")), 40100, "UTF-8"),
        (asked(("Authorization", basic("someone"))), 40108, "no application 'someone'"),
        (asked(("Authorization", basic(secret="wrong"))), 40108, "the secret is not that of"),
        (asked(("Authorization", basic(secret="ünläut"))), 40108, "the secret is not that of"),
        (asked(("Authorization", "Bearer abc")), 40301, "'Bearer'"),
        (asked(("Authorization", "Instance a:b")), 40301, "'Instance'"),
        (asked(("Authorization", f"Application {APP.key}")), 40100, "KEY:SIGNATURE"),
        (asked(("Authorization", f"Application {APP.key}:")), 40100, "KEY:SIGNATURE"),
        (asked(("Authorization", "application k:s")), 40101, "missing"),
        (asked(("Authorization", "application k:s"), ("x-timestamp", "today")), 40101, "'today'"),
        (asked(("Authorization", "application k:s"), ("x-timestamp", stamp(NOW))), 40108, "no application 'k'"),
        (asked(("Authorization", f"application {APP.key}:s"), ("x-timestamp", stamp(NOW))), 40102, "Invalid Signature"),
        (asked(("Authorization", f"application  {APP.key}:s"), ("x-timestamp", stamp(NOW))), 40102, "one space"),
        (signed(path="/v1/configuration/numbers/"), 40102, "in the line path"),
        (signed(NOW - 301), 40101, "301 s old"),
        (signed(NOW + 301), 40101, "dev.cloud.clockSkew"),
    ],
    ids=range(21),
)
def test_who_does_not_is_told_why(request_: Asked, code: int, said: str) -> None:
    found, message = refused(request_)

    assert found == code
    assert said in message


def test_a_request_of_any_age_is_taken_when_the_window_is_zero() -> None:
    assert admitted(signed(NOW - 1_000_000), clock_skew=0) == APP.key


def test_an_app_that_wants_signatures_refuses_basic() -> None:
    assert refused(asked(("Authorization", basic())), "signed")[0] == 40301
    assert admitted(signed(), "signed") == APP.key


def test_auth_switched_off_takes_programs_on_this_machine() -> None:
    assert admitted(asked(("Host", "127.0.0.1:3002")), "off") == APP.key
    assert admitted(asked(("Host", "localhost")), "off") == APP.key


@pytest.mark.parametrize(
    "headers",
    [
        (("Host", "127.0.0.1:3002"), ("Origin", "https://evil.example")),
        (("Host", "evil.example:3002"),),
        (("Host", "evil.example"),),
        (),
    ],
    ids=["another site", "rebound name", "no port", "no name"],
)
def test_auth_switched_off_does_not_take_web_pages(headers: tuple[tuple[str, str], ...]) -> None:
    assert refused(asked(*headers), "off")[0] == 40300


def test_a_secret_is_not_in_what_an_application_looks_like() -> None:
    assert "s3cret" not in repr(Application("key", "s3cret"))
