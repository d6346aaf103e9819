from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import Running, project
from tests.fakes.binaries import CLOUDFLARED, program
from tests.fakes.edge import EdgeProcess, edge_process

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


@pytest.fixture(scope="session")
def cloudflared() -> Path:
    """The real program."""
    return program(CLOUDFLARED)


@pytest.fixture(scope="module")
def edge_of_all() -> Iterator[EdgeProcess]:
    """One edge for all tests of a file: it takes longer to start than a tunnel."""
    with edge_process() as process:
        yield process


@pytest.fixture
def edge(edge_of_all: EdgeProcess) -> Iterator[EdgeProcess]:
    """An edge that behaves."""
    edge_of_all.ok()
    yield edge_of_all
    edge_of_all.ok()
