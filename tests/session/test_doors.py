from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devserver.errors import FnError
from devserver.session.doors import open_doors
from devserver.session.ports import holder_of, listen, port_of
from devserver.session.terms import Terms


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else has."""
    sockets = listen(0, flag="--port")
    yield port_of(sockets)
    for one in sockets:
        one.close()


def can_connect(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except ConnectionRefusedError:
        return False
    return True


def test_three_different_ports_that_accept_before_anybody_answers() -> None:
    with closing(open_doors(Terms(Path(), port=0))) as doors:
        urls = [doors.function.url, doors.console.url, doors.cloud.url]
        assert len(set(urls)) == 3
        assert all(map(can_connect, urls))

    assert not any(map(can_connect, urls))


def test_a_port_that_was_asked_for_is_the_one(taken: int) -> None:
    with pytest.raises(FnError, match=f"Port {taken} is taken") as refused:
        open_doors(Terms(Path(), port=0, cloud_port=taken))
    assert "--cloud-port" in refused.value.hint


def test_what_was_opened_before_a_refusal_is_let_go(taken: int) -> None:
    with closing(open_doors(Terms(Path(), port=0))) as doors:
        free = port_of(doors.function.sockets)
    with pytest.raises(FnError, match=f"Port {taken} is taken"):
        open_doors(Terms(Path(), port=free, console_port=taken))

    assert holder_of(free) == ""
