"""The port that clients find, in front of an adapter that the test scripts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devserver.debug.relay import Relay, redirected
from devserver.session.ports import listen, port_of
from tests.fakes.debug_adapter import Client, FakeAdapter, fake_adapter


@dataclass
class Told:
    """What the session is told of clients."""

    said: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def attached(self, name: str) -> None:
        self._say(f"attached {name}")

    def detached(self, name: str) -> None:
        self._say(f"detached {name}")

    def refused(self, name: str) -> None:
        self._say(f"refused {name}")

    def left_alone(self, name: str) -> None:
        self._say(f"left alone {name}")

    def _say(self, text: str) -> None:
        self.said.append(text)
        self.news.set()

    async def until(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(15):
            while self.said.count(text) < times:
                self.news.clear()
                await self.news.wait()


@dataclass
class Stage:
    adapter: FakeAdapter
    relay: Relay
    told: Told
    clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        client = await Client.connect(self.relay.port)
        self.clients.append(client)
        return client


@asynccontextmanager
async def relaying(*, single: bool = False) -> AsyncIterator[Stage]:
    sockets = listen(0, flag="--debug")
    async with fake_adapter() as adapter:
        told = Told()
        relay = Relay(adapter.where, told, port_of(sockets))
        serving = asyncio.create_task(relay.serve(sockets, single=single))
        stage = Stage(adapter, relay, told)
        try:
            yield stage
        finally:
            for client in stage.clients:
                await client.close()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            for each in sockets:
                each.close()


async def test_messages_pass_both_ways_as_they_are() -> None:
    async with relaying() as stage:
        client = await stage.client()
        stage.adapter.answers["evaluate"] = lambda message: {"result": message["arguments"]["expression"] * 2}
        await client.ask("initialize", clientName="Tests", odd={"ü": [1.5, None]})
        answer = await client.ask("evaluate", expression="ab" * 40_000)

        assert answer["body"]["result"] == "ab" * 80_000
        assert stage.adapter.asked[0][0]["arguments"] == {"clientName": "Tests", "odd": {"ü": [1.5, None]}}


async def test_the_session_is_told_when_a_client_is_attached_and_when_it_goes() -> None:
    async with relaying() as stage:
        client = await stage.client()
        assert (await client.attach())["success"]
        assert stage.told.said == ["attached Tests"]
        await client.close()
        await stage.told.until("detached Tests")

        assert stage.adapter.commands(0)[-1] == "disconnect", "said for a client that vanished"


async def test_a_client_that_says_goodbye_is_not_said_goodbye_for() -> None:
    async with relaying() as stage:
        client = await stage.client()
        await client.attach()
        client.send("disconnect")
        await client.close()
        await stage.told.until("detached Tests")

        assert stage.adapter.commands(0).count("disconnect") == 1


async def test_a_second_client_is_refused_in_words_that_an_editor_shows() -> None:
    async with relaying() as stage:
        first, second = await stage.client(), await stage.client()
        await first.attach()
        refused = await second.attach()

        assert not refused["success"]
        assert "one at a time" in refused["message"]
        assert refused["body"]["error"]["showUser"] is True
        await second.until(lambda message: message.get("event") == "terminated")
        assert stage.told.said == ["attached Tests", "refused Tests"]
        assert "attach" not in stage.adapter.commands(1)
        assert (await first.ask("threads"))["success"]
        await second.close()
        assert (await first.ask("threads"))["success"], "that the second goes is nothing to the first"


async def test_one_client_after_the_other_is_welcome() -> None:
    async with relaying() as stage:
        for number in range(3):
            client = await stage.client()
            assert (await client.attach())["success"]
            await client.close()
            await stage.told.until("detached Tests", number + 1)
        assert stage.told.said == ["attached Tests", "detached Tests"] * 3


async def test_to_launch_is_refused() -> None:
    async with relaying() as stage:
        client = await stage.client()
        await client.ask("initialize")
        answer = await client.ask("launch", program="x.py")

        assert (answer["success"], stage.adapter.commands(0)) == (False, ["initialize"])
        assert "attaches" in answer["message"]


async def test_child_sessions_are_sent_to_this_port_and_are_no_second_client() -> None:
    async with relaying() as stage:
        client = await stage.client()
        await client.attach(subProcess=True)
        stage.adapter.say(
            0, "debugpyAttach", subProcessId=77, connect={"host": "127.0.0.1", "port": 1}, justMyCode=True
        )
        told = await client.event("debugpyAttach")
        assert told["connect"] == {"host": "127.0.0.1", "port": stage.relay.port}
        assert (told["subProcessId"], told["justMyCode"], told["name"]) == (77, True, "function (process 77)")

        child = await stage.client()
        assert (await child.attach(**told))["success"]
        await child.close()
        assert (await client.ask("threads"))["success"]
        assert stage.told.said == ["attached Tests"]


def test_the_request_to_open_a_session_is_redirected_too() -> None:
    body = b'{"seq":1,"type":"request","command":"startDebugging","arguments":{"request":"attach","configuration":'
    body += b'{"subProcessId":7,"connect":{"port":1}}}}'

    assert b'"connect":{"host":"127.0.0.1","port":5678}' in redirected(body, 5678)


async def test_a_client_that_opens_none_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devserver.debug.relay._PATIENCE", 0.01)
    async with relaying() as stage:
        client = await stage.client()
        await client.attach()
        stage.adapter.say(0, "debugpyAttach", subProcessId=77)
        await stage.told.until("left alone Tests")


async def test_who_stays_in_the_session_of_a_process_that_is_gone_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("devserver.debug.relay._LINGER", 0.01)
    async with relaying() as stage:
        client, child = await stage.client(), await stage.client()
        await client.attach()
        await child.attach(subProcessId=77)
        for session in (0, 1):
            stage.adapter.say(session, "terminated")
        await child.end()

        assert (await client.ask("threads"))["success"], "the root session is the client's to end"


async def test_what_speaks_something_else_is_hung_up_on() -> None:
    async with relaying() as stage:
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"Content-Length: 3\r\n\r\n{]}"):
            client = await stage.client()
            client.send_raw(data)
            await client.end()
        assert stage.told.said == []


async def test_an_adapter_that_goes_takes_the_client_along() -> None:
    async with relaying() as stage:
        client = await stage.client()
        await client.attach()
        stage.adapter.hang_up(0)
        await client.end()
        await stage.told.until("detached Tests")


async def test_an_adapter_that_is_not_there_hangs_up() -> None:
    async with relaying() as stage:
        stage.adapter.address = ("127.0.0.1", 1)
        client = await stage.client()
        client.send("initialize")
        await client.end()


async def test_breakpoints_are_noted(tmp_path: Path) -> None:
    async with relaying() as stage:
        client = await stage.client()
        await client.attach()
        path = str(tmp_path / "function.py")
        await client.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": 3}])

        began = asyncio.get_running_loop().time()
        await stage.relay.placing.settle({path: 0.0})
        assert asyncio.get_running_loop().time() - began < 0.01
