from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from devserver.tunnel.lookup import FreshNames, NameUnknown, is_public
from tests.fakes.name_server import NameServer, name_server

QUICK = "new.trycloudflare.com"


class OwnResolver(AbstractResolver):
    """This machine's own, which must not hear of some names."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if host.startswith("unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [ResolveResult(hostname=host, host="192.0.2.9", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        return None


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    async with name_server() as running:
        yield running


@pytest.fixture
def own() -> OwnResolver:
    return OwnResolver()


@pytest.fixture
async def names(server: NameServer, own: OwnResolver) -> AsyncIterator[FreshNames]:
    async with FreshNames([server.url]) as fresh:
        fresh._own = own  # type: ignore[assignment]
        yield fresh


async def test_a_public_name_is_looked_up_at_the_public_name_server_only(
    names: FreshNames, server: NameServer, own: OwnResolver
) -> None:
    server.names[QUICK] = "192.0.2.1"
    found = await names.resolve(QUICK, 443)
    assert [(each["hostname"], each["host"], each["port"], each["family"]) for each in found] == [
        (QUICK, "192.0.2.1", 443, socket.AF_INET)
    ]
    assert (server.asked, own.asked) == ([(QUICK, "A")], [])


async def test_a_name_with_only_an_ipv6_address_is_found_too(names: FreshNames, server: NameServer) -> None:
    server.names[QUICK] = "2001:db8::1"
    found = await names.resolve(QUICK, 443)
    assert (found[0]["host"], found[0]["family"]) == ("2001:db8::1", socket.AF_INET6)


async def test_a_quick_tunnels_name_that_is_not_there_yet_is_never_asked_of_our_own_resolver(
    names: FreshNames, own: OwnResolver, server: NameServer
) -> None:
    with pytest.raises(NameUnknown):
        await names.resolve(QUICK, 443)
    assert own.asked == []
    server.names[QUICK] = "192.0.2.1"
    assert (await names.resolve(QUICK, 443))[0]["host"] == "192.0.2.1"


async def test_a_companys_own_name_may_be_known_at_home_only(names: FreshNames, own: OwnResolver) -> None:
    assert (await names.resolve("fn.corp.example", 443))[0]["host"] == "192.0.2.9"
    assert own.asked == ["fn.corp.example"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "printer.local", "fn.internal", "dev.localhost"])
async def test_what_is_not_public_is_not_told_to_the_public_name_server(
    names: FreshNames, server: NameServer, own: OwnResolver, host: str
) -> None:
    await names.resolve(host, 80)
    assert (server.asked, own.asked) == ([], [host])
    assert not is_public(host)


async def test_when_the_public_name_server_cannot_be_had_our_own_is_asked(own: OwnResolver) -> None:
    async with FreshNames(["http://127.0.0.1:1/dns-query"] * 2) as names:
        names._own = own  # type: ignore[assignment]
        assert (await names.resolve(QUICK, 443))[0]["host"] == "192.0.2.9"


async def test_name_servers_are_asked_in_turn_because_one_asked_too_early_remembers_that(
    server: NameServer, own: OwnResolver
) -> None:
    async with name_server(**{QUICK: "192.0.2.2"}) as other, FreshNames([server.url, other.url]) as names:
        names._own = own  # type: ignore[assignment]
        with pytest.raises(NameUnknown):
            await names.resolve(QUICK, 443)
        assert other.asked == []
        assert (await names.resolve(QUICK, 443))[0]["host"] == "192.0.2.2"
        server.status = 503
        assert (await names.resolve(QUICK, 443))[0]["host"] == "192.0.2.2"
    assert own.asked == []


@pytest.mark.parametrize("status", [403, 503])
async def test_when_something_else_answers_there_our_own_is_asked(
    names: FreshNames, server: NameServer, own: OwnResolver, status: int
) -> None:
    server.status = status
    assert (await names.resolve(QUICK, 443))[0]["host"] == "192.0.2.9"
    assert own.asked == [QUICK]


async def test_a_name_that_nobody_knows(names: FreshNames) -> None:
    with pytest.raises(NameUnknown, match="Name or service not known"):
        await names.resolve("unknown.corp.example", 443)


async def test_our_own_resolver_is_the_real_one_otherwise() -> None:
    async with FreshNames() as names:
        found = await names.resolve("localhost", 80, socket.AF_INET)
    assert found[0]["host"] == "127.0.0.1"
