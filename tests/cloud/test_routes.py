from __future__ import annotations

import pytest

from devserver.cloud.asking import Answer, Asked
from devserver.cloud.routes import Product, Route, find, methods, operations


async def run(_asked: Asked) -> Answer:
    return Answer()


PRODUCT = Product(
    ("/calling/v1", "/v1"),
    (Route("GET", "/calling/v1/rooms/id/{room}", run), Route("DELETE", "/calling/v1/rooms/id/{room}/{call}", run)),
    lambda _: "key",
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/calling/v1/rooms/id/a", {"room": "a"}),
        ("/v1/rooms/id/a/", {"room": "a"}),
        ("/V1/Rooms/ID/a%2Fb%20c", {"room": "a/b c"}),
        ("/v1/rooms/id/%FF", {"room": "�"}),
        ("/v1/rooms/id/+1", {"room": "+1"}),
    ],
    ids=range(5),
)
def test_a_path_means_an_operation(path: str, expected: dict[str, str]) -> None:
    found = find([PRODUCT], "GET", path)

    assert found is not None
    assert found.parameters == expected


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/v1",
        "/v1/",
        "/v1/rooms/id/",
        "/v1/rooms/id//",
        "/v2/rooms/id/a",
        "/v1/rooms/id/a/b/c",
        "//v1/rooms/id/a",
    ],
)
def test_other_paths_mean_nothing(path: str) -> None:
    assert find([PRODUCT], "GET", path) is None
    assert methods([PRODUCT], path) == []


def test_a_path_knows_its_methods_and_a_product_its_operations() -> None:
    assert methods([PRODUCT], "/v1/rooms/id/a/b") == ["DELETE"]
    assert find([PRODUCT], "GET", "/v1/rooms/id/a/b") is None
    assert operations([PRODUCT]) == ["GET /calling/v1/rooms/id/{room}", "DELETE /calling/v1/rooms/id/{room}/{call}"]
