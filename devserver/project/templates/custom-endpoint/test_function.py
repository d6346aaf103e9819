"""Run with `fn test` or `pytest`. The fixture `function` comes with fn: it calls the handlers as a client would.

Each test has a cache, storage and database of its own, and the variables of sinch.json.
"""

import pytest


def add(function, text):
    return function.request("POST", "/notes", json={"text": text})


def test_a_note_that_was_added_is_listed(function):
    assert function.request("GET", "/notes").json == {"notes": []}
    add(function, " buy milk ").expect(status=201, json={"id": 1, "text": "buy milk"})
    assert function.request("GET", "/notes").json == {"notes": [{"id": 1, "text": "buy milk"}]}
    assert function.database.execute("SELECT text FROM notes") == [("buy milk",)]


@pytest.mark.parametrize("body", [None, "text", {}, {"text": ""}, {"text": 5}])
def test_a_note_without_text_is_refused(function, body):
    assert function.request("POST", "/notes", json=body).status == 400


def test_a_full_notebook_and_another_method_are_refused(function):
    function.config["MAX_NOTES"] = "2"
    assert [add(function, text).status for text in ("one", "two", "three")] == [201, 201, 409]
    assert function.request("DELETE", "/notes").status == 405


def test_a_report_is_written_into_storage_and_read_back(function):
    assert function.request("GET", "/report").status == 404
    add(function, "one")
    function.request("POST", "/report").expect(status=201, storage={"reports/latest.txt": "Notes: 1\nNewest: one\n"})
    assert function.request("GET", "/report").text == "Notes: 1\nNewest: one\n"


def test_reports_are_for_those_who_know_the_key(function):
    function.config.update(PROJECT_ID_API_KEY="key", PROJECT_ID_API_SECRET="secret")
    assert function.request("GET", "/report").status == 401
