"""Whole calls without a process: what is told, what is reported, and in which order, at instant speed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devserver.calls.actions import HangUp, Press
from devserver.calls.callees import Callee
from devserver.calls.chaos import Chaos
from devserver.calls.party import HumanParty, Party, RandomParty, ScriptedParty
from devserver.calls.settings import Settings
from devserver.calls.storing import Storage
from devserver.calls.switchboard import RunningCall, Switchboard, Timeline
from devserver.calls.told import CalledBack, CallReport, Ended, Heard, Joined, KeyForwarded, NotPossible, Offered, Told
from devserver.errors import FnError
from tests.calls.calling import CONTINUE, HANGUP, MENU, SALES, callout, conference, connect, inbound, said
from tests.fakes.pretend_function import PretendFunction


@asynccontextmanager
async def switchboard(function: PretendFunction, **more: Any) -> AsyncIterator[Switchboard]:
    board = Switchboard(function, **more)
    try:
        yield board
    finally:
        await board.close()


async def run(function: PretendFunction, party: Party | None = None, setup: Any = None, **more: Any) -> CallReport:
    async with switchboard(function, **more) as board:
        return await board.start(setup or inbound(), party or ScriptedParty(), keep_timeline=True).ended()


def kinds(report: CallReport) -> list[str]:
    return [type(each).__name__ for each in report.timeline]


async def test_a_call_through_a_menu_to_a_callee_and_its_end() -> None:
    function = PretendFunction(ice=MENU, pie=said("Connecting.", action=connect()["action"]), ace=CONTINUE)
    report = await run(function, ScriptedParty("1", talks=20.0))
    assert function.events == ["ice", "pie", "ace", "dice"]
    assert report.heard == ("Welcome!", "Press 1 for sales.", "Connecting.")
    assert (report.result, report.reason) == ("ANSWERED", "CALLERHANGUP")
    assert report.connected == (SALES,)
    assert report.menus == ("main",)
    assert report.keys == "1"
    assert not report.failed
    assert function.payload("pie")["menuResult"]["value"] == "sales"
    assert 20 <= report.duration < 60
    assert report.seconds < 5, "time is virtual"


async def test_a_prompt_is_heard_in_the_order_of_the_document_and_takes_its_time() -> None:
    report = await run(PretendFunction(ice=said("One two three four five six seven eight.", "Two.")))
    first, second = [each for each in report.timeline if isinstance(each, Heard)]
    assert second.at == pytest.approx(first.at + first.seconds)
    assert first.seconds > second.seconds


async def test_the_same_call_is_told_the_same_twice() -> None:
    def told(report: CallReport) -> list[Any]:
        return [
            (type(each).__name__, each.at, getattr(each, "text", ""), getattr(each, "words", ""))
            for each in report.timeline
        ]

    function = {"ice": MENU, "pie": said("Connecting.", action=connect()["action"]), "ace": CONTINUE}
    first = await run(PretendFunction(**function), ScriptedParty("2,3"))
    second = await run(PretendFunction(**function), ScriptedParty("2,3"))
    assert told(first) == told(second)


async def test_keys_go_to_one_menu_after_the_other_and_wait_for_the_prompt() -> None:
    report = await run(PretendFunction(ice=MENU, pie=HANGUP), ScriptedParty("2,w3"))
    assert report.menus == ("main", "more")
    offered = [each for each in report.timeline if isinstance(each, Offered)]
    pressed = [each for each in report.timeline if type(each).__name__ == "Pressed"]
    assert pressed[0].at >= offered[0].at + offered[0].seconds
    assert pressed[1].at >= offered[1].at + offered[1].seconds + 0.5
    assert report.callbacks[1].request["menuResult"]["value"] == "three"


async def test_silence_runs_through_all_rounds_of_a_menu_in_no_time() -> None:
    report = await run(PretendFunction(ice=MENU, pie=HANGUP))
    assert report.heard.count("Again, press 1.") == 1
    assert report.callbacks[1].request["menuResult"]["type"] == "timeout"
    assert report.duration >= 10
    assert report.seconds < 5


@pytest.mark.parametrize(
    ("does", "result", "reason"),
    [
        ("busy", "BUSY", "N/A"),
        ("rejected", "BUSY", "N/A"),
        ("no answer", "NOANSWER", "TIMEOUT"),
        ("no route", "FAILED", "CONGESTION"),
    ],
)
async def test_a_callee_who_does_not_answer(does: Any, result: str, reason: str) -> None:
    function = PretendFunction(ice=connect())
    report = await run(function, ScriptedParty(otherwise=Callee(does)))
    assert (report.result, report.reason) == (result, reason)
    assert function.events == ["ice", "dice"]
    assert report.connected == ()


async def test_a_callee_who_never_answers_rings_out_by_the_dial_timeout() -> None:
    report = await run(PretendFunction(ice=connect(dialTimeout=10)), ScriptedParty(otherwise=Callee(after=500.0)))
    assert (report.result, report.reason) == ("NOANSWER", "TIMEOUT")
    assert "NotConnected" in kinds(report)


async def test_a_test_number_behaves_as_published() -> None:
    report = await run(PretendFunction(ice=connect("+4600000000031")))
    assert report.result == "BUSY"
    assert report.timeline[-1].at == pytest.approx(7.5)


async def test_a_callee_can_hang_up_first() -> None:
    report = await run(PretendFunction(ice=connect()), ScriptedParty(callees={SALES: Callee(talks=5.0)}))
    assert report.reason == "CALLEEHANGUP"


async def test_synchronous_detection_goes_with_the_ace() -> None:
    function = PretendFunction(ice=connect(amd={"enabled": True}), ace=HANGUP)
    await run(function, ScriptedParty(otherwise=Callee(amd="machine")))
    assert function.payload("ace")["amd"]["status"] == "machine"


async def test_asynchronous_detection_tells_the_verdict_and_the_beep_later() -> None:
    function = PretendFunction(ice=connect(amd={"enabled": True, "async": True}), ace=CONTINUE)
    await run(function, ScriptedParty(otherwise=Callee(amd="machine")))
    types = [command.payload.get("type") for command in function.sent if command.event == "notify"]
    assert types == ["amd", "amd_beep"]


async def test_the_caller_hangs_up_when_a_text_was_heard() -> None:
    report = await run(PretendFunction(ice=MENU), ScriptedParty(hang_up_at="press 1"))
    assert report.reason == "CALLERHANGUP"
    assert report.keys == ""


async def test_the_caller_hangs_up_after_some_seconds() -> None:
    report = await run(PretendFunction(ice=MENU), ScriptedParty(hang_up_after=1.0))
    assert report.reason == "CALLERHANGUP"
    assert report.timeline[-1].at == pytest.approx(1.0)


async def test_speech_is_an_input_too() -> None:
    menu: dict[str, Any] = json.loads(json.dumps(MENU))
    menu["action"] |= {"enableVoice": True, "locale": "en-US"}
    menu["action"]["menus"][0]["options"][0]["input"] = "sales"
    report = await run(PretendFunction(ice=menu, pie=HANGUP), ScriptedParty(words=["Sales"]))
    assert report.callbacks[1].request["menuResult"]["inputMethod"] == "voice"


async def test_a_call_with_nobody_to_talk_to_ends_by_the_caller() -> None:
    function = PretendFunction(ice=MENU, pie=CONTINUE)
    report = await run(function, ScriptedParty("1"))
    assert "Silence" in kinds(report)
    assert report.reason == "CALLERHANGUP"


# --- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "words"),
    [(500, "status 500"), ("There was no answer within 5 s.", "no answer within"), (b"<html>", "no JSON")],
)
async def test_a_function_that_fails_is_reported(answer: Any, words: str) -> None:
    function = PretendFunction(ice=answer)
    report = await run(function)
    assert report.failed
    assert report.callbacks[0].failed
    assert words in report.callbacks[0].words
    assert report.reason == "CALLBACKERROR"
    assert report.heard == ("An error occurred. Goodbye.",)


async def test_illegal_svaml_is_reported_with_its_findings() -> None:
    function = PretendFunction(ice={"action": {"name": "connectPstn", "number": "12025550110"}})
    report = await run(function)
    assert report.failed
    assert any(finding["severity"] == "error" for finding in report.callbacks[0].findings)


async def test_an_empty_answer_to_an_ace_or_dice_is_no_failure() -> None:
    report = await run(PretendFunction(ice=connect()))
    assert [callback.event for callback in report.callbacks] == ["ice", "ace", "dice"]
    assert not report.failed


async def test_a_loop_of_callbacks_is_ended() -> None:
    function = PretendFunction(ice=MENU, pie=MENU)
    report = await run(function, settings=Settings(most_callbacks=20))
    assert "circles" in report.why
    assert function.events[-1] == "dice"


async def test_a_fault_of_ours_ends_the_call_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def react(self, told: Told) -> list[Any]:
            return [] if not isinstance(told, CalledBack) else [1 / 0]

    function = PretendFunction(ice=said("Hello."))
    async with switchboard(function) as board:
        broken = board.start(inbound("broken"), Broken())
        whole = board.start(inbound("whole"), ScriptedParty())
        assert (await whole.ended()).result == "ANSWERED"
        report = await broken.ended()
    assert report.failed
    assert "bug in fn" in report.trouble
    assert "broken" in caplog.text


async def test_a_call_that_takes_too_long_is_given_up() -> None:
    function = PretendFunction(ice=MENU)
    function.gate.clear()
    report = await run(function, most_seconds=0.05)
    assert report.failed
    assert "given up" in report.trouble
    function.gate.set()


async def test_a_call_that_waits_for_its_turn_is_not_given_up() -> None:
    function = PretendFunction(ice=HANGUP)
    function.gate.clear()
    board = Switchboard(function, callbacks_at_once=1, most_seconds=0.3)
    calls = [board.start(inbound(name), ScriptedParty()) for name in ("first", "second")]
    asyncio.get_running_loop().call_later(0.65, function.gate.set)
    reports = [await call.ended() for call in calls]
    assert [report.trouble for report in reports] == ["", ""]
    await board.close()


async def test_closing_gives_up_what_runs() -> None:
    function = PretendFunction(ice=MENU)
    function.gate.clear()
    board = Switchboard(function)
    call = board.start(inbound(), ScriptedParty())
    await function.arrived.wait()
    await board.close()
    assert call.over
    assert list(board.calls()) == []


async def test_an_id_is_used_once_at_a_time() -> None:
    async with switchboard(PretendFunction(ice=HANGUP)) as board:
        board.start(inbound("same"), ScriptedParty())
        with pytest.raises(FnError, match="running already"):
            board.start(inbound("same"), ScriptedParty())


# --- people, REST --------------------------------------------------------------------------------------------------


async def test_a_person_acts_when_a_menu_is_offered() -> None:
    function = PretendFunction(ice=MENU, pie=said("Bye."))
    async with switchboard(function) as board:

        def press(told: Told) -> None:
            if isinstance(told, Offered):
                asyncio.get_running_loop().call_soon(call.act, Press("1"))

        call = board.start(inbound(), HumanParty(), timeline=Timeline(500.0), listener=press)
        report = await call.ended()
    assert report.keys == "1"
    assert report.heard[-1] == "Bye."


def act_impossibly(call: RunningCall) -> None:
    """Press keys that nobody can press, and hang up for somebody who is not there."""
    for action in (Press("1", "callee"), Press("A"), HangUp("callee")):
        asyncio.get_running_loop().call_soon(call.act, action)


async def test_what_is_not_possible_is_told_and_changes_nothing() -> None:
    function = PretendFunction(ice=MENU, pie=HANGUP)
    told: list[Told] = []
    async with switchboard(function) as board:
        call = board.start(inbound(), ScriptedParty("1"), listener=told.append)
        call.listen(lambda each: act_impossibly(call) if isinstance(each, Offered) else None)
        report = await call.ended()
    assert len([each for each in told if isinstance(each, NotPossible)]) == 3
    assert report.result == "ANSWERED"
    assert report.keys == "1"


async def test_a_listener_who_left_is_told_nothing_more() -> None:
    told: list[Told] = []
    async with switchboard(PretendFunction(ice=HANGUP)) as board:
        call = board.start(inbound(), ScriptedParty())
        call.listen(told.append)()
        await call.ended()
    assert told == []


def code_of(refused: tuple[int, str] | None) -> int | None:
    """The REST code of a refusal."""
    return None if refused is None else refused[0]


async def parked(board: Switchboard, timeline: Timeline) -> RunningCall:
    """A call that is parked, in real time made fast."""
    here = asyncio.Event()

    def listen(told: Told) -> None:
        if isinstance(told, Heard) and told.purpose == "park":
            here.set()

    call = board.start(inbound(), HumanParty(), timeline=timeline, listener=listen)
    await here.wait()
    return call


PARK: dict[str, Any] = {"action": {"name": "park", "holdPrompt": "#tts[Please hold.]"}}


async def test_patch_takes_a_parked_call_away() -> None:
    function = PretendFunction(ice=PARK)
    async with switchboard(function) as board:
        call = await parked(board, Timeline(10.0))
        facts = board.facts("call")
        assert facts is not None
        assert not facts.over
        assert board.patch("call", json.dumps(said("Goodbye.")).encode()) is None
        report = await call.ended()
        after = board.facts("call")
        assert after is not None
        assert after.over
        assert after.result == "ANSWERED"
        assert code_of(board.patch("call", json.dumps(HANGUP).encode())) == 40400
    assert report.heard[-1] == "Goodbye."
    assert report.reason == "MANAGERHANGUP"


async def test_patch_of_what_is_illegal_is_refused_with_a_code() -> None:
    async with switchboard(PretendFunction(ice=PARK)) as board:
        await parked(board, Timeline(10.0))
        assert code_of(board.patch("call", b'{"action": {"name": "nonsense"}}')) == 40001
        assert board.patch("nobody", b"{}") == (40400, "Call not found")


async def test_a_callout_says_its_text_and_ends() -> None:
    function = PretendFunction()
    report = await run(function, setup=callout(kind="tts", text="Your pizza is ready.", enable_dice=True))
    assert report.heard == ("Your pizza is ready.",)
    assert function.events == ["dice"]
    assert report.result == "ANSWERED"


async def test_a_custom_callout_runs_the_svaml_that_it_brought() -> None:
    function = PretendFunction()
    report = await run(function, setup=callout(ace=json.dumps(said("Hello."))))
    assert report.heard == ("Hello.",)


# --- conferences ---------------------------------------------------------------------------------------------------


async def test_calls_on_one_clock_meet_in_a_conference() -> None:
    def ice(payload: dict[str, Any]) -> dict[str, Any]:
        return conference() if payload["callid"] == "first" else said("One moment.", action=conference()["action"])

    function = PretendFunction(ice=ice)
    async with switchboard(function) as board:
        clock = Timeline(epoch=0.0)
        told: list[Told] = []
        first = board.start(inbound("first"), ScriptedParty(talks=30.0), timeline=clock)
        second = board.start(inbound("second"), ScriptedParty(talks=5.0), timeline=clock, listener=told.append)
        await asyncio.gather(first.ended(), second.ended())
    joined = next(each for each in told if isinstance(each, Joined))
    assert joined.others == 1


async def test_rest_sees_holds_and_removes_participants() -> None:
    function = PretendFunction(ice=conference())
    joined = asyncio.Event()

    def listen(told: Told) -> None:
        if isinstance(told, Joined):
            joined.set()

    async with switchboard(function) as board:
        call = board.start(inbound(), HumanParty(), timeline=Timeline(10.0), listener=listen)
        await joined.wait()
        assert board.conferences.manage("room", "call", "mute") is None
        found = board.conferences.participants("room")
        assert [(each.callid, each.muted) for each in found or ()] == [("call", True)]
        assert board.conferences.manage("room", "other", "mute") == (
            40400,
            "There is no such participant or conference.",
        )
        assert board.conferences.kick("room", "call") is None
        report = await call.ended()
        assert board.conferences.participants("room") is None
        assert board.conferences.close("room") is not None
    assert report.reason == "MANAGERHANGUP"


async def test_keys_are_passed_on_in_a_conference() -> None:
    function = PretendFunction(ice=conference(conferenceDtmfOptions={"mode": "forward"}))
    told: list[Told] = []
    async with switchboard(function) as board:
        clock = Timeline()
        one = board.start(inbound("one"), HumanParty(), timeline=clock)
        two = board.start(inbound("two"), ScriptedParty(talks=60), timeline=clock, listener=told.append)
        clock.after(5.0, lambda: one.act(Press("7")))
        clock.after(8.0, lambda: one.act(HangUp()))
        await asyncio.gather(one.ended(), two.ended())
    assert [each.key for each in told if isinstance(each, KeyForwarded)] == ["7"]


# --- recordings ----------------------------------------------------------------------------------------------------


async def test_a_recording_is_a_file_that_is_told_at_the_end(tmp_path: Path) -> None:
    import wave

    record = {"name": "startRecording", "options": {"format": "wav", "transcriptionOptions": {"enabled": True}}}
    function = PretendFunction(ice={"instructions": [record, {"name": "say", "text": "Hello."}], **HANGUP})
    report = await run(function, storage=Storage(tmp_path / "recordings", "http://127.0.0.1:3002/recording/"))
    types = [command.payload.get("type") for command in function.sent if command.event == "notify"]
    assert types == ["recording_finished", "recording_available", "transcription_available"]
    path = Path(report.recordings[0])
    with wave.open(str(path)) as file:
        assert file.getnframes() > 0
    destination = next(each.payload["destination"] for each in function.sent if "destination" in each.payload)
    assert destination == f"http://127.0.0.1:3002/recording/{path.name}"
    assert json.loads(Path(report.recordings[1]).read_bytes())["text"] == "Hello."


# --- many ----------------------------------------------------------------------------------------------------------


async def test_many_calls_at_once_none_lost_and_the_function_asked_within_bounds() -> None:
    function = PretendFunction(ice=MENU, pie=connect(), ace=CONTINUE)
    async with switchboard(function, callbacks_at_once=8) as board:
        calls = [board.start(inbound(f"n{n}"), RandomParty(n), remember=False) for n in range(300)]
        reports = await asyncio.gather(*(call.ended() for call in calls))
    assert len({report.callid for report in reports}) == 300
    assert all(report.result for report in reports)
    assert all(report.callbacks[-1].event == "dice" for report in reports)
    assert function.most_in_flight == 8
    assert board.facts("n1") is None, "not to be remembered"


async def test_random_parties_do_the_same_again() -> None:
    def answers() -> PretendFunction:
        return PretendFunction(ice=MENU, pie=connect(), ace=CONTINUE)

    def told(report: CallReport) -> tuple[Any, ...]:
        return report.keys, report.heard, report.result, report.reason, report.duration

    for seed in range(20):
        assert told(await run(answers(), RandomParty(seed))) == told(await run(answers(), RandomParty(seed)))


@pytest.mark.parametrize("seed", range(12))
async def test_chaos_does_the_same_again_and_every_call_ends(seed: int) -> None:
    async def once() -> tuple[Any, ...]:
        function = PretendFunction(ice=MENU, pie=connect(), ace=CONTINUE)
        async with switchboard(function) as board:
            call = board.start(inbound(), ScriptedParty("1"), chaos=Chaos(seed), keep_timeline=True)
            report = await call.ended()
        return report.result, report.reason, report.duration, kinds(report)

    first = await once()
    assert first == await once()
    assert first[3][-1] == Ended.__name__


async def test_a_lost_callback_is_not_blamed_on_the_function() -> None:
    lost = next(seed for seed in range(500) if Chaos(seed).plan("ice", 1).kind == "lost")
    function = PretendFunction(ice=MENU)
    async with switchboard(function) as board:
        report = await board.start(inbound(), ScriptedParty(), chaos=Chaos(lost)).ended()
    assert "ice" not in function.events
    assert report.reason == "CALLBACKERROR"
    assert not report.callbacks[0].failed
