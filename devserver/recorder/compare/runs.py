r"""Two runs of one callback, and which values differ only because there were two of them.

A handler that was not changed still writes other bytes when it runs again: the id of its request, the time, a random
id. Exactly these are taken for the same, and each only where it fits its own run:

| value | is the same as another when |
|---|---|
| id of the exchange (`context.request_id`) | each is the id of its own run, also within a longer text or a key |
| time: ISO 8601, or seconds to nanoseconds since 1970 | both are written alike, and the two rules below |
| date without a time | each is the date of its own run, somewhere on earth |
| UUID of version 1, 4, 6 or 7 | neither came with the request; versions 3 and 5 are computed from something |
| ULID, such as the id of an earlier exchange | the times in them are the same |

Times are the same when both were read at most `RECENT` seconds before their run (by an earlier callback of the call)
or during it; or when both are equally far from an arrival in their call, as far as the time that the handler took can
tell. So `now + 1 hour` is the same in both runs, but is not the same as `now + 2 hours`, and a fixed date is the same
as itself only. A time without a zone may be local, and the two runs may have been in different zones: it counts as the
same also when a multiple of 15 minutes lies between.

Pure. It must not know what a value belongs to: that prompts may hold no times is decided by whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

RECENT = 300.0
"""Seconds: between two callbacks of a call, people listen to menus and talk."""
ASSUMED = 30.0
"""Seconds that a handler is taken to have run when nobody knows; the default deadline."""

_SLACK = 2.0  # seconds: values are cut to whole ones, and clocks are set
_FARTHEST = 400 * 86400.0  # seconds from the run within which a number is taken for a time
_ZONES = 26 * 3600.0  # between the clocks of the two ends of the earth
_QUARTER = 900.0
_DAY_BEFORE = 86400.0 + 12 * 3600.0  # midnight of a date lies at most this long before now, in UTC
_DAY_AFTER = 14 * 3600.0
_LOOK_AHEAD = 50  # keys that are tried before another one is called new
_SCALES = {10: 1.0, 13: 1e3, 16: 1e6, 19: 1e9}  # of numbers since 1970 by their digits, until 2286

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_HEX = "[0-9a-fA-F]"
_TOKEN = re.compile(
    rf"(?<![0-9a-zA-Z])(?P<uuid>{_HEX}{{8}}-{_HEX}{{4}}-[1467]{_HEX}{{3}}-[89abAB]{_HEX}{{3}}-{_HEX}{{12}}"
    rf"|{_HEX}{{12}}[1467]{_HEX}{{3}}[89abAB]{_HEX}{{15}})(?![0-9a-zA-Z])"
    r"|(?<![0-9a-zA-Z])(?P<ulid>0[0-9a-hjkmnp-tv-zA-HJKMNP-TV-Z]{25})(?![0-9a-zA-Z])"
    r"|(?<!\d)(?P<year>20\d\d)(?P<dash>[-/]?)(?P<month>[01]\d)(?P=dash)(?P<day>[0-3]\d)"
    r"(?:(?P<between>[T_ -]?)(?P<hour>[0-2]\d)(?P<colon>[:-]?)(?P<minute>[0-5]\d)"
    r"(?:(?P=colon)(?P<second>[0-6]\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<zone> ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?(?!\d)"
    r"|(?<!\d)(?<!\d\.)(?P<epoch>\d{10}(?:\d{3}){0,3})(?:\.\d{1,9})?(?!\d)"
)


class Run(msgspec.Struct, frozen=True):
    """One of the two.

    Attributes:
        at: when the request arrived, seconds since 1970, by the clock that the handler saw.
        id: of the exchange; empty when there is none.
        took: seconds until the answer; None when nobody knows.
        earlier: when the earlier callbacks of the call arrived, in order; as many as the other run has.
        request: body of the request: ids in it were not made by the handler.
    """

    at: float
    id: str = ""
    took: float | None = None
    earlier: tuple[float, ...] = ()
    request: str = ""

    @property
    def end(self) -> float:
        """Seconds after the arrival at which the handler last read a clock."""
        return ASSUMED if self.took is None else self.took


class Runs(msgspec.Struct, frozen=True):
    """Both, and what is the same in their eyes."""

    old: Run
    new: Run

    def same_values(self, old: Any, new: Any) -> bool:
        """Whether two different JSON values that hold no others differ because of the runs only."""
        match old, new:
            case str(), str():
                return self.same_texts(old, new)
            case (bool(), _) | (_, bool()):
                return False
            case int() | float(), int() | float():
                scales = _scale(old), _scale(new)
                return scales[0] is not None and scales[0] == scales[1] and self._near(old, new, scales[0])
            case _:
                return False

    def same_texts(self, old: str, new: str) -> bool:
        """Whether two texts differ in ids of their own, times and random ids only."""
        old, new = self.without_ids(old, new)
        return old == new or self._alike(old, new)

    def without_ids(self, old: str, new: str) -> tuple[str, str]:
        """Each text with a placeholder for the id of its own run."""
        return _without_id(old, self.old.id), _without_id(new, self.new.id)

    def paired(self, old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
        """Keys that belong together, in the order of the old ones, then what is new; None where there is none."""
        unchanged = set(old) & set(new)
        partner = {key: key for key in unchanged}
        left = {_without_id(key, self.new.id): key for key in new if key not in unchanged}
        for key in old:
            if key not in unchanged and (known := _without_id(key, self.old.id)) in left:
                partner[key] = left.pop(known)
        by_skeleton: dict[str, list[str]] = {}
        for key in left.values():
            by_skeleton.setdefault(skeleton(_without_id(key, self.new.id)), []).append(key)
        for key in old:
            if key not in partner:
                likely = by_skeleton.get(skeleton(_without_id(key, self.old.id)), [])
                found = next((other for other in likely[:_LOOK_AHEAD] if self.same_texts(key, other)), None)
                if found is not None:
                    likely.remove(found)
                    partner[key] = found
            yield key, partner.get(key)
        taken = set(partner.values())
        yield from ((None, key) for key in new if key not in taken)

    def _alike(self, old: str, new: str) -> bool:
        olds, news = list(_TOKEN.finditer(old)), list(_TOKEN.finditer(new))
        if not olds or len(olds) != len(news) or _between(old, olds) != _between(new, news):
            return False
        return all(a[0] == b[0] or self._same_tokens(a, b) for a, b in zip(olds, news, strict=True))

    def _same_tokens(self, old: re.Match[str], new: re.Match[str]) -> bool:
        if (kind := _kind(old)) != _kind(new):
            return False
        match kind:
            case "uuid":
                return len(old[0]) == len(new[0]) and self._both_random(old[0], new[0])
            case "ulid":
                return self._both_random(old[0], new[0]) and self._near(_ulid_time(old[0]), _ulid_time(new[0]), 1e3)
            case "epoch":
                digits = len(old["epoch"])
                return digits == len(new["epoch"]) and self._near(float(old[0]), float(new[0]), _SCALES[digits])
            case _:
                return _written(old) == _written(new) and self._same_moments(old, new)

    def _both_random(self, old: str, new: str) -> bool:
        return old not in self.old.request and new not in self.new.request

    def _near(self, old: float, new: float, scale: float) -> bool:
        return self._same_times(old / scale, new / scale, _SLACK)

    def _same_moments(self, old: re.Match[str], new: re.Match[str]) -> bool:
        was, now = _seconds(old), _seconds(new)
        if was is None or now is None:
            return False
        if old["hour"] is None:
            return _is_today(was - self.old.at) and _is_today(now - self.new.at)
        slack = _SLACK if old["second"] else _SLACK + 60
        return self._same_times(was, now, slack) or (
            not old["zone"] and self._same_times(was, now + _quarters((now - self.new.at) - (was - self.old.at)), slack)
        )

    def _same_times(self, was: float, now: float, slack: float) -> bool:
        old, new = was - self.old.at, now - self.new.at
        if max(abs(old), abs(new)) > _FARTHEST:
            return False
        if -RECENT <= old <= self.old.end + slack and -RECENT <= new <= self.new.end + slack:
            return True
        starts = zip(
            (self.old.at, *reversed(self.old.earlier)), (self.new.at, *reversed(self.new.earlier)), strict=False
        )
        # Each handler read its clock somewhere between its arrival and its end, and added the same.
        return any(
            (was - a) - self.old.end <= (now - b) + slack and (now - b) - self.new.end <= (was - a) + slack
            for a, b in starts
        )


def skeleton(text: str) -> str:
    """A text without times and random ids: texts that are the same have the same."""
    return _TOKEN.sub("\0", text)


def _kind(token: re.Match[str]) -> str:
    return next((kind for kind in ("uuid", "ulid", "epoch") if token[kind]), "time")


def _ulid_time(text: str) -> int:
    """Milliseconds since 1970: the first ten characters, of five bits each."""
    number = 0
    for letter in text[:10].lower():
        number = number * 32 + _CROCKFORD.index(letter)
    return number


def _without_id(text: str, own: str) -> str:
    return text.replace(own, "\0id") if own else text


def _between(text: str, tokens: list[re.Match[str]]) -> list[str]:
    starts = [0, *(token.end() for token in tokens)]
    ends = [*(token.start() for token in tokens), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _scale(number: float) -> float | None:
    return _SCALES.get(len(str(int(number)))) if 0 < number < 1e19 else None


def _written(token: re.Match[str]) -> tuple[str | bool | None, ...]:
    """How a time is spelled: the same code spells it the same way."""
    zone = token["zone"]
    style = zone if not zone or zone.strip().isalpha() else "+"
    return token["dash"], token["between"], token["colon"], token["second"] is None, style


def _seconds(token: re.Match[str]) -> float | None:
    """Seconds since 1970 of a date or time, as if in UTC without a zone; None for one that no calendar has."""
    parts = [int(token[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")]
    fraction = float(f"0.{token['fraction'] or 0}")
    try:
        moment = datetime(*parts[:5], second=min(parts[5], 59), tzinfo=UTC) - _offset(token["zone"])  # type: ignore[arg-type,misc]
    except (ValueError, OverflowError):
        return None
    return moment.timestamp() + fraction


def _offset(zone: str | None) -> timedelta:
    digits = (zone or "").strip().replace(":", "")
    if not digits.startswith(("+", "-")):
        return timedelta()
    length = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return -length if digits[0] == "-" else length


def _is_today(offset: float) -> bool:
    return -_DAY_BEFORE <= offset <= _DAY_AFTER


def _quarters(apart: float) -> float:
    """What must be added to the later time for the nearest multiple of a quarter of an hour."""
    return -round(apart / _QUARTER) * _QUARTER if abs(apart) <= _ZONES else 0.0
