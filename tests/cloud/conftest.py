from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cloud.port import Platform, serving


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """The cloud port with pretend calls."""
    async with serving(tmp_path) as running:
        yield running
