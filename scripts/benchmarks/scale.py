"""Row `scale`: a million recorded exchanges, and what a person asks of them: a list, a call, a search.

The file is written by the recorder's own statements, many rows at a time: what is measured is reading. Each question
opens the files anew, as a command does; cold means that the system has also been told to forget their pages.
This row asks the code of this checkout, not the `fn` of --fn.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks import calls
from benchmarks.figures import CannotMeasureError, Line, Outcome, median, milliseconds, percentile, spread
from benchmarks.settings import Settings, say
from devserver.recorder.exchange import Answer, Request
from devserver.recorder.index import SEARCH_FILE, Index
from devserver.recorder.reader import RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.rows import INSERT_ANSWER, INSERT_REQUEST, Notes, Row, answer_row, request_row
from devserver.recorder.schema import FILE, open_for_writing
from devserver.recorder.search import search

TARGET = 0.02
LIMIT = 50  # what the commands show when nothing else is said
_EACH = 4  # callbacks of a call
_AT_ONCE = 25  # calls whose callbacks come in turns
_BITE = 20_000  # rows in one transaction
_RARE_EVERY = 100_000
_RARE = "zirconium"
_HEADERS = (
    ("Host", "127.0.0.1:3000"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("x-timestamp", "2026-11-21T10:00:00Z"),
    ("User-Agent", "Sinch"),
    ("Accept", "*/*"),
)
Ask = Callable[[], object]


def scale(settings: Settings) -> Outcome:
    """Each way of asking, many times with other picks: warm, and cold."""
    total = settings.choose(1_000_000, 50_000)
    folder = settings.folder("scale")
    made = _timed(lambda: _fill(folder, total))
    say(f"scale: {total:,} exchanges in {made:.0f} s; indexing")
    indexing = _timed(lambda: _index(folder))
    raw: dict[str, Any] = {"exchanges": total, "made_s": round(made, 1), "indexed_s": round(indexing, 1)}
    raw |= {"recordings_mb": _megabytes(folder / FILE), "index_mb": _megabytes(folder / SEARCH_FILE)}
    lines = []
    all_cold: dict[str, list[float]] = {}
    for name, ways in _ways(folder, total).items():
        say(f"scale: {name}")
        warm = [_timed(ask) for ask in islice(ways(), settings.choose(200, 50))]
        cold = [_cold(folder, ask) for ask in islice(ways(), settings.choose(20, 8))]
        lines.append(_line(f"{total:,} recordings: {name}", warm))
        all_cold[name] = cold
        raw[name] = {which: spread([one * 1e3 for one in took], 3) for which, took in (("warm", warm), ("cold", cold))}
    note = f"{indexing:.0f} s, {raw['index_mb']:,.0f} MB beside {raw['recordings_mb']:,.0f} MB of recordings"
    return Outcome([*lines, *_cold_lines(all_cold), Line("  the search index, made from nothing", note)], raw)


def _line(name: str, warm: list[float]) -> Line:
    p95 = percentile(warm, 95)
    shown = milliseconds(median(warm), p95, max(warm))
    return Line(f"{name}, p50 / p95 / worst", shown, milliseconds(TARGET), p95 < TARGET)


def _cold_lines(cold: dict[str, list[float]]) -> Iterator[Line]:
    for kind in ("lists and calls", "searches"):
        medians = [median(took) for name, took in cold.items() if name.startswith("search") == (kind == "searches")]
        shown = milliseconds(min(medians), max(medians))
        yield Line(f"  cold, {kind}: p50 of the quickest / slowest", shown, milliseconds(TARGET), max(medians) < TARGET)


def _timed(ask: Ask) -> float:
    begin = time.perf_counter()
    ask()
    return time.perf_counter() - begin


def _cold(folder: Path, ask: Ask) -> float:
    for file in folder.iterdir():
        _forget(file)
    return _timed(ask)


def _forget(file: Path) -> None:
    """Tell the system that nobody needs the pages of a file; where it cannot be told (macOS), they stay."""
    if hasattr(os, "posix_fadvise"):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)  # only what is on the disk can be forgotten
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _megabytes(file: Path) -> float:
    return round(sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*")) / 1e6, 1)


# --- what is asked ----------------------------------------------------------------------------------------------


Asks = Iterator[Ask]


def _ways(folder: Path, total: int) -> dict[str, Callable[[], Asks]]:
    """Each gives the same question again and again, about something else each time."""
    picks = random.Random(3)
    numbers = [picks.randrange(total // _EACH) for _ in range(400)]
    some_calls = [calls.callid(number) for number in numbers]
    callers = [calls.caller(number) for number in numbers]
    return {
        "newest 50": lambda: _lists(folder),
        "newest 50 calls": lambda: _each(folder, cycle([LIMIT]), RecordingReader.calls),
        "one call": lambda: _each(folder, some_calls, _whole_call),
        "open one": lambda: _each(folder, _ids(folder, some_calls), RecordingReader.get),
        "search, a common word": lambda: _searches(folder, ["welcome", "sales", "moment"], LIMIT),
        "search, a number": lambda: _searches(folder, callers, 1),
        "search, a rare word": lambda: _searches(folder, [_RARE, f"{_RARE[:4]}*"], 1),
        "search, a call id": lambda: _searches(folder, some_calls, _EACH),
        "search, a rare and a common word": lambda: _searches(folder, [f"{_RARE} welcome", f"{_RARE} support"], 0),
        "search, two common words that never meet": lambda: _searches(folder, ["welcome moment"], 0),
    }


def _lists(folder: Path) -> Asks:
    for event in cycle((None, "ice", None, "pie", None, "dice")):
        yield partial(_read, folder, partial(RecordingReader.newest, limit=LIMIT, event=event))


def _each(folder: Path, picks: Iterable[Any], look: Callable[[RecordingReader, Any], object]) -> Asks:
    for pick in picks:
        yield partial(_read, folder, partial(_of, look, pick))


def _of(look: Callable[[RecordingReader, Any], object], pick: object, reader: RecordingReader) -> object:
    return look(reader, pick)


def _whole_call(reader: RecordingReader, callid: str) -> None:
    _expect(reader.call(callid), _EACH)


def _ids(folder: Path, callids: list[str]) -> list[str]:
    with RecordingReader(folder) as reader:
        return [reader.newest(1, callid=callid)[0].id for callid in callids]


def _read(folder: Path, look: Callable[[RecordingReader], object]) -> None:
    with RecordingReader(folder) as reader:
        look(reader)


def _searches(folder: Path, texts: list[str], least: int) -> Asks:
    for text in cycle(texts):
        yield partial(_search, folder, text.split(), least)


def _search(folder: Path, words: list[str], least: int) -> None:
    _expect(search(folder, words, limit=LIMIT), least)


def _expect(found: list[Any], least: int) -> None:
    if len(found) < least:
        raise CannotMeasureError(f"{len(found)} were found where {least} were recorded")


# --- how they come about ----------------------------------------------------------------------------------------


def _index(folder: Path) -> None:
    with Index(folder) as index:
        index.catch_up()


def _fill(folder: Path, total: int) -> None:
    """Callbacks of many calls at once, a second apart, each with its answer."""
    rows = _rows(total)
    with contextlib.closing(open_for_writing(folder / FILE)) as connection:
        for first in range(0, total, _BITE):
            if first % 200_000 == 0:
                say(f"scale: writing, {first:,} of {total:,}")
            pairs = list(islice(rows, _BITE))
            connection.execute("BEGIN")
            connection.executemany(INSERT_REQUEST, [request for request, _ in pairs])
            numbered = enumerate(pairs, first + 1)
            connection.executemany(INSERT_ANSWER, [(seq, *answer) for seq, (_, answer) in numbered])
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _rows(total: int) -> Iterator[tuple[Row, Row]]:
    redact = Redactor({"TOKEN": "a-value-that-occurs-nowhere"})
    start = time.time() - total / 20
    made = 0
    for first in range(0, total // _EACH + _AT_ONCE, _AT_ONCE):
        together = [
            (calls.call(number, _EACH), list(calls.answers(number))) for number in range(first, first + _AT_ONCE)
        ]
        for place in range(_EACH):
            for offset, (callbacks, answers) in enumerate(together):
                made += 1
                at = start + made / 20
                callid, callback = calls.callid(first + offset), callbacks[place]
                request = Request("POST", f"/{callback.event}", _HEADERS, callback.body, "127.0.0.1")
                first_row = request_row(redact, f"01kakz{made:020d}", at, callid, callback.event, "local", request)
                yield first_row, _answer(redact, made, at, callback.event, answers[place])


def _answer(redact: Redactor, made: int, at: float, event: str, answer: bytes) -> Row:
    logs = [{"at": at, "level": "info", "text": f"{event} for order {made % 5000}", "fields": {"step": 1}}]
    if made % _RARE_EVERY == _RARE_EVERY // 2 or made == 7:
        logs.append({"at": at, "level": "warning", "text": f"{_RARE} was asked for", "fields": {}})
    notes = Notes([], logs if event != "pie" or len(logs) > 1 else [], None, [])
    replied = Answer(200, (("Content-Type", "application/json; charset=utf-8"),), answer)
    return answer_row(redact, replied, 1.5, 1, notes)
