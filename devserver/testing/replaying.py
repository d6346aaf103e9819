"""A recorded call, replayed in process: every callback in order, on the state the call began with, at its time.

The same as `fn replay` does in a session of its own. Secrets that the recording left out are put back where this
machine has them, and are left out of the answers again before they are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devserver.recorder.compare import Difference
from devserver.recorder.redaction import Redactor
from devserver.recorder.replay import headers_to_send
from devserver.recorder.takes import Item, take_of_portable
from devserver.testing.answer import Answer
from devserver.testing.calls import RecordedCall
from devserver.testing.comparing import replay_differences
from devserver.testing.function import Function
from devserver.testing.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Result:
    """One callback of the call: as it was recorded, as it was answered now, and what is different."""

    item: Item
    answer: Answer
    differences: tuple[Difference, ...]

    @property
    def name(self) -> str:
        """The event, or method and path."""
        return self.answer.request


class Replay:
    """A recorded call.

    Attributes:
        name: of the file, and the id of the call.
        items: the recorded requests, in order, with what came of them.

    Args:
        recorded: the call.
        surroundings: of the project, unused.
        is_test: see `loading.opened`.
    """

    def __init__(self, recorded: RecordedCall, surroundings: Surroundings, is_test: Callable[[str], bool]) -> None:
        self.name = recorded.name
        take = take_of_portable(recorded.call, "", recorded.name)
        self.items = take.items
        self._state = take.state
        self._surroundings = surroundings
        self._is_test = is_test
        self._redact = Redactor(surroundings.project.secret_values)
        self._results: list[Result] | None = None
        self._ignore: Sequence[str] = ()

    @property
    def results(self) -> list[Result]:
        """Every callback with its new answer; the first look runs the call."""
        __tracebackhide__ = True
        if self._results is None:
            self._results = self._run()
        return self._results

    @property
    def differences(self) -> list[Difference]:
        """All differences, in order."""
        __tracebackhide__ = True
        return [difference for result in self.results for difference in result.differences]

    def check(self, *, ignore: Sequence[str] = ()) -> None:
        """Replay the call and compare.

        Args:
            ignore: rules for what may differ, as for `fn replay --ignore`.

        Raises:
            AssertionError: something is different; in the words of `fn replay --check`.
        """
        __tracebackhide__ = True
        self._ignore, self._results = ignore, None if ignore != self._ignore else self._results
        different = [result for result in self.results if result.differences]
        if different:
            raise AssertionError("\n".join(line for result in different for line in _lines(result)))

    def _run(self) -> list[Result]:
        __tracebackhide__ = True
        around = self._surroundings
        function = Function(around, self._is_test)
        if self._state is not None:
            around.arrange(self._state)
        around.outbound.replay([effect for item in self.items for effect in item.effects], self._redact)
        at = self.items[0].at if self.items else around.clock.wall()
        around.clock.freeze(at)
        function.open()
        try:
            results = []
            for item in self.items:
                around.clock.advance(max(0.0, item.at - at))
                at = max(at, item.at)
                results.append(self._one(function, item))
            return results
        finally:
            function.close()
            around.clock.release()

    def _one(self, function: Function, item: Item) -> Result:
        __tracebackhide__ = True
        body, now = self._redact.restore(item.body), function.clock.now().isoformat()
        headers = headers_to_send(item, body, variables=function.config, voice_app=None, voice_secret=None, now=now)
        answer = function.send(item.method, item.path, headers, body)
        found = replay_differences(item, answer, ignore=self._ignore, redact=self._redact.data)
        return Result(item, answer, found)

    def __repr__(self) -> str:
        return f"Replay({self.name!r})"


def _lines(result: Result) -> list[str]:
    lines = [f"{result.name} answered differently:", *(f"  {each.text}" for each in result.differences)]
    return [*lines, "", result.answer.error] if result.answer.error else lines
