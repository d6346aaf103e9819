"""What the comparisons of all kinds of effects share: telling a difference, and JSON within texts.

| kind | known by | what counts |
|---|---|---|
| cache | key | how the callback left it: the last set, delete or extend |
| storage | key | the last write or delete; its content, as JSON where it is |
| database | order | statements, white space outside of quotes aside |
| outbound | order, method and path | what was sent, as JSON where it is, and whether a replay refused the call |

What came back from an outbound call, and how long it took, is not the handler's doing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from devserver.recorder.compare.difference import Difference, Found, Steps
from devserver.recorder.compare.documents import Comparison


def told(steps: Steps, was: Any, now: Any, text: str, comparison: Comparison) -> Iterator[Difference]:
    """One difference, unless a rule leaves it out."""
    if not comparison.rules.cover(steps):
        yield Found(steps, was, now).told(text)


def decoded(old: Any, new: Any) -> tuple[Any, Any]:
    """Two texts as JSON, when both are JSON objects or lists; else as they are."""
    if not isinstance(old, str) or not isinstance(new, str):
        return old, new
    found = []
    for text in (old, new):
        try:
            document = msgspec.json.decode(text) if text.lstrip()[:1] in {"{", "["} else None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return old, new
        if document is None:
            return old, new
        found.append(document)
    return found[0], found[1]
