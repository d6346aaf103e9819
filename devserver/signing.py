"""Sinch's application signature: make one, check one, and say why one does not fit (voice-v1.md 4.2, 4.3).

A callback and a REST request are signed alike: an HMAC over five lines of text (method, MD5 of the body, content type,
`x-timestamp`, path). Whoever gets a 401 knows only that one of the five differs, so a refusal here tries what usually
happens to each line on the way (a proxy that adds a charset, a tunnel that cuts a prefix, a body parsed and written
again) and names the line that explains it.

It must not know where bytes come from or what the time is: the caller hands in the raw body, the headers as received,
and `now` when age matters. It works on raw bytes only; a body that was parsed and written again has another signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, unquote

SCHEME = "application"
"""Always emitted in lower case: one of the official verifiers compares it exactly."""

_METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")
_JSON_TYPES = ("application/json", "application/json; charset=utf-8", "application/json; charset=UTF-8")
_JSON_TYPES_TIGHT = ("application/json;charset=utf-8", "application/json;charset=UTF-8")

# Explaining a refusal must stay cheap: anyone who finds a public address can send wrong signatures.
_EXPLAINED_BODY = 64 * 1024
_EXPLAINED_SEGMENTS = 16


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a signature found.

    Attributes:
        ok: the signature belongs to this request and this secret.
        unsigned: there is no `Authorization` of the application scheme at all, so nothing claims to be signed.
        reason: one sentence for a person.
        line: the line of the string to sign that explains the difference: `method`, `body hash`, `content-type`,
            `x-timestamp` or `path`; None when it fits, or when no single line explains it.
    """

    ok: bool
    unsigned: bool
    reason: str
    line: str | None = None


@dataclass(frozen=True, slots=True)
class _Signed:
    """The inputs of the five lines, so that a variant is one `replace` away."""

    method: str
    body: bytes
    content_type: str
    timestamp: str
    path: str

    def text(self) -> str:
        return string_to_sign(self.method, self.body, self.content_type, self.timestamp, self.path)


def string_to_sign(method: str, body: bytes, content_type: str, timestamp: str, path: str) -> str:
    r"""The five lines that are signed, joined by `\n`, without one at the end (voice-v1.md 4.2).

    Args:
        method: any case; upper case is signed.
        body: the raw bytes. An empty body has an empty hash line.
        content_type: the header exactly as sent, with its charset and its spaces; empty when there is no such header.
        timestamp: the value of `x-timestamp`.
        path: absolute path without query, taken literally.
    """
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode() if body else ""
    return f"{method.upper()}\n{digest}\n{content_type}\nx-timestamp:{timestamp}\n{path}"


def decode_secret(secret: str) -> bytes:
    """The key bytes of an application secret: base64 or URL-safe base64, with or without padding (voice-v1.md 4.2).

    Raises:
        ValueError: the secret is empty or is not base64 in any of these spellings.
    """
    text = secret.strip().translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("The application secret is not base64 text; copy it again from the Sinch dashboard.")
    return key


def sign(*, key: str, secret: str, method: str, path: str, body: bytes, content_type: str, timestamp: str) -> str:
    """The whole value of the `Authorization` header: `application KEY:SIGNATURE`.

    A query in `path` is left out, as the platform does; everything else is signed as given.

    Raises:
        ValueError: the secret is not base64.
    """
    signed = _Signed(method, body, content_type, timestamp, _without_query(path))
    return f"{SCHEME} {key}:{_signature(decode_secret(secret), signed)}"


def verify(
    *,
    key: str,
    secret: str,
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    max_age_s: float | None = None,
    now: float | None = None,
) -> Verdict:
    """Check a request against the application `key` and `secret` (voice-v1.md 4.3).

    Args:
        key: the application key that must have signed, compared without case.
        secret: its secret, decoded leniently.
        method: of the request.
        path: as the backend received it, percent-encoded; a query is ignored. The signature may be over the raw or
            over the decoded path: the official SDKs differ.
        body: raw bytes as received.
        headers: names in any case.
        max_age_s: refuse when `x-timestamp` is further than this from `now`, in seconds, either way. None: any age,
            the platform publishes no window.
        now: seconds since 1970; required with `max_age_s`.

    Raises:
        ValueError: our own secret is not base64, or `max_age_s` came without `now`.
    """
    if max_age_s is not None and now is None:
        raise ValueError("An age can be checked only with the time of now.")
    lower = {name.lower(): value for name, value in headers.items()}
    credentials, refusal = _credentials(lower.get("authorization", ""), key)
    if refusal is not None:
        return refusal
    if "x-timestamp" not in lower:
        return _refused("The request is signed but has no x-timestamp header.", "x-timestamp")
    if body and "content-type" not in lower:
        return _refused("The request is signed and has a body but no Content-Type header.", "content-type")
    received = _Signed(method, body, lower.get("content-type", ""), lower["x-timestamp"], _without_query(path))
    secret_bytes = decode_secret(secret)
    accepted = (received, replace(received, path=_decoded(received.path)))
    if not any(_matches(secret_bytes, candidate, credentials) for candidate in accepted):
        return _explained(secret_bytes, received, credentials, lower)
    if max_age_s is not None and now is not None:
        return _aged(received.timestamp, max_age_s, now)
    return Verdict(ok=True, unsigned=False, reason="The signature is right.")


