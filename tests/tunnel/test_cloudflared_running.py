"""What cloudflared does only on other machines, in other versions or in bad moments, by a program that passes for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from devserver.tunnel import QuickTunnel, TunnelFailed, program
from devserver.tunnel.cloudflared_running import Running
from devserver.tunnel.provider import Away, Gone, Reachable
from tests.fakes.pretend_cloudflared import Knobs, PretendCloudflared


def quick(program: PretendCloudflared | Path, more: str = "", patience: float = 20) -> QuickTunnel:
    path = program if isinstance(program, Path) else program.path
    return QuickTunnel(
        {"PATH": os.environ["PATH"], "FN_CLOUDFLARED": str(path), "FN_CLOUDFLARED_ARGS": more}, patience=patience
    )


def protocols(program: PretendCloudflared) -> list[str]:
    """With which protocol it was started, each time."""
    return [given[given.index("--protocol") + 1] for given in program.started]


async def test_a_protocol_without_a_connection_is_given_up_for_http2_and_that_is_kept(tmp_path: Path) -> None:
    program = PretendCloudflared(tmp_path, Knobs(ready_with=("http2",)))
    provider = quick(program, patience=1.5)
    for _ in range(2):
        running = await provider.connect(1)
        assert running.url == "https://pretend.trycloudflare.com"
        await running.close()
    assert protocols(program) == ["auto", "http2", "http2"]


async def test_a_protocol_of_the_users_choice_is_not_given_up(tmp_path: Path) -> None:
    program = PretendCloudflared(tmp_path)
    with pytest.raises(TunnelFailed, match="no connection to Cloudflare after 1 s"):
        await quick(program, "--protocol quic", patience=1).connect(1)
    assert len(program.started) == 1


async def test_one_that_is_too_old_for_an_option_is_started_without_it(tmp_path: Path) -> None:
    program = PretendCloudflared(tmp_path, Knobs(knows_prechecks=False))
    provider = quick(program)
    for _ in range(2):
        await (await provider.connect(1)).close()
    assert ["--no-prechecks" in given for given in program.started] == [True, False, False]


async def test_that_option_of_the_users_own_is_not_left_out(tmp_path: Path) -> None:
    program = PretendCloudflared(tmp_path, Knobs(knows_prechecks=False))
    with pytest.raises(TunnelFailed, match="does not know the option --no-prechecks"):
        await quick(program, "--no-prechecks").connect(1)
    assert len(program.started) == 2


async def test_its_last_words_are_quoted_when_nobody_has_foreseen_them(tmp_path: Path) -> None:
    program = PretendCloudflared(tmp_path, Knobs(says="The sky is falling.", ends_with=3))
    with pytest.raises(TunnelFailed) as failed:
        await quick(program).connect(1)
    assert failed.value.message == "cloudflared ended with status 3: The sky is falling."


@pytest.fixture
async def running(tmp_path: Path) -> Running:
    return await quick(PretendCloudflared(tmp_path)).connect(1)


async def test_without_a_connection_it_is_away(running: Running, tmp_path: Path) -> None:
    assert await running.look() == Reachable()
    (tmp_path / "away").touch()
    assert await running.look() == Away("The connection to Cloudflare is lost; cloudflared is making a new one.")
    await running.close()


async def test_one_that_is_frozen_is_away_at_first_and_gone_in_the_end(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await running.look() == Reachable()
    (tmp_path / "frozen").touch()
    assert await running.look() == Away("cloudflared does not answer.")
    monkeypatch.setattr(program, "_SILENT_FOR", 0.0)
    assert await running.look() == Gone("cloudflared does not answer.")
    await running.close()


async def test_one_that_has_ended_is_gone_and_says_why(running: Running) -> None:
    running._guarded._kill()
    await running.ended()
    assert await running.look() == Gone("cloudflared was killed.")
    await running.close()


PROGRAMS = {
    "another architecture": (
        b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x02\0\xb7\0" + b"\0" * 44,
        "is not a program for this machine: its architecture is another one.",
    ),
    "cut": (b"\x7fELF", "is not a program for this machine: its architecture is another one."),
    "no loader": (b"#!/nowhere/loader\n", "needs a loader or an interpreter that is not on this machine."),
}


@pytest.mark.parametrize(("content", "sentence"), PROGRAMS.values(), ids=PROGRAMS)
async def test_a_file_that_cannot_be_run_here_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "cloudflared"
    file.write_bytes(content)
    file.chmod(0o755)
    with pytest.raises(TunnelFailed) as failed:
        await quick(file).connect(1)
    assert failed.value.message == f"{file} {sentence}"
    assert "FN_CLOUDFLARED" in failed.value.hint


async def test_a_machine_that_starts_nothing_leaves_no_folder(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    program = PretendCloudflared(tmp_path)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TunnelFailed, match="No process can be started"):
        await quick(program).connect(1)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "private"),
    [("--edge 127.0.0.1:7844", True), ("--protocol http2", False), ("--edge 'half", False), ("", False)],
)
def test_the_users_arguments_say_whether_its_addresses_are_private(more: str, private: bool) -> None:
    assert QuickTunnel({"FN_CLOUDFLARED_ARGS": more}).private is private


async def test_without_a_place_for_its_home_it_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(TunnelFailed, match=os.strerror(errno.ENOENT)) as failed:
        await quick(PretendCloudflared(tmp_path)).connect(1)
    assert "TMPDIR" in failed.value.hint
