"""The options of `fn dev` that open it to the outside, and the question that is asked once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from devserver.cli.options import with_options

_HOST = re.compile(r"(?=.{1,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_EXAMPLE = "write it like https://dev.example.com"

_QUESTION = """\
Should real phone calls reach this function while it runs?

With a tunnel it gets a public address. Calls of your Voice App then come to
this machine until fn dev stops; after that they go where they went before.
Without one, `fn call` makes pretend calls, and nobody outside can get in.
"""


class PublicUrl(click.ParamType[str]):
    """The address of a web server, without a slash at its end."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See click."""
        url = str(value)
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            self.fail(f'"{url}" is no address; {_EXAMPLE}.', param, ctx)
        if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s\x00-\x1f\x7f\\]", url):
            self.fail(f'"{url}" is not the address of a web server; {_EXAMPLE}.', param, ctx)
        if "?" in url or "#" in url or "@" in parts.netloc:
            self.fail(f"a public address has no query, no fragment and no password; {_EXAMPLE}.", param, ctx)
        return url.rstrip("/")


_OPTIONS = (
    click.option(
        "--tunnel/--no-tunnel", default=None, help="Whether a public address leads here; so real calls come in."
    ),
    click.option("--public-url", type=PublicUrl(), metavar="URL", help="Your own proxy leads here from this address."),
    click.option("--tunnel-name", metavar="NAME", help="A named tunnel of Cloudflare; its address is --public-url."),
    click.option(
        "--tunnel-provider", type=click.Choice(["cloudflare", "frp"]), help="Whose tunnel. Default cloudflare."
    ),
    click.option("--allow-unsigned", is_flag=True, help="Run callbacks from outside that have no signature, too."),
    click.option("--take-over", is_flag=True, help="Take the callback from another developer's tunnel."),
    click.option("--no-failover", is_flag=True, help="Leave the fallback address of the Voice App as it is."),
)


def tunnel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that may open a tunnel; `tunnel_terms` reads them."""
    return with_options(command, _OPTIONS)


def tunnel_terms(
    *,
    tunnel: bool | None,
    public_url: str | None,
    tunnel_name: str | None,
    tunnel_provider: str | None,
    allow_unsigned: bool,
    take_over: bool,
    no_failover: bool,
) -> dict[str, Any]:
    """Fields of `Terms` for the options; mistakes in how they go together are errors of usage."""
    if tunnel is False and (public_url or tunnel_name):
        raise click.UsageError(
            f"--no-tunnel and {'--public-url' if public_url else '--tunnel-name'} contradict each other."
        )
    if tunnel_name is not None:
        public_url = _address_of(tunnel_name, public_url)
    if tunnel_provider is not None and public_url and (tunnel_name is None or tunnel_provider != "cloudflare"):
        what = "a named tunnel is one of Cloudflare" if tunnel_name else "--public-url is a proxy of your own"
        raise click.UsageError(f"--tunnel-provider {tunnel_provider} does not go with that: {what}.")
    return {
        "tunnel": True if public_url else tunnel,
        "public_url": public_url,
        "tunnel_name": tunnel_name,
        "tunnel_provider": tunnel_provider,
        "allow_unsigned": allow_unsigned,
        "take_over": take_over,
        "failover": not no_failover,
    }


def _address_of(name: str, url: str | None) -> str:
    """The address of a named tunnel; its name may be its host."""
    if not _NAME.fullmatch(name):
        raise click.BadParameter(f'"{name}" is no name of a tunnel.', param_hint="--tunnel-name")
    if url is None:
        if not _HOST.fullmatch(name):
            raise click.UsageError(
                f"--tunnel-name {name} does not say at which address: add --public-url https://HOST, the host that "
                "leads to it."
            )
        return f"https://{name}"
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.path or parts.port:
        raise click.UsageError("The address of a named tunnel is --public-url https://HOST, without port and path.")
    return url


def ask_for_tunnel(folder: Path) -> bool | None:
    """Ask the person at the terminal whether to use a tunnel, unless `sinch.json` knows it; their answer is kept there.

    Gives the answer, or None when nothing was asked.
    """
    from devserver.project.preferences import store_tunnel_preference, tunnel_preference

    if tunnel_preference(folder) != "unset":
        return None
    from devserver.errors import FnError

    click.echo(_QUESTION)
    answer = click.confirm("Use a tunnel?", default=False)
    try:
        store_tunnel_preference(folder, "on" if answer else "off")
    except FnError as error:
        click.echo(f"{error.message} {error.hint}", err=True)
    else:
        click.echo("That is kept in sinch.json; --tunnel and --no-tunnel win over it.\n")
    return answer
