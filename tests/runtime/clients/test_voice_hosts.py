from __future__ import annotations

import pytest

from devserver.errors import ConfigError
from devserver.runtime.clients import Clients
from devserver.runtime.clients.voice_hosts import REGIONS, calling_origin, configuration_origin
from tests.fakes.voice_platform import VARIABLES, voice_platform
from tests.runtime.clients.stand_in import no_way_out

__all__ = ["no_way_out"]


def test_the_published_hosts_are_the_default() -> None:
    assert configuration_origin({}) == "https://callingapi.sinch.com"
    assert calling_origin({}, "") == "https://calling.api.sinch.com"
    assert calling_origin({"FN_CALLING_ORIGIN": " "}, " USE1 ") == "https://calling-use1.api.sinch.com"


@pytest.mark.parametrize("region", ["", *REGIONS])
def test_the_environment_replaces_them_for_every_region(region: str) -> None:
    environ = {"FN_CALLING_ORIGIN": "http://127.0.0.1:9/calls/", "FN_CONFIGURATION_ORIGIN": "https://voice.example"}
    assert calling_origin(environ, region) == "http://127.0.0.1:9/calls"
    assert configuration_origin(environ) == "https://voice.example"


@pytest.mark.parametrize(
    "value",
    [
        "voice.example",
        "ftp://voice.example",
        "https://",
        "https:///path",
        "https://voice.example?x=1",
        "https://voice.example#x",
        "https://key:hush@voice.example",
        "https://voice.example:port",
        "https://voice.example:0",
        "https://voice example",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_one_sentence_without_the_value(value: str) -> None:
    with pytest.raises(ConfigError, match=r"^FN_CONFIGURATION_ORIGIN is no http:// or https:// address\. ") as refused:
        configuration_origin({"FN_CONFIGURATION_ORIGIN": value})
    assert "hush" not in str(refused.value)
    with pytest.raises(ConfigError, match=r"^FN_CALLING_ORIGIN is no"):
        calling_origin({"FN_CALLING_ORIGIN": value}, "")


def test_a_region_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="VOICE_REGION is 'mars'"):
        calling_origin({}, "mars")


async def test_the_client_asks_there_where_the_live_platform_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    async with voice_platform() as calls, voice_platform() as configuration:
        monkeypatch.setenv("FN_CALLING_ORIGIN", calls.url)
        monkeypatch.setenv("FN_CONFIGURATION_ORIGIN", configuration.url + "/")
        live = Clients({**VARIABLES, "VOICE_REGION": "euc1"}, {}).voice
        await live.calls.get("call-1")
        await live.configuration.numbers()
    assert [asked.path for asked in calls.asked] == ["/calling/v1/calls/id/call-1"]
    assert [asked.path for asked in configuration.asked] == ["/v1/configuration/numbers"]


async def test_a_platform_that_is_named_by_the_project_stays_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FN_CALLING_ORIGIN", "http://127.0.0.1:9")
    async with voice_platform() as platform:
        await Clients(VARIABLES, {"voice": platform.url}).voice.calls.get("call-1")
        assert len(platform.asked) == 1
