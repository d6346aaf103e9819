"""`fn voice callouts`: have the platform call somebody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.voice_options import Reach, reaching, svaml_or_url

if TYPE_CHECKING:
    from devserver.runtime.clients.voice import Voice
    from devserver.runtime.clients.voice_results import Callout

_cli = click.option("--cli", metavar="NUMBER", help="The number that is shown, with a plus.")
_dtmf = click.option("--dtmf", metavar="KEYS", help="Keys to send when somebody answers; w is half a second.")
_custom = click.option("--custom", metavar="TEXT", help="Comes back in every callback.")
_locale = click.option("--locale", help="Language or voice of the text, such as en-US.")
_domain = click.option("--domain", type=click.Choice(["pstn", "mxp"]), help="Where the callee is.")
_duration = click.option("--max-duration", type=click.IntRange(1, 14_400), metavar="SECONDS", help="End it then.")


def _flags(command: Callable[..., None]) -> Callable[..., None]:
    """Which callbacks come; none by default."""
    command = click.option("--pie", "enable_pie", is_flag=True, default=None, help="Have PIE callbacks sent.")(command)
    command = click.option("--dice", "enable_dice", is_flag=True, default=None, help="Have a DICE sent.")(command)
    return click.option("--ace", "enable_ace", is_flag=True, default=None, help="Have an ACE sent.")(command)


def _answer(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """What answers a callback of a custom callout."""
    return click.option(
        f"--{name}",
        callback=svaml_or_url,
        metavar="JSON|@FILE|URL",
        help=f"What answers the {name.upper()}, or where it is asked for.",
    )


@click.group
def callouts() -> None:
    """Have the platform call somebody."""


@callouts.command("tts", epilog='\b\nExample:\n  fn voice callouts tts +12025550199 --text "Your parcel is here."')
@click.argument("to", metavar="NUMBER|USER|SIP")
@click.option("--text", help="Read this.")
@click.option("--prompts", metavar="PROMPTS", help="Play these instead, such as #href[https://...];#tts[Hello].")
@_cli
@_locale
@_dtmf
@_domain
@_custom
@_flags
@reaching
def tts(reach: Reach, to: str, **fields: Any) -> None:
    """Call somebody, read a text, and hang up."""
    if not fields["text"] and not fields["prompts"]:
        raise click.UsageError("Say what is to be heard with --text or --prompts.")
    _start(reach, to, lambda voice: voice.callouts.tts(to, **fields))


@callouts.command("conference", epilog="\b\nExample:\n  fn voice callouts conference +12025550199 standup")
@click.argument("to", metavar="NUMBER|USER|SIP")
@click.argument("conference_id", metavar="CONFERENCE")
@click.option("--greeting", help="Read this before they join.")
@click.option("--moh", "moh_class", help="What is heard while alone: ring, music1, music2 or music3.")
@_duration
@_cli
@_locale
@_dtmf
@_domain
@_custom
@_flags
@reaching
def conference(reach: Reach, to: str, conference_id: str, **fields: Any) -> None:
    """Call somebody into a conference."""
    _start(reach, to, lambda voice: voice.callouts.conference(to, conference_id, **fields))


@callouts.command(
    "custom",
    epilog="""\b
Examples:
  fn voice callouts custom +12025550199 --cli +12025550100 --ace @welcome.json
  fn voice callouts custom --ice '{"action": {"name": "connectPstn", "number": "+12025550199"}}'""",
)
@click.argument("to", metavar="[NUMBER|USER|SIP]", required=False)
@_answer("ice")
@_answer("ace")
@_answer("pie")
@_answer("dice")
@_duration
@_cli
@_dtmf
@_custom
@reaching
def custom(reach: Reach, to: str | None, **fields: Any) -> None:
    """Start a call that markup directs; of callbacks that are not answered here the function is asked."""
    _start(reach, to or "whom the answer to its ICE names", lambda voice: voice.callouts.custom(to, **fields))


def _start(reach: Reach, whom: str, work: Callable[[Voice], Awaitable[Callout]]) -> None:
    started = reach.run(work, real=f"This calls {whom}")
    reach.done(started, f"Call {started.call_id} started. `fn voice calls get {started.call_id}` says how it goes.")
