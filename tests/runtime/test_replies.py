from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest

from devserver.runtime import IceSvamlBuilder
from devserver.runtime.events import FoldedDict
from devserver.runtime.replies import Reply, UnusableReturn, problem, to_reply, voice_reply
from devserver.runtime.request import Response

JSON = (("Content-Type", "application/json"),)
both = pytest.mark.parametrize("reply", [to_reply, voice_reply])
Make = Callable[[str, object], Reply]


class Doubling:
    """A builder of somebody else's: all it has is `build`."""

    def __init__(self, document: Any) -> None:
        self.document = document

    def build(self) -> Any:
        return self.document


def test_nothing_is_204_for_a_custom_handler_and_an_empty_200_for_voice() -> None:
    assert to_reply("status", None) == Reply(204, (), b"")
    assert voice_reply("dice", None) == Reply(200, (), b"")


@both
@pytest.mark.parametrize(
    "value",
    [{}, {"a": 1}, {"status": 404}, {"body": 1, "headers": {}}, [], [1, None], (1, 2), 7, 0, 1.5, True, False],
)
def test_a_bare_json_value_is_200(reply: Make, value: Any) -> None:
    made = reply("status", value)
    assert (made.status, made.headers) == (200, JSON)
    assert json.loads(made.body) == (list(value) if isinstance(value, tuple) else value)


@both
def test_text_is_sent_as_utf_8_text(reply: Make) -> None:
    assert reply("status", "é\ud800") == Reply(200, (("Content-Type", "text/plain; charset=utf-8"),), "é?".encode())
    assert reply("status", "").body == b""


@both
@pytest.mark.parametrize("value", [b"\x00\xff", bytearray(b"\x00\xff"), memoryview(b"\x00\xff")])
def test_bytes_are_sent_as_they_are(reply: Make, value: object) -> None:
    assert reply("status", value) == Reply(200, (("Content-Type", "application/octet-stream"),), b"\x00\xff")


@both
def test_a_builder_is_built(reply: Make) -> None:
    made = reply("ice", IceSvamlBuilder().say("Hello.").hangup())
    assert made.headers == JSON
    assert json.loads(made.body)["action"] == {"name": "hangup"}


@both
def test_whatever_has_a_build_method_is_a_builder(reply: Make) -> None:
    assert reply("ice", Doubling({"action": 1})).body == b'{"action":1}'


def test_a_builder_may_be_the_body_of_an_answer() -> None:
    made = to_reply("ice", {"statusCode": 201, "body": Doubling({"a": 1})})
    assert (made.status, made.headers, made.body) == (201, JSON, b'{"a":1}')
    assert to_reply("ice", Response(Doubling({"a": 1}))).body == b'{"a":1}'


def test_a_dict_with_a_key_build_is_a_dict() -> None:
    assert to_reply("x", {"build": 1}).body == b'{"build":1}'


def test_what_msgspec_knows_is_sent_as_json() -> None:
    @dataclasses.dataclass
    class Point:
        x: int
        at: datetime

    made = to_reply("x", {"point": Point(1, datetime(2024, 6, 6, tzinfo=UTC)), "set": {1}, "part": FoldedDict(a=1)})
    assert json.loads(made.body) == {"point": {"x": 1, "at": "2024-06-06T00:00:00Z"}, "set": [1], "part": {"a": 1}}


# --- with a status


@both
@pytest.mark.parametrize("status", [200, 201, 302, 404, 500, 599, HTTPStatus.CREATED])
def test_the_status_is_taken_from_a_dict_or_a_response(reply: Make, status: int) -> None:
    for value in ({"statusCode": status, "body": {"a": 1}}, Response({"a": 1}, status)):
        made = reply("x", value)
        assert (made.status, made.headers, made.body) == (status, JSON, b'{"a":1}')
        assert type(made.status) is int


@both
@pytest.mark.parametrize("status", [0, 1, 100, 101, 199, 600, 1000, -200, True, "200", "x" * 500, None, 200.0, [200]])
def test_a_status_that_http_does_not_have_is_refused(reply: Make, status: Any) -> None:
    for value in ({"statusCode": status, "body": 1}, Response(1, status)):
        with pytest.raises(UnusableReturn, match="`x` returned status") as caught:
            reply("x", value)
        assert len(str(caught.value)) < 200


