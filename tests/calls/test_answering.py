from __future__ import annotations

import pytest

from devserver.calls.answering import unusable
from devserver.calls.commands import SendCallback
from devserver.calls.settings import Settings
from tests.calls.documents import CONTINUE, HANGUP, MENU
from tests.calls.playbook import INBOUND, callout


def sent(event: str, wants: str = "svaml") -> SendCallback:
    return SendCallback(1, event, {}, ("http://a.test",), 5.0, wants)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "wants", "status", "body", "said"),
    [
        ("ice", "svaml", 200, HANGUP, ""),
        ("ice", "svaml", 204, "", "The answer is empty."),
        ("ace", "svaml", 200, "", ""),
        ("pie", "svaml", 200, "{}", "The answer is empty."),
        ("ice", "svaml", 500, HANGUP, "The status is 500."),
        ("ice", "svaml", 302, HANGUP, "The status is 302."),
        ("ice", "svaml", 200, "<html>", "The answer is not JSON."),
        ("dice", "nothing", 200, "<html>", ""),
        ("dice", "nothing", 404, "", "The status is 404."),
    ],
)
def test_an_unusable_answer_says_why(event: str, wants: str, status: int, body: str, said: str) -> None:
    assert unusable(INBOUND, Settings(), sent(event, wants), status, body.encode()) == said


def test_whether_illegal_svaml_tries_the_fallback_is_a_setting() -> None:
    assert unusable(INBOUND, Settings(fallback_on_illegal=False), sent("ice"), 200, b"<html>") == ""


def test_what_depends_on_the_call_is_seen_too() -> None:
    asked = callout("custom", to=None)
    assert "has to connect" in unusable(asked, Settings(), sent("ice"), 200, MENU.encode())
    to_whom = b'{"action": {"name": "connectMxp"}}'
    assert "whom to connect to" in unusable(INBOUND, Settings(), sent("ice"), 200, to_whom)
    assert "phone network" in unusable(INBOUND, Settings(), sent("ice"), 200, CONTINUE.encode())
