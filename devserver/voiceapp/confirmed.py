"""Which applications a person has agreed to have pointed at this machine, although they look like production.

Asked once for each application, and remembered in the user's state directory.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from devserver.errors import FnError
from devserver.project.files import write_whole
from devserver.project.places import make_private

FILE = "confirmed.json"


def is_confirmed(folder: Path, application: str) -> bool:
    """Whether somebody has agreed.

    Args:
        folder: the state directory.
        application: key, in any case.
    """
    return application.lower() in _read(folder)


def confirm(folder: Path, application: str) -> None:
    """Remember that somebody has agreed; where that cannot be written down, they are asked again."""
    known = _read(folder) | {application.lower(): datetime.now(UTC).isoformat(timespec="seconds")}
    with suppress(FnError):
        write_whole(make_private(folder) / FILE, [msgspec.json.encode(known)])


def _read(folder: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
