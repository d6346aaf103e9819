from __future__ import annotations

import os
import tempfile
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


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of temporary files, of this process too: what a test leaves there is not left on the machine."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def environment(cloudflared: Path, edge: Edge, temporary: Path) -> dict[str, str]:
    """An environment with the real program and that edge."""
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(temporary),
        "FN_CLOUDFLARED": str(cloudflared),
        "FN_CLOUDFLARED_ARGS": edge.args,
    }


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    """What the tunnel leads to."""
    async with origin_server() as running:
        yield running
