from __future__ import annotations

import asyncio
import base64
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from devserver.clock import ManualClock
from devserver.logs import structlog
from devserver.runtime.application import Application, Outcome, Running, current
from devserver.runtime.backends import Assets, FileStorage, MemoryCache, database_path
from devserver.runtime.clients import Clients
from devserver.runtime.context import FunctionConfig, Services
from devserver.runtime.handlers import find_handlers
from devserver.runtime.request import Headers, Request

NAME = "function_under_test"
ICE = {"callid": "1ce0ffee", "cli": "12015555555", "to": {"type": "number", "endpoint": "+12017777777"}}
KEYS = {"PROJECT_ID_API_KEY": "key", "PROJECT_ID_API_SECRET": "secret"}
RIGHT = [("Authorization", f"Basic {base64.b64encode(b'key:secret').decode()}")]

Load = Callable[..., Application]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """An application of source text, with real backends in a folder."""
    threads: list[ThreadPoolExecutor] = []

    def make(source: str, variables: Mapping[str, str] | None = None) -> Application:
        path = tmp_path / "function.py"
        path.write_text(source)
        module = ModuleType(NAME)
        sys.modules[NAME] = module
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 the test's own text
        threads.append(ThreadPoolExecutor(2, "handler"))
        return Application(find_handlers(module), services(tmp_path, variables or {}), 3, threads[-1])

    yield make
    sys.modules.pop(NAME, None)
    for pool in threads:
        pool.shutdown()


def services(root: Path, variables: Mapping[str, str]) -> Services:
    return Services(
        root=root,
        config=FunctionConfig("project", "demo", "development", variables),
        cache=MemoryCache(ManualClock()),
        storage=FileStorage(root / "storage"),
        assets=Assets(root / "assets"),
        clients=Clients(variables),
        database=lambda: database_path(root),
        logger=structlog.get_logger(),
    )


async def post(app: Application, path: str, body: Any = None, **more: Any) -> Outcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = Headers(more.pop("headers", [("Content-Type", "application/json")]))
    return await app.dispatch(Request("POST", path, headers, raw, **more))


async def get(app: Application, path: str, headers: list[tuple[str, str]] | None = None, **more: Any) -> Outcome:
    return await app.dispatch(Request("GET", path, Headers(headers or []), **more))


def body_of(outcome: Outcome) -> Any:
    return json.loads(outcome.reply.body)


each_kind = pytest.mark.parametrize("kind", ["def", "async def"])


# --- Voice

IVR = """\
from devserver.runtime import IceSvamlBuilder, PieSvamlBuilder, create_menu

async def ice(context, event):
    menu = create_menu().prompt("Press 1.").option("1", "return(sales)").build()
    return IceSvamlBuilder().say(f"Welcome {event.cli}!").run_menu(menu).build()

def pie(context, event):
    if event.menu_result.value == "sales":
        return PieSvamlBuilder().say("Connecting.").connect_pstn("+15551234567").build()
    return PieSvamlBuilder().say("Goodbye.").hangup()
"""


@pytest.mark.parametrize("path", ["/ice", "/v1/ICE?x=1"])
async def test_a_partial_callback_without_an_event_field_is_answered(load: Load, path: str) -> None:
    outcome = await post(load(IVR), path, ICE)
    assert outcome.reply.status == 200
    assert outcome.handler == "ice"
    assert outcome.failure is None
    assert outcome.hint == ""
    assert ("Content-Type", "application/json") in outcome.reply.headers
    answer = body_of(outcome)
    assert answer["action"]["name"] == "runMenu"
    assert answer["instructions"][0]["text"] == "Welcome 12015555555!"


async def test_a_callback_at_the_root_goes_by_its_event_and_a_plain_def_answers(load: Load) -> None:
    outcome = await post(load(IVR), "/", {"EVENT": "Pie", "menuResult": {"type": "return", "value": "sales"}})
    assert outcome.handler == "pie"
    assert body_of(outcome)["action"]["name"] == "connectPstn"


