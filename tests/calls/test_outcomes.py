"""Each row of the table of results and reasons (voice-v1.md 3.3), by a call that ends that way."""

from __future__ import annotations

import pytest

from devserver.calls.outcomes import OUTCOMES, Outcome, Row
from devserver.calls.settings import Settings
from tests.calls.documents import HANGUP, MXP, PSTN
from tests.calls.playbook import INBOUND, Player, outcome

RINGING = ["started", f"answers {PSTN}"]
BRIDGED = [*RINGING, "callee answers", "ace answers"]


@pytest.mark.parametrize(
    ("happens", "result", "reason"),
    [
        ([*BRIDGED, "caller hangs up"], "ANSWERED", "CALLERHANGUP"),
        ([*BRIDGED, "callee hangs up"], "ANSWERED", "CALLEEHANGUP"),
        ([*BRIDGED, f"patch {HANGUP}"], "ANSWERED", "MANAGERHANGUP"),
        ([*BRIDGED, "timer duration"], "ANSWERED", "TIMEOUT"),
        ([*RINGING, "timer dial"], "NOANSWER", "TIMEOUT"),
        (["started", f"answers {MXP}", "timer dial"], "BUSY", "N/A"),
        ([*RINGING, "caller hangs up"], "NOANSWER", "CANCEL"),
        ([*RINGING, "callee fails: busy"], "BUSY", "N/A"),
        ([*RINGING, "callee fails: rejected"], "BUSY", "N/A"),
        ([*RINGING, "callee fails: no answer"], "NOANSWER", "TIMEOUT"),
        ([*RINGING, "callee fails: no route"], "FAILED", "CONGESTION"),
        ([*RINGING, "callee fails: barred"], "FAILED", "BLOCKED"),
        ([*RINGING, "callee fails: no credit"], "FAILED", "NOCREDITPARTNER"),
        ([*RINGING, "callee fails: unknown user"], "FAILED", "USERNOTFOUND"),
        ([*RINGING, "callee fails: answered elsewhere"], "N/A", "OTHERPEERANSWERED"),
        ([*RINGING, "callee fails: error"], "FAILED", "GENERALERROR"),
        (["started", "no answer", "prompt ends"], "FAILED", "CALLBACKERROR"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else value,
)
def test_a_call_ends_with_the_result_and_reason_of_the_table(happens: list[str], result: str, reason: str) -> None:
    player = Player()
    for line in happens:
        player.say(line)
    player.say("dice answers")

    assert outcome(player) == Outcome(result, reason)
    dice = player.callback("dice").payload
    assert (dice["result"], dice["reason"]) == (result, reason)


def test_a_row_can_be_replaced_by_a_setting() -> None:
    row = Row(Outcome("BUSY", "BUSY"), Outcome("BUSY", "BUSY"), "Busy.", "ours")
    player = Player(INBOUND, Settings(outcomes={"busy": row}))
    for line in [*RINGING, "callee fails: busy", "dice answers"]:
        player.say(line)

    assert outcome(player) == Outcome("BUSY", "BUSY")


def test_every_row_says_what_happened_and_where_that_is_written() -> None:
    assert all(row.why.endswith(".") and row.source for row in OUTCOMES.values())
