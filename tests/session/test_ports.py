from __future__ import annotations

import os
import socket

import pytest

from devserver.errors import FnError
from devserver.session.ports import holder_of, listen, port_of


def close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()


def test_port_zero_takes_any_and_both_loopback_addresses_share_it() -> None:
    sockets = listen(0, flag="--port")
    try:
        assert {one.getsockname()[1] for one in sockets} == {port_of(sockets)}
        assert {one.getsockname()[0] for one in sockets} <= {"127.0.0.1", "::1"}
    finally:
        close(sockets)


def test_a_taken_port_is_refused_with_its_holder_and_the_way_out() -> None:
    first = listen(0, flag="--port")
    try:
        with pytest.raises(FnError) as caught:
            listen(port_of(first), flag="--port")
    finally:
        close(first)

    assert f"Port {port_of_message(caught.value)} is taken" in caught.value.message
    assert str(os.getpid()) in caught.value.message
    assert "--port 0" in caught.value.hint


def port_of_message(error: FnError) -> str:
    return error.message.split()[1]


def test_a_side_port_that_is_taken_falls_back_to_another() -> None:
    first = listen(0, flag="--console-port")
    second = listen(port_of(first), flag="--console-port", fall_back=True)
    try:
        assert port_of(second) != port_of(first)
    finally:
        close(first + second)


def test_nobody_holds_a_free_port() -> None:
    sockets = listen(0, flag="--port")
    port = port_of(sockets)
    close(sockets)

    assert holder_of(port) == ""
