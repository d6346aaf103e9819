"""What a running call needs of whoever runs it: a Protocol, kept by `switchboard`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from devserver.calls import commands
from devserver.calls.posting import Post
from devserver.calls.rooms import RoomRequest
from devserver.calls.settings import Settings

if TYPE_CHECKING:
    from devserver.calls.ongoing import RunningCall


class Exchange(Protocol):
    """What calls need of whoever runs them."""

    settings: Settings
    post: Post

    def room(self, call: RunningCall, request: RoomRequest) -> None:
        """Carry out what a call wants of a conference."""
        ...

    def others(self, call: RunningCall, conference: str) -> int:
        """How many others are in a conference."""
        ...

    def begin_recording(self, call: RunningCall, command: commands.StartRecording) -> None:
        """Record the call."""
        ...

    def end_recording(self, call: RunningCall, command: commands.StopRecording) -> None:
        """Store what was recorded, then tell the call."""
        ...

    def ended(self, call: RunningCall) -> None:
        """The call is over."""
        ...
