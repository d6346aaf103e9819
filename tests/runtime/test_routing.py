from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.runtime.routing import (
    OPTIONAL_EVENTS,
    VOICE_EVENTS,
    Custom,
    Refused,
    Route,
    Voice,
    event_name,
    fold,
    paths,
    route,
    voice_event,
)

HANDLERS = (*VOICE_EVENTS, "status", "get_user", "conversation_webhook", "my_service_webhook", "webhook")


def never() -> Any:
    raise AssertionError("the body was read")


def find(method: str, path: str, *handlers: str) -> Route:
    return route(method, path, handlers or HANDLERS, never)


def post_root(body: Any, *handlers: str) -> Route:
    return route("POST", "/", handlers or HANDLERS, lambda: body)


# --- Voice by path


@pytest.mark.parametrize("event", VOICE_EVENTS)
@pytest.mark.parametrize("prefix", ["", "/v1", "/api/v2/deep", "/webhook", "/status"])
def test_a_callback_is_found_by_the_last_segment_whatever_stands_before_it(event: str, prefix: str) -> None:
    assert find("POST", f"{prefix}/{event}") == Voice(event)


@pytest.mark.parametrize("path", ["/ICE", "/Ice", "/ice/", "//ice", "/ice?event=pie", "/%69ce", "/ice//?x=/status"])
def test_case_slashes_query_and_percent_encoding_do_not_hide_a_callback(path: str) -> None:
    assert find("POST", path) == Voice("ice")


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "OPTIONS"])
def test_a_callback_path_with_another_method_is_405_and_says_post(method: str) -> None:
    refused = find(method, "/x/Pie")
    assert isinstance(refused, Refused)
    assert refused.status == 405
    assert "/pie" in refused.reason
    assert "POST" in refused.reason
    assert method in refused.reason


@pytest.mark.parametrize("event", sorted(OPTIONAL_EVENTS))
def test_a_callback_that_may_be_left_out_is_still_a_callback(event: str) -> None:
    assert find("POST", f"/{event}", "ice") == Voice(event)


@pytest.mark.parametrize("event", ["ice", "pie"])
def test_a_callback_that_needs_an_answer_is_404_without_its_handler(event: str) -> None:
    refused = find("POST", f"/{event}", "status")
    assert isinstance(refused, Refused)
    assert refused.status == 404
    assert f"`{event}`" in refused.reason


def test_the_optional_callbacks_are_those_that_need_no_answer() -> None:
    assert {"ace", "dice", "notify"} == OPTIONAL_EVENTS


@pytest.mark.parametrize("name", ["Ice", "ICE", "i_ce"])
def test_a_function_that_only_resembles_a_callback_does_not_answer_it(name: str) -> None:
    refused = find("POST", "/ice", name)
    assert isinstance(refused, Refused)
    assert refused.status == 404


def test_a_callback_is_not_reached_by_another_spelling_of_its_path() -> None:
    assert isinstance(find("POST", "/i-ce"), Refused)
    assert isinstance(find("GET", "/di_ce"), Refused)


# --- Voice by event


@pytest.mark.parametrize("event", VOICE_EVENTS)
def test_a_callback_at_the_root_is_found_by_its_event(event: str) -> None:
    assert post_root({"event": event}) == Voice(event)


@pytest.mark.parametrize("body", [{"EVENT": "ICE"}, {"Event": "Ice"}, {"x": 1, "eVeNt": "iCE"}])
def test_key_and_value_of_the_event_are_read_in_any_case(body: Any) -> None:
    assert post_root(body) == Voice("ice")


@pytest.mark.parametrize("path", ["/", "", "//", "/?x=/status", "?a=b"])
def test_an_empty_path_is_the_root(path: str) -> None:
    assert route("POST", path, HANDLERS, lambda: {"event": "pie"}) == Voice("pie")


def test_the_event_of_the_body_counts_at_the_root_only() -> None:
    assert route("POST", "/status", HANDLERS, lambda: {"event": "ice"}) == Custom("status")
    assert route("POST", "/pie", HANDLERS, lambda: {"event": "ice"}) == Voice("pie")


@pytest.mark.parametrize("body", [None, [], ["ice"], "ice", 7, True, [{"event": "ice"}]])
def test_a_root_body_that_is_no_object_is_400(body: Any) -> None:
    refused = post_root(body)
    assert isinstance(refused, Refused)
    assert refused.status == 400
    assert "JSON object" in refused.reason


@pytest.mark.parametrize("body", [{}, {"event": None}, {"event": 1}, {"event": ["ice"]}, {"callid": "x"}])
def test_a_root_body_without_an_event_is_400_and_names_the_events(body: Any) -> None:
    refused = post_root(body)
    assert isinstance(refused, Refused)
    assert refused.status == 400
    assert all(event in refused.reason for event in VOICE_EVENTS)


def test_an_unknown_event_at_the_root_is_400_and_is_named() -> None:
    refused = post_root({"event": "Rice"})
    assert isinstance(refused, Refused)
    assert refused.status == 400
    assert "`rice`" in refused.reason
    assert "notify" in refused.reason


def test_a_missing_handler_for_the_event_at_the_root_is_404() -> None:
    refused = post_root({"event": "ice"}, "pie")
    assert isinstance(refused, Refused)
    assert refused.status == 404


def test_a_callback_at_the_root_goes_before_home() -> None:
    assert post_root({"event": "ice"}, "ice", "home") == Voice("ice")


# --- the root


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
@pytest.mark.parametrize("name", ["home", "default"])
def test_home_and_default_answer_the_root(method: str, name: str) -> None:
    assert find(method, "/", name, "status") == Custom(name)


