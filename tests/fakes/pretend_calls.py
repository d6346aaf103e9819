"""Calls that exist only as rows: a `VoiceBackend` that does what it is told and remembers it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec

from devserver.cloud.backend import CallInfo, Callout, Command, Leg, Participant, Refusal
from devserver.cloud.errors import Code

BEGAN = 1_717_695_360.0  # 2024-06-06T17:36:00Z


@dataclass
class PretendCalls:
    """Every callout rings at once and goes on until somebody ends it.

    Attributes:
        calls: by id.
        callouts: application and callout, in order.
        patched: call, leg and markup, in order.
        rooms: conferences: participants in the order of joining.
        music: of every command, in order.
        held: when set, a callout waits for it before it has an id.
        broken: callouts fail with an error of ours.
        happened: `callout`, `patch` and `cancel`, for a test to wait for.
    """

    calls: dict[str, CallInfo] = field(default_factory=dict)
    callouts: list[tuple[str, Callout]] = field(default_factory=list)
    patched: list[tuple[str, Leg | None, dict[str, Any]]] = field(default_factory=list)
    rooms: dict[str, list[Participant]] = field(default_factory=dict)
    music: list[str | None] = field(default_factory=list)
    held: asyncio.Event | None = None
    broken: bool = False
    happened: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def start_callout(self, application: str, callout: Callout) -> str | Refusal:
        self.callouts.append((application, callout))
        self.happened.put_nowait("callout")
        if self.broken:
            raise RuntimeError("the simulator has a bug")
        if self.held is not None:
            await self.held.wait()
        call_id = f"call-{len(self.callouts)}"
        self.calls[call_id] = CallInfo(
            call_id=call_id,
            status="ONGOING",
            began=BEGAN,
            to=callout.destination,
            custom=callout.custom,
        )
        if callout.conference_id is not None:
            self.rooms.setdefault(callout.conference_id, []).append(Participant(call_id, callout.cli or "private"))
        return call_id

    async def call(self, call_id: str) -> CallInfo | None:
        return self.calls.get(call_id)

    async def patch_call(self, call_id: str, svaml: dict[str, Any], leg: Leg | None) -> Refusal | None:
        call = self.calls.get(call_id)
        if call is None or call.status == "FINAL":
            return Refusal(Code.NOT_FOUND, "Call not found")
        self.patched.append((call_id, leg, svaml))
        self.happened.put_nowait("patch")
        if svaml["action"]["name"] == "hangup":
            self._finish(call_id)
        return None

    async def cancel(self, call_id: str) -> None:
        self.happened.put_nowait("cancel")
        self._finish(call_id)

    async def participants(self, conference_id: str) -> tuple[Participant, ...] | None:
        room = self.rooms.get(conference_id)
        return None if room is None else tuple(room)

    async def command(self, conference_id: str, call_id: str, command: Command, music: str | None) -> Refusal | None:
        self.music.append(music)
        room = self.rooms.get(conference_id, [])
        for index, each in enumerate(room):
            if each.call_id == call_id:
                room[index] = _told(each, command)
                return None
        return Refusal(Code.NOT_FOUND, "Participant not found")

    async def kick(self, conference_id: str, call_id: str) -> Refusal | None:
        room = self.rooms.get(conference_id, [])
        if all(each.call_id != call_id for each in room):
            return Refusal(Code.NOT_FOUND, "Participant not found")
        room[:] = [each for each in room if each.call_id != call_id]
        self._finish(call_id)
        if not room:
            del self.rooms[conference_id]
        return None

    async def end(self, conference_id: str) -> Refusal | None:
        room = self.rooms.pop(conference_id, None)
        if room is None:
            return Refusal(Code.NOT_FOUND, "Conference not found")
        for each in room:
            self._finish(each.call_id)
        return None

    def _finish(self, call_id: str) -> None:
        self.calls[call_id] = msgspec.structs.replace(
            self.calls[call_id], status="FINAL", result="ANSWERED", reason="MANAGERHANGUP", duration=14
        )


def _told(participant: Participant, command: Command) -> Participant:
    match command:
        case "mute" | "unmute":
            return msgspec.structs.replace(participant, muted=command == "mute")
        case "onhold" | "resume":
            return msgspec.structs.replace(participant, on_hold=command == "onhold")
