"""The one error of the markup: a document that the platform would refuse was about to be built."""

from __future__ import annotations

from devserver.errors import FnError
from devserver.svaml.findings import Finding


class SvamlError(FnError, ValueError):
    """A builder was told something that gives no legal SVAML.

    It is a ValueError too, since that is what a handler's author would catch.

    Attributes:
        findings: the rules that were broken; empty when a single argument was wrong.
    """

    def __init__(self, message: str, *, hint: str = "", findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.findings = findings


def refused(what: str, findings: tuple[Finding, ...]) -> SvamlError:
    """The error that lists what is wrong, one line each."""
    lines = [f"{finding.path}: {finding.text}" if finding.path else finding.text for finding in findings]
    return SvamlError("\n".join([f"{what} builds SVAML that the platform refuses:", *lines]), findings=findings)
