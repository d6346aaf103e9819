"""What is written down about one lease, so that whoever comes next can give the callback back: plain data.

One entry is one file of the journal (`devserver/voiceapp/journal.py`). It must hold no secret: whoever gives back finds
the application's secret where the project has it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from devserver.runtime.clients.voice_results import Callbacks

VERSION = 1
"""Of the file; a newer one is left alone."""


class LocalPlatform(Struct, frozen=True):
    """The local Sinch of a project, which can be given back to without its session.

    Attributes:
        folder: the project's `.fn`.
        default: where callbacks go when nobody has configured anything: the function of the session.
    """

    folder: str
    default: str


class Entry(Struct, frozen=True, kw_only=True):
    """A lease of the callback of one application.

    Attributes:
        version: of this shape.
        application: key of the Voice App.
        origin: address of the configuration API that was asked.
        state: `intent` when our address may have been set, `applied` when it was read back.
        before: both addresses as they are to be given back; a primary of None: there was none.
        ours: both addresses as we set them. A fallback that somebody else sets during the lease is never written
            here: by this one we know later whether it is still ours.
        addresses: every primary address of ours in this lease, the newest last.
        pid: process of the session, and `started` when that began, in seconds since 1970, against reused numbers.
        project: folder of the project, and `name` of its function.
        since: when the lease was taken, in seconds since 1970.
        unanswered: when a change left that has never been answered and may still be made, although another one was read
            back since; in seconds since 1970.
        local: set when the platform is the local Sinch of the project.
    """

    version: int = VERSION
    application: str
    origin: str
    state: Literal["intent", "applied"]
    before: Callbacks
    ours: Callbacks
    addresses: tuple[str, ...]
    pid: int
    started: float
    project: str
    name: str
    since: float
    unanswered: float | None = None
    local: LocalPlatform | None = None
