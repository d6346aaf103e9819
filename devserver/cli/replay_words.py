"""A replay in words: a line for each callback, below it what is different, at the end the sum."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from devserver.recorder.exchange import Answer
from devserver.recorder.replay import document
from devserver.session.words import visible
from devserver.svaml import describe

if TYPE_CHECKING:
    from devserver.recorder.replay import Replayed
    from devserver.recorder.takes import Take
    from devserver.session.replay_watch import Round

    Results = list[tuple[Take, list[Replayed]]]


_UNFINISHED = "It was never finished in the recording: there is nothing to compare with."
_AROUND = 1  # lines shown around a change


def print_results(results: Results, *, accepted: bool = False) -> None:
    """Everything about a replay that is over."""
    console = open_console()
    _print_takes(console, results, answers=True)
    words = _sum(results) + (", accepted" if accepted else "")
    console.print(words + ".", style="red" if _failed(results) else None)


def print_round(this: Round) -> None:
    """One round of `--watch`."""
    console = open_console()
    if this.number > 1:
        console.print(Text(visible(", ".join(this.files) or "saved"), style="bold"))
    if this.trouble is not None:
        console.print(Text(visible(this.trouble.message), style="red"))
        console.print(Text(visible(this.trouble.hint)))
        return
    _print_takes(console, this.results, answers=False)
    when = f" {this.ms:.0f} ms after the save" if this.number > 1 else ", waiting for saves (Ctrl-C ends)"
    console.print(_sum(this.results) + when + ".", style="red" if _failed(this.results) else None)


def open_console() -> Console:
    """Where words go: as wide as the terminal, and of a fixed width elsewhere."""
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 120)


def _print_takes(console: Console, results: Results, *, answers: bool) -> None:
    for take, replayed in results:
        if take.callid is not None or len(replayed) != 1:
            console.print(Text(f"Call {visible(take.name)}", style="bold"))
        for place, one in enumerate(replayed, 1):
            _print_one(console, place, one, answers=answers)


def _print_one(console: Console, place: int, one: Replayed, *, answers: bool) -> None:
    item, run = one.item, one.run
    said = _in_words(run.answer) if item.event is not None else ""
    line = Text(f"{place:>3} {visible(item.event or item.path):<7} {run.ms:7.1f} ms  ")
    if one.failed:
        line.append(f"failed ({run.answer.status if run.answer else 'no answer'})", style="red")
    elif not item.has_outcome:
        line.append(visible(said))
    elif one.differences:
        line.append(_count(len(one.differences), "difference"), style="yellow")
    else:
        line.append("as recorded", style="green")
        line.append(f"  {visible(said)}" if said else "", style="dim")
    console.print(line)
    if answers and (one.differences or not item.has_outcome):
        _print_answers(console, one)
    for difference in one.differences:
        console.print(below(difference.text, "yellow"))
    if run.error and (one.failed or one.differences):
        trace = str(run.error.get("traceback") or run.error.get("text") or "").rstrip()
        console.print(below(trace, "red"))
    if item.is_unfinished:
        console.print(below(_UNFINISHED, "dim"))
    if run.hint:
        console.print(below(run.hint, "dim"))


def below(text: str, style: str) -> Padding:
    """Text under a callback; wrapped lines stay under it."""
    return Padding(Text(visible(text), style=style), (0, 0, 0, 6))


def _print_answers(console: Console, one: Replayed) -> None:
    """The two answers side by side, where they are not the same; of a file, the one there is."""
    from rich.table import Table

    now = shown(one.new).split("\n")
    if not one.item.has_outcome:
        console.print(Text("\n".join(f"      {line}" for line in now)))
        return
    was = shown(one.item.old).split("\n")
    if was == now:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), expand=True, header_style="dim")
    table.add_column(f"      was {_status(one.item.old)}", ratio=1, overflow="fold")
    table.add_column(f"now {_status(one.new)}", ratio=1, overflow="fold")
    for left, right in _side_by_side(was, now):
        style = "dim" if left == right else ""
        table.add_row(Text(f"      {left}", style=style or "red"), Text(right, style=style or "green"))
    console.print(table)


def _side_by_side(was: list[str], now: list[str]) -> Iterator[tuple[str, str]]:
    """Lines that belong together; what is the same and far from a change is left out."""
    from difflib import SequenceMatcher
    from itertools import zip_longest

    for number, group in enumerate(SequenceMatcher(None, was, now, autojunk=False).get_grouped_opcodes(_AROUND)):
        if number:
            yield "...", "..."
        for _, left, left_end, right, right_end in group:
            yield from zip_longest(was[left:left_end], now[right:right_end], fillvalue="")


def _sum(results: Results) -> str:
    everything = [one for _, replayed in results for one in replayed]
    different = sum(1 for one in everything if one.differences)
    failed = sum(1 for one in everything if one.failed)
    words = [f"{len(everything)} replayed"]
    if any(one.item.has_outcome for one in everything):
        words.append(f"{different} different" if different else "all as recorded")
    if failed:
        words.append(f"{failed} failed")
    return ", ".join(words)


def _failed(results: Results) -> bool:
    return any(one.failed for _, replayed in results for one in replayed)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _in_words(answer: Answer | None) -> str:
    value = document(answer)
    return describe(value) if isinstance(value, dict) or value is None else ""


def _status(answer: Answer | None) -> str:
    return str(answer.status) if answer else "no answer"


def shown(answer: Answer | None) -> str:
    """The body of an answer, JSON in lines."""
    value = document(answer)
    if value is None:
        return "(no body)"
    return visible(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
