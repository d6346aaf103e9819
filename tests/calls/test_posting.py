"""Callbacks on their way: so many at once, in order, none lost."""

from __future__ import annotations

import asyncio

from devserver.calls.commands import SendCallback
from devserver.calls.delivery import Delivered, Unusable
from devserver.calls.posting import Post
from tests.fakes.pretend_function import PretendFunction

URL = "http://127.0.0.1:3000/"


def callback(number: int) -> SendCallback:
    return SendCallback(number, "ice", {"event": "ice"}, (URL,), 5.0, "svaml")


def usable(_status: int, _body: bytes) -> str:
    return ""


async def sent(post: Post, count: int) -> list[Delivered]:
    """Send so many and wait for all of them."""
    found: list[Delivered] = []
    everything = asyncio.Event()

    def done(delivered: Delivered) -> None:
        found.append(delivered)
        if len(found) == count:
            everything.set()

    for number in range(count):
        post.send(callback(number), usable, done)
    await asyncio.wait_for(everything.wait(), 10)
    return found


async def test_all_arrive_in_order_and_never_too_many_at_once() -> None:
    function = PretendFunction(ice=b"{}")
    post = Post(function, 5)
    assert len(await sent(post, 100)) == 100
    assert [command.callback for command in function.sent] == list(range(100))
    assert function.most_in_flight == 5
    await post.close()


async def test_what_waits_is_no_task() -> None:
    function = PretendFunction(ice=b"{}")
    function.gate.clear()
    post = Post(function, 3)
    before = len(asyncio.all_tasks())
    for number in range(1000):
        post.send(callback(number), usable, lambda _delivered: None)
    await function.arrived.wait()
    assert len(asyncio.all_tasks()) - before == 3
    await post.close()


async def test_what_is_not_wanted_any_more_is_not_sent_but_comes_back() -> None:
    function = PretendFunction(ice=b"{}")
    post = Post(function, 1)
    back: asyncio.Future[Delivered] = asyncio.get_running_loop().create_future()
    post.send(callback(1), usable, back.set_result, lambda: False)
    assert (await back).why == "It was not sent."
    assert function.sent == []


async def test_a_way_that_breaks_brings_a_sentence_back() -> None:
    async def broken(command: SendCallback, unusable: Unusable) -> Delivered:
        raise OSError("no network")

    found = await sent(Post(broken, 1), 2)
    assert [each.why for each in found] == ["It could not be sent: OSError: no network"] * 2


async def test_closing_gives_up_what_is_in_flight_and_what_waits() -> None:
    function = PretendFunction(ice=b"{}")
    function.gate.clear()
    post = Post(function, 1)
    came: list[Delivered] = []
    for number in range(3):
        post.send(callback(number), usable, came.append)
    await function.arrived.wait()
    await post.close()
    assert came == []
    assert len(function.sent) == 1
