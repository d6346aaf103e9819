from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devserver.session.exposure import Exposure, exposure_of, unprotected, warning_of
from devserver.session.terms import Terms

TOKEN = "the-token"
OURS = {"X-Fn-Token": TOKEN}
MARKS = [
    "Cf-Ray",
    "CF-Connecting-IP",
    "X-Forwarded-For",
    "x-forwarded-proto",
    "X-Forwarded-Anything",
    "Forwarded",
    "X-Real-Ip",
    "Via",
]


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_of_a_proxy_counts_only_while_the_session_is_open(mark: str) -> None:
    assert Exposure(open=True).is_from_outside({mark: "x"}, TOKEN)
    assert not Exposure().is_from_outside({mark: "x"}, TOKEN)


def test_what_has_no_mark_is_from_here_unless_a_proxy_of_the_users_leads_to_this_port() -> None:
    plain = {"Host": "127.0.0.1:3000", "User-Agent": "curl"}

    assert not Exposure(open=True).is_from_outside(plain, TOKEN)
    assert Exposure(open=True, own_proxy=True).is_from_outside(plain, TOKEN)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example.com:3000"},
        {"Host": "127.0.0.1.example.com"},
        {"Host": "[::1"},
        {"Host": "localhost:3000", "Origin": "https://example.com"},
        {"Host": "localhost:3000", "Origin": "http://localhost.example.com"},
        {"Host": "localhost:3000", "Origin": "null"},
        {"Host": "203.0.113.5:3000"},
        {"Host": "localhost:3000", "Origin": "http://wiki.internal"},
    ],
)
def test_a_page_of_another_site_is_outside_whatever_browser_it_uses(headers: dict[str, str]) -> None:
    assert Exposure(open=True).is_from_outside(headers, TOKEN)
    assert not Exposure(open=True).is_from_outside({**headers, **OURS}, TOKEN)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost"},
        {"Host": "LOCALHOST:3000"},
        {"Host": "demo.localhost:3000"},
        {"Host": "host.docker.internal:3000"},
        {"Host": "[::1]:3000"},
        {"Host": "127.0.0.2:3000", "Origin": "http://localhost:5173"},
    ],
)
def test_every_name_of_this_machine_is_from_here(headers: dict[str, str]) -> None:
    assert not Exposure(open=True).is_from_outside(headers, TOKEN)


def test_a_name_that_the_user_has_given_this_machine_is_from_here() -> None:
    headers = {"Host": "fn.test:3000", "Origin": "https://fn.test"}

    assert Exposure(open=True).is_from_outside(headers, TOKEN)
    assert not Exposure(open=True).is_from_outside(headers, TOKEN, ["fn.test"])
    assert Exposure(open=True).is_from_outside({**headers, "Cf-Ray": "x"}, TOKEN, ["fn.test"])


@pytest.mark.parametrize("own_proxy", [False, True])
def test_who_has_the_token_is_one_of_us(own_proxy: bool) -> None:
    exposure = Exposure(open=True, own_proxy=own_proxy)

    assert not exposure.is_from_outside({**OURS, "X-Forwarded-For": "::1"}, TOKEN)
    for wrong in ("", "the-toke", TOKEN.upper(), "\udcff"):
        assert exposure.is_from_outside({"X-Fn-Token": wrong, "X-Forwarded-For": "::1"}, TOKEN)


@pytest.mark.parametrize(
    ("path", "readings"),
    [
        ("/dev", ("/dev", "/")),
        ("/dev/", ("/dev/", "/")),
        ("/dev/ice", ("/dev/ice", "/ice")),
        ("/developer", ("/developer",)),
        ("/ice", ("/ice",)),
        ("/", ("/",)),
    ],
)
def test_a_path_below_the_prefix_has_two_readings(path: str, readings: tuple[str, ...]) -> None:
    assert Exposure(prefix="/dev").readings(path) == readings
    assert Exposure().readings(path) == (path,)


def test_the_public_path_may_be_signed_when_the_proxy_takes_the_prefix_off() -> None:
    assert Exposure(prefix="/dev").signed_paths("/ice") == ("/ice", "/dev/ice")
    assert Exposure(prefix="/dev").signed_paths("/") == ("/", "/dev/", "/dev")  # the callback that we set is /dev
    assert Exposure().signed_paths("/ice") == ("/ice",)


def test_the_path_of_the_proof_may_come_with_the_prefix_or_without() -> None:
    exposure = Exposure(prefix="/dev", probe={"/proof": b"me"}.get)

    assert [exposure.proof(path) for path in ("/proof", "/dev/proof", "/other/proof")] == [b"me", b"me", None]
    assert Exposure().proof("/proof") is None


def test_a_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(Exposure(application=("key", "s3cret")))


def test_routes_that_anybody_can_reach_are_those_without_auth_or_signature() -> None:
    handlers = ["ice", "dice", "status", "conversation_webhook", "admin", "home"]

    assert unprotected(handlers, ["admin"], ["/echo"]) == ["/", "/status", "/webhook/conversation", "/echo"]
    assert unprotected(handlers, handlers) == []
    assert "/status, /echo" in warning_of(["/status", "/echo"])


@pytest.mark.parametrize(
    ("terms", "preference", "exposure"),
    [
        ({}, None, Exposure()),
        ({}, "on", Exposure(open=True)),
        ({"tunnel": False}, "on", Exposure()),
        (
            {"tunnel": True, "public_url": "https://a.example/x/y", "allow_unsigned": True},
            None,
            Exposure(open=True, own_proxy=True, allow_unsigned=True, prefix="/x/y"),
        ),
        ({"tunnel": True, "public_url": "https://a.example", "tunnel_name": "mine"}, None, Exposure(open=True)),
    ],
)
def test_how_far_a_session_is_open_is_known_before_it_begins(
    terms: dict[str, Any], preference: str | None, exposure: Exposure
) -> None:
    assert exposure_of(Terms(Path(), **terms), preference) == exposure
