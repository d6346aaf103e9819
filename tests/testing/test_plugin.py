from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.testing.projects import EXAMPLE, make_project, pytest_in

RECORDED = (EXAMPLE / "tests" / "calls" / "support.jsonl").read_bytes()
REPLAYS = "def test_call(replay):\n    replay.check()\n"


def example_in(folder: Path) -> Path:
    project = make_project(folder, (EXAMPLE / "function.py").read_text())
    (project / "sinch.json").write_text((EXAMPLE / "sinch.json").read_text())
    (project / "tests" / "calls").mkdir(parents=True)
    return project


def test_a_project_without_functions_pays_next_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\ndef test_nothing():\n"
        "    ours = sorted(name for name in sys.modules if name.startswith('devserver'))\n"
        "    assert ours == ['devserver', 'devserver.testing', 'devserver.testing.plugin']\n"
        "    assert 'msgspec' not in sys.modules\n"
    )
    run = pytest_in(tmp_path)
    assert run.returncode == 0, run.stdout
    assert run.stdout.splitlines()[-1].startswith("1 passed")
    assert run.stderr == ""


def test_pytest_finds_the_plugin_by_itself() -> None:
    code = "from importlib.metadata import entry_points; print(entry_points(group='pytest11')['fn'].load().__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "devserver.testing.plugin\n", run.stderr


def test_fixtures_of_a_test_in_any_folder_of_the_project_load_it(tmp_path: Path) -> None:
    project = example_in(tmp_path)
    (project / "tests" / "test_menu.py").write_text(
        "import asyncio\nfrom devserver.runtime import parse_event\n"
        "def test_menu(function):\n    assert function.ice().menu().options['1'] == 'return(sales)'\n"
        "def test_handler(function, context):\n"
        "    import function as code\n"
        "    asyncio.run(code.ice(context, parse_event('ice', {'callid': 'c1', 'cli': '+1'})))\n"
        "    assert function.cache == {'caller:c1': '+1'}\n"
    )
    run = pytest_in(project)
    assert run.returncode == 0, run.stdout
    assert not [path for path in project.rglob("__pycache__") if path.parent == project]


def test_a_context_alone_serves_handlers_that_a_test_imports_itself(tmp_path: Path) -> None:
    project = example_in(tmp_path)
    (project / "test_menu.py").write_text(
        "import asyncio, function\nfrom devserver.runtime import parse_event\n"
        "def test_handler(context):\n"
        "    svaml = asyncio.run(function.ice(context, parse_event('ice', {'callid': 'c1', 'cli': '+1'})))\n"
        "    assert svaml['instructions'][0]['text'] == 'Welcome to Example Bikes!'\n"
        "    assert asyncio.run(context.cache.get('caller:c1')) == '+1'\n"
    )
    run = pytest_in(project)
    assert run.returncode == 0, run.stdout


def test_a_marker_names_another_project(tmp_path: Path) -> None:
    example_in(tmp_path / "line")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.fn_project('line')\ndef test_it(function):\n    assert function.ice().status == 200\n"
    )
    run = pytest_in(tmp_path)
    assert run.returncode == 0, run.stdout


def test_variables_of_the_machine_count_only_when_asked_for(tmp_path: Path) -> None:
    project = example_in(tmp_path)
    (project / "test_it.py").write_text(
        "import os, pytest\nos.environ['COMPANY'] = 'Machine'\n"
        "def test_not_asked(function):\n    assert function.config['COMPANY'] == 'Example Bikes'\n"
        "@pytest.mark.fn_project(environment=True)\n"
        "def test_asked(function):\n    assert function.ice().says[0] == 'Welcome to Machine!'\n"
    )
    run = pytest_in(project)
    assert run.returncode == 0, run.stdout


def test_outside_of_a_project_the_fixture_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(function): ...\ndef test_call(replay): ...\n")
    run = pytest_in(tmp_path)
    assert run.returncode == 1
    assert run.stdout.count("no folder above it has function.py and sinch.json") >= 2
    assert "Traceback" not in run.stdout


