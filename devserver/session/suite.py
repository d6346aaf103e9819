"""`fn test`: the recorded calls and the scenarios under `tests/calls/` of a project, and its pytest suite.

Calls and scenarios share one session on a copy of the data. Recorded calls run with the clocks of their recording, so
that a greeting that depends on the hour is the same at any hour; a scenario has the time of today.
pytest runs in a process of its own, as by hand, with the plugin that comes with `fn`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from devserver.calls.playing import Played
from devserver.calls.scenario_reports import junit_suites
from devserver.recorder.compare import Rules
from devserver.recorder.replay import Replayed
from devserver.recorder.takes import Take
from devserver.session.replay_session import Options, replay_session
from devserver.session.replaying import SUFFIXES, find_takes
from devserver.session.scenarios import SCENARIO_SUFFIXES, play_in, read_files, variables_of

CALLS = Path("tests") / "calls"
"""Where recorded calls and scenarios are, in a project."""

_OWN_SETTINGS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_NOT_LOOKED_INTO = frozenset({"node_modules", "site-packages", "storage", "data", "venv"})


@dataclass(frozen=True, slots=True)
class PytestRun:
    """How pytest ended: its exit status, and how many tests did what; `xml` is its report."""

    status: int
    passed: int
    failed: int
    skipped: int
    xml: ET.Element | None

    @property
    def ok(self) -> bool:
        """Whether nothing failed; a file without tests is no failure."""
        return self.status in {0, 5}


def call_files(root: Path) -> list[Path]:
    """The recorded calls of a project, by name."""
    folder = root / CALLS
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())


def scenario_files(root: Path) -> list[Path]:
    """The scenario files of a project, by name."""
    return sorted(path for path in (root / CALLS).rglob("*") if path.suffix in SCENARIO_SUFFIXES and path.is_file())


def has_pytest_files(root: Path) -> bool:
    """Whether pytest would find a file in the project."""
    # It follows no linked folders, which may lead in circles, and passes over what may not be read.
    for _, folders, files in os.walk(root):
        if any(name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")) for name in files):
            return True
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_LOOKED_INTO]
    return False


def run_calls(
    root: Path, files: Sequence[Path], scenarios: Sequence[Path], rules: Rules, *, freeze: bool
) -> tuple[list[tuple[Take, list[Replayed]]], list[Played]]:
    """Replay recorded calls from files, then play scenarios.

    Raises:
        FnError: a file cannot be read, or the code cannot be loaded.
    """
    takes = [take for file in files for take in find_takes(root, str(file))]
    if not takes and not scenarios:
        return [], []

    async def run() -> tuple[list[tuple[Take, list[Replayed]]], list[Played]]:
        async with replay_session(root, Options(freeze=freeze, record=False, rules=rules)) as session:
            project = session.engine.project
            read = read_files(project.root, scenarios, variables_of(project))
            if session.trouble is not None:
                raise session.trouble
            replayed = [(take, await session.play(take)) for take in takes]
            return replayed, await play_in(session, read) if read else []

    return asyncio.run(run())


def run_pytest(root: Path, arguments: Sequence[str], *, quiet: bool) -> PytestRun:
    """Run the project's own tests.

    Args:
        root: the project, where pytest is started.
        arguments: for pytest.
        quiet: its words go to the standard errors, because the output is for a program.
    """
    with tempfile.TemporaryDirectory(prefix="fn-test-") as folder:
        report = Path(folder) / "pytest.xml"
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *_configuration(root), *arguments]
        done = subprocess.run(command, cwd=root, stdout=sys.stderr if quiet else None, check=False)
        return _of_report(done.returncode, report)


def _configuration(root: Path) -> list[str]:
    """Keeps pytest to the project: the settings of a folder above it belong to another one, and may ask for plugins."""
    if any((root / name).is_file() for name in _OWN_SETTINGS):
        return []
    return [f"--rootdir={root.resolve()}", "-c", os.devnull]


def _of_report(status: int, report: Path) -> PytestRun:
    try:
        root = ET.fromstring(report.read_text())  # noqa: S314 pytest has just written it for us
    except (OSError, ET.ParseError):
        return PytestRun(status, 0, 0, 0, None)
    suites = list(root.iter("testsuite"))

    def total(name: str) -> int:
        return sum(int(suite.get(name, "0")) for suite in suites)

    failed, skipped = total("failures") + total("errors"), total("skipped")
    return PytestRun(status, total("tests") - failed - skipped, failed, skipped, root)


def merged_report(calls: str, played: Sequence[Played], pytest: PytestRun | None) -> bytes:
    """JUnit XML of all: the suites of the calls, those of the scenarios, then those of pytest."""
    root = ET.fromstring(calls)  # noqa: S314 made here
    root.extend(junit_suites(played))
    if pytest is not None and pytest.xml is not None:
        root.extend(pytest.xml.iter("testsuite"))
    suites = list(root.iter("testsuite"))
    root.set("name", "fn test")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
