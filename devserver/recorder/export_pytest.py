"""Recorded calls as a pytest file that people can read: one test a call, with the fixture `function` of fn.

What the handlers saw is arranged at the top, the callbacks follow in order, and each answer is compared with the
recorded one in the words of `fn replay --check`. The file needs pytest and fn, and nothing else: no recording.

Pure, but for an SQLite database in memory that turns the recorded one into statements.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from devserver.recorder.calls import Call, call_of
from devserver.recorder.exchange import Answer
from devserver.recorder.plain_effects import plain
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.python_text import call as call_text
from devserver.recorder.python_text import literal
from devserver.recorder.takes import Item, take_of_portable

_IN = 4  # columns: everything is in a function
_LONGEST_NAME = 100
_SHOWN_CALLS = 3
_SCRIPT_BYTES = 200_000  # of a database; a larger one, as statements, is not read by anybody
_WHO_HUNG_UP = {
    "callerhangup": "hangs_up",
    "calleehangup": "is_hung_up_on",
    "managerhangup": "is_let_go",
    "noanswer": "gets_no_answer",
    "cancel": "gives_up",
    "timeout": "gets_no_answer",
}


def render(calls: Sequence[PortableCall], *, project: str) -> str:
    """A pytest file.

    Args:
        calls: one test each.
        project: the name of the project they were recorded in.
    """
    taken: set[str] = set()
    tests = []
    for call in calls:
        lines = list(_test(call, _free(_name(call), taken)))
        tests.append("\n".join(line for line in lines).rstrip() + "\n")
    return "\n\n".join([_header(calls, project), *tests])


def _header(calls: Sequence[PortableCall], project: str) -> str:
    ids = [_plain_line(call.callid) for call in calls if call.callid]
    more = ", ..." if len(ids) > _SHOWN_CALLS else ""
    what = "A recorded call" if len(calls) == 1 else f"{len(calls)} recorded calls"
    which = f"Of the function {_plain_line(project)}: {', '.join(ids[:_SHOWN_CALLS])}{more}.\n" if ids else ""
    return (
        f'"""{what} as a test. Run it with `fn test` or `pytest`.\n\n{which}'
        "It may hold personal data: phone numbers, names and what callers said or typed.\n"
        '"""\n'
    )


def _plain_line(text: str) -> str:
    """A text that came from outside, fit for a comment."""
    return re.sub(r"[^A-Za-z0-9 ._:+@-]", "_", text)[:60].strip()


# --- names -----------------------------------------------------------------------------------------------------


def _free(name: str, taken: set[str]) -> str:
    found = next(each for number in range(1, len(taken) + 2) if (each := _numbered(name, number)) not in taken)
    taken.add(found)
    return found


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"


def _name(call: PortableCall) -> str:
    """What happened, as the name of a test: `test_caller_presses_2_and_hangs_up`."""
    with suppress(ValueError):
        steps = list(_steps(call_of([each for each in call.exchanges if each.is_of_code])))
        text = "_".join(["caller", *_listed(steps)]) if steps else "a_call_comes_in"
        return f"test_{text}"[:_LONGEST_NAME].rstrip("_")
    return "test_recorded_requests"


def _listed(steps: list[str]) -> list[str]:
    return steps if len(steps) == 1 else [*steps[:-1], "and", steps[-1]]


def _steps(call: Call) -> Iterator[str]:
    for callback in call.callbacks:
        pressed = callback.pressed
        match callback.exchange.event:
            case "pie" if pressed is not None:
                yield _pressed(pressed.type, pressed.key, pressed.value)
            case "ace":
                yield "is_connected"
            case "dice":
                reason = str(call.facts.reason or "").lower()
                yield _WHO_HUNG_UP.get(reason, "is_done")
            case None:
                yield f"{callback.exchange.request.method.lower()}s_{_word(callback.exchange.request.path)}"
            case _:
                pass


def _pressed(kind: str | None, key: str | None, value: str | None) -> str:
    match kind:
        case "return" if key:
            return f"presses_{_KEYS.get(key, key)}"
        case "return":
            return f"chooses_{_word(value or 'nothing')}"
        case "sequence":
            return f"enters_{_word(value or 'nothing')}"
        case "timeout":
            return "presses_nothing"
        case "hangup":
            return "hangs_up_in_the_menu"
        case _:
            return "gets_it_wrong"


_KEYS = {"*": "star", "#": "pound"}


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.partition("?")[0].lower()).strip("_")[:30] or "something"


# --- one test --------------------------------------------------------------------------------------------------


