"""What another tool recorded, as exchanges of ours."""

from __future__ import annotations

from devserver.recorder.exchange import Answer, Exchange, Request
from devserver.recorder.foreign import Found, exchange_from


def test_a_callback_is_known_as_one() -> None:
    found = Found(1.5, Request("POST", "/a/pie", (), b'{"callId":"c1"}'), Answer(200, (), b"{}"), 2.0, "tunnel")
    made = exchange_from(found)
    assert (made.event, made.callid, made.source, made.at, made.ms) == ("pie", "c1", "tunnel", 1.5, 2.0)
    assert (made.request, made.answer) == (found.request, found.answer)
    at_root = exchange_from(Found(1.5, Request("POST", "/", (), b'{"event":"ICE","callid":"c1"}')))
    assert (at_root.event, at_root.callid) == ("ice", "c1")


def test_other_requests_are_plain_ones() -> None:
    for request in (
        Request("GET", "/status", (), b""),
        Request("POST", "/", (), b'{"callid":"c1"}'),
        Request("POST", "/x", (), b"\xff"),
    ):
        made = exchange_from(Found(1.5, request))
        assert (made.event, made.callid) == (None, None)


def test_a_callback_without_a_call_belongs_to_none() -> None:
    for body in (b"[]", b"{}", b'{"callid":7}', b"no json"):
        made = exchange_from(Found(1.5, Request("POST", "/ice", (), body)))
        assert (made.event, made.callid) == ("ice", None)


def test_the_same_request_has_the_same_id_and_another_one_another() -> None:
    request = Request("POST", "/ice", (), b"{}")
    made = exchange_from(Found(1.5, request)).id
    assert len(made) == 26
    assert exchange_from(Found(1.5, request)).id == made
    assert exchange_from(Found(1.5, Request("POST", "/ice", (), b"{ }"))).id != made
    assert exchange_from(Found(9.5, request)).id > made
    assert len(exchange_from(Found(-1.0, request)).id) == 26


def test_what_we_wrote_ourselves_stays_as_it_was() -> None:
    ours = Exchange("a", 1.0, "c", "ice", "local", Request("POST", "/ice", (), b""))
    assert exchange_from(Found(2.0, ours.request, ours=ours)) is ours
