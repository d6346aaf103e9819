"""Over a real socket pair."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from devserver.session.frames import Answer, FrameReader, Freed, Line, ToGateway
from devserver.session.host.wire import Wire


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        yield Wire(ours), theirs


def answer(number: int) -> Answer:
    return Answer(number, 200, [], b"{}", "ice", None, "")


async def test_answers_of_one_turn_of_the_event_loop_are_written_together_at_its_end(
    ends: tuple[Wire, socket.socket],
) -> None:
    wire, gateway = ends
    wire.attach(asyncio.get_running_loop())
    wire.answer(answer(1))
    wire.answer(answer(2))
    with pytest.raises(BlockingIOError):
        gateway.recv(1)

    await asyncio.sleep(0)

    assert list(FrameReader(ToGateway).feed(gateway.recv(65536))) == [answer(1), answer(2)]


def test_a_thread_may_send_and_log(ends: tuple[Wire, socket.socket]) -> None:
    wire, gateway = ends

    def work() -> None:
        wire.send(Freed(1.0))
        wire.log("error", "text")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    freed, line = FrameReader(ToGateway).feed(gateway.recv(65536))
    assert freed == Freed(1.0)
    assert isinstance(line, Line)
    assert (line.request_id, line.level, line.text) == ("", "error", "text")


def test_a_gateway_that_is_gone_is_nothing_to_read(ends: tuple[Wire, socket.socket]) -> None:
    wire, gateway = ends
    gateway.close()

    assert wire.receive() == b""
