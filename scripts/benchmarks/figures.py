"""Numbers and the lines of the table. Knows nothing of processes or sockets."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


class CannotMeasureError(Exception):
    """A row cannot be measured here; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `met` is None where there is nothing to hold."""

    row: str
    ours: str
    target: str = ""
    met: bool | None = None
    baseline: str = ""
    ratio: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row found: lines for people, and everything that was measured."""

    lines: list[Line]
    raw: dict[str, Any] = field(default_factory=dict)


def percentile(values: Iterable[float], percent: float) -> float:
    """The nearest-rank percentile; NaN when there are no values."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The median; NaN when there are no values."""
    return statistics.median(values) if values else math.nan


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """What the raw results keep of a list of measurements."""
    if not values:
        return {"n": 0}
    shown = {
        "min": min(values),
        "p50": percentile(values, 50),
        "p95": percentile(values, 95),
        "p99": percentile(values, 99),
        "max": max(values),
    }
    return {"n": len(values)} | {name: round(value, digits) for name, value in shown.items()}


def milliseconds(*seconds: float) -> str:
    """`12.3 / 20.1 ms`; what was never seen is NaN."""
    if all(math.isnan(value) for value in seconds):
        return "never"
    return " / ".join("never" if math.isnan(value) else f"{value * 1e3:.1f}" for value in seconds) + " ms"


def times(ratio: float, digits: int = 2) -> str:
    """`0.74x`."""
    return "-" if math.isnan(ratio) else f"{ratio:.{digits}f}x"
