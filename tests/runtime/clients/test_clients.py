from __future__ import annotations

import asyncio
import base64
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from devserver.errors import ConfigError
from devserver.runtime.clients import Clients, MissingVariables, Pages
from tests.runtime.clients.stand_in import ALL, PROJECT, SinchStandIn, no_way_out, running

__all__ = ["no_way_out"]


@pytest.fixture
async def sinch() -> AsyncIterator[SinchStandIn]:
    async with running() as stand_in:
        yield stand_in


async def test_an_sms_is_sent_with_a_bearer_token(sinch: SinchStandIn) -> None:
    clients = Clients(ALL, sinch.origins)

    batch = await clients.sms.batches.send_sms(to=["+12017777777"], from_="+12015555555", body="hi")

    assert batch.id == "batch-1"
    assert batch.to == ["+12017777777"]
    basic = base64.b64encode(b"K:S").decode()
    assert sinch.asked == [
        ("POST", "/auth/oauth2/token", f"Basic {basic}"),
        ("POST", "/sms/xms/v1/P/batches", "Bearer tok"),
    ]
    assert sinch.bodies[1] == {"to": ["+12017777777"], "from": "+12015555555", "body": "hi", "type": "mt_text"}


async def test_an_sms_token_of_the_service_plan_is_used_when_there_is_one(sinch: SinchStandIn) -> None:
    clients = Clients({**ALL, "SMS_API_TOKEN": "plan-token"}, sinch.origins)

    await clients.sms.batches.send_sms(to=["+12017777777"], from_="+12015555555", body="hi")

    assert sinch.asked == [("POST", "/sms/xms/v1/plan/batches", "Bearer plan-token")]


async def test_a_conversation_message_is_sent(sinch: SinchStandIn) -> None:
    clients = Clients({**ALL, "CONVERSATION_REGION": "eu"}, sinch.origins)

    answer = await clients.conversation.messages.send_text_message(app_id="app", text="hi", contact_id="contact-1")

    assert answer.message_id == "message-1"
    assert sinch.asked[1] == ("POST", "/conversation/v1/projects/P/messages:send", "Bearer tok")
    assert sinch.bodies[1]["recipient"] == {"contact_id": "contact-1"}


async def test_numbers_are_listed_over_all_pages(sinch: SinchStandIn) -> None:
    clients = Clients(ALL, sinch.origins)

    pages = await clients.numbers.list(region_code="US", number_type="LOCAL")
    found = [number.phone_number async for number in pages]

    assert found == ["+12015550001", "+12015550002", "+12015550003"]
    assert sinch.paths().count("/numbers/v1/projects/P/activeNumbers") == 2


async def test_numbers_are_listed_page_by_page(sinch: SinchStandIn) -> None:
    pages = await Clients(ALL, sinch.origins).numbers.list(region_code="US", number_type="LOCAL")

    assert isinstance(pages, Pages)
    assert len(pages.content()) == 2
    assert pages.has_next_page
    assert await pages.next_page() is pages
    assert [number.phone_number for number in pages.content()] == ["+12015550003"]
    assert pages.result.next_page_token == ""
    assert await pages.next_page() is None
    assert "+12015550003" in repr(pages)


async def test_an_error_of_the_api_is_the_error_of_the_sdk(sinch: SinchStandIn) -> None:
    from sinch.domains.sms.api.v1.exceptions import SmsException

    with pytest.raises(SmsException) as caught:
        await Clients(ALL, sinch.origins).sms.batches.send_sms(to=["+1"], from_="+2", body="refuse me")

    assert caught.value.response_status_code == 400


async def test_first_calls_at_once_share_one_client_and_one_token(sinch: SinchStandIn) -> None:
    clients = Clients(ALL, sinch.origins)

    await asyncio.gather(
        *(clients.sms.batches.send_sms(to=["+1"], from_="+2", body=str(n)) for n in range(5)),
        clients.conversation.messages.send_text_message(app_id="app", text="hi", contact_id="c"),
    )

    assert sinch.paths().count("/auth/oauth2/token") == 1
    assert len(sinch.asked) == 7


