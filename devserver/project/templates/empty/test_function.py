"""Run with `pytest`. Handlers are plain functions: call them with an event and look at what they return."""

import asyncio

import function
from devserver.runtime import parse_event


def test_a_caller_hears_hello():
    svaml = asyncio.run(function.ice(None, parse_event("ice", {"callid": "c1", "cli": "+12025550199"})))
    assert svaml["instructions"][0]["text"] == "Hello!"
    assert svaml["action"]["name"] == "hangup"
