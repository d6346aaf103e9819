"""The group `fn` and its error handling."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback
from typing import Any

import click

from devserver.errors import FnError

_COMMANDS = {
    "dev": "Run a function on this machine.",
    "init": "Create a new function from a template.",
    "templates": "Templates for `fn init`.",
    "recordings": "Recorded requests: list, show, search, export, import, purge.",
    "calls": "Recorded calls: list, show with a timeline.",
    "call": "Call the function without a phone; many calls; at a terminal you are the caller.",
    "replay": "Run recorded calls again and compare what happens.",
    "test": "Run recorded calls and the pytest suite.",
    "explore": "Try every key of every menu, and draw the flow.",
    "trigger": "Send one callback of the catalogue to the function.",
    "voice": "Callouts, calls, callbacks and numbers of the Voice API.",
    "lease": "Callbacks that point at this machine, and giving them back.",
    "cloud": "The local Sinch: its application, starting over.",
    "secrets": "Secrets: store them in the keyring; where the values of variables come from.",
    "auth": "Log in to an account of Sinch, and out.",
    "config": "Ids that you use again and again, in named profiles.",
    "debug": "Configuration of editors for `fn dev --debug`.",
    "doctor": "Look for what is wrong on this machine.",
    "completion": "Print a completion script for your shell.",
}
"""Name -> one line for `fn --help`; the module of the same name holds the command under that name."""


_NOT_WRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class _Lazy(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 click's signature
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"devserver.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(name, _COMMANDS, 1)
            hint = f" Did you mean `fn {near[0]}`?" if near else " `fn --help` lists what there is."
            ctx.fail(f"There is no command `{name}`.{hint}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"fn {version('fn-dev')} (Python {sys.version.split()[0]})")
        ctx.exit()


def _choose_profile(_context: click.Context, _parameter: click.Parameter, name: str | None) -> None:
    if name:
        # In the environment, so that every process that this one starts means the same profile.
        os.environ["FN_PROFILE"] = name


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--profile",
    metavar="NAME",
    expose_value=False,
    callback=_choose_profile,
    help="Use the login and the ids of this profile (`fn config profile list`).",
)
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def fn() -> None:
    """Run Sinch voice functions written in Python on your own machine.

    \b
    Start here:
      fn init --dir my-function    create a function
      fn dev my-function           run it; edit it; the next callback runs the new code
      fn recordings list           see what was called and what was answered
    """


def main() -> None:
    """Entry point: runs a command and turns what went wrong into one sentence and an exit code."""
    _open_standard_streams()
    try:
        status: Any = fn(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        click.echo("Aborted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FnError as error:
        _show(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain about it at exit.
        _write_nowhere()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 the last line of defence, and it says so
        _show_unexpected(error)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _show(error: FnError) -> None:
    from devserver.session.words import visible  # a message may quote a file or an answer from outside

    click.echo(f"{_red('fn:')} {visible(error.message)}", err=True)
    if error.hint:
        click.echo(f"    {visible(error.hint)}", err=True)


def _show_unexpected(error: Exception) -> None:
    if isinstance(error, OSError) and error.errno in _NOT_WRITTEN:
        _write_nowhere()
        click.echo(f"{_red('fn:')} Writing failed: {error.strerror}.", err=True)
        click.echo("    Make room on the disk, or send the output elsewhere.", err=True)
        return
    traceback.print_exception(error)
    click.echo("fn: This is a bug in fn. Please report it with the lines above.", err=True)


def _write_nowhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_standard_streams() -> None:
    """Who starts us with `<&-` or from a daemon has closed some; the next file opened would take their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 open until the process ends
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
    for written in (sys.stdout, sys.stderr):
        if isinstance(written, io.TextIOWrapper):
            # A caller's name in letters that this terminal does not know is shown as escapes.
            written.reconfigure(errors="backslashreplace")


def _red(text: str) -> str:
    return click.style(text, fg="red", bold=True) if sys.stderr.isatty() and "NO_COLOR" not in os.environ else text
