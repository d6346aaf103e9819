from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
import requests
from aiohttp import web

from devserver.clock import ManualClock
from devserver.logs import structlog
from devserver.runtime.application import Application, Outcome, current
from devserver.runtime.backends import Assets, FileStorage, MemoryCache, database_path
from devserver.runtime.clients import Clients, OutboundAnswer, OutboundCall, OutboundFailed, OutboundRefused
from devserver.runtime.context import FunctionConfig, FunctionContext, Services
from devserver.runtime.handlers import Handler, Handlers
from devserver.runtime.request import Headers, Request
from tests.runtime.clients.stand_in import ALL, SinchStandIn, expired, no_way_out, running

__all__ = ["no_way_out"]

BATCH = OutboundAnswer(
    201, (("Content-Type", "application/json"),), b'{"id":"recorded","to":["+1"],"type":"mt_text","body":"hi"}'
)
JSON = {"Content-Type": "application/json"}
where: ContextVar[str] = ContextVar("where", default="nowhere")


class Watching:
    """A wire that keeps what it sees, and does what `meanwhile` says in place of the network."""

    def __init__(self, meanwhile: Callable[[OutboundCall], OutboundAnswer | None] = lambda _: None) -> None:
        self.meanwhile = meanwhile
        self.calls: list[OutboundCall] = []
        self.outcomes: list[tuple[OutboundCall, OutboundAnswer | None, str | None]] = []
        self.seconds: list[float] = []
        self.contexts: list[tuple[str, str, str]] = []

    def before(self, call: OutboundCall) -> OutboundAnswer | None:
        self.calls.append(call)
        self._look("before")
        return self.meanwhile(call)

    def after(self, call: OutboundCall, answer: OutboundAnswer | None, error: str | None, seconds: float) -> None:
        self.outcomes.append((call, answer, error))
        self.seconds.append(seconds)
        self._look("after")

    def _look(self, when: str) -> None:
        request = current.get()
        self.contexts.append((when, request.request_id if request else "", where.get()))

    def statuses(self) -> list[int | None]:
        return [answer.status if answer else None for _, answer, _ in self.outcomes]


@pytest.fixture
async def sinch() -> AsyncIterator[SinchStandIn]:
    async with running() as stand_in:
        yield stand_in


async def send(clients: Clients, body: str = "hi") -> Any:
    return await clients.sms.batches.send_sms(to=["+1"], from_="+2", body=body)


def raising(error: Exception) -> Callable[[OutboundCall], OutboundAnswer | None]:
    def meanwhile(_: OutboundCall) -> OutboundAnswer | None:
        raise error

    return meanwhile


# --- calls that go out -----------------------------------------------------------------------------------------


async def test_a_call_that_goes_out_is_shown_with_its_answer(sinch: SinchStandIn) -> None:
    wire = Watching()

    batch = await send(Clients(ALL, sinch.origins, wire))

    assert batch.id == "batch-1"
    [(call, answer, error)] = wire.outcomes
    assert wire.calls == [call]
    assert (call.method, call.url) == ("POST", f"{sinch.url}/sms/xms/v1/P/batches")
    assert json.loads(call.body) == {"type": "mt_text", "to": ["+1"], "from": "+2", "body": "hi"}
    assert answer is not None
    assert (answer.status, error) == (201, None)
    assert b'"batch-1"' in answer.body
    assert dict(answer.headers)["Content-Type"].startswith("application/json")
    assert 0 < wire.seconds[0] < 20


async def test_what_goes_out_carries_the_real_token_and_the_wire_sees_none(sinch: SinchStandIn) -> None:
    wire = Watching()

    await send(Clients(ALL, sinch.origins, wire))

    assert [authorization for _, _, authorization in sinch.asked][1:] == ["Bearer tok"]
    assert sinch.paths() == ["/auth/oauth2/token", "/sms/xms/v1/P/batches"]
    assert len(wire.calls) == 1
    assert "authorization" not in {name.lower() for name, _ in wire.calls[0].headers}
    assert "tok" not in repr(wire.outcomes).replace("oauth2/token", "")


async def test_a_token_of_the_service_plan_is_sent_as_it_is_and_not_shown(sinch: SinchStandIn) -> None:
    wire = Watching()

    await send(Clients({**ALL, "SMS_API_TOKEN": "plan-token"}, sinch.origins, wire))

    assert sinch.asked == [("POST", "/sms/xms/v1/plan/batches", "Bearer plan-token")]
    assert "plan-token" not in repr(wire.outcomes)


