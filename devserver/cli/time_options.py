"""The options of `fn dev` about the time that callbacks take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from devserver.cli.options import with_options

_OPTIONS = (
    click.option(
        "--hold/--no-hold",
        default=None,
        help="Keep a call while its handler takes longer than the platform waits. Default: with --debug, and in pdb.",
    ),
    click.option("--deadline", is_flag=True, help="Answer 504 where the platform would have stopped waiting."),
    click.option("--profile", is_flag=True, help="Write a flame graph of each callback and call to .fn/profiles."),
)


def time_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command whose callbacks have to be in time; `time_terms` reads them."""
    return with_options(command, _OPTIONS)


def time_terms(*, hold: bool | None, deadline: bool, profile: bool) -> dict[str, Any]:
    """Fields of `Terms` for the options."""
    return {"hold": hold, "strict": deadline, "profile": profile}
