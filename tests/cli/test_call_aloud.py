"""Prompts spoken aloud: by what there is, in order, and never by a shell."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from devserver.cli.call_aloud import Aloud, find_voice

SAYS = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '|')"
WAITS = "import sys, time; open(sys.argv[1], 'a').write(sys.stdin.read() + '|'); time.sleep(60)"


def _command(program: str, file: Path) -> tuple[str, ...]:
    return (sys.executable, "-c", program, str(file))


def test_the_first_voice_that_is_there_speaks(tmp_path: Path) -> None:
    assert find_voice(str(tmp_path)) is None
    for name in ("say", "espeak-ng"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        found = find_voice(str(tmp_path))
        assert found is not None
        assert found[0] == str(tmp_path / name)


def test_texts_are_spoken_in_order_and_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "spoken"

    async def use() -> None:
        voice = Aloud(_command(SAYS, file))
        for text in ("--version", "$(touch x); `y`", "Grüße"):
            voice.say(text)
        await voice.finish()

    asyncio.run(use())
    assert file.read_text(encoding="utf-8") == "--version|$(touch x); `y`|Grüße|"


def test_a_voice_that_is_hushed_stops_and_forgets(tmp_path: Path) -> None:
    file = tmp_path / "spoken"

    async def use() -> None:
        voice = Aloud(_command(WAITS, file))
        voice.say("first")
        voice.say("second")
        while not file.exists() or "|" not in file.read_text():  # noqa: ASYNC110 another process writes it
            await asyncio.sleep(0.01)
        voice.hush()
        await voice.finish()

    asyncio.run(asyncio.wait_for(use(), 20))
    assert file.read_text() == "first|"


@pytest.mark.parametrize("command", [("/nowhere/voice",), (sys.executable, "-c", "raise SystemExit(3)")])
def test_a_voice_that_fails_does_not_end_the_call(command: tuple[str, ...]) -> None:
    async def use() -> None:
        voice = Aloud(command)
        voice.say("Hello")
        await voice.finish()

    asyncio.run(asyncio.wait_for(use(), 20))
