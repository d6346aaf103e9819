"""Conferences: who is in one, and what is done to them (voice-v1.md 5.2)."""

from __future__ import annotations

from typing import Any

from devserver.cloud.asking import Answer, Asked
from devserver.cloud.backend import Command, Participant
from devserver.cloud.documents import read
from devserver.cloud.errors import Code, Refused
from devserver.cloud.voice_terms import Voice, raise_if
from devserver.svaml.parts import MUSIC

_COMMANDS: dict[str, Command] = {"mute": "mute", "unmute": "unmute", "onhold": "onhold", "resume": "resume"}


async def get_conference(voice: Voice, asked: Asked) -> Answer:
    """`GET /conferences/id/{conferenceId}`."""
    found = await voice.backend.participants(asked.parameters["conferenceId"])
    if found is None:
        raise Refused(Code.NOT_FOUND, "Conference not found")
    return Answer(document={"participants": [_shape(each) for each in found]})


async def command_participant(voice: Voice, asked: Asked) -> Answer:
    """`PATCH /conferences/id/{conferenceId}/{callId}`; `moh` counts only with `onhold` and is read always."""
    document = read(asked.body)
    document.required("command")
    command = _COMMANDS[document.word("command", _COMMANDS) or ""]
    music = document.word("moh", MUSIC)
    conference, call = asked.parameters["conferenceId"], asked.parameters["callId"]
    raise_if(await voice.backend.command(conference, call, command, music if command == "onhold" else None))
    return Answer()


async def kick_participant(voice: Voice, asked: Asked) -> Answer:
    """`DELETE /conferences/id/{conferenceId}/{callId}`."""
    raise_if(await voice.backend.kick(asked.parameters["conferenceId"], asked.parameters["callId"]))
    return Answer()


async def end_conference(voice: Voice, asked: Asked) -> Answer:
    """`DELETE /conferences/id/{conferenceId}`."""
    raise_if(await voice.backend.end(asked.parameters["conferenceId"]))
    return Answer(204)


def _shape(participant: Participant) -> dict[str, Any]:
    """Exactly these keys: the Python SDK 1.1.4 breaks on any other."""
    return {
        "cli": participant.cli,
        "id": participant.call_id,
        "duration": participant.duration,
        "muted": participant.muted,
        "onhold": participant.on_hold,
    }
