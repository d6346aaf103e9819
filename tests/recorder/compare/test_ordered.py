from __future__ import annotations

from typing import Any

import pytest

from devserver.recorder.compare import Rules
from devserver.recorder.compare.difference import Difference
from devserver.recorder.compare.documents import Comparison
from devserver.recorder.compare.ordered import database_differences, outbound_differences
from devserver.recorder.compare.runs import Run, Runs
from devserver.recorder.exchange import Effect

RUNS = Runs(Run(1_790_000_000.0, "old-id", took=0.1), Run(1_790_009_000.0, "new-id", took=0.1))
BATCHES = "https://eu.sms.api.sinch.com/xms/v1/plan/batches"


def database(old: list[str], new: list[str], *ignore: str) -> list[Difference]:
    olds, news = ([Effect("database", each.split()[0].lower(), each) for each in side] for side in (old, new))
    return list(database_differences(olds, news, Comparison(RUNS, Rules.parse(ignore))))


def send(sent: Any, url: str = BATCHES, method: str = "POST", **value: Any) -> Effect:
    return Effect("outbound", method, url, 0.0, {"sent": sent, "status": 201, **value})


def outbound(old: list[Effect], new: list[Effect], *ignore: str) -> list[Difference]:
    return list(outbound_differences(old, new, Comparison(RUNS, Rules.parse(ignore))))


def texts(found: list[Difference]) -> list[str]:
    return [each.text for each in found]


def test_white_space_of_statements_is_no_difference_but_in_quotes_it_is() -> None:
    assert database(["INSERT INTO a\n  VALUES ('x y')"], ["INSERT INTO a VALUES  ('x y');"]) == []
    assert len(database(["INSERT INTO a VALUES ('x y')"], ["INSERT INTO a VALUES ('x  y')"])) == 1


def test_each_change_of_the_statements_is_one_difference() -> None:
    old = ["INSERT INTO a VALUES (1)", "UPDATE a SET n = 1", "DELETE FROM b"]
    new = ["INSERT INTO log VALUES ('x')", "INSERT INTO a VALUES (1)", "UPDATE a SET n = 2"]
    found = database(old, new)
    assert texts(found) == [
        "database: INSERT INTO log VALUES ('x') is new",
        "database: now UPDATE a SET n = 2, was UPDATE a SET n = 1",
        "database: DELETE FROM b is gone",
    ]
    assert [each.path for each in found] == ["database[0]", "database[1]", "database[2]"]
    assert (found[0].was, found[2].now) == (None, None)


def test_statements_with_values_of_the_run_are_the_same() -> None:
    old = ["INSERT INTO a VALUES ('old-id', '2026-09-21 14:13:20', 1790000000.02)"]
    new = ["INSERT INTO a VALUES ('new-id', '2026-09-21 16:43:20', 1790009000.05)"]
    assert database(old, new) == []
    assert len(database(old, [new[0].replace("16:43:20", "19:00:00")])) == 1


def test_differences_of_statements_are_left_out_by_rule() -> None:
    assert database(["DELETE FROM a"], ["DELETE FROM b", "DROP TABLE c"], "database") == []


def test_many_statements_are_compared_in_no_time() -> None:
    old = [f"INSERT INTO a VALUES ({number})" for number in range(2000)]
    assert texts(database(old, [*old[:700], "DELETE FROM a", *old[700:]])) == ["database: DELETE FROM a is new"]


@pytest.mark.parametrize(
    ("old", "new", "path", "text"),
    [
        (
            [send({"body": "Hello", "to": ["+1"]})],
            [send({"to": ["+1"], "body": "Hi"})],
            "outbound[0].sent.body",
            'now sends body "Hi", was "Hello"',
        ),
        ([send({"to": ["a"]})], [send({"to": ["b"]})], "outbound[0].sent.to[0]", 'now sends to[0] "b", was "a"'),
        ([send({})], [send({"x": 1})], "outbound[0].sent.x", "now also sends x 1"),
        ([send({"x": 1})], [send({})], "outbound[0].sent.x", "no longer sends x (was 1)"),
        ([send("a")], [send("b")], "outbound[0].sent", 'now sends "b", was "a"'),
        ([send('{"a":1}')], [send('{ "a": 2 }')], "outbound[0].sent.a", "now sends a 2, was 1"),
        ([], [send({})], "outbound[0]", "is new"),
        ([], [send({}, refused="there is no recording of it")], "outbound[0]", "is new (refused)"),
        ([send({})], [], "outbound[0]", "is gone"),
        ([send({})], [send({}, refused="why")], "outbound[0].refused", "was refused"),
        (
            [send({"body": "a"})],
            [send({"body": "b"}, refused="why")],
            "outbound[0].sent.body",
            'now sends body "b", was "a" (refused)',
        ),
        ([send({})], [send({}, BATCHES + "?x=1")], "outbound[0].query", "now asks with x=1, was no query"),
    ],
)
def test_each_change_of_a_call_to_sinch_is_told(old: list[Effect], new: list[Effect], path: str, text: str) -> None:
    (found,) = outbound(old, new)
    assert found.path == path
    assert found.text == f"POST /xms/v1/plan/batches {text}"


def test_another_method_or_path_is_another_call() -> None:
    found = outbound([send({}), send({}, "https://x/a")], [send({}, method="PUT"), send({}, "https://x/b")])
    assert sorted(texts(found)) == [
        "POST /a is gone",
        "POST /b is new",
        "POST /xms/v1/plan/batches is gone",
        "PUT /xms/v1/plan/batches is new",
    ]


def test_where_a_call_goes_and_what_came_back_are_no_differences() -> None:
    old, new = send({"a": 1}, received={"id": 1}, ms=3), send({"a": 1}, BATCHES.replace("eu.sms", "us.sms"), status=500)
    assert outbound([old], [new]) == []


def test_calls_with_values_of_the_run_are_the_same() -> None:
    old, new = (
        send({"client_reference": f"{each}-id", "at": at}, f"https://x/a/{each}-id")
        for each, at in (("old", "2026-09-21T14:13:20Z"), ("new", "2026-09-21T16:43:20Z"))
    )
    assert outbound([old], [new]) == []


def test_a_call_more_is_one_difference() -> None:
    old = [send({"body": f"text {number}"}) for number in range(5)]
    assert texts(outbound(old, [send({"body": "first"}), *old])) == ["POST /xms/v1/plan/batches is new"]


def test_a_long_path_is_shown_with_its_beginning_and_its_end() -> None:
    url = "https://x/v1/projects/8d668511-9497-4c23-a7b7-000000000000/services/abcdefghijklmnop/messages:send"
    (text,) = texts(outbound([], [send({}, url)]))
    assert text.startswith("POST /v1/projects/../")
    assert text.endswith("/messages:send is new")
    assert len(texts(outbound([], [send({}, "http://[oops")]))) == 1


def test_differences_of_calls_are_left_out_by_rule() -> None:
    old, new = [send({"a": 1, "b": 1})], [send({"a": 2, "b": 2}), send({}, "https://x/y")]
    assert [each.path for each in outbound(old, new, "outbound[*].sent.a", "outbound[1]")] == ["outbound[0].sent.b"]
    assert outbound(old, new, "outbound") == []
