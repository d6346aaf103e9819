"""`fn replay`: run recorded calls against the code as it is now and see what is different."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devserver.cli.options import folder_option
from devserver.runtime.routing import VOICE_EVENTS

if TYPE_CHECKING:
    from devserver.recorder.replay import Replayed
    from devserver.recorder.takes import Take
    from devserver.session.replay_session import Options
    from devserver.session.replay_watch import Round

    Results = list[tuple[Take, list[Replayed]]]


@click.command(
    epilog="""\b
Examples:
  fn replay                               the last call, against today's code, on the state it had then
  fn replay 4398599d-1c3e --check         a call; exit with 1 when anything is different
  fn replay last --watch                  again at every save
  fn replay last --from 2 --freeze        from its second callback, with the clocks of the recording
  fn replay tests/calls/ --junit out.xml  every call of a folder, with a report
  fn replay callback-ice.json --event ice a callback from a file"""
)
@click.argument("targets", metavar="[CALL|ID|last|FILE|DIR]...", nargs=-1)
@folder_option
@click.option("--from", "start", type=click.IntRange(min=1), default=1, metavar="N", help="Begin at callback N.")
@click.option("--only", is_flag=True, help="Of an ID that one callback, not its call.")
@click.option("--event", type=click.Choice(VOICE_EVENTS), help="What a file is that does not say so.")
@click.option("--freeze", is_flag=True, help="Clocks say the time of the recording.")
@click.option("--live-state", is_flag=True, help="Run on the project's own data instead of a copy of what it was.")
@click.option("--allow-outbound", is_flag=True, help="Let calls to Sinch go out that the recording cannot answer.")
@click.option("--ignore", multiple=True, metavar="PATH", help="Leave out differences there, such as `cache[seen:*]`.")
@click.option("--check", is_flag=True, help="Exit with 1 when something is different or fails.")
@click.option("--accept", is_flag=True, help="Make the new answers the expected ones.")
@click.option("--watch", is_flag=True, help="Replay again at every save, until Ctrl-C.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(
    targets: tuple[str, ...],
    folder: Path,
    start: int,
    only: bool,
    event: str | None,
    freeze: bool,
    live_state: bool,
    allow_outbound: bool,
    ignore: tuple[str, ...],
    check: bool,
    accept: bool,
    watch: bool,
    junit: Path | None,
    as_json: bool,
) -> int:
    """Replay recorded calls against the code as it is now, and say in words what is different.

    All callbacks of a call are sent in order, as they were received, signed anew if the project has a Voice App secret.
    They run on a copy of the cache, the storage and the database as these were when the call came in; the data itself
    is not touched. Calls to Sinch are answered from the recording.
    """
    from devserver.recorder.compare import Rules
    from devserver.session.replay_session import Options
    from devserver.session.replaying import find_takes, project_rules
    from devserver.session.replaying import replay as play

    rules = Rules.parse([*project_rules(folder), *ignore])
    takes = [
        take
        for target in targets or ("last",)
        for take in find_takes(folder, target, event=event, only=only, start=start)
    ]
    options = Options(freeze, allow_outbound, live_state, record=not watch, rules=rules)
    if watch:
        return _watch(folder, takes, options, as_json=as_json)
    results = play(folder, takes, options)
    if accept:
        _accept(folder, results)
    if junit is not None:
        _write_junit(junit, results)
    if as_json:
        click.echo(json.dumps(_shape(results), indent=2, ensure_ascii=False))
    else:
        from devserver.cli.replay_words import print_results

        print_results(results, accepted=accept)
    bad = any(one.differences or one.failed for _, found in results for one in found)
    return 1 if check and bad and not accept else 0


def _shape(results: Results) -> dict[str, object]:
    from devserver.recorder.replay import call_shape, shape

    everything = shape([one for _, found in results for one in found])
    return {**everything, "calls": [call_shape(take, found) for take, found in results]}


def _accept(folder: Path, results: Results) -> None:
    from devserver.session.accepting import accept_results

    accept_results(folder, results)


def _write_junit(path: Path, results: Results) -> None:
    from devserver.project.files import write_whole
    from devserver.recorder import reports
    from devserver.recorder.replay import call_report

    write_whole(path, [reports.junit([call_report(take, found) for take, found in results]).encode()])


def _watch(folder: Path, takes: list[Take], options: Options, *, as_json: bool) -> int:
    import asyncio

    from devserver.cli.replay_words import print_round
    from devserver.session.replay_watch import watch

    def show(this: Round) -> None:
        if as_json:
            trouble = None if this.trouble is None else this.trouble.message
            head = {"round": this.number, "ms": round(this.ms, 1), "error": trouble}
            click.echo(json.dumps({**head, **_shape(this.results)}))
        else:
            print_round(this)
        sys.stdout.flush()

    try:
        asyncio.run(watch(folder, takes, options, show))
    except KeyboardInterrupt:
        return 130
    return 0
