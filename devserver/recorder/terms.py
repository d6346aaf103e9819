"""What of an exchange can be found by its words, and what a search asks for.

Words are cut here and not by SQLite, so that what is indexed, what is asked for and what is shown as the match can
never differ: SQLite's `ascii` tokenizer gets words that it cannot cut any further. Of a phone number also the last four
and the last seven digits are words, because that is how people remember it; longer ends are found by the last seven and
checked afterwards.

Pure. It must not know where the words are kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from devserver.recorder.exchange import Exchange
from devserver.svaml import describe
from devserver.svaml.canonical import canonical
from devserver.svaml.prompts import parse, spoken
from devserver.svaml.words import heard

VERSION = "1"
"""Changes whenever the same exchange gives other words, so that older indexes are made anew."""

_WORD = re.compile(r"[^\W_]+")
_SPACED_NUMBER = re.compile(r"(?<![\w.:-])\+?\(?\d[\d ().-]{5,20}\d(?![\w:])")
_BODY_NUMBER = re.compile(rb"(?<![\w.-])\+?\d{7,15}(?![\w.-])")
_NOT_DIGIT = re.compile(r"\D+")
_ENDS = (4, 7)  # digits
_SHORTEST_NUMBER = 7
_LONGEST_WORD = 64
_LONGEST_TEXT = 20_000  # characters of one piece; a log line of megabytes is not read to its end
_EVENT_MARK = "\ue000"  # of Unicode's private use: no text has it by chance
_SHOWN = 100  # characters of a match

Piece = tuple[str, str]
"""Kind and text, such as `("prompt", "Press 1 for sales.")`."""


class Term(msgspec.Struct, frozen=True):
    """One thing that must occur.

    Attributes:
        ways: it occurs when all words of one of these do.
        end: digits that a number has to end with, beyond what `ways` can say.
        is_start: the (only) word may go on.
    """

    ways: tuple[tuple[str, ...], ...]
    end: str = ""
    is_start: bool = False


# --- what an exchange has --------------------------------------------------------------------------------------


def pieces(exchange: Exchange) -> list[Piece]:
    """What can be found, the most telling first."""
    request, answer = exchange.request, exchange.answer
    found: list[Piece] = []
    if exchange.error:
        found.append(("error", f"{exchange.error.get('kind', '')}: {exchange.error.get('text', '')}"))
    found += [("log", _log_text(log)) for log in exchange.logs]
    if answer is not None and exchange.event is not None:
        found += _said(answer.body)
    found += [("key", key) for key in _keys(exchange)]
    found += [("number", number.decode()) for number in dict.fromkeys(_BODY_NUMBER.findall(request.body))]
    if exchange.callid:
        found.append(("call", exchange.callid))
    found.append(("path", request.path))
    return [(kind, text[:_LONGEST_TEXT]) for kind, text in found]


def words(exchange: Exchange) -> list[str]:
    """What an index has to keep of an exchange: each word once."""
    found: dict[str, None] = {event_word(exchange.event): None} if exchange.event else {}
    for kind, text in pieces(exchange):
        found |= dict.fromkeys(_words_of(kind, text))
    return list(found)


def event_word(event: str) -> str:
    """The word that every exchange of an event has, and that nobody can type."""
    return _EVENT_MARK + event


def _said(body: bytes) -> tuple[Piece, ...]:
    # A function gives the same few answers over and over; long ones are not worth their memory.
    return _said_remembered(body) if len(body) < 16_384 else _said_in(body)


def _said_in(body: bytes) -> tuple[Piece, ...]:
    """Every prompt of an answer in words, and the answer in a line."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    if not isinstance(document, dict):
        return ()
    texts = dict.fromkeys((*heard(document), *_menu_prompts(document)))
    return (*(("prompt", text) for text in texts), ("answer", describe(document)))


_said_remembered = lru_cache(maxsize=1024)(_said_in)


def _menu_prompts(document: dict[str, Any]) -> Iterator[str]:
    """The prompts of all menus; a caller hears most of them only after a key."""
    action = canonical(document).get("action")
    menus = action.get("menus") if isinstance(action, dict) else None
    for menu in menus if isinstance(menus, list) else []:
        for name in ("mainPrompt", "repeatPrompt"):
            if isinstance(menu, dict) and isinstance(prompt := menu.get(name), str):
                yield from (text for each in parse(prompt) if (text := spoken(each.raw)))


