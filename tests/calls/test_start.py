"""The message that asks for a call: who calls whom, and numbers that are none."""

from __future__ import annotations

import msgspec
import pytest

from devserver.calls.callees import Callee
from devserver.calls.party import HumanParty, RandomParty, ScriptedParty
from devserver.calls.setup import CallSetup, Identity
from devserver.calls.start import Start, callee_of, party_of, setup_of
from devserver.errors import FnError


def _setup(**fields: object) -> CallSetup:
    return setup_of(msgspec.convert(fields, Start), "c1", "app-key", ("http://127.0.0.1:3000/",), 0.0)


def test_a_call_without_anything_is_one_from_the_phone_network() -> None:
    setup = setup_of(Start(), "c1", "app-key", ("http://127.0.0.1:3000/",), 5.0)

    assert (setup.origin, setup.cli, setup.to) == ("PSTN", "+12025550199", Identity("did", "+12025550100"))
    assert (setup.callid, setup.application_key, setup.urls, setup.epoch) == (
        "c1",
        "app-key",
        ("http://127.0.0.1:3000/",),
        5.0,
    )


def test_the_caller_is_from_in_json() -> None:
    assert msgspec.json.decode(b'{"from": "private"}', type=Start).caller == "private"
    assert b'"from":"private"' in msgspec.json.encode(Start(caller="private"))


@pytest.mark.parametrize(
    ("kind", "to", "identity"),
    [
        ("app", "alice", Identity("username", "alice")),
        ("app", "+12025550100", Identity("number", "+12025550100")),
        ("app", "alice@example.com", Identity("sip", "alice@example.com")),
        ("sip", "sales@sip.example.com", Identity("sip", "sales@sip.example.com")),
        ("sip", "+12025550100", Identity("did", "+12025550100")),
        ("pstn", " +12025550100 ", Identity("did", "+12025550100")),
    ],
)
def test_whom_somebody_calls_depends_on_the_network(kind: str, to: str, identity: Identity) -> None:
    assert _setup(kind=kind, to=to).to == identity


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"to": "12025550100"}, "Write it as +12025550100."),
        ({"from": "12025550199"}, "Write it as +12025550199."),
        ({"to": "call-me"}, "An example is +12025550100."),
        ({"to": "+0"}, "An example is +12025550100."),
        ({"from": "+12025550199999999"}, "An example is +12025550100."),
        ({"to": ""}, "An example is +12025550100."),
        ({"kind": "sip", "to": "nobody"}, "An example is +12025550100."),
    ],
)
def test_what_is_no_number_is_refused(fields: dict[str, str], hint: str) -> None:
    with pytest.raises(FnError) as refused:
        _setup(**fields)

    assert refused.value.hint == hint


@pytest.mark.parametrize("cli", ["private", "anonymous", ""])
def test_a_caller_may_hide(cli: str) -> None:
    assert _setup(**{"from": cli}).cli == cli


def test_callees_do_what_was_asked_for() -> None:
    assert callee_of("answered") is None, "a test number behaves as published, others answer"
    assert callee_of("congestion") == Callee("no route")
    assert callee_of("machine") == Callee(amd="machine")


def test_who_is_on_the_phone_is_scripted_drawn_or_a_person() -> None:
    assert isinstance(party_of(Start(keys="1,w2,#")), ScriptedParty)
    assert isinstance(party_of(Start()), ScriptedParty)
    assert isinstance(party_of(Start(), person=True), HumanParty)
    assert isinstance(party_of(Start(keys="1"), person=True), ScriptedParty)
    assert isinstance(party_of(Start(seed=3), person=True), RandomParty)


def test_letters_are_no_keys() -> None:
    with pytest.raises(FnError, match="no key of a phone"):
        party_of(Start(keys="1,A"))
