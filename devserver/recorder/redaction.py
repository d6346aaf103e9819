r"""What must not be written down, and how it is taken out before bytes reach a disk or terminal.

Three kinds. The values of the project's secrets, wherever they stand and however they are spelled (`spellings`); they
leave `[secret NAME]`, which a replay can put back. The values of certain headers. And what looks like a credential by
the rules of a table, though nobody told us of it: it leaves `[redacted]`.

The rules go by names that say "private" and by forms that nothing else has, because a wrong guess changes what is
replayed. Therefore `custom`, `cookie`, `callid`, `applicationKey` and everything else that a voice callback or an
answer consists of is never touched for its name (but for `credentials` of a recording, which open a bucket), nor are
values of `setCookie`: they are the state of a call. What a caller types as a password arrives as `menuResult.value`,
like any other key: nothing can tell it apart.

Pure: no I/O and no clock. It works on bytes, because recorded bodies are bytes, and it must be cheap for the usual case
that nothing is found: a pattern runs only where a sign of it was found by the fastest of searches.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec

from devserver.recorder.spellings import SHORTEST, KnownSecrets

__all__ = ["REDACTED", "RULES", "SHORTEST", "Redactor", "Rule", "by_rules"]

REDACTED = "[redacted]"
"""What stands in place of a credential that no secret of the project is."""

_HIDDEN = REDACTED.encode()

# --- headers ---------------------------------------------------------------------------------------------------

_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "x-authorization", "authentication"})
_PRIVATE = frozenset(
    {
        "api-key",
        "apikey",
        "cf-access-jwt-assertion",
        "cookie",
        "ocp-apim-subscription-key",
        "set-cookie",
        "token",
        "x-api-key",
        "x-functions-key",
        "x-goog-iap-jwt-assertion",
    }
)
_PRIVATE_ENDS = ("-token", "-secret", "-password", "-api-key", "-access-key", "-apikey")

# --- the table of rules ----------------------------------------------------------------------------------------


class Rule(msgspec.Struct, frozen=True):
    """One form of credential.

    Attributes:
        signs: one of them is there, in lower case, whenever the pattern matches.
        pattern: finds it; its time grows with the length of the text only, whatever that is.
        replace: gives what stands there instead.
    """

    signs: tuple[str, ...]
    pattern: re.Pattern[bytes]
    replace: Callable[[re.Match[bytes]], bytes]


# How a private name ends; anything may stand before it, as in `SINCH_APPLICATION_SECRET` or `accessToken`.
_NAME = (
    # The token of a next page opens nothing, and without it a replay asks for another page.
    rb"[\w.-]{0,40}?(?:passw(?:or)?d|passphrase|passcode|secret(?:[_-]?key)?|(?<!page)(?<!page[_-])token"
    rb"|api[_-]?key|access[_-]?key"
    rb"|private[_-]?key|authorization|credentials?)"
)
_NAME_SIGNS = (
    *("pass", "secret", "token", "apikey", "api_key", "api-key"),
    *("access", "private", "authorization", "credential"),
)
_PERCENT = rb"%(?:25){0,3}"
_IS_MARKED = re.compile(rb"(?:[A-Za-z]+ +)?(?:\[secret [^\[\]\s]+\]|\[redacted\])|\s*")
_UNQUOTED = rb"(?:\[secret [^\[\]\s]+\]|[^\s&\"'<>\\#,;]|[,;](?=[^\s&\"']))+"
# A quote that may as well be the end of a JSON text around it is no beginning of a value.
_OPENS = rb"(?![\s,:}\]]|\Z)"


def _hide_value(match: re.Match[bytes]) -> bytes:
    """The value of a name; a secret that is known by its own name stays, so that a replay can put it back."""
    group = match.lastgroup or ""
    value = match[group]
    if _IS_MARKED.fullmatch(value):
        return match[0]
    start, end = match.start(group) - match.start(), match.end(group) - match.start()
    # In place of a number there has to be a JSON text.
    hidden = b'"%s"' % _HIDDEN if group == "number" else _HIDDEN
    return match[0][:start] + hidden + match[0][end:]


def _hide_token(match: re.Match[bytes]) -> bytes:
    """What stands behind `Bearer` or `Basic`, unless it is a word of a sentence."""
    token = match["token"]
    is_secret = _names_somebody(token) if match["scheme"].lower() == b"basic" else _is_random(token)
    return match[0][: -len(token)] + _HIDDEN if is_secret else match[0]


def _names_somebody(token: bytes) -> bool:
    """Whether it is `name:password` in base64 (RFC 7617)."""
    try:
        return b":" in b64decode(token + b"=" * (-len(token) % 4), validate=True)
    except ValueError:
        return False


def _is_random(token: bytes) -> bool:
    letters = token.decode()
    return not letters.isalpha() or not (letters.islower() or letters.isupper() or letters.istitle())


def _hide_all(_match: re.Match[bytes]) -> bytes:
    return _HIDDEN


RULES = {
    'fields with private names, in JSON: `"password": "..."`': Rule(
        _NAME_SIGNS,
        re.compile(
            rb"(?is)(?<!\\)\"" + _NAME + rb"\"\s{0,4}:\s{0,4}(?:\"(?P<text>(?:[^\"\\]|\\.)*+)|(?P<number>-?\d{4,20}))"
        ),
        _hide_value,
    ),
    "the same in JSON within JSON, with as many backslashes before each quote": Rule(
        _NAME_SIGNS,
        re.compile(
            rb"(?is)(?<!\\)(?P<b>\\{1,15}+)(?P<q>[\"'])" + _NAME + rb"(?P=b)(?P=q)\s{0,4}:\s{0,4}(?P=b)(?P=q)"
            rb"(?P<text>(?:[^\"\\]|\\++(?!\")|(?!(?<!\\)(?P=b)(?P=q))\\++\")*+)"
        ),
        _hide_value,
    ),
    "the same in Python, as logs have it: `{'password': '...'}`": Rule(
        _NAME_SIGNS,
        re.compile(
            rb"(?is)(?<!\\)'" + _NAME + rb"'\s{0,4}:\s{0,4}"
            rb"(?:'(?P<text>(?:[^'\"\\]|\\.|\"" + _OPENS + rb")*+)|\\{0,15}\"" + _OPENS + rb"(?P<other>[^\"\\]*+))"
        ),
        _hide_value,
    ),
    "the same in JSON, or JSON within JSON, that is percent-encoded in a form": Rule(
        _NAME_SIGNS,
        re.compile(
            rb"(?is)(?P<q>(?:"
            + _PERCENT
            + rb"5c){0,15}+"
            + _PERCENT
            + rb"2[27])"
            + _NAME
            + rb"(?P=q)"
            + _PERCENT
            + rb"3a(?:\+|"
            + _PERCENT
            + rb"20){0,4}(?P=q)"
            rb"(?P<text>(?:(?!(?<!%5c)(?<!%255c)(?<!%25255c)(?P=q))[^&\s])*+)"
        ),
        _hide_value,
    ),
    "parameters of forms and URLs, and assignments in logs: `token=...`": Rule(
        _NAME_SIGNS,
        re.compile(
            rb"(?is)(?<![\w.-])" + _NAME + rb"(?:=(?P<value>" + _UNQUOTED + rb")"
            rb"|\s?=\s?(?P<b>\\{0,15})(?P<q>[\"'])" + _OPENS + rb"(?P<quoted>[^\"'\\]*+))"
        ),
        _hide_value,
    ),
    "the same in a URL that is itself a parameter": Rule(
        _NAME_SIGNS,
        re.compile(
            rb"(?is)(?:" + _PERCENT + rb"(?:3f|26))" + _NAME + _PERCENT + rb"3d"
            rb"(?P<value>(?:\[secret [^\[\]\s]+\]|(?!" + _PERCENT + rb"2[36])[^\s&\"'<>\\#,;])+)"
        ),
        _hide_value,
    ),
    "passwords in addresses: `https://user:...@host`": Rule(
        ("@", "%40"),
        re.compile(
            rb"(?i):(?://|%2f%2f)[^\s/:@\"'<>\\?#]{0,100}(?::|%3a)"
            rb"(?P<value>(?:\[secret [^\[\]\s]+\]|(?!%40)[^\s/@\"'<>\\]){1,200})(?:@|%40)"
        ),
        _hide_value,
    ),
    "`Bearer ...` and `Basic ...`, wherever they stand": Rule(
        ("bearer", "basic"),
        re.compile(rb"(?i)\b(?P<scheme>bearer|basic)(?:\s|%20|\+){1,3}(?P<token>[\w.~+/-]{8,}+={0,2})"),
        _hide_token,
    ),
    "JSON web tokens": Rule((".eyj",), re.compile(rb"\beyJ[\w-]{8,}+\.eyJ[\w-]{8,}+(?:\.[\w-]*+)?"), _hide_all),
    "private keys": Rule(
        ("private",),
        re.compile(
            rb"-----BEGIN(?:[A-Z +]|%20){0,30}PRIVATE(?: |\+|%20)KEY-----"
            rb"(?:(?!-----END)[\w\s+/=:,.%-]|\\+[nr])*+(?:-----END(?:[A-Z +]|%20){0,30}-----)?"
        ),
        _hide_all,
    ),
}
"""What each rule is for, and the rule; in the order in which they are applied."""

_SHORT = 100  # characters
_PERCENT_SIGNS = tuple(sign for rule in RULES.values() for sign in rule.signs if "%" in sign)


def by_rules(data: bytes) -> bytes:
    """The bytes without what the table describes; the same object when nothing is found."""
    lower = data.decode("latin-1").lower()  # text is searched faster than bytes are
    if not _has_signs(lower):
        return data
    clean = data
    for rule in RULES.values():
        if any(sign in lower for sign in rule.signs):
            clean = rule.pattern.sub(rule.replace, clean)
    return data if clean == data else clean


def _has_signs(lower: str) -> bool:
    # Spelled out: each callback is looked at six times, and a loop over the signs costs more than the search itself.
    return (
        "pass" in lower
        or "secret" in lower
        or "token" in lower
        or "apikey" in lower
        or "api_key" in lower
        or "api-key" in lower
        or "access" in lower
        or "private" in lower
        or "authorization" in lower
        or "credential" in lower
        or "@" in lower
        or "bearer" in lower
        or "basic" in lower
        or ".eyj" in lower
        or ("%" in lower and any(sign in lower for sign in _PERCENT_SIGNS))
    )


def _is_suspect(text: str) -> bool:
    return _is_short_suspect(text) if len(text) <= _SHORT else _has_signs(text.lower())


@lru_cache(maxsize=2048)
def _is_short_suspect(text: str) -> bool:
    """Paths and values of headers come again with every callback."""
    return _has_signs(text.lower())


# --- all of it -------------------------------------------------------------------------------------------------


class Redactor:
    """Takes secrets out, and puts them back for a replay.

    Args:
        secrets: value by name. Values shorter than `SHORTEST` characters are left alone.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        known = KnownSecrets(secrets)
        self._known = known if known.values else None
        # Most header lines of a callback are those of the one before.
        self._line = lru_cache(maxsize=1024)(self._clean_line)

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Header lines without credentials, cookies, keys and secrets; of `Authorization` the scheme stays."""
        return [self._line(name, value) for name, value in pairs]

    def _clean_line(self, name: str, value: str) -> tuple[str, str]:
        # Names of headers are full of signs, so only the value is looked at for them.
        value = self.text(_without_credentials(name, value))
        return (name if self._known is None else self._known.text(name)), value

    def data(self, data: bytes) -> bytes:
        """The bytes without secrets and without what the rules describe; the same object when there is none."""
        return by_rules(data if self._known is None else self._known.data(data))

    def text(self, text: str) -> str:
        """The text without secrets and without what the rules describe; the same object when there is none."""
        if self._known is not None:
            text = self._known.text(text)
        if not _is_suspect(text):
            return text
        data = text.encode("utf-8", "surrogatepass")
        clean = by_rules(data)
        return text if clean is data else clean.decode("utf-8", "surrogatepass")

    def restore(self, data: bytes) -> bytes:
        """The bytes with the known secrets put back, escaped when they are a JSON document; otherwise as they are.

        A secret that was percent-encoded comes back plain: nothing says how it stood there.
        """
        return data if self._known is None else self._known.restore(data)


@lru_cache(maxsize=1024)
def _kind(name: str) -> str:
    lower = name.lower()
    if lower in _CREDENTIALS:
        return "credentials"
    return "private" if lower in _PRIVATE or lower.endswith(_PRIVATE_ENDS) else ""


def _without_credentials(name: str, value: str) -> str:
    kind = _kind(name)
    if not kind:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {REDACTED}" if kind == "credentials" and space and scheme.isalnum() else REDACTED