@both
def test_a_status_alone_has_no_body(reply: Make) -> None:
    for value in ({"statusCode": 404}, {"statusCode": 404, "body": None}, Response(status=404)):
        assert reply("x", value) == Reply(404, (), b"")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_drops_it(status: int) -> None:
    assert to_reply("x", {"statusCode": status, "body": {"a": 1}}) == Reply(status, (), b"")


@pytest.mark.parametrize(
    ("body", "kind", "data"),
    [
        ("hi", "text/plain; charset=utf-8", b"hi"),
        (b"\x00", "application/octet-stream", b"\x00"),
        ([1], "application/json", b"[1]"),
        (False, "application/json", b"false"),
        ("", "text/plain; charset=utf-8", b""),
    ],
)
def test_the_content_type_follows_the_body(body: Any, kind: str, data: bytes) -> None:
    assert to_reply("x", {"statusCode": 200, "body": body}) == Reply(200, (("Content-Type", kind),), data)
    assert to_reply("x", Response(body)) == Reply(200, (("Content-Type", kind),), data)


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_a_content_type_of_the_handlers_is_kept(name: str) -> None:
    made = to_reply("x", {"statusCode": 200, "headers": {name: "text/html"}, "body": "<p>"})
    assert made == Reply(200, ((name, "text/html"),), b"<p>")


# --- headers


def test_headers_keep_their_order_and_a_list_sends_its_field_several_times() -> None:
    headers = {"X-B": 1, "Set-Cookie": ["a=1", "b=2"], "X-A": ("t",), "X-None": []}
    for value in ({"statusCode": 200, "headers": headers}, Response(headers=headers)):  # type: ignore[arg-type]
        assert to_reply("x", value).headers == (
            ("X-B", "1"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("X-A", "t"),
        )


@both
@pytest.mark.parametrize(
    "value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\x7f", "\x1b[31m", ["ok", "no\n"], "\udcff"]
)
def test_a_header_value_cannot_smuggle_another_line(reply: Make, value: Any) -> None:
    with pytest.raises(UnusableReturn, match="X-Name"):
        reply("x", {"statusCode": 200, "headers": {"X-Name": value}})


@both
@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é", "a\0", " a", "\ud800", "X-A\n"])
def test_a_header_name_must_be_one(reply: Make, name: str) -> None:
    with pytest.raises(UnusableReturn, match="name of a header") as caught:
        reply("x", {"statusCode": 200, "headers": {name: "v"}})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", ["a\tb", "é", "", 'a, b; c="d"'])
def test_other_header_values_are_sent(value: str) -> None:
    assert to_reply("x", {"statusCode": 200, "headers": {"X-Name": value}}).headers == (("X-Name", value),)


@pytest.mark.parametrize("headers", [[("A", "b")], "A: b", 5])
def test_headers_that_are_no_dict_are_refused(headers: Any) -> None:
    with pytest.raises(UnusableReturn, match=r"headers of type \w+; a dict"):
        to_reply("x", {"statusCode": 200, "headers": headers})


# --- what cannot be sent


def generator() -> Any:
    yield 1


def itself() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@both
@pytest.mark.parametrize(
    "value",
    [object(), {"a": object()}, {(1, 2): 3}, {None: 1}, generator(), itself(), ["\ud800"], IceSvamlBuilder, print, 1j],
)
def test_what_is_no_json_is_refused_with_the_handlers_name(reply: Make, value: object) -> None:
    for returned in (value, {"statusCode": 200, "body": value}):
        with pytest.raises(UnusableReturn, match=r"^`status` returned a "):
            reply("status", returned)


def test_a_builder_that_builds_no_json_is_refused() -> None:
    with pytest.raises(UnusableReturn, match="`ice`"):
        to_reply("ice", Doubling(object()))


# --- answers of our own


def test_a_problem_is_json_with_its_sentence() -> None:
    made = problem(404, "No handler.", routes=["/a"])
    assert (made.status, made.headers) == (404, JSON)
    assert json.loads(made.body) == {"error": "No handler.", "routes": ["/a"]}


def test_a_problem_may_quote_what_utf_8_cannot_say() -> None:
    assert json.loads(problem(500, "file \udcff").body) == {"error": "file \\udcff"}
