"""Run with `pytest`. Handlers are plain functions: call them with an event and look at what they return."""

import asyncio
import logging
from types import SimpleNamespace

import function
import pytest
from devserver.runtime import parse_event


class Cache(dict):
    """As much of `context.cache` as the handlers use."""

    async def set(self, key, value, ttl=3600):
        self[key] = value

    async def get(self, key):
        return dict.get(self, key)


class Storage(dict):
    """As much of `context.storage` as the handlers use."""

    async def write(self, key, text):
        self[key] = text.encode()

    async def read(self, key):
        return self[key]

    async def list(self, prefix=""):
        return [key for key in self if key.startswith(prefix)]


class Log:
    """Takes what `context.log` takes and hands it to the standard logging, where pytest shows it."""

    def info(self, text, /, **values):
        logging.getLogger("function").info("%s %s", text, values)


def make_context(**variables):
    config = SimpleNamespace(require_variable=variables.__getitem__)
    return SimpleNamespace(cache=Cache(), storage=Storage(), config=config, log=Log())


def test_an_incoming_call_is_connected_to_the_number_of_the_variable():
    call = parse_event("ice", {"callid": "c1", "cli": "+12025550199"})
    svaml = asyncio.run(function.ice(make_context(FORWARD_TO="+12025550130"), call))
    assert svaml["action"]["name"] == "connectPstn"
    assert svaml["action"]["number"] == "+12025550130"


def test_a_missing_number_is_an_error_that_names_the_variable():
    with pytest.raises(KeyError, match="FORWARD_TO"):
        asyncio.run(function.ice(make_context(), parse_event("ice", {"callid": "c1"})))


def test_the_two_sides_are_left_to_talk():
    svaml = asyncio.run(function.ace(make_context(), parse_event("ace", {"callid": "c1"})))
    assert svaml["action"]["name"] == "continue"


@pytest.mark.parametrize(("result", "count"), [("ANSWERED", 0), ("NOANSWER", 1), ("BUSY", 1)])
def test_a_call_that_nobody_took_is_on_the_list(result, count):
    context = make_context()
    context.cache["caller:c1"] = "+12025550199"
    ended = parse_event("dice", {"callid": "c1", "result": result, "timestamp": "2026-01-02T03:04:05Z"})
    asyncio.run(function.dice(context, ended))
    calls = asyncio.run(function.missed(context, None))["missed"]
    assert [call["caller"] for call in calls] == ["+12025550199"] * count
