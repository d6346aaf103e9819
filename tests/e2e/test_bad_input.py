"""What people get wrong, each told in one sentence with what to do next, and never with a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.commands import PYTHON, assert_one_sentence, run, run_program, shown
from tests.e2e.running import HELLO, Running, environment, project

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}

Start = Callable[..., Running]


def dev(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`fn dev`, which ends at once when the folder is refused, and with 0 when it is not."""
    return run("dev", "--port", "0", "--exec", "true", folder, env=env)


# --- the project -----------------------------------------------------------------------------------------------------


def test_a_folder_that_does_not_exist_or_holds_nothing_or_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    assert_one_sentence(dev(tmp_path / "nowhere"), 78, "nowhere does not exist", "fn init")
    assert_one_sentence(dev(tmp_path), 78, "no sinch.json", "fn init")
    assert_one_sentence(dev(file), 78, "is not a folder", "fn init")


def test_no_function_py(tmp_path: Path) -> None:
    demo = project(tmp_path / "demo")
    (demo / "function.py").unlink()

    assert_one_sentence(dev(demo), 78, "no function.py", "fn init")


def test_a_project_for_node(tmp_path: Path) -> None:
    demo = project(tmp_path / "demo", runtime="node")

    assert_one_sentence(dev(demo), 78, "a project for Node", '"runtime": "python"')


def test_a_function_without_handlers_says_so(tmp_path: Path) -> None:
    done = dev(project(tmp_path / "demo", "from devserver.runtime import IceSvamlBuilder\n"))

    assert done.returncode == 0
    assert "no handlers" in done.stdout


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('{"name": "demo",\n "runtime" "python"}', ["line 2"]),
        ('{"name": "demo",\n "runtime": "python",\n}', ["line 2", "comma too many"]),
        ("", ["is empty"]),
        ("[]", ["one JSON object"]),
        ('{"runtime": "python"}', ['no "name"']),
        ('{"name": "demo",\n "variables": {"PORT": 3000}}', ["line 2", "variables.PORT"]),
        ('{"name": "demo",\n\n "dev": {"deadlin": 3}}', ["line 3", "dev.deadlin", "deadline"]),
        ('{"name": "demo", "runtime": "cobol"}', ['"cobol" is no runtime']),
    ],
)
def test_a_broken_sinch_json_is_told_with_its_line(tmp_path: Path, text: str, parts: list[str]) -> None:
    demo = project(tmp_path / "demo")
    (demo / "sinch.json").write_text(text)

    done = dev(demo)

    assert done.returncode == 78
    assert done.stderr.startswith("fn: sinch.json")
    assert len(done.stderr.splitlines()) <= 2
    for part in parts:
        assert part in done.stderr


def test_a_sinch_json_that_breaks_while_the_session_runs_is_told_and_the_last_good_one_goes_on(
    running: Running,
) -> None:
    running.save('{"name": "demo",\n "runtime" "python"}', "sinch.json")

    told = running.wait_for("load_error")

    assert told["kind"] == "configuration"
    assert "sinch.json line 2" in told["text"]
    assert running.word() == "hello"


