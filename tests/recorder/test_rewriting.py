"""Every text of a call is changed, and nothing else."""

from __future__ import annotations

from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.noticing import stored_value
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.rewriting import rewritten
from devserver.recorder.state import CacheEntry


def call(word: str, number: object = 7) -> PortableCall:
    """A call with a word in every place."""
    exchange = Exchange(
        "id",
        1.0,
        word,
        "ice",
        "local",
        Request("POST", f"/{word}\udcff", (("X", word),), word.encode() + b"\xff", "127.0.0.1"),
        Answer(200, (("Y", word),), word.encode()),
        1.5,
        2,
        [{"text": word}],
        [{"text": word, "fields": {word: [word, number]}}],
        {"traceback": word},
        ["deadline"],
        [
            Effect("cache", "set", word, 1.0, [word], 60.0),
            Effect("storage", "write", "a", 2.0, stored_value(word.encode())),
        ],
        3,
    )
    return PortableCall(
        word, [exchange], State([CacheEntry(word, word.encode(), 1.0)], {word: word.encode()}, b"secret")
    )


def test_every_text_is_changed() -> None:
    assert rewritten(call("secret"), lambda data: data.replace(b"secret", b"other")) == call("other")


def test_what_needs_no_change_stays_as_it_is() -> None:
    assert rewritten(call("secret"), lambda data: data) == call("secret")


def test_a_number_that_becomes_a_word_leaves_the_notes_readable() -> None:
    made = rewritten(call("secret", 4711), lambda data: data.replace(b"4711", b"[x]").replace(b"secret", b"other"))
    assert made.exchanges[0].logs == [{"text": "other", "fields": {"other": ["other", 4711]}}]
