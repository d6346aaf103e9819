from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.session.frames import Answer, FrameReader, Invoke, Line, Stop, ToGateway, ToHost, encode


def an_invoke(body: bytes = b"{}") -> Invoke:
    return Invoke(7, "POST", "/ice?x=%20", (("Content-Type", "application/json"),), body, "01abc", "127.0.0.1", False)


def test_a_message_comes_out_as_it_went_in() -> None:
    message = an_invoke(b"\x00\xff raw bytes")

    assert list(FrameReader(ToHost).feed(encode(message))) == [message]


@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(min_value=1, max_value=64))
def test_messages_survive_any_way_of_being_cut(bodies: list[bytes], size: int) -> None:
    messages = [an_invoke(body) for body in bodies]
    wire = b"".join(encode(message) for message in messages)
    reader = FrameReader(ToHost)

    found = [message for at in range(0, len(wire), size) for message in reader.feed(wire[at : at + size])]

    assert found == messages


def test_different_messages_of_one_direction_are_told_apart() -> None:
    answer = Answer(1, 200, [("A", "b")], b"x", "ice", ("exception", "boom", "trace"), "")
    line = Line("01abc", 1.5, "info", "hello", {"to": "sales"})

    assert list(FrameReader(ToGateway).feed(encode(answer) + encode(line))) == [answer, line]


def test_a_reader_that_is_left_early_keeps_what_it_has_not_given_out() -> None:
    reader = FrameReader(ToHost)
    first = next(iter(reader.feed(encode(Stop(1.0)) + encode(Stop(2.0)))))

    assert first == Stop(1.0)
    assert list(reader.feed(b"")) == [Stop(2.0)]


def test_a_body_of_ten_megabytes_fits() -> None:
    body = bytes(10 * 1024 * 1024)
    (message,) = FrameReader(ToHost).feed(encode(an_invoke(body)))

    assert message.body == body


@pytest.mark.parametrize("length", [0, 1, 3])
def test_an_incomplete_frame_gives_nothing_yet(length: int) -> None:
    assert list(FrameReader(ToHost).feed(encode(Stop(1.0))[:length])) == []
