"""Who may ask: Basic with key and secret, or an application-signed request (voice-v1.md 4.1, 4.2).

A function of data: the application that asks, or a `Refused` whose sentence says what to do, since the platform's own
401 tells only that one of five lines differs. Unsigned requests are refused here as there: code that forgot to sign
must not work on a laptop and fail in production. For experiments with `curl`, `dev.cloud.auth` can be `off`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from devserver.cloud.asking import Asked
from devserver.cloud.errors import Code, Refused
from devserver.signing import SCHEME, verify

Auth = Literal["both", "signed", "off"]

_HOW = (
    "Use Basic with the application key and secret, or sign the request: `Authorization: application KEY:SIGNATURE` "
    "with an `x-timestamp`. `fn cloud application` prints the key and the secret."
)
_OURS = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Application(msgspec.Struct, frozen=True):
    """A Voice App as this machine knows it."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Application({self.key!r}, ...)"


def admit(asked: Asked, applications: Iterable[Application], auth: Auth, clock_skew: float, now: float) -> str:
    """The key of the application that asks.

    Args:
        asked: the request, with its raw path and body.
        applications: those that exist; with `auth` off the first one asks.
        auth: `both` schemes, only `signed` requests as an app in production may demand, or `off`.
        clock_skew: seconds that `x-timestamp` may be away from `now`; 0 takes any.
        now: seconds since 1970.

    Raises:
        Refused: 40100, 40101, 40102, 40108, 40300 or 40301.
    """
    known = list(applications)
    if auth == "off":
        _require_no_browser(asked)
        return known[0].key
    scheme, space, credentials = (asked.header("Authorization") or "").partition(" ")
    match scheme.lower():
        case "":
            raise Refused(Code.ILLEGAL_AUTHORIZATION, f"The Authorization header is missing. {_HOW}")
        case _ if not space:
            raise Refused(Code.ILLEGAL_AUTHORIZATION, f"The Authorization header has no credentials. {_HOW}")
        case "basic" if auth == "signed":
            raise Refused(
                Code.WRONG_SCHEME,
                "This application takes signed requests only: `dev.cloud.auth` of sinch.json is `signed`. Sign the "
                "request, or set it to `both`.",
            )
        case "basic":
            return _basic(credentials, known)
        case "application":
            return _signed(asked, credentials, known, clock_skew, now)
    raise Refused(Code.WRONG_SCHEME, f"The authorization scheme {scheme[:40]!r} is not for this operation. {_HOW}")


def _basic(credentials: str, known: list[Application]) -> str:
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refused(
            Code.ILLEGAL_AUTHORIZATION, "The Basic credentials are not base64 of KEY:SECRET in UTF-8."
        ) from None
    key, colon, secret = text.partition(":")
    if not colon:
        raise Refused(Code.ILLEGAL_AUTHORIZATION, "The Basic credentials have no colon between key and secret.")
    application = _known(key, known)
    if not hmac.compare_digest(secret.encode(), application.secret.encode()):
        raise Refused(Code.INVALID_CREDENTIALS, f"Invalid credentials: the secret is not that of {application.key}.")
    return application.key


def _signed(asked: Asked, credentials: str, known: list[Application], clock_skew: float, now: float) -> str:
    key, colon, signature = credentials.partition(":")
    if not colon or not signature:
        raise Refused(
            Code.ILLEGAL_AUTHORIZATION,
            f"The Authorization header is not of the form `{SCHEME} KEY:SIGNATURE`; a key alone opens nothing here.",
        )
    _require_time(asked.header("x-timestamp"))
    # Two spaces after the scheme put one in front of the key; the verifier has a sentence about that.
    application = _known(key.strip(), known)
    headers = {name.lower(): value for name, value in reversed(asked.headers)}
    verdict = verify(
        key=application.key,
        secret=application.secret,
        method=asked.method,
        path=asked.path,
        body=asked.body,
        headers=headers,
        max_age_s=clock_skew or None,
        now=now,
    )
    if verdict.ok:
        return application.key
    if verdict.reason.startswith("The signature is right"):
        raise Refused(
            Code.ILLEGAL_TIMESTAMP, f"{verdict.reason} Set the clock, or `dev.cloud.clockSkew` of sinch.json."
        )
    raise Refused(Code.INVALID_SIGNATURE, f"Invalid Signature: {verdict.reason}")


def _require_time(timestamp: str | None) -> None:
    if timestamp is None:
        raise Refused(Code.ILLEGAL_TIMESTAMP, "The x-timestamp header is missing from a signed request.")
    try:
        datetime.fromisoformat(timestamp)
    except ValueError:
        raise Refused(
            Code.ILLEGAL_TIMESTAMP,
            f"The x-timestamp {timestamp[:60]!r} is not an ISO 8601 time such as 2024-01-19T09:19:28.9372196Z.",
        ) from None


def _known(key: str, known: list[Application]) -> Application:
    for application in known:
        if application.key.lower() == key.lower():
            return application
    raise Refused(
        Code.INVALID_CREDENTIALS,
        f"Invalid credentials: there is no application {key[:80]!r} here; `fn cloud application` prints the one.",
    )


def _require_no_browser(asked: Asked) -> None:
    """Without a secret nothing else keeps a web page from starting calls on the machine of its visitor."""
    host = asked.header("Host") or ""
    name, colon, port = host.rpartition(":")
    if asked.header("Origin") is not None or (name if colon and port.isdigit() else host).lower() not in _OURS:
        raise Refused(
            Code.FORBIDDEN, "With `dev.cloud.auth` off, web pages and other names of this machine are refused."
        )
