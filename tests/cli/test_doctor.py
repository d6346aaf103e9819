from __future__ import annotations

import json
from pathlib import Path

import pytest

from devserver.session.doctor_checks import CHECKS
from tests.e2e.commands import run
from tests.fakes.keyrings import store

__all__ = ["store"]

pytestmark = pytest.mark.e2e


@pytest.fixture
def environ(store: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A machine on which all is well, and a secret is stored."""
    (tmp_path / "cloudflared").write_text("#!/bin/sh\necho cloudflared version 2026.7.2\n")
    (tmp_path / "cloudflared").chmod(0o755)
    login = {"projectId": "p", "keyId": "k", "keySecret": "hush-key"}
    (tmp_path / "ring.json").write_text(json.dumps({"sinch-cli auth-default": json.dumps(login)}))
    return store | {"FN_CLOUDFLARED": str(tmp_path / "cloudflared")}


def test_a_machine_on_which_all_is_well(environ: dict[str, str], tmp_path: Path) -> None:
    done = run("doctor", "--dir", tmp_path, env=environ)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    told = [line[1] for line in lines if line[0] in {"ok", "warning", "error"}]
    assert list(dict.fromkeys(told)) == [name for name, _ in CHECKS]
    assert "key secret (from keyring)" in done.stdout
    assert "hush" not in done.stdout


def test_an_error_is_the_exit_status_and_has_a_next_step(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    done = run("doctor", "--json", "--dir", tmp_path, env=environ)
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (1, False)
    broken = {each["name"]: each for each in found["checks"] if each["state"] == "error"}
    assert "FN_STATE_DIR" in broken["state"]["hint"]
    assert "is not a folder" in broken["state"]["text"]
    assert "Traceback" not in done.stderr
