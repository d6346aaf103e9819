"""The command for a person is run as it is printed: by a shell, with curl, against the API."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.by_hand import command
from tests.fakes.callback_api import KEY, SECRET, callback_api_in_a_thread
from tests.voiceapp.samples import MINE, entry

BEFORE = [
    Callbacks("https://ivr.example.com/voice?tenant=7&x=%20", "https://backup.example.com/it's $HOME `id`"),
    Callbacks("https://ivr.example.com/voice", None),
    Callbacks(None, None),
]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize("before", BEFORE, ids=["both", "no fallback", "none"])
def test_the_command_gives_the_callback_back(before: Callbacks) -> None:
    with callback_api_in_a_thread() as api:
        api.configure(MINE, "https://ivr.example.com/voice")
        printed = command(entry(origin=f"{api.url}/", before=before))
        done = subprocess.run(
            ["sh", "-c", f"{printed} --fail --silent --show-error --noproxy '*'"],
            env={
                "PATH": os.environ["PATH"],
                "VOICE_APPLICATION_KEY": KEY,
                "VOICE_APPLICATION_SECRET": SECRET,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert api.now == before
        assert api.methods == ["POST"]


def test_it_names_no_secret() -> None:
    assert SECRET not in command(entry())
    assert '"$VOICE_APPLICATION_KEY:$VOICE_APPLICATION_SECRET"' in command(entry())


def test_a_key_cannot_leave_the_address() -> None:
    assert "applications/..%2F..%2Fx" in command(entry(application="../../x"))