def _keys(exchange: Exchange) -> list[str]:
    """What the caller pressed or said in a menu."""
    if exchange.event != "pie":
        return []
    try:
        payload = msgspec.json.decode(exchange.request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    result = _field(payload, "menuresult")
    value = _field(result, "value")
    return [value] if isinstance(value, str) and value else []


def _field(value: object, name: str) -> Any:
    """A field by its name in lower case: the spelling of keys varies (voice-v1.md 1.1)."""
    found = [item for key, item in value.items() if str(key).lower() == name] if isinstance(value, dict) else []
    return found[0] if found else None


def _log_text(log: dict[str, Any]) -> str:
    fields = log.get("fields")
    more = "".join(f" {key}={value}" for key, value in fields.items()) if isinstance(fields, dict) else ""
    return f"{log.get('text', '')}{more}"


# --- words -----------------------------------------------------------------------------------------------------


def _fold(text: str) -> str:
    """Without case and accents: "Käse" is found by "kase"."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


def _cut(text: str) -> list[str]:
    return [word[:_LONGEST_WORD] for word in _WORD.findall(_fold(text))]


def _joined(text: str) -> str:
    return "".join(_cut(text))[:_LONGEST_WORD]


def _words_of(kind: str, text: str) -> list[str]:
    if kind == "call":
        return [_joined(text)]
    found = _cut(text)
    if kind == "number":
        return [*found, *_ends_of(found[0])] if found else []
    if any(map(str.isdigit, found)):
        found += [end for number in _numbers(text) for end in (number, *_ends_of(number))]
    return found


def _numbers(text: str) -> Iterator[str]:
    for match in _SPACED_NUMBER.finditer(text):
        digits = _NOT_DIGIT.sub("", match[0])
        if len(digits) >= _SHORTEST_NUMBER:
            yield digits


def _ends_of(number: str) -> list[str]:
    return [number[-length:] for length in _ENDS if len(number) > length]


# --- what is asked for -----------------------------------------------------------------------------------------


def terms(texts: Iterable[str]) -> list[Term]:
    """What a person typed, as terms; empty when it has no letter and no digit."""
    return [term for text in texts for part in _parts(text) if (term := _term(part))]


def _parts(text: str) -> list[str]:
    return [text] if _SPACED_NUMBER.fullmatch(text.strip()) else text.split()


def _term(text: str) -> Term | None:
    if _SPACED_NUMBER.fullmatch(text.strip()) or text.removeprefix("+").isdigit():
        return _number_term(_NOT_DIGIT.sub("", text))
    cut = tuple(_cut(text))
    if not cut:
        return None
    if len(cut) == 1:
        return Term((cut,), is_start=text.endswith("*"))
    # With signs between: one word of a call id, or words that stand somewhere.
    return Term(((_joined(text),), cut))


def _number_term(digits: str) -> Term:
    end = digits.removeprefix("00") if len(digits) > _SHORTEST_NUMBER else digits
    longest = _ENDS[-1]
    if len(end) <= longest:
        return Term(((end,),))
    return Term(((end[-longest:],),), end=end)


def expression(wanted: Sequence[Term], event: str | None = None) -> str:
    """The terms in the language of FTS5."""
    parts = [_quoted(event_word(event))] if event else []
    for term in wanted:
        ways = [" AND ".join(map(_quoted, way)) for way in term.ways]
        star = " *" if term.is_start else ""
        parts.append(f"({' OR '.join(f'({way})' for way in ways)})" if len(ways) > 1 else ways[0] + star)
    return " AND ".join(parts)


def _quoted(word: str) -> str:
    return f'"{word}"'


# --- the match -------------------------------------------------------------------------------------------------


def match(exchange: Exchange, wanted: Sequence[Term]) -> str | None:
    """The piece of an exchange with the most of what was asked for, as `kind: text`; None when a term is missing."""
    known = [(kind, text, set(_words_of(kind, text))) for kind, text in pieces(exchange)]
    everything = set().union(*(found for _, _, found in known))
    if not all(_occurs(term, everything) for term in wanted):
        return None
    kind, text, _ = max(known, key=lambda piece: sum(_touches(term, piece[2]) for term in wanted))
    return f"{kind}: {_around(text, wanted)}"


def _occurs(term: Term, found: set[str]) -> bool:
    if term.is_start:
        return _touches(term, found)
    if term.end and not any(word.endswith(term.end) for word in found):
        return False
    return any(found.issuperset(way) for way in term.ways)


def _touches(term: Term, found: set[str]) -> bool:
    """Whether a part of the term is there."""
    if term.is_start:
        return any(word.startswith(term.ways[0][0]) for word in found)
    return any(not found.isdisjoint(way) for way in term.ways)


def _around(text: str, wanted: Sequence[Term]) -> str:
    """The text on one line, cut around the first word that was asked for."""
    at = next((place.start() for place in _WORD.finditer(text) if _is_wanted(place[0], wanted)), 0)
    start = max(0, at - _SHOWN // 3) if len(text) > _SHOWN else 0
    shown = " ".join(text[start : start + _SHOWN].split())
    return f"{'..' if start else ''}{shown}{'..' if start + _SHOWN < len(text) else ''}"


def _is_wanted(word: str, wanted: Sequence[Term]) -> bool:
    found = set(_cut(word))
    found |= {end for each in found if each.isdigit() for end in _ends_of(each)}
    return any(_touches(term, found) for term in wanted)
