"""The catalogue of callbacks: one realistic body each, beside this file as `EVENT-NAME.json`, shipped with the package.

Made after the samples of Sinch's own test suites (`fixtures/callbacks`) and captured payloads (voice-v1.md 1), with
values that make sense together in place of their placeholders. Call id and time are those of the file; whoever sends
one makes them new.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from devserver.errors import FnError


class Entry(msgspec.Struct, frozen=True):
    """One body of the catalogue.

    Attributes:
        event: such as `ice`.
        name: tells it from others of its event.
        about: when the platform sends it, in words.
    """

    event: str
    name: str
    about: str

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.event}-{self.name}.json"


ENTRIES: Sequence[Entry] = (
    Entry("ice", "pstn", "somebody calls a rented number"),
    Entry("ice", "private", "the same, without showing a number"),
    Entry("ice", "forwarded", "the same, redirected from another number"),
    Entry("ice", "sip", "a call from a SIP trunk"),
    Entry("ice", "app", "a user of an app calls a phone number"),
    Entry("ice", "app-to-app", "a user of an app calls another user"),
    Entry("ice", "app-conference", "a user of an app calls into a conference"),
    Entry("ice", "callout", "a custom callout without a destination asks whom to call"),
    Entry("ace", "answered", "the callee answered"),
    Entry("ace", "human", "a person answered, says the detection of machines"),
    Entry("ace", "machine", "a machine answered, and its beep was heard"),
    Entry("ace", "notsure", "the detection cannot tell"),
    Entry("ace", "amd-inprogress", "somebody answered while the detection goes on"),
    Entry("ace", "conference", "somebody who is called into a conference answered"),
    Entry("pie", "return", "a key chose an option with return(sales)"),
    Entry("pie", "voice", "the same, by voice"),
    Entry("pie", "sequence", "digits were collected"),
    Entry("pie", "cookies", "the same, in a call with cookies"),
    Entry("pie", "timeout", "nothing was pressed in time"),
    Entry("pie", "invalidinput", "keys were pressed that mean nothing"),
    Entry("pie", "hangup", "the caller hung up in the menu"),
    Entry("pie", "error", "the menu failed"),
    Entry("pie", "conference", "a participant of a conference pressed a key"),
    Entry("dice", "callerhangup", "the caller ended the call"),
    Entry("dice", "calleehangup", "the callee ended the call"),
    Entry("dice", "managerhangup", "markup or the REST API ended the call"),
    Entry("dice", "maxduration", "the call reached its maximal duration"),
    Entry("dice", "noanswer", "nobody answered in time"),
    Entry("dice", "busy", "the callee was busy"),
    Entry("dice", "cancel", "the caller gave up while it rang"),
    Entry("dice", "congestion", "there was no way to the callee"),
    Entry("dice", "blocked", "the destination is not allowed"),
    Entry("dice", "nocredit", "there is no credit left"),
    Entry("dice", "callbackerror", "the function did not answer its ICE"),
    Entry("dice", "conference", "a participant left a conference"),
    Entry("notify", "recording_finished", "a recording was stopped"),
    Entry("notify", "recording_available", "the recording's file is stored"),
    Entry("notify", "recording_conference", "the recording of a conference was stopped"),
    Entry("notify", "transcription_available", "the transcript's file is stored"),
    Entry("notify", "amd", "the detection of machines has decided"),
    Entry("notify", "amd_beep", "the detection heard the machine's beep"),
    Entry("notify", "callingerror", "the platform could not use an answer"),
)
"""All of them; the first one of an event is meant when no name is given."""


def entries(event: str | None = None) -> list[Entry]:
    """Those of one event, or all."""
    return [entry for entry in ENTRIES if event in {None, entry.event}]


def find(event: str, name: str | None = None) -> Entry:
    """An entry by its name; the usual one of the event without.

    Raises:
        FnError: there is none of that name.
    """
    known = {entry.name: entry for entry in entries(event)}
    if name is None:
        return next(iter(known.values()))
    if name.lower() not in known:
        raise FnError(f"The catalogue has no {event} of the name {name!r}.", hint=f"It has {', '.join(known)}.")
    return known[name.lower()]


def body(entry: Entry) -> dict[str, Any]:
    """The body of an entry; a new one each time, to be changed at will."""
    document: dict[str, Any] = msgspec.json.decode(_read(entry.file))
    return document


@cache
def _read(file: str) -> bytes:
    return resources.files(__name__).joinpath(file).read_bytes()
