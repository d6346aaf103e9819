from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.debug.dap import Head, NotDap, Reader, frame, head_of, object_of, write

MESSAGES = st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=4), max_size=5)


@given(messages=MESSAGES, size=st.integers(1, 40))
def test_messages_come_out_whole_however_they_are_cut(messages: list[dict[str, object]], size: int) -> None:
    data = b"".join(write(message) for message in messages)
    reader = Reader()
    found = [body for start in range(0, len(data), size) for body in reader.feed(data[start : start + size])]

    assert [json.loads(body) for body in found] == messages


def test_other_headers_are_allowed_in_any_case() -> None:
    data = b"Content-Type: application/json\r\ncontent-LENGTH:  2 \r\n\r\n{}Content-Length: 2\r\n\r\n[]"

    assert list(Reader().feed(data)) == [b"{}", b"[]"]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"P",
        b'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 36\r\n\r\n{"type":"request","command":"attach"}',
        b"\x16\x03\x01",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: 9999999999999\r\n\r\n",
        b"Content-Type: text/plain\r\n\r\n",
        b"Content-Length: " + b"1" * 5000,
        b"Content-Length: -1\r\n\r\n",
    ],
)
def test_what_is_something_else_is_noticed_at_once(data: bytes) -> None:
    with pytest.raises(NotDap):
        list(Reader().feed(data))


def test_a_header_may_come_letter_by_letter() -> None:
    reader = Reader()
    for letter in b"Content-Length: 2\r\n\r\n{":
        assert list(reader.feed(bytes([letter]))) == []

    assert list(reader.feed(b"}")) == [b"{}"]


def test_what_a_message_is() -> None:
    assert head_of(b'{"seq":3,"type":"request","command":"attach","arguments":{"x":[1]}}') == Head(
        "request", 3, "attach"
    )
    assert head_of(b'{"type":"response","request_seq":4,"success":true}') == Head(
        "response", request_seq=4, success=True
    )
    assert head_of(b'{"type":"event","event":"stopped"}').event == "stopped"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type":1}', b"\xff"])
def test_what_is_no_message(body: bytes) -> None:
    with pytest.raises(NotDap):
        head_of(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"3", b"\xff"])
def test_what_is_no_object(body: bytes) -> None:
    with pytest.raises(NotDap):
        object_of(body)


def test_a_frame_says_its_length_in_bytes() -> None:
    assert frame("ü".encode()) == b"Content-Length: 2\r\n\r\n\xc3\xbc"
    assert write({"a": 1}) == b'Content-Length: 7\r\n\r\n{"a":1}'
