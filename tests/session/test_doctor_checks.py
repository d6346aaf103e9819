from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devserver.runtime.clients.voice_results import Callbacks
from devserver.session import doctor_checks
from devserver.session.discovery import SessionFile, announce, private_folder
from devserver.session.doctor import Check, Finding, Patient, examine
from devserver.session.doctor_checks import CHECKS
from devserver.session.leasing import journal_of
from devserver.voiceapp import Entry
from tests.fakes.keyrings import MemoryKeyring, NoKeyring

LOGIN = {"projectId": "p", "keyId": "k", "keySecret": "hush-key"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"FN_STATE_DIR": str(tmp_path / "state")}


def write(folder: Path, env: str = "", **manifest: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "sinch.json").write_text(json.dumps({"name": "fn"} | manifest))
    (folder / "function.py").touch()
    (folder / ".env").write_text(env)
    return folder


def findings(check: Check, patient: Patient) -> list[Finding]:
    found = [each.finding for each in examine(patient, [("it", check)])]
    assert all(finding.text.endswith(".") for finding in found)
    assert not any("hush" in f"{finding}" for finding in found)
    return found


def one(check: Check, patient: Patient) -> tuple[str, str]:
    [finding] = findings(check, patient)
    return finding.state, finding.text


def test_names_are_unique() -> None:
    assert len({name for name, _ in CHECKS}) == len(CHECKS) == 10


def test_python_and_version_are_told(tmp_path: Path, environ: dict[str, str]) -> None:
    patient = Patient(tmp_path, environ, NoKeyring())
    assert one(doctor_checks.check_python, patient)[1].startswith("Python 3.")
    assert one(doctor_checks.check_version, patient)[1].startswith("fn 0.")


def test_a_folder_that_is_no_project_is_fine(tmp_path: Path, environ: dict[str, str]) -> None:
    state, text = one(doctor_checks.check_project, Patient(tmp_path, environ, NoKeyring()))
    assert state == "ok"
    assert "is no project" in text


