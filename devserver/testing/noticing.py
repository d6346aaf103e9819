"""What a handler does besides answering, gathered by request: effects and log lines.

The same seams and the same effects as in a session (`runtime.effects`, `recorder.noticing`), so that a test and a
recording say the same of the same code.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import msgspec

from devserver.logs import structlog
from devserver.recorder.exchange import Effect
from devserver.recorder.noticing import cache_effect, database_effect, storage_effect
from devserver.runtime.backends.statements import watch_statements
from devserver.runtime.effects import request_in_hand

LOGGER = "function"
"""Where lines of `context.log` also go, so that pytest shows them with a failed test."""


class LogLine(msgspec.Struct, frozen=True):
    """A line that the handler logged: its level in lower case, its text, and the fields beside it."""

    level: str
    text: str
    fields: dict[str, Any] = {}


class Notes:
    """Effects and log lines of the requests in hand; what belongs to none is dropped.

    Args:
        now: seconds since 1970.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._by_request: dict[str, tuple[list[Effect], list[LogLine]]] = {}

    def begin(self, request_id: str) -> tuple[list[Effect], list[LogLine]]:
        """The lists that fill while the request is in hand."""
        return self._by_request.setdefault(request_id, ([], []))

    def end(self, request_id: str) -> None:
        """The request is answered: what its tasks do later is not noted."""
        self._by_request.pop(request_id, None)

    def add(self, effect: Effect | None) -> None:
        """Something was done for the request in whose task or thread this is called."""
        found = self._in_hand()
        if found is not None and effect is not None:
            found[0].append(effect)

    def log(self, line: LogLine) -> None:
        """A line was logged."""
        found = self._in_hand()
        if found is not None:
            found[1].append(line)

    def cache(self, operation: str, arguments: list[Any]) -> None:
        """For `ObservedCache`."""
        self.add(cache_effect(operation, arguments, self.now()))

    def storage(self, operation: str, key: str, data: bytes | None) -> None:
        """For `ObservedStorage`."""
        self.add(storage_effect(operation, key, data, self.now()))

    def database(self, operation: str, statement: str) -> None:
        """For `watch_statements`."""
        self.add(database_effect(operation, statement, self.now()))

    def _in_hand(self) -> tuple[list[Effect], list[LogLine]] | None:
        request_id = request_in_hand()
        if not request_id and len(self._by_request) == 1:
            # Libraries with a thread of their own (aiosqlite) leave no trace of who asked.
            return next(iter(self._by_request.values()))
        return self._by_request.get(request_id)


def logger(notes: Notes) -> Any:
    """The logger behind `context.log`."""
    return structlog.wrap_logger(
        None,
        processors=[_sink(notes)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=True,
    )


@contextmanager
def listening(notes: Notes) -> Iterator[None]:
    """Inside, what goes through the standard library's logging is noted too."""
    handler, root, own = _Records(notes), logging.getLogger(), logging.getLogger(LOGGER)
    root.addHandler(handler)
    level = own.level
    own.setLevel(logging.DEBUG)  # whatever the level of others is, a failed test shows what the function logged
    try:
        yield
    finally:
        own.setLevel(level)
        root.removeHandler(handler)


@contextmanager
def watching(path: str, notice: Callable[[str, str], None]) -> Iterator[None]:
    """Inside, statements that change the database are told."""
    connect = sqlite3.connect
    watch_statements(path, notice)
    try:
        yield
    finally:
        sqlite3.connect = sqlite3.dbapi2.connect = connect


def _sink(notes: Notes) -> Callable[[Any, str, MutableMapping[str, Any]], str]:
    def sink(_logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        text = str(event.pop("event", ""))
        level = "warning" if method == "warn" else method
        error = event.pop("exc_info", None)
        for bound in ("request_id", "callid", "generation"):
            event.pop(bound, None)
        fields = dict(event)
        notes.log(LogLine(level, text, fields))
        shown = f"{text} {fields}" if fields else text
        number = logging.getLevelNamesMapping().get(level.upper(), logging.ERROR)
        logging.getLogger(LOGGER).log(number, "%s", shown, exc_info=error, extra={"noted": True})
        raise structlog.DropEvent

    return sink


class _Records(logging.Handler):
    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self._notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        if not getattr(record, "noted", False):
            self._notes.log(LogLine(record.levelname.lower(), record.getMessage(), {"logger": record.name}))
