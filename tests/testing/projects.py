"""Small projects for the tests of the pytest plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devserver.testing.function import Function
from devserver.testing.surroundings import Surroundings

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "fixtures" / "functions" / "simple-voice-ivr"


def make_project(folder: Path, function: str, **files: str) -> Path:
    """A project with this `function.py`, and other modules by name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function.py").write_text(function)
    if not (folder / "sinch.json").exists():
        (folder / "sinch.json").write_text('{"name": "line", "variables": {"COMPANY": "Bikes"}}')
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def is_test(path: str) -> bool:
    return path.startswith(("test_", "conftest"))


@contextmanager
def opened(root: Path, environ: dict[str, str] | None = None) -> Iterator[Function]:
    """The function of a project, loaded."""
    surroundings = Surroundings(root, environ or {})
    function = Function(surroundings, is_test)
    try:
        function.open()
        try:
            yield function
        finally:
            function.close()
    finally:
        surroundings.close()


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A pytest run as a user has it: our plugin by its name, warnings as errors."""
    # With CI set, pytest writes long lines twice.
    usual = {name: value for name, value in os.environ.items() if name not in {"CI", "BUILD_NUMBER", "COLUMNS"}}
    environment = usual | {"PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "devserver.testing.plugin", "-p", "no:cacheprovider"),
            *("-W", "error", "--strict-markers", *arguments),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
