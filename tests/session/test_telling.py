from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from devserver.session.telling import Telling
from devserver.session.terms import Terms


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    with io.StringIO() as stream:
        yield stream


def telling_to(stream: io.StringIO, *, json_lines: bool) -> Telling:
    terms = Terms(Path(), json=json_lines)
    return Telling(terms, stream, lambda line: line.replace("s3cret", "***"), lambda: None)


def texts(stream: io.StringIO) -> list[str]:
    return [json.loads(line).get("text", "ready") for line in stream.getvalue().splitlines()]


async def test_the_ready_event_is_the_first_line_for_programs_whatever_is_told_before(stream: io.StringIO) -> None:
    telling = telling_to(stream, json_lines=True)
    telling.say("warning", "before")
    with telling.ahead():
        telling.report.tell("ready", pid=1)
    telling.say("info", "after")
    telling.close()

    assert texts(stream) == ["ready", "before", "after"]


async def test_people_see_everything_when_it_happens(stream: io.StringIO) -> None:
    telling = telling_to(stream, json_lines=False)
    telling.say("warning", "before")
    telling.say("info", "after")
    telling.close()

    first, second = stream.getvalue().splitlines()
    assert "before" in first
    assert "after" in second


async def test_what_was_held_is_written_at_the_end_even_without_a_ready_event(stream: io.StringIO) -> None:
    telling = telling_to(stream, json_lines=True)
    telling.say("error", "it has no function.py")
    telling.close()

    assert texts(stream) == ["it has no function.py"]


async def test_nothing_is_told_while_somebody_else_has_the_terminal(stream: io.StringIO) -> None:
    telling = telling_to(stream, json_lines=False)
    telling.say("info", "before")
    telling.hold()
    telling.say("info", "meanwhile")
    telling.line("of a prompt")
    telling.let_go()
    telling.say("info", "after")
    telling.close()

    words = [line.split()[-1] for line in stream.getvalue().splitlines()]
    assert words == ["before", "prompt", "meanwhile", "after"]


async def test_a_terminal_lent_before_the_ready_event_keeps_what_is_held_already(stream: io.StringIO) -> None:
    telling = telling_to(stream, json_lines=True)
    telling.say("info", "first")
    telling.hold()
    telling.say("info", "second")
    telling.close()

    assert texts(stream) == ["first", "second"]


async def test_secrets_do_not_come_out(stream: io.StringIO) -> None:
    telling = telling_to(stream, json_lines=True)
    telling.say("info", "s3cret")
    telling.close()

    assert texts(stream) == ["***"]
