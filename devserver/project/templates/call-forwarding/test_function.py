"""Run with `fn test` or `pytest`. The fixture `function` comes with fn: it calls the handlers as the platform would.

Each test has a cache, storage and database of its own, in memory, and the variables of sinch.json.
"""

import pytest


def test_an_incoming_call_is_connected_to_the_number_of_the_variable(function):
    function.config["FORWARD_TO"] = "+12025550177"
    answer = function.ice(callid="c1", cli="+12025550199")
    assert answer.action["name"] == "connectPstn"
    assert answer.action["number"] == "+12025550177"
    assert answer.findings == []  # nothing that the platform would refuse


def test_a_missing_number_is_an_error_that_names_the_variable(function):
    del function.config["FORWARD_TO"]
    answer = function.ice()
    assert answer.status == 500
    assert "FORWARD_TO" in answer.error


def test_the_two_sides_are_left_to_talk(function):
    assert function.ace().action == {"name": "continue"}


@pytest.mark.parametrize(("result", "count"), [("ANSWERED", 0), ("NOANSWER", 1), ("BUSY", 1)])
def test_a_call_that_nobody_took_is_on_the_list(function, result, count):
    function.ice(callid="c1", cli="+12025550199")
    function.dice(callid="c1", result=result)
    missed = function.request("GET", "/missed").json["missed"]
    assert [call["caller"] for call in missed] == ["+12025550199"] * count


def test_the_list_outlives_the_cache(function):
    function.ice(callid="c1", cli="+12025550199")
    function.dice(callid="c1", result="BUSY", timestamp="2026-01-02T03:04:05Z")
    function.clock.advance(24 * 3600)
    assert function.cache == {}
    assert list(function.storage) == ["missed/c1.json"]
