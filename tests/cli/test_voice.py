from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from devserver.cli.voice import voice
from devserver.errors import FnError
from devserver.session.discovery import SessionFile, announce, private_folder
from tests.e2e.commands import Shown
from tests.e2e.running import FN
from tests.fakes.keyrings import Ring, ring
from tests.fakes.voice_platform import CALL, KEY, SECRET, VoicePlatform, voice_platform_in_a_thread

__all__ = ["ring"]

SAY = {"instructions": [{"name": "say", "text": "Hi"}], "action": {"name": "hangup"}}


@pytest.fixture
def platform() -> Iterator[VoicePlatform]:
    with voice_platform_in_a_thread() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, platform: VoicePlatform) -> Path:
    """A project, beside which a session runs whose cloud port is the platform."""
    (tmp_path / "function.py").write_text("")
    dev = {"origins": {"voice": platform.url + "/live"}}  # so that --live does not leave this machine either
    (tmp_path / "sinch.json").write_text(json.dumps({"name": "demo", "voiceApp": KEY, "dev": dev}))
    (tmp_path / ".env").write_text(f"VOICE_APPLICATION_SECRET={SECRET}\n")
    private_folder(tmp_path)
    announce(tmp_path, SessionFile(os.getpid(), "http://127.0.0.1:1", "http://127.0.0.1:1", platform.url, "t"))
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(voice, [*arguments, "--dir", str(folder)], catch_exceptions=False)


TO = {"type": "number", "endpoint": "+12025550199"}
COMMANDS: list[tuple[list[str], str, str, Any, str]] = [
    (
        ["callouts", "tts", "+12025550199", "--text", "Hello", "--ace", "--cli", "+12025550100"],
        "POST",
        "/calling/v1/callouts",
        {
            "method": "ttsCallout",
            "ttsCallout": {"destination": TO, "text": "Hello", "cli": "+12025550100", "enableAce": True},
        },
        "Call call-1 started. `fn voice calls get call-1` says how it goes.",
    ),
    (
        ["callouts", "conference", "+12025550199", "room", "--greeting", "Welcome", "--max-duration", "60", "--dice"],
        "POST",
        "/calling/v1/callouts",
        {
            "method": "conferenceCallout",
            "conferenceCallout": {
                "destination": TO,
                "conferenceId": "room",
                "greeting": "Welcome",
                "maxDuration": 60,
                "enableDice": True,
            },
        },
        "Call call-1 started.",
    ),
    (
        ["callouts", "custom", "--ice", json.dumps(SAY), "--ace", "@ace.json", "--pie", "https://a.example/pie"],
        "POST",
        "/calling/v1/callouts",
        {
            "method": "customCallout",
            "customCallout": {"ice": json.dumps(SAY), "ace": json.dumps(SAY), "pie": "https://a.example/pie"},
        },
        "Call call-1 started.",
    ),
    (
        ["calls", "get", "call-1"],
        "GET",
        "/calling/v1/calls/id/call-1",
        None,
        """\
call       call-1
from       +12015555555 (number)
to         +12017777777 (number)
status     FINAL
result     ANSWERED
reason     MANAGERHANGUP
duration   14 s
ended      2024-06-06T17:36:00
custom     Custom text
debit      0.1758 EUR
""",
    ),
    (
        ["calls", "hangup", "call-1"],
        "PATCH",
        "/calling/v1/calls/id/call-1",
        {"action": {"name": "hangup"}},
        "call-1 is told to end.",
    ),
    (
        ["calls", "update", "call-1", "--svaml", "@ace.json"],
        "PATCH",
        "/calling/v1/calls/id/call-1",
        SAY,
        "call-1 has new markup.",
    ),
    (
        ["calls", "update", "call-1", "--svaml", json.dumps(SAY), "--leg", "callee"],
        "PATCH",
        "/calling/v1/calls/id/call-1/leg/callee",
        SAY,
        "call-1 has new markup.",
    ),
    (
        ["callbacks", "get"],
        "GET",
        f"/v1/configuration/callbacks/applications/{KEY}",
        None,
        "primary    https://a.example/voice\nfallback   none\n",
    ),
    (
        ["callbacks", "set", "https://b.example/"],
        "POST",
        f"/v1/configuration/callbacks/applications/{KEY}",
        {"url": {"primary": "https://b.example/", "fallback": "https://b.example/"}},
        "Callbacks go to https://b.example/, and to https://b.example/ when that fails.",
    ),
    (
        ["callbacks", "set", "https://b.example/", "--fallback", "https://c.example/", "--application", "other"],
        "POST",
        "/v1/configuration/callbacks/applications/other",
        {"url": {"primary": "https://b.example/", "fallback": "https://c.example/"}},
        "Callbacks go to https://b.example/, and to https://c.example/ when that fails.",
    ),
    (
        ["callbacks", "set", "https://b.example/", "--primary-only"],
        "POST",
        f"/v1/configuration/callbacks/applications/{KEY}",
        {"url": {"primary": "https://b.example/"}},
        "Callbacks go to https://b.example/.",
    ),
    (
        ["numbers", "list"],
        "GET",
        "/v1/configuration/numbers",
        None,
        f"+12012222222      voice\n+12013333333      voice  {KEY}\n",
    ),
    (
        ["numbers", "assign", "+12012222222", "+12014444444", "--capability", "voice"],
        "POST",
        "/v1/configuration/numbers",
        {"numbers": ["+12012222222", "+12014444444"], "capability": "voice"},
        "+12012222222, +12014444444 assigned.",
    ),
    (
        ["numbers", "unassign", "+12012222222"],
        "DELETE",
        "/v1/configuration/numbers",
        {"number": "+12012222222"},
        "+12012222222 belongs to no application.",
    ),
    (
        ["numbers", "query", "+12015555555"],
        "GET",
        "/v1/calling/query/number/+12015555555",
        None,
        "number     +12015555555\ncountry    US\ntype       Fixed\nrestricted yes\na minute   0.01 USD\n",
    ),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[0][:2]))