def test_a_project_is_read_with_its_warnings(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = write(tmp_path / "a", "A=\n", odd=1)
    found = findings(doctor_checks.check_project, Patient(folder, environ, MemoryKeyring()))
    assert [finding.state for finding in found] == ["ok", "warning", "warning"]
    assert '"odd"' in found[1].text
    assert "`fn secrets add A`" in found[2].text


def test_a_project_that_cannot_be_read_is_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = write(tmp_path / "a", "A=\n")
    assert one(doctor_checks.check_project, Patient(folder, environ, NoKeyring()))[0] == "error"
    (folder / "sinch.json").write_text("{")
    assert "sinch.json line 1" in one(doctor_checks.check_project, Patient(folder, environ, NoKeyring()))[1]


@pytest.mark.parametrize(("text", "is_told"), [("A=hush\n", True), ("A=\n", False), ("# nothing\n", False)])
def test_values_in_git_are_a_warning(tmp_path: Path, environ: dict[str, str], text: str, is_told: bool) -> None:
    folder = write(tmp_path / "a", text)
    patient = Patient(folder, environ | {"A": "x"}, MemoryKeyring())
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    assert len(findings(doctor_checks.check_project, patient)) == 1
    subprocess.run(["git", "-C", str(folder), "add", ".env"], check=True)
    found = findings(doctor_checks.check_project, patient)
    assert [finding.text for finding in found[1:]] == [".env is in git, with the values in it."] * is_told


def test_credentials_are_told_with_their_places(tmp_path: Path, environ: dict[str, str]) -> None:
    ring = MemoryKeyring()
    patient = Patient(tmp_path, environ, ring)
    assert one(doctor_checks.check_credentials, patient)[0] == "ok"
    ring.entries["auth-default"] = json.dumps(LOGIN)
    assert one(doctor_checks.check_credentials, patient) == (
        "ok",
        "Profile default: project id (from keyring), key id (from keyring), key secret (from keyring).",
    )
    state, text = one(doctor_checks.check_credentials, Patient(tmp_path, environ | {"SINCH_KEY_ID": "another"}, ring))
    assert state == "warning"
    assert "but no key secret" in text
    assert one(doctor_checks.check_credentials, Patient(tmp_path, environ | {"FN_PROFILE": "x"}, ring))[0] == "error"


def test_the_keyring_is_tried_and_left_as_it_was(tmp_path: Path, environ: dict[str, str]) -> None:
    class Forgetful(MemoryKeyring):
        def set(self, account: str, value: str) -> None:
            pass

    ring = MemoryKeyring({"custom-A": "hush"})
    assert one(doctor_checks.check_keyring, Patient(tmp_path, environ, ring)) == ("ok", "The keyring keeps secrets.")
    assert ring.entries == {"custom-A": "hush"}
    assert one(doctor_checks.check_keyring, Patient(tmp_path, environ, NoKeyring()))[0] == "warning"
    assert one(doctor_checks.check_keyring, Patient(tmp_path, environ, Forgetful()))[0] == "error"


def test_the_state_folder_is_looked_at_and_not_made(tmp_path: Path, environ: dict[str, str]) -> None:
    assert one(doctor_checks.check_state_folder, Patient(tmp_path, environ, NoKeyring())) == (
        "ok",
        f"{tmp_path}/state is writable, once it is needed.",
    )
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for where in ("file", "file/state"):
        patient = Patient(tmp_path, {"FN_STATE_DIR": str(tmp_path / where)}, NoKeyring())
        assert one(doctor_checks.check_state_folder, patient)[0] == "error"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_state_folder_that_others_may_write_to_is_a_warning(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    patient = Patient(tmp_path, environ, NoKeyring())
    assert one(doctor_checks.check_state_folder, patient)[0] == "ok"
    folder.chmod(0o1777)
    (found,) = findings(doctor_checks.check_state_folder, patient)
    assert found.state == "warning"
    assert f"chmod go-w {folder}" in found.hint


def test_a_lease_that_cannot_be_read_is_an_error(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FN_STATE_DIR", environ["FN_STATE_DIR"])
    patient = Patient(tmp_path, environ, NoKeyring())
    assert one(doctor_checks.check_leases, patient) == ("ok", "No callback is to be given back.")
    leases = tmp_path / "state" / "leases"
    leases.mkdir(parents=True)
    (leases / "app-1.json").write_text("{broken")
    assert findings(doctor_checks.check_leases, patient)[0].state == "error"


def test_a_lease_that_was_left_behind_is_a_warning_and_one_in_use_is_not(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FN_STATE_DIR", environ["FN_STATE_DIR"])
    journal = journal_of(environ)
    journal.write(
        Entry(
            application="app-1",
            origin="https://voice.example",
            state="applied",
            before=Callbacks("https://production.example/voice", None),
            ours=Callbacks("https://mine.trycloudflare.com/", None),
            addresses=("https://mine.trycloudflare.com/",),
            pid=4_000_000,
            started=1.0,
            project="/somewhere/demo",
            name="demo",
            since=1.0,
        )
    )
    patient = Patient(tmp_path, environ, NoKeyring())
    [left] = findings(doctor_checks.check_leases, patient)
    assert (left.state, left.hint) == ("warning", "`fn lease restore --all` gives it back.")
    assert left.text == "The callback of app-1 was not given back by pid 4000000, which ran in /somewhere/demo."
    lock = journal.lock("app-1")
    lock.take()
    try:
        assert one(doctor_checks.check_leases, patient) == (
            "ok",
            "The callback of app-1 is on loan to pid 4000000.",
        )
    finally:
        lock.give_back()


def free_ports() -> tuple[int, int, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    first, second, third = (int(each.getsockname()[1]) for each in sockets)
    for each in sockets:
        each.close()
    return first, second, third


def test_ports_are_free_or_somebodys(tmp_path: Path, environ: dict[str, str]) -> None:
    ports = free_ports()
    patient = Patient(tmp_path, environ, NoKeyring(), ports=ports)
    assert one(doctor_checks.check_ports, patient) == ("ok", f"The ports {ports[0]}, {ports[1]}, {ports[2]} are free.")
    with socket.create_server(("127.0.0.1", ports[0])), socket.create_server(("127.0.0.1", ports[2])):
        first, last = findings(doctor_checks.check_ports, patient)
    assert (first.state, last.state) == ("warning", "ok")
    assert f"Port {ports[0]} is taken by" in first.text
    assert f"pid {os.getpid()}" in first.text
    assert "fn dev takes another one" in last.text


def test_the_ports_of_the_session_that_runs_here_are_its_own(tmp_path: Path, environ: dict[str, str]) -> None:
    private_folder(tmp_path)
    announce(tmp_path, SessionFile(os.getpid(), "http://127.0.0.1:3000", "c", "c", "t"))
    state, text = one(doctor_checks.check_ports, Patient(tmp_path, environ, NoKeyring()))
    assert (state, text) == ("ok", f"fn dev runs here (pid {os.getpid()}, http://127.0.0.1:3000).")