def test_home_goes_before_default_and_both_have_their_own_path() -> None:
    assert find("GET", "/", "default", "home") == Custom("home")
    assert find("GET", "/default", "default", "home") == Custom("default")
    assert find("GET", "/home", "default", "home") == Custom("home")


@pytest.mark.parametrize("body", [None, {"name": "x"}, ["x"], {"event": "signup"}])
def test_a_post_to_the_root_that_is_no_callback_goes_to_home(body: Any) -> None:
    assert post_root(body, "home") == Custom("home")


def test_the_root_without_home_or_default_is_404() -> None:
    refused = find("GET", "/")
    assert isinstance(refused, Refused)
    assert refused.status == 404
    assert "`home`" in refused.reason


# --- custom handlers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_the_method_does_not_choose_a_custom_handler(method: str) -> None:
    assert find(method, "/status") == Custom("status")


@pytest.mark.parametrize("path", ["/status", "/api/status", "/api/v2/status/", "/status?a=b/c", "/%73tatus", "/Status"])
def test_the_last_segment_names_the_handler(path: str) -> None:
    assert find("GET", path) == Custom("status")


@pytest.mark.parametrize("segment", ["get_user", "get-user", "getUser", "GetUser", "GET_USER", "get%2Duser", "getuser"])
def test_dash_camel_case_and_underscore_are_the_same(segment: str) -> None:
    assert find("GET", f"/api/{segment}") == Custom("get_user")


def test_a_handler_in_camel_case_is_found_by_a_dashed_path() -> None:
    assert find("GET", "/get-user", "getUser") == Custom("getUser")


@pytest.mark.parametrize("path", ["/webhook/conversation", "/api/webhook/conversation", "/conversation_webhook"])
def test_a_webhook_path_names_the_handler_of_its_service(path: str) -> None:
    assert find("POST", path) == Custom("conversation_webhook")


@pytest.mark.parametrize("service", ["my_service", "my-service", "myService"])
def test_the_service_of_a_webhook_may_be_written_in_any_way(service: str) -> None:
    assert find("POST", f"/webhook/{service}") == Custom("my_service_webhook")


def test_a_webhook_path_without_a_service_is_an_ordinary_one() -> None:
    assert find("POST", "/webhook") == Custom("webhook")
    assert find("POST", "/webhook/") == Custom("webhook")


def test_a_webhook_path_does_not_reach_a_handler_without_the_suffix() -> None:
    refused = find("POST", "/webhook/status")
    assert isinstance(refused, Refused)
    assert refused.status == 404
    assert "`status_webhook`" in refused.reason


def test_a_service_without_the_webhook_prefix_is_not_found() -> None:
    assert isinstance(find("POST", "/conversation"), Refused)


def test_a_miss_is_404_and_suggests_a_name_that_python_takes() -> None:
    refused = find("GET", "/api/user-List")
    assert isinstance(refused, Refused)
    assert refused.status == 404
    assert "GET /api/user-List" in refused.reason
    assert "`user_list`" in refused.reason


@pytest.mark.parametrize("path", ["/a%2Fstatus", "/..%2Fstatus", "/status%00", "/status%0a", "/%ff", "/status.json"])
def test_a_segment_is_decoded_after_the_path_was_split(path: str) -> None:
    refused = find("GET", path)
    assert isinstance(refused, Refused)
    assert refused.status == 404


@given(st.text(), st.sampled_from(["GET", "POST"]))
def test_any_path_is_routed_or_refused(path: str, method: str) -> None:
    assert isinstance(route(method, path, HANDLERS, dict), Voice | Custom | Refused)


# --- naming a callback before any user code runs


@pytest.mark.parametrize(
    ("method", "path", "event"),
    [
        ("POST", "/ice", "ice"),
        ("POST", "/a/Dice?x", "dice"),
        ("GET", "/ice", None),
        ("POST", "/status", None),
        ("GET", "/", None),
    ],
)
def test_the_event_is_known_without_reading_the_body_when_the_path_says_it(
    method: str, path: str, event: str | None
) -> None:
    assert voice_event(method, path, never) == event


@pytest.mark.parametrize(
    ("body", "event"), [({"event": "ACE"}, "ace"), ({"event": "x"}, None), ({}, None), ([], None), (None, None)]
)
def test_the_event_of_a_root_post_is_read_from_its_body(body: Any, event: str | None) -> None:
    assert voice_event("POST", "/", lambda: body) == event


def test_an_event_name_is_a_text_in_lower_case() -> None:
    assert event_name({"Event": "PIE"}) == "pie"
    assert event_name({"event": 5}) is None
    assert event_name({}) is None


@given(st.from_regex(re.compile(r"[a-z]{1,8}(_[a-z]{1,8}){0,3}", re.ASCII), fullmatch=True))
def test_a_name_folds_like_its_dashed_and_its_camel_case_form(name: str) -> None:
    first, *rest = name.split("_")
    camel = first + "".join(part.capitalize() for part in rest)
    assert fold(name) == fold(name.replace("_", "-")) == fold(camel) == fold(name.upper())


def test_the_routes_are_listed_as_one_would_ask_for_them() -> None:
    assert paths(["status", "ice", "home", "conversation_webhook", "pie"]) == [
        "POST /ice",
        "POST /pie",
        "/",
        "/status",
        "/webhook/conversation",
    ]
    assert paths(["default"]) == ["/"]
    assert paths([]) == []


@pytest.mark.parametrize("name", ["status", "get_user", "conversation_webhook", "home"])
def test_every_listed_route_leads_to_its_handler(name: str) -> None:
    [path] = paths([name])
    assert find("GET", path, name) == Custom(name)