async def test_a_builder_that_was_not_built_is_built(load: Load) -> None:
    outcome = await post(load(IVR), "/pie", {})
    assert body_of(outcome)["action"]["name"] == "hangup"


@each_kind
async def test_the_event_is_read_in_every_documented_way(load: Load, kind: str) -> None:
    app = load(
        f"{kind} pie(context, event):\n"
        "    return [event.callid, event.call_id, event['menuResult']['value'], event.menu_result.value,\n"
        "            event['MENURESULT']['VALUE'], event.raw['menuResult'], context.callid]\n"
    )
    result = {"value": "sales", "new": 1}
    outcome = await post(app, "/pie", {"callId": "c", "menuResult": result})
    assert body_of(outcome) == ["c", "c", "sales", "sales", "sales", result, "c"]


@pytest.mark.parametrize("event", ["ace", "dice", "notify"])
@pytest.mark.parametrize("path", ["/{}", "/"])
async def test_a_missing_optional_handler_is_an_empty_200_and_a_hint(load: Load, event: str, path: str) -> None:
    outcome = await post(load(IVR), path.format(event), {"event": event})
    assert (outcome.reply.status, outcome.reply.headers, outcome.reply.body) == (200, (), b"")
    assert outcome.handler is None
    assert outcome.failure is None
    assert event in outcome.hint


