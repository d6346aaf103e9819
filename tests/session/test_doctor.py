from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devserver.errors import ConfigError
from devserver.session.doctor import Checked, Finding, Patient, examine
from tests.fakes.keyrings import MemoryKeyring


def test_checks_run_in_order_and_what_one_refuses_is_an_error_that_it_found() -> None:
    def two(_patient: Patient) -> Iterator[Finding]:
        yield Finding("ok", "one")
        yield Finding("warning", "two", "mend it")

    def refused(_patient: Patient) -> Iterator[Finding]:
        yield Finding("ok", "so far")
        raise ConfigError("It is broken.", hint="Mend it.")

    patient = Patient(Path(), {}, MemoryKeyring())
    assert list(examine(patient, [("a", two), ("b", refused), ("c", two)])) == [
        Checked("a", Finding("ok", "one")),
        Checked("a", Finding("warning", "two", "mend it")),
        Checked("b", Finding("ok", "so far")),
        Checked("b", Finding("error", "It is broken.", "Mend it.")),
        Checked("c", Finding("ok", "one")),
        Checked("c", Finding("warning", "two", "mend it")),
    ]


def test_a_finding_is_told_before_the_next_check_runs() -> None:
    def never(_patient: Patient) -> Iterator[Finding]:
        raise AssertionError("it ran")

    def first(_patient: Patient) -> Iterator[Finding]:
        yield Finding("ok", "one")

    found = examine(Patient(Path(), {}, MemoryKeyring()), [("a", first), ("b", never)])
    assert next(found).name == "a"