def test_a_command_asks_the_sessions_platform_and_says_what_came_of_it(
    folder: Path,
    platform: VoicePlatform,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[list[str], str, str, Any, str],
) -> None:
    arguments, method, path, body, words = command
    (folder / "ace.json").write_text(json.dumps(SAY))
    monkeypatch.chdir(folder)

    done = run(folder, *arguments)

    (asked,) = platform.asked
    assert (asked.method, asked.path, asked.json) == (method, path, body)
    assert asked.scheme == "application"
    assert done.exit_code == 0
    assert done.output.startswith(words)


def test_json_is_what_the_platform_said_as_far_as_it_is_known(folder: Path) -> None:
    known = {key: value for key, value in CALL.items() if key != "somethingNew"}

    assert json.loads(run(folder, "calls", "get", "call-1", "--json").output) == known
    assert json.loads(run(folder, "calls", "hangup", "call-1", "--json").output) == {"ok": True}
    assert json.loads(run(folder, "callouts", "tts", "+1", "--text", "Hi", "--json").output) == {"callId": "call-1"}
    listed = json.loads(run(folder, "numbers", "list", "--json").output)
    assert [each["number"] for each in listed] == ["+12012222222", "+12013333333"]


def test_basic_authorization_can_be_asked_for(folder: Path, platform: VoicePlatform) -> None:
    run(folder, "calls", "get", "call-1", "--basic")

    assert platform.asked[0].scheme == "Basic"


def test_a_refusal_of_the_platform_is_one_sentence(folder: Path) -> None:
    with pytest.raises(FnError, match="404 40400 Call not found") as raised:
        run(folder, "calls", "get", "gone")
    assert raised.value.exit_code == 1


def test_without_a_session_there_is_no_local_platform(folder: Path, platform: VoicePlatform) -> None:
    (folder / ".fn" / "session.json").unlink()

    with pytest.raises(FnError, match="there is no local Sinch") as raised:
        run(folder, "calls", "get", "call-1")

    assert "--live" in raised.value.hint
    assert platform.asked == []


def test_a_session_that_does_not_answer_is_told(folder: Path) -> None:
    announce(folder, SessionFile(os.getpid(), "", "", "http://127.0.0.1:9", "t"))

    with pytest.raises(FnError, match=r"127.0.0.1:9 cannot be reached") as raised:
        run(folder, "calls", "get", "call-1")

    assert raised.value.hint == "Is `fn dev` still running?"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["callouts", "tts", "+1"], "--text or --prompts"),
        (["callouts", "custom", "--ice", "{"], "neither a URL nor JSON"),
        (["callouts", "custom", "--ice", "[]"], "no object"),
        (["callouts", "custom", "--ice", "@missing.json"], "missing.json cannot be read: No such file"),
        (["calls", "update", "c", "--svaml", "https://a.example"], "a URL cannot be given here"),
        (["callbacks", "set", "https://a", "--fallback", "https://b", "--primary-only"], "exclude each other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_usage_is_said_and_nothing_is_sent(
    folder: Path, platform: VoicePlatform, arguments: list[str], message: str
) -> None:
    done = run(folder, *arguments)

    assert done.exit_code == 2
    assert message in done.output
    assert platform.asked == []


# --- the real platform, which in these tests is `dev.origins.voice` ----------------------------------------------------

