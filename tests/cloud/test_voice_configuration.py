from __future__ import annotations

from devserver.cloud.voice_state import CallbackUrls
from devserver.project.settings import CloudSettings
from tests.cloud.port import APP, Platform

NUMBERS = "/v1/configuration/numbers"
CALLBACKS = f"/v1/configuration/callbacks/applications/{APP.key}"
BOTH = {"url": {"primary": "https://a.example/x", "fallback": "https://b.example/x"}}
ONE = {"url": {"primary": "https://c.example/x", "fallback": None}}


async def test_a_number_is_assigned_and_taken_away_and_stays_the_accounts(platform: Platform) -> None:
    first = await platform.ask("POST", NUMBERS, {"numbers": ["+12073091712"], "capability": "voice"})
    assigned = (await platform.ask("GET", NUMBERS)).body
    second = await platform.ask("DELETE", NUMBERS, {"Number": "+12073091712", "applicationKey": APP.key.lower()})
    left = (await platform.ask("GET", NUMBERS)).body

    assert (first.status, first.raw, second.status, second.raw) == (204, b"", 204, b"")
    assert assigned == {"numbers": [{"number": "+12073091712", "applicationkey": APP.key, "capability": "voice"}]}
    assert left == {"numbers": [{"number": "+12073091712", "capability": "voice"}]}


async def test_one_bad_number_keeps_all_of_them_from_being_assigned(platform: Platform) -> None:
    assert (await platform.ask("POST", NUMBERS, {"numbers": ["+12073091712", "nonsense"]})).code == 40001
    assert (await platform.ask("GET", NUMBERS)).body == {"numbers": []}


async def test_numbers_of_the_settings_are_rented_and_can_be_assigned(platform: Platform) -> None:
    platform.settings = CloudSettings(numbers=["+12015555555", "+12016666666"])
    await platform.ask("POST", NUMBERS, {"numbers": ["+12016666666"]})

    assert (await platform.ask("GET", NUMBERS)).body["numbers"] == [
        {"number": "+12015555555", "capability": "voice"},
        {"number": "+12016666666", "applicationkey": APP.key, "capability": "voice"},
    ]


async def test_a_number_for_messages_is_another_entry(platform: Platform) -> None:
    await platform.ask("POST", NUMBERS, {"numbers": ["+12073091712"], "capability": "sms"})

    assert (await platform.ask("DELETE", NUMBERS, {"number": "+12073091712"})).code == 40001
    assert (await platform.ask("DELETE", NUMBERS, {"number": "+12073091712", "capability": "SMS"})).status == 204


async def test_callback_urls_are_kept(platform: Platform) -> None:
    reply = await platform.ask("POST", CALLBACKS, BOTH)

    assert (reply.status, reply.raw) == (204, b"")
    assert (await platform.ask("GET", CALLBACKS)).body == BOTH
    assert platform.state.callback_urls(APP.key) == CallbackUrls("https://a.example/x", "https://b.example/x")


async def test_configuring_without_a_fallback_clears_the_old_one_by_default(platform: Platform) -> None:
    await platform.ask("POST", CALLBACKS, BOTH)
    await platform.ask("POST", CALLBACKS, ONE)

    assert (await platform.ask("GET", CALLBACKS)).body == {"url": {"primary": "https://c.example/x"}}


async def test_or_keeps_it_when_the_settings_say_so(platform: Platform) -> None:
    platform.settings = CloudSettings(without_fallback="keep")
    await platform.ask("POST", CALLBACKS, BOTH)
    await platform.ask("POST", CALLBACKS, ONE)

    assert (await platform.ask("GET", CALLBACKS)).body["url"]["fallback"] == "https://b.example/x"


async def test_an_empty_primary_address_stops_callbacks(platform: Platform) -> None:
    assert (await platform.ask("POST", CALLBACKS, {"url": {"primary": ""}})).status == 204

    assert (await platform.ask("GET", CALLBACKS)).body == {"url": {"primary": ""}}


async def test_a_queried_number_may_have_spaces(platform: Platform) -> None:
    reply = await platform.ask("GET", "/v1/calling/query/number/+1%20201%20555%205555")

    assert reply.body["number"]["normalizedNumber"] == "+12015555555"
    assert reply.body["number"]["countryId"] == "US"
