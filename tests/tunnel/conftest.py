from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.binaries import CLOUDFLARED, program
from tests.fakes.edge import Edge, EdgeProcess, edge_process
from tests.fakes.origin import Origin, origin_server


@pytest.fixture(scope="session")
def cloudflared() -> Path:
    """The real program."""
    return program(CLOUDFLARED)


@pytest.fixture(scope="session")
def edge_of_all() -> Iterator[EdgeProcess]:
    """One edge for all tests: it takes longer to start than a tunnel."""
    with edge_process() as process:
        yield process


@pytest.fixture
def edge(edge_of_all: EdgeProcess) -> Iterator[Edge]:
    """An edge that behaves."""
    edge_of_all.ok()
    yield Edge(edge_of_all)
    edge_of_all.ok()


@pytest.fixture
def environment(cloudflared: Path, edge: Edge, tmp_path: Path) -> dict[str, str]:
    """An environment with the real program and that edge."""
    (tmp_path / "temporary").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(tmp_path / "temporary"),
        "FN_CLOUDFLARED": str(cloudflared),
        "FN_CLOUDFLARED_ARGS": edge.args,
    }


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    """What the tunnel leads to."""
    async with origin_server() as running:
        yield running
