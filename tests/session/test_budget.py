from __future__ import annotations

import pytest

from devserver.session.budget import remark, share, used


def test_the_way_through_the_tunnel_counts() -> None:
    assert used(2.0, 0.25) == 252.0
    assert share(used(2000.0, 0.5), 5.0) == 0.5


@pytest.mark.parametrize(
    ("ms", "way", "said"),
    [
        (2.0, 0.0, ""),
        (3000.0, 0.0, ""),
        (3001.0, 0.0, "ice took 3.0 s: 60% of the 5 s that the platform waits."),
        (
            2900.0,
            0.3,
            "ice took 2.9 s and the way through the tunnel 0.3 s: 64% of the 5 s that the platform waits.",
        ),
        (4999.0, 0.0, "ice took 5.0 s: 100% of the 5 s that the platform waits."),
        (5001.0, 0.0, "ice took 5.0 s; the platform waits 5 s and then goes on without it."),
        (
            4800.0,
            0.4,
            "ice took 4.8 s and the way through the tunnel 0.4 s; the platform waits 5 s and then goes on without it.",
        ),
    ],
)
def test_what_took_much_is_remarked(ms: float, way: float, said: str) -> None:
    assert remark("ice", ms, way, 5.0) == said
