"""What is told, and when connections are left alone or replaced, with a provider that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from devserver.clock import ManualClock
from devserver.tunnel import Rhythm, TunnelFailed, open_tunnel
from devserver.tunnel.provider import Away, Gone, Reachable
from tests.fakes.tunnels import PretendConnection, PretendProvider, Told

ONE, TWO = "https://one.example", "https://two.example"
QUICK = Rhythm(poll=0.005, pauses=(0, 0.005), settled=30)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 a fake has no events
            await asyncio.sleep(0.001)


async def test_it_is_ready_when_the_block_begins_and_closed_when_it_ends() -> None:
    told, provider = Told(), PretendProvider(ONE)
    async with open_tunnel(provider, 3000, told) as address:
        assert address.url == ONE
        assert [(change.state, change.url) for change in told.changes] == [("connecting", None), ("ready", ONE)]
    assert told.states == ["connecting", "ready", "closed"]
    assert told.changes[-1].url is None
    assert provider.connections[0].closed == 1


async def test_it_removes_what_a_killed_session_left_behind(temporary: Path) -> None:
    (temporary / "fn-tunnel-left").mkdir()
    async with open_tunnel(PretendProvider(ONE), 3000, Told()):
        assert list(temporary.iterdir()) == []


async def test_an_address_that_cannot_be_had_is_an_error_and_told() -> None:
    told = Told()
    with pytest.raises(TunnelFailed, match="No more for today") as failed:
        async with open_tunnel(PretendProvider("No more for today."), 3000, told):
            pytest.fail("there is no address")
    assert failed.value.hint == "Do something."
    assert told.states == ["connecting", "closed"]
    assert (told.texts[-1], told.changes[-1].hint) == ("No more for today.", "Do something.")


async def test_it_is_closed_too_when_the_block_fails() -> None:
    told, provider = Told(), PretendProvider(ONE)
    with pytest.raises(ZeroDivisionError):
        async with open_tunnel(provider, 3000, told):
            raise ZeroDivisionError
    assert told.states[-1] == "closed"
    assert provider.connections[0].closed == 1


async def test_a_connection_that_is_away_is_left_alone_and_its_gap_is_told_when_it_is_back() -> None:
    told, provider, clock = Told(), PretendProvider(ONE), ManualClock(at=1000.0)
    async with open_tunnel(provider, 3000, told, clock, QUICK):
        connection = provider.connections[0]
        await until(lambda: connection.looked > 1)
        connection.health = Away("The line is down.")
        away = await told.until("reconnecting")
        clock.advance(7)
        connection.health = Reachable()
        back = await told.until("ready", after=2)
    assert (away.text, away.url) == ("The line is down.", ONE)
    assert (back.url, back.gap, back.text) == (ONE, (1000.0, 1007.0), "unreachable for 7 s")
    assert len(provider.connections) == 1


async def test_each_reason_is_told_once_in_an_interruption_and_again_in_the_next() -> None:
    told, provider = Told(), PretendProvider(ONE)
    async with open_tunnel(provider, 3000, told, rhythm=QUICK):
        connection = provider.connections[0]
        for _ in range(2):
            for reason in ("First.", "Second.", "First."):
                connection.health = Away(reason)
                looked = connection.looked
                await until(lambda looked=looked: connection.looked > looked + 2)  # type: ignore[misc]
            told_before = len(told.changes)
            connection.health = Reachable()
            await told.until("ready", after=told_before)
    assert told.texts[2:-1:1] == [
        *("First.", "Second.", "unreachable for 1 s"),
        *("First.", "Second.", "unreachable for 1 s"),
    ]


async def test_a_connection_that_is_gone_is_replaced_at_once_and_the_new_address_is_told() -> None:
    told, provider, clock = Told(), PretendProvider(ONE, TWO), ManualClock(at=1000.0)
    patient = Rhythm(poll=60, pauses=(0, 60))
    async with open_tunnel(provider, 3000, told, clock, patient) as address:
        await until(lambda: provider.connections[0].looked == 1)
        clock.advance(3)
        provider.connections[0].end(Gone("It died."))  # nobody waits for the next look
        back = await told.until("ready", after=2)
        assert address.url == TWO
    assert [(change.state, change.url) for change in told.changes[1:]] == [
        ("ready", ONE),
        ("reconnecting", ONE),
        ("ready", TWO),
        ("closed", None),
    ]
    assert back.text == "unreachable for 3 s, and the address is a new one"
    assert back.gap == (1000.0, 1003.0)
    assert [connection.closed for connection in provider.connections] == [1, 1]


async def test_it_never_gives_up_and_tells_each_new_reason_once() -> None:
    told = Told()
    provider = PretendProvider(ONE, "Busy.", "Busy.", "No network.", "Busy.", TWO)
    async with open_tunnel(provider, 3000, told, rhythm=QUICK):
        provider.connections[0].end(Gone("It died."))
        await told.until("ready", after=2)
    assert told.texts[2:5] == ["It died.", "Busy.", "No network."]
    assert told.changes[5].url == TWO
    assert len(provider.asked) == 6


async def test_the_pauses_between_attempts_grow() -> None:
    told, provider = Told(), PretendProvider(ONE, *["Busy."] * 4, TWO)
    async with open_tunnel(provider, 3000, told, rhythm=Rhythm(poll=0.005, pauses=(0, 0.02, 0.04, 0.08))):
        provider.connections[0].end(Gone("It died."))
        await told.until("ready", after=2)
    waited = [after - before for before, after in zip(provider.asked[1:], provider.asked[2:], strict=False)]
    for pause, wanted in zip(waited, (0.02, 0.04, 0.08, 0.08), strict=True):
        assert pause >= wanted - 0.002


@pytest.mark.parametrize(("attempt", "pause"), list(enumerate([0, 1, 2, 4, 8, 15, 30, 30, 30])))
def test_the_pauses_of_a_session(attempt: int, pause: float) -> None:
    assert Rhythm().pause(attempt) == pause


async def test_one_that_dies_soon_after_each_start_is_not_restarted_without_a_pause_for_ever() -> None:
    told, provider, clock = Told(), PretendProvider(ONE), ManualClock()
    async with open_tunnel(provider, 3000, told, clock, Rhythm(poll=0.005, pauses=(0, 0, 60))):
        for number in range(2):
            provider.connections[number].end(Gone("It died."))
            await until(lambda number=number: len(provider.connections) == number + 2)  # type: ignore[misc]
        provider.connections[2].end(Gone("It died."))
        before = len(told.changes)
        await told.until("reconnecting", after=before)
        assert len(provider.asked) == 3  # and the next attempt is a minute away


async def test_one_that_lived_for_a_while_is_replaced_at_once_again() -> None:
    told, provider, clock = Told(), PretendProvider(ONE), ManualClock()
    async with open_tunnel(provider, 3000, told, clock, Rhythm(poll=0.005, pauses=(0, 60), settled=30)):
        for number in range(4):
            clock.advance(31)
            provider.connections[number].end(Gone("It died."))
            await until(lambda number=number: len(provider.connections) == number + 2)  # type: ignore[misc]


async def test_after_sleep_it_looks_at_once() -> None:
    told, provider = Told(), PretendProvider(ONE)
    async with open_tunnel(provider, 3000, told, rhythm=Rhythm(poll=60)) as address:
        connection = provider.connections[0]
        await until(lambda: connection.looked == 1)
        connection.health = Away("The line is down.")
        address.check_now()
        await told.until("reconnecting")


async def test_after_sleep_a_pause_between_attempts_is_cut_short() -> None:
    told, provider = Told(), PretendProvider(ONE, "Busy.", TWO)
    async with open_tunnel(provider, 3000, told, rhythm=Rhythm(poll=60, pauses=(0, 60))) as address:
        provider.connections[0].end(Gone("It died."))
        while len(told.changes) < 4:  # and now it waits for a minute
            await told.until("reconnecting", after=len(told.changes))
        address.check_now()
        await told.until("ready", after=2)
        assert address.url == TWO


async def test_the_time_asleep_is_a_gap_though_the_connection_does_not_know_it() -> None:
    told, provider, clock = Told(), PretendProvider(ONE), ManualClock(at=1000.0)
    async with open_tunnel(provider, 3000, told, clock, Rhythm(poll=60)) as address:
        await until(lambda: provider.connections[0].looked == 1)
        clock.advance(50)
        address.check_now(since=1010.0)
        back = await told.until("ready", after=2)
    assert back.gap == (1000.0, 1050.0)  # it was seen last before it fell asleep


async def test_nothing_is_told_when_it_was_there_all_the_time() -> None:
    told, provider = Told(), PretendProvider(ONE)
    async with open_tunnel(provider, 3000, told, rhythm=QUICK) as address:
        await until(lambda: provider.connections[0].looked > 5)
        address.check_now()
        await until(lambda: provider.connections[0].looked > 10)
    assert told.states == ["connecting", "ready", "closed"]


async def test_it_ends_also_while_it_waits_for_the_next_attempt() -> None:
    told, provider = Told(), PretendProvider(ONE, "Busy.")
    async with asyncio.timeout(5), open_tunnel(provider, 3000, told, rhythm=Rhythm(pauses=(0, 600))):
        provider.connections[0].end(Gone("It died."))
        await told.until("reconnecting")
    assert told.states[-1] == "closed"


async def test_who_is_cancelled_while_it_ends_stays_cancelled() -> None:
    class Slow(PretendConnection):
        async def close(self) -> None:
            closing.set()
            await asyncio.sleep(60)

    async def hold() -> None:
        async with open_tunnel(PretendProvider(ONE, kind=Slow), 3000, Told(), rhythm=QUICK):
            pass

    closing = asyncio.Event()
    holding = asyncio.create_task(hold())
    await closing.wait()
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding


async def test_a_bug_in_a_provider_is_told_and_raised_rather_than_believing_in_the_address() -> None:
    class Broken(PretendConnection):
        async def look(self) -> Reachable:
            raise ZeroDivisionError

    async def hold() -> None:
        async with open_tunnel(PretendProvider(ONE, kind=Broken), 3000, told):
            await told.until("closed")

    told = Told()
    with pytest.raises(ZeroDivisionError):
        await hold()
    assert "ZeroDivisionError" in told.texts[2]