def _credentials(authorization: str, key: str) -> tuple[str, Verdict | None]:
    """The signature of the header, or why there is none to check."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != SCHEME:
        if not authorization.strip():
            return "", Verdict(ok=False, unsigned=True, reason="The request has no Authorization header.")
        reason = f'The Authorization scheme is not "{SCHEME}", so the request is not signed.'
        return "", Verdict(ok=False, unsigned=True, reason=reason)
    if rest.startswith(" "):
        return "", _refused(f'The Authorization header has more than one space after "{SCHEME}".')
    theirs, colon, signature = rest.partition(":")
    if not colon or not signature:
        return "", _refused("The Authorization header is not of the form application KEY:SIGNATURE.")
    if theirs.lower() != key.lower():
        return "", _refused(f"The request is signed by the application key {theirs!r}, this project's is {key!r}.")
    return signature, None


def _explained(secret: bytes, received: _Signed, signature: str, headers: Mapping[str, str]) -> Verdict:
    """Which line of the string to sign differs, found by trying what usually happens to each of them."""
    for line, how, candidate in _variants(received, headers):
        if _matches(secret, candidate, signature):
            return _refused(f"The signature is wrong in the line {line}: the sender signed {how}.", line)
    return _refused(
        "The signature does not fit: the sender has another secret or sent another body. "
        f"The string to sign here is {received.text()!r}."
    )


def _variants(received: _Signed, headers: Mapping[str, str]) -> Iterator[tuple[str, str, _Signed]]:
    """Each variant differs in one line: its name, what the sender would have signed, and the inputs."""
    for method in _METHODS:
        yield "method", f"{method}, not {received.method.upper()}", replace(received, method=method)
    for how, content_type in _content_types(received.content_type):
        yield "content-type", how, replace(received, content_type=content_type)
    for how, timestamp in _timestamps(received.timestamp):
        yield "x-timestamp", how, replace(received, timestamp=timestamp)
    for how, path in _paths(received.path, headers):
        yield "path", how, replace(received, path=path)
    for how, body in _bodies(received.body):
        yield "body hash", how, replace(received, body=body)


def _content_types(received: str) -> Iterator[tuple[str, str]]:
    bare = received.partition(";")[0].strip()
    for other in ("", bare, received.lower(), *_JSON_TYPES, *_JSON_TYPES_TIGHT):
        yield f"{other!r}, received was {received!r}", other


def _timestamps(received: str) -> Iterator[tuple[str, str]]:
    yield "an empty timestamp", ""
    yield 'a value that itself starts with "x-timestamp:"', f"x-timestamp:{received}"
    yield "a value with a space in front", f" {received}"
    if received.startswith("x-timestamp:"):
        yield 'the value without its "x-timestamp:" prefix', received.removeprefix("x-timestamp:")


def _paths(received: str, headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    others = [received.rstrip("/"), f"{received.rstrip('/')}/", quote(_decoded(received)), "/", ""]
    prefix = headers.get("x-forwarded-prefix", "").rstrip("/")
    forwarded = (headers.get(name, "") for name in ("x-forwarded-uri", "x-original-uri", "x-original-url"))
    others += [f"{prefix}{received}", *(_without_query(uri) for uri in forwarded if uri)]
    # Something on the way put a prefix before what the sender called: try every tail of the path.
    segments = received.strip("/").split("/")
    others += [f"/{'/'.join(segments[start:])}" for start in range(1, len(segments[:_EXPLAINED_SEGMENTS]))]
    for other in others:
        yield f"{other!r}, received was {received!r}", other
    if host := headers.get("host"):
        for scheme in ("https", "http"):
            yield "the whole address, not the path alone", f"{scheme}://{host}{received}"


def _bodies(received: bytes) -> Iterator[tuple[str, bytes]]:
    yield "an empty body", b""
    yield "the body without white space around it", received.strip()
    yield "the body with a line break at its end", received + b"\n"
    yield "the body with a byte order mark", b"\xef\xbb\xbf" + received
    yield "the body with other line breaks", received.replace(b"\r\n", b"\n")
    for rewritten in _rewritten(received):
        yield "the same JSON written differently; the body was changed on the way", rewritten


def _rewritten(received: bytes) -> list[bytes]:
    """The same JSON in the ways that common libraries write it; nothing when it is no JSON, or too large to try."""
    if len(received) > _EXPLAINED_BODY:
        return []
    try:
        document = json.loads(received)
        return [
            _octets(json.dumps(document, ensure_ascii=escaped, separators=separators, indent=indent))
            for escaped in (False, True)
            for separators, indent in (((",", ":"), None), ((", ", ": "), None), ((",", ": "), 2), ((",", ": "), 4))
        ]
    except (ValueError, RecursionError):
        return []


def _aged(timestamp: str, max_age_s: float, now: float) -> Verdict:
    try:
        stamp = datetime.fromisoformat(timestamp)
    except ValueError:
        return _refused(f"The x-timestamp {timestamp!r} is not an ISO 8601 time.", "x-timestamp")
    signed_at = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    if abs(now - signed_at) > max_age_s:
        reason = f"The signature is right but {now - signed_at:.0f} s old; {max_age_s:.0f} s are allowed."
        return _refused(reason, "x-timestamp")
    return Verdict(ok=True, unsigned=False, reason="The signature is right.")


def _matches(secret: bytes, signed: _Signed, signature: str) -> bool:
    # Compared as bytes: compare_digest takes no text outside ASCII, and a header can hold anything.
    return hmac.compare_digest(_signature(secret, signed).encode(), _octets(signature))


def _signature(secret: bytes, signed: _Signed) -> str:
    return base64.b64encode(hmac.digest(secret, _octets(signed.text()), "sha256")).decode()


def _octets(text: str) -> bytes:
    # Headers reach us decoded with surrogateescape; this gives back the bytes that were on the wire. A lone
    # surrogate that came out of JSON has no bytes, and must not be the end of us.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _without_query(path: str) -> str:
    return path.partition("?")[0]


def _decoded(path: str) -> str:
    return unquote(path, errors="surrogateescape")


def _refused(reason: str, line: str | None = None) -> Verdict:
    return Verdict(ok=False, unsigned=False, reason=reason, line=line)
