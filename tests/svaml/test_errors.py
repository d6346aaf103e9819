from __future__ import annotations

from devserver.errors import FnError
from devserver.svaml.errors import SvamlError, refused
from devserver.svaml.rules import check


def test_a_refused_document_lists_each_breach_on_its_own_line() -> None:
    findings = check({"instructions": [{"name": "say"}]}, "ice")
    error = refused("IceSvamlBuilder", findings)
    assert str(error).splitlines() == [
        "IceSvamlBuilder builds SVAML that the platform refuses:",
        "instructions[0].text: say needs `text`.",
        "action: SVAML needs exactly one `action`; there is none.",
    ]
    assert error.findings == findings


def test_it_is_caught_as_an_error_of_ours_and_as_a_value_error() -> None:
    assert issubclass(SvamlError, FnError)
    assert issubclass(SvamlError, ValueError)


def test_a_finding_about_the_whole_document_has_no_path() -> None:
    assert str(refused("x", check(None, "pie"))).splitlines()[1].startswith("The answer to a PIE is empty")