@pytest.mark.parametrize("event", ["ice", "pie"])
async def test_a_missing_handler_that_must_answer_is_404_with_the_routes(load: Load, event: str) -> None:
    outcome = await post(load("def status(context, request): ...\ndef dice(context, event): ...\n"), f"/{event}", ICE)
    assert outcome.reply.status == 404
    assert body_of(outcome)["routes"] == ["POST /dice", "/status"]
    assert event in body_of(outcome)["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"ice"', b"null", b"7", b"[{}]", b"\xff"])
@pytest.mark.parametrize("path", ["/ice", "/dice"])
async def test_a_voice_body_that_is_no_json_object_is_400(load: Load, path: str, body: bytes) -> None:
    outcome = await post(load(IVR), path, body)
    assert outcome.reply.status == 400
    assert "JSON" in body_of(outcome)["error"]
    assert outcome.failure is not None
    assert outcome.failure.kind == "body"


@pytest.mark.parametrize("path", ["/", "/ice", "/status"])
async def test_a_body_that_is_nested_too_deeply_is_400(load: Load, path: str) -> None:
    app = load(IVR + "def status(context, request): return request.body\n")
    assert (await post(app, path, b'{"a":' * 100_000)).reply.status == 400


@pytest.mark.parametrize("body", [{"event": "rice"}, {}, [], None, 5])
async def test_a_root_body_that_is_no_callback_is_400(load: Load, body: Any) -> None:
    outcome = await post(load(IVR), "/", body)
    assert outcome.reply.status == 400
    assert set(body_of(outcome)) == {"error"}
    assert outcome.handler is None


async def test_a_callback_path_with_another_method_is_405_and_allows_post(load: Load) -> None:
    outcome = await get(load(IVR), "/ice")
    assert outcome.reply.status == 405
    assert ("Allow", "POST") in outcome.reply.headers


# --- returning nothing and everything else


@each_kind
async def test_nothing_is_an_empty_200_for_voice_and_204_for_a_custom_handler(load: Load, kind: str) -> None:
    app = load("".join(f"{kind} {name}(context, event): pass\n" for name in ("ice", "dice", "notify", "status")))
    for name in ("ice", "dice", "notify"):
        outcome = await post(app, f"/{name}", {})
        assert (outcome.reply.status, outcome.reply.body, outcome.handler) == (200, b"", name)
    outcome = await get(app, "/status")
    assert (outcome.reply.status, outcome.reply.body) == (204, b"")


@each_kind
@pytest.mark.parametrize(
    ("expression", "status", "body"),
    [
        ("{'statusCode': 201, 'headers': {'X-A': 'b'}, 'body': {'ok': True}}", 201, b'{"ok":true}'),
        ("{'ok': True}", 200, b'{"ok":true}'),
        ("[1]", 200, b"[1]"),
        ("'text'", 200, b"text"),
        ("b'bytes'", 200, b"bytes"),
        ("Response('teapot', 418, {'X-A': 'b'})", 418, b"teapot"),
        ("Response(status=404)", 404, b""),
        ("0", 200, b"0"),
    ],
)
async def test_a_custom_handler_may_return_any_of_the_shapes(
    load: Load, kind: str, expression: str, status: int, body: bytes
) -> None:
    app = load(f"from devserver.runtime import Response\n{kind} status(context, request): return {expression}\n")
    outcome = await get(app, "/api/status")
    assert (outcome.reply.status, outcome.reply.body, outcome.handler) == (status, body, "status")
    assert (("X-A", "b") in outcome.reply.headers) == ("X-A" in expression)
    assert outcome.failure is None


@each_kind
async def test_a_custom_handler_gets_the_request(load: Load, kind: str) -> None:
    app = load(
        f"{kind} status(context, request):\n"
        "    return [request.method, request.path, request.query, request.headers['x-shop'], request.body,\n"
        "            context.request_id, request.request_id, context.generation, context.callid]\n"
    )
    outcome = await post(
        app,
        "/a%20b/status?q=1",
        {"n": 1},
        headers=[("X-Shop", "7"), ("Content-Type", "application/json")],
        request_id="r1",
    )
    assert body_of(outcome) == ["POST", "/a b/status", {"q": "1"}, "7", {"n": 1}, "r1", "r1", 3, None]


@each_kind
async def test_what_cannot_be_sent_is_500_and_names_the_type(load: Load, kind: str) -> None:
    outcome = await get(load(f"{kind} status(context, request): return object()\n"), "/status")
    assert outcome.reply.status == 500
    assert "`status` returned a object" in body_of(outcome)["error"]
    assert outcome.failure is not None
    assert outcome.failure.kind == "return"
    assert outcome.failure.traceback == ""


async def test_a_plain_function_may_hand_back_a_coroutine(load: Load) -> None:
    app = load("async def _answer(request): return request.path\nstatus = lambda context, request: _answer(request)\n")
    assert (await get(app, "/status")).reply.body == b"/status"


@each_kind
async def test_a_bad_request_is_400_with_its_text(load: Load, kind: str) -> None:
    outcome = await post(load(f"{kind} status(context, request): return request.json()['a']\n"), "/status", b"nope")
    assert outcome.reply.status == 400
    assert body_of(outcome)["error"].startswith("The body is not JSON")
    assert outcome.failure is not None
    assert outcome.failure.kind == "body"


async def test_a_bad_request_of_a_voice_handler_is_its_failure(load: Load) -> None:
    app = load("from devserver.runtime import BadRequest\ndef ice(context, event): raise BadRequest('x')\n")
    outcome = await post(app, "/ice", ICE)
    assert outcome.reply.status == 500
    assert outcome.failure is not None
    assert outcome.failure.kind == "exception"


# --- misses


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("GET", "/"), ("DELETE", "/api/v2/users")])
async def test_a_miss_is_404_that_lists_the_routes_that_exist(load: Load, method: str, path: str) -> None:
    app = load(IVR + "def get_user(context, request): ...\nasync def conversation_webhook(context, request): ...\n")
    outcome = await app.dispatch(Request(method, path))
    assert outcome.reply.status == 404
    assert body_of(outcome)["routes"] == ["POST /ice", "POST /pie", "/get_user", "/webhook/conversation"]
    assert outcome.handler is None
    assert outcome.failure is None


async def test_a_function_of_other_parameters_is_500_and_says_how_to_write_it(load: Load) -> None:
    outcome = await get(load("def status(request): return 1\n"), "/status")
    assert outcome.reply.status == 500
    assert "def status(context, request)" in body_of(outcome)["error"]
    assert outcome.failure is not None
    assert outcome.failure.kind == "handler"


async def test_a_function_that_cannot_be_called_does_not_hide_one_that_can(load: Load) -> None:
    app = load("def get_user(context, request): return 1\ndef getUser(number): return 2\n")
    assert (await get(app, "/get-user")).reply.body == b"1"


# --- failures

