"""Reports of replays for machines: JUnit XML for CI. Functions from data to text (JSON is `replay.shape`).

The XML keeps to what both Jenkins and GitLab read: `testsuites` > `testsuite` (a call) > `testcase` (a callback), with
`failure` for differences and `error` for a handler that failed. There is no time of day in it, so that the same replay
gives the same report. Characters that XML 1.0 cannot hold, and that a terminal would obey, are left out.

It must not know how a replay is run, nor where the report goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from devserver.recorder.compare.difference import Difference

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# https://www.w3.org/TR/xml/#charsets; the controls from 7F on are allowed there, but discouraged.
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class CallbackReport(msgspec.Struct, frozen=True):
    """One replayed callback.

    Attributes:
        id: of its recording, or name of its file.
        event: `ice`, `ace` ...; for other requests the path, or None.
        ms: milliseconds of the replay; None when it was not run.
        differences: from the recording.
        error: of the handler, when it failed in the replay only: kind, text, traceback.
        skipped: why it was not run, or empty.
    """

    id: str
    event: str | None
    ms: float | None = None
    differences: Sequence[Difference] = ()
    error: dict[str, Any] | None = None
    skipped: str = ""


class CallReport(msgspec.Struct, frozen=True):
    """One replayed call.

    Attributes:
        name: for people; the call id, or the name of its file.
        callid: None for requests that belong to no call.
        results: its callbacks in order.
    """

    name: str
    callid: str | None
    results: Sequence[CallbackReport] = ()


def junit(calls: Iterable[CallReport]) -> str:
    """The replays as JUnit XML with its declaration, to be written as UTF-8."""
    from xml.etree import ElementTree as ET

    root = ET.Element("testsuites")
    results: list[CallbackReport] = []
    for call in calls:
        suite = ET.SubElement(
            root, "testsuite", {"name": clean(call.name), **_counts(call.results), "skipped": _skipped(call)}
        )
        for number, result in enumerate(call.results, 1):
            _testcase(suite, call, number, result)
        results += call.results
    root.attrib.update({"name": "fn replay", **_counts(results)})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(results: Sequence[CallbackReport]) -> dict[str, str]:
    errors = sum(1 for result in results if result.error is not None)
    failures = sum(1 for result in results if result.differences and result.error is None)
    seconds = sum(result.ms or 0.0 for result in results) / 1000
    return {
        "tests": str(len(results)),
        "failures": str(failures),
        "errors": str(errors),
        "time": f"{seconds:.3f}",
    }


def _skipped(call: CallReport) -> str:
    return str(sum(1 for result in call.results if result.skipped))


def _testcase(suite: Element, call: CallReport, number: int, result: CallbackReport) -> None:
    from xml.etree import ElementTree as ET

    # The number keeps apart two callbacks of one kind, and is the same in every run, which a recording's id is not.
    name = f"{number} {result.event or 'request'}"
    case = ET.SubElement(
        suite,
        "testcase",
        {"name": clean(name), "classname": clean(call.name), "time": f"{(result.ms or 0.0) / 1000:.3f}"},
    )
    differences = [clean(difference.text) for difference in result.differences]
    if result.error is not None:
        kind, text = (clean(str(result.error.get(key) or "")) for key in ("kind", "text"))
        error = ET.SubElement(
            case, "error", {"message": text or kind or "The handler failed.", "type": kind or "error"}
        )
        traceback = clean(str(result.error.get("traceback") or ""))
        error.text = "\n".join([traceback.rstrip(), *differences]).strip() or text
    elif differences:
        more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
        failure = ET.SubElement(case, "failure", {"message": differences[0] + more, "type": "difference"})
        failure.text = "\n".join(differences)
    elif result.skipped:
        ET.SubElement(case, "skipped", {"message": clean(result.skipped)})
    where = [f"recording {result.id}", *([f"call {call.callid}"] if call.callid else [])]
    ET.SubElement(case, "system-out").text = clean(", ".join(where))


def clean(text: str) -> str:
    """A text without the characters that XML 1.0 cannot hold, or that a terminal would obey."""
    return _ILLEGAL.sub("", text)