async def test_calls_at_once_share_one_real_token(sinch: SinchStandIn) -> None:
    wire = Watching()
    clients = Clients(ALL, sinch.origins, wire)

    await asyncio.gather(*(send(clients, str(n)) for n in range(8)))

    assert sinch.paths().count("/auth/oauth2/token") == 1
    assert wire.statuses() == [201] * 8


async def test_an_expired_token_is_renewed_and_the_call_sent_again(sinch: SinchStandIn) -> None:
    wire = Watching()
    sinch.tokens = ["old", "new"]
    sinch.instead = [expired()]

    await send(Clients(ALL, sinch.origins, wire))

    sent = [authorization for _, path, authorization in sinch.asked if path != "/auth/oauth2/token"]
    assert sent == ["Bearer old", "Bearer new"]
    assert wire.statuses() == [401, 201]


async def test_a_busy_server_is_asked_again_and_each_try_is_shown(sinch: SinchStandIn) -> None:
    wire = Watching()
    sinch.instead = [web.json_response({}, status=429, headers={"Retry-After": "0"})]

    await send(Clients(ALL, sinch.origins, wire))

    assert wire.statuses() == [429, 201]


async def test_a_packed_answer_is_shown_unpacked(sinch: SinchStandIn) -> None:
    wire = Watching()
    packed = web.Response(body=BATCH.body, headers=JSON, status=201)
    packed.enable_compression(web.ContentCoding.gzip)
    sinch.instead = [packed]

    batch = await send(Clients(ALL, sinch.origins, wire))

    assert batch.id == "recorded"
    assert wire.outcomes[0][1] is not None
    assert wire.outcomes[0][1].body == BATCH.body


async def test_without_a_server_the_error_of_the_sdk_is_shown_and_raised() -> None:
    wire = Watching()
    origins = {"sms": "http://127.0.0.1:9", "auth": "http://127.0.0.1:9"}

    with pytest.raises(requests.ConnectionError):
        await send(Clients({**ALL, "SMS_API_TOKEN": "plan-token"}, origins, wire))

    [(_, answer, error)] = wire.outcomes
    assert answer is None
    assert error is not None
    assert error.startswith("ConnectionError: ")


async def test_wrong_credentials_are_the_error_of_the_sdk(sinch: SinchStandIn) -> None:
    from sinch.domains.authentication.exceptions import AuthenticationException

    wire = Watching()
    sinch.tokens = []
    clients = Clients(ALL, sinch.origins, wire)

    with pytest.raises(AuthenticationException, match="who are you"):
        await send(clients)
    assert wire.outcomes == [(wire.calls[0], None, "AuthenticationException: who are you")]

    sinch.tokens = ["tok"]  # they are mended, and nothing of before stands in the way
    assert (await send(clients)).id == "batch-1"


async def test_an_error_of_the_api_stays_the_error_of_the_sdk(sinch: SinchStandIn) -> None:
    from sinch.domains.sms.api.v1.exceptions import SmsException

    wire = Watching()

    with pytest.raises(SmsException) as caught:
        await send(Clients(ALL, sinch.origins, wire), "refuse me")

    assert caught.value.response_status_code == 400
    assert wire.statuses() == [400]


# --- calls that do not go out ----------------------------------------------------------------------------------


async def test_an_answer_of_the_wire_needs_neither_network_nor_credentials(sinch: SinchStandIn) -> None:
    wire = Watching(lambda _: BATCH)
    sinch.tokens = []

    batch = await send(Clients(ALL, sinch.origins, wire))

    assert batch.id == "recorded"
    assert sinch.asked == []
    assert wire.outcomes == [(wire.calls[0], BATCH, None)]


async def test_a_call_that_goes_out_after_one_that_was_answered_has_a_real_token(sinch: SinchStandIn) -> None:
    answers: list[OutboundAnswer | None] = [BATCH, None]
    clients = Clients(ALL, sinch.origins, Watching(lambda _: answers.pop(0)))

    assert [(await send(clients)).id, (await send(clients)).id] == ["recorded", "batch-1"]

    assert sinch.asked[-1] == ("POST", "/sms/xms/v1/P/batches", "Bearer tok")


async def test_a_refused_call_does_not_go_out(sinch: SinchStandIn) -> None:
    wire = Watching(raising(OutboundRefused("No.")))

    with pytest.raises(OutboundRefused, match=r"^No\.$"):
        await send(Clients(ALL, sinch.origins, wire))

    assert sinch.asked == []
    assert wire.outcomes == []


