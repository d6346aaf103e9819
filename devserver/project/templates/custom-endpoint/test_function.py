"""Run with `pytest`. Handlers are plain functions: call them with a request and look at what they return."""

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace

import function
import pytest


class Storage(dict):
    """As much of `context.storage` as the handlers use."""

    async def write(self, key, text):
        self[key] = text.encode()

    async def read(self, key):
        return self[key]

    async def exists(self, key):
        return key in self


class Log:
    """Takes what `context.log` takes and hands it to the standard logging, where pytest shows it."""

    def info(self, text, /, **values):
        logging.getLogger("function").info("%s %s", text, values)


async def read_asset(name):
    return (Path(function.__file__).parent / "assets" / name).read_text()


@pytest.fixture
def context(tmp_path):
    return SimpleNamespace(
        database=str(tmp_path / "function.db"),
        storage=Storage(),
        assets=read_asset,
        config=SimpleNamespace(get_variable={"MAX_NOTES": "2"}.get),
        log=Log(),
    )


def request(method, body=None):
    return SimpleNamespace(method=method, body=body)


def test_a_note_that_was_added_is_listed(context):
    assert function.notes(context, request("GET")) == {"notes": []}
    added = function.notes(context, request("POST", {"text": " buy milk "}))
    assert added == {"statusCode": 201, "body": {"id": 1, "text": "buy milk"}}
    assert function.notes(context, request("GET")) == {"notes": [{"id": 1, "text": "buy milk"}]}


@pytest.mark.parametrize("body", [None, "text", {}, {"text": ""}, {"text": 5}])
def test_a_note_without_text_is_refused(context, body):
    assert function.notes(context, request("POST", body))["statusCode"] == 400


def test_a_full_notebook_and_another_method_are_refused(context):
    for text in ("one", "two"):
        function.notes(context, request("POST", {"text": text}))
    assert function.notes(context, request("POST", {"text": "three"}))["statusCode"] == 409
    assert function.notes(context, request("DELETE"))["statusCode"] == 405


def test_a_report_is_written_into_storage_and_read_back(context):
    assert asyncio.run(function.report(context, request("GET")))["statusCode"] == 404
    function.notes(context, request("POST", {"text": "one"}))
    assert asyncio.run(function.report(context, request("POST")))["statusCode"] == 201
    assert asyncio.run(function.report(context, request("GET")))["body"] == b"Notes: 1\nNewest: one\n"
