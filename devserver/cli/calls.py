"""`fn calls`: recorded phone calls, each as a whole.

A list fits on lines, one call fits on a page: what came, what was answered, what the handler did and what the caller
heard, by the time since the call began. What is printed for people came from outside, so its control characters are
made visible.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.options import folder_option, json_option
from devserver.cli.page import Page, ms_of, page_console, shortened, shown, span_of

if TYPE_CHECKING:
    from devserver.recorder.calls import Call, Callback, CallSummary
    from devserver.recorder.timeline import Entry

_GAP = 0.5  # seconds without a callback that are worth a line
_APART = 0.05  # seconds after which an entry gets a time of its own
_LEVELS = {"error": "red", "critical": "red", "warning": "yellow"}
_LABELS = {"outbound": "calls", "database": "db", "finding": ""}


@click.group
def calls() -> None:
    """Look at recorded calls: who called, what they heard and pressed, and what the function did."""


@calls.command("list")
@folder_option
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@click.option("--number", help="Only calls from or to this number; a part of it will do.")
@json_option
def list_calls(folder: Path, limit: int, number: str | None, as_json: bool) -> None:
    """List recorded calls, the newest first.

    \b
    Example:
      fn calls list --number +12025550199
    """
    from devserver.recorder.call_shapes import call_summary_shape
    from devserver.recorder.reader import RecordingReader

    with RecordingReader(folder / ".fn") as reader:
        found = reader.calls(limit, number=number)
    if as_json:
        _print_json([call_summary_shape(each) for each in found])
    elif found:
        _print_table(found)
    elif number:
        click.echo("No call fits.")
    else:
        click.echo("There are no recorded calls here yet. Run `fn dev` and send it a callback.")


@calls.command("show")
@click.argument("name", metavar="CALL")
@folder_option
@json_option
def show_call(name: str, folder: Path, as_json: bool) -> None:
    """Show one call with its timeline. CALL is its id, the beginning of it, a recording of it, or `last`.

    \b
    Example:
      fn calls show last
    """
    from devserver.recorder.call_lookup import find_call
    from devserver.recorder.call_shapes import call_shape
    from devserver.recorder.reader import RecordingReader

    with RecordingReader(folder / ".fn") as reader:
        found = find_call(reader, name)
    if as_json:
        _print_json(call_shape(found))
    else:
        _print_call(found)


def _print_json(value: Any) -> None:
    import msgspec

    click.echo(msgspec.json.encode(value, enc_hook=repr))


# --- a list for people -----------------------------------------------------------------------------------------


def _print_table(found: list[CallSummary]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("time", "from", "to", "callbacks", "duration", "result", "errors", "id"):
        table.add_column(name, no_wrap=True, justify="right" if name in {"callbacks", "duration", "errors"} else "left")
    for each in found:
        table.add_row(
            _local(each.at).strftime("%d %b %H:%M:%S"),
            Text(shortened(each.facts.from_ or "", 24)),
            Text(shortened(each.facts.to or "", 24)),
            f"{each.callbacks}+" if each.more else str(each.callbacks),
            span_of(each.duration),
            Text(shortened(_result(each), 12), "" if each.facts.ended else "dim"),
            Text(str(each.errors), "red") if each.errors else Text("0", "dim"),
            Text(shortened(each.callid, 200)),
        )
    page_console().print(table)


def _result(call: CallSummary) -> str:
    return call.facts.state if call.facts.ended is None else call.facts.result or call.facts.state


# --- one call for people ---------------------------------------------------------------------------------------


def _print_call(call: Call) -> None:
    from rich.text import Text

    page = Page(page_console())
    page.say(0, f"Call {call.callid}", "bold")
    page.say(0, _ends(call))
    page.say(0, f"{_local(call.at):%d %b %Y %H:%M:%S}  {_outcome(call)}", "red" if call.errors else "dim")
    generation: int | None = None
    for each in call.callbacks:
        if each.gap is not None and each.gap >= _GAP:
            page.say(8, f"... {span_of(each.gap)}", "dim")
        _print_callback(page, each, tells_generation=each.exchange.generation != generation)
        generation = each.exchange.generation or generation
    if call.more:
        page.line(Text("There are more callbacks; `fn recordings list --callid` has them all.", "dim"), 0)


def _ends(call: Call) -> str:
    return f"{call.facts.from_ or 'unknown'} -> {call.facts.to or 'unknown'}"


def _outcome(call: Call) -> str:
    from devserver.recorder.timeline import ending

    facts = call.facts
    parts = [span_of(call.duration), ending(facts.reason, facts.result) or "ended"]
    if facts.ended is None:
        parts = ["in progress"]
    if call.errors:
        parts.append(f"{call.errors} error{'' if call.errors == 1 else 's'}")
    parts += [source for source in call.sources if source != "local"]
    return ", ".join(parts)


def _print_callback(page: Page, callback: Callback, *, tells_generation: bool) -> None:
    """One callback and what happened in it."""
    from rich.text import Text

    exchange = callback.exchange
    # An answer stands in the first line when the callback itself has nothing to say.
    first = callback.came or callback.answer
    head = Text.assemble(
        (f"{f'+{callback.offset:.3f}':<8}", "dim"),
        (f"{shown(exchange.event or exchange.request.path):<6} ", "bold red" if callback.failed else "bold green"),
        (f"{'' if exchange.ms is None else ms_of(exchange.ms):>8}", "dim"),
        (f"  gen {exchange.generation}" if tells_generation and exchange.generation is not None else "", "cyan"),
        (f"  {shown(exchange.source)}" if exchange.source != "local" else "", "dim"),
    )
    status = exchange.answer.status if exchange.answer else None
    failure = f"{status or 'no answer'}" if callback.failed and (status is None or status >= 400) else ""
    head.append(f"  {shown(first if not failure else callback.came or failure)}", "red" if failure else "")
    page.line(head, 8)
    if callback.came and (failure or callback.answer not in {"", "nothing"}):
        page.entry("answer", failure or callback.answer, "red" if failure else "")
    for each in callback.timeline:
        _print_entry(page, callback, each)


def _print_entry(page: Page, callback: Callback, entry: Entry) -> None:
    label = _LABELS.get(entry.kind, entry.kind)
    text = f"{entry.level} {entry.text}" if entry.kind == "log" and entry.level else entry.text
    if entry.kind == "finding":
        label = shortened(entry.level, 7) or "finding"
    style = _LEVELS.get(entry.level, "")
    after = entry.offset - callback.offset
    page.entry(label, text, style, f"+{entry.offset:.3f}" if after >= _APART and entry.kind not in _ENDS else "")


_ENDS = frozenset({"says", "asks", "finding", "error", "mark"})  # what comes with the answer


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at).astimezone()
