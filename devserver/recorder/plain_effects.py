"""Effects as they stand in a test file: dicts that begin with the kind and the operation.

`{"cache": "set", "key": "caller:c1", "value": "+12025550199", "ttl": 3600}`. When something was done is left out: no
two runs do it at the same time. Both directions are here, so that what an export writes is what a test reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from devserver.recorder.exchange import Effect

KINDS = ("cache", "storage", "database", "outbound")
_TIMINGS = frozenset({"ms"})
_REST = frozenset({"key", "value", "ttl"})


def plain(effect: Effect) -> dict[str, Any]:
    """An effect as a dict of plain values."""
    written: dict[str, Any] = {effect.kind: effect.operation, "key": effect.key}
    value = effect.value
    if effect.kind == "outbound" and isinstance(value, dict):
        value = {name: each for name, each in value.items() if name not in _TIMINGS and each is not None}
    if value is not None or (effect.kind, effect.operation) == ("cache", "set"):
        written["value"] = value
    if effect.ttl is not None:
        written["ttl"] = int(effect.ttl) if effect.ttl == int(effect.ttl) else effect.ttl
    return written


def effect_from(written: Mapping[str, Any]) -> Effect:
    """The effect that a dict says.

    Raises:
        ValueError: it says none; the text shows one that does.
    """
    kind = next((name for name in KINDS if name in written), None)
    unknown = sorted(set(written) - _REST - {kind})
    if kind is None or unknown or "key" not in written:
        raise ValueError(
            f"{dict(written)!r:.200} is no effect. One is written like "
            '{"cache": "set", "key": "caller:c1", "value": "+12025550199", "ttl": 3600}; '
            f"there are {', '.join(KINDS)}."
        )
    rest = {name: written[name] for name in _REST & set(written)}
    try:
        return msgspec.convert({"kind": kind, "operation": written[kind], **rest}, Effect)
    except msgspec.ValidationError as error:
        raise ValueError(f"{dict(written)!r:.200} is no effect: {error}.") from None
