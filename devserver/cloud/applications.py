"""Which Voice App exists on this machine: the project's, or one made up for it.

A project that has no Voice App yet can still be called by an SDK, which needs a key and a secret. They are made once,
kept in `.fn/application.json`, and stay the same for the project, so that they can be put into a client's settings.
They are random and not derived from the project's name: whoever knows that name must not know the secret.
"""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from uuid import uuid4

import msgspec

from devserver.cloud.auth import Application
from devserver.project.files import write_whole

FILE = "application.json"


def application_of(folder: Path, key: str | None, secret: str | None) -> Application:
    """The application of a project; what the project does not say is made up, once.

    Args:
        folder: the project's `.fn`, which exists.
        key: the project's application key, if it has one.
        secret: the project's application secret, if it has one.

    Raises:
        FnError: the made-up application cannot be written down.
    """
    if key and secret:
        return Application(key, secret)
    made = _kept(folder) or _made(folder)
    return Application(key or made.key, secret or made.secret)


def _kept(folder: Path) -> Application | None:
    try:
        kept = msgspec.json.decode((folder / FILE).read_bytes(), type=Application)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return None
    return kept if kept.key and kept.secret else None


def _made(folder: Path) -> Application:
    made = Application(str(uuid4()), base64.b64encode(secrets.token_bytes(16)).decode())
    write_whole(folder / FILE, [msgspec.json.encode(made)])
    return made
