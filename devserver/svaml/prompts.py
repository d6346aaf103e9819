"""The prompt syntax: `#tts[text]`, `#ssml[..]`, `#href[url]`, a URL or a file name, joined by `;` (voice-v1.md 2.3).

A scanner and not a split, because `;` and `]` may stand inside the brackets (`&amp;` in SSML, "press [1]"). It must not
know where a prompt stands in a document or whether that is an error: what looks wrong is noted on the prompt, and
nothing here ever raises, since the text comes from somebody's code.

Which `]` closes is not published. Here it is the one that is followed by `;` or by the end: for SSML the one after
`</speak>`, else the first that leaves the brackets balanced before the next prompt starts, else the first.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

PromptKind = Literal["tts", "ssml", "href", "url", "file"]

_OPEN = re.compile(r"#(tts|ssml|href)\[", re.IGNORECASE)
_CLOSE = re.compile(r"\](?=\s*(?:;|\Z))")
_BRACKET = re.compile(r"[\[\]]")
_SPEAK_END = re.compile(r"</speak\s*>\s*(\])", re.IGNORECASE)
_NEXT = re.compile(r"\]\s*;\s*#(?:tts|ssml|href)\[", re.IGNORECASE)
_INNER = re.compile(r";\s*#(?:tts|ssml|href)\[", re.IGNORECASE)
_SPACE = re.compile(r"[;\s]*")
_URL = re.compile(r"https?://\S+\Z", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_AUDIO = re.compile(r"\S+\.(?:wav|mp3|mp4|m4a|aac|aiff?|aifc|gsm|ogg|opus)\Z", re.IGNORECASE)
_MOST_UNICODE = 0x110000
_SURROGATES = range(0xD800, 0xE000)

# Balanced brackets are looked for this far; a prompt may hold 600 characters, and text of any length must stay cheap.
_BALANCE_WITHIN = 1024


class Prompt(msgspec.Struct, frozen=True):
    """One item of a prompt text.

    Attributes:
        kind: `url` and `file` are bare items, the others are written with brackets.
        text: what the brackets hold, or the URL or file name itself.
        raw: the slice of the source that the item came from.
        problem: what is wrong with it, as a sentence without a subject; empty when nothing is.
    """

    kind: PromptKind
    text: str
    raw: str
    problem: str = ""


def parse(text: str) -> tuple[Prompt, ...]:
    """Every item of a prompt text, in order; empty items between two `;` are left out."""
    found: list[Prompt] = []
    at = _skip(text, 0)
    while at < len(text):
        opened = _OPEN.match(text, at)
        prompt = _bare(text, at) if opened is None else _bracketed(text, opened)
        found.append(prompt)
        at = _skip(text, at + len(prompt.raw))
    return tuple(found)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _bracketed(text: str, opened: re.Match[str]) -> Prompt:
    kind: PromptKind = "tts"
    match opened[1].lower():
        case "ssml":
            kind = "ssml"
        case "href":
            kind = "href"
    start = opened.end()
    close = _closing(text, start, kind)
    if close is None:
        return Prompt(kind, text[start:], text[opened.start() :], "has no closing bracket")
    inner = text[start:close]
    return Prompt(kind, inner, text[opened.start() : close + 1], _problem(kind, inner))


def _problem(kind: PromptKind, inner: str) -> str:
    if not inner.strip():
        return "is empty"
    if _INNER.search(inner):
        return "holds the start of another prompt; a closing bracket is missing"
    if kind == "href" and not _URL.match(inner.strip()):
        return "is not an http or https address"
    return ""


def _closing(text: str, start: int, kind: PromptKind) -> int | None:
    if kind == "ssml" and text[start : start + 64].lstrip().lower().startswith("<speak"):
        spoken_end = _SPEAK_END.search(text, start)
        if spoken_end:
            return spoken_end.start(1)
    first = _CLOSE.search(text, start)
    if first is None:
        return None
    balanced = _balanced(text, start)
    return first.start() if balanced is None else balanced


def _balanced(text: str, start: int) -> int | None:
    depth = 1
    for bracket in _BRACKET.finditer(text, start, start + _BALANCE_WITHIN):
        if bracket[0] == "[":
            depth += 1
        elif depth > 1:
            if _NEXT.match(text, bracket.start()):
                return None
            depth -= 1
        elif _CLOSE.match(text, bracket.start()):
            return bracket.start()
    return None


def _bare(text: str, at: int) -> Prompt:
    end = text.find(";", at)
    raw = (text[at:] if end < 0 else text[at:end]).rstrip()
    if _URL.match(raw):
        return Prompt("url", raw, raw)
    return Prompt("file", raw, raw, _bare_problem(raw))


def _bare_problem(raw: str) -> str:
    lowered = raw.lower()
    if lowered.startswith(("tts", "ssml", "href")) and "[" in lowered[:6]:
        return "starts like a prompt; the prefix is written #tts[, #ssml[ or #href["
    if raw.startswith("#"):
        return "starts with an unknown prefix; known are #tts[, #ssml[ and #href["
    if _SCHEME.match(raw):
        return "is not an http or https address"
    if any(character.isspace() for character in raw):
        return "is looked up as a file name; text to be spoken is written #tts[..]"
    return ""


def spoken(text: str) -> str:
    """What a person hears, in words: text as it is read, and `[address]` or `[file name]` for what is played."""
    return " ".join(filter(None, (_heard(prompt) for prompt in parse(text))))


def _heard(prompt: Prompt) -> str:
    match prompt.kind:
        case "tts":
            return " ".join(prompt.text.split())
        case "ssml":
            return " ".join(_ENTITY.sub(_entity, _TAG.sub(" ", prompt.text)).split())
        case _:
            return f"[{prompt.text.strip()}]"


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    if not name.startswith("#"):
        return _ENTITIES[name]
    code = int(f"0{name[1:]}", 0) if name[1] in "xX" else int(name[1:])
    return match[0] if code >= _MOST_UNICODE or code in _SURROGATES else chr(code)


def as_prompt(text: str) -> str:
    """Plain text as a prompt that reads it; a prompt, an address or the name of an audio file stays as it is."""
    items = parse(text)
    if any(item.kind != "file" for item in items) or (items and all(_AUDIO.match(item.text) for item in items)):
        return text
    wrapped = f"#tts[{text}]"
    if parse(wrapped)[0].raw == wrapped:
        return wrapped
    # A bracket before a semicolon would end the prompt early; a listener cannot tell the two kinds of bracket apart.
    return f"#tts[{text.replace('[', '(').replace(']', ')')}]"
