"""The checks of `fn doctor`: this Python, this project, credentials, keyring, files, ports, tunnel, leases, clock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from devserver.errors import ConfigError, FnError
from devserver.project.env_file import read_env_file
from devserver.project.places import is_open_to_others, is_writable, state_folder
from devserver.session.doctor import Check, Finding, Patient
from devserver.session.doctor_outside import check_clock, check_cloudflared

_PROBE = "doctor"  # account of an entry that is deleted at once
_PATIENCE = 5.0  # seconds for git


def check_python(_patient: Patient) -> Iterator[Finding]:
    """Which interpreter runs `fn`, and so the functions."""
    words = f"Python {sys.version.split()[0]} ({sys.executable})"
    if sys.version_info < (3, 11):  # noqa: UP036 whoever has copied the files here was never asked by pip
        yield Finding("error", f"{words} is too old.", "Install fn in an environment with Python 3.11 or later.")
    elif sys.platform == "win32":
        yield Finding("warning", f"{words}, on Windows, which fn is not written for.", "Use WSL.")
    else:
        yield Finding("ok", f"{words}.")


def check_version(_patient: Patient) -> Iterator[Finding]:
    """Which `fn` this is."""
    from importlib.metadata import PackageNotFoundError, version

    place = Path(__file__).parents[1]
    try:
        yield Finding("ok", f"fn {version('fn-dev')} ({place}).")
    except PackageNotFoundError:
        yield Finding("warning", f"fn in {place} is not installed.", "Install it with `pip install .`.")


def check_project(patient: Patient) -> Iterator[Finding]:
    """Whether the folder is a project that can run."""
    from devserver.project import load_project
    from devserver.project.load import ENTRY
    from devserver.project.manifest import FILE

    if not any((patient.folder / name).exists() for name in (FILE, ENTRY)):
        yield Finding("ok", f"{patient.folder.resolve()} is no project, so none is looked at.")
        return
    project = load_project(patient.folder, environ=patient.environ, keyring=patient.keyring)
    yield Finding("ok", f"{project.name} in {project.root} can be read.")
    for warning in project.warnings:
        yield Finding("warning", warning)
    yield from _env_in_git(project.root)


def _env_in_git(root: Path) -> Iterator[Finding]:
    """The platform warns of the same at a deployment: ENV_IN_GIT (functions-platform.md 5)."""
    if not any(read_env_file(root).values()):
        return
    try:
        asked = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--error-unmatch", ".env"],  # noqa: S607 the git of the PATH
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return  # no git, so nothing is in it
    if asked.returncode == 0:
        yield Finding(
            "warning", ".env is in git, with the values in it.", "`git rm --cached .env`, and list it in .gitignore."
        )


def check_credentials(patient: Patient) -> Iterator[Finding]:
    """Who is logged in, and where each value is from."""
    from devserver.project.login import PARTS, load_login

    login = load_login(patient.environ, patient.keyring)
    there = [f"{part.words} (from {login.sources[part.field]})" for part in PARTS if login.value(part)]
    if not there:
        yield Finding(
            "ok",
            f"Nobody is logged in (profile {login.profile}); that is needed for real calls only.",
            "`fn auth login` stores credentials.",
        )
    elif not login.is_complete or login.mismatch:
        missing = ", ".join(part.words for part in PARTS if not login.value(part))
        yield Finding(
            "warning",
            f"Of the login of profile {login.profile} there is {', '.join(there)}, but no {missing}.",
            "`fn auth status` says why; `fn auth login` stores them.",
        )
    else:
        yield Finding("ok", f"Profile {login.profile}: {', '.join(there)}.")


def check_keyring(patient: Patient) -> Iterator[Finding]:
    """Whether a secret can be stored, found and deleted again."""
    from devserver.project.system_keyring import choices

    try:
        patient.keyring.set(_PROBE, "probe")
        found = patient.keyring.get(_PROBE)
        patient.keyring.delete(_PROBE)
    except ConfigError as error:
        yield Finding("warning", error.message, choices("secrets", "them"))
        return
    if found == "probe":
        yield Finding("ok", "The keyring keeps secrets.")
    else:
        yield Finding(
            "error", "The keyring does not give back what was stored.", "`keyring diagnose` shows which it is."
        )


def check_state_folder(patient: Patient) -> Iterator[Finding]:
    """Whether leases and profiles can be written down, and nobody else can change them."""
    folder = state_folder(patient.environ)
    if is_writable(folder) and is_open_to_others(folder):
        yield Finding(
            "warning",
            f"Others may write to the state folder {folder}, and so change what callbacks are given back to.",
            f"`chmod go-w {folder}`, or set FN_STATE_DIR to a folder of your own.",
        )
    elif is_writable(folder):
        yield Finding("ok", f"{folder} is writable{'' if folder.exists() else ', once it is needed'}.")
    else:
        yield Finding(
            "error",
            f"The state folder {folder} is not writable, so no callback can be changed.",
            "Set FN_STATE_DIR to a folder that you may write to.",
        )


def check_leases(_patient: Patient) -> Iterator[Finding]:
    """Whether a session has left a callback behind that points at this machine."""
    from devserver.session.lease_restoring import list_leases

    found = list(list_leases())
    for each in found:
        if isinstance(each, FnError):
            yield Finding("error", each.message, each.hint)
        elif each.live:
            yield Finding("ok", f"The callback of {each.entry.application} is on loan to pid {each.entry.pid}.")
        else:
            yield Finding(
                "warning",
                f"The callback of {each.entry.application} was not given back by pid {each.entry.pid}, "
                f"which ran in {each.entry.project}.",
                "`fn lease restore --all` gives it back.",
            )
    if not found:
        yield Finding("ok", "No callback is to be given back.")


def check_ports(patient: Patient) -> Iterator[Finding]:
    """Whether `fn dev` gets the ports that it likes best, or who has them."""
    from devserver.session.discovery import find_session
    from devserver.session.ports import listen

    session = find_session(patient.folder)
    if session is not None:
        yield Finding("ok", f"fn dev runs here (pid {session.pid}, {session.function}).")
        return
    taken = []
    for port, flag in zip(patient.ports, ("--port", "--console-port", "--cloud-port"), strict=True):
        try:
            sockets = listen(port, flag=flag)
        except FnError as error:
            taken.append(_taken(flag, error))
            continue
        for each in sockets:
            each.close()
    yield from taken or [Finding("ok", f"The ports {', '.join(map(str, patient.ports))} are free.")]


def _taken(flag: str, error: FnError) -> Finding:
    if flag == "--port":
        return Finding("warning", error.message, error.hint)
    return Finding("ok", f"{error.message} fn dev takes another one for that.")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("python", check_python),
    ("fn", check_version),
    ("project", check_project),
    ("credentials", check_credentials),
    ("keyring", check_keyring),
    ("state", check_state_folder),
    ("leases", check_leases),
    ("ports", check_ports),
    ("cloudflared", check_cloudflared),
    ("clock", check_clock),
)
"""In the order in which they are told."""
