"""Credentials and secrets on a real Secret Service, each command a process of its own, from the login to the logout."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import Shown, assert_one_sentence, run
from tests.e2e.conftest import Start
from tests.e2e.leases import free_port
from tests.e2e.running import FN, environment, project
from tests.fakes.callback_api import PRODUCTION, callback_api_in_a_thread
from tests.fakes.keyrings import LOGIN_VARIABLES, needs_secret_service, secret_service
from tests.fakes.voice_platform import KEY, SECRET, voice_platform_in_a_thread

pytestmark = [pytest.mark.e2e, needs_secret_service]

KEY_SECRET = "hush-key-secret"
VALUE = "hush-stripe-value"
HIDDEN = (KEY_SECRET, VALUE, SECRET)
DOCUMENT = {
    "projectId": "p-1",
    "keyId": "k-1",
    "keySecret": KEY_SECRET,
    "applicationKey": KEY,
    "applicationSecret": SECRET,
}
FUNCTION = """\
import os

async def length(context, request):
    return {"length": len(os.environ["STRIPE_KEY"])}

async def leak(context, request):
    print("the key is", os.environ["STRIPE_KEY"])
    return {"key": os.environ["STRIPE_KEY"]}
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment of a machine with a keyring, on which nobody is logged in."""
    for name in (*LOGIN_VARIABLES, "FN_STATE_DIR", "STRIPE_KEY"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    with secret_service(home) as environ:
        yield environ | {
            "XDG_STATE_HOME": str(home / "state"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring",
        }


def piped(environ: dict[str, str], text: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FN, *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        env=environment(**environ),
        timeout=40,
        check=False,
    )


def in_clear(*folders: Path) -> list[Path]:
    """The files that hold one of the values."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if any(value.encode() in path.read_bytes() for value in HIDDEN)]


def test_from_login_to_logout_and_nothing_in_clear(machine: dict[str, str], tmp_path: Path, start: Start) -> None:
    folder = project(tmp_path / "demo", FUNCTION, voiceApp=KEY)
    said = []

    done = piped(machine, json.dumps(DOCUMENT), "auth", "login", "-f", "-")
    assert done.returncode == 0, done.stderr
    said.append(done)

    status = run("auth", "status", "--json", env=machine)
    assert status.returncode == 0
    assert {row["name"]: row["source"] for row in json.loads(status.stdout)["values"]} == dict.fromkeys(
        DOCUMENT, "keyring"
    )
    said.append(status)

    done = piped(machine, VALUE + "\n", "secrets", "add", "STRIPE_KEY", "--dir", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / ".env").read_text() == "STRIPE_KEY=\n"
    said.append(done)

    running = start(folder, env=machine)
    assert running.get("/length").json == {"length": len(VALUE)}
    running.get("/leak")
    running.wait_for("log", lambda event: "the key is" in event["text"])
    told = json.dumps(running.events)
    assert running.stop() == 143
    assert not any(value in told for value in HIDDEN)

    with voice_platform_in_a_thread() as platform:
        live = machine | {"FN_CALLING_ORIGIN": platform.url}
        said.append(run("voice", "calls", "get", "call-1", "--live", "--json", "--dir", folder, env=live))
        assert len(platform.asked) == 1  # it verifies the signature

    looking = (["secrets", "list"], ["secrets", "explain", "VOICE_APPLICATION_SECRET"], ["doctor"])
    said += [run(*arguments, "--dir", folder, env=machine) for arguments in looking]
    assert "> login: has one of profile default (from keyring)" in said[-2].stdout
    assert "The keyring keeps secrets." in said[-1].stdout
    assert [done.returncode for done in said] == [0] * len(said), said

    done = run("auth", "logout", "--yes", env=machine)
    assert "key secret, application key, application secret" in done.stdout
    assert run("auth", "status", env=machine).returncode == 1
    assert run("secrets", "clear", "-f", "--dir", folder, env=machine).returncode == 0
    assert run("secrets", "get", "STRIPE_KEY", env=machine).returncode == 1

    assert not any(value in f"{done.stdout}{done.stderr}" for done in said for value in HIDDEN)
    assert b"[secret STRIPE_KEY]" in (folder / ".fn" / "recordings.db").read_bytes()
    assert in_clear(tmp_path) == []


def test_a_public_session_has_the_application_of_the_login(
    machine: dict[str, str], tmp_path: Path, start: Start
) -> None:
    folder = project(
        tmp_path / "demo",
        "import os\n\nasync def key(context, request):\n    return os.environ['VOICE_APPLICATION_KEY']\n",
    )
    assert piped(machine, json.dumps(DOCUMENT), "auth", "login", "-f", "-").returncode == 0
    port = str(free_port())

    with callback_api_in_a_thread() as api:
        public = machine | {"FN_CONFIGURATION_ORIGIN": api.url}
        running = start(
            folder, "--port", port, "--public-url", f"http://127.0.0.1:{port}", "--yes", "--allow-unsigned", env=public
        )
        said = running.wait_for("log", lambda event: event["text"].startswith("From the login"))
        assert "VOICE_APPLICATION_KEY" in said["text"]
        running.wait_for("lease", lambda event: (event["state"], event["application"]) == ("taken", KEY))
        assert running.get("/key").body.decode() == KEY
        assert running.stop() == 143
        assert api.now == PRODUCTION
    assert not any(value in json.dumps(running.events) for value in HIDDEN)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc to look into")  # noqa: PTH112
def test_a_secret_that_is_typed_is_in_no_command_line(machine: dict[str, str], tmp_path: Path, start: Start) -> None:
    folder = project(tmp_path / "demo", FUNCTION)
    shown = Shown(FN, "secrets", "add", "STRIPE_KEY", "--dir", folder, env=machine, terminal=True)
    try:
        shown.wait_for("Value of STRIPE_KEY: ")
        shown.press(VALUE.encode() + b"\n")
        shown.wait_for("STRIPE_KEY is in the keyring")
        shown.process.wait(20)
    finally:
        shown.close()
    running = start(folder, env=machine)
    running.get("/length")
    assert seen_by_ps() == []


def seen_by_ps() -> list[str]:
    """Command lines of this machine with one of the values in it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue  # it has ended
        if any(value.encode() in words for value in HIDDEN):
            found.append(words.decode(errors="replace"))
    return found


def test_a_locked_keyring_is_one_sentence_with_three_choices(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", FUNCTION)
    with secret_service(tmp_path / "demo", unlocked=False) as environ:
        for arguments, choice in (
            (["auth", "login", "-f", "-"], "SINCH_KEY_SECRET"),
            (["secrets", "add", "STRIPE_KEY", "--dir", str(folder)], "Set STRIPE_KEY in the environment"),
        ):
            text = json.dumps(DOCUMENT) if arguments[0] == "auth" else VALUE
            done = piped(environ | {"PYTHON_KEYRING_BACKEND": ""}, text, *arguments)
            assert_one_sentence(done, 78, "cannot be stored", choice, "in .env (readable in clear there)", "unlock")
            assert not any(value in f"{done.stdout}{done.stderr}" for value in HIDDEN)
    assert not (folder / ".env").exists()