@pytest.mark.parametrize(
    ("kind", "raised", "text"),
    [
        ("ReadTimeout", requests.ReadTimeout, "late"),
        ("ConnectTimeout", requests.ConnectTimeout, "late"),
        ("ConnectionError", requests.ConnectionError, "late"),
        ("SSLError", requests.exceptions.SSLError, "late"),
        ("Unheard", requests.ConnectionError, "Unheard: late"),
    ],
)
async def test_a_call_that_failed_fails_in_the_same_way(
    sinch: SinchStandIn, kind: str, raised: type[Exception], text: str
) -> None:
    wire = Watching(raising(OutboundFailed(kind, "late")))

    with pytest.raises(raised) as caught:
        await send(Clients(ALL, sinch.origins, wire))

    assert (type(caught.value), str(caught.value)) == (raised, text)
    assert wire.outcomes == [(wire.calls[0], None, f"{kind}: late")]
    assert sinch.asked == []


async def test_refused_credentials_are_refused_in_the_same_way() -> None:
    from sinch.domains.authentication.exceptions import AuthenticationException

    wire = Watching(raising(OutboundFailed("AuthenticationException", "who are you")))

    with pytest.raises(AuthenticationException, match="who are you"):
        await send(Clients(ALL, {}, wire))


# --- around it -------------------------------------------------------------------------------------------------


@pytest.fixture
def dispatch(tmp_path: Path) -> Iterator[Callable[[Any, bool, Watching], Outcome]]:
    """Calls one handler as a host does, plain ones in a pool of threads."""
    with ThreadPoolExecutor(2, "handler") as threads:

        def run(call: Any, is_async: bool, wire: Watching) -> Outcome:
            services = Services(
                root=tmp_path,
                config=FunctionConfig("project", "demo", "development", ALL),
                cache=MemoryCache(ManualClock()),
                storage=FileStorage(tmp_path / "storage"),
                assets=Assets(tmp_path / "assets"),
                clients=Clients(ALL, {}, wire),
                database=lambda: database_path(tmp_path),
                logger=structlog.get_logger(),
            )
            application = Application(Handlers({"tell": Handler("tell", call, is_async, 1)}), services, 1, threads)
            request = Request("POST", "/tell", Headers([]), b"", "request-7")
            where.set("in a test")
            return asyncio.run(application.dispatch(request))

        yield run


async def tell(context: FunctionContext, _: object) -> str:
    return str((await send_from(context)).id)


def plainly_tell(context: FunctionContext, _: object) -> str:
    return str(asyncio.run(send_from(context)).id)


async def send_from(context: FunctionContext) -> Any:
    return await context.sms.batches.send_sms(to=["+1"], from_="+2", body="hi")


@pytest.mark.parametrize(("call", "is_async"), [(tell, True), (plainly_tell, False)], ids=["async def", "def"])
def test_the_wire_sees_the_request_that_a_call_belongs_to(
    dispatch: Callable[[Any, bool, Watching], Outcome], call: Any, is_async: bool
) -> None:
    wire = Watching(lambda _: BATCH)

    outcome = dispatch(call, is_async, wire)

    assert outcome.failure is None
    assert wire.contexts == [("before", "request-7", "in a test"), ("after", "request-7", "in a test")]


async def test_the_wire_sees_the_context_of_further_pages_too(sinch: SinchStandIn) -> None:
    wire = Watching()
    where.set("in pages")

    pages = await Clients(ALL, sinch.origins, wire).numbers.list(region_code="US", number_type="LOCAL")
    found = [number.phone_number async for number in pages]

    assert len(found) == 3
    assert [text for _, _, text in wire.contexts] == ["in pages"] * 4


def test_without_a_wire_the_sdk_sends_by_its_own_adapters() -> None:
    session = Clients(ALL)._sdk._ready().configuration.transport.http_session

    assert {type(adapter) for adapter in session.adapters.values()} == {requests.adapters.HTTPAdapter}


def test_a_session_with_a_wire_can_be_closed() -> None:
    Clients(ALL, {}, Watching())._sdk._ready().configuration.transport.http_session.close()


def test_a_wire_imports_nothing_before_a_call() -> None:
    code = (
        "import sys\n"
        "from devserver.runtime.clients import Clients\n"
        "import devserver.recorder.outbound\n"
        "bool(Clients({}, {}, object()).sms)\n"
        "print([name for name in ('requests', 'urllib3', 'sinch', 'aiohttp') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50)

    assert done.stdout.strip() == "[]"
