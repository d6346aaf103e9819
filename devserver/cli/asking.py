"""Questions at a terminal, secrets from a prompt or a pipe; and what is said where there is nobody to ask."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from devserver.errors import FnError

LIMIT = 64 * 1024
"""Bytes of the largest secret: no environment of a process holds much more."""


def is_terminal() -> bool:
    """Whether somebody sits there and can be asked."""
    return sys.stdin.isatty()


def agreed(question: str, flag: str) -> None:
    """Go on only when a person agrees.

    Raises:
        FnError: there is no terminal to ask at.
    """
    if not is_terminal():
        raise FnError(f"{question} There is no terminal to ask at.", hint=f"Say {flag} if it is meant.")
    click.confirm(question, abort=True, err=True)


def hidden(words: str, check: Callable[[str], str] = str) -> str:
    """A secret that is typed and not shown; asked again until it passes the check.

    Args:
        words: what to ask for.
        check: gives the value, or raises `click.UsageError`.
    """
    value: str = click.prompt(words, hide_input=True, value_proc=check, err=True)
    return value


def piped(what: str) -> str:
    """A secret from standard input, without the line end that `echo` puts behind it.

    Raises:
        FnError: it is empty, too large, or no text.
    """
    text = text_of(sys.stdin.buffer.read(LIMIT + 1), what)
    return text.removesuffix("\n").removesuffix("\r")


def text_of(data: bytes, what: str) -> str:
    """The text of bytes from outside.

    Raises:
        FnError: they are more than `LIMIT`, or no UTF-8; what they are is not shown.
    """
    if len(data) > LIMIT:
        raise FnError(f"{what} is larger than {LIMIT // 1024} KB.", hint="A secret is a line or a few.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FnError(f"{what} is not UTF-8 text.", hint="Store binary data as base64.") from None
