"""In a real host: `capture` redirects a whole process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from devserver.session.frames import Answer, Line
from tests.session.hosts import Heard, ask, function, running

Ask = Callable[..., asyncio.Future[Answer]]

FUNCTION = """\
import asyncio, logging, sys, threading, warnings

print("at import")
first = asyncio.Event()

async def partial(context, request):
    print("one ", end="")
    print("line")
    print("two\\nlines")
    print("the rest", end="")
    sys.stdout.flush()

async def mixed(context, request):
    print("begun by the first, ", end="")
    await first.wait()
    print("ended by the first")

async def other(context, request):
    print("the second's own")
    first.set()

def plain(context, request):
    print("in a thread")

async def thread(context, request):
    started = threading.Thread(target=print, args=("on its own",))
    started.start()
    started.join()

async def errors(context, request):
    print("to the errors", file=sys.stderr)

async def logs(context, request):
    logging.getLogger("mine").warning("%s of %d", "one", 2)
    logging.getLogger("mine").debug("not shown")
    logging.getLogger("asyncio").info("not shown")
    logging.getLogger("mine").error("%d", "no number")
    warnings.warn("watch out")
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger().exception("failed")

async def structured(context, request):
    context.log.info("hello", number=1, big=2**70, odd=object, text="\\ud800")
    context.log.debug("detail")
    context.log.warn("careful")
    try:
        1 / 0
    except ZeroDivisionError:
        context.log.exception("failed", step=3)

async def long(context, request):
    print("x" * 100_000)
    print("\\ud800")
"""


class Output(Heard):
    """What one host wrote."""

    async def of(self, count: int) -> list[Line]:
        """The lines of the requests, as soon as there are so many."""
        await self.until(lambda: len(self.requests()) >= count)
        return self.requests()

    def requests(self) -> list[Line]:
        return [line for line in self.lines if line.text != "at import"]


@pytest.fixture
async def heard() -> Output:
    return Output()


@pytest.fixture
async def asked(tmp_path: Path, heard: Output) -> AsyncIterator[Ask]:
    folder = function(tmp_path / "demo", FUNCTION)
    async with running(folder, heard) as host:
        yield lambda path, number=1: ask(host, path, number)


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


async def test_what_is_printed_at_import_belongs_to_no_request(asked: Ask, heard: Output) -> None:
    (line,) = heard.lines
    assert (line.request_id, line.level, line.text) == ("", "info", "at import")


async def test_a_line_is_told_when_it_is_whole_or_flushed(asked: Ask, heard: Output) -> None:
    await asked("/partial")
    lines = await heard.of(4)

    assert texts(lines) == ["one line", "two", "lines", "the rest"]
    assert {line.request_id for line in lines} == {"r1"}


async def test_parts_of_lines_of_two_requests_do_not_mix(asked: Ask, heard: Output) -> None:
    waiting = asked("/mixed", 1)
    await asked("/other", 2)
    await waiting
    lines = await heard.of(2)

    assert [(line.request_id, line.text) for line in lines] == [
        ("r2", "the second's own"),
        ("r1", "begun by the first, ended by the first"),
    ]


async def test_a_plain_handler_prints_for_its_request(asked: Ask, heard: Output) -> None:
    await asked("/plain")
    (line,) = await heard.of(1)

    assert (line.request_id, line.text) == ("r1", "in a thread")


async def test_a_thread_of_the_users_prints_for_nobody(asked: Ask, heard: Output) -> None:
    await asked("/thread")
    (line,) = await heard.of(1)

    assert (line.request_id, line.text) == ("", "on its own")


async def test_what_goes_to_the_errors_is_an_error(asked: Ask, heard: Output) -> None:
    await asked("/errors")
    (line,) = await heard.of(1)

    assert (line.level, line.text) == ("error", "to the errors")


async def test_logging_has_its_level_its_name_and_its_traceback(asked: Ask, heard: Output) -> None:
    await asked("/logs")
    one, unfit, warned, failed = await heard.of(4)

    assert (one.level, one.text, one.fields, one.request_id) == ("warning", "one of 2", {"logger": "mine"}, "r1")
    assert "its arguments do not fit" in unfit.text
    assert "watch out" in warned.text
    assert (failed.level, failed.fields) == ("error", {})
    assert failed.text.startswith("failed\n")
    assert "ZeroDivisionError" in failed.text
    assert "function.py" in failed.text


async def test_structured_logs_keep_their_fields_as_far_as_they_can_be_sent(asked: Ask, heard: Output) -> None:
    await asked("/structured")
    hello, detail, careful, failed = await heard.of(4)

    assert (hello.level, hello.text, hello.request_id) == ("info", "hello", "r1")
    fields = {"number": 1, "big": str(2**70), "odd": "<class 'object'>", "text": "\\ud800"}
    assert {key: hello.fields[key] for key in fields} == fields
    assert (detail.level, careful.level) == ("debug", "warning")
    assert failed.fields["step"] == 3
    assert "ZeroDivisionError" in failed.text


async def test_a_runaway_line_is_cut_and_half_a_character_is_escaped(asked: Ask, heard: Output) -> None:
    await asked("/long")
    cut, half = await heard.of(2)

    assert cut.text == "x" * 16_384 + " ... (100,000 characters)"
    assert half.text == "\\ud800"
