r"""Phone numbers out, pseudonyms in: the same number is always the same made-up one, in all exports of a project.

Pseudonyms are North American numbers 555-0100 to 555-0199, which belong to nobody. Which one a number gets is decided
by a keyed hash: of a plain one, all numbers that exist could be tried. Two numbers that fall on one pseudonym are
parted, and only such a pair can look different in another export.

A number keeps its spelling: with or without `+`, with its spaces and dashes, behind 00 or 0. It is replaced where its
digits stand alone, so that half of an identifier is no number; the digits of an escape in front of it (`%20`, `\u0020`)
do not hide it. Call ids are no exception: who puts a number into one gets its pseudonym there, everywhere alike.

Pure: functions of data.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from devserver.recorder.phone_numbers import LONGEST, SHORTEST
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.rewriting import rewritten

_FREE_OF_CHARGE = frozenset({800, 811, 822, 833, 844, 855, 866, 877, 888, 900})
_NO_PLACE = frozenset({*range(370, 380), *range(500, 600, 11), *range(960, 970), 600, 622, 633, 700, 710})
_AREAS = tuple(
    area
    for area in range(201, 990)
    if area // 10 % 10 != 9 and area % 100 != 11 and area % 100 and area not in _FREE_OF_CHARGE | _NO_PLACE
)
_LINES = 100  # of an area: 555-0100 to 555-0199
_ATTEMPTS = 32
_FURTHER = 10_000  # four more digits, when a recording holds more numbers than there are pseudonyms
_LONGEST = LONGEST + 3  # with 011 in front
_NORTH_AMERICAN = 10  # digits, without the 1
_LOCAL = 9  # digits from which on a number is known without its country and without a 0 in front

_ESCAPED = rb"%20|%28|%29|%2[dD]|\\u00[aA]0|\xc2\xa0"
_BETWEEN = rb"(?:[ .()/+-]|%b){1,3}" % _ESCAPED
# It begins with a plain digit, because only then does `re` skip what cannot be a beginning.
_CHAIN = re.compile(rb"[0-9](?=(?:(?:%b)?[0-9]){%d})[0-9]*+(?:%b[0-9]++)*+" % (_BETWEEN, SHORTEST - 1, _BETWEEN))
_RUN = re.compile(rb"(?:%b)|([0-9]++)" % _ESCAPED)
_ESCAPES = ((b"%", 2), (b"\\u", 4))
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Pseudonyms:
    """Replaces phone numbers.

    Args:
        salt: the project's key, at least 16 bytes nobody knows.
        numbers: as digits, with their country where it is known.
        kept: numbers that are not replaced, so that no pseudonym may be one of them.
    """

    def __init__(self, salt: bytes, numbers: Iterable[str], kept: Iterable[str] = ()) -> None:
        self.names = _assigned(salt, frozenset(numbers) - frozenset(kept), frozenset(kept))
        self._known = _spellings(self.names)
        self._starts = {digits[:SHORTEST] for digits in self._known}

    def data(self, data: bytes) -> bytes:
        """The bytes with all numbers replaced; the same object when there is none."""
        if not self.names:
            return data
        replaced = _CHAIN.sub(self._chain, data)
        return data if replaced == data else replaced

    def text(self, text: str) -> str:
        """The text with all numbers replaced."""
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def call(self, call: PortableCall) -> PortableCall:
        """The call with all numbers replaced; of its state, what cannot be searched is left out."""
        state = call.state and State(call.state.cache, _texts(call.state.storage), None)
        return rewritten(PortableCall(call.callid, call.exchanges, state), self.data)

    # --- finding ---------------------------------------------------------------------------------------------------

    def _chain(self, match: re.Match[bytes]) -> bytes:
        """What stands in place of digits and what is between them: numbers begin and end where a run does."""
        chain = match[0]
        runs = [found.span(1) for found in _RUN.finditer(chain) if found[1]]
        digits = b"".join([chain[start:end] for start, end in runs]).decode()
        ends = list(accumulate(end - start for start, end in runs))
        parts: list[bytes] = []
        done = first = place = 0
        while first < len(runs):
            # The first run may begin with digits that belong to an escape.
            cuts = [cut for cut in _cuts(match) if cut < ends[0]] if first == 0 else [0]
            found = next((hit for cut in cuts if (hit := self._longest(digits, ends, first, place + cut))), None)
            if found is not None:
                cut, last, name = found[0] - place, found[1], found[2]
                spans = [(runs[first][0] + cut, runs[first][1]), *runs[first + 1 : last + 1]]
                parts += chain[done : spans[0][0]], _spelled(chain, spans, name)
                done, first = runs[last][1], last
            place = ends[first]
            first += 1
        return b"".join([*parts, chain[done:]]) if parts else chain

    def _longest(self, digits: str, ends: list[int], first: int, place: int) -> tuple[int, int, bytes] | None:
        """The longest number at a place: the place, the last run that belongs to it, and what stands for it."""
        if digits[place : place + SHORTEST] not in self._starts:
            return None
        best = None
        for last in range(first, min(first + _LONGEST, len(ends))):
            if ends[last] - place > _LONGEST:
                break
            name = self._known.get(digits[place : ends[last]])
            if name is not None:
                best = place, last, name.encode()
        return best


def _texts(storage: Mapping[str, bytes]) -> dict[str, bytes]:
    return {key: content for key, content in storage.items() if _is_text(content)}


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def _cuts(match: re.Match[bytes]) -> Iterator[int]:
    """How many digits at the start of a chain may belong to an escape that begins in front of it; 0 first."""
    yield 0
    data, at = match.string, match.start()
    for sign, width in _ESCAPES:
        for before in range(width):
            # The escape has `before` of its hexadecimal digits in front of the chain.
            start = at - before
            while sign == b"%" and start >= 2 and data[start - 2 : start] == b"25":  # %25 is a % encoded again
                start -= 2
            if start < len(sign) or data[start - len(sign) : start] != sign:
                continue
            cut = width - before
            while _HEX.issuperset(data[at - before : at + cut]):
                yield cut
                if sign != b"%" or data[at + cut - 2 : at + cut] != b"25":
                    break
                cut += 2


def _spelled(chain: bytes, spans: list[tuple[int, int]], name: bytes) -> bytes:
    """The digits of a pseudonym in groups as long as those they replace; the last group takes what is left."""
    parts: list[bytes] = []
    for index, (start, end) in enumerate(spans):
        size = end - start if index + 1 < len(spans) else len(name)
        group, name = name[:size], name[size:]
        if not group:
            break
        parts += chain[spans[index - 1][1] : start] if index else b"", group
    return b"".join(parts)


def _spellings(names: Mapping[str, str]) -> dict[str, str]:
    """The digits as which a number can stand, and what stands for them."""
    known = {prefix + number: prefix + name for number, name in names.items() for prefix in ("00", "011")}
    known |= {f"1{number}": name for number, name in names.items() if len(number) == _NORTH_AMERICAN}
    for number in sorted(names):
        for start in (1, 2, 3):  # a country has one to three digits
            tail, name = number[start:], names[number][1:]
            if len(tail) >= SHORTEST:
                known.setdefault(f"0{tail}", f"0{name}")
            if len(tail) >= _LOCAL:
                known.setdefault(tail, name)
    return known | dict(names)


# --- names ---------------------------------------------------------------------------------------------------------


def _assigned(salt: bytes, numbers: frozenset[str], kept: frozenset[str]) -> dict[str, str]:
    """A pseudonym for each number; none is itself a number, or holds one, of those that are replaced."""
    real = numbers | kept
    taken: set[str] = set()
    names: dict[str, str] = {}
    for number in sorted(numbers, key=lambda number: _draw(salt, number, 0)):
        name = next(name for name in _candidates(salt, number) if name not in taken and not _holds(name, real))
        taken.add(name)
        names[number] = name
    return names


def _holds(name: str, numbers: frozenset[str]) -> bool:
    return any(
        name[start : start + length] in numbers
        for length in range(SHORTEST, len(name) + 1)
        for start in range(len(name) - length + 1)
    )


def _candidates(salt: bytes, number: str) -> Iterator[str]:
    attempt = 0
    while True:
        drawn = _draw(salt, number, attempt)
        drawn, line = divmod(drawn, _LINES)
        drawn, area = divmod(drawn, len(_AREAS))
        name = f"1{_AREAS[area]}55501{line:02d}"
        yield name if attempt < _ATTEMPTS else f"{name}{drawn % _FURTHER:04d}"
        attempt += 1


def _draw(salt: bytes, number: str, attempt: int) -> int:
    return int.from_bytes(hmac.digest(salt, f"{attempt}:{number}".encode(), "sha256")[:16])
