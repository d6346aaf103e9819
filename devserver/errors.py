"""The errors `fn` raises on purpose: one sentence, what to do next, and an exit code.

Everything else that escapes is a bug in `fn` and is shown with its traceback. Few classes, each caught by someone:
the command line prints them (`devserver/cli`), the gateway turns none of them into an answer.
Exit codes: 1 our error, 2 usage (click's own), 78 configuration (`EX_CONFIG` of sysexits).
"""

from __future__ import annotations


class FnError(Exception):
    """Something a person can mend.

    Attributes:
        message: one sentence that says what is wrong, with the name of the thing.
        hint: what to do next, or an empty string.
        exit_code: status of the process when nobody catches it.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(FnError):
    """The project, its files or its settings are not usable as they are. Exit code 78."""

    exit_code = 78
