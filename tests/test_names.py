from __future__ import annotations

import pytest

from devserver.names import Visitors, is_named


@pytest.mark.parametrize(
    "host",
    [
        "localhost:3000",
        "LOCALHOST",
        "demo.localhost:3000",
        "127.0.0.1:3000",
        "[::1]:3000",
        "192.168.1.5:3000",
        "[fe80::1]:3000",
        "host.docker.internal:3000",
        "host.containers.internal",
    ],
)
def test_names_that_no_stranger_can_have_are_answered(host: str) -> None:
    assert Visitors().refusal("POST", {"Host": host}, ()) == ""


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example.com:3000",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "xlocalhost",
        "internal",
        "host.docker.internal.example.com",
        "[::1",
        "a b",
        "",
        "user@localhost.example:1",
    ],
)
def test_other_names_are_refused_with_the_setting_that_allows_them(host: str) -> None:
    visitors = Visitors()
    for _ in range(2):  # known by now
        assert "dev.hosts" in visitors.refusal("GET", {"Host": host}, ())


def test_who_says_no_name_is_no_browser() -> None:
    assert Visitors().refusal("POST", {}, ()) == ""


def test_names_of_the_users_count_from_when_they_are_set_and_no_longer() -> None:
    visitors, headers = Visitors(), {"Host": "fn.test:3000"}
    names = ["Fn.Test"]

    assert visitors.refusal("GET", headers, ()) != ""
    assert visitors.refusal("GET", headers, names) == ""
    assert visitors.refusal("GET", headers, ["other.test"]) != ""


@pytest.mark.parametrize("name", ["example.com", "a.example.com", "a.b.EXAMPLE.com"])
def test_a_dot_in_front_stands_for_all_names_below(name: str) -> None:
    assert is_named(f"https://{name}:8080", [".example.com"])
    assert not is_named(f"https://x{name}", ["example.com"])
    assert not is_named("https://badexample.com", [".example.com"])


@pytest.mark.parametrize(
    "origin", ["https://example.com", "null", "http://10.0.0.1", "http://localhost.example", "[", ""]
)
def test_a_page_of_another_site_may_look_and_do_nothing(origin: str) -> None:
    visitors, headers = Visitors(), {"Host": "localhost:3000", "Origin": origin}

    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert "dev.hosts" in visitors.refusal(method, headers, ())
    for method in ("GET", "HEAD", "OPTIONS"):
        assert visitors.refusal(method, headers, ()) == ""
    assert "dev.hosts" in visitors.refusal("GET", {**headers, "Upgrade": "websocket"}, ())


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:3000", "http://localhost:5173"),
        ("127.0.0.1:3000", "http://demo.localhost"),
        ("192.168.1.5:3000", "http://192.168.1.5:3000"),
        ("localhost:3000", "https://shop.example.com"),
    ],
)
def test_pages_of_this_machine_of_the_function_itself_and_of_the_users_sites_may(host: str, origin: str) -> None:
    assert Visitors().refusal("POST", {"Host": host, "Origin": origin}, [".example.com"]) == ""


def test_what_strangers_make_up_is_remembered_within_limits_and_shown_in_part() -> None:
    visitors = Visitors()
    for number in range(1000):
        assert len(visitors.refusal("GET", {"Host": f"{number}." + "x" * 1000}, ())) < 400
    assert len(visitors._known) < 100
    assert visitors.refusal("GET", {"Host": "localhost"}, ()) == ""