RAISES = """\
import sys

def _deeper(value):
    return 1 / value

{kind} ice(context, event):
    return _deeper(0)

{kind} status(context, request):
    {statement}
"""


@each_kind
async def test_a_failing_handler_is_500_without_svaml_and_with_its_traceback(
    load: Load, kind: str, tmp_path: Path
) -> None:
    outcome = await post(load(RAISES.format(kind=kind, statement="pass")), "/ice", ICE)
    assert outcome.reply.status == 500
    answer = body_of(outcome)
    assert set(answer) == {"error", "traceback"}
    assert answer["error"] == "`ice` raised ZeroDivisionError: division by zero"
    files = [line.strip() for line in answer["traceback"].splitlines() if line.startswith("  File ")]
    assert files == ['File "function.py", line 7, in ice', 'File "function.py", line 4, in _deeper']
    assert str(tmp_path) not in answer["traceback"]
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.text) == ("exception", "ZeroDivisionError: division by zero")
    assert outcome.failure.traceback == answer["traceback"]
    assert outcome.handler == "ice"


@each_kind
@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("sys.exit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("next(iter([]))", "StopIteration"),
        ("raise StopAsyncIteration", "StopAsyncIteration"),
        ("raise ExceptionGroup('two', [ValueError('a'), KeyError('b')])", "ExceptionGroup: two"),
        ("context.config.require_variable('MISSING')", "MISSING"),
        ("raise OSError(b'\\xff'.decode(errors='surrogateescape'))", "\\udcff"),
        ("raise TimeoutError", "TimeoutError"),
        ("import asyncio; raise asyncio.CancelledError", "CancelledError"),
    ],
)
async def test_whatever_a_handler_raises_becomes_an_answer(load: Load, kind: str, statement: str, text: str) -> None:
    async with asyncio.timeout(5):
        outcome = await get(load(RAISES.format(kind=kind, statement=statement)), "/status")
    assert outcome.reply.status == 500
    assert text in body_of(outcome)["error"]
    assert 'File "function.py", line 10, in status' in body_of(outcome)["traceback"]
    assert "application.py" not in body_of(outcome)["traceback"]
    assert outcome.failure is not None
    assert outcome.failure.kind == "exception"
    assert text in outcome.failure.text


async def test_a_builder_that_refuses_to_build_is_the_handlers_failure(load: Load) -> None:
    app = load("from devserver.runtime import IceSvamlBuilder\ndef ice(c, e): return IceSvamlBuilder().say('x')\n")
    outcome = await post(app, "/ice", ICE)
    assert outcome.reply.status == 500
    assert outcome.failure is not None
    assert "SvamlError" in outcome.failure.text


@each_kind
@pytest.mark.parametrize("path", ["/ice", "/status", "/greet", "/strange"])
async def test_a_stranger_is_told_that_it_failed_but_not_how(load: Load, kind: str, path: str) -> None:
    source = RAISES.format(kind=kind, statement="raise ValueError('the secret is 42')")
    app = load(source + "def greet(only_one): ...\ndef strange(context, request): return type('Secret42', (), {})()\n")
    outcome = await post(app, path, ICE, exposed=True)
    name = path.removeprefix("/")
    assert outcome.reply.status == 500
    assert body_of(outcome) == {"error": f"`{name}` failed."}
    assert outcome.failure is not None
    assert len(outcome.failure.text) > 10


async def test_a_failure_leaves_the_application_serving(load: Load) -> None:
    app = load(RAISES.format(kind="async def", statement="return 1"))
    assert (await post(app, "/ice", ICE)).reply.status == 500
    assert (await get(app, "/status")).reply.body == b"1"


# --- cancellation


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Lets a handler in a thread go on; opened at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()


async def test_cancellation_reaches_an_async_handler_and_its_caller(load: Load) -> None:
    app = load(
        "import asyncio\nseen = []\nentered = asyncio.Event()\n"
        "async def status(context, request):\n"
        "    entered.set()\n"
        "    try:\n        await asyncio.Event().wait()\n"
        "    finally:\n        seen.append('cleaned up')\n"
    )
    module = sys.modules[NAME]
    task = asyncio.create_task(get(app, "/status"))
    await module.entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert module.seen == ["cleaned up"]


