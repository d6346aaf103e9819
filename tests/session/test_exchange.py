from __future__ import annotations

import msgspec
import pytest

from devserver.recorder.exchange import Request
from devserver.runtime.replies import problem
from devserver.session.exchange import NO_VERDICT, Callers, InHand, Judge, Result, caller, telling

HANGUP = b'{"action": {"name": "hangup"}}'


def in_hand(event: str | None = "ice", callid: str = "c1", **payload: object) -> InHand:
    request = Request("POST", "/ice", (), b"{}")
    return InHand(1, "01id", request, event, {"callid": callid, **payload}, "local", 0.0, 30.0, callid)


def test_a_caller_of_digits_gets_its_plus_and_other_callers_stay() -> None:
    assert caller("ice", {"cli": "12015555555"}) == "+12015555555"
    assert caller("dice", {"from": "private"}) == "private"
    assert caller("pie", {}) is None


def test_later_callbacks_of_a_call_are_shown_with_its_caller() -> None:
    callers = Callers()
    callers.of(in_hand(cli="12015555555"))

    assert callers.of(in_hand("pie")) == "+12015555555"
    assert callers.of(in_hand("pie", callid="other")) is None


def test_callers_are_not_remembered_without_end() -> None:
    callers = Callers()
    for number in range(1000):
        callers.of(in_hand(callid=f"c{number}", cli="12015555555"))

    assert callers.of(in_hand("pie", callid="c0")) is None
    assert callers.of(in_hand("pie", callid="c999")) == "+12015555555"


def test_an_answer_is_judged_in_words_and_findings() -> None:
    verdict = Judge().judge("ice", {}, 200, HANGUP)

    assert (verdict.words, verdict.findings) == ("hangup", ())


@pytest.mark.parametrize(
    ("event", "body", "rule"),
    [("ice", b"{", "not-json"), ("ice", b"[" * 100_000, "not-json"), ("ace", b'{"action":{"name":"park2"}}', None)],
)
def test_an_answer_that_the_platform_would_refuse_has_findings(event: str, body: bytes, rule: str | None) -> None:
    verdict = Judge().judge(event, {}, 200, body)

    assert [finding["severity"] for finding in verdict.findings][:1] == ["error"]
    assert rule is None or verdict.findings[0]["rule"] == rule


def test_continue_is_judged_by_where_the_call_came_from() -> None:
    judge, body = Judge(), b'{"action": {"name": "continue"}}'
    from_app = judge.judge("ice", {"originationtype": "MXP"}, 200, body)
    from_phone = judge.judge("ice", {"originationtype": "PSTN"}, 200, body)

    assert {finding["severity"] for finding in from_app.findings} == {"warning"}
    assert "error" in {finding["severity"] for finding in from_phone.findings}


def test_a_failed_handler_has_no_markup_to_judge() -> None:
    assert Judge().judge("ice", {}, 500, b'{"error": "x"}') is NO_VERDICT


def test_what_is_told_of_a_refused_request_has_its_reason() -> None:
    kind, fields = telling(in_hand(None), Result(problem(404, "No handler.")), NO_VERDICT, None)

    assert (kind, fields["status"], fields["reason"]) == ("request", 404, "No handler.")


def test_what_is_told_of_a_callback_is_plain_data() -> None:
    kind, fields = telling(
        in_hand("dice", reason="CALLERHANGUP"), Result(None, {"kind": "died", "text": "x"}), NO_VERDICT, "+1"
    )

    assert kind == "callback"
    assert (fields["name"], fields["reason"], fields["from"], fields["status"]) == ("dice", "CALLERHANGUP", "+1", None)
    assert msgspec.json.decode(msgspec.json.encode(fields))["error"]["kind"] == "died"


def test_the_budget_counts_until_the_platform_had_an_answer() -> None:
    hand = in_hand("ice")
    hand.ms, hand.way = 1000.0, 0.5
    _, fields = telling(hand, Result(problem(200, "")), NO_VERDICT, None)
    hand.ms, hand.held = 90_000.0, 4000.0
    _, held = telling(hand, Result(problem(200, ""), marks=("hold",)), NO_VERDICT, None)

    assert (fields["budget"], fields["deadline"], "held" in fields) == (0.3, 5.0, False)
    assert (held["budget"], held["held"], "holding" in held) == (0.9, 4000.0, False)
