"""What a session says on standard output: events as JSON or in words, in an order that readers can rely on.

Programs wait for the first line, and that is the ready event, whatever there is to tell before it; and while somebody
else has the terminal (`breakpoint()`), lines wait until it is given back. It must not know what it tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from devserver.session.output import LineWriter
from devserver.session.report import Report, json_line
from devserver.session.terms import Terms
from devserver.session.words import Words

_LINES_A_SECOND = 50  # of ordinary requests, in words; `--json` tells every one


class Telling:
    """The output of one session.

    Args:
        terms: JSON or words, coloured or not.
        stream: where it goes.
        redact: a line without secrets.
        on_gone: called when nobody reads any more, possibly from another thread and more than once.

    Attributes:
        report: what is told goes in here.
    """

    def __init__(self, terms: Terms, stream: TextIO, redact: Callable[[str], str], on_gone: Callable[[], None]) -> None:
        self._held: list[str] | None = [] if terms.json else None
        self._writer = LineWriter(stream, on_gone)
        render = json_line if terms.json else Words(colour=terms.colour)
        self.report = Report(self._write, render, redact, None if terms.json else _LINES_A_SECOND)

    def say(self, level: str, text: str) -> None:
        """Tell people something in words of our own."""
        self.report.tell("log", level=level, text=text, ours=True)

    def line(self, text: str) -> None:
        """Write a line as it is, whether others are held or not."""
        self._writer.write(text)

    def hold(self) -> None:
        """Keep what is told from now on until it is let go; what was told before is written at once."""
        self._writer.flush()
        self._held = [] if self._held is None else self._held

    def let_go(self) -> None:
        """Write what was held, and hold nothing any more."""
        held, self._held = self._held or [], None
        for line in held:
            self._writer.write(line)

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """What is told meanwhile goes out ahead of what is held, and that follows at the end, at once."""
        before, self._held = self._held, None
        yield
        self._held = before
        self.let_go()
        self._writer.flush()

    def close(self) -> None:
        """Write all that is left."""
        self.let_go()
        self._writer.close()

    def _write(self, line: str) -> None:
        if self._held is None:
            self._writer.write(line)
        else:
            self._held.append(line)