async def test_the_event_loop_goes_on_while_the_sdk_waits(sinch: SinchStandIn) -> None:
    # The stand-in lives on the same event loop: a call that blocked it could never be answered.
    async with asyncio.timeout(60):
        await Clients(ALL, sinch.origins).sms.batches.send_sms(to=["+1"], from_="+2", body="hi")


async def test_a_region_may_be_part_of_an_origin(sinch: SinchStandIn) -> None:
    origins = {**sinch.origins, "sms": f"{sinch.url}/sms/{{}}/"}

    await Clients(ALL, origins).sms.batches.send_sms(to=["+1"], from_="+2", body="hi")

    assert sinch.paths()[1] == "/sms/us/xms/v1/P/batches"


def test_without_origins_the_sdk_talks_to_sinch_in_the_given_regions() -> None:
    clients = Clients({**ALL, "SMS_REGION": "eu"})

    configuration = clients._sdk._ready().configuration

    assert configuration.sms_origin == "https://zt.eu.sms.api.sinch.com"
    assert configuration.conversation_origin == "https://us.conversation.api.sinch.com"
    assert configuration.auth_origin == "https://auth.sinch.com"
    assert not configuration.transport.http_session.proxies


@pytest.mark.parametrize(
    ("origin", "bypassed"),
    [
        ("http://127.0.0.1:3002", {"http://127.0.0.1": ""}),
        ("http://localhost:3002/sms", {"http://localhost": ""}),
        ("http://[::1]:3002", {"http://::1": ""}),
        ("https://sinch.example", {}),
    ],
)
def test_only_this_machine_is_reached_without_the_proxy(origin: str, bypassed: dict[str, str]) -> None:
    client = Clients(ALL, {"sms": origin})._sdk._ready()

    assert dict(client.configuration.transport.http_session.proxies) == bypassed


@pytest.mark.parametrize(
    ("client", "variables", "names"),
    [
        ("sms", {}, ("PROJECT_ID", "PROJECT_ID_API_KEY", "PROJECT_ID_API_SECRET", "SMS_SERVICE_PLAN_ID")),
        ("sms", PROJECT, ("SMS_SERVICE_PLAN_ID",)),
        ("conversation", {**PROJECT, "PROJECT_ID": " "}, ("PROJECT_ID", "CONVERSATION_APP_ID")),
        ("numbers", PROJECT, ("ENABLE_NUMBERS_API",)),
        ("numbers", {**PROJECT, "ENABLE_NUMBERS_API": "false"}, ("ENABLE_NUMBERS_API",)),
    ],
)
async def test_a_client_without_its_variables_names_them_when_it_is_called(
    client: str, variables: dict[str, str], names: tuple[str, ...]
) -> None:
    operation = getattr(Clients(variables), client).anything.at_all

    with pytest.raises(MissingVariables) as caught:
        await operation()

    assert caught.value.client == client
    assert caught.value.names == names
    assert all(name in str(caught.value) for name in names)


def test_the_error_for_missing_variables_says_where_to_put_them() -> None:
    error = MissingVariables("numbers", ("PROJECT_ID", "PROJECT_ID_API_KEY", "ENABLE_NUMBERS_API"))

    assert str(error) == (
        "context.numbers cannot be used without PROJECT_ID, PROJECT_ID_API_KEY and ENABLE_NUMBERS_API=true. "
        "Put what is secret into .env, and the rest there or into `variables` of sinch.json."
    )
    assert str(MissingVariables("sms", ("PROJECT_ID",))).startswith("context.sms cannot be used without PROJECT_ID. ")


def test_the_error_for_missing_variables_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(MissingVariables("sms", ("PROJECT_ID",))))  # noqa: S301 our own bytes

    assert (error.client, error.names) == ("sms", ("PROJECT_ID",))


