"""The recorded calls that `replay` runs over, found when pytest collects.

A file that cannot be read must not keep the other tests from running, and no file at all must say how to make one: both
become a test that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devserver.errors import FnError
from devserver.recorder.portable import PortableCall, read

USUAL = "tests/calls/*.jsonl"
"""Where recorded calls are kept, relative to the project."""

Tell = Callable[..., object]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A recorded call.

    Attributes:
        name: of the file, and the id of the call.
        call: as it is in the file.
    """

    name: str
    call: PortableCall


@dataclass(frozen=True, slots=True)
class NoCall:
    """In place of a recorded call: why there is none, and whether that is wrong."""

    name: str
    text: str
    wrong: bool

    def tell(self, skip: Tell, fail: Tell) -> None:
        """Say so, with pytest's `skip` or `fail`."""
        if self.wrong:
            fail(self.text, pytrace=False)
        else:
            skip(self.text)


def chosen(find_root: Callable[[], Path], patterns: Sequence[str]) -> list[RecordedCall | NoCall]:
    """The calls in all files that fit; never empty.

    Args:
        find_root: gives the folder of the project.
        patterns: of file names, relative to it; none means `USUAL`.
    """
    try:
        root = find_root()
    except FnError as error:
        return [NoCall("no project", str(error), wrong=True)]
    files = sorted({path for pattern in patterns or [USUAL] for path in root.glob(pattern) if path.is_file()})
    if files:
        return [found for path in files for found in calls_in(path)]
    text = f"There is no recorded call in {', '.join(patterns or [USUAL])} of {root.name}."
    hint = "Make one with `fn recordings export last -o tests/calls/NAME.jsonl`."
    return [NoCall("no recordings", f"{text} {hint}", wrong=bool(patterns))]


def calls_in(path: Path) -> Iterator[RecordedCall | NoCall]:
    """The calls of one file."""
    try:
        with path.open("rb") as file:
            portable = read(file, path.name)
    except FnError as error:
        yield NoCall(path.stem, str(error), wrong=True)
    except OSError as error:
        yield NoCall(path.stem, f"{path.name} cannot be read: {error.strerror}.", wrong=True)
    else:
        calls = [call for call in portable.calls if call.exchanges]
        yield from (RecordedCall(f"{path.stem}-{call.callid or 'requests'}", call) for call in calls)
        if not calls:
            yield NoCall(path.stem, f"{path.name} holds no callbacks.", wrong=True)
