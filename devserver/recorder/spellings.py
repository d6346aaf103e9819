r"""Secrets whose values are known, found in all the ways in which they can be spelled.

JSON escapes any character as `\u0041`, forms and URLs as `%41`, either can be wrapped in the other, and base64 hides
what it holds. So each secret is one pattern in which every character stands for all its spellings, instead of a list of
encoded copies that is never complete. Pure.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping

_SHORTEST_BASE64 = 8  # bytes; shorter ones occur by chance in recordings of audio

# A backslash, also when it is written as %5C. Eight of them are JSON in JSON in JSON; the bound keeps a hostile body of
# a million backslashes from costing a million squared.
_BACKSLASH = rb"(?:\\|%(?:25){0,3}5[cC])"
_BACKSLASH_STARTS = (rb"\\", rb"%(?:25){0,3}5[cC]")
_RUNS = re.compile(r"\\+|[^\\]")
_SHORT_ESCAPES = {"\n": b"n", "\r": b"r", "\t": b"t", "\b": b"b", "\f": b"f"}


SHORTEST = 4
"""Secrets with fewer characters are not replaced: "1" would tear up every document."""

_MARKER = re.compile(rb"\[secret ([^\[\]\s]+)\]")


class KnownSecrets:
    """Finds secrets whose values are known, and leaves `[secret NAME]`.

    Args:
        secrets: value by name. Values shorter than `SHORTEST` characters are left alone.

    Attributes:
        values: by the name in a marker.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        # The longest first: of two secrets that start alike, the longer one must be found whole.
        ordered = sorted(
            ((_marker_name(name), value) for name, value in secrets.items() if len(value) >= SHORTEST),
            key=lambda item: -len(item[1]),
        )
        self.values = dict(ordered)
        values = [value for _, value in ordered]
        self._plain = _needles(values)
        # Where none of these occurs, nothing is encoded, and looking for the plain values is enough.
        self._signs = (b"\\", b"%", b"+") if any(" " in value for value in values) else (b"\\", b"%")
        # One alternative for each way a secret can begin, each with an empty group at its end that tells which it was.
        # They begin with a plain byte, because only then does `re` skip what cannot be a beginning.
        ways = [(start, f"[secret {name}]".encode()) for name, value in ordered for start in _ways(value)]
        self._pattern = re.compile(b"|".join(start + b"()" for start, _ in ways))
        self._markers = [marker for _, marker in ways]

    def data(self, data: bytes) -> bytes:
        """The bytes with a marker in place of every secret; the same object when there is none."""
        # Lists, because a generator costs more than it saves at this length.
        if not (any([sign in data for sign in self._signs]) or any([value in data for value in self._plain])):  # noqa: C419
            return data
        replaced, times = self._pattern.subn(self._marker, data)
        return replaced if times else data

    def text(self, text: str) -> str:
        """The text with a marker in place of every secret; the same object when there is none.

        Text that is bytes in disguise (headers are decoded as latin-1) is looked at as those bytes too.
        """
        for encoding, errors in (("utf-8", "surrogatepass"), ("latin-1", "strict")):
            if encoding == "latin-1" and text.isascii():
                break
            try:
                data = text.encode(encoding, errors)
            except UnicodeEncodeError:
                continue
            clean = self.data(data)
            if clean is not data:
                text = clean.decode(encoding, errors)
        return text

    def restore(self, data: bytes) -> bytes:
        """See `Redactor.restore`."""
        if b"[secret " not in data:
            return data
        in_json = data.lstrip()[:1] in {b"{", b"[", b'"'} and not data.lstrip().startswith(b"[secret ")

        def value(match: re.Match[bytes]) -> bytes:
            known = self.values.get(match[1].decode("utf-8", "replace"))
            if known is None:
                return match[0]
            return json.dumps(known, ensure_ascii=False)[1:-1].encode() if in_json else known.encode()

        return _MARKER.sub(value, data)

    def _marker(self, match: re.Match[bytes]) -> bytes:
        return self._markers[(match.lastindex or 1) - 1]


