"""Conferences of running calls: what `Rooms` decides, done; and what REST can ask of them.

A room has no clock of its own: its times are those of the call that did something last. Whoever joins from another
timeline counts on theirs, so durations mean something only among calls that share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from devserver.calls import commands, told
from devserver.calls.answering import unusable
from devserver.calls.delivery import Delivered
from devserver.calls.events import RecordingStored, TranscriptStored
from devserver.calls.ongoing import RunningCall
from devserver.calls.posting import Post
from devserver.calls.recordings import Recordings
from devserver.calls.rooms import (
    ForCall,
    ForRoom,
    Order,
    Participant,
    PassKey,
    PlayMusic,
    RoomCommand,
    RoomRequest,
    Rooms,
    StopMusic,
)
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup
from devserver.calls.timeline import Timeline

Find = Callable[[str], RunningCall | None]


class Conferences:
    """All conferences of a switchboard.

    Args:
        settings: how the platform behaves.
        post: for callbacks about rooms.
        recordings: of rooms.
        find: a running call by its id.
    """

    def __init__(self, settings: Settings, post: Post, recordings: Recordings, find: Find) -> None:
        self._settings = settings
        self._post = post
        self._recordings = recordings
        self._find = find
        self._rooms = Rooms(settings)
        self._clocks: dict[str, RunningCall] = {}

    def apply(self, call: RunningCall, request: RoomRequest) -> None:
        """Carry out what a call wants."""
        self._clocks[request.conference] = call
        self._carry_out(self._rooms.apply(call.setup, request, call.timeline.now), call)
        if self._rooms.participants(request.conference, 0.0) is None:
            self._clocks.pop(request.conference, None)

    def participants(self, conference: str) -> tuple[Participant, ...] | None:
        """Who is in a conference; None when there is no such one."""
        clock = self._clocks.get(conference)
        return self._rooms.participants(conference, clock.timeline.now if clock else 0.0)

    def hears(self, conference: str, callid: str) -> tuple[str, ...]:
        """Whom a participant hears."""
        return self._rooms.hears(conference, callid)

    def manage(self, conference: str, callid: str, order: Order, moh: str = "") -> tuple[int, str] | None:
        """Mute, unmute, hold or resume a participant; gives code and sentence of a refusal."""
        return self._ask(conference, lambda _at: self._rooms.manage(conference, callid, order, moh))

    def kick(self, conference: str, callid: str) -> tuple[int, str] | None:
        """Remove a participant, whose call ends."""
        return self._ask(conference, lambda at: self._rooms.kick(conference, callid, at))

    def close(self, conference: str) -> tuple[int, str] | None:
        """Remove everybody."""
        return self._ask(conference, lambda at: self._rooms.close(conference, at))

    def _ask(self, conference: str, ask: Callable[[float], list[RoomCommand]]) -> tuple[int, str] | None:
        clock = self._clocks.get(conference)
        wanted = ask(clock.timeline.now if clock else 0.0)
        for command in wanted:
            if isinstance(command, commands.Refused):
                return command.code, command.why
        if clock is not None:
            self._carry_out(wanted, clock)
        return None

    def _carry_out(self, wanted: Iterable[RoomCommand], by: RunningCall) -> None:
        for command in wanted:
            match command:
                case ForRoom(conference=name, command=what):
                    self._for_room(name, what, by.setup, by.timeline)
                case ForCall(callid=callid):
                    self._kick(callid, command)
                case PlayMusic(callid=callid, moh=moh):
                    self._tell(callid, partial(told.Noted, text=f"Music plays: {moh}."))
                case StopMusic(callid=callid):
                    self._tell(callid, partial(told.Noted, text="The music stops."))
                case PassKey(callid=callid, key=key):
                    self._tell(callid, partial(told.KeyForwarded, key=key))
                case commands.Refused():
                    pass

    def _kick(self, callid: str, command: ForCall) -> None:
        call = self._find(callid)
        if call is not None:
            call.receive(msgspec.structs.replace(command.event, at=call.timeline.now))

    def _tell(self, callid: str, what: Callable[[float], told.Told]) -> None:
        call = self._find(callid)
        if call is not None and not call.over:
            call.tell(what(call.at))

    def _for_room(
        self,
        conference: str,
        command: commands.SendCallback | commands.StartRecording | commands.StopRecording,
        setup: CallSetup,
        timeline: Timeline,
    ) -> None:
        match command:
            case commands.SendCallback():
                self._send(command, setup, timeline)
            case commands.StartRecording():
                self._recordings.begin(conference, command, timeline)
            case commands.StopRecording():
                stored = partial(self._stored, setup, timeline)
                self._recordings.end(conference, command, timeline, list, stored)

    def _send(self, command: commands.SendCallback, setup: CallSetup, timeline: Timeline) -> None:
        ticket = timeline.hold()

        def done(_delivered: Delivered) -> None:
            timeline.answered(ticket, lambda: None)

        self._post.send(command, partial(unusable, setup, self._settings, command), done)

    def _stored(
        self, setup: CallSetup, timeline: Timeline, event: RecordingStored | TranscriptStored, _path: str
    ) -> None:
        for command in self._rooms.stored(event):
            if isinstance(command, ForRoom):
                self._for_room(command.conference, command.command, setup, timeline)
