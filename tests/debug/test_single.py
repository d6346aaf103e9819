"""One session out of many, in front of an adapter that the test scripts: session 0 is the root's."""

from __future__ import annotations

from typing import Any

from tests.debug.test_relay import Stage, relaying
from tests.fakes.debug_adapter import Client


async def attached(stage: Stage, **arguments: Any) -> Client:
    client = await stage.client()
    assert (await client.attach(**arguments))["success"]
    return client


async def host(stage: Stage, pid: int) -> int:
    """A host appears; gives the number of its session."""
    number = len(stage.adapter.asked)
    stage.adapter.say(0, "debugpyAttach", subProcessId=pid)
    await stage.adapter.until(lambda: len(stage.adapter.asked) > number)
    await stage.adapter.until(lambda: "configurationDone" in stage.adapter.commands(number))
    return number


async def test_what_the_client_has_set_is_told_to_every_host_before_it_may_go_on() -> None:
    async with relaying(single=True) as stage:
        client = await attached(stage, justMyCode=False)
        await client.ask("setBreakpoints", source={"path": "/a.py"}, breakpoints=[{"line": 1}])
        await client.ask("setBreakpoints", source={"path": "/b.py"}, breakpoints=[{"line": 2}])
        await client.ask("setBreakpoints", source={"path": "/a.py"}, breakpoints=[{"line": 9}])
        await client.ask("setExceptionBreakpoints", filters=["uncaught"])
        number = await host(stage, 7)

        asked = stage.adapter.asked[number]
        assert [each["command"] for each in asked] == [
            *(
                "initialize",
                "attach",
                "setBreakpoints",
                "setBreakpoints",
                "setExceptionBreakpoints",
                "configurationDone",
            ),
        ]
        assert asked[0]["arguments"]["supportsStartDebuggingRequest"] is False
        assert asked[1]["arguments"] == {"justMyCode": False, "subProcessId": 7}
        assert [each["arguments"]["breakpoints"] for each in asked[2:4]] == [[{"line": 9}], [{"line": 2}]]
        assert [each for each in client.heard if each.get("event") == "debugpyAttach"] == []


async def test_what_is_set_while_a_host_is_being_opened_is_what_it_knows_in_the_end() -> None:
    async with relaying(single=True) as stage:
        client = await attached(stage)
        await client.ask("setBreakpoints", source={"path": "/a.py"}, breakpoints=[{"line": 1}])
        stage.adapter.holds_at = "attach"
        stage.adapter.say(0, "debugpyAttach", subProcessId=7)
        await stage.adapter.until(lambda: len(stage.adapter.asked) > 1 and "attach" in stage.adapter.commands(1))
        stage.relay.follow(7)
        number = client.send("setBreakpoints", source={"path": "/a.py"}, breakpoints=[{"line": 9}])
        await stage.adapter.until(lambda: stage.adapter.commands(0).count("setBreakpoints") == 2)
        assert stage.adapter.commands(1) == ["initialize", "attach"], "it would refuse anything else"

        stage.adapter.go_on()
        assert (await client.until(lambda each: each.get("request_seq") == number))["success"]
        told = [each["arguments"] for each in stage.adapter.asked[1] if each["command"] == "setBreakpoints"]
        assert {each["breakpoints"][0]["line"] for each in told} == {9}


async def test_what_is_set_while_the_host_that_answers_ends_is_set() -> None:
    async with relaying(single=True) as stage:
        client = await attached(stage)
        session = await host(stage, 7)
        stage.relay.follow(7)
        stage.adapter.holds_at = "setBreakpoints"
        number = client.send("setBreakpoints", source={"path": "/a.py"}, breakpoints=[{"line": 1}])
        await stage.adapter.until(lambda: "setBreakpoints" in stage.adapter.commands(session))
        stage.adapter.hang_up(session)
        stage.adapter.go_on()

        assert (await client.until(lambda each: each.get("request_seq") == number))["success"]


