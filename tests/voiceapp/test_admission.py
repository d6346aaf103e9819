"""What may be replaced, and who is asked."""

from __future__ import annotations

import pytest

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import LeaseRefused, Rules
from devserver.voiceapp.admission import admit
from tests.fakes.callback_api import KEY, PRODUCTION
from tests.voiceapp.samples import DEPLOYED, MINE, THEIRS


class Person:
    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def __call__(self, address: str) -> bool:
        self.asked.append(address)
        return self.answer


@pytest.mark.parametrize("primary", [None, "", "http://localhost:3000/", MINE, f"{MINE}other/path"])
async def test_what_belongs_to_nobody_or_to_us_passes_without_a_word(primary: str | None) -> None:
    person = Person(answer=False)
    await admit(KEY, Callbacks(primary), MINE, Rules(confirm=person))
    assert person.asked == []


async def test_another_developers_tunnel_is_taken_over_only_when_somebody_says_so() -> None:
    with pytest.raises(LeaseRefused, match="another developer's tunnel") as refused:
        await admit(KEY, Callbacks(THEIRS), MINE, Rules(confirm=Person(answer=True)))
    assert "--take-over" in refused.value.hint
    assert THEIRS in refused.value.message
    assert "does not answer" not in refused.value.message
    await admit(KEY, Callbacks(THEIRS), MINE, Rules(take_over=True, confirm=Person(answer=False)))


async def test_that_a_tunnel_is_silent_is_said() -> None:
    with pytest.raises(LeaseRefused, match=r"\(which does not answer\)"):
        await admit(KEY, Callbacks(THEIRS), MINE, Rules(), (THEIRS,))


async def test_production_is_asked_about_with_its_address() -> None:
    no, yes = Person(answer=False), Person(answer=True)
    with pytest.raises(LeaseRefused, match="looks like production, and was not changed") as refused:
        await admit(KEY, PRODUCTION, MINE, Rules(confirm=no))
    assert "--yes" in refused.value.hint
    await admit(KEY, PRODUCTION, MINE, Rules(confirm=yes))
    assert no.asked == yes.asked == [PRODUCTION.primary]


async def test_a_take_over_is_no_leave_for_production() -> None:
    with pytest.raises(LeaseRefused):
        await admit(KEY, Callbacks(DEPLOYED), MINE, Rules(take_over=True, confirm=Person(answer=False)))


async def test_where_nobody_is_to_be_asked_it_passes() -> None:
    await admit(KEY, PRODUCTION, MINE, Rules())
