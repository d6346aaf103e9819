"""`fn test`: recorded calls, scenarios and pytest, at the desk and in CI."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from devserver.calls.playing import Played
    from devserver.recorder.replay import Replayed
    from devserver.recorder.takes import Take
    from devserver.session.suite import PytestRun

    Results = list[tuple[Take, list[Replayed]]]


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  fn test                            what is in tests/calls/, and the pytest suite of this project
  fn test my-function --junit t.xml  with a report for CI
  fn test -- -k menu -x              arguments for pytest""",
)
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("pytest_arguments", metavar="[-- PYTEST ARGUMENTS]", nargs=-1, type=click.UNPROCESSED)
@click.option("--freeze/--no-freeze", default=True, show_default=True, help="Clocks say the time of the recording.")
@click.option("--pytest/--no-pytest", "with_pytest", default=True, help="Run the pytest suite too.")
@click.option("--ignore", multiple=True, metavar="PATH", help="Leave out differences there, such as `cache[seen:*]`.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(
    folder: Path,
    pytest_arguments: tuple[str, ...],
    freeze: bool,
    with_pytest: bool,
    ignore: tuple[str, ...],
    junit: Path | None,
    as_json: bool,
) -> int:
    """Run the calls under tests/calls/ and the pytest suite; exit with 1 when anything is different or fails.

    A recorded call is a file that `fn recordings export` made. It runs on the state that came with it, and its answers
    are what is expected. A scenario is a YAML file that says who calls, what they do, and what is expected.
    """
    from devserver.errors import FnError
    from devserver.recorder.compare import Rules
    from devserver.session import suite
    from devserver.session.replaying import project_rules

    rules = Rules.parse([*project_rules(folder), *ignore])
    files, scenarios = suite.call_files(folder), suite.scenario_files(folder)
    with_pytest = with_pytest and suite.has_pytest_files(folder)
    if not files and not scenarios and not with_pytest:
        raise FnError(
            f"There is nothing to test in {folder.resolve()}: no calls in {suite.CALLS}, and no pytest files.",
            hint=f"`fn recordings export last -o {suite.CALLS / 'first.jsonl'}` makes a test of the last call.",
        )
    results, played = suite.run_calls(folder, files, scenarios, rules, freeze=freeze)
    if not as_json:
        _print(results, played)
    ran = suite.run_pytest(folder, pytest_arguments, quiet=as_json) if with_pytest else None
    if junit is not None:
        _write_junit(junit, results, played, ran)
    ok = _is_fine(results) and not any(each.failures for each in played) and (ran is None or ran.ok)
    if as_json:
        click.echo(json.dumps(_shape(results, played, ran, ok=ok), indent=2, ensure_ascii=False))
    else:
        click.echo(_summary(results, played, ran), nl=True)
    return 0 if ok else 1


def _print(results: Results, played: list[Played]) -> None:
    if results:
        from devserver.cli.replay_words import print_results

        print_results(results)
    if played:
        from devserver.cli.scenario_words import print_played

        print_played(played)
    sys.stdout.flush()


def _is_fine(results: Results) -> bool:
    return not any(one.differences or one.failed for _, replayed in results for one in replayed)


def _summary(results: Results, played: list[Played], ran: PytestRun | None) -> str:
    words = []
    if results or not played:
        different = sum(1 for _, replayed in results if any(one.differences or one.failed for one in replayed))
        same = f"{len(results) - different} as recorded, {different} different"
        words.append(f"calls: {same}" if results else "calls: none")
    if played:
        failed = sum(1 for each in played if each.failures)
        words.append(f"scenarios: {len(played) - failed} passed, {failed} failed")
    if ran is not None:
        more = f", {ran.skipped} skipped" if ran.skipped else ""
        broken = f" (pytest ended with {ran.status})" if ran.status not in {0, 1, 5} else ""
        words.append(f"pytest: {ran.passed} passed, {ran.failed} failed{more}{broken}")
    return f"{'; '.join(words)}."


def _shape(results: Results, played: list[Played], ran: PytestRun | None, *, ok: bool) -> dict[str, Any]:
    from devserver.calls.playing import as_document
    from devserver.recorder.replay import call_shape, shape

    pytest = None
    if ran is not None:
        pytest = {"status": ran.status, "passed": ran.passed, "failed": ran.failed, "skipped": ran.skipped}
    return {
        "ok": ok,
        **shape([one for _, replayed in results for one in replayed]),
        "calls": [{"file": take.file, **call_shape(take, replayed)} for take, replayed in results],
        "scenarios": [as_document(each) for each in played],
        "pytest": pytest,
    }


def _write_junit(path: Path, results: Results, played: list[Played], ran: PytestRun | None) -> None:
    from devserver.project.files import write_whole
    from devserver.recorder import reports
    from devserver.recorder.replay import call_report
    from devserver.session.suite import merged_report

    calls = reports.junit([call_report(take, replayed) for take, replayed in results])
    write_whole(path, [merged_report(calls, played, ran)])
