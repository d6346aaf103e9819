"""What the operations of Voice v1 have in common: what they are given, and how they refuse."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devserver.cloud.auth import Application
from devserver.cloud.backend import Refusal, VoiceBackend
from devserver.cloud.errors import Code, Refused
from devserver.cloud.voice_state import VoiceState
from devserver.project.settings import CloudSettings

_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Voice:
    """What Voice v1 on this machine consists of; the session puts it together.

    Attributes:
        backend: runs calls.
        application: the one application that exists here.
        state: what is configured.
        recordings: folder of the recordings that the platform stores; need not exist.
        settings: asked for every request, since `sinch.json` may change while a session runs.
        now: seconds since 1970.
    """

    backend: VoiceBackend
    application: Application
    state: VoiceState
    recordings: Path
    settings: Callable[[], CloudSettings] = CloudSettings
    now: Callable[[], float] = time.time


def raise_if(refusal: object) -> None:
    """Raise what a backend refused.

    Raises:
        Refused: `refusal` is one.
    """
    if isinstance(refusal, Refusal):
        raise Refused(refusal.code, refusal.message)


def require_phone(number: str, name: str) -> str:
    """A phone number in E.164 with its plus.

    Args:
        number: as given; white space around it does not count.
        name: what the sentence is about.

    Raises:
        Refused: 40005 when only the plus is missing, else 40001.
    """
    number = number.strip()
    if _E164.fullmatch(number):
        return number
    if _DIGITS.fullmatch(number):
        raise Refused(
            Code.NO_LEADING_PLUS,
            f"Invalid parameters: {name} {number[:40]!r} has no leading plus; write +{number[:40]}.",
        )
    raise Refused(
        Code.ILLEGAL_PARAMETER, f"Invalid parameters: {name} {number[:40]!r} is no phone number such as +12015555555."
    )
