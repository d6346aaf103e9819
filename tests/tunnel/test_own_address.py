from __future__ import annotations

import pytest

from devserver.tunnel import OwnAddress, TunnelFailed, open_tunnel
from tests.fakes.tunnels import Told


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://dev.example.com", "https://dev.example.com"),
        ("https://dev.example.com/", "https://dev.example.com"),
        ("https://dev.example.com:8443/fn/", "https://dev.example.com:8443/fn"),
        (" http://127.0.0.1:8080 ", "http://127.0.0.1:8080"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
async def test_an_address_of_ones_own_is_ready_at_once_and_told_as_the_others_are(given: str, url: str) -> None:
    told = Told()
    async with open_tunnel(OwnAddress(given), 3000, told) as address:
        assert address.url == url
        assert told.texts[-1] == f"The public address is {url}.", "that somebody can reach it is for the proof to say"
        address.check_now(since=0.0)
        assert (await told.until("ready", after=2)).url == url
    assert told.states == ["connecting", "ready", "ready", "closed"]


@pytest.mark.parametrize(
    "given",
    [
        *("", "dev.example.com", "ftp://dev.example.com", "https://", "https://dev.example.com:port"),
        *("https://dev.example.com/?a=1", "https://dev.example.com/#a", "https://me:secret@dev.example.com"),
        *("https://[::1", "file:///etc/passwd"),
    ],
)
def test_what_no_callback_could_use_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(TunnelFailed) as refused:
        OwnAddress(given)
    assert "--public-url https://dev.example.com" in refused.value.hint
    assert "secret" not in refused.value.message
