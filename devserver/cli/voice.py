"""`fn voice`: the Voice API by hand, on the local platform of the running session or, with --live, the real one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from devserver.cli.voice_callouts import callouts
from devserver.cli.voice_options import Reach, reaching, svaml

if TYPE_CHECKING:
    from devserver.runtime.clients.voice_results import Callbacks, CallInfo, Identity, Money

_application = click.option("--application", metavar="KEY", help="Of this application; by default the project's.")
_capability = click.option("--capability", type=click.Choice(["voice", "sms"]), help="For calls or for messages.")


@click.group
def voice() -> None:
    """Calls, callbacks and numbers of the Voice API.

    Without --live the local platform of the running `fn dev` is asked.
    """


voice.add_command(callouts)


# --- calls -------------------------------------------------------------------------------------------------------


@voice.group
def calls() -> None:
    """Calls that go on, and what became of them."""


@calls.command("get", epilog="\b\nExample:\n  fn voice calls get 4398599d-1c3e-4b5a-9d3f-2b1a5c6d7e8f")
@click.argument("call_id", metavar="CALL")
@reaching
def get_call(reach: Reach, call_id: str) -> None:
    """Say what is known of a call."""
    found = reach.run(lambda client: client.calls.get(call_id))
    reach.done(found, _rows(_call_rows(found)))


@calls.command("hangup", epilog="\b\nExample:\n  fn voice calls hangup 4398599d-1c3e-4b5a-9d3f-2b1a5c6d7e8f")
@click.argument("call_id", metavar="CALL")
@reaching
def hang_up(reach: Reach, call_id: str) -> None:
    """End a call."""
    reach.done(reach.run(lambda client: client.calls.hangup(call_id)), f"{call_id} is told to end.")


@calls.command(
    "update",
    epilog="""\b
Examples:
  fn voice calls update 4398599d --svaml @sorry.json
  fn voice calls update 4398599d --leg callee --svaml '{"instructions": [{"name": "say", "text": "One moment."}],
    "action": {"name": "continue"}}'""",
)
@click.argument("call_id", metavar="CALL")
@click.option("--svaml", "document", callback=svaml, metavar="JSON|@FILE", required=True, help="The new markup.")
@click.option("--leg", type=click.Choice(["caller", "callee", "both"]), help="Play it to this side only.")
@reaching
def update_call(reach: Reach, call_id: str, document: dict[str, Any], leg: Any) -> None:
    """Give a running call new markup."""
    if leg is None:
        done = reach.run(lambda client: client.calls.update(call_id, document))
    else:
        done = reach.run(lambda client: client.calls.manage_leg(call_id, leg, document))
    reach.done(done, f"{call_id} has new markup.")


# --- callbacks ---------------------------------------------------------------------------------------------------


@voice.group
def callbacks() -> None:
    """Where an application's callbacks go."""


@callbacks.command("get", epilog="\b\nExample:\n  fn voice callbacks get --live")
@_application
@reaching
def get_callbacks(reach: Reach, application: str | None) -> None:
    """Say where an application's callbacks go."""
    found: Callbacks = reach.run(lambda client: client.configuration.get_callbacks(application))
    reach.done(found, _rows([("primary", found.primary or "none"), ("fallback", found.fallback or "none")]))


@callbacks.command("set", epilog="\b\nExample:\n  fn voice callbacks set https://example.com/voice")
@click.argument("primary", metavar="URL")
@click.option("--fallback", metavar="URL", help="Where they go when URL fails; by default URL too.")
@click.option("--primary-only", is_flag=True, help="Send no fallback; what becomes of the old one is not published.")
@_application
@reaching
def set_callbacks(
    reach: Reach, primary: str, fallback: str | None, primary_only: bool, application: str | None
) -> None:
    """Say where an application's callbacks are to go."""
    if fallback and primary_only:
        raise click.UsageError("--fallback and --primary-only exclude each other.")
    # Sinch's own command line sets both to the same address (functions-platform.md 6).
    second = None if primary_only else fallback or primary
    done = reach.run(
        lambda client: client.configuration.set_callbacks(primary, second, application_key=application),
        real=f"This sends the callbacks of {application or 'the application'} to {primary}",
    )
    reach.done(done, f"Callbacks go to {primary}" + (f", and to {second} when that fails." if second else "."))


# --- numbers -----------------------------------------------------------------------------------------------------


@voice.group
def numbers() -> None:
    """Numbers of the account, and what is known of any."""


@numbers.command("list", epilog="\b\nExample:\n  fn voice numbers list --json")
@reaching
def list_numbers(reach: Reach) -> None:
    """List the account's numbers and the applications they belong to."""
    found = reach.run(lambda client: client.configuration.numbers())
    lines = [f"{each.number:<17} {each.capability or '':<6} {each.application_key or ''}".rstrip() for each in found]
    reach.done(found, "\n".join(lines) or "There are no numbers.")


@numbers.command("assign", epilog="\b\nExample:\n  fn voice numbers assign +12025550100")
@click.argument("listed", metavar="NUMBER...", nargs=-1, required=True)
@_application
@_capability
@reaching
def assign_numbers(reach: Reach, listed: tuple[str, ...], application: str | None, capability: str | None) -> None:
    """Give numbers to an application."""
    done = reach.run(
        lambda client: client.configuration.assign(listed, application_key=application, capability=capability),
        real=f"This gives {', '.join(listed)} to {application or 'the application'}",
    )
    reach.done(done, f"{', '.join(listed)} assigned.")


@numbers.command("unassign", epilog="\b\nExample:\n  fn voice numbers unassign +12025550100")
@click.argument("number", metavar="NUMBER")
@_application
@_capability
@reaching
def unassign_number(reach: Reach, number: str, application: str | None, capability: str | None) -> None:
    """Take a number from an application."""
    done = reach.run(
        lambda client: client.configuration.unassign(number, application_key=application, capability=capability),
        real=f"This takes {number} from {application or 'the application'}",
    )
    reach.done(done, f"{number} belongs to no application.")


@numbers.command("query", epilog="\b\nExample:\n  fn voice numbers query +12025550199")
@click.argument("number", metavar="NUMBER")
@reaching
def query_number(reach: Reach, number: str) -> None:
    """Say what is known of a number."""
    found = reach.run(lambda client: client.configuration.query_number(number))
    rows = [
        ("number", found.normalized_number),
        ("country", found.country_id),
        ("type", found.number_type),
        ("restricted", None if found.restricted is None else "yes" if found.restricted else "no"),
        ("a minute", _money(found.rate)),
    ]
    reach.done(found, _rows(rows))


# --- words -------------------------------------------------------------------------------------------------------


def _call_rows(found: CallInfo) -> list[tuple[str, str | None]]:
    return [
        ("call", found.call_id),
        ("from", _identity(found.from_)),
        ("to", _identity(found.to)),
        ("status", found.status),
        ("result", found.result),
        ("reason", found.reason),
        ("duration", None if found.duration is None else f"{found.duration} s"),
        ("ended", found.timestamp),
        ("custom", found.custom),
        ("debit", _money(found.debit)),
    ]


def _rows(rows: Iterable[tuple[str, str | None]]) -> str:
    return "\n".join(f"{name:<11}{value}" for name, value in rows if value)


def _identity(identity: Identity | str | None) -> str | None:
    if identity is None or isinstance(identity, str):
        return identity
    return f"{identity.endpoint} ({identity.type.lower()})"


def _money(money: Money | None) -> str | None:
    return None if money is None else f"{money.amount:g} {money.currency_id}"
