from __future__ import annotations

import ast
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.export_pytest import render
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.state import CacheEntry
from tests.testing.projects import EXAMPLE, make_project, opened, pytest_in

MENU = {
    "action": {
        "name": "runMenu",
        "menus": [
            {
                "id": "main",
                "options": [{"dtmf": "2", "action": "return(support)"}, {"dtmf": "*", "action": "return(x)"}],
            }
        ],
    }
}


def exchange(event: str | None, body: Any, answer: Any = None, **more: Any) -> Exchange:
    """A recorded callback; bytes are taken as they are."""
    sent = body if isinstance(body, bytes) else json.dumps({"callid": "c1"} | body).encode()
    said = answer if isinstance(answer, bytes) else json.dumps(answer).encode() if answer is not None else b""
    headers = more.pop("headers", (("Content-Type", "application/json"), ("Host", "x"), ("Authorization", "Basic x")))
    request = Request(more.pop("method", "POST"), more.pop("path", f"/{event}"), headers, sent)
    answered = Answer(more.pop("status", 200), (("Content-Type", "application/json"),), said)
    at = more.pop("at", 1_772_356_500.25)
    return Exchange(
        id=more.pop("id", "01m7"),
        at=at,
        callid="c1",
        event=event,
        source="local",
        request=request,
        answer=answered,
        ms=1.0,
        **more,
    )


def call_of(*exchanges: Exchange, state: State | None = None) -> PortableCall:
    return PortableCall("c1", list(exchanges), state or State())


def names(*calls: PortableCall) -> list[str]:
    tree = ast.parse(render(calls, project="line"))
    return [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]


ICE = exchange("ice", {"event": "ice", "cli": "+12025550199"}, MENU)


def pie(**result: Any) -> Exchange:
    return exchange("pie", {"event": "pie", "menuResult": result}, {"action": {"name": "hangup"}})


def dice(reason: str) -> Exchange:
    return exchange("dice", {"event": "dice", "reason": reason, "result": "ANSWERED"})


@pytest.mark.parametrize(
    ("after", "name"),
    [
        ([], "test_a_call_comes_in"),
        (
            [pie(type="return", value="support", menuId="main"), dice("CALLERHANGUP")],
            "test_caller_presses_2_and_hangs_up",
        ),
        ([pie(type="return", value="x", menuId="main")], "test_caller_presses_star"),
        ([pie(type="return", value="Elsewhere!")], "test_caller_chooses_elsewhere"),
        ([pie(type="sequence", value="1234")], "test_caller_enters_1234"),
        ([pie(type="timeout"), dice("MANAGERHANGUP")], "test_caller_presses_nothing_and_is_let_go"),
        ([pie(type="hangup")], "test_caller_hangs_up_in_the_menu"),
        ([exchange("ace", {}), dice("N/A")], "test_caller_is_connected_and_is_done"),
    ],
)
def test_the_name_of_a_test_is_what_happened(after: list[Exchange], name: str) -> None:
    assert names(call_of(ICE, *after)) == [name]


def test_the_rounds_of_a_silent_menu_are_nothing_that_a_caller_did() -> None:
    rounds = exchange("pie", {"event": "pie", "menuResult": {"type": "timeout"}}, {}, marks=["holding"])
    chosen = pie(type="return", value="support", menuId="main")
    assert names(call_of(ICE, chosen, rounds, rounds)) == ["test_caller_presses_2"]


def test_calls_that_went_alike_have_numbers() -> None:
    assert names(call_of(ICE), call_of(ICE), call_of(ICE)) == [
        "test_a_call_comes_in",
        "test_a_call_comes_in_2",
        "test_a_call_comes_in_3",
    ]


def test_a_long_call_has_a_name_that_still_is_one() -> None:
    (name,) = names(call_of(ICE, *[pie(type="sequence", value="123456789")] * 30))
    assert len(name) <= 100
    assert name.isidentifier()


def test_it_says_what_it_may_hold_and_nothing_of_the_connection() -> None:
    source = render([call_of(ICE)], project='li"""ne\n')
    assert "It may hold personal data" in source
    assert "Authorization" not in source
    ast.parse(source)


def test_a_recording_that_knows_no_effects_expects_none() -> None:
    assert "effects" not in render([PortableCall("c1", [ICE])], project="line")
    assert "effects=[]" in render([call_of(ICE)], project="line")


ODD = [
    "it's",
    'say "hi"',
    "both ' and \"",
    "żółć 📞",
    "a\\b\n\t\r\0\x1b[31m",
    '"""',
    "\u2028",
    "{x}",
    "%s",
    "#{",
    "x" * 300,
]