def test_every_recorded_call_is_a_test_of_its_own(tmp_path: Path) -> None:
    project = example_in(tmp_path)
    (project / "tests" / "calls" / "a.jsonl").write_bytes(RECORDED)
    (project / "tests" / "calls" / "b.jsonl").write_bytes(RECORDED.replace(b"4398599d", b"00000000"))
    (project / "tests" / "test_calls.py").write_text(REPLAYS)
    run = pytest_in(project, "-vv")
    assert run.returncode == 0, run.stdout
    assert "test_call[a-4398599d1ba84ef3bde0a82dfb61abed] PASSED" in run.stdout
    assert "test_call[b-000000001ba84ef3bde0a82dfb61abed] PASSED" in run.stdout


def test_a_marker_chooses_recordings(tmp_path: Path) -> None:
    project = example_in(tmp_path)
    (project / "tests" / "calls" / "a.jsonl").write_bytes(RECORDED)
    (project / "other.jsonl").write_bytes(RECORDED)
    head = "import pytest\n"
    (project / "tests" / "test_calls.py").write_text(head + "@pytest.mark.recordings('other.*')\n" + REPLAYS)
    run = pytest_in(project, "-vv")
    assert "test_call[other-4398599d1ba84ef3bde0a82dfb61abed] PASSED" in run.stdout
    assert "1 passed" in run.stdout
    (project / "tests" / "test_calls.py").write_text(head + "@pytest.mark.recordings('none*.jsonl')\n" + REPLAYS)
    run = pytest_in(project)
    assert "There is no recorded call in none*.jsonl" in run.stdout
    assert run.returncode == 1


def test_without_recordings_the_test_is_skipped_and_says_how_to_make_one(tmp_path: Path) -> None:
    project = example_in(tmp_path)
    (project / "tests" / "test_calls.py").write_text(REPLAYS)
    run = pytest_in(project, "-rs")
    assert run.returncode == 0
    assert "1 skipped" in run.stdout
    assert "fn recordings export last -o tests/calls/NAME.jsonl" in run.stdout


def test_a_file_that_cannot_be_read_fails_its_own_test_only(tmp_path: Path) -> None:
    project = example_in(tmp_path)
    (project / "tests" / "calls" / "a.jsonl").write_bytes(RECORDED)
    (project / "tests" / "calls" / "torn.jsonl").write_bytes(RECORDED[:-40])
    (project / "tests" / "test_calls.py").write_text(REPLAYS)
    run = pytest_in(project)
    assert "1 passed, 1 error" in run.stdout
    assert "torn.jsonl is cut short" in run.stdout


def test_fixtures_and_parameters_of_the_same_name_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import pytest\n"
        "@pytest.fixture\ndef replay():\n    return 1\n"
        "@pytest.fixture\ndef function():\n    return 2\n"
        "def test_fixture(replay, function):\n    assert (replay, function) == (1, 2)\n"
        "class TestParameter:\n"
        "    @pytest.mark.parametrize('replay', [5])\n"
        "    def test_it(self, replay):\n        assert replay == 5\n"
    )
    run = pytest_in(tmp_path)
    assert run.returncode == 0, run.stdout
    (tmp_path / "test_own.py").write_text(
        "import pytest\n@pytest.mark.parametrize('replay, x', [(5, 6)])\ndef test_it(replay, x):\n    assert replay == 5\n"
    )
    run = pytest_in(tmp_path)
    assert run.returncode == 0, run.stdout


def test_user_code_that_cannot_be_imported_is_shown_where_it_fails(tmp_path: Path) -> None:
    project = make_project(tmp_path, "import nowhere_to_be_found\n")
    (project / "test_it.py").write_text("def test_it(function): ...\n")
    run = pytest_in(project)
    assert run.returncode == 1
    assert 'File "function.py", line 1' in run.stdout
    assert "ModuleNotFoundError: No module named 'nowhere_to_be_found'" in run.stdout
    assert "devserver/testing" not in run.stdout


def test_asyncio_tests_of_the_user_run_beside_it(tmp_path: Path) -> None:
    project = example_in(tmp_path)
    (project / "test_it.py").write_text(
        "import asyncio, pytest\n@pytest.mark.asyncio\n"
        "async def test_it(function):\n"
        "    await asyncio.sleep(0)\n"
        "    assert function.pie(value='sales').says == ['Connecting you to sales.']\n"
    )
    scope = "asyncio_default_fixture_loop_scope=function"
    run = pytest_in(project, "-p", "pytest_asyncio.plugin", "-o", scope)
    assert run.returncode == 0, run.stdout
