from __future__ import annotations

from msgspec.structs import replace

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
from devserver.calls.rooms import ForCall, ForRoom, Participant, PassKey, PlayMusic, Rooms, StopMusic
from devserver.calls.settings import Settings
from devserver.calls.setup import ConferenceDtmf
from tests.calls.playbook import INBOUND

ALICE, BOB, CAROL = (replace(INBOUND, callid=name) for name in ("alice", "bob", "carol"))
JOIN = JoinConference("room", "+12015555555", ConferenceDtmf())
MUSIC = replace(JOIN, moh="music1")


def joined(*joins: JoinConference) -> Rooms:
    rooms = Rooms(Settings())
    for setup, join in zip((ALICE, BOB, CAROL), joins, strict=False):
        rooms.apply(setup, join, 0.0)
    return rooms


def test_a_room_is_there_from_the_first_to_the_last() -> None:
    rooms = joined()
    assert rooms.participants("room", 0.0) is None
    rooms.apply(ALICE, JOIN, 1.0)
    rooms.apply(BOB, JOIN, 2.0)
    assert rooms.participants("room", 4.5) == (
        Participant("alice", "+12015555555", 3, muted=False, onhold=False),
        Participant("bob", "+12015555555", 2, muted=False, onhold=False),
    )
    rooms.apply(ALICE, LeaveConference("room"), 5.0)
    rooms.apply(BOB, LeaveConference("room"), 5.0)
    assert rooms.participants("room", 5.0) is None


def test_who_is_alone_hears_music() -> None:
    rooms = Rooms(Settings())
    assert rooms.apply(ALICE, MUSIC, 0.0) == [PlayMusic("alice", "music1")]
    assert rooms.apply(BOB, MUSIC, 1.0) == [StopMusic("alice")]
    assert rooms.apply(ALICE, LeaveConference("room"), 2.0) == [PlayMusic("bob", "music1")]
    assert rooms.apply(BOB, LeaveConference("room"), 3.0) == [StopMusic("bob")]


def test_who_is_muted_is_not_heard() -> None:
    rooms = joined(JOIN, JOIN, JOIN)
    assert rooms.hears("room", "alice") == ("bob", "carol")
    assert rooms.manage("room", "bob", "mute") == []
    assert rooms.hears("room", "alice") == ("carol",)
    assert rooms.hears("room", "bob") == ("alice", "carol")
    rooms.manage("room", "bob", "unmute")
    assert rooms.hears("room", "alice") == ("bob", "carol")


def test_who_is_on_hold_hears_music_and_nobody_else() -> None:
    rooms = joined(JOIN, JOIN)
    assert rooms.manage("room", "bob", "onhold", "music2") == [PlayMusic("bob", "music2")]
    assert rooms.hears("room", "bob") == rooms.hears("room", "alice") == ()
    assert rooms.manage("room", "bob", "onhold", "ring") == [StopMusic("bob"), PlayMusic("bob", "ring")]
    assert rooms.manage("room", "bob", "resume") == [StopMusic("bob")]
    assert rooms.hears("room", "bob") == ("alice",)


def test_who_enters_digits_is_away_for_a_moment() -> None:
    rooms = joined(JOIN, JOIN)
    rooms.apply(BOB, StepOut("room"), 1.0)
    assert rooms.hears("room", "alice") == rooms.hears("room", "bob") == ()
    rooms.apply(BOB, StepBack("room"), 2.0)
    assert rooms.hears("room", "alice") == ("bob",)


def test_a_key_is_passed_to_the_others() -> None:
    rooms = joined(JOIN, JOIN, JOIN)
    rooms.manage("room", "carol", "onhold")
    assert rooms.apply(ALICE, ForwardKey("room", "5"), 1.0) == [PassKey("bob", "5")]
    assert rooms.apply(ALICE, ForwardKey("other", "5"), 1.0) == []


def test_who_is_removed_is_told_and_gone() -> None:
    rooms = joined(JOIN, JOIN)
    assert rooms.kick("room", "bob", 3.0) == [ForCall("bob", Kicked(3.0))]
    assert [participant.callid for participant in rooms.participants("room", 3.0) or ()] == ["alice"]


def test_a_conference_is_ended_for_all() -> None:
    rooms = joined(JOIN, JOIN)
    assert rooms.close("room", 3.0) == [ForCall("alice", Kicked(3.0)), ForCall("bob", Kicked(3.0))]
    assert rooms.participants("room", 3.0) is None


def test_who_is_not_there_is_not_found() -> None:
    rooms = joined(JOIN)
    for commands in (
        rooms.manage("room", "bob", "mute"),
        rooms.manage("other", "alice", "mute"),
        rooms.kick("room", "bob", 1.0),
        rooms.close("other", 1.0),
    ):
        assert [command.code for command in commands if isinstance(command, Refused)] == [40400]
    assert rooms.hears("other", "alice") == ()
    assert rooms.apply(BOB, LeaveConference("room"), 1.0) == []
    assert rooms.apply(BOB, StepOut("room"), 1.0) == []


def test_a_recording_lasts_until_the_room_is_empty_and_is_told_to_who_began_it() -> None:
    rooms = Rooms(Settings())
    options = {"transcriptionOptions": {"enabled": True}}
    begun = rooms.apply(ALICE, replace(JOIN, record=True, options=options), 0.0)
    assert begun == [ForRoom("room", StartRecording(1, "20240606160640_key-1_room.mp3", options, transcribe=True))]
    assert rooms.apply(BOB, replace(JOIN, record=True), 1.0) == []
    assert rooms.apply(ALICE, LeaveConference("room"), 2.0) == []
    stopped, finished = rooms.apply(BOB, LeaveConference("room"), 3.0)
    assert stopped == ForRoom("room", StopRecording(1))
    assert told(finished) == {"event": "notify", "conferenceId": "room", "version": 1, "type": "recording_finished"}
    (available,) = rooms.stored(RecordingStored(4.0, 1, "azure://a"))
    assert (told(available)["type"], told(available)["destination"]) == ("recording_available", "azure://a")
    (transcribed,) = rooms.stored(TranscriptStored(5.0, 1, "azure://b"))
    assert told(transcribed)["type"] == "transcription_available"
    assert isinstance(rooms.stored(TranscriptStored(5.0, 1, "azure://b"))[0], Refused)


def test_a_recording_is_stored_before_its_transcript() -> None:
    rooms = Rooms(Settings())
    rooms.apply(ALICE, replace(JOIN, record=True, options={"transcriptionOptions": {"enabled": True}}), 0.0)
    rooms.apply(ALICE, LeaveConference("room"), 3.0)
    assert isinstance(rooms.stored(TranscriptStored(4.0, 1, "azure://b"))[0], Refused)
    assert not isinstance(rooms.stored(RecordingStored(4.0, 1, "azure://a"))[0], Refused)


def test_nobody_is_told_without_an_address_or_against_the_options() -> None:
    for setup, options in ((replace(ALICE, urls=()), {}), (ALICE, {"notificationEvents": False})):
        rooms = Rooms(Settings())
        rooms.apply(setup, replace(JOIN, record=True, options=options), 0.0)
        assert rooms.apply(setup, LeaveConference("room"), 1.0) == [ForRoom("room", StopRecording(1))]
        assert rooms.stored(RecordingStored(2.0, 1, "azure://a")) == []


def told(command: object) -> dict[str, object]:
    assert isinstance(command, ForRoom)
    assert isinstance(command.command, SendCallback)
    return command.command.payload
