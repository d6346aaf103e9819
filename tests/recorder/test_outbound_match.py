from __future__ import annotations

from typing import Any

import pytest

from devserver.recorder.outbound_match import asked_for, differing, distance, is_alike, is_of_same_kind, is_same

HERE = "http://127.0.0.1:3002"
BATCHES = f"{HERE}/xms/v1/P/batches"
ID, OTHER_ID = "7e3f1c52-96a7-4f0c-8f6e-0d7a3f5f0a11", "9b1d0a44-1111-4222-8333-444455556666"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BATCHES, "https://zt.us.sms.api.sinch.com/xms/v1/P/batches"),
        (BATCHES, "http://localhost:1/sms/r/us/xms/v1/P/batches"),
        (f"{HERE}/n?page=1&size=2", f"{HERE}/n?size=2&page=1"),
        (f"{HERE}/n?types=A&types=B", f"{HERE}/n?types=B&types=A"),
        (f"{HERE}/n/+12015550001", f"{HERE}/n/%2B12015550001"),
        (f"{HERE}/n/", f"{HERE}/n"),
    ],
)
def test_calls_are_the_same_wherever_they_are_sent_and_however_they_are_spelled(one: str, other: str) -> None:
    assert is_same(asked_for("GET", one, None), asked_for("GET", other, None))
    assert is_same(asked_for("GET", other, None), asked_for("GET", one, None))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("GET", BATCHES, None), ("POST", BATCHES, None)),
        (("GET", BATCHES, None), ("GET", f"{BATCHES}/1", None)),
        (("GET", f"{BATCHES}/1", None), ("GET", f"{BATCHES}/2", None)),
        (("GET", f"{BATCHES}?page=1", None), ("GET", f"{BATCHES}?page=2", None)),
        (("GET", f"{BATCHES}?page=1", None), ("GET", BATCHES, None)),
        (("GET", f"{BATCHES}?page=", None), ("GET", BATCHES, None)),
        (("POST", BATCHES, {"a": 1}), ("POST", BATCHES, {"a": True})),
        (("POST", BATCHES, {"a": 1}), ("POST", BATCHES, None)),
        (("POST", BATCHES, {"a": None}), ("POST", BATCHES, {})),
        (("POST", BATCHES, "text"), ("POST", BATCHES, "other text")),
        (("POST", BATCHES, {"to": ["+1", "+2"]}), ("POST", BATCHES, {"to": ["+2", "+1"]})),
        (("GET", f"{HERE}/v1/projects/P/apps/{ID}", None), ("GET", f"{HERE}/v1/projects/P/apps/{OTHER_ID}", None)),
    ],
)
def test_calls_for_something_else_are_neither_the_same_nor_alike(
    one: tuple[str, str, Any], other: tuple[str, str, Any]
) -> None:
    known, asked = asked_for(*one), asked_for(*other)

    assert not is_same(known, asked)
    assert not is_alike(known, asked)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ({"id": ID}, {"id": OTHER_ID}),
        ({"id": ID}, {"id": OTHER_ID.replace("-", "").upper()}),
        ({"a": [{"text": f"ref {ID}, ok"}]}, {"a": [{"text": f"ref {OTHER_ID}, ok"}]}),
        ({"send_at": "2026-01-02T03:04:05Z"}, {"send_at": "2026-05-06T07:08:09.123+02:00"}),
        ({"client_reference": "one"}, {"client_reference": "two"}),
        ({"clientReference": "one"}, {"clientReference": "two"}),
        ({"correlation_id": "one"}, {"correlation_id": "two"}),
        ({"at": 1_767_225_600}, {"at": 1_767_225_999.5}),
        ({"at": 1_767_225_600_000}, {"at": 1_767_225_600_001}),
        (f"plain {ID}", f"plain {OTHER_ID}"),
    ],
)
def test_calls_are_alike_when_only_what_is_new_each_time_differs(was: Any, now: Any) -> None:
    known, asked = asked_for("POST", BATCHES, was), asked_for("POST", BATCHES, now)

    assert is_alike(known, asked)
    assert not is_same(known, asked)
    assert differing(known, asked) == []


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ({"body": "hi"}, {"body": "bye"}),
        ({"to": ["+12015550001"]}, {"to": ["+12015550002"]}),
        ({"contact_id": "01EKJ0WBGMBNGB4X3E8ZHAZ1ZX"}, {"contact_id": "01EKJ0WBGMBNGB4X3E8ZHAZ1ZY"}),
        ({"text": f"yes {ID}"}, {"text": f"no {OTHER_ID}"}),
        ({"id": ID}, {}),
        ({"day": "2026-01-02"}, {"day": "2026-01-03"}),
        ({"count": 5}, {"count": 6}),
        ({"at": 1_767_225_600}, {"at": 1_767_225_600_000}),
        ({"flag": True}, {"flag": False}),
    ],
)
def test_calls_are_not_alike_when_something_else_was_asked_for(was: Any, now: Any) -> None:
    assert not is_alike(asked_for("POST", BATCHES, was), asked_for("POST", BATCHES, now))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{HERE}/v1/projects/P/messages:send", "https://us.conversation.api.sinch.com/v1/projects/Q/messages:send"),
        (BATCHES, f"{HERE}/sms/xms/v1/another-plan/batches"),
        (f"{HERE}/v1/projects/[secret PROJECT_ID]/apps", f"{HERE}/v1/projects/Q/apps"),
    ],
)
def test_the_call_of_another_account_is_alike(one: str, other: str) -> None:
    known, asked = asked_for("POST", one, {}), asked_for("POST", other, {})

    assert is_alike(known, asked)
    assert not is_same(known, asked)


def test_differences_are_named_by_their_field() -> None:
    known = asked_for("POST", f"{BATCHES}?page=1", {"body": "hi", "to": ["+1"], "client_reference": "a"})
    asked = asked_for("POST", f"{BATCHES}?page=2", {"body": "bye", "to": ["+1"], "client_reference": "b"})

    assert [one.text for one in differing(known, asked)] == ["query, page: 1 -> 2", "body: hi -> bye"]


def test_the_nearest_is_of_the_same_kind_and_differs_least() -> None:
    asked = asked_for("POST", BATCHES, {"a": 1, "b": 2})
    far = asked_for("GET", f"{HERE}/v1/projects/P/apps", None)
    neighbour = asked_for("GET", f"{BATCHES}/1", None)
    two, one = asked_for("POST", BATCHES, {"a": 3, "b": 4}), asked_for("POST", BATCHES, {"a": 1, "b": 4})

    assert sorted([far, two, neighbour, one], key=lambda known: distance(known, asked)) == [one, two, neighbour, far]
    assert not is_of_same_kind(neighbour, asked)


@pytest.mark.parametrize("url", ["", "http://[", "no url at all", "http://h", "//"])
def test_an_unusable_url_is_no_error(url: str) -> None:
    assert not is_alike(asked_for("GET", url, None), asked_for("GET", BATCHES, None))
