"""The options of `fn dev` that let a debugger in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.options import with_options

if TYPE_CHECKING:
    from devserver.session.terms import DebugTerms

_DEFAULT = 5678
_OURS = ("127.0.0.1", "localhost")


class DebugPort(click.ParamType[int]):
    """A port, or the address that the ready line shows; with another host there is a reason to refuse."""

    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """See click."""
        text = str(value)
        host, colon, port = text.rpartition(":")
        ours = not colon or host in _OURS
        if ours and port.isdecimal() and int(port) <= 65535:
            return int(port)
        if not ours and port.isdecimal():
            self.fail(
                f"the debugger is for this machine only, and {host or 'a host'} is more; give a port: --debug {port}. "
                "From another machine, come through SSH.",
                param,
                ctx,
            )
        return self.fail(f'"{text}" is no port; the folder of a function stands before --debug.', param, ctx)


_OPTIONS = (
    click.option(
        "--debug",
        type=DebugPort(),
        is_flag=False,
        flag_value=str(_DEFAULT),
        metavar="[PORT]",
        help=f"Let a debugger attach at this port of 127.0.0.1; 0 takes any. Default {_DEFAULT}.",
    ),
    click.option("--wait-for-client", is_flag=True, help="Load nothing until a debugger is attached; with --debug."),
    click.option(
        "--debug-single", is_flag=True, help="One session, for editors that know no child sessions; with --debug."
    ),
)


def debug_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that may be debugged; `debug_terms` reads them."""
    return with_options(command, _OPTIONS)


def debug_terms(*, debug: int | None, wait_for_client: bool, debug_single: bool) -> DebugTerms | None:
    """What the options ask for; each of the two others asks for the debugger, too."""
    if debug is None and not (wait_for_client or debug_single):
        return None
    from devserver.session.terms import DebugTerms

    return DebugTerms(_DEFAULT if debug is None else debug, wait_for_client, debug_single)