def test_a_client_is_true_when_its_variables_are_set() -> None:
    assert Clients(ALL).sms
    assert Clients(ALL).numbers
    assert not Clients(PROJECT).sms
    assert not Clients({**ALL, "ENABLE_NUMBERS_API": "no"}).numbers


async def test_an_operation_that_the_sdk_lacks_is_named_with_its_neighbours() -> None:
    with pytest.raises(AttributeError, match=r"has no sms.batches.send_smss. sms.batches has .*send_sms"):
        await Clients(ALL).sms.batches.send_smss()
    with pytest.raises(AttributeError, match=r"has no sms.batch. sms has batches, delivery_reports"):
        await Clients(ALL).sms.batch.send_sms()


async def test_a_group_of_operations_cannot_be_called() -> None:
    with pytest.raises(TypeError, match=r"sms.batches of the Sinch SDK is no operation. It has "):
        await Clients(ALL).sms.batches()


async def test_what_is_not_paged_is_returned_as_the_sdk_returns_it() -> None:
    handler = await Clients(ALL).sms.sinch_events("secret")

    assert type(handler).__name__ == "SmsSinchEvent"


def test_private_names_are_not_passed_on() -> None:
    with pytest.raises(AttributeError, match=r"context.sms.batches has no __wrapped__"):
        _ = Clients(ALL).sms.batches.__wrapped__
    assert repr(Clients(ALL).sms.batches.send_sms) == "context.sms.batches.send_sms"


def test_a_client_of_a_later_version_says_so_when_it_is_used() -> None:
    client = Clients(ALL).verification

    assert not client
    assert repr(client) == "context.verification"
    with pytest.raises(AttributeError, match=r"context.verification.start comes with a later version"):
        _ = client.start


def test_an_origin_of_an_unknown_product_is_refused_at_once() -> None:
    with pytest.raises(
        ConfigError, match=r"There is no Sinch product 'smss' to redirect. There are auth, conversation"
    ):
        Clients(ALL, {"smss": "http://127.0.0.1:1"})


def test_every_origin_that_a_setting_may_name_reaches_the_sdk() -> None:
    origins = {
        name: f"http://127.0.0.1:1/{name}" for name in ("auth", "sms", "conversation", "numbers", "number_lookup")
    }

    configuration = Clients(ALL, origins)._sdk._ready().configuration

    assert configuration.auth_origin == origins["auth"]
    assert configuration.sms_origin == configuration.sms_origin_with_service_plan_id == origins["sms"]
    assert configuration.conversation_origin == origins["conversation"]
    assert configuration.numbers_origin == origins["numbers"]
    assert configuration.number_lookup_origin == origins["number_lookup"]


def test_origins_of_products_that_are_not_the_sdks_are_taken() -> None:
    clients = Clients(ALL, {"voice": "http://127.0.0.1:1", "verification": "http://127.0.0.1:1"})

    assert clients._sdk._ready()


def test_secrets_are_not_in_the_repr() -> None:
    assert "PROJECT_ID" not in repr(Clients(ALL))


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50)
    return done.stdout.strip()


def test_the_sdk_is_not_imported_before_it_is_called() -> None:
    out = run(
        "import asyncio, sys\n"
        "from devserver.runtime.clients import Clients, MissingVariables\n"
        "sms = Clients({}, {'sms': 'http://127.0.0.1:9'}).sms.batches.send_sms\n"
        "try: asyncio.run(sms(to=[]))\n"
        "except MissingVariables: print('sinch' in sys.modules, 'requests' in sys.modules)\n"
    )

    assert out == "False False"


def test_the_event_loop_goes_on_while_the_sdk_is_imported() -> None:
    out = run(
        "import asyncio\n"
        "from devserver.runtime.clients import Clients\n"
        f"clients = Clients({ALL!r})\n"
        "async def main():\n"
        "    call, turns = asyncio.create_task(clients.sms.sinch_events('secret')), 0\n"
        "    while not call.done():\n"
        "        await asyncio.sleep(0.005)\n"
        "        turns += 1\n"
        "    print(turns)\n"
        "asyncio.run(main())\n"
    )

    assert int(out) > 5
