from __future__ import annotations

import asyncio
import json
from typing import Any

from devserver.session.report import Report, json_line


async def test_events_come_out_rendered_and_without_secrets() -> None:
    lines: list[str] = []
    report = Report(lines.append, lambda kind, fields: f"{kind} {fields['text']}", lambda line: line.replace("s3", "*"))
    report.tell("log", text="has s3 in it")

    assert lines == ["log has * in it"]


async def test_what_the_renderer_does_not_know_is_not_written() -> None:
    lines: list[str] = []
    Report(lines.append, lambda _kind, _fields: None, str).tell("log", text="x")

    assert lines == []


def test_a_json_line_begins_with_its_event_and_says_when() -> None:
    line: dict[str, Any] = json.loads(json_line("callback", {"name": "ice"}))

    assert list(line) == ["event", "at", "name"]
    assert line["at"].endswith("Z")
    assert list(json.loads(json_line("ready", {"pid": 1}))) == ["event", "pid"]


async def test_more_than_a_screenful_a_second_is_told_as_a_number() -> None:
    told: list[tuple[str, Any]] = []
    done = asyncio.Event()

    def render(kind: str, fields: Any) -> None:
        told.append((kind, fields.get("count")))
        done.set()

    report = Report(lambda _line: None, render, str, traffic=2)

    assert [report.has_room() for _ in range(5)] == [True, True, False, False, False]
    await done.wait()
    assert told == [("more", 3)]
    assert report.has_room()


async def test_without_a_limit_everything_has_room() -> None:
    report = Report(lambda _line: None, lambda _kind, _fields: None, str)

    assert all(report.has_room() for _ in range(10_000))
