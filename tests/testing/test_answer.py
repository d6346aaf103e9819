from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devserver.testing.answer import Answer
from devserver.testing.function import Function
from tests.testing.projects import EXAMPLE, make_project, opened


@pytest.fixture(scope="module")
def example() -> Iterator[Function]:
    with opened(EXAMPLE) as function:
        yield function


def message_of(answer: Answer, **expected: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        answer.expect(**expected)
    return str(caught.value)


def test_an_answer_is_there_in_the_words_of_a_caller(example: Function) -> None:
    answer = example.ice(cli="+12025550199")
    assert answer.says == ["Welcome to Example Bikes!", "Press 1 for sales, or 2 for support."]
    assert answer.action["name"] == "runMenu"
    menu = answer.menu()
    assert menu == answer.menu("main")
    assert menu.repeat_prompt.startswith("Sorry")
    assert menu.options == {"1": "return(sales)", "2": "return(support)"}
    assert answer.findings == []


def test_a_menu_that_is_not_there_says_which_are(example: Function) -> None:
    with pytest.raises(AssertionError, match=r"ice answered without a menu 'x'\. It has main\."):
        example.ice().menu("x")
    with pytest.raises(AssertionError, match=r"pie answered without a menu 'main'\. pie answered: say \+ hangup\."):
        example.pie(type="timeout").menu()


def test_an_empty_answer_is_an_empty_document(example: Function) -> None:
    answer = example.dice(result="ANSWERED")
    assert (answer.svaml, answer.says, answer.action, answer.json) == ({}, [], {}, None)


def test_findings_tell_what_the_platform_refuses(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", "def ice(context, event):\n    return {'action': {'name': 'dance'}}\n")
    with opened(root) as function:
        assert [each.severity for each in function.ice().findings] == ["error"]


def test_what_is_as_expected_is_no_error_and_the_answer_comes_back(example: Function) -> None:
    answer = example.ice(callid="c1", cli="+12025550199")
    assert answer.expect() is answer
    answer.expect(
        status=200,
        svaml=answer.svaml,
        json=answer.svaml,
        text=answer.text,
        body=answer.body,
        says=answer.says,
        headers={"content-type": "application/json"},
        cache={"caller:c1": "+12025550199"},
        storage={},
        effects=[{"cache": "set", "key": "caller:c1", "value": "+12025550199", "ttl": 14400}],
    )
    example.dice(callid="c1").expect(cache={"caller:c1": None}, svaml={})


def test_differences_are_told_in_the_words_of_a_replay(example: Function) -> None:
    answer = example.pie(value="sales")
    expected = {"instructions": [{"name": "say", "text": "Hello"}], "action": {"name": "hangup"}}
    found = message_of(answer, svaml=expected).splitlines()
    assert found[0] == "pie answered differently:"
    assert 'says "Connecting you to sales.", was "Hello"' in found[1]
    assert found[-1] == "  the action is now connectPstn +12025550110, was hangup"
    effects = [{"cache": "set", "key": "x", "value": 1}]
    assert message_of(answer, effects=effects).splitlines()[1] == "  cache key x is no longer set (was 1)"


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ({"status": 201}, "status: 201 -> 200"),
        ({"headers": {"X-Tune": "a"}}, "header X-Tune: a -> none"),
        ({"headers": {"Content-Type": "text/plain"}}, "content type: text/plain -> application/json"),
        ({"cache": {"x": 1}}, "cache key x was not written"),
        ({"cache": {"x": None}}, "cache key x was not removed"),
        ({"storage": {"a/b": "y"}}, "storage key a/b: y -> z"),
        ({"storage": {"a/b": None}}, "storage key a/b was not removed, but written"),
        ({"cache": {"old": 2}}, "cache key old was removed, not written"),
    ],
)
def test_each_thing_that_is_expected_has_its_words(tmp_path: Path, expected: dict[str, Any], text: str) -> None:
    code = (
        "async def work(context, request):\n    await context.storage.write('a/b', 'z')\n"
        "    await context.cache.delete('old')\n    return {}\n"
    )
    with opened(make_project(tmp_path / "p", code)) as function:
        found = message_of(function.request("GET", "/work"), **expected)
        assert found.splitlines()[0] == "GET /work answered differently:"
        assert text in found


def test_what_a_caller_hears_is_compared_by_prompt(example: Function) -> None:
    found = message_of(example.pie(type="timeout"), says=["Hello."])
    assert "Goodbye." in found
    assert "Hello." in found


def test_what_is_ignored_is_no_difference(example: Function) -> None:
    answer = example.pie(type="timeout")
    answer.expect(svaml={**answer.svaml, "action": {"name": "park"}}, ignore=["action"])


def test_a_failed_handler_is_shown_with_its_traceback(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", "def ice(context, event):\n    raise ValueError('oh')\n")
    with opened(root) as function:
        found = message_of(function.ice(), svaml={"action": {"name": "hangup"}})
        assert "status: 200 -> 500 (ValueError: oh)" in found
        assert 'File "function.py", line 2, in ice' in found


def test_a_slip_of_the_pen_is_an_error_that_names_it(example: Function) -> None:
    answer = example.ice()
    with pytest.raises(TypeError, match="does not know 'smaml'"):
        answer.expect(smaml={})
    with pytest.raises(ValueError, match=r"is no effect\. One is written like"):
        answer.expect(effects=[{"cache": "set"}])
