"""`fn dev`: run a function on this machine."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import click

from devserver.cli.debug_options import debug_options, debug_terms
from devserver.cli.options import shows_colours
from devserver.cli.time_options import time_options, time_terms
from devserver.cli.tunnel_options import ask_for_tunnel, tunnel_options, tunnel_terms

_PORT = click.IntRange(0, 65535)
_PORT.name = "port number"
_SHELL = re.compile(r"[$`|&;<>()*?\[\]{}~#\n]|^\w+=")


@click.command(
    epilog="""\b
Examples:
  fn dev                            run the function in this folder
  fn dev my-function --port 0       any free port, so that several can run
  fn dev --exec "pytest -q"         run a command against it, then stop with its status
  fn dev --exec 'curl $FN_FUNCTION_URL/status'
  fn dev --json | jq .              one JSON object per event
  fn dev --tunnel                   real calls reach this machine until it stops
  fn dev --public-url https://dev.example.com
  fn dev --debug                    a debugger attaches once, and stays over every save"""
)
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--port", type=_PORT, metavar="N", help="Port of the function; 0 takes any. Default 3000.")
@click.option("--console-port", type=_PORT, metavar="N", help="Port of the console. Default 3001, or any if taken.")
@click.option("--cloud-port", type=_PORT, metavar="N", help="Port of the local Sinch. Default 3002, or any if taken.")
@click.option("--exec", "command", metavar="CMD", help="Run CMD while the function runs, then stop with its status.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line instead of words.")
@debug_options
@time_options
@tunnel_options
@click.option("--yes", is_flag=True, help="Answer yes to every question.")
@click.option("--non-interactive", is_flag=True, help="Ask nothing; take the default of every question.")
def dev(
    folder: Path,
    port: int | None,
    console_port: int | None,
    cloud_port: int | None,
    command: str | None,
    as_json: bool,
    yes: bool,
    non_interactive: bool,
    debug: int | None,
    wait_for_client: bool,
    debug_single: bool,
    hold: bool | None,
    deadline: bool,
    profile: bool,
    **tunnel: Any,
) -> int:
    """Run the function in DIR (default: this folder).

    Its handlers answer at http://127.0.0.1:3000, every save takes effect with the next request, and everything that
    arrives is recorded. Ctrl-C stops it.
    """
    words = () if command is None else _command(command)
    exposing = tunnel_terms(**tunnel)
    debugging = debug_terms(debug=debug, wait_for_client=wait_for_client, debug_single=debug_single)
    interactive = not (as_json or non_interactive or words) and sys.stdin.isatty() and sys.stdout.isatty()
    if interactive and exposing["tunnel"] is None and not yes:
        # Before anything is started, so that nothing waits, and no time counts, while somebody thinks.
        exposing["tunnel"] = ask_for_tunnel(folder)
    began = time.perf_counter()
    # The host's interpreter boots while this process imports what it needs: a third of the start-up time.
    from devserver.session.spawn import start_host

    first = start_host(debug=debugging is not None)
    try:
        from devserver.session.serve import run_session
        from devserver.session.terms import Terms

        terms = Terms(
            folder=folder,
            port=port,
            console_port=console_port,
            cloud_port=cloud_port,
            json=as_json,
            command=words,
            colour=shows_colours(),
            yes=yes,
            interactive=interactive,
            debug=debugging,
            **time_terms(hold=hold, deadline=deadline, profile=profile),
            **exposing,
        )
    except BaseException:
        first.abandon()
        raise
    return run_session(terms, first, began=began)


def _command(text: str) -> tuple[str, ...]:
    """The words of a command line; one that uses what only a shell understands, such as `$FN_FUNCTION_URL`, gets one.

    A plain command does without, so that its signals and its exit status are its own on every system.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise click.BadParameter(f"{error} in {text!r}.", param_hint="--exec") from error
    if not words:
        raise click.BadParameter("there is no command in it.", param_hint="--exec")
    return ("/bin/sh", "-c", text) if os.name == "posix" and _SHELL.search(text) else tuple(words)
