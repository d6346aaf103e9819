"""The portable file: what is written is read back to the byte, and every way in which a file can be wrong is told."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.portable import VERSION, Portable, PortableCall, State, is_portable, read, write
from devserver.recorder.state import CacheEntry

NOW = "2026-07-01T12:00:00.000Z"
ICE = b'{"event":"ice","callid":"c1","cli":"12015555555"}'
EXCHANGE = Exchange(
    id="01aaaaaaaaaaaaaaaaaaaaaaa1",
    at=1_700_000_000.25,
    callid="c1",
    event="ice",
    source="tunnel",
    request=Request("POST", "/ice?x=%20", (("X-A", "1"), ("x-a", "2\xe5")), ICE, "127.0.0.1"),
    answer=Answer(200, (("Content-Type", "application/json"),), b'{"action":{"name":"hangup"}}'),
    ms=1.5,
    generation=3,
    findings=[{"severity": "warning", "path": "action", "text": "Nobody hears it."}],
    logs=[{"at": 1.0, "level": "info", "text": "hi", "fields": {"n": [1, None]}}],
    error={"kind": "raised", "text": "boom", "traceback": "..."},
    marks=["deadline"],
    effects=[Effect("cache", "set", "caller:c1", 2.0, "12015555555", 60.0), Effect("outbound", "POST", "http://x/")],
    state=17,
)
STATE = State(
    [CacheEntry("k", b'{"a": 1}', 3.5)], {"a/b.txt": b"text", "b.bin": b"\xff\x00"}, b"SQLite format 3\x00\xff"
)
PORTABLE = Portable(
    "hello",
    "kept",
    [PortableCall("c1", [EXCHANGE], STATE), PortableCall(None, [])],
)


def lines(portable: Portable = PORTABLE) -> list[bytes]:
    return list(write(portable, NOW))


def message(text: list[bytes], name: str = "call.fn") -> str:
    with pytest.raises(FnError) as caught:
        read(text, name)
    assert caught.value.hint
    return caught.value.message


def test_what_is_written_is_read_back() -> None:
    assert read(lines(), "call.fn") == PORTABLE


def test_the_first_line_says_what_it_is_and_that_it_may_hold_personal_data() -> None:
    header = json.loads(lines()[0])
    assert {
        "fn": "recording",
        "version": VERSION,
        "project": "hello",
        "numbers": "kept",
        "at": NOW,
    }.items() <= header.items()
    assert header["made_by"].startswith("fn ")
    assert "personal data" in header["warning"]


def test_each_line_is_one_json_object() -> None:
    assert [json.loads(line).get("kind") for line in lines()] == [None, "call", "state", "exchange", "call", "end"]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines())


@settings(deadline=None)
@given(st.binary(max_size=60), st.text(st.characters(codec="utf-8"), max_size=30), st.binary(min_size=1, max_size=9))
def test_any_body_path_and_header_comes_back_to_the_byte(body: bytes, header: str, path: bytes) -> None:
    request = Request("POST", "/" + path.decode("utf-8", "surrogateescape"), (("X", header),), body)
    exchange = Exchange("a1", 1.0, None, None, "local", request, Answer(200, (), body))
    portable = Portable("p", "kept", [PortableCall(None, [exchange])])
    assert read(lines(portable), "x") == portable


def test_a_file_is_known_by_its_content() -> None:
    assert is_portable(lines()[0])
    assert is_portable(b'\xef\xbb\xbf{ "fn" : "recording", "vers')
    assert is_portable(b'{"version": 1, "fn": "recording"}\n...')
    for other in (b"", b"{}", b'{"log":{"entries":[]}}', b"\xff\xfe", b'["fn"]', b'{"fn":"other"}'):
        assert not is_portable(other)


def test_a_torn_last_line_is_told_as_such() -> None:
    whole = lines()[:4]
    whole[3] = whole[3][:-40]
    assert message(whole) == "call.fn is cut short: line 4 ends in the middle."
    assert message([lines()[0][:30]]) == "call.fn is cut short: line 1 ends in the middle."


def test_a_file_that_lost_its_last_lines_is_told_as_such() -> None:
    assert message(lines()[:4]) == "call.fn is cut short: it stops behind line 4, and its end is missing."


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"nonsense\n", "line 3: JSON is malformed"),
        (b'{"kind":"state","cache":7}\n', "line 3: Expected `array`"),
        (b'{"kind":"dance"}\n', "line 3: Invalid value 'dance'"),
        (b"[" * 100_000 + b"\n", "line 3: "),
        (b"\xff\n", "line 3: "),
        (b'{"kind":"end"}\n', "line 4: there is something behind the end"),
    ],
    ids=["no JSON", "wrong type", "unknown kind", "deep", "no text", "end"],
)
def test_a_wrong_line_in_the_middle_is_named_by_its_number(line: bytes, what: str) -> None:
    whole = lines()
    whole[2] = line
    assert what in message(whole)


def test_an_exchange_without_a_request_is_told_as_such() -> None:
    whole = lines()
    broken: dict[str, Any] = json.loads(whole[3])
    del broken["request"]
    whole[3] = json.dumps(broken).encode() + b"\n"
    assert message(whole) == "call.fn, line 4: the exchange has no request."


def test_an_id_that_could_name_another_file_is_refused() -> None:
    whole = lines()
    whole[3] = whole[3].replace(EXCHANGE.id.encode(), b"../../etc/passwd")
    assert "line 4" in message(whole)


def test_an_exchange_outside_of_a_call_is_refused() -> None:
    assert message([lines()[0], lines()[3]]) == "call.fn, line 2: it belongs to no call."


def test_an_empty_file_and_a_foreign_file_are_told_as_such() -> None:
    assert message([]) == "call.fn is empty."
    assert message([b"\n"]) == "call.fn is empty."
    assert message([b'{"log": {}}\n']) == "call.fn is no recording of fn: its first line does not say so."


def test_a_newer_file_is_told_as_such() -> None:
    header = json.loads(lines()[0]) | {"version": 7, "made_by": "fn 9.9"}
    with pytest.raises(FnError) as caught:
        read([json.dumps(header).encode() + b"\n"], "call.fn")
    assert caught.value.message == f"call.fn was made by a newer fn (format 7, this one knows {VERSION})."
    assert "fn 9.9" in caught.value.hint


@pytest.mark.parametrize("version", ["1", None, True, 0, -3])
def test_a_version_that_never_was_is_refused(version: object) -> None:
    header = json.loads(lines()[0]) | {"version": version}
    assert "version" in message([json.dumps(header).encode() + b"\n"]) or "format" in message(
        [json.dumps(header).encode() + b"\n"]
    )


def test_an_older_file_goes_through_its_converter() -> None:
    """Version 0 is made up: it called the request `asked` and knew no pseudonyms."""

    def from_0(line: dict[str, Any]) -> dict[str, Any]:
        if "fn" in line:
            return line | {"version": 1, "numbers": "kept"}
        return line if "asked" not in line else line | {"request": line["asked"]}

    old = []
    for line in lines():
        found = json.loads(line)
        found.pop("numbers", None)
        if "fn" in found:
            found["version"] = 0
        if "request" in found:
            found["asked"] = found.pop("request")
        old.append(json.dumps(found).encode() + b"\n")
    assert read(old, "old.fn", {0: from_0}) == PORTABLE
    old[3] = b'{"kind":"exchange"}\n'
    with pytest.raises(FnError, match="line 4"):
        read(old, "old.fn", {0: from_0})


def test_fifty_megabytes_are_read_and_written_in_a_few_times_their_size(tmp_path: Path) -> None:
    body = b'{"event":"pie","text":"' + b"x" * 50_000 + b'"}'
    request = Request("POST", "/pie", (), body)
    exchanges = [Exchange(f"{n:026d}", float(n), "c", "pie", "local", request) for n in range(1000)]
    path = tmp_path / "large.fn"
    tracemalloc.start()
    try:
        with path.open("wb") as file:
            file.writelines(write(Portable("p", "kept", [PortableCall("c", exchanges)]), NOW))
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
        assert path.stat().st_size > 50_000_000
        with path.open("rb") as file:
            found = read(file, "large.fn")
        assert tracemalloc.get_traced_memory()[1] < 2 * path.stat().st_size
    finally:
        tracemalloc.stop()
    assert found.calls[0].exchanges == exchanges
