"""Which modules an import took its time for, each by its own time: without what it imported itself.

A package of others is one thing, however many modules it has; modules of the project stand for themselves.
Measured at the one function through which every import of a module goes that is not there yet. It is importlib's own
and has no public name; where it is missing nothing is measured. `python -X importtime` knows the same, but prints it,
and only for a whole process.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LONG = 1000.0
"""Milliseconds of a load from which on its imports are worth a look."""

_MOST = 5  # modules that are named
_LEAST = 10.0  # milliseconds of a module that is worth its name
_FUNCTION = "_find_and_load"


class Imports:
    """The times of one load.

    Args:
        root: folder of the project.
    """

    def __init__(self, root: str) -> None:
        self._root = root + os.sep
        self._own: dict[str, float] = {}
        self._thread = threading.get_ident()
        self._inner = [0.0]

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure what this thread imports meanwhile."""
        machinery: Any = importlib._bootstrap  # noqa: SLF001
        load = getattr(machinery, _FUNCTION, None)
        if load is None:
            yield
            return

        def timed(name: str, import_: Any) -> Any:
            if threading.get_ident() != self._thread:
                return load(name, import_)
            self._inner.append(0.0)
            began = time.perf_counter()
            try:
                return load(name, import_)
            finally:
                took = time.perf_counter() - began
                known = self._known(name)
                self._own[known] = self._own.get(known, 0.0) + took - self._inner.pop()
                self._inner[-1] += took

        setattr(machinery, _FUNCTION, timed)
        try:
            yield
        finally:
            setattr(machinery, _FUNCTION, load)

    def _known(self, name: str) -> str:
        """By which name people know a module."""
        file = getattr(sys.modules.get(name), "__file__", None) or ""
        return name if file.startswith(self._root) else name.partition(".")[0]

    def slowest(self) -> list[tuple[str, float]]:
        """The modules that took most, with milliseconds."""
        found = [(name, round(seconds * 1000, 1)) for name, seconds in self._own.items()]
        return sorted((each for each in found if each[1] >= _LEAST), key=lambda each: -each[1])[:_MOST]
