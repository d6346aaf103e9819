"""The platform's errors: five digits, of which the first three are the HTTP status (voice-v1.md 6).

A request is refused by raising `Refused` wherever the reason is known; `app` turns it into a response. The message says
in one sentence what is wrong, since the number alone never told anybody.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any
from uuid import uuid4


class Code(IntEnum):
    """`errorCode` of a refusal (voice-v1.md 6). Those from 413 on are ours: the platform publishes none for them."""

    ILLEGAL_PARAMETER = 40001
    MISSING_PARAMETER = 40002
    INVALID_REQUEST = 40003
    INVALID_APPLICATION_KEY = 40004
    NO_LEADING_PLUS = 40005
    ILLEGAL_AUTHORIZATION = 40100
    ILLEGAL_TIMESTAMP = 40101
    INVALID_SIGNATURE = 40102
    INVALID_CREDENTIALS = 40108
    NOT_ENOUGH_CREDIT = 40200
    FORBIDDEN = 40300
    WRONG_SCHEME = 40301
    NOT_FOUND = 40400
    TIMED_OUT = 40800
    TOO_LARGE = 41300
    UNSUPPORTED_ENCODING = 41500
    INTERNAL = 50000
    NOT_HERE = 50100


class Refused(Exception):
    """A request that is answered with an error.

    Attributes:
        code: the platform's number.
        message: one sentence for a person.
        more: further keys of the body.
    """

    def __init__(self, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code = int(code)
        self.message = message
        self.more = more

    @property
    def status(self) -> int:
        """The HTTP status: the first three digits."""
        return self.code // 100

    def body(self) -> dict[str, Any]:
        """The error body; `reference` is a new GUID, as the platform gives one for its support."""
        return {"errorCode": self.code, "message": self.message, "reference": str(uuid4()), **self.more}
