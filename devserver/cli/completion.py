"""`fn completion`: the completion script of a shell, from click."""

from __future__ import annotations

import os

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")
_INSTALL = {
    "bash": "echo 'eval \"$(fn completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(fn completion zsh)\"' >> ~/.zshrc",
    "fish": "fn completion fish > ~/.config/fish/completions/fn.fish",
}


@click.command(
    epilog="\b\nExamples:\n" + "\n".join(f"  {command}" for command in _INSTALL.values()),
)
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
def completion(shell: str | None) -> None:
    """Print the completion script for SHELL (default: the one in $SHELL)."""
    name = shell or os.path.basename(os.environ.get("SHELL", ""))  # noqa: PTH119 a name, not a file to be read
    if name not in _SHELLS:
        raise click.UsageError(f"Which shell? Name one: fn completion {'|'.join(_SHELLS)}.")
    from devserver.cli.entry import fn

    kind = get_completion_class(name)
    if kind is None:
        raise click.UsageError(f"There is no completion for {name}.")
    click.echo(kind(fn, {}, "fn", "_FN_COMPLETE").source())
