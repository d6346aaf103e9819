"""The terminal of a phone: keys one by one, lines below that are drawn anew, and a terminal that is given back."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import termios
from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from devserver.cli.phone_terminal import Keystrokes, Screen, Terminal, raw_keys


def test_keys_are_characters_and_sequences_are_none() -> None:
    keys = Keystrokes()

    assert keys.feed(b"12#") == ["1", "2", "#"]
    assert keys.feed(b"\x1b[A1\x1bOP2\x1b[1;5C3\x1bx") == ["1", "2", "3"]
    assert keys.feed(b"\x1b") == ["\x1b"], "the key Escape"


def test_a_letter_may_come_in_two_pieces() -> None:
    keys = Keystrokes()

    assert keys.feed("ü".encode()[:1]) == []
    assert keys.feed("ü".encode()[1:]) == ["ü"]


@pytest.mark.parametrize("data", [b"\x1b[", b"\x1bO", b"\x1b[12", b"\xff", b"\x1b\x1b"])
def test_half_a_sequence_is_no_key(data: bytes) -> None:
    assert not set(Keystrokes().feed(data)) & set("[O12")


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    reading, writing = pty.openpty()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_a_terminal_is_given_back_as_it_was(terminal: tuple[int, int]) -> None:
    _, descriptor = terminal
    before = termios.tcgetattr(descriptor)

    def use() -> None:
        with raw_keys(descriptor):
            during = termios.tcgetattr(descriptor)
            assert not during[3] & (termios.ICANON | termios.ECHO)
            assert during[3] & termios.ISIG, "Ctrl-C still ends"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert termios.tcgetattr(descriptor) == before


def _screen(width: int = 20) -> tuple[Screen, StringIO]:
    written = StringIO()
    return Screen(Console(file=written, force_terminal=True, width=width, height=10, color_system=None)), written


def test_what_is_logged_stands_above_what_changes() -> None:
    screen, written = _screen()
    screen.show([Text("one"), Text("two")])
    written.truncate(0)
    written.seek(0)

    screen.log(lambda: screen.console.print("news"))

    assert written.getvalue() == "\r\x1b[Jnews\none\ntwo\x1b[1A\r"


def test_lines_that_change_never_fill_a_row() -> None:
    screen, written = _screen(width=10)

    screen.show([Text("x" * 50)])

    assert written.getvalue() == "\r\x1b[J" + "x" * 8 + "…\r"


def test_at_the_end_the_cursor_is_back_and_the_lines_are_gone() -> None:
    screen, written = _screen()

    def use() -> None:
        with screen.open():
            screen.show([Text("one")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert written.getvalue().startswith("\x1b[?25l")
    assert written.getvalue().endswith("\r\x1b[J\x1b[?25h")


def test_keys_and_signals_arrive(terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    reading, descriptor = terminal
    pressed: list[str] = []

    async def use() -> int:
        with os.fdopen(os.dup(descriptor)) as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            both = asyncio.Event()

            def press(key: str) -> None:
                pressed.append(key)
                both.set()

            phone = Terminal(press, lambda: None)
            with phone.open():
                os.write(reading, b"5")
                await asyncio.wait_for(both.wait(), 5)
                os.kill(os.getpid(), signal.SIGTERM)
                return await asyncio.wait_for(phone.ending, 5)

    assert asyncio.run(use()) == 143
    assert pressed == ["5"]
