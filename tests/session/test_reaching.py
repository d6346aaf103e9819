"""Where a held call is reached: at the platform its callbacks come from, and what it says when it is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from devserver.calls.timeline import Timeline
from devserver.cloud.auth import Application
from devserver.project import Project, load_project
from devserver.session.held import Unreached
from devserver.session.reaching import Calls
from tests.fakes.voice_platform import KEY, SECRET, VARIABLES, VoicePlatform, voice_platform

HANGUP = {"action": {"name": "hangup"}}


@dataclass
class PretendCall:
    timeline: Timeline


@dataclass
class Phones:
    """As much of a session's telephony as reaching needs: its application, and the calls of its phone."""

    running: dict[str, PretendCall] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)

    def application(self) -> Application:
        return Application(KEY, SECRET)

    def phone(self) -> Phones:
        return self

    @property
    def switchboard(self) -> Phones:
        return self

    def call(self, callid: str) -> PretendCall | None:
        return self.running.get(callid)

    def facts(self, callid: str) -> str | None:
        return callid if callid in self.running or callid in self.over else None


class NoKeyring:
    def get(self, account: str) -> str | None:  # noqa: ARG002 the face of Keyring
        return None


@pytest.fixture
async def sinch() -> AsyncIterator[VoicePlatform]:
    async with voice_platform() as platform:
        yield platform


@pytest.fixture
async def cloud() -> AsyncIterator[VoicePlatform]:
    async with voice_platform() as platform:
        yield platform


def project(folder: Path, **variables: str) -> Project:
    (folder / "function.py").touch()
    (folder / "sinch.json").write_text(json.dumps({"name": "demo"}))
    loaded: Project = load_project(folder, environ=variables, keyring=cast("Any", NoKeyring()))
    return loaded


def calls(made: Project, cloud: VoicePlatform, phones: Phones | None = None) -> Calls:
    return Calls(lambda: made, cast("Any", phones or Phones()), cloud.url)


async def test_a_real_call_is_reached_at_sinch_and_a_pretend_one_at_the_local_one(
    sinch: VoicePlatform, cloud: VoicePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FN_CALLING_ORIGIN", sinch.url)
    reach = calls(project(tmp_path, **VARIABLES), cloud)
    await reach.patch("tunnel", "real", HANGUP)
    await reach.patch("simulator", "pretended", HANGUP)
    await reach.patch("local", "by hand", HANGUP)

    assert [(each.method, each.path, each.json) for each in sinch.asked] == [
        ("PATCH", "/calling/v1/calls/id/real", HANGUP)
    ]
    assert [each.path for each in cloud.asked] == [
        "/calling/v1/calls/id/pretended",
        "/calling/v1/calls/id/by%20hand",
    ]


async def test_a_project_without_a_voice_app_has_the_local_one_through_the_tunnel_too(
    sinch: VoicePlatform, cloud: VoicePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FN_CALLING_ORIGIN", sinch.url)
    await calls(project(tmp_path), cloud).patch("tunnel", "real", HANGUP)

    assert (len(sinch.asked), len(cloud.asked)) == (0, 1)


@pytest.mark.parametrize(
    ("callid", "secret", "status"), [("gone", SECRET, 404), ("c1", "c2VjcmV0IG9mIHNvbWVib2R5IGVsc2U=", 401)]
)
async def test_a_refusal_has_its_status(
    cloud: VoicePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, callid: str, secret: str, status: int
) -> None:
    monkeypatch.setenv("FN_CALLING_ORIGIN", cloud.url)
    made = project(tmp_path, VOICE_APPLICATION_KEY=KEY, VOICE_APPLICATION_SECRET=secret)
    with pytest.raises(Unreached) as refused:
        await calls(made, cloud).patch("tunnel", callid, HANGUP)
    assert refused.value.status == status
    assert secret not in str(refused.value)


async def test_a_region_that_is_none_is_said_and_not_tried_again(cloud: VoicePlatform, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("VOICE_REGION=mars\n")
    with pytest.raises(Unreached, match="VOICE_REGION is 'mars'") as refused:
        await calls(project(tmp_path, **VARIABLES), cloud).patch("tunnel", "c1", HANGUP)
    assert refused.value.status == 403


async def test_nobody_there_has_none_and_a_wrong_address_is_said(
    cloud: VoicePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach = calls(project(tmp_path, **VARIABLES), cloud)
    monkeypatch.setenv("FN_CALLING_ORIGIN", "http://127.0.0.1:9")
    with pytest.raises(Unreached) as unreached:
        await reach.patch("tunnel", "c1", HANGUP)
    assert unreached.value.status is None
    monkeypatch.setenv("FN_CALLING_ORIGIN", "nowhere")
    with pytest.raises(Unreached, match="FN_CALLING_ORIGIN"):
        await reach.patch("tunnel", "c1", HANGUP)


async def test_a_pretend_call_is_known_while_it_runs_and_when_it_is_over(cloud: VoicePlatform, tmp_path: Path) -> None:
    reach = calls(project(tmp_path), cloud, Phones({"c1": PretendCall(Timeline())}, {"c2"}))

    assert [reach.knows("simulator", callid) for callid in ("c1", "c2", "c3")] == [True, True, False]
    assert reach.knows("tunnel", "c3")


async def test_the_clock_of_a_pretend_call_stands_still_until_it_is_let_go(
    cloud: VoicePlatform, tmp_path: Path
) -> None:
    timeline = Timeline()
    reach = calls(project(tmp_path), cloud, Phones({"c1": PretendCall(timeline)}))
    ran: list[str] = []
    go_on = reach.stop_clock("simulator", "c1")
    timeline.after(60.0, lambda: ran.append("a minute later"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert ran == []
    go_on()
    reach.stop_clock("simulator", "ended")()
    reach.stop_clock("tunnel", "c1")()
    over = asyncio.Event()
    timeline.after(60.0, over.set)
    async with asyncio.timeout(5):
        await over.wait()
    assert ran == ["a minute later"]
