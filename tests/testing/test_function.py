from __future__ import annotations

import logging
import os
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devserver.testing.function import LoadFailed
from devserver.testing.noticing import LogLine
from tests.testing.projects import EXAMPLE, make_project, opened

HEAD = "from devserver.runtime import *\n"


def test_callbacks_need_as_many_fields_as_matter() -> None:
    with opened(EXAMPLE) as function:
        answer = function.ice(cli="+12025550199")
        assert answer.callback["callid"] == "call-1"
        assert answer.callback["event"] == "ice"
        assert answer.svaml["action"]["name"] == "runMenu"
        assert function.ice({"callId": "c2", "cli": "+1"}).callback.keys() >= {"callId", "cli"}
        assert "callid" not in function.answers[-1].callback
        assert function.cache == {"caller:call-1": "+12025550199", "caller:c2": "+1"}


def test_a_menu_result_is_two_words() -> None:
    with opened(EXAMPLE) as function:
        assert function.pie(value="sales").callback["menuResult"] == {"type": "return", "value": "sales"}
        assert function.pie(type="timeout").callback["menuResult"] == {"type": "timeout"}
        assert function.pie({"menuResult": {"value": "support"}}).action["number"] == "+12025550120"


def test_a_callback_goes_in_exactly_as_it_is_given(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", HEAD + "def ice(context, event):\n    return {'raw': event.raw}\n")
    with opened(root) as function:
        assert function.callback("ice", {"a": 1}).json == {"raw": {"a": 1}}
        assert function.callback("ice", b"no json").status == 400


def test_requests_are_sent_as_anybody_may_send_them(tmp_path: Path) -> None:
    text = "def echo(context, request):\n    return [request.method, request.query, request.body, request.headers.get('x-a')]\n"
    with opened(make_project(tmp_path / "p", text)) as function:
        assert function.request("GET", "/echo?a=1").json == ["GET", {"a": "1"}, None, None]
        assert function.request("post", "/echo", json={"b": 2}, headers={"X-A": "1"}).json == [
            "POST",
            {},
            {"b": 2},
            "1",
        ]
        assert function.request("POST", "/echo", body="text").json == ["POST", {}, "text", None]
        assert function.request("GET", "/nowhere").status == 404


def test_the_code_and_its_modules_are_fresh_each_time_and_gone_afterwards(tmp_path: Path) -> None:
    root = make_project(
        tmp_path / "p", "import counted\ndef count(context, request):\n    return counted.up()\n", counted="n = 0\n"
    )
    (root / "counted.py").write_text("n = 0\ndef up():\n    global n\n    n += 1\n    return n\n")
    for _ in range(2):
        with opened(root) as function:
            assert [function.request("GET", "/count").json for _ in range(2)] == [1, 2]
            assert "counted" in sys.modules
        assert "counted" not in sys.modules
    assert not list(root.rglob("__pycache__"))


def test_a_save_of_equal_size_in_the_same_second_is_seen(tmp_path: Path) -> None:
    root = make_project(
        tmp_path / "p", "import word\ndef say(context, request):\n    return word.WORD\n", word="WORD = 'a'"
    )
    stamp = (1_700_000_000, 1_700_000_000)
    for letter in "abc":
        (root / "word.py").write_text(f"WORD = {letter!r}")
        os.utime(root / "word.py", stamp)
        with opened(root) as function:
            assert function.request("GET", "/say").text == letter


def test_modules_that_a_test_file_has_imported_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_project(
        tmp_path / "p", "value = []\ndef grow(context, request):\n    value.append(1)\n    return value\n"
    )
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.delitem(sys.modules, "function", raising=False)
    import function as mine  # type: ignore[import-not-found]

    with opened(root) as function:
        assert function.request("GET", "/grow").json == [1]
        assert sys.modules["function"] is not mine
    assert sys.modules["function"] is mine
    assert mine.value == []
    del sys.modules["function"]


def test_projects_with_modules_of_the_same_name_do_not_meet(tmp_path: Path) -> None:
    text = "import texts\ndef say(context, request):\n    return texts.TEXT\n"
    roots = [make_project(tmp_path / name, text, texts=f"TEXT = {name!r}") for name in ("a", "b")]
    with opened(roots[0]) as outer:
        with opened(roots[1]) as inner:
            assert inner.request("GET", "/say").text == "b"
        assert outer.request("GET", "/say").text == "a"
        assert sys.modules["texts"].TEXT == "a"


def test_an_import_inside_a_handler_is_fresh_too(tmp_path: Path) -> None:
    root = make_project(
        tmp_path / "p", "def say(context, request):\n    import late\n    return late.TEXT\n", late="TEXT = 'x'"
    )
    with opened(root) as function:
        assert function.request("GET", "/say").text == "x"
    assert "late" not in sys.modules


def test_the_process_is_left_as_it_was(tmp_path: Path) -> None:
    root = make_project(
        tmp_path / "p", "import os\nos.environ['COMPANY']\ndef where(context, request):\n    return os.getcwd()\n"
    )
    before = (
        Path.cwd(),
        list(sys.path),
        list(sys.path_hooks),
        sqlite3.connect,
        dict(os.environ),
        logging.root.handlers[:],
    )
    with opened(root) as function:
        assert function.request("GET", "/where").text == str(root)
        function.clock.freeze(0)
        function.config["COMPANY"] = "Other"
        assert os.environ["COMPANY"] == "Other"
    after = (
        Path.cwd(),
        list(sys.path),
        list(sys.path_hooks),
        sqlite3.connect,
        dict(os.environ),
        logging.root.handlers[:],
    )
    assert after == before
    assert time.time() > 1_000_000_000


def test_a_project_that_cannot_be_loaded_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    broken = make_project(tmp_path / "p", "import helper\ndef ice(): ...\n", helper="")
    before = (Path.cwd(), list(sys.path), sqlite3.connect, dict(os.environ))
    with pytest.raises(LoadFailed, match="takes two parameters"), opened(broken):
        pass
    assert (Path.cwd(), list(sys.path), sqlite3.connect, dict(os.environ)) == before
    assert "helper" not in sys.modules


def test_variables_come_from_the_project_and_not_from_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import os\ndef all(context, request):\n    return [dict(context.env), os.environ.get('PROJECT_ID_API_SECRET')]\n"
    root = make_project(tmp_path / "p", text)
    (root / ".env").write_text("GREETING=hi\nIN_KEYRING=\n")
    monkeypatch.setenv("COMPANY", "machine")
    monkeypatch.setenv("PROJECT_ID_API_SECRET", "machine")
    with opened(root) as function:
        assert function.request("GET", "/all").json == [{"GREETING": "hi", "COMPANY": "Bikes"}, None]
        function.config["IN_KEYRING"] = "from the test"
        assert function.request("GET", "/all").json[0]["IN_KEYRING"] == "from the test"
        assert "from the test" not in repr(function.config)
    assert os.environ["COMPANY"] == "machine"
    with opened(root, dict(os.environ)) as function:
        assert function.request("GET", "/all").json == [
            {"GREETING": "hi", "COMPANY": "machine", "PROJECT_ID_API_SECRET": "machine"},
            "machine",
        ]


def test_a_handler_that_fails_says_so_with_its_own_lines(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", HEAD + "async def ice(context, event):\n    raise RuntimeError('no bikes')\n")
    with opened(root) as function:
        answer = function.ice()
        assert answer.status == 500
        assert 'File "function.py", line 3, in ice' in answer.error
        with pytest.raises(AssertionError, match=r"(?s)ice answered 500:.*RuntimeError: no bikes"):
            _ = answer.says


def test_a_handler_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    root = make_project(
        tmp_path / "p", "import asyncio\nasync def ice(context, event):\n    await asyncio.Event().wait()\n"
    )
    (root / "sinch.json").write_text('{"name": "line", "dev": {"deadline": 0.1}}')
    with opened(root) as function, pytest.raises(AssertionError, match=r"POST /ice was not answered within 0\.1 s"):
        function.ice()


def test_what_a_handler_does_besides_answering_is_told(tmp_path: Path) -> None:
    text = """
import sqlite3
from contextlib import closing
async def work(context, request):
    await context.cache.set("a", {"b": 1}, ttl=60)
    await context.cache.get("a")
    await context.cache.delete("gone")
    await context.storage.write("x/y", "text")
    with closing(sqlite3.connect(context.database)) as db, db:
        db.execute("CREATE TABLE t (n)")
        db.execute("INSERT INTO t VALUES (?)", (5,))
    context.log.info("done", n=1)
"""
    with opened(make_project(tmp_path / "p", text)) as function:
        answer = function.request("GET", "/work")
        assert [(each.kind, each.operation, each.key) for each in answer.effects] == [
            ("cache", "set", "a"),
            ("cache", "delete", "gone"),
            ("storage", "write", "x/y"),
            ("database", "create", "CREATE TABLE t (n)"),
            ("database", "insert", "INSERT INTO t VALUES (5)"),
        ]
        assert answer.logs == [LogLine("info", "done", {"n": 1})]
        assert function.database.execute("SELECT n FROM t") == [(5,)]
        assert function.storage == {"x/y": b"text"}
        assert function.cache.ttl("a") == pytest.approx(60, abs=5)
        # What a test arranges is no effect.
        function.cache["b"] = 1
        function.database.script("INSERT INTO t VALUES (6);")
        assert [each.kind for each in function.request("GET", "/work").effects][:2] == ["cache", "cache"]


def test_standard_logging_and_threads_belong_to_their_request(tmp_path: Path) -> None:
    text = "import logging\ndef work(context, request):\n    logging.getLogger('shop').error('sold %d', 3)\n"
    with opened(make_project(tmp_path / "p", text)) as function:
        assert function.request("GET", "/work").logs == [LogLine("error", "sold 3", {"logger": "shop"})]


def test_start_and_stop_hooks_run(tmp_path: Path) -> None:
    text = """
def setup(runtime):
    @runtime.on_startup
    async def begin(context):
        await context.storage.write("began", "1")
    @runtime.on_shutdown
    async def end(context):
        await context.storage.write("ended", "1")
"""
    with opened(make_project(tmp_path / "p", text)) as function:
        assert list(function.storage) == ["began"]
    assert list(function.storage) == ["began", "ended"]


def test_time_passes_when_a_test_says_so(tmp_path: Path) -> None:
    text = """
import time
from datetime import datetime, UTC
async def now(context, request):
    return [time.time(), datetime.now(UTC).isoformat(), context.timestamp]
async def keep(context, request):
    await context.cache.set("a", 1, ttl=60)
"""
    with opened(make_project(tmp_path / "p", text)) as function:
        function.clock.freeze("2026-03-01T12:00:00Z")
        function.request("POST", "/keep")
        noon = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
        assert function.request("GET", "/now").json == [
            noon,
            "2026-03-01T12:00:00+00:00",
            "2026-03-01T12:00:00.000Z",
        ]
        function.clock.advance(59)
        assert function.cache == {"a": 1}
        function.clock.advance(1)
        assert function.cache == {}
        assert function.request("GET", "/now").json[0] == noon + 60
        with pytest.raises(ValueError, match="only goes forward"):
            function.clock.advance(-1)


def test_a_clock_that_is_only_moved_goes_on(tmp_path: Path) -> None:
    with opened(
        make_project(tmp_path / "p", "import time\ndef now(context, request):\n    return time.time()\n")
    ) as function:
        real = time.time()
        function.clock.advance(3600)
        first = function.request("GET", "/now").json
        assert 3600 <= first - real < 3700
        assert function.request("GET", "/now").json > first


async def test_it_works_in_an_async_test(tmp_path: Path) -> None:
    with opened(EXAMPLE) as function:
        assert function.pie(value="sales").says == ["Connecting you to sales."]


SMS = """
async def text(context, request):
    await context.conversation.messages.send_text_message(
        app_id="a", text="hi", recipient_identities=[{"channel": "SMS", "identity": "12025550199"}]
    )
"""
CREDENTIALS = dict.fromkeys(
    ("PROJECT_ID", "PROJECT_ID_API_KEY", "PROJECT_ID_API_SECRET", "CONVERSATION_APP_ID"), "made-up"
)


def test_a_call_to_sinch_is_refused_unless_the_test_answers_it(tmp_path: Path) -> None:
    with opened(make_project(tmp_path / "p", SMS)) as function:
        function.config.update(CREDENTIALS)
        refused = function.request("POST", "/text")
        assert refused.status == 500
        path = "/v1/projects/made-up/messages:send"
        assert f'function.outbound.answer("POST", "{path}", {{...}})' in refused.error
        assert [each.value["refused"][:6] for each in refused.effects] == ["A test"]
        function.outbound.answer("POST", path, {"message_id": "m1"})
        answer = function.request("POST", "/text")
        assert answer.status == 204
        assert [(each.kind, each.operation, each.value["received"]) for each in answer.effects] == [
            ("outbound", "POST", {"message_id": "m1"})
        ]
        sent = function.outbound.sent
        assert [each.refused for each in sent] == [True, False]
        assert sent[1].path == path
        assert sent[1].json["app_id"] == "a"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("import sys\nsys.exit(3)\n", r"function\.py called sys\.exit\(3\) while it was imported\."),
        ("1 / 0\n", r'(?s)cannot be loaded:\nTraceback .*File "function.py", line 1, .*ZeroDivisionError'),
        ("def broken(:\n", r"(?s)cannot be loaded:\n.*line 1.*SyntaxError"),
    ],
)
def test_code_that_cannot_be_loaded_is_told_by_its_own_lines(tmp_path: Path, code: str, text: str) -> None:
    with pytest.raises(LoadFailed, match=text) as caught, opened(make_project(tmp_path / "p", code)):
        pass
    assert "devserver" not in str(caught.value)
