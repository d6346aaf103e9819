"""The life of a public session, with a tunnel and a lease that do what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from devserver.session import publishing
from devserver.session.publishing import Plan, Publishing
from devserver.tunnel import Proof, TunnelFailed
from devserver.tunnel.proof import Proven
from tests.fakes.tunnels import PretendProvider

URL = "https://one.example"


class PretendLease:
    """A lease whose platform does not answer while it is `down`."""

    application = "an application"

    def __init__(self) -> None:
        self.entry: str | None = None
        self.down = False
        self.done: list[str] = []
        self._news = asyncio.Event()

    async def settle_leftover(self) -> None:
        self._do("settle")

    async def take(self, url: str) -> None:
        self.entry = url
        self._do("take")

    async def check(self) -> None:
        self._do("check")

    async def give_back(self) -> None:
        await asyncio.sleep(0)
        if not self.down:
            self.entry = None
        self._do("give back")

    def _do(self, what: str) -> None:
        self.done.append(what)
        self._news.set()

    async def until(self, what: str, times: int = 1) -> None:
        async with asyncio.timeout(60):
            while self.done.count(what) < times:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def lease() -> PretendLease:
    return PretendLease()


def public(
    lease: PretendLease,
    expiry: float = 0.0,
    tell: Callable[..., None] = lambda *_, **__: None,
    key: str = "",
    proof: Proof | None = None,
) -> Publishing:
    provider: Any = PretendProvider(URL)
    provider.private = True  # it is believed
    whose: Any = lease
    plan = Plan(provider, 3000, proof or Proof(), expiry=expiry, key=key)
    return Publishing(plan, whose, tell, lambda _: None)


async def test_what_has_just_been_taken_is_not_looked_at_again_at_once(
    lease: PretendLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "TICK", 0.01)
    monkeypatch.setattr(publishing, "_CHECK", 0.2)
    session = public(lease)
    session.start()
    await session.settled()
    assert lease.done == ["settle", "take"]

    begin = asyncio.get_running_loop().time()
    await lease.until("check")
    assert asyncio.get_running_loop().time() - begin > 0.15

    await session.close()
    assert lease.entry is None


async def test_a_platform_that_does_not_answer_is_asked_once_at_the_end(lease: PretendLease) -> None:
    session = public(lease)
    session.start()
    await session.settled()
    lease.down = True

    await session.close()

    assert lease.done.count("give back") == 1
    assert lease.entry == URL


async def test_when_the_time_is_over_it_is_tried_until_the_platform_answers(
    lease: PretendLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "TICK", 0.01)
    monkeypatch.setattr(publishing, "_RETRY", 0.01)
    session = public(lease, expiry=0.05)
    lease.down = True
    session.start()
    await lease.until("give back", times=3)
    lease.down = False

    await lease.until("give back", times=4)

    assert lease.entry is None
    await session.close()
    assert lease.done.count("give back") == 4


async def test_who_waits_to_try_again_tries_once_more_at_the_end(
    lease: PretendLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "TICK", 0.01)
    session = public(lease, expiry=0.05)
    lease.down = True
    session.start()
    await lease.until("give back")
    lease.down = False

    await session.close()

    assert lease.done.count("give back") == 2
    assert lease.entry is None


async def test_a_bug_is_told_when_it_happens_and_the_callback_is_given_back_all_the_same(lease: PretendLease) -> None:
    told: list[str] = []
    session = public(lease, tell=lambda _kind, **fields: told.append(str(fields.get("text"))))
    lease.entry = URL  # taken, and nobody has given it back

    def fail() -> None:
        raise ZeroDivisionError("a bug")

    lease.settle_leftover = fail  # type: ignore[assignment,method-assign]
    session.start()
    await session.settled()

    assert [text for text in told if "ZeroDivisionError" in text]
    with pytest.raises(ZeroDivisionError):
        await session.close()
    assert lease.done == ["give back"]
    assert lease.entry is None


@pytest.mark.parametrize(("key", "more"), [("a", " Press a for more time."), ("", "")])
async def test_a_machine_that_is_public_is_reminded_of_it(
    lease: PretendLease, monkeypatch: pytest.MonkeyPatch, key: str, more: str
) -> None:
    monkeypatch.setattr(publishing, "TICK", 0.01)
    monkeypatch.setattr(publishing, "_REMIND", 0.02)
    told: list[str] = []
    reminded = asyncio.Event()

    def tell(_kind: str, **fields: Any) -> None:
        if fields.get("level") == "warning":
            told.append(fields["text"])
            reminded.set()

    session = public(lease, 3600.0, tell, key)
    session.start()
    async with asyncio.timeout(60):
        await reminded.wait()
    await session.close()

    assert told[0] == f"This machine is public at {URL} for 60 more minutes.{more}"


class LateProof(Proof):
    """An address that does not lead here the first two times."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def ask(self, url: str, **_: Any) -> Proven:
        self.asked += 1
        if self.asked <= 2:
            raise TunnelFailed(f"{url} is not us.", hint="Look there.")
        return Proven(asked=True, tries=1)

    async def measure(self, url: str, **_: Any) -> float | None:
        assert url == URL
        return None


async def test_an_address_that_does_not_lead_here_is_told_once_and_so_is_that_it_does(
    lease: PretendLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_UNPROVEN", 0.01)
    monkeypatch.setattr(publishing, "TICK", 0.01)
    told: list[tuple[str, str, str]] = []

    def tell(kind: str, **fields: Any) -> None:
        assert kind == "tunnel"
        told.append((fields["state"], fields["text"], fields["hint"]))

    session = public(lease, tell=tell, proof=LateProof())
    session.start()
    await lease.until("take")
    await session.close()

    assert told[1:-1] == [
        ("ready", f"The public address is {URL}.", ""),
        ("reconnecting", f"{URL} is not us.", "Look there."),
        ("ready", f"{URL} leads here now.", ""),
    ]
