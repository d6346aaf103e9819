from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import Running, project

Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `fn dev` in a folder; ends every one of them."""
    started: list[Running] = []

    def begin(folder: Path, *arguments: str, **more: Any) -> Running:
        running = Running(folder, *arguments, **more)
        started.append(running)
        return running

    yield begin
    for running in started:
        running.close()


@pytest.fixture
def running(start: Start, tmp_path: Path) -> Running:
    """`fn dev` with the hello function."""
    return start(project(tmp_path / "demo"))