async def test_numbers_of_two_hosts_do_not_collide_and_lead_back() -> None:
    async with relaying(single=True) as stage:
        frames = {"stackFrames": [{"id": 2, "line": 1, "source": {"path": "/f.py", "sourceReference": 0}}]}
        stage.adapter.answers["stackTrace"] = lambda _: frames
        stage.adapter.answers["scopes"] = lambda _: {"scopes": [{"variablesReference": 2}]}
        client = await attached(stage)
        sessions = [await host(stage, pid) for pid in (7, 8)]
        stage.relay.follow(7)
        threads, frame_ids = [], []
        for session in sessions:
            seen = len(client.heard)
            stage.adapter.say(session, "stopped", threadId=1, reason="breakpoint")
            stopped = await client.until(lambda e, n=seen: e.get("event") == "stopped" and e not in client.heard[:n])  # type: ignore[misc]
            threads.append(stopped["body"]["threadId"])
            stack = await client.ask("stackTrace", threadId=threads[-1])
            frame_ids.append(stack["body"]["stackFrames"][0]["id"])
            assert stack["body"]["stackFrames"][0]["source"]["sourceReference"] == 0

        assert len({*threads, *frame_ids}) == 4
        for session, frame in zip(sessions, frame_ids, strict=True):
            await client.ask("scopes", frameId=frame)
            assert stage.adapter.asked[session][-1]["arguments"] == {"frameId": 2}
        await client.ask("continue", threadId=threads[1])
        assert stage.adapter.asked[sessions[1]][-1]["command"] == "continue"


async def test_the_threads_are_those_of_the_host_that_answers_and_of_those_that_stand() -> None:
    async with relaying(single=True) as stage:
        stage.adapter.answers["threads"] = lambda _: {"threads": [{"id": 1, "name": "MainThread"}]}
        client = await attached(stage)
        old, new = [await host(stage, pid) for pid in (7, 8)]
        stage.relay.follow(7)
        assert len((await client.ask("threads"))["body"]["threads"]) == 1

        stage.adapter.say(old, "stopped", threadId=1, reason="breakpoint")
        await client.event("stopped")
        stage.relay.follow(8)
        names = [thread["name"] for thread in (await client.ask("threads"))["body"]["threads"]]
        assert names == ["MainThread (of an earlier generation)", "MainThread"]

        stage.adapter.hang_up(old)
        await client.until(lambda each: each.get("event") == "continued")
        assert [thread["name"] for thread in (await client.ask("threads"))["body"]["threads"]] == ["MainThread"]
        assert not [each for each in client.heard if each.get("event") == "terminated"]
        assert new


async def test_a_request_about_a_host_that_has_ended_is_answered() -> None:
    async with relaying(single=True) as stage:
        client = await attached(stage)
        number = await host(stage, 7)
        stage.relay.follow(7)
        stage.adapter.say(number, "stopped", threadId=5, reason="breakpoint")
        thread = (await client.event("stopped"))["threadId"]
        stage.adapter.hangs_up_at = "stackTrace"
        assert not (await client.ask("stackTrace", threadId=thread))["success"]


async def test_without_a_host_the_root_answers() -> None:
    async with relaying(single=True) as stage:
        stage.adapter.answers["threads"] = lambda _: {"threads": [{"id": 1, "name": "fn dev"}]}
        client = await attached(stage)

        assert [each["name"] for each in (await client.ask("threads"))["body"]["threads"]] == ["fn dev"]
        assert (await client.ask("evaluate", expression="1"))["success"]
        assert stage.adapter.commands(0)[-1] == "evaluate"


async def test_a_second_client_is_refused_here_too() -> None:
    async with relaying(single=True) as stage:
        await attached(stage)
        second = await stage.client()

        assert "one at a time" in (await second.attach())["message"]
        assert stage.told.said == ["attached Tests", "refused Tests"]


async def test_to_leave_ends_every_session() -> None:
    async with relaying(single=True) as stage:
        client = await attached(stage)
        number = await host(stage, 7)
        assert (await client.ask("disconnect"))["success"]
        await client.close()
        await stage.told.until("detached Tests")

        assert stage.adapter.commands(0)[-1] == "disconnect"
        assert stage.adapter.commands(number)[-1] == "disconnect"


async def test_who_vanishes_ends_every_session() -> None:
    async with relaying(single=True) as stage:
        client = await attached(stage)
        number = await host(stage, 7)
        await client.close()
        await stage.told.until("detached Tests")

        assert stage.adapter.commands(0)[-1] == "disconnect"
        assert stage.adapter.commands(number)[-1] == "disconnect"
