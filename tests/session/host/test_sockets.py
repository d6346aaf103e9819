from __future__ import annotations

import pytest

from devserver.session.frames import Message, SocketClose, SocketData
from devserver.session.host.sockets import WebSocket


@pytest.fixture
def sent() -> list[Message]:
    return []


@pytest.fixture
async def socket(sent: list[Message]) -> WebSocket:
    return WebSocket(7, sent.append)


async def test_what_is_sent_goes_out_with_the_number_of_the_connection(socket: WebSocket, sent: list[Message]) -> None:
    await socket.send("text")
    await socket.send(b"bytes")

    assert sent == [SocketData(7, "text"), SocketData(7, b"bytes")]


async def test_messages_come_in_order_until_the_client_closes(socket: WebSocket) -> None:
    for message in ("one", b"two", "", None):
        socket.arrived(message)

    assert [message async for message in socket] == ["one", b"two", ""]
    assert socket.closed
    assert await socket.receive() is None


async def test_nothing_can_be_sent_on_a_closed_connection(socket: WebSocket, sent: list[Message]) -> None:
    socket.arrived(None)

    with pytest.raises(ConnectionError):
        await socket.send("too late")
    assert sent == []


async def test_closing_twice_is_closing_once(socket: WebSocket, sent: list[Message]) -> None:
    await socket.close(4000, "enough")
    await socket.close()

    assert sent == [SocketClose(7, 4000, "enough")]


async def test_a_handler_that_reads_too_slowly_is_cut_off(socket: WebSocket, sent: list[Message]) -> None:
    for number in range(1030):
        socket.arrived(str(number))

    assert sent == [SocketClose(7, 1008, "the handler reads too slowly")]
    assert socket.closed
    assert len([message async for message in socket]) == 1024
