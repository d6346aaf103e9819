"""`fn doctor`: what could keep a session from working on this machine, looked at one by one, each in a sentence.

A check is a function from a `Patient` to what it found, and a row in `CHECKS` of `devserver/session/doctor_checks.py`;
adding one is adding a row. Checks change nothing that lasts, show no value of a secret, and go to the network only when
that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devserver.errors import FnError
from devserver.project.system_keyring import Keeper

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at.

    Attributes:
        folder: perhaps a project.
        environ: the process environment.
        keyring: of this machine.
        online: whether Sinch may be asked for the time.
        ports: that `fn dev` would like to have: function, console, cloud.
    """

    folder: Path
    environ: Mapping[str, str]
    keyring: Keeper
    online: bool = False
    ports: tuple[int, int, int] = (3000, 3001, 3002)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        state: `error` when something will not work, `warning` when it may surprise.
        text: one sentence.
        hint: the next step, or empty.
    """

    state: State
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A finding with the name of its check."""

    name: str
    finding: Finding


Check = Callable[[Patient], Iterable[Finding]]


def examine(patient: Patient, checks: Iterable[tuple[str, Check]]) -> Iterator[Checked]:
    """Run checks in order; each finding comes as soon as it is known.

    Args:
        patient: what is looked at.
        checks: names and checks, as in `CHECKS`. What one refuses with an `FnError`
            is an error that it found.
    """
    for name, check in checks:
        try:
            for finding in check(patient):
                yield Checked(name, finding)
        except FnError as error:
            yield Checked(name, Finding("error", error.message, error.hint))
