"""What the user's code prints or logs becomes lines bound to the request that wrote them.

Three ways in: `print` and `sys.stderr`, the standard library's logging, and `context.log` (structlog). One way out:
a `Line` frame. Output of C code goes past all this into the pipes that the gateway reads.
"""

from __future__ import annotations

import io
import logging
import sys
import time
import warnings
from collections.abc import Callable, MutableMapping
from typing import Any

from devserver.logs import structlog
from devserver.runtime.application import current
from devserver.runtime.tracebacks import render
from devserver.session.frames import Line

_LONGEST = 16_384  # characters of one line; more is cut, a runaway print must not fill the recordings

Emit = Callable[[Line], None]


def capture(emit: Emit, root: str) -> Any:
    """Redirect everything the user's code writes to `emit`; returns the logger for `context.log`."""
    sys.stdout = _Stream(emit, "info")
    sys.stderr = _Stream(emit, "error")
    logging.basicConfig(handlers=[_Records(emit, root)], level=logging.INFO, force=True)
    # Libraries at INFO are noise in a console that shows a call; the user's own loggers stay at INFO.
    for noisy in ("asyncio", "urllib3", "watchfiles"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    warnings.simplefilter("default")
    return structlog.wrap_logger(
        None,
        processors=[_structlog_sink(emit, root)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=True,
    )


def _line(emit: Emit, level: str, text: str, fields: dict[str, Any]) -> None:
    running = current.get()
    request_id = fields.pop("request_id", None) or (running.request_id if running else "")
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + f" ... ({len(text):,} characters)"
    plain = {_sendable(str(key)): _plain(value) for key, value in fields.items()}
    emit(Line(_sendable(str(request_id)), time.time(), level, _sendable(text), plain))


def _plain(value: object) -> Any:
    """A field as it can be sent: to log something must never be what fails."""
    # Exactly these types: msgspec refuses subclasses. Integers beyond 64 bits have no place in a frame.
    if value is None or type(value) in {bool, float} or (type(value) is int and value.bit_length() < 64):
        return value
    return _sendable(str(value) if isinstance(value, str) else repr(value))[:_LONGEST]


def _sendable(text: str) -> str:
    """Half a surrogate pair has no bytes in UTF-8, so it is shown as its escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _structlog_sink(emit: Emit, root: str) -> Callable[[Any, str, MutableMapping[str, Any]], str]:
    def sink(_logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        text = str(event.pop("event", ""))
        for bound in ("generation", "callid"):
            event.pop(bound, None)
        error = event.pop("exc_info", None)
        if error:
            error = error if isinstance(error, BaseException) else sys.exc_info()[1]
            text = f"{text}\n{render(error, root)}" if error else text
        _line(emit, "warning" if method == "warn" else method, text, dict(event))
        raise structlog.DropEvent

    return sink


class _Records(logging.Handler):
    """Standard logging, one line per record."""

    def __init__(self, emit: Emit, root: str) -> None:
        super().__init__()
        self._emit = emit
        self._root = root

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError) as error:
            text = f"{record.msg!r} (its arguments do not fit: {error})"
        if record.exc_info and record.exc_info[1]:
            text = f"{text}\n{render(record.exc_info[1], self._root)}"
        fields = {} if record.name in {"root", "py.warnings"} else {"logger": record.name}
        _line(self._emit, record.levelname.lower(), text, fields)


class _Stream(io.TextIOBase):
    """`sys.stdout` of the user's code: whole lines become `Line`, a part of one waits for its end or a flush."""

    encoding = "utf-8"

    def __init__(self, emit: Emit, level: str) -> None:
        self._emit = emit
        self._level = level
        self._parts: dict[str, str] = {}

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        running = current.get()
        key = running.request_id if running else ""
        whole = self._parts.pop(key, "") + text
        *lines, rest = whole.split("\n")
        for line in lines:
            _line(self._emit, self._level, line, {})
        if rest:
            self._parts[key] = rest
        return len(text)

    def flush(self) -> None:
        for key, rest in list(self._parts.items()):
            del self._parts[key]
            _line(self._emit, self._level, rest, {"request_id": key})
