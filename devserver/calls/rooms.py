"""Conferences: which calls are in which room, who hears whom, music for whoever is alone, and recordings of a room.

Pure, and beside the calls: a call says `JoinConference`, `StepOut` and so on, the driver hands that to `Rooms.apply`,
REST requests go to `manage`, `kick` and `close`. What comes out is for the driver; an event for a call is in `ForCall`.
A room begins with the first who joins and ends with the last who leaves (voice-v1.md 2.2, 2.5, 5.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from devserver.calls.commands import (
    ForwardKey,
    JoinConference,
    LeaveConference,
    Refused,
    SendCallback,
    StartRecording,
    StepBack,
    StepOut,
    StopRecording,
)
from devserver.calls.events import Kicked, RecordingStored, TranscriptStored
from devserver.calls.payloads import notify_payload
from devserver.calls.progress import Storing
from devserver.calls.recording import file_name, storing, transcribed
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup

Order = Literal["mute", "unmute", "onhold", "resume"]
RoomRequest = JoinConference | LeaveConference | StepOut | StepBack | ForwardKey

ORDERS: tuple[Order, ...] = ("mute", "unmute", "onhold", "resume")
_NOT_FOUND = 40400


class ForCall(msgspec.Struct, frozen=True):
    """An event for one call, to its `receive`."""

    callid: str
    event: Kicked


class PlayMusic(msgspec.Struct, frozen=True):
    """Let one participant hear music: ring, music1, music2 or music3."""

    callid: str
    moh: str


class StopMusic(msgspec.Struct, frozen=True):
    """No music for this participant any more."""

    callid: str


class PassKey(msgspec.Struct, frozen=True):
    """Send a key to a participant; another one pressed it."""

    callid: str
    key: str


class ForRoom(msgspec.Struct, frozen=True):
    """Something to be done for a room and no single call; its numbers are those of `Rooms`."""

    conference: str
    command: SendCallback | StartRecording | StopRecording


class Participant(msgspec.Struct, frozen=True):
    """One row of `GET conferences/id/{conferenceId}`; `duration` in whole seconds."""

    callid: str
    cli: str
    duration: int
    muted: bool
    onhold: bool


RoomCommand = ForCall | ForRoom | PlayMusic | StopMusic | PassKey | Refused


@dataclass(slots=True)
class _Seat:
    """A participant; `music` is what plays for it now."""

    setup: CallSetup
    cli: str
    since: float
    moh: str
    muted: bool = False
    held: bool = False
    out: bool = False
    music: str = ""


@dataclass(slots=True)
class _Room:
    """A conference; `keeper` is the call whose addresses get what is told about it: the first that joined."""

    name: str
    keeper: CallSetup
    seats: dict[str, _Seat] = field(default_factory=dict)
    recording: int = 0
    options: dict[str, Any] = field(default_factory=dict)


class Rooms:
    """All conferences of one platform."""

    __slots__ = ("_callbacks", "_recordings", "_rooms", "_settings", "_storing")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rooms: dict[str, _Room] = {}
        self._storing: dict[int, tuple[str, CallSetup, Storing]] = {}
        self._recordings = 0
        self._callbacks = 0

    def apply(self, setup: CallSetup, request: RoomRequest, at: float) -> list[RoomCommand]:
        """What a call wants.

        Args:
            setup: of the call.
            request: its command.
            at: seconds of the clock that the events have.
        """
        match request:
            case JoinConference():
                return list(self._join(setup, request, at))
            case LeaveConference(conference=name):
                return list(self._leave(name, setup.callid))
            case StepOut(conference=name) | StepBack(conference=name):
                if seat := self._seat(name, setup.callid):
                    seat.out = isinstance(request, StepOut)
                return []
            case ForwardKey(conference=name, key=key):
                return [PassKey(callid, key) for callid in self._others(name, setup.callid)]

    def participants(self, conference: str, at: float) -> tuple[Participant, ...] | None:
        """Who is in a room, in the order of joining; None when there is no such room."""
        room = self._rooms.get(conference)
        if room is None:
            return None
        return tuple(
            Participant(callid, seat.cli, int(at - seat.since), seat.muted, seat.held)
            for callid, seat in room.seats.items()
        )

    def hears(self, conference: str, callid: str) -> tuple[str, ...]:
        """Whom a participant hears: the others who are neither muted nor away, unless it is away itself."""
        seat = self._seat(conference, callid)
        if seat is None or seat.held or seat.out:
            return ()
        seats = self._rooms[conference].seats
        return tuple(
            other for other, heard in seats.items() if other != callid and not (heard.muted or heard.held or heard.out)
        )

    def manage(self, conference: str, callid: str, order: Order, moh: str = "") -> list[RoomCommand]:
        """PATCH of a participant; `moh` belongs to `onhold`. `Refused` when it is not there."""
        seat = self._seat(conference, callid)
        if seat is None:
            return [_not_found(f"{order} of a participant")]
        match order:
            case "mute" | "unmute":
                seat.muted = order == "mute"
            case "onhold" | "resume":
                seat.held = order == "onhold"
                seat.moh = (moh or seat.moh) if seat.held else seat.moh
        return list(self._music(self._rooms[conference]))

    def kick(self, conference: str, callid: str, at: float) -> list[RoomCommand]:
        """DELETE of a participant: its call is told, and ends."""
        if self._seat(conference, callid) is None:
            return [_not_found("removing a participant")]
        return [ForCall(callid, Kicked(at)), *self._leave(conference, callid)]

    def close(self, conference: str, at: float) -> list[RoomCommand]:
        """DELETE of a conference: everybody is removed."""
        room = self._rooms.get(conference)
        if room is None:
            return [_not_found("ending a conference")]
        return [command for callid in tuple(room.seats) for command in self.kick(conference, callid, at)]

    def stored(self, event: RecordingStored | TranscriptStored) -> list[RoomCommand]:
        """The recording of a room, or its transcript, is where it belongs."""
        known = self._storing.pop(event.recording, None)
        if known is None or known[2].stored is isinstance(event, RecordingStored):
            if known is not None:
                self._storing[event.recording] = known
            return [Refused(type(event).__name__, (), _NOT_FOUND, f"No recording {event.recording} is to be stored.")]
        name, keeper, waiting = known
        if waiting.transcribed and not waiting.stored:
            self._storing[event.recording] = (name, keeper, Storing(waiting.told, transcribed=True, stored=True))
        kind = "transcription_available" if waiting.stored else "recording_available"
        return list(self._notify(name, keeper, kind, event.destination)) if waiting.told else []

    def _seat(self, conference: str, callid: str) -> _Seat | None:
        room = self._rooms.get(conference)
        return None if room is None else room.seats.get(callid)

    def _others(self, conference: str, callid: str) -> Iterator[str]:
        room = self._rooms.get(conference)
        seats = {} if room is None else room.seats
        return (other for other, seat in seats.items() if other != callid and not (seat.held or seat.out))

    def _join(self, setup: CallSetup, join: JoinConference, at: float) -> Iterator[RoomCommand]:
        room = self._rooms.get(join.conference)
        if room is None:
            room = self._rooms[join.conference] = _Room(join.conference, setup)
        room.seats[setup.callid] = _Seat(setup, join.cli, at, join.moh)
        yield from self._music(room)
        if join.record and not room.recording:
            self._recordings += 1
            room.recording, room.options = self._recordings, join.options or {}
            name = file_name(setup.epoch + at, setup.application_key, join.conference, room.options)
            begin = StartRecording(room.recording, name, room.options, transcribed(room.options))
            yield ForRoom(join.conference, begin)

    def _leave(self, conference: str, callid: str) -> Iterator[RoomCommand]:
        room = self._rooms.get(conference)
        seat = room.seats.pop(callid, None) if room is not None else None
        if room is None or seat is None:
            return
        if seat.music:
            yield StopMusic(callid)
        yield from self._music(room)
        if not room.seats:
            del self._rooms[conference]
            yield from self._stop_recording(room)

    def _stop_recording(self, room: _Room) -> Iterator[RoomCommand]:
        if not room.recording:
            return
        waiting = storing(room.options)
        self._storing[room.recording] = (room.name, room.keeper, waiting)
        yield ForRoom(room.name, StopRecording(room.recording))
        if waiting.told:
            yield from self._notify(room.name, room.keeper, "recording_finished")

    def _notify(self, conference: str, keeper: CallSetup, kind: str, destination: str = "") -> Iterator[RoomCommand]:
        if not keeper.urls:
            return
        self._callbacks += 1
        payload = notify_payload(kind, conference=conference, destination=destination)
        deadline = self._settings.callback_timeout
        yield ForRoom(conference, SendCallback(self._callbacks, "notify", payload, keeper.urls, deadline, "nothing"))

    def _music(self, room: _Room) -> Iterator[RoomCommand]:
        """Music for whoever is on hold, and for the one who is alone."""
        alone = len(room.seats) == 1
        for callid, seat in room.seats.items():
            music = seat.moh if seat.held or alone else ""
            if music == seat.music:
                continue
            if seat.music:
                yield StopMusic(callid)
            if music:
                yield PlayMusic(callid, music)
            seat.music = music


def _not_found(what: str) -> Refused:
    return Refused(what, (), _NOT_FOUND, "There is no such participant or conference.")