def test_any_content_makes_a_file_that_is_valid_and_formatted(tmp_path: Path) -> None:
    effects = [Effect("cache", "set", key, 0.0, {key: [key]}, 1.5) for key in ODD]
    calls = [
        call_of(
            exchange(
                "ice", {"custom": text, text: text}, {"instructions": [{"name": "say", "text": text}]}, effects=effects
            )
        )
        for text in ODD
    ]
    raw = [b"", b"not json", b"\xff\xfe", b"[1]", b'{"a": 1' + b"]", b"null", b'"text"']
    calls += [call_of(exchange("ice", body, body)) for body in raw]
    calls += [
        call_of(exchange(None, body, body, method="PUT", path="/a/b?c='\"", headers=(("X-A", "1"), ("X-A", "2"))))
        for body in raw
    ]
    state = State(
        [CacheEntry(key, json.dumps(key).encode(), 5.0) for key in ODD], {"a": b"\xff", "b": "ż".encode()}, b"no db"
    )
    calls.append(call_of(ICE, state=state))
    source = render(calls, project="line")
    compile(source, "test_made.py", "exec")
    (tmp_path / "test_made.py").write_text(source)
    formatter = [sys.executable, "-m", "ruff", "format", "--diff", "--isolated", "--line-length", "120", "."]
    run = subprocess.run(formatter, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[:3000] + run.stderr


WORK = '''
import sqlite3
from contextlib import closing
from devserver.runtime import IceSvamlBuilder

async def ice(context, event):
    """Uses everything that there is, and odd values."""
    await context.cache.set("last:" + event.callid, {"it's": ['"quoted"', 1.5, None, True], "żółć": "a\\\\b\\n"}, ttl=90.5)
    seen = await context.cache.get("seen")
    note = (await context.storage.read("notes/a.txt")).decode()
    await context.storage.write("blob", bytes(range(256)))
    with closing(sqlite3.connect(context.database)) as db, db:
        (count,) = db.execute("SELECT count(*) FROM calls").fetchone()
        db.execute("INSERT INTO calls (who) VALUES (?)", (event.cli,))
    await context.conversation.messages.send_text_message(
        app_id="a", text=note, recipient_identities=[{"channel": "SMS", "identity": "12025550199"}]
    )
    return IceSvamlBuilder().say(f"{note} {seen} {count} {context.timestamp} {context.request_id}").hangup().build()

def raw(context, request):
    return {"statusCode": 418, "headers": {"Content-Type": "image/x"}, "body": b"\\xff\\x00"}
'''
VARIABLES = dict.fromkeys(
    ("PROJECT_ID", "PROJECT_ID_API_KEY", "PROJECT_ID_API_SECRET", "CONVERSATION_APP_ID"), "made-up"
)


def recorded_work(root: Path) -> PortableCall:
    """A call of the function above, as a recording would have it."""
    with opened(root) as function:
        at = 1_772_356_500.25
        function.clock.freeze(at)
        function.cache.set("seen", ["a", 'b"'], ttl=60)
        function.storage["notes/a.txt"] = 'Don\'t say "no".'
        function.database.script("CREATE TABLE calls (who TEXT);", "INSERT INTO calls VALUES ('it''s me');")
        with closing(sqlite3.connect(function.database.path)) as database:
            content = database.serialize()
        state = State(
            [CacheEntry("seen", b'["a","b\\""]', 60.0)], {"notes/a.txt": function.storage["notes/a.txt"]}, content
        )
        function.outbound.answer("POST", "/messages:send", {"message_id": "m1"})
        body = json.dumps({"event": "ice", "callid": "c'1", "cli": "+12025550199"}).encode()
        exchanges = []
        for path, sent in (("/ice", body), ("/raw", b"\xff")):
            answer = function.send("POST", path, [("Content-Type", "application/json")], sent)
            assert answer.failure is None, answer.error
            exchanges.append(
                Exchange(
                    answer.id,
                    function.clock.wall(),
                    "c'1",
                    answer.event,
                    "local",
                    Request("POST", path, (("Content-Type", "application/json"),), sent),
                    Answer(answer.status, answer.headers, answer.body),
                    effects=answer.effects,
                    state=1,
                )
            )
            function.clock.advance(7.5)
        return PortableCall("c'1", exchanges, state)


def test_a_test_arranges_all_that_the_handler_saw_and_expects_all_that_it_did(tmp_path: Path) -> None:
    root = make_project(tmp_path / "line", WORK)
    (root / "sinch.json").write_text(json.dumps({"name": "line", "variables": VARIABLES}))
    (root / "test_made.py").write_text(render([recorded_work(root)], project="line"))
    run = pytest_in(root)
    assert run.returncode == 0, run.stdout

    changed = (
        WORK.replace("text=note,", "text=note + '!',").replace("range(256)", "range(255)").replace("ttl=90.5", "ttl=30")
    )
    (root / "function.py").write_text(changed)
    found = pytest_in(root).stdout
    for words in (
        "cache key last:c'1 is now kept for 30 s, was 90.5 s",
        "storage file blob now has 255 bytes",
        "POST /v1/projects/made-up/messages:send now sends message.text_message.text",
    ):
        assert found.count(words) == 1, (words, found)
    (root / "function.py").write_text(WORK.replace("418", "200").replace("image/x", "image/y").replace("xff", "xfe"))
    found = pytest_in(root).stdout
    for words in ("status: 418 -> 200", "content type: image/x -> image/y", "body: 2 bytes -> 2 bytes"):
        assert found.count(words) == 1, (words, found)


def test_the_test_fails_for_changed_code_only(tmp_path: Path) -> None:
    from devserver.recorder.portable import read

    portable = read((EXAMPLE / "tests" / "calls" / "support.jsonl").read_bytes().splitlines(keepends=True), "support")
    code = (EXAMPLE / "function.py").read_text()
    root = make_project(tmp_path / "line", code)
    (root / "sinch.json").write_text((EXAMPLE / "sinch.json").read_text())
    (root / "test_made.py").write_text(render(portable.calls, project=portable.project))
    assert pytest_in(root).returncode == 0
    (root / "function.py").write_text(
        code.replace('.option("2", "return(support)")', '.option("2", "return(billing)")')
    )
    run = pytest_in(root)
    assert "option 2 of menu main now returns(billing), was return(support)" in run.stdout
    assert run.stdout.count("\nE         ") == 1
