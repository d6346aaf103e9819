"""Puts an SDK where the tests can run it: once, into the user's cache folder, by its package name.

A machine without npm, without the network or with a slow one skips these tests, and the reason says which it was.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import platformdirs
import pytest

_PATIENCE = 150.0  # seconds for one installation


def node_sdk() -> Path:
    """A folder with `@sinch/sdk-core` 1.4.0 in its node_modules."""
    return _node_package("@sinch/sdk-core@1.4.0", "sinch-node-1.4.0")


def debug_client() -> Path:
    """A folder with `@vscode/debugadapter-testsupport` 1.68.0, VS Code's own client for tests, in its node_modules."""
    return _node_package("@vscode/debugadapter-testsupport@1.68.0", "vscode-debug-client-1.68.0")


def _node_package(package: str, name: str) -> Path:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed")

    def install(folder: Path) -> None:
        (folder / "package.json").write_text('{"private": true}')
        _run([npm, "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", package], folder)

    return _kept(name, install)


def python_sdk() -> Path:
    """The interpreter of an environment with `sinch` 1.1.4."""

    def install(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", "."], folder)
        command = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "0", "sinch==1.1.4"]
        _run([str(_interpreter(folder)), *command], folder)

    # The scripts of an environment do not survive that it is renamed; its interpreter does.
    return _interpreter(_kept(f"sinch-python-1.1.4-{sys.version_info[0]}.{sys.version_info[1]}", install))


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def _kept(name: str, install: Callable[[Path], None]) -> Path:
    cache = platformdirs.user_cache_path("fn-dev-tests", appauthor=False)
    folder = cache / name
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(dir=cache, prefix=f"{name}."))
    try:
        install(made)
        if not folder.exists():  # Another run may have been quicker.
            made.rename(folder)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"{name} cannot be installed: {_reason(error)}")
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_PATIENCE)


def _reason(error: Exception) -> str:
    said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
    return said[-1] if said else str(error)
