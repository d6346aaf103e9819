"""Single keys at the terminal of a running session: what each does, and questions with yes or no.

Without somebody at a terminal there are none: nothing is bound then, and a question has its default for an answer. It
must not know what the keys are for; `keyboard` knows terminals.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from devserver.session.keyboard import ESCAPE, Keyboard, is_keyboard
from devserver.session.words import visible_line

_LIST = "?"
_ENTER = frozenset("\r\n")


@dataclass(frozen=True, slots=True)
class _Binding:
    label: str
    pressed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    default: bool
    answer: asyncio.Future[bool] = field(repr=False)

    def __str__(self) -> str:
        return f"  {visible_line(self.text)} [{'Y/n' if self.default else 'y/N'}]"

    def answered(self, key: str) -> bool | None:
        """What a key answers; None when it is no answer."""
        if key in _ENTER or key == ESCAPE:
            return self.default
        return {"y": True, "n": False}.get(key.lower())


class Keys:
    """The keys of a session; a context manager, within a running event loop.

    Args:
        enabled: whether there may be keys at all; there are only at a terminal that we are in front of.
        tell: writes a line for the person there.
    """

    def __init__(self, *, enabled: bool, tell: Callable[[str], None]) -> None:
        self._enabled = enabled
        self._tell = tell
        self._bindings: dict[str, _Binding] = {}
        self._asking = asyncio.Lock()
        self._question: _Question | None = None
        self._keyboard: Keyboard | None = None

    def __enter__(self) -> Self:
        if self._enabled and sys.stdout.isatty() and sys.stdin.isatty() and is_keyboard(sys.stdin.fileno()):
            self._keyboard = Keyboard(sys.stdin.fileno(), self._pressed, self._gone)
            self._keyboard.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._gone()

    @property
    def available(self) -> bool:
        """Whether somebody can press keys."""
        return self._keyboard is not None

    def bind(self, key: str, label: str, pressed: Callable[[], None]) -> None:
        """Let a key do something.

        Args:
            key: one character.
            label: what it does, for the list that `?` shows.
            pressed: does it.
        """
        self._bindings[key] = _Binding(label, pressed)

    def unbind(self, key: str) -> None:
        """Let a key do nothing again."""
        self._bindings.pop(key, None)

    async def ask(self, question: str, default: bool = False) -> bool:
        """Ask the person; `y`, `n`, and Enter or Escape for the default. One question is asked at a time.

        Args:
            question: in plain words.
            default: the answer of nobody: there is no terminal, or the session ends meanwhile.
        """
        async with self._asking:
            if not self.available:
                return default
            asked = self._question = _Question(question, default, asyncio.get_running_loop().create_future())
            self._tell(str(asked))
            try:
                return await asked.answer
            finally:
                self._question = None

    def lend(self) -> None:
        """Somebody else reads the terminal now."""
        if self._keyboard is not None:
            self._keyboard.lend()

    def take_back(self) -> None:
        """They do not any more."""
        if self._keyboard is not None:
            self._keyboard.take_back()

    def restore(self) -> None:
        """Put the terminal back as it was, right before the process ends without anything else."""
        if self._keyboard is not None:
            self._keyboard.restore()

    def _pressed(self, key: str) -> None:
        if self._question is not None:
            self._answer(self._question, key)
        elif key == _LIST:
            self._tell("\n".join(self._listed()))
        elif key in self._bindings:
            self._bindings[key].pressed()

    def _answer(self, question: _Question, key: str) -> None:
        answer = question.answered(key)
        if answer is None:
            if key == _LIST:
                self._tell(str(question))
        elif not question.answer.done():
            question.answer.set_result(answer)
            self._tell("  yes" if answer else "  no")

    def _listed(self) -> list[str]:
        lines = [f"  {key}  {binding.label}" for key, binding in self._bindings.items()]
        return [*lines, f"  {_LIST}  these keys", "  Ctrl-C stops"]

    def _gone(self) -> None:
        keyboard, self._keyboard = self._keyboard, None
        if keyboard is not None:
            keyboard.close()
        if self._question is not None and not self._question.answer.done():
            self._question.answer.set_result(self._question.default)
