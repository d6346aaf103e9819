"""Run with `pytest`. Handlers are plain functions: call them with an event and look at what they return."""

import asyncio
import logging
from types import SimpleNamespace

import function
from devserver.runtime import parse_event

VARIABLES = {"COMPANY": "Test Ltd", "SALES_NUMBER": "+12025550110", "SUPPORT_NUMBER": "+12025550120"}


class Cache(dict):
    """As much of `context.cache` as the handlers use."""

    async def set(self, key, value, ttl=3600):
        self[key] = value

    async def get(self, key):
        return dict.get(self, key)

    async def delete(self, key):
        self.pop(key, None)


class Log:
    """Takes what `context.log` takes and hands it to the standard logging, where pytest shows it."""

    def info(self, text, /, **values):
        logging.getLogger("function").info("%s %s", text, values)


def make_context():
    config = SimpleNamespace(function_name="test", get_variable=VARIABLES.get, require_variable=VARIABLES.__getitem__)
    return SimpleNamespace(cache=Cache(), config=config, log=Log())


def press(key_value, **more):
    return parse_event("pie", {"event": "pie", "callid": "c1", "menuResult": {"value": key_value, **more}})


def test_an_incoming_call_is_greeted_and_gets_the_menu():
    context = make_context()
    svaml = asyncio.run(function.ice(context, parse_event("ice", {"callid": "c1", "cli": "+12025550199"})))
    assert svaml["instructions"][0]["text"] == "Welcome to Test Ltd!"
    assert svaml["action"]["name"] == "runMenu"
    options = svaml["action"]["menus"][0]["options"]
    assert {option["dtmf"]: option["action"] for option in options} == {"1": "return(sales)", "2": "return(support)"}
    assert context.cache == {"caller:c1": "+12025550199"}


def test_each_key_connects_to_its_department():
    for value in ("sales", "support"):
        svaml = asyncio.run(function.pie(make_context(), press(value, type="return")))
        assert svaml["action"]["name"] == "connectPstn"
        assert svaml["action"]["number"] == VARIABLES[f"{value.upper()}_NUMBER"]


def test_a_caller_who_presses_nothing_is_let_go():
    svaml = asyncio.run(function.pie(make_context(), press(None, type="timeout")))
    assert svaml["action"]["name"] == "hangup"


def test_the_caller_is_forgotten_when_the_call_is_over():
    context = make_context()
    context.cache["caller:c1"] = "+12025550199"
    ended = parse_event("dice", {"callid": "c1", "result": "ANSWERED", "reason": "CALLERHANGUP", "duration": 12})
    assert asyncio.run(function.dice(context, ended)) is None
    assert context.cache == {}


def test_status_answers_plain_http():
    assert asyncio.run(function.status(make_context(), None))["body"]["ok"] is True