def _test(call: PortableCall, name: str) -> Iterator[str]:
    take = take_of_portable(call, "", name) if call.exchanges else None
    yield f"def {name}(function):"
    if take is None:
        yield f"{' ' * _IN}pass"
        return
    at = take.items[0].at if take.items else 0.0
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield call_text("function.clock.freeze", [moment], {}, indent=_IN)
    yield from _arranged(call.state or State())
    for item in take.items:
        yield ""
        if item.at > at:
            yield call_text("function.clock.advance", [round(item.at - at, 3)], {}, indent=_IN)
        at = max(at, item.at)
        yield from _one(item)


def _arranged(state: State) -> Iterator[str]:
    for entry in state.cache:
        value = msgspec.json.decode(entry.value)
        yield call_text("function.cache.set", [entry.key, value], {"ttl": round(entry.ttl, 3)}, indent=_IN)
    for key, data in state.storage.items():
        yield f"{' ' * _IN}function.storage[{literal(key)}] = {literal(_readable(data))}"
    if state.database:
        yield from _database(state.database)


def _readable(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _database(content: bytes) -> Iterator[str]:
    statements = _statements(content)
    if statements is None:
        yield call_text("function.database.fill", [content], {}, indent=_IN)
    elif statements:
        yield call_text("function.database.script", statements, {}, indent=_IN)


def _statements(content: bytes) -> list[str] | None:
    """The statements that make a database anew; None when they would not be the same, or not be readable."""
    if len(content) > _SCRIPT_BYTES:
        return None
    # A file in WAL mode says so in its header, and no database in memory can be that.
    plain_file = content[:18] + b"\x01\x01" + content[20:]
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(plain_file)
            dumped = list(connection.iterdump())
    except (sqlite3.Error, UnicodeDecodeError):
        return None
    if any("writable_schema" in statement for statement in dumped):
        return None
    return [statement for statement in dumped if statement not in {"BEGIN TRANSACTION;", "COMMIT;"}]


def _one(item: Item) -> Iterator[str]:
    """One request and what is expected of its answer."""
    expected = _expected(item)
    outbound = [each for each in item.effects if each.kind == "outbound"]
    if outbound:
        # Named, because the calls are answered from it, too.
        yield f"{' ' * _IN}effects = {literal(expected.pop('effects'), _IN, _IN + len('effects = '))}"
        yield f"{' ' * _IN}function.outbound.replay(effects)"
    yield _sent(item)
    if outbound:
        yield _with_effects(expected)
    elif expected:
        yield call_text("answer.expect", [], expected, indent=_IN)


def _with_effects(expected: dict[str, Any]) -> str:
    """A call of `expect` whose last argument is the variable `effects`."""
    marker = "\0effects\0"
    text = call_text("answer.expect", [], {**expected, "effects": marker}, indent=_IN)
    return text.replace(literal(marker), "effects")


def _sent(item: Item) -> str:
    body = _document(item.body)
    if item.event is not None:
        payload = body if isinstance(body, dict) else item.body
        return call_text("function.callback", [item.event, payload], {}, indent=_IN, target="answer")
    named: dict[str, Any] = {}
    if item.body:
        named["body"] = _readable(item.body)
    if item.headers:
        named["headers"] = _as_dict(item.headers)
    return call_text("function.request", [item.method, item.path], named, indent=_IN, target="answer")


def _as_dict(headers: Sequence[tuple[str, str]]) -> Any:
    """Header fields as a dict, or as pairs when a name comes twice."""
    return dict(headers) if len({name for name, _ in headers}) == len(headers) else [list(pair) for pair in headers]


def _expected(item: Item) -> dict[str, Any]:
    expected = _answered(item, item.old) if item.old is not None else {}
    if item.knows_effects:
        expected["effects"] = [plain(effect) for effect in item.effects]
    if item.name.encode() in msgspec.json.encode([item.old.body.decode("latin-1") if item.old else "", expected]):
        expected["id"] = item.name  # the function has said the id of its request
    return expected


def _answered(item: Item, answer: Answer) -> dict[str, Any]:
    document = _document(answer.body) if answer.body else {}
    if item.event is not None and isinstance(document, dict):
        status = {} if answer.status == 200 else {"status": answer.status}
        return {**status, "svaml": document} if not status else {**status, "json": document}
    status = {"status": answer.status}
    kind = next((value for name, value in answer.headers if name.lower() == "content-type"), None)
    headers = {"headers": {"Content-Type": kind}} if kind and item.event is None else {}
    if answer.body and document is not None:
        return {**status, **headers, "json": document}
    return {**status, **headers, "text" if isinstance(_readable(answer.body), str) else "body": _readable(answer.body)}


def _document(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
