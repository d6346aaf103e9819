"""How long prompts last, and what people hear of them, in words. Pure.

Nothing is downloaded and nothing is spoken: text takes the time of a calm voice, and a file a fixed time.
"""

from __future__ import annotations

from devserver.svaml.prompts import Prompt, spoken

WORDS_A_MINUTE = 160
FILE_SECONDS = 3.0
"""Of a file or an address, whose length is not known."""
KEY_SECONDS = 0.2
"""Of a key that the platform sends, with the silence after it."""
WAIT_SECONDS = 0.5
"""Of `w` among keys (voice-v1.md 2.1)."""

_LEAST = 0.5  # seconds; the shortest "Yes."
_LETTERS = 6  # of a word, with its space; digits and languages without spaces are counted by it
_SECONDS_A_LETTER = 60 / WORDS_A_MINUTE / _LETTERS


def seconds_of_prompt(prompt: Prompt) -> float:
    """How long a prompt lasts."""
    if prompt.kind not in {"tts", "ssml"}:
        return FILE_SECONDS
    return max(_LEAST, round(len(words_of_prompt(prompt)) * _SECONDS_A_LETTER, 2))


def seconds_of_keys(keys: str) -> float:
    """How long it takes to send keys."""
    return sum(WAIT_SECONDS if key in "wW" else KEY_SECONDS for key in keys)


def words_of_prompt(prompt: Prompt) -> str:
    """What a person hears: text as it is read, `[name]` for what is played."""
    return spoken(prompt.raw) if prompt.raw != prompt.text or prompt.kind != "tts" else " ".join(prompt.text.split())
