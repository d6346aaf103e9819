"""Played scenarios for machines: JUnit XML, a suite for each file and a case for each scenario."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from devserver.calls.playing import Played
from devserver.recorder.reports import clean

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def junit_suites(played: Sequence[Played]) -> list[Element]:
    """`testsuite` elements, in the order of the files."""
    return [_suite(file, list(group)) for file, group in groupby(played, key=lambda each: each.scenario.file)]


def _suite(file: str, played: list[Played]) -> Element:
    from xml.etree import ElementTree as ET

    suite = ET.Element(
        "testsuite",
        {
            "name": clean(file),
            "tests": str(len(played)),
            "failures": str(sum(1 for each in played if each.failures)),
            "errors": "0",
            "skipped": "0",
            "time": f"{sum(each.report.seconds for each in played):.3f}",
        },
    )
    for each in played:
        _case(suite, each)
    return suite


def _case(suite: Element, played: Played) -> None:
    from xml.etree import ElementTree as ET

    scenario, report = played.scenario, played.report
    fields = {"name": scenario.name, "classname": scenario.file, "time": f"{report.seconds:.3f}"}
    case = ET.SubElement(suite, "testcase", {name: clean(value) for name, value in fields.items()})
    if played.failures:
        lines = [clean(line) for line in failure_lines(played)]
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        failure = ET.SubElement(case, "failure", {"message": lines[0] + more, "type": "failure"})
        failure.text = "\n".join(lines)
    heard = "\n".join(f"heard: {text}" for text in report.heard)
    ET.SubElement(case, "system-out").text = clean(f"call {report.callid}, {report.result} {report.reason}\n{heard}")


def failure_lines(played: Played) -> list[str]:
    """Each failure with the file and the line that expected it."""
    return [f"{played.scenario.file} line {failure.line}: {failure.text}" for failure in played.failures]
