from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.port import NUMBER, Platform

ROOM = "/calling/v1/conferences/id/my%20room"


@pytest.fixture
async def room(platform: Platform) -> Platform:
    """Two people in one conference whose id has a space."""
    body = {"destination": NUMBER, "conferenceId": "my room"}
    for _ in range(2):
        await platform.ask("POST", "/calling/v1/callouts", {"method": "conferenceCallout", "conferenceCallout": body})
    return platform


async def people(room: Platform) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await room.ask("GET", ROOM)).body["participants"]
    return found


@pytest.mark.parametrize(
    ("commands", "muted", "on_hold"),
    [
        (["mute"], True, False),
        (["mute", "unmute"], False, False),
        (["onhold"], False, True),
        (["mute", "onhold", "resume"], True, False),
    ],
    ids=range(4),
)
async def test_a_participant_does_what_it_is_told(
    room: Platform, commands: list[str], muted: bool, on_hold: bool
) -> None:
    for command in commands:
        reply = await room.ask("PATCH", f"{ROOM}/call-2", {"command": command})
        assert (reply.status, reply.raw) == (200, b"")
    first, second = await people(room)

    assert (first["muted"], first["onhold"]) == (False, False)
    assert (second["muted"], second["onhold"]) == (muted, on_hold)


async def test_music_is_only_for_who_is_put_on_hold(room: Platform) -> None:
    await room.ask("PATCH", f"{ROOM}/call-1", {"command": "onhold", "moh": "MUSIC2"})
    await room.ask("PATCH", f"{ROOM}/call-1", {"command": "mute", "moh": "ring"})

    assert room.calls.music == ["music2", None]


async def test_who_is_kicked_is_gone_and_their_call_has_ended(room: Platform) -> None:
    assert (await room.ask("DELETE", f"{ROOM}/call-1")).status == 200

    assert [each["id"] for each in await people(room)] == ["call-2"]
    assert (await room.ask("GET", "/calling/v1/calls/id/call-1")).body["status"] == "FINAL"
    assert (await room.ask("DELETE", f"{ROOM}/call-1")).code == 40400


async def test_a_conference_that_was_ended_is_no_more(room: Platform) -> None:
    reply = await room.ask("DELETE", ROOM)

    assert (reply.status, reply.raw) == (204, b"")
    assert (await room.ask("GET", ROOM)).code == 40400
    assert (await room.ask("DELETE", ROOM)).code == 40400
