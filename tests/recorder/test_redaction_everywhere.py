"""Secrets in every position of an exchange, and none in anything that is written, shown or found afterwards."""

from __future__ import annotations

import json
import sqlite3
import string
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from devserver.cli.recordings import recordings
from devserver.recorder.exchange import Effect
from devserver.recorder.redaction import Redactor
from devserver.recorder.search import search
from devserver.recorder.state import Change
from tests.recorder.made import START, record, say

# One word each, so that the search index cannot hide one by cutting it.
# And with ends that no word of ours has.
secrets = st.text(string.ascii_letters + string.digits, min_size=4, max_size=20).map(lambda value: f"Qz7{value}9Kw")
signs = st.sampled_from(["", "/", "+=", "ä", '"', "\\", " ", "%", "&", "\n", "\u2028", "'"])


def calls(known: str, private: str) -> list[dict[str, Any] | Change]:
    """Exchanges with a known secret in every position, and one that nobody told us of where its name gives it away."""
    nested = json.dumps({"deep": json.dumps({known: known, "token": private})})
    logs = [
        {
            "at": 1.0,
            "level": "info",
            "text": f"a {known} b password={private}",
            "fields": {known: [known], "apiKey": private},
        },
        {
            "at": 1.0,
            "level": "info",
            "text": f"sending Bearer A1{private}, {json.dumps({'secret': private})}",
            "fields": {},
        },
    ]
    trace = f'File "x.py"\n    connect(token="{private}")\nValueError: {known} at https://me:{private}@host/'
    effects = [
        Effect("cache", "set", known, START, {known: known, "token": private}, 60.0),
        Effect("storage", "write", f"a/{known}", START, {"text": f"{known} token={private}"}),
        Effect("database", "insert", f"INSERT INTO t VALUES ('{known}') -- password={private}", START),
        Effect(
            "outbound", "POST", f"https://x/?a={known}&token={private}", START, {"sent": {"token": private, known: 1}}
        ),
    ]
    everywhere: dict[str, Any] = {
        "path": f"/{quote(known)}?x={quote(known, safe='')}&token={private}",
        "callid": known,
        "headers": (
            ("Authorization", f"Bearer {private}"),
            ("Cookie", f"session={private}"),
            ("X-Api-Key", private),
            ("X-Other", known.encode().decode("latin-1")),
            ("Referer", f"https://x/?access_token={private}"),
        ),
        "logs": logs,
        "error": {"kind": "raised", "text": f"{known} secret={private}", "traceback": trace},
        "effects": effects,
    }
    body = json.dumps({known: known, "list": [known], "nested": nested, "password": private}).encode()
    form = urlencode({"a": known, "payload": nested, "token": private}).encode()
    return [
        Change("cache", known, json.dumps({"a": known, "token": private}).encode(), START, START + 10**9),
        {**everywhere, "body": body, "said": say(f"Hello {known}. secret={private}")},
        {**everywhere, "body": form, "said": body, "event": None, "path": "/form"},
    ]


@settings(deadline=None, max_examples=60)
@given(secrets, signs, secrets)
def test_no_secret_is_anywhere_afterwards(word: str, sign: str, private: str) -> None:
    if word.lower() in private.lower() or private.lower() in word.lower():
        return
    known = f"{word}{sign}{word[::-1]}" if sign else word
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / ".fn"
        record(folder, *calls(known, private), redact=Redactor({"TOKEN": known}))
        run = CliRunner().invoke
        with closing(sqlite3.connect(folder / "recordings.db")) as connection:
            ids = [row[0] for row in connection.execute("SELECT id FROM request")]
        shown = [
            run(recordings, [*arguments, *more, "--dir", place], catch_exceptions=False).stdout
            for arguments in (["list"], ["search", "a"], *(["show", each] for each in ids))
            for more in ([], ["--json"])
        ]
        assert len(shown) == 8
        for secret in (word, private):
            assert search(folder, [secret], limit=5) == []
            for text in (*shown, *(file.read_bytes().decode("latin-1") for file in folder.iterdir())):
                assert secret not in text
            assert secret.lower() not in (folder / "search.db").read_bytes().decode("latin-1")