def _marker_name(name: str) -> str:
    """A name as it stands in a marker: nothing that JSON, a header or a URL would have to escape."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name) or "_"


def _needles(values: Iterable[str]) -> list[bytes]:
    """What must occur in bytes without any escape, if a secret does."""
    needles: dict[bytes, None] = {}
    for value in values:
        needles |= dict.fromkeys((value.encode("utf-8", "surrogatepass"), *_base64(value)))
        if not value.isascii():
            needles[value.encode("latin-1", "replace")] = None
    return list(needles)


def _base64(value: str) -> list[bytes]:
    """The parts of a base64 text that only depend on the secret, for each of the three ways it can be aligned.

    In `Basic` credentials the secret stands behind a name of unknown length. Both alphabets of base64 are covered.
    """
    raw = value.encode("utf-8", "surrogatepass")
    if len(raw) < _SHORTEST_BASE64:
        return []
    cores: dict[bytes, None] = {}
    for before in range(3):
        encoded = b64encode(bytes(before) + raw)
        first = (before * 8 + 5) // 6
        last = (before + len(raw)) * 8 // 6
        core = encoded[first:last]
        cores |= dict.fromkeys((core, core.replace(b"+", b"-").replace(b"/", b"_")))
    return list(cores)


def _ways(value: str) -> list[bytes]:
    """Patterns for all spellings of a value, one for each way it can begin."""
    first, *others = _RUNS.findall(value)
    last = [_backslashes_at_the_end(others.pop())] if others and others[-1][0] == "\\" else []
    rest = b"".join([*(_backslashes(run) if run[0] == "\\" else _character(run) for run in others), *last])
    # Of base64, only these two are ever escaped.
    signs = {ord("+"): _character("+"), ord("/"): _character("/")}
    in_base64 = [b"".join(signs.get(byte, b"%c" % byte) for byte in core) for core in _base64(value)]
    return [start + rest for start in _starts(first)] + in_base64


def _starts(first: str) -> list[bytes]:
    """The ways in which the beginning of a secret can be spelled, each beginning with one plain byte."""
    if first[0] == "\\":
        more = b"(?:u005[cC])?(?:%s(?:u005[cC])?){%d,%d}" % (_BACKSLASH, len(first) - 1, 8 * len(first))
        return [start + more for start in _BACKSLASH_STARTS]
    plain, escaped = _spellings(first)
    # A backslash before a character that JSON has to escape goes with it, or half an escape would be left.
    behind = plain + escaped if first in '"/' else escaped
    return [*plain, *(start + _BACKSLASH + b"{0,7}+(?:" + b"|".join(behind) + b")" for start in _BACKSLASH_STARTS)]


def _backslashes(run: str) -> bytes:
    return b"(?:%s(?:u005[cC])?){%d,%d}" % (_BACKSLASH, len(run), 8 * len(run))


def _backslashes_at_the_end(run: str) -> bytes:
    """As many as they are in JSON in JSON, and not those that escape what follows, perhaps a quotation mark.

    Each wrapping doubles them, and has fewer in one escape than one of them has become.
    """
    ways = [b"(?:%s{1,8}+u005[cC]){%d}" % (_BACKSLASH, len(run))]
    ways += [b"%s{%d}" % (_BACKSLASH, len(run) << wrapped) for wrapped in (3, 2, 1, 0)]
    return b"(?:" + b"|".join(ways) + b")"


def _character(character: str) -> bytes:
    plain, escaped = _spellings(character)
    ways = _BACKSLASH, b"|".join(plain), _BACKSLASH, b"|".join(escaped)
    return b"(?:%s{0,8}+(?:%s)|%s{1,8}+(?:%s))" % ways


def _spellings(character: str) -> tuple[list[bytes], list[bytes]]:
    """A character plain or percent-encoded; and what stands for it behind a backslash in JSON."""
    plain = _plain_and_percent(character.encode("utf-8", "surrogatepass"))
    if "\x7f" < character < "\u0100":
        plain += _plain_and_percent(character.encode("latin-1"))
    if character == " ":
        plain += _plain_and_percent(b"+")
    raw = character.encode("utf-16-be", "surrogatepass")
    units = [b"u(?i:%s)" % raw[start : start + 2].hex().encode() for start in range(0, len(raw), 2)]
    escaped = [(_BACKSLASH + b"{1,8}+").join(units)]
    if character in _SHORT_ESCAPES:
        escaped.append(_SHORT_ESCAPES[character])
    return plain, escaped


def _plain_and_percent(raw: bytes) -> list[bytes]:
    return [re.escape(raw), b"".join(b"%%(?:25){0,3}(?i:%02x)" % byte for byte in raw)]
