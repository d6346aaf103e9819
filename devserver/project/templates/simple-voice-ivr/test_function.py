"""Run with `fn test` or `pytest`. The fixture `function` comes with fn: it calls the handlers as the platform would.

Each test has a cache, storage and database of its own, in memory, and the variables of sinch.json.
"""

import pytest


def test_an_incoming_call_is_greeted_and_gets_the_menu(function):
    answer = function.ice(callid="c1", cli="+12025550199")
    assert answer.says == ["Welcome to Example Bikes!", "Press 1 for sales, or 2 for support."]
    assert answer.menu().options == {"1": "return(sales)", "2": "return(support)"}
    assert answer.findings == []  # nothing that the platform would refuse
    assert function.cache == {"caller:c1": "+12025550199"}


@pytest.mark.parametrize(("department", "number"), [("sales", "+12025550110"), ("support", "+12025550120")])
def test_each_key_connects_to_its_department(function, department, number):
    answer = function.pie(value=department)
    assert answer.says == [f"Connecting you to {department}."]
    assert answer.action["name"] == "connectPstn"
    assert answer.action["number"] == number


def test_a_caller_who_presses_nothing_is_let_go(function):
    answer = function.pie(type="timeout")
    assert answer.says == ["Goodbye."]
    assert answer.action == {"name": "hangup"}


def test_the_caller_is_forgotten_when_the_call_is_over(function):
    function.ice(callid="c1", cli="+12025550199")
    function.dice(callid="c1", result="ANSWERED", reason="CALLERHANGUP", duration=12)
    assert function.cache == {}


def test_a_caller_is_remembered_for_four_hours_at_most(function):
    function.ice(callid="c1", cli="+12025550199")
    function.clock.advance(4 * 3600)
    assert function.cache == {}


def test_the_name_of_the_company_is_a_variable(function):
    function.config["COMPANY"] = "Test Ltd"
    assert function.ice().says[0] == "Welcome to Test Ltd!"


def test_status_answers_plain_http(function):
    assert function.request("GET", "/status").json["ok"] is True
