"""What an address is, by its name."""

from __future__ import annotations

import pytest

from devserver.voiceapp.addresses import TUNNEL_DOMAINS, Kind, host_of, kind_of, shown

KINDS: list[tuple[str | None, Kind]] = [
    (None, "none"),
    ("", "none"),
    ("http://localhost:3000/", "local"),
    ("http://127.0.0.1:3000/ice", "local"),
    ("http://[::1]:3000/", "local"),
    ("http://0.0.0.0/", "local"),
    ("http://api.localhost:8080/", "local"),
    ("https://quiet-lake.trycloudflare.com/", "tunnel"),
    ("https://QUIET-LAKE.TryCloudflare.COM/ice?x=1", "tunnel"),
    ("https://quiet-lake.trycloudflare.com./", "tunnel"),
    ("https://user:word@quiet-lake.trycloudflare.com:443/", "tunnel"),
    ("https://trycloudflare.com", "tunnel"),
    ("https://nottrycloudflare.com/", "server"),
    ("https://trycloudflare.com.example.org/", "server"),
    ("https://example.org/?next=https://x.trycloudflare.com/", "server"),
    ("https://example.org/trycloudflare.com", "server"),
    ("https://ivr.example.com/voice", "server"),
    ("https://127.0.0.1.example.com/", "server"),
    ("not an address", "server"),
    ("https://[broken/", "server"),
]


@pytest.mark.parametrize(("url", "kind"), KINDS, ids=str)
def test_the_kind_of_an_address(url: str | None, kind: Kind) -> None:
    assert kind_of(url) == kind


@pytest.mark.parametrize("domain", TUNNEL_DOMAINS)
def test_every_known_domain_is_one_of_tunnels_with_and_without_a_name_before_it(domain: str) -> None:
    assert kind_of(f"https://{domain}/") == kind_of(f"https://a.b.{domain}/") == "tunnel"
    assert kind_of(f"https://my{domain}/") == "server"


def test_the_host_of_what_is_no_address_is_empty() -> None:
    assert host_of("https://[broken/") == host_of("nothing") == ""
    assert host_of("https://Example.COM:8443/Path") == "example.com"


def test_no_address_has_words() -> None:
    assert shown(None) == shown("") == "no address"
    assert shown("https://a.example/") == "https://a.example/"