def test_an_unknown_key_of_sinch_json_is_a_warning(start: Start, tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", descripton="a typing error"))

    told = running.wait_for("log", lambda event: "descripton" in event["text"])
    assert told["level"] == "warning"
    assert "description" in told["text"]


def test_an_empty_key_in_dot_env_without_a_keyring_is_an_error_with_choices(tmp_path: Path) -> None:
    demo = project(tmp_path / "demo")
    (demo / ".env").write_text("OTHER=1\nAPI_KEY=\n")

    assert_one_sentence(dev(demo, **NO_KEYRING), 78, "API_KEY", "keyring", "in the environment", ".env", "unlock")
    assert dev(demo, **NO_KEYRING, API_KEY="from outside").returncode == 0


# --- places that cannot be written ------------------------------------------------------------------------------------


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A project that cannot be written, for root neither."""
    demo = project(tmp_path / "demo")
    with ExitStack() as stack:
        if os.geteuid() == 0:
            mounted = run_program("mount", "--bind", demo, demo) if shutil.which("mount") else None
            if mounted is None or mounted.returncode:
                pytest.skip("root can write everywhere, and may not mount here")
            stack.callback(run_program, "umount", demo)
            run_program("mount", "-o", "remount,ro,bind", demo)
        else:
            demo.chmod(0o555)
            stack.callback(demo.chmod, 0o755)
        yield demo


def test_a_folder_that_is_not_writable(read_only: Path) -> None:
    assert_one_sentence(dev(read_only), 78, f"{read_only}/.fn cannot be written", "make the project's folder writable")


def test_a_file_where_the_private_folder_belongs(tmp_path: Path) -> None:
    demo = project(tmp_path / "demo")
    (demo / ".fn").touch()

    assert_one_sentence(dev(demo), 78, ".fn cannot be written")


# --- the code --------------------------------------------------------------------------------------------------------

TWICE = "async def smsStatus(c, r):\n    return 1\n\nasync def sms_status(c, r):\n    return 2\n"
ONE_PARAMETER = "async def ice(context):\n    return 1\n"


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        (TWICE, ["smsStatus", "sms_status", "line 1", "line 4", "rename one of them"]),
        (ONE_PARAMETER, ["`ice`", "line 1", "two parameters", "async def ice(context, event)"]),
        ("def ice(a, b, c):\n    return 1\n", ["`ice`", "two parameters"]),
    ],
)
def test_handlers_that_cannot_be_called_are_told_at_the_first_load_and_after_a_save(
    start: Start, tmp_path: Path, code: str, parts: list[str]
) -> None:
    running = start(project(tmp_path / "demo", code))
    first = running.wait_for("load_error")
    answer = running.post("/ice")

    assert answer.status == 500
    for part in parts:
        assert part in first["text"]
        assert part in answer.json["error"]
    assert first["traceback"] == ""

    running.save(HELLO.format(word="mended"))
    assert running.word() == "mended"
    seen = len(running.events)

    running.save(code)
    again = running.wait_for("load_error", after=seen)
    assert again["text"] == first["text"]
    assert running.word() == "mended"


# --- requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "status", "parts"),
    [
        ("/ice", b"not json", 400, ["JSON"]),
        ("/ice", b'"text"', 400, ["JSON object"]),
        ("/", b'{"event": "icy"}', 400, ["icy"]),
        ("/", b"{}", 400, ["event"]),
        ("/nowhere", b"{}", 404, ["nowhere"]),
        ("/ice", b"x" * (11 << 20), 413, ["10 MB"]),
    ],
    ids=["no JSON", "no object", "unknown event", "no event", "no handler", "11 MB"],
)
def test_a_bad_request_is_refused_in_a_sentence_told_and_recorded(
    running: Running, path: str, body: bytes, status: int, parts: list[str]
) -> None:
    answer = running.post(path, body)

    assert answer.status == status
    for part in parts:
        assert part in answer.json["error"]
    assert "traceback" not in answer.json
    told = running.wait_for("callback" if path == "/ice" else "request")
    assert told["status"] == status
    assert shown(running.folder, answer.headers["X-Fn-Exchange"])["response"]["status"] == status
    assert running.word() == "hello"


# --- Python ----------------------------------------------------------------------------------------------------------


def test_fn_under_a_python_that_is_too_old_says_which_one_it_needs() -> None:
    pretend = "import sys; sys.version_info = (3, 10, 2, 'final', 0); from devserver.cli import main; main()"

    done = run_program(PYTHON, "-c", pretend)

    assert done.returncode == 1
    assert done.stderr == "fn needs Python 3.11 or later; this is 3.10. Install a newer one.\n"


def test_scripts_without_a_python_that_is_new_enough_say_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")

    done = subprocess.run(
        ["/bin/sh", "-c", ". scripts/venv.sh"],
        cwd=tmp_path,
        env=environment(FN_PYTHON=str(old), PATH=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("fn needs Python 3.11 or later, and none was found.")
    assert "FN_PYTHON" in done.stderr
    assert len(done.stderr.splitlines()) == 1
