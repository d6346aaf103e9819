from __future__ import annotations

from typing import Any

import msgspec
import pytest

from devserver.project.settings import DevSettings

HERE = "http://127.0.0.1:3002"


@pytest.mark.parametrize(
    ("settings", "cloud", "wanted"),
    [
        (DevSettings(), HERE, {"voice": HERE}),
        (DevSettings(), "", {"voice": ""}),
        (DevSettings(voice="live"), HERE, {}),
        (DevSettings(origins={"sms": "http://a"}), HERE, {"sms": "http://a", "voice": HERE}),
        (DevSettings(origins={"voice": "http://b"}), HERE, {"voice": "http://b"}),
        (DevSettings(origins={"voice": "http://b"}, voice="live"), HERE, {"voice": "http://b"}),
    ],
    ids=["local", "local without a platform", "live", "others too", "somewhere else", "somewhere else and live"],
)
def test_the_voice_client_goes_to_the_local_sinch_unless_it_is_told_otherwise(
    settings: DevSettings, cloud: str, wanted: dict[str, str]
) -> None:
    assert settings.client_origins(cloud) == wanted


FRP = {"server": "frp.example.com:7000", "url": "https://me.dev.example.com", "subdomain": "me"}


def test_an_frp_server() -> None:
    frp = msgspec.convert({"frp": FRP}, DevSettings).frp
    assert frp is not None
    assert (frp.server, frp.url, frp.subdomain, frp.domain) == (*FRP.values(), "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"server": "frp.example.com"},
        {"server": "frp.example.com:port"},
        {"url": "me.dev.example.com"},
        {"url": "https://me.dev.example.com/path"},
        {"subdomain": "a.b"},
        {"domain": "A domain"},
        {"token": "secret"},  # sinch.json is committed
    ],
    ids=str,
)
def test_an_frp_server_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"frp": FRP | wrong}, DevSettings)
