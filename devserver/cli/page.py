"""A page with a timeline, as `fn calls show` and `fn call` print it: times on the left, what kind of thing, the text.

What is printed for people came from outside, so its control characters are made visible.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from devserver.session.words import visible, visible_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_TEXT = 16  # column of what happened; its kind stands before it
_NARROW = 60  # columns of a terminal where every column counts
_LONGEST = 600  # characters of one thing that a terminal is shown


def page_console() -> Console:
    """The console of standard output; without a terminal there is no width to keep to."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=100_000)


class Page:
    """Prints lines that go on under their own beginning when a terminal is too narrow.

    Args:
        console: where to.
        is_terminal: lines are wrapped and long texts cut; elsewhere they are whole. By default what standard output is.
    """

    def __init__(self, console: Console, *, is_terminal: bool | None = None) -> None:
        self._console = console
        self._is_terminal = sys.stdout.isatty() if is_terminal is None else is_terminal
        self._column = 8 if self._is_terminal and console.width < _NARROW else _TEXT

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


def _wrapped(console: Console, text: Text, indent: int) -> Iterator[Text]:
    from rich.text import Text

    head = text.wrap(console, console.width, overflow="fold")[0]
    yield head
    rest = text[len(head.plain) :]
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    for line in rest.wrap(console, max(console.width - indent, 10), overflow="fold"):
        line.rstrip()
        yield Text(" " * indent).append_text(line)


def shown(text: str) -> str:
    """Text on one line, not longer than a terminal is to be shown."""
    return shortened(text, _LONGEST)


def shortened(text: str, width: int) -> str:
    """Text on one line of so many characters."""
    line = visible_line(text)
    return line if len(line) <= width else f"{line[: width - 2]}.."


def _lines(text: str, *, cut: bool) -> list[str]:
    safe = visible(text).expandtabs(4)
    if cut and len(safe) > _LONGEST and "\n" not in safe:
        safe = f"{safe[: _LONGEST - 2]}.."
    return safe.splitlines() or [""]


def ms_of(value: float) -> str:
    """Milliseconds."""
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def span_of(seconds: float) -> str:
    """A duration as one reads a clock: seconds, then minutes and seconds, then hours and minutes."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
