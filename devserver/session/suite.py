"""`fn test`: the recorded calls under `tests/calls/` of a project, and its pytest suite.

The calls run with the clocks of their recording, so that a greeting that depends on the hour is the same at any hour.
pytest runs in a process of its own, as by hand, with the plugin that comes with `fn`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from devserver.recorder.compare import Rules
from devserver.recorder.replay import Replayed
from devserver.recorder.takes import Take
from devserver.session.replay_session import Options
from devserver.session.replaying import SUFFIXES, find_takes, replay

CALLS = Path("tests") / "calls"
"""Where recorded calls are, in a project."""

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


def has_pytest_files(root: Path) -> bool:
    """Whether pytest would find a file in the project."""
    # It follows no linked folders, which may lead in circles, and passes over what may not be read.
    for _, folders, files in os.walk(root):
        if any(name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")) for name in files):
            return True
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_LOOKED_INTO]
    return False


def replay_files(root: Path, files: Sequence[Path], rules: Rules, *, freeze: bool) -> list[tuple[Take, list[Replayed]]]:
    """Replay recorded calls from files.

    Raises:
        FnError: a file cannot be read, or the code cannot be loaded.
    """
    takes = [take for file in files for take in find_takes(root, str(file))]
    return replay(root, takes, Options(freeze=freeze, record=False, rules=rules)) if takes else []


def run_pytest(root: Path, arguments: Sequence[str], *, quiet: bool) -> PytestRun:
    """Run the project's own tests.

    Args:
        root: the project, where pytest is started.
        arguments: for pytest.
        quiet: its words go to the standard errors, because the output is for a program.
    """
    with tempfile.TemporaryDirectory(prefix="fn-test-") as folder:
        report = Path(folder) / "pytest.xml"
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
        done = subprocess.run(command, cwd=root, stdout=sys.stderr if quiet else None, check=False)
        return _of_report(done.returncode, report)


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


def merged_report(calls: str, pytest: PytestRun | None) -> bytes:
    """JUnit XML of both: the suites of the calls, then those of pytest."""
    root = ET.fromstring(calls)  # noqa: S314 made here
    if pytest is not None and pytest.xml is not None:
        root.extend(pytest.xml.iter("testsuite"))
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