async def test_a_caller_can_stop_waiting_for_a_handler_in_a_thread(load: Load, gate: threading.Event) -> None:
    app = load("def status(context, request): entered(); gate.wait(10)\n")
    module, entered, loop = sys.modules[NAME], asyncio.Event(), asyncio.get_running_loop()
    vars(module).update(gate=gate, entered=lambda: loop.call_soon_threadsafe(entered.set))
    task = asyncio.create_task(get(app, "/status"))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_around_the_dispatch_is_a_cancellation(load: Load) -> None:
    app = load("import asyncio\nasync def status(context, request): await asyncio.Event().wait()\n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await get(app, "/status")


async def test_a_handler_that_awaits_a_task_it_has_cancelled_has_failed(load: Load) -> None:
    app = load(
        "import asyncio\n"
        "async def status(context, request):\n"
        "    task = asyncio.create_task(asyncio.sleep(60))\n"
        "    task.cancel()\n"
        "    await task\n"
    )
    outcome = await get(app, "/status")
    assert outcome.reply.status == 500
    assert "CancelledError" in body_of(outcome)["error"]


# --- where a handler runs


async def test_a_plain_def_runs_in_a_thread_and_an_async_one_in_the_loop(load: Load) -> None:
    app = load(
        "import threading\n"
        "def plain(context, request): return threading.current_thread().name\n"
        "async def fast(context, request): return threading.current_thread().name\n"
    )
    assert (await get(app, "/plain")).reply.body.startswith(b"handler")
    assert (await get(app, "/fast")).reply.body == threading.current_thread().name.encode()


async def test_a_plain_def_that_waits_does_not_hold_up_others(load: Load, gate: threading.Event) -> None:
    app = load("def slow(context, request): return gate.wait(10)\nasync def fast(context, request): return 1\n")
    vars(sys.modules[NAME])["gate"] = gate
    slow = asyncio.create_task(get(app, "/slow"))
    assert (await get(app, "/fast")).reply.body == b"1"
    assert not slow.done()
    gate.set()
    assert (await slow).reply.body == b"true"


@each_kind
async def test_the_running_handler_is_known_inside_it_even_in_a_thread(load: Load, kind: str) -> None:
    app = load(
        "from devserver.runtime.application import current\nseen = []\n"
        f"{kind} ice(context, event): seen.append(current.get())\n"
        f"{kind} status(context, request): seen.append(current.get())\n"
    )
    await asyncio.gather(post(app, "/ice", ICE, request_id="r1"), get(app, "/status", request_id="r2"))
    seen = sorted(sys.modules[NAME].seen, key=lambda running: running.request_id)
    assert seen == [Running("r1", "ice"), Running("r2", "status")]


async def test_concurrent_requests_keep_their_own_identity(load: Load) -> None:
    app = load(
        "import asyncio\nfrom devserver.runtime.application import current\n"
        "barrier = asyncio.Barrier(8)\n"
        "async def status(context, request):\n"
        "    await barrier.wait()\n"
        "    return [context.request_id, request.request_id, current.get().request_id]\n"
    )
    ids = [f"r{number}" for number in range(8)]
    outcomes = await asyncio.gather(*(get(app, "/status", request_id=one) for one in ids))
    assert [body_of(outcome) for outcome in outcomes] == [[one] * 3 for one in ids]


async def test_a_request_in_a_task_of_its_own_leaves_no_trace(load: Load) -> None:
    await asyncio.create_task(get(load("def status(context, request): return 1\n"), "/status"))
    assert current.get() is None


# --- what a handler is given


@each_kind
async def test_the_context_has_cache_storage_database_assets_and_settings(
    load: Load, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "hello.txt").write_text("hello")
    (tmp_path / "storage").mkdir()
    app = load(
        "import asyncio, sqlite3\n"
        "async def _use(context):\n"
        "    await context.cache.set('k', [1])\n"
        "    await context.storage.write('a/b', 'text')\n"
        "    return [await context.cache.get('k'), (await context.storage.read('a/b')).decode(),\n"
        "            await context.assets('hello.txt'), context.env['NAME'], context.config.function_name]\n"
        f"{kind} status(context, request): return {'await' if kind == 'async def' else 'asyncio.run'}(_use(context))\n"
        f"{kind} path(context, request):\n"
        "    sqlite3.connect(context.database).close()\n"
        "    return context.database\n",
        {"NAME": "value"},
    )
    assert body_of(await get(app, "/status")) == [[1], "text", "hello", "value", "demo"]
    assert (tmp_path / "storage" / "a" / "b").read_text() == "text"
    assert (await get(app, "/path")).reply.body.decode() == str(tmp_path / "data" / "function.db")


async def test_the_cache_is_shared_by_requests(load: Load) -> None:
    app = load(
        "async def ice(context, event): await context.cache.set(event.callid, event.cli)\n"
        "async def status(context, request): return await context.cache.get('1ce0ffee')\n"
    )
    await post(app, "/ice", ICE)
    assert (await get(app, "/status")).reply.body == b"12015555555"


# --- Basic auth

GATED = """\
auth = {auth}
def secret(context, request): return "treasure"
def public(context, request): return "open"
def misfit(one): ...
async def ice(context, event): return {{}}
"""


@pytest.mark.parametrize("exposed", [False, True])
async def test_a_protected_handler_needs_the_credentials(load: Load, exposed: bool) -> None:
    app = load(GATED.format(auth='["secret"]'), KEYS)
    for headers in ([], [("Authorization", "Basic eDp5")], [("Authorization", "Basic é")]):
        outcome = await get(app, "/secret", headers, exposed=exposed)
        assert outcome.reply.status == 401
        assert b"treasure" not in outcome.reply.body
    assert (await get(app, "/secret", RIGHT, exposed=exposed)).reply.body == b"treasure"
    assert (await get(app, "/public", exposed=exposed)).reply.body == b"open"


async def test_without_credentials_in_the_project_it_is_open_here_and_closed_to_strangers(load: Load) -> None:
    app = load(GATED.format(auth='["secret"]'))
    assert (await get(app, "/secret")).reply.status == 200
    assert (await get(app, "/secret", RIGHT, exposed=True)).reply.status == 401


async def test_while_strangers_can_come_in_it_is_closed_here_too_and_says_what_to_set(load: Load) -> None:
    app = load(GATED.format(auth='["secret"]'))
    outcome = await get(app, "/secret", open=True)
    assert outcome.reply.status == 401
    assert "PROJECT_ID_API_KEY" in body_of(outcome)["error"]
    assert (await get(app, "/public", open=True)).reply.status == 200


async def test_a_stranger_is_told_neither_routes_nor_names_of_variables(load: Load) -> None:
    app = load(GATED.format(auth='["secret"]'), KEYS)
    assert body_of(await get(app, "/nothing", exposed=True)) == {"error": "Not found."}
    assert body_of(await get(app, "/secret", exposed=True)) == {"error": "/secret needs Basic auth."}
    assert "routes" in body_of(await get(app, "/nothing", open=True))


@pytest.mark.parametrize("path", ["/secret", "/x/SECRET", "/s-ecret", "/%73ecret", "/secret/"])
async def test_no_spelling_of_the_path_goes_around(load: Load, path: str) -> None:
    assert (await get(load(GATED.format(auth='["secret"]'), KEYS), path)).reply.status == 401


async def test_a_star_gates_every_custom_handler_but_no_callback(load: Load) -> None:
    app = load(GATED.format(auth='"*"'), KEYS)
    for path in ("/secret", "/public", "/misfit"):
        assert (await get(app, path)).reply.status == 401
    assert (await post(app, "/ice", ICE, exposed=True)).reply.status == 200
    assert (await post(app, "/", {"event": "ice"}, exposed=True)).reply.status == 200


async def test_a_callback_that_auth_names_is_not_gated_either(load: Load) -> None:
    assert (await post(load(GATED.format(auth='["ice"]'), KEYS), "/ice", ICE)).reply.status == 200
