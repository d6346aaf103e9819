"""Whether a call led to what its scenario expects: failures in words, each with the line that expected it.

Pure: a function of the scenario, the report of the call and the step at which it was left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from devserver.calls.matching import callback_words, in_order, is_callback, is_heard, is_same_party
from devserver.calls.scenario import Expectations, Scenario, Span, Wanted
from devserver.calls.scenario_party import Stuck
from devserver.calls.told import CallReport, ReportedCallback

_SHOWN = 12  # of things that happened, in one sentence


class Failure(msgspec.Struct, frozen=True):
    """Something that is not as expected: the line that says so, and a sentence."""

    line: int
    text: str


def judge(scenario: Scenario, report: CallReport, stuck: Stuck | None = None) -> list[Failure]:
    """Everything that is not as the scenario expects, in the order of its lines; empty when all is well."""
    expect = scenario.expect
    found = [
        *_faults(scenario, report),
        *_undone(stuck),
        *_heard(expect, report),
        *_menus(expect, report),
        *_connected(expect, report),
        *_outcome(expect, report),
        *_cookies(expect, report),
        *_callbacks(expect, report),
        *_findings(expect, report),
    ]
    return sorted(found, key=lambda failure: failure.line)


def _faults(scenario: Scenario, report: CallReport) -> Iterator[Failure]:
    expect = scenario.expect
    line = expect.line or scenario.line
    if report.trouble:
        yield Failure(line, report.trouble)
    if expect.fails and not report.failed:
        yield Failure(line, "Expected a callback to fail; all were answered well.")
    if report.failed and not expect.fails:
        failed = [callback for callback in report.callbacks if callback.failed]
        yield from (Failure(line, _fault(callback)) for callback in failed)
        if not failed:
            yield Failure(line, f"The call failed: {report.why}")


def _fault(callback: ReportedCallback) -> str:
    texts = [_finding(finding) for finding in callback.findings if finding.get("severity") == "error"]
    status = f" ({callback.status})" if callback.status else ""
    error = callback.answer.get("error") if isinstance(callback.answer, dict) else None
    said = error if isinstance(error, str) else next(iter(texts), callback.words) or "no answer"
    return f"The {callback_words(callback.event, callback.request)} failed{status}: {said.rstrip('.')}."


def _undone(stuck: Stuck | None) -> Iterator[Failure]:
    if stuck is None:
        return
    if stuck.gave_up:
        yield Failure(stuck.line, f"Waited in vain {stuck.missing}.")
    else:
        yield Failure(stuck.line, f"The call ended waiting {stuck.missing}.")


def _heard(expect: Expectations, report: CallReport) -> Iterator[Failure]:
    start = 0
    for wanted in expect.heard:
        place, missing = in_order([wanted.text], report.heard, start)
        if missing is None:
            start = place
            continue
        late = in_order([wanted.text], report.heard)[1] is None
        after = f' after "{report.heard[start - 1]}"' if late and start else ""
        yield Failure(wanted.line, f'Expected to hear "{wanted.text}"{after}; heard {_quoted(report.heard)}.')
    if expect.heard_exactly is not None:
        yield from _heard_exactly(expect, expect.heard_exactly, report)
    for wanted in expect.not_heard:
        if said := next((text for text in report.heard if is_heard(wanted.text, text)), None):
            yield Failure(wanted.line, f'Expected not to hear "{wanted.text}"; heard "{said}".')


def _heard_exactly(expect: Expectations, all_wanted: Sequence[Wanted], report: CallReport) -> Iterator[Failure]:
    for place, wanted in enumerate(all_wanted):
        heard = report.heard[place] if place < len(report.heard) else None
        if heard is None or " ".join(heard.split()) != " ".join(wanted.text.split()):
            said = f'"{heard}"' if heard is not None else "nothing more"
            yield Failure(wanted.line, f'Expected to hear exactly "{wanted.text}" as number {place + 1}; heard {said}.')
            return
    if more := report.heard[len(all_wanted) :]:
        line = all_wanted[-1].line if all_wanted else expect.line
        yield Failure(line, f"Expected to hear nothing more; heard {_quoted(more)}.")


def _menus(expect: Expectations, report: CallReport) -> Iterator[Failure]:
    start = 0
    for wanted in expect.menus:
        place = next((at for at in range(start, len(report.menus)) if report.menus[at] == wanted.text), None)
        if place is None:
            yield Failure(wanted.line, f'Expected the menu "{wanted.text}"; offered was {_quoted(report.menus)}.')
        else:
            start = place + 1


def _connected(expect: Expectations, report: CallReport) -> Iterator[Failure]:
    start = 0
    happened = report.connected
    for wanted in expect.connected:
        place = next((at for at in range(start, len(happened)) if is_same_party(wanted.text, happened[at])), None)
        if place is None:
            who = ", ".join(happened) or "nobody"
            yield Failure(wanted.line, f"Expected to be connected to {wanted.text}; connected was {who}.")
        else:
            start = place + 1
    if expect.not_connected and happened:
        yield Failure(expect.line, f"Expected to be connected to nobody; connected was {', '.join(happened)}.")


def _outcome(expect: Expectations, report: CallReport) -> Iterator[Failure]:
    for what, wanted, got in (("result", expect.result, report.result), ("reason", expect.reason, report.reason)):
        if wanted is not None and wanted.text != got:
            yield Failure(
                wanted.line, f"Expected the {what} {wanted.text}; it was {got or 'none'}. {report.why}".rstrip()
            )
    if (span := expect.duration) is not None and not span.least <= report.duration <= span.most:
        yield Failure(span.line, f"Expected a duration of {_span(span)}; it was {report.duration} s.")


def _span(span: Span) -> str:
    return f"{span.least:g} s" if span.least == span.most else f"{span.least:g} to {span.most:g} s"


def _cookies(expect: Expectations, report: CallReport) -> Iterator[Failure]:
    for key, wanted in expect.cookies:
        got = report.cookies.get(key)
        if got is None:
            others = ", ".join(report.cookies) or "none"
            yield Failure(wanted.line, f'Expected the cookie "{key}"; there was {others}.')
        elif got != wanted.text:
            yield Failure(wanted.line, f'Expected the cookie "{key}" to be "{wanted.text}"; it was "{got}".')


def _callbacks(expect: Expectations, report: CallReport) -> Iterator[Failure]:
    if expect.callbacks is None:
        return
    happened = [(each.event, each.request) for each in report.callbacks]
    words = ", ".join(callback_words(*each) for each in happened) or "none"
    for place, wanted in enumerate(expect.callbacks):
        if place >= len(happened):
            yield Failure(wanted.line, f"Expected the callback {wanted.text} at the end; there was {words}.")
            return
        if not is_callback(wanted.text, *happened[place]):
            what = f"Expected {wanted.text} as callback {place + 1}; it was {callback_words(*happened[place])}"
            yield Failure(wanted.line, f"{what}, of {words}.")
            return
    if more := happened[len(expect.callbacks) :]:
        line = expect.callbacks[-1].line if expect.callbacks else expect.line
        rest = ", ".join(callback_words(*each) for each in more)
        yield Failure(line, f"Expected no further callback; there was {rest}.")


def _findings(expect: Expectations, report: CallReport) -> Iterator[Failure]:
    if expect.findings is None:
        return
    texts = [_finding(finding) for callback in report.callbacks for finding in callback.findings]
    for wanted in expect.findings:
        if not any(is_heard(wanted.text, text) for text in texts):
            yield Failure(wanted.line, f'Expected the finding "{wanted.text}"; there was {_quoted(texts)}.')
    if not expect.findings and texts:
        yield Failure(expect.line, f"Expected no findings; there was {_quoted(texts)}.")


def _finding(finding: dict[str, str]) -> str:
    path, text = finding.get("path", ""), finding.get("text", "")
    return f"{path}: {text}" if path else text


def _quoted(texts: Sequence[str]) -> str:
    if not texts:
        return "nothing"
    quoted = [f'"{text}"' for text in texts[-_SHOWN:]]
    return ", ".join(quoted) if len(texts) <= _SHOWN else f"... {', '.join(quoted)}"
