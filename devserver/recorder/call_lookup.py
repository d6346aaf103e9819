"""Which call a person means: `last`, a call id or its beginning, or an exchange of the call."""

from __future__ import annotations

from devserver.recorder.calls import Call, call_of
from devserver.recorder.reader import NotRecorded, RecordingReader

_MOST = 1000  # callbacks of one call that are read


def find_callid(reader: RecordingReader, name: str) -> str:
    """The id of the call that is meant; `last` is the one with the newest callback that is no replay.

    Raises:
        NotRecorded: there is none, or there are several.
    """
    if name == "last":
        newest = reader.calls(1)
        if newest:
            return newest[0].callid
        raise _missing(reader, name)
    found = reader.callids(name)
    if len(found) > 1:
        shown = found[0][: len(name) + 4]
        raise NotRecorded(f'"{name}" is the beginning of several calls.', hint=f"Give more of it, for example {shown}.")
    return found[0] if found else _of_exchange(reader, name)


def find_call(reader: RecordingReader, name: str) -> Call:
    """The call that is meant, see `find_callid`.

    Raises:
        NotRecorded: there is none, or there are several.
    """
    callid = find_callid(reader, name)
    exchanges = reader.call(callid, _MOST + 1)
    return call_of(exchanges[:_MOST], more=len(exchanges) > _MOST)


def _of_exchange(reader: RecordingReader, name: str) -> str:
    try:
        exchange = reader.get(name)
    except NotRecorded:
        raise _missing(reader, name) from None
    if exchange.callid is None:
        raise NotRecorded(
            f'The recording "{exchange.id}" belongs to no call.', hint="`fn recordings show` shows it by itself."
        )
    return exchange.callid


def _missing(reader: RecordingReader, name: str) -> NotRecorded:
    if not reader.calls(1):
        return NotRecorded(
            "There are no recorded calls here yet.",
            hint="Run `fn dev` and send it a callback; or name another --dir.",
        )
    return NotRecorded(f'There is no call "{name}".', hint="`fn calls list` shows what there is.")
