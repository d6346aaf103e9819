"""`fn calls`: recorded phone calls, each as a whole.

A list fits on lines, one call fits on a page: what came, what was answered, what the handler did and what the caller
heard, by the time since the call began. What is printed for people came from outside, so its control characters are
made visible.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devserver.session.words import visible, visible_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from devserver.recorder.calls import Call, Callback, CallSummary
    from devserver.recorder.timeline import Entry

_TEXT = 16  # column of what happened; its kind stands before it
_NARROW = 60  # columns of a terminal where every column counts
_LONGEST = 600  # characters of one thing that a terminal is shown
_GAP = 0.5  # seconds without a callback that are worth a line
_APART = 0.05  # seconds after which an entry gets a time of its own
_LEVELS = {"error": "red", "critical": "red", "warning": "yellow"}
_LABELS = {"outbound": "calls", "database": "db", "finding": ""}

_folder = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="Folder of the project; by default here.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group
def calls() -> None:
    """Look at recorded calls: who called, what they heard and pressed, and what the function did."""


@calls.command("list")
@_folder
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@click.option("--number", help="Only calls from or to this number; a part of it will do.")
@_json
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
@_folder
@_json
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


def _console() -> Console:
    from rich.console import Console

    # Without a terminal there is no width to keep to.
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=100_000)


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
            Text(_line(each.facts.from_ or "", 24)),
            Text(_line(each.facts.to or "", 24)),
            f"{each.callbacks}+" if each.more else str(each.callbacks),
            _span(each.duration),
            Text(_line(_result(each), 12), "" if each.facts.ended else "dim"),
            Text(str(each.errors), "red") if each.errors else Text("0", "dim"),
            Text(_line(each.callid, 200)),
        )
    _console().print(table)


def _result(call: CallSummary) -> str:
    return call.facts.state if call.facts.ended is None else call.facts.result or call.facts.state


def _line(text: str, width: int) -> str:
    line = visible_line(text)
    return line if len(line) <= width else f"{line[: width - 2]}.."


# --- one call for people ---------------------------------------------------------------------------------------


def _print_call(call: Call) -> None:
    from rich.text import Text

    page = _Page(_console())
    page.say(0, f"Call {call.callid}", "bold")
    page.say(0, _ends(call))
    page.say(0, f"{_local(call.at):%d %b %Y %H:%M:%S}  {_outcome(call)}", "red" if call.errors else "dim")
    generation: int | None = None
    for each in call.callbacks:
        if each.gap is not None and each.gap >= _GAP:
            page.say(8, f"... {_span(each.gap)}", "dim")
        page.callback(each, tells_generation=each.exchange.generation != generation)
        generation = each.exchange.generation or generation
    if call.more:
        page.line(Text("There are more callbacks; `fn recordings list --callid` has them all.", "dim"), 0)


def _ends(call: Call) -> str:
    return f"{call.facts.from_ or 'unknown'} -> {call.facts.to or 'unknown'}"


def _outcome(call: Call) -> str:
    from devserver.recorder.timeline import ending

    facts = call.facts
    parts = [_span(call.duration), ending(facts.reason, facts.result) or "ended"]
    if facts.ended is None:
        parts = ["in progress"]
    if call.errors:
        parts.append(f"{call.errors} error{'' if call.errors == 1 else 's'}")
    parts += [source for source in call.sources if source != "local"]
    return ", ".join(parts)


class _Page:
    """Prints lines that go on under their own beginning when a terminal is too narrow."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_terminal = sys.stdout.isatty()
        self._column = 8 if self._is_terminal and console.width < _NARROW else _TEXT

    def callback(self, callback: Callback, *, tells_generation: bool) -> None:
        """One callback and what happened in it."""
        from rich.text import Text

        exchange = callback.exchange
        # An answer stands in the first line when the callback itself has nothing to say.
        first = callback.came or callback.answer
        head = Text.assemble(
            (f"{f'+{callback.offset:.3f}':<8}", "dim"),
            (f"{_shown(exchange.event or exchange.request.path):<6} ", "bold red" if callback.failed else "bold green"),
            (f"{'' if exchange.ms is None else _ms(exchange.ms):>8}", "dim"),
            (f"  gen {exchange.generation}" if tells_generation and exchange.generation is not None else "", "cyan"),
            (f"  {_shown(exchange.source)}" if exchange.source != "local" else "", "dim"),
        )
        status = exchange.answer.status if exchange.answer else None
        failure = f"{status or 'no answer'}" if callback.failed and (status is None or status >= 400) else ""
        head.append(f"  {_shown(first if not failure else callback.came or failure)}", "red" if failure else "")
        self.line(head, 8)
        if callback.came and (failure or callback.answer not in {"", "nothing"}):
            self.entry("answer", failure or callback.answer, "red" if failure else "")
        for each in callback.timeline:
            self._happened(callback, each)

    def _happened(self, callback: Callback, entry: Entry) -> None:
        label = _LABELS.get(entry.kind, entry.kind)
        text = f"{entry.level} {entry.text}" if entry.kind == "log" and entry.level else entry.text
        if entry.kind == "finding":
            label = _line(entry.level, 7) or "finding"
        style = _LEVELS.get(entry.level, "")
        after = entry.offset - callback.offset
        self.entry(label, text, style, f"+{entry.offset:.3f}" if after >= _APART and entry.kind not in _ENDS else "")

    def entry(self, label: str, text: str, style: str, at: str = "") -> None:
        """One thing that happened, under its callback."""
        from rich.text import Text

        label_width = self._column - 8
        for number, line in enumerate(_lines(text, cut=self._is_terminal)):
            lead = Text.assemble((f"{at if number == 0 else '':<8}", "dim"))
            if label_width:
                lead.append(f"{label if number == 0 else '':<{label_width}}", style or "dim")
            elif number == 0:
                lead.append(f"{label} ", style or "dim")
            self.line(lead.append(line, style), self._column)

    def say(self, indent: int, text: str, style: str = "") -> None:
        """One line of text at a column."""
        from rich.text import Text

        self.line(Text(" " * indent).append(visible_line(text), style), indent)

    def line(self, text: Text, indent: int) -> None:
        """One line; what does not fit goes on at a column."""
        text.rstrip()
        if not self._is_terminal or text.cell_len <= self._console.width:
            self._console.print(text, soft_wrap=True)
            return
        for part in _wrapped(self._console, text, indent):
            self._console.print(part, soft_wrap=True)


_ENDS = frozenset({"says", "asks", "finding", "error", "mark"})  # what comes with the answer


def _wrapped(console: Console, text: Text, indent: int) -> Iterator[Text]:
    from rich.text import Text

    head = text.wrap(console, console.width, overflow="fold")[0]
    yield head
    rest = text[len(head.plain) :]
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    for line in rest.wrap(console, max(console.width - indent, 10), overflow="fold"):
        line.rstrip()
        yield Text(" " * indent).append_text(line)


def _shown(text: str) -> str:
    return _line(text, _LONGEST)


def _lines(text: str, *, cut: bool) -> list[str]:
    shown = visible(text).expandtabs(4)
    if cut and len(shown) > _LONGEST and "\n" not in shown:
        shown = f"{shown[: _LONGEST - 2]}.."
    return shown.splitlines() or [""]


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at).astimezone()


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def _span(seconds: float) -> str:
    """A duration as one reads a clock: seconds, then minutes and seconds, then hours and minutes."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
