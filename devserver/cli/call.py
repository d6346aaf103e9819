"""`fn call`: a phone call without a phone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from devserver.cli.options import folder_option, json_option

if TYPE_CHECKING:
    from devserver.calls.start import Start
    from devserver.calls.told import CallReport

_KINDS = ("pstn", "sip", "app")
_CALLEES = ("answered", "machine", "busy", "noanswer", "rejected", "congestion")
_CONTRACT = ("callid", "from", "to", "result", "reason", "duration", "heard", "callbacks", "failed")
_CONTRACT_CALLBACK = ("event", "request", "answer", "status", "ms", "findings")
_RANDOM = "random"
_AT_ONCE = 10
_FASTEST = 10_000.0


def _speed(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float | None:
    """`instant`, `real`, or how many seconds of the call go by in one second."""
    if text is None:
        return None
    try:
        speed = {"instant": 0.0, "real": 1.0}[text] if text.isalpha() else float(text)
    except (KeyError, ValueError):
        speed = -1.0
    if not 0 <= speed <= _FASTEST:
        raise click.BadParameter(f'"{text}" is no speed; write instant, real, or a number such as 10.')
    return speed


@click.command(
    epilog="""\b
Examples:
  fn call                                  at a terminal: you are the caller, keys are keys
  fn call --keys "1,w2,#"                  a caller who presses 1, then in the next menu 2, then #
  fn call --keys 1 --callee busy --json    whom the function dials is busy; the whole call as JSON
  fn call tests/calls/sales.yaml           what a scenario file says, and whether all is as it expects
  fn call --count 1000 --concurrency 50 --keys random --seed 7"""
)
@click.argument("scenarios", metavar="[SCENARIO.yaml]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--from", "caller", metavar="NUMBER", help="Who calls; `private` hides it.  [default: +12025550199]")
@click.option("--to", metavar="NUMBER", help="Who is called.  [default: +12025550100]")
@click.option("--kind", type=click.Choice(_KINDS), default="pstn", show_default=True, help="Where the call comes from.")
@click.option("--keys", metavar="KEYS", help="What the caller presses: a comma for each menu, w waits; or `random`.")
@click.option("--say-words", "words", multiple=True, metavar="TEXT", help="What the caller says, in menus that listen.")
@click.option("--callee", type=click.Choice(_CALLEES), help="What becomes of whom the function dials.")
@click.option("--hangup-after", type=click.FloatRange(min=0), metavar="S", help="The caller hangs up after S seconds.")
@click.option(
    "--speed", callback=_speed, metavar="SPEED", help="instant, real, or N times as fast.  [default: real at a phone]"
)
@click.option("--custom", metavar="TEXT", help="The `custom` of the call.")
@click.option("--say", "aloud", is_flag=True, help="Speak prompts aloud, with espeak-ng or the system's voice.")
@click.option("--chaos", type=click.IntRange(min=0), metavar="SEED", help="Let things go wrong on the way, by a seed.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="So many calls.")
@click.option("--concurrency", type=click.IntRange(min=1), metavar="M", help="So many at once.  [default: 10]")
@click.option("--seed", type=click.IntRange(min=0), help="Of random keys; by default another one each time.")
@folder_option
@json_option
def call(scenarios: tuple[Path, ...], folder: Path, as_json: bool, **options: Any) -> int:
    """Call the function, without a phone.

    The call is what the platform would make of the function's answers: prompts, menus, connects, and every callback,
    signed and in order. It runs in the `fn dev` of the project, or in a session made for it, on a copy of the data. At
    a terminal you are the caller; with --keys, or without a terminal, it plays by itself, in no time. Exits with 1
    when the function failed or answered illegal SVAML, or when something is not as a scenario expects.
    """
    if scenarios:
        _check_alone()
        from devserver.cli.call_scenarios import run_scenarios

        return run_scenarios(folder, scenarios, as_json=as_json)
    _check(options)
    person = _is_person(options, as_json=as_json)
    start = _start(options, person=person)
    if options["count"]:
        from devserver.cli.call_load import run_load

        return run_load(folder, start, options["count"], options["concurrency"] or _AT_ONCE, as_json=as_json)
    if as_json:
        return _run(folder, start)
    from devserver.cli.call_phone import follow, pick_up

    return (pick_up if person else follow)(folder, start, aloud=options["aloud"])


def _check_alone() -> None:
    """A scenario says itself who calls, and what they do."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in {"scenarios", "folder", "as_json"}:
            raise click.UsageError(f"{parameter.opts[0]} does not go with a scenario: the file says what happens.")


def _check(options: dict[str, Any]) -> None:
    if options["concurrency"] and not options["count"]:
        raise click.UsageError("--concurrency belongs to --count.")
    if options["aloud"] and options["count"]:
        raise click.UsageError("--say speaks the prompts of one call, not of --count.")
    if options["seed"] is not None and options["keys"] != _RANDOM:
        raise click.UsageError("--seed belongs to --keys random.")
    if options["keys"] == _RANDOM and (options["words"] or options["callee"]):
        raise click.UsageError("--keys random draws what is said and who answers, too.")


def _is_person(options: dict[str, Any], *, as_json: bool) -> bool:
    """Whether somebody is there to be the caller, and nothing says what the caller does."""
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    if any(options[name] not in {None, ()} for name in ("keys", "words", "count", "hangup_after")):
        return False
    from devserver.cli.phone_terminal import has_raw_keys

    if not has_raw_keys():
        return False
    if options["speed"] == 0:
        raise click.UsageError("--speed instant leaves a person no time; say what is pressed with --keys.")
    return True


def _start(options: dict[str, Any], *, person: bool) -> Start:
    from devserver.calls.start import Start, check

    speed = options["speed"]
    if speed is None:
        speed = 1.0 if person or options["aloud"] else 0.0
    given = {name: options[name] for name in ("caller", "to", "callee", "custom") if options[name] is not None}
    start = Start(
        kind=options["kind"],
        keys=None if person else "" if options["keys"] in {None, _RANDOM} else options["keys"],
        words=options["words"],
        hang_up_after=options["hangup_after"],
        seed=_seed(options),
        chaos=options["chaos"],
        speed=speed,
        **given,
    )
    check(start)
    return start


def _seed(options: dict[str, Any]) -> int | None:
    import secrets

    if options["keys"] != _RANDOM:
        return None
    return secrets.randbelow(1 << 32) if options["seed"] is None else options["seed"]


def _run(folder: Path, start: Start) -> int:
    import asyncio

    report = asyncio.run(_reported(folder, start))
    click.echo(json.dumps(_shape(report), indent=2, ensure_ascii=False))
    return 1 if report.failed else 0


async def _reported(folder: Path, start: Start) -> CallReport:
    from devserver.session.calling import phone_of

    async with phone_of(folder) as phone:
        return await phone.run(start)


def _shape(report: CallReport) -> dict[str, Any]:
    """The contract (DESIGN 6), and nothing else: what came over time is in the timeline for people."""
    import msgspec

    whole = msgspec.to_builtins(report)
    callbacks = [{name: each[name] for name in _CONTRACT_CALLBACK} for each in whole["callbacks"]]
    return {name: whole[name] for name in _CONTRACT} | {"callbacks": callbacks}
