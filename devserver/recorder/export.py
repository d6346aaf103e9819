"""What leaves the machine, and in which form: recorded calls without their secrets and phone numbers, in five formats.

| format | for |
|---|---|
| fn | our portable file: import it elsewhere, keep it with the code, test with it |
| curl | a shell script that sends the callbacks again |
| har | the network tools of browsers |
| pytest | a test to read and to change |
| scenario | the call simulator |

Each format gets the same calls, from which everything private is gone already.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec
from msgspec.structs import replace

from devserver.errors import FnError
from devserver.project.files import not_written, write_whole
from devserver.recorder.portable import Portable, PortableCall, State, write
from devserver.recorder.redaction import Redactor
from devserver.recorder.rewriting import rewritten

if TYPE_CHECKING:
    from devserver.recorder.exchange import Exchange
    from devserver.recorder.reader import RecordingReader

Format = Literal["fn", "curl", "har", "pytest", "scenario"]
FORMATS: tuple[Format, ...] = ("fn", "curl", "har", "pytest", "scenario")

_NOT_CODE = frozenset({"__pycache__", "assets", "data", "node_modules", "public", "storage", "tests"})
_SALT = "salt"
_SQL = "\0sql"  # no storage can have such a key
_SALT_BYTES = 32


class Signer(msgspec.Struct, frozen=True):
    """What callbacks are signed with: application key and secret of the Voice App, None when there is none."""

    voice_app: str | None = None
    voice_secret: str | None = None


def cleaned(
    project: str,
    calls: Sequence[PortableCall],
    *,
    redact: Redactor,
    salt: bytes | None,
    own: frozenset[str] = frozenset(),
) -> Portable:
    """The calls as they may leave the machine.

    Args:
        project: its name.
        calls: as recorded. Secrets are gone from what was recorded, but not from stored files, nor when one became a
            secret later.
        redact: knows the project's secrets.
        salt: key of the pseudonyms; None keeps phone numbers, and what cannot be searched for them: stored files that
            are no text, and databases that no text can be made of.
        own: numbers that stand in the project's code, see `own_numbers`. They stay, or no replay could give the same
            answer; unless one of them called.
    """
    clean = [rewritten(_with_sql(call), redact.data) for call in calls]
    if salt is None:
        return Portable(project, "kept", [_with_database(call) for call in clean])
    from devserver.recorder.phone_numbers import callers_in, numbers_in
    from devserver.recorder.pseudonyms import Pseudonyms

    names = Pseudonyms(salt, numbers_in(clean), own - callers_in(clean))
    return Portable(project, "pseudonyms", [_with_database(names.call(call)) for call in clean])


def _with_sql(call: PortableCall) -> PortableCall:
    """The call with its database as a text among the stored files, where secrets and numbers are found in it."""
    state = call.state
    if state is None or state.database is None:
        return call
    from devserver.recorder.database_text import sql_of

    sql = sql_of(state.database)
    if sql is None:
        return call
    return replace(call, state=State(state.cache, {**state.storage, _SQL: sql.encode()}))


def _with_database(call: PortableCall) -> PortableCall:
    """The call with its database made from the text again."""
    state = call.state
    if state is None or _SQL not in state.storage:
        return call
    from devserver.recorder.database_text import database_of

    storage = {key: content for key, content in state.storage.items() if key != _SQL}
    return replace(call, state=State(state.cache, storage, database_of(state.storage[_SQL].decode())))


def rendered(portable: Portable, form: Format, *, signer: Signer, now: str) -> Iterator[bytes]:
    """The file, piece by piece.

    Args:
        portable: see `cleaned`; of the formats, `fn`, `har` and `pytest` take several calls.
        form: the format.
        signer: for curl.
        now: ISO 8601 in UTC.

    Raises:
        FnError: the calls do not fit the format.
    """
    match form:
        case "fn":
            return write(portable, now)
        case "har":
            from devserver.recorder import har

            return har.render(portable.calls)
        case "curl":
            from devserver.recorder import curl

            return curl.render(portable.calls[0], voice_app=signer.voice_app, voice_secret=signer.voice_secret, now=now)
        case "pytest":
            from devserver.recorder import export_pytest

            return iter([export_pytest.render(portable.calls, project=portable.project).encode()])
        case "scenario":
            from devserver.recorder import scenario

            return iter([scenario.render(portable.calls[0])])


def own_numbers(root: Path) -> frozenset[str]:
    """The phone numbers that stand in what is kept with the code: Python files and `sinch.json`, not `.env`.

    Args:
        root: the project.
    """
    from devserver.recorder.phone_numbers import numbers_of_code

    return numbers_of_code(_texts(root))


def _texts(root: Path) -> Iterator[bytes]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if _may_hold_code(Path(folder, name))]
        for name in files:
            if (name.endswith(".py") and not name.startswith("test_")) or name == "sinch.json":
                with suppress(OSError):
                    yield Path(folder, name).read_bytes()


def _may_hold_code(folder: Path) -> bool:
    is_left_out = folder.name.startswith(".") or folder.name in _NOT_CODE
    return not is_left_out and not (folder / "pyvenv.cfg").exists()


def salt_of(folder: Path) -> bytes:
    """The project's key for pseudonyms, made on first use and readable by its owner only.

    Args:
        folder: the project's `.fn`.

    Raises:
        FnError: it cannot be read or written.
    """
    path = folder / _SALT
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = b""
    except OSError as error:
        raise FnError(
            f"{path} cannot be read: {error.strerror}.", hint="Pseudonyms are made with it; make it readable for you."
        ) from error
    if len(found) >= _SALT_BYTES:
        return found
    made = secrets.token_hex(_SALT_BYTES).encode()
    write_whole(path, [made])
    return made


def find_exchanges(reader: RecordingReader, name: str) -> tuple[str | None, list[Exchange]]:
    """The exchanges of the call that is meant, or the one exchange that belongs to no call.

    Args:
        reader: the recordings.
        name: `last`, a call id, or the id of an exchange; ids may be cut short.

    Raises:
        NotRecorded: there is none, or there are several.
    """
    from devserver.recorder.call_lookup import find_callid
    from devserver.recorder.reader import NotRecorded

    try:
        callid = find_callid(reader, name)
    except NotRecorded as missing:
        try:
            exchange = reader.get(name)
        except NotRecorded:
            raise missing from None
        if exchange.callid is not None:
            raise
        return None, [exchange]
    return callid, reader.call(callid)


def put_out(stream: BinaryIO, pieces: Iterator[bytes]) -> None:
    """Write to a stream that is open already.

    Raises:
        FnError: it cannot be written.
        BrokenPipeError: who reads it has seen enough.
    """
    try:
        stream.writelines(pieces)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_written("The output", error) from error


def save(path: Path, pieces: Iterator[bytes], form: Format) -> None:
    """Write a file whole or not at all; a script can be run.

    Raises:
        FnError: it cannot be written; what was there is as it was.
    """
    write_whole(path, pieces, 0o700 if form == "curl" and os.name == "posix" else 0o600)
