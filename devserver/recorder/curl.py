"""A call as a shell script of curl commands, which runs as it is against `fn dev`: one command a callback, in order.

Whatever was recorded came from outside, so everything is quoted for the shell: text in single quotes, everything else
as base64. A signature holds the time at which it was made; it is good for as long as the session accepts that time.

Pure: functions of data.
"""

from __future__ import annotations

import re
from base64 import encodebytes
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from devserver.recorder.exchange import Answer, Exchange, Headers
from devserver.recorder.portable import WARNING, PortableCall
from devserver.recorder.replay import headers_to_send
from devserver.recorder.takes import Item, from_exchange
from devserver.svaml.words import describe

_LONGEST_TEXT = 32_000  # bytes; a shell takes no argument of more than 128 kB
_UNWANTED = ("User-Agent", "Accept", "Content-Type", "Expect")  # what curl sends of its own accord
_IN_PATH = "/?#[]@!$&'()*+,;=:%~-._"
_PRINTABLE = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f]*")


def render(call: PortableCall, *, voice_app: str | None, voice_secret: str | None, now: str) -> Iterator[bytes]:
    """The script, piece by piece; arguments as of `replay.headers_to_send`."""
    yield _HEAD.format(call=_comment(call.callid or "no call"), warning=WARNING).encode()
    for number, exchange in enumerate(call.exchanges, 1):
        item = from_exchange(exchange)
        # No variables: the key and secret of Basic auth are taken from the environment of whoever runs the script.
        headers = headers_to_send(
            item, item.body, variables={}, voice_app=voice_app, voice_secret=voice_secret, now=now
        )
        yield f"\n# {number}. {_title(exchange)}\n".encode()
        yield _command(item, headers)


_HEAD = """\
#!/bin/sh
# The recorded call {call}. Start `fn dev`, then run this file.
# {warning}
set -eu
FN_URL="${{FN_URL:-http://127.0.0.1:3000}}"
"""


def _title(exchange: Exchange) -> str:
    at = datetime.fromtimestamp(exchange.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    what = exchange.event or f"{exchange.request.method} {exchange.request.path}"
    return _comment(f"{what}, {at}: {_answered(exchange.answer, is_voice=exchange.event is not None)}")


def _answered(answer: Answer | None, *, is_voice: bool) -> str:
    if answer is None:
        return "not answered"
    if is_voice and answer.status < 300:
        try:
            return f"answered {describe(msgspec.json.decode(answer.body) if answer.body else None)}"
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
    return f"answered {answer.status}"


def _command(item: Item, headers: Headers) -> bytes:
    present = {name.lower() for name, _ in headers}
    lines = [f"curl -sS -g --path-as-is -w '\\n' {_method(item.method)} \"$FN_URL\"{_quoted(_path(item.path))}"]
    lines += [f"-H {_quoted(_header(name, value))}" for name, value in headers]
    lines += [f"-H '{name}:'" for name in _UNWANTED if name.lower() not in present]
    if item.authorization == "basic" and "authorization" not in present:
        lines.append('-u "${PROJECT_ID_API_KEY-}:${PROJECT_ID_API_SECRET-}"')
    before, after = "", ""
    if item.body:
        text = _text(item.body)
        if text is not None:
            lines.append(f"--data-binary {_quoted(text)}")
        else:
            before, after = "base64 -d <<'END' | ", f"{encodebytes(item.body).decode()}END\n"
            lines.append("--data-binary @-")
    command = before + " \\\n  ".join(lines) + "\n" + after
    return command.encode("utf-8", "surrogateescape")


def _method(method: str) -> str:
    return "--head" if method == "HEAD" else f"-X {_quoted(method)}"


def _header(name: str, value: str) -> str:
    # Behind a semicolon curl sends a header without a value; behind a colon it would send none.
    return f"{name}: {value}" if value.strip() else f"{name};"


def _path(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe=_IN_PATH)


def _text(body: bytes) -> str | None:
    """The body, if it can stand in single quotes: curl takes an @ in front for a file, and a shell knows no NUL."""
    if len(body) > _LONGEST_TEXT or body[:1] == b"@":
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if _PRINTABLE.fullmatch(text) else None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _comment(text: str) -> str:
    """One line whatever it holds: the next line would be a command."""
    return "".join(character if character.isprintable() else " " for character in text)
