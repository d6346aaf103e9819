"""Saves of every kind, against a real `fn dev`."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import HELLO, Running, environment, project

pytestmark = pytest.mark.e2e


def test_the_request_after_a_save_runs_the_new_code(running: Running) -> None:
    assert running.word() == "hello"

    for word in ("howdy", "hi", "good afternoon", "hey"):  # longer and shorter than what was there
        running.save(HELLO.format(word=word))

        assert running.word() == word


def test_two_saves_of_equal_size_within_a_second_are_both_seen(running: Running) -> None:
    for number in range(8):
        running.save(HELLO.format(word=f"w{number}"))

        assert running.word() == f"w{number}"


def test_no_bytecode_is_left_in_the_project(running: Running) -> None:
    running.save("WORD = 'one'\n", "words_of_mine.py")
    running.save(HELLO.format(word="x").replace('"x"', "words_of_mine.WORD") + "\nimport words_of_mine\n")

    assert running.word() == "one"
    assert not list(running.folder.rglob("__pycache__"))


def test_a_module_that_function_py_imports_is_reloaded(running: Running) -> None:
    running.save("WORD = 'one'\n", "mine.py")
    running.save("import mine\n" + HELLO.format(word="x").replace('"x"', "mine.WORD"))
    assert running.word() == "one"

    running.save("WORD = 'two'\n", "mine.py")

    assert running.word() == "two"


def test_a_package_in_a_new_folder_is_watched(running: Running) -> None:
    (running.folder / "deep").mkdir()
    running.save("", "deep/__init__.py")
    running.save("WORD = 'one'\n", "deep/words.py")
    running.save("from deep import words\n" + HELLO.format(word="x").replace('"x"', "words.WORD"))
    assert running.word() == "one"
    seen = len(running.events)

    running.save("WORD = 'two'\n", "deep/words.py")

    # No request: only the watcher can notice this one.
    running.wait_for("reload", lambda event: event["files"] == ["deep/words.py"], after=seen)
    assert running.word() == "two"


def test_a_save_without_a_request_is_noticed_too(running: Running) -> None:
    running.save(HELLO.format(word="later"))

    event = running.wait_for("reload")

    assert event["files"] == ["function.py"]
    assert event["generation"] == 2
    assert event["ms"] > 0


def test_an_editor_that_writes_a_new_file_and_renames_it_is_noticed(running: Running) -> None:
    temporary = running.folder / ".function.py.swp"
    temporary.write_text(HELLO.format(word="renamed"))
    temporary.replace(running.folder / "function.py")

    assert running.word() == "renamed"


def test_a_syntax_error_leaves_the_last_good_generation_answering(running: Running) -> None:
    running.save("async def ice(context, event:\n    return\n")

    assert running.word() == "hello"
    event = running.wait_for("load_error")
    assert event["kind"] == "syntax"
    assert event["generation"] == 1
    assert "function.py line 1" in event["text"]
    assert running.word() == "hello"

    running.save(HELLO.format(word="mended"))

    assert running.word() == "mended"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("raise RuntimeError('no database')\n", "RuntimeError: no database"),
        ("import sys\nsys.exit(3)\n", "sys.exit(3)"),
        ("import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'"),
        ("import os\nos._exit(4)\n", "exit status 4"),
        ("async def status(context, request):\n    return 1\n\nasync def ice(context):\n    return 1\n", "line 4"),
        (
            HELLO.format(word="x")
            + "async def smsStatus(c, r):\n    return 1\nasync def sms_status(c, r):\n    return 1\n",
            "rename one of them",
        ),
    ],
)
def test_code_that_cannot_be_loaded_is_explained_and_the_last_good_generation_answers(
    running: Running, code: str, text: str
) -> None:
    running.save(HELLO.format(word="x") + code if "async" not in code else code)

    assert running.word() == "hello"
    event = running.wait_for("load_error", lambda event: text in event["text"])
    assert event["generation"] == 1
    assert running.word() == "hello"

    running.save(HELLO.format(word="mended again"))

    assert running.word() == "mended again"


def test_a_traceback_at_import_is_cut_at_our_frames(running: Running) -> None:
    running.save("def broken():\n    raise RuntimeError('x')\nbroken()\n" + HELLO.format(word="x"))

    trace = running.wait_for("load_error")["traceback"]

    assert 'File "function.py", line 3' in trace
    assert "devserver" not in trace
    assert "importlib" not in trace


def test_a_circular_import_is_an_error_that_names_it_and_mending_it_works(running: Running) -> None:
    running.save("from function import NAME\n", "other.py")
    running.save("from other import NAME\n" + HELLO.format(word="x"))

    event = running.wait_for("load_error")
    assert "circular import" in event["text"]

    running.save("NAME = 1\n", "other.py")
    running.wait_for("reload")

    assert running.word() == "x"


def test_a_deleted_function_py_is_told_and_its_return_is_noticed(running: Running) -> None:
    path = running.folder / "function.py"
    path.unlink()

    assert running.word() == "hello"
    assert running.wait_for("load_error")["kind"] == "missing"

    path.write_text(HELLO.format(word="back"))

    assert running.word() == "back"


def test_a_deleted_module_is_an_error_and_the_last_good_generation_answers(running: Running) -> None:
    running.save("WORD = 'one'\n", "mine.py")
    running.save("import mine\n" + HELLO.format(word="x").replace('"x"', "mine.WORD"))
    assert running.word() == "one"

    (running.folder / "mine.py").unlink()

    assert running.word() == "one"
    assert "mine" in running.wait_for("load_error")["text"]


def test_a_renamed_handler_takes_effect_after_a_moment_of_stillness(running: Running) -> None:
    assert running.get("/status").status == 200

    running.save(HELLO.format(word="x").replace("def status", "def state"))
    running.wait_for("reload")

    assert running.get("/state").json == {"word": "x"}
    missing = running.get("/status")
    assert missing.status == 404
    assert "/state" in missing.json["routes"]


def test_a_file_seen_half_written_never_answers(running: Running) -> None:
    """An editor truncates, writes half (valid Python, with one handler of two), pauses, and writes the rest."""
    text = HELLO.format(word="whole")
    half = text[: text.index("async def status")]
    for number in range(3):
        whole = text.replace("whole", f"whole {number}")
        with (running.folder / "function.py").open("w") as file:
            file.flush()
            before = running.get("/status")
            file.write(half)
            file.flush()
            end = time.monotonic() + 0.08
            while time.monotonic() < end:
                assert running.get("/status").status == 200
            file.write(whole[len(half) :])
            file.seek(0)
            file.truncate()
            file.write(whole)
        assert before.status == 200

        assert running.word() == f"whole {number}"


def test_an_empty_file_is_believed_once_it_has_been_still(running: Running) -> None:
    running.save("")

    assert running.get("/status").status == 200
    running.wait_for("reload")
    assert running.get("/status").status == 404


def test_a_burst_of_saves_ends_with_the_last_one(running: Running) -> None:
    for number in range(20):
        running.save(HELLO.format(word=f"burst {number:02d}"))
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            assert running.word() == f"burst {number:02d}"

    assert running.word() == "burst 19"


def test_two_hundred_files_changed_at_once_are_one_consistent_generation(running: Running, tmp_path: Path) -> None:
    """Like `git checkout`: every module says the same word, and an answer never mixes two."""
    names = [f"part_{number:03d}" for number in range(200)]

    def write(folder: Path, word: str) -> None:
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / f"{name}.py").write_text(f"WORD = {word!r}\n")
        imports = "".join(f"import {name}\n" for name in names)
        parts = ", ".join(f"{name}.WORD" for name in names)
        (folder / "function.py").write_text(
            f"{imports}\nasync def status(context, request):\n    return sorted({{{parts}}})\n"
        )

    repository = running.folder
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(repository)]

    def run(*words: str) -> None:
        subprocess.run([*git, *words], check=True, capture_output=True, env=environment())

    run("init", "-q")
    # As in every template: what comes and goes in there while git reads it is not for git.
    (repository / ".gitignore").write_text(".fn/\n")
    write(repository, "old")
    run("add", "-A")
    run("commit", "-qm", "old")
    write(repository, "new")
    run("commit", "-qam", "new")
    running.until(lambda: running.get("/status").json == ["new"], "the new files never answered")
    stop = threading.Event()
    answers: list[Any] = []

    def ask() -> None:
        while not stop.is_set():
            answers.append(running.get("/status").json)

    asker = threading.Thread(target=ask)
    asker.start()
    run("checkout", "-q", "HEAD~1")
    running.until(lambda: running.get("/status").json == ["old"], "the checked out files never answered")
    stop.set()
    asker.join()

    assert [answer for answer in answers if answer not in (["new"], ["old"])] == []


def test_no_request_fails_while_saves_go_on(running: Running) -> None:
    stop = threading.Event()
    failures: list[object] = []
    count = [0]

    def hammer() -> None:
        while not stop.is_set():
            answer = running.get("/status")
            count[0] += 1
            if answer.status != 200:
                failures.append(answer.body)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(15):
        running.save(HELLO.format(word=f"n{number:02d}"))
        running.wait_for("reload", lambda event, at=number: event["generation"] >= at + 2)  # type: ignore[misc]
    stop.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert count[0] > 50


def test_a_request_in_hand_finishes_on_the_code_it_began_with(running: Running) -> None:
    slow = HELLO.format(word="old") + (
        "\nimport asyncio, pathlib\nasync def wait(context, request):\n"
        "    pathlib.Path('began').touch()\n"
        "    while not pathlib.Path('go').exists():\n        await asyncio.sleep(0.01)\n    return 'old code'\n"
    )
    running.save(slow)
    answers: list[bytes] = []
    waiter = threading.Thread(target=lambda: answers.append(running.get("/wait").body))
    waiter.start()
    running.until((running.folder / "began").exists, "the slow handler never began")
    running.save(slow.replace("old", "new"))
    assert running.word() == "new"
    (running.folder / "go").touch()
    waiter.join()

    assert answers == [b"old code"]


def test_the_cache_survives_a_reload_and_globals_do_not(running: Running) -> None:
    code = (
        "COUNT = []\n"
        "async def bump(context, request):\n"
        "    COUNT.append(1)\n"
        "    n = (await context.cache.get('n') or 0) + 1\n"
        "    await context.cache.set('n', n)\n"
        "    return [n, len(COUNT)]\n"
    )
    running.save(code + HELLO.format(word="x"))
    assert [running.get("/bump").json for _ in range(2)] == [[1, 1], [2, 2]]

    running.save(code + HELLO.format(word="y"))

    assert running.get("/bump").json == [3, 1]


def test_env_and_sinch_json_make_a_generation_with_the_new_configuration(running: Running) -> None:
    code = "async def who(context, request):\n    return [context.config.get_variable('NAME'), context.config.function_name]\n"
    running.save(code + HELLO.format(word="x"))
    assert running.get("/who").json == [None, "demo"]

    running.save("NAME=from-env\n", ".env")
    assert running.get("/who").json == ["from-env", "demo"]

    running.save('{"name": "renamed", "variables": {"NAME": "from-json"}}', "sinch.json")
    assert running.get("/who").json == ["from-env", "renamed"]

    running.save("", ".env")
    assert running.get("/who").json == ["from-json", "renamed"]


def test_a_broken_sinch_json_is_told_and_the_last_good_configuration_answers(running: Running) -> None:
    running.save('{"name": "demo",}', "sinch.json")

    assert running.word() == "hello"
    event = running.wait_for("load_error")
    assert event["kind"] == "configuration"
    assert "sinch.json" in event["text"]

    running.save('{"name": "demo"}', "sinch.json")
    running.save(HELLO.format(word="mended"))

    assert running.word() == "mended"


@pytest.mark.parametrize("folder", ["assets", "public", "storage", "data", "node_modules/x", ".venv/lib"])
def test_edits_that_are_not_code_of_the_function_reload_nothing(running: Running, folder: str) -> None:
    (running.folder / folder).mkdir(parents=True, exist_ok=True)
    (running.folder / folder / "module.py").write_text("x = 1\n")
    (running.folder / "notes.txt").write_text("x")
    seen = len(running.events)
    running.save(HELLO.format(word="after"))

    event = running.wait_for("reload", after=seen)

    assert event["files"] == ["function.py"]
    assert event["generation"] == 2


def test_a_new_third_party_module_is_loaded_into_the_spares(running: Running) -> None:
    code = "import sys\nBEFORE = 'xml.dom.minidom' in sys.modules\nimport xml.dom.minidom\n"
    code += "async def before(context, request):\n    return BEFORE\n"
    running.save(code + HELLO.format(word="x"))
    assert running.get("/before").json is False
    running.until(lambda: status(running)["spares"] == 2, "the spares were not renewed")

    running.save(code + HELLO.format(word="y"))

    assert running.get("/before").json is True


def status(running: Running) -> Any:
    import json
    import urllib.request

    address = running.ready["console"].replace("/?", "/api/session?")
    with urllib.request.urlopen(address) as response:  # noqa: S310 our own address
        return json.load(response)


def test_tasks_left_by_an_old_generation_are_listed_and_cancelled(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    code = HELLO.format(word="x") + (
        "import asyncio\ntasks = []\nasync def forever():\n    await asyncio.sleep(3600)\n"
        "async def spawn(context, request):\n    tasks.append(asyncio.create_task(forever()))\n    return 1\n"
    )
    running = start(project(tmp_path / "demo", code, dev={"grace": 0.1}))
    running.get("/spawn")
    running.save(code.replace('"x"', '"y"'))
    running.word()

    event = running.wait_for("log", lambda event: "left 1 running" in event["text"])

    assert "forever (function.py:" in event["text"]


def test_a_project_in_a_folder_with_spaces_and_umlauts_reloads(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(project(tmp_path / "mein Büro" / "télé phone"))
    running.save(HELLO.format(word="grüezi"))

    assert running.word() == "grüezi"


def test_the_folder_may_be_reached_through_a_link(start: Callable[..., Running], tmp_path: Path) -> None:
    project(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    running = start(tmp_path / "link")
    running.save(HELLO.format(word="linked"))

    assert running.word() == "linked"


def test_a_first_load_that_fails_answers_with_the_error_until_it_is_mended(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    running = start(project(tmp_path / "demo", "import nowhere_to_be_found\n"))

    answer = running.post("/ice")
    assert answer.status == 500
    assert "nowhere_to_be_found" in answer.json["error"]
    assert running.get("/health").status == 200

    running.save(HELLO.format(word="mended"))

    assert running.word() == "mended"


def test_the_project_may_be_deleted_under_a_running_session(running: Running) -> None:
    shutil.rmtree(running.folder, ignore_errors=True)

    assert running.word() == "hello"
    assert running.get("/health").status == 200


def test_without_spares_every_reload_starts_an_interpreter_and_works(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    running = start(project(tmp_path / "demo", dev={"spares": 0}))
    assert running.word() == "hello"

    running.save(HELLO.format(word="slowly"))

    assert running.word() == "slowly"


def test_the_save_that_mends_a_failed_first_load_is_told(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(project(tmp_path / "demo", "import nowhere_to_be_found\n"))
    running.save(HELLO.format(word="mended"))

    assert running.wait_for("reload")["generation"] == 1
