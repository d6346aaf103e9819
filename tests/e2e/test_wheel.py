"""A plain `pip install .` gives a complete `fn` outside the checkout (DESIGN 6)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.e2e.commands import run_program

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
TEMPLATES = ("simple-voice-ivr", "call-forwarding", "sms-responder", "custom-endpoint", "empty")


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, ROOT)
    (made,) = folder.glob("fn_dev-*.whl")
    return made


@pytest.fixture(scope="module")
def fn(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`fn` of a fresh environment: our code from the wheel, what it depends on from where the tests have it."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=os.name == "posix")
    python = folder / "bin" / "python"
    pip("--python", python, "install", "--no-deps", "--no-index", wheel)
    (packages,) = folder.glob("lib/python3*/site-packages")
    # Lines of a .pth file come after the folder it lies in, and .pth files of the folders it names are not read: what
    # makes the checkout importable for the tests does not count here.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "fn"


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    package = ROOT / "devserver"
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache", ".fn"}.intersection(path.parts)
    }

    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert packed == ours


def test_the_installed_code_is_the_wheels(fn: Path, tmp_path: Path) -> None:
    done = run_program(fn.with_name("python"), "-c", "import devserver; print(devserver.__file__)", cwd=tmp_path)

    assert Path(done.stdout.strip()).is_relative_to(fn.parents[1])
    assert run_program(fn, "--version", cwd=tmp_path).stdout.startswith("fn 0.")


def test_the_installed_fn_knows_its_templates(fn: Path, tmp_path: Path) -> None:
    done = run_program(fn, "templates", "list", "--json", cwd=tmp_path)

    assert tuple(template["name"] for template in json.loads(done.stdout)) == TEMPLATES
    assert done.stderr == ""


ASK = """\
import os, urllib.error, urllib.request
request = urllib.request.Request(os.environ["FN_FUNCTION_URL"] + "/ice", b'{"callid": "c-1", "cli": "+12025550199"}')
try:
    with urllib.request.urlopen(request) as answer:
        print("answer", answer.status)
except urllib.error.HTTPError as error:
    print("answer", error.code)
"""


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_project_runs_at_once_under_the_installed_fn(fn: Path, tmp_path: Path, template: str) -> None:
    (tmp_path / "ask.py").write_text(ASK)
    made = run_program(fn, "init", template, "--dir", "mine", "--json", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")

    done = run_program(fn, "dev", "mine", "--json", "--port", "0", "--exec", f"{sys.executable} ask.py", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert events[0]["event"] == "ready"
    assert events[0]["generation"] == 1
    assert not [event for event in events if event["event"] == "load_error" or event.get("level") == "error"]
    has_ice = "POST /ice" in events[0]["routes"]
    assert has_ice == (template in {"simple-voice-ivr", "call-forwarding", "empty"})
    assert f"answer {200 if has_ice else 404}" in done.stdout
