"""`fn explore`: draw the flow of calls to a function, and say what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devserver.cli.options import folder_option

if TYPE_CHECKING:
    from devserver.calls.flow import Flow, Trouble

_NOTES = 20  # that are printed; JSON has all
_EVERY = 25  # callbacks between two signs of life


@click.command(
    epilog="""\b
Examples:
  fn explore                           a tree of every key of every menu, and what is wrong with it
  fn explore --check                   exit with 1 when something is wrong, for CI
  fn explore --format svg -o flow.svg  a picture; --format mermaid for a README
  fn explore --digits 4711             also try these where a menu collects digits, such as a PIN"""
)
@folder_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["tree", "mermaid", "svg", "json"]),
    default="tree",
    show_default=True,
    help="How to draw it.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Draw into FILE.")
@click.option(
    "--depth", type=click.IntRange(1, 100), default=12, show_default=True, metavar="N", help="Most moves of one call."
)
@click.option(
    "--calls", type=click.IntRange(min=1), default=5000, show_default=True, metavar="N", help="Most calls in all."
)
@click.option("--from", "caller", metavar="NUMBER", help="Who calls.")
@click.option("--to", "called", metavar="NUMBER", help="Which number is called.")
@click.option("--digits", multiple=True, metavar="DIGITS", help="Also enter these where a menu collects digits.")
@click.option("--allow-outbound", is_flag=True, help="Let the function's calls to Sinch go out.")
@click.option("--check", is_flag=True, help="Exit with 1 when something is wrong.")
def explore(
    folder: Path,
    form: str,
    as_json: bool,
    output: Path | None,
    depth: int,
    calls: int,
    caller: str | None,
    called: str | None,
    digits: tuple[str, ...],
    allow_outbound: bool,
    check: bool,
) -> int:
    """Try every key of every menu, silence, every outcome of dialling, and draw where it all leads.

    It says which options fail, which menus nobody can reach or leave, and which branches no recorded call takes. It
    runs on a copy of the function's data; nothing is recorded.
    """
    from devserver.calls.explore import Bounds
    from devserver.calls.start import CALLED, CALLER, Start
    from devserver.session.exploring import Exploration, explore_project

    start = Start(caller=caller or CALLER, to=called or CALLED)
    exploration = Exploration(start, Bounds(depth, calls, _checked(digits)), allow_outbound)
    flow = explore_project(folder, exploration, _sign_of_life if sys.stderr.isatty() else None)
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    form = "json" if as_json else form
    drawing = _drawing(flow, form)
    if output is not None:
        from devserver.project.files import write_whole

        write_whole(output, [drawing.encode()], mode=0o644)
        click.echo(f"Wrote {output}.", err=form == "json")
    else:
        click.echo(drawing, nl=not drawing.endswith("\n"))
    # A drawing that goes into a pipe must not be mixed with words.
    mixed = form == "tree" or output is not None
    if form != "json":
        for text in _report(flow):
            click.echo(text, err=not mixed)
    return 1 if check and flow.wrong else 0


def _checked(digits: tuple[str, ...]) -> tuple[str, ...]:
    for each in digits:
        if not each or not set(each) <= set("0123456789*#"):
            raise click.BadParameter(f"{each!r} is not a row of the keys 0-9, * and #.", param_hint="--digits")
    return digits


def _sign_of_life(callbacks: int) -> None:
    if callbacks % _EVERY == 0:
        click.echo(f"\r{callbacks} callbacks ...", nl=False, err=True)


def _drawing(flow: Flow, form: str) -> str:
    match form:
        case "mermaid":
            from devserver.calls.drawing_mermaid import mermaid

            return mermaid(flow)
        case "svg":
            from devserver.calls.drawing_svg import svg

            return svg(flow)
        case "json":
            import msgspec

            return msgspec.json.format(msgspec.json.encode(flow), indent=2).decode()
        case _:
            from devserver.calls.drawing import tree

            return tree(flow)


def _report(flow: Flow) -> list[str]:
    wrong = [trouble for trouble in flow.troubles if trouble.severity != "note"]
    notes = [trouble for trouble in flow.troubles if trouble.severity == "note"]
    places = len(flow.places) - 1
    found = f"{_counted(places, 'place')}, found with {_counted(flow.calls, 'call')} and "
    lines = ["", f"{found}{_counted(flow.callbacks, 'callback')}.", *flow.cut]
    lines.append(f"{_counted(len(wrong), 'thing')} to mend:" if wrong else "Nothing is wrong.")
    lines += [_line(trouble) for trouble in wrong]
    if notes:
        lines += ["", "Notes:", *(_line(trouble) for trouble in notes[:_NOTES])]
        if len(notes) > _NOTES:
            lines.append(f"  and {len(notes) - _NOTES} more; --json has all")
    return lines


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _line(trouble: Trouble) -> str:
    from devserver.session.words import visible

    way = f" (way: {', '.join(trouble.way)})" if trouble.way else ""
    severity = "" if trouble.severity == "note" else f"{trouble.severity}: "
    return visible(f"  {severity}{trouble.text}{way}")
