from __future__ import annotations

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from devserver.cloud.app import create_app


async def test_every_operation_says_that_it_is_not_here_yet_in_the_platforms_error_shape() -> None:
    async with (
        TestServer(create_app()) as server,
        ClientSession(server.make_url("/")) as client,
        client.post("/calling/v1/callouts", json={}) as response,
    ):
        body = await response.json()

    assert response.status == 501
    assert body["errorCode"] == 50100
    assert "POST /calling/v1/callouts" in body["message"]
    assert body["operations"] == []