REAL = [
    ["callouts", "tts", "+12025550199", "--text", "Hi"],
    ["callouts", "custom", "--ice", "{}"],
    ["callbacks", "set", "https://b.example/"],
    ["numbers", "assign", "+12012222222"],
    ["numbers", "unassign", "+12012222222"],
]


@pytest.mark.parametrize("arguments", REAL, ids=" ".join)
def test_nothing_is_done_for_real_without_a_terminal_unless_yes_is_said(
    folder: Path, platform: VoicePlatform, arguments: list[str]
) -> None:
    with pytest.raises(FnError, match="for real, and there is no terminal to ask at") as raised:
        run(folder, *arguments, "--live")
    assert "--yes" in raised.value.hint
    assert platform.asked == []

    platform.instead = lambda _: web.json_response({"callId": "real"})
    assert run(folder, *arguments, "--live", "--yes").exit_code == 0
    assert platform.asked[0].path.startswith("/live/")


def test_looking_at_the_real_platform_needs_no_leave(folder: Path, platform: VoicePlatform) -> None:
    platform.instead = lambda _: web.json_response(CALL)

    run(folder, "calls", "get", "call-1", "--live")

    assert platform.asked[0].path == "/live/calling/v1/calls/id/call-1"


@pytest.mark.parametrize(("stored_for", "is_used"), [(KEY, True), (KEY.lower(), True), ("another", False)])
def test_the_login_gives_what_the_project_lacks_to_the_real_platform_alone(
    folder: Path, platform: VoicePlatform, ring: Ring, stored_for: str, is_used: bool
) -> None:
    platform.instead = lambda _: web.json_response(CALL)
    (folder / ".env").unlink()
    login = {
        "projectId": "p",
        "keyId": "k",
        "keySecret": "s",
        "applicationKey": stored_for,
        "applicationSecret": SECRET,
    }
    ring.set_password("sinch-cli", "auth-default", json.dumps(login))

    if is_used:
        run(folder, "calls", "get", "call-1", "--live")
        assert platform.asked[0].headers["authorization"].startswith(f"application {KEY}:")
    else:
        with pytest.raises(FnError, match="--live needs VOICE_APPLICATION_SECRET"):
            run(folder, "calls", "get", "call-1", "--live")
        assert not platform.asked


def test_the_live_platform_is_where_the_environment_says(
    folder: Path, platform: VoicePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sinch.json").write_text(json.dumps({"name": "demo", "voiceApp": KEY}))
    platform.instead = lambda _: web.json_response(CALL | {"numbers": []})
    monkeypatch.setenv("FN_CALLING_ORIGIN", platform.url + "/calls")
    monkeypatch.setenv("FN_CONFIGURATION_ORIGIN", platform.url + "/configuration/")
    run(folder, "calls", "get", "call-1", "--live")
    run(folder, "numbers", "list", "--live")
    assert [asked.path for asked in platform.asked] == [
        "/calls/calling/v1/calls/id/call-1",
        "/configuration/v1/configuration/numbers",
    ]
    monkeypatch.setenv("FN_CALLING_ORIGIN", "voice.example")
    with pytest.raises(FnError, match=r"^FN_CALLING_ORIGIN is no http:// or https:// address\."):
        run(folder, "calls", "get", "call-1", "--live")


@pytest.mark.usefixtures("ring")
def test_the_real_platform_needs_the_applications_key_and_secret(folder: Path, platform: VoicePlatform) -> None:
    (folder / ".env").unlink()

    with pytest.raises(FnError, match="--live needs VOICE_APPLICATION_SECRET"):
        run(folder, "calls", "get", "call-1", "--live")
    assert platform.asked == []


@pytest.mark.e2e
@pytest.mark.parametrize(("answer", "times"), [(b"n\n", 0), (b"y\n", 1)], ids=["no", "yes"])
def test_a_person_is_asked_before_somebody_is_called_for_real(
    folder: Path, platform: VoicePlatform, answer: bytes, times: int
) -> None:
    platform.instead = lambda _: web.json_response({"callId": "real"})
    command = Shown(FN, "voice", *REAL[0], "--live", "--dir", folder, terminal=True)
    try:
        command.wait_for(r"This calls \+12025550199 for real. Go on\? \[y/N\]")
        command.press(answer)
        command.wait_for("Call real started" if times else "Aborted")
    finally:
        command.close()

    assert len(platform.asked) == times


@pytest.mark.parametrize("command", [each[0][:2] for each in COMMANDS], ids=" ".join)
def test_every_command_has_an_example(command: list[str]) -> None:
    done = CliRunner().invoke(voice, [*command, "--help"])

    assert f"fn voice {' '.join(command)}" in done.output
