"""A lease from its beginning to its end. Every fault at every step is in test_faults.py."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from devserver.clock import ManualClock
from devserver.errors import ConfigError, FnError
from devserver.project.file_lock import Held
from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import ConfigurationFailed, Journal, LeaseRefused, Rules, Told, Unreadable
from tests.fakes.callback_api import KEY, PRODUCTION, Name
from tests.voiceapp.leases import HOLDER, Scene, lease_scene
from tests.voiceapp.samples import DEPLOYED, HOTLINE, MINE, MINE_LATER, THEIRS, entry

LOCKED = textwrap.dedent("""
    import sys
    from pathlib import Path
    from devserver.voiceapp import Journal
    lock = Journal(Path(sys.argv[1])).lock(sys.argv[2])
    lock.take()
    print("taken", flush=True)
    sys.stdin.read()
""")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with lease_scene(tmp_path) as made:
        yield made


@pytest.fixture
def other(scene: Scene) -> Iterator[int]:
    """Another process, which has the lock under another spelling of the key."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOCKED, str(scene.journal.folder), KEY.lower()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    yield process.pid
    process.kill()
    process.communicate()


def is_free(journal: Journal) -> bool:
    lock = journal.lock(KEY)
    try:
        lock.take()
    except Held:
        return False
    lock.give_back()
    return True


class TestTaking:
    async def test_the_callback_comes_here_and_production_is_its_fallback(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        assert scene.configured(MINE, PRODUCTION.primary)
        assert lease.entry is not None
        assert scene.journal.read(KEY) == lease.entry
        assert (lease.entry.state, lease.entry.before, lease.entry.pid) == ("applied", PRODUCTION, HOLDER.pid)
        assert scene.told == [
            Told(
                "taken",
                f"The callback of {KEY} is {MINE}, with {PRODUCTION.primary} as its fallback.",
                MINE,
                PRODUCTION,
            )
        ]
        assert scene.guard.alive

    async def test_it_costs_two_reads_and_one_change(self, scene: Scene) -> None:
        await scene.lease().take(MINE)
        assert scene.api.methods == ["GET", "POST", "GET"]

    async def test_it_is_written_down_and_guarded_before_it_is_changed(self, scene: Scene) -> None:
        seen = []

        def look() -> None:
            written = scene.journal.read(KEY)
            assert written is not None
            seen.append((written.state, written.before, list(scene.guard.told)))

        scene.api.play("POST", look)
        await scene.lease().take(MINE)
        assert seen == [("intent", PRODUCTION, ["arm"])]

    async def test_without_failover_the_fallback_stays(self, scene: Scene) -> None:
        lease = scene.lease(rules=Rules(failover=False))
        await lease.take(MINE)
        assert scene.configured(MINE, PRODUCTION.fallback)
        assert scene.told[0].text == f"The callback of {KEY} is {MINE}; it was {PRODUCTION.primary}."
        await lease.give_back()
        assert scene.api.now == PRODUCTION

    async def test_an_application_without_a_callback(self, scene: Scene) -> None:
        scene.api.configure(None)
        lease = scene.lease()
        await lease.take(MINE)
        assert scene.configured(MINE)
        assert scene.told[0].text.endswith("no address was configured before.")
        await lease.give_back()
        assert scene.configured(None)

    async def test_our_own_address_is_never_the_original(self, scene: Scene) -> None:
        scene.api.configure(MINE, DEPLOYED)
        lease = scene.lease()
        await lease.take(MINE)
        assert lease.entry is not None
        assert lease.entry.before == Callbacks(DEPLOYED, None)
        await lease.give_back()
        assert scene.configured(DEPLOYED)

    async def test_our_own_address_that_has_nothing_behind_it_was_meant_and_stays(self, scene: Scene) -> None:
        scene.api.configure(MINE)
        lease = scene.lease()
        await lease.take(MINE)
        assert scene.states == ["taken"]
        assert "stays so" in scene.told[0].text
        assert scene.guard.told == ["arm", "release"]
        assert is_free(scene.journal)
        assert scene.journal.read(KEY) is None
        await lease.check()
        assert await lease.give_back() is None
        assert scene.configured(MINE)
        assert "POST" not in scene.api.methods

    async def test_another_developers_tunnel_is_refused_and_nothing_remains(self, scene: Scene) -> None:
        scene.api.configure(THEIRS, DEPLOYED)
        lease = scene.lease()
        with pytest.raises(LeaseRefused, match="another developer's tunnel"):
            await lease.take(MINE)
        assert scene.configured(THEIRS, DEPLOYED)
        assert scene.api.methods == ["GET"]
        assert lease.entry is None
        assert scene.journal.read(KEY) is None
        assert not scene.guard.alive
        assert is_free(scene.journal)

    async def test_a_tunnel_that_is_taken_over_is_given_back(self, scene: Scene) -> None:
        scene.api.configure(THEIRS, DEPLOYED)
        lease = scene.lease(rules=Rules(take_over=True))
        await lease.take(MINE)
        assert scene.configured(MINE, DEPLOYED)
        await lease.give_back()
        assert scene.configured(THEIRS, DEPLOYED)

    async def test_a_dead_tunnel_is_replaced_by_what_it_had_replaced(self, scene: Scene) -> None:
        scene.api.configure(THEIRS, DEPLOYED)
        scene.dead.add(THEIRS)
        lease = scene.lease(rules=Rules(take_over=True))
        await lease.take(MINE)
        assert scene.configured(MINE, DEPLOYED)
        await lease.give_back()
        assert scene.configured(DEPLOYED)

    async def test_a_person_is_asked_once_about_production(self, scene: Scene) -> None:
        asked = []

        async def agree(address: str) -> bool:
            asked.append(address)
            return True

        lease = scene.lease(rules=Rules(confirm=agree))
        await lease.take(MINE)
        await lease.move(MINE_LATER)
        await lease.check()
        await lease.give_back()
        assert asked == [PRODUCTION.primary]

    async def test_a_person_who_says_no_has_changed_nothing(self, scene: Scene) -> None:
        async def refuse(_address: str) -> bool:
            return False

        with pytest.raises(LeaseRefused, match="looks like production"):
            await scene.lease(rules=Rules(confirm=refuse)).take(MINE)
        assert scene.api.now == PRODUCTION
        assert scene.api.methods == ["GET"]
        assert is_free(scene.journal)

    async def test_what_is_deployed_while_a_person_thinks_is_the_original(self, scene: Scene) -> None:
        clock, asked = ManualClock(), []

        async def think(address: str) -> bool:
            asked.append(address)
            if len(asked) == 1:
                scene.api.configure(DEPLOYED, HOTLINE)
            clock.advance(60)
            return True

        lease = scene.lease(rules=Rules(confirm=think), clock=clock)
        await lease.take(MINE)
        assert asked == [PRODUCTION.primary, DEPLOYED]
        assert scene.configured(MINE, DEPLOYED)
        await lease.give_back()
        assert scene.configured(DEPLOYED, HOTLINE)

    @pytest.mark.parametrize("fault", ["401", "403", "40003"])
    async def test_what_is_refused_leaves_nothing_behind(self, scene: Scene, fault: Name) -> None:
        lease = scene.lease()
        scene.api.play("POST", fault)
        with pytest.raises(ConfigurationFailed):
            await lease.take(MINE)
        assert lease.entry is None
        assert scene.journal.read(KEY) is None
        assert scene.guard.told == ["arm", "release"]
        assert is_free(scene.journal)
        assert scene.api.now == PRODUCTION

    async def test_what_may_have_been_made_before_it_was_refused_is_kept_in_mind(self, scene: Scene) -> None:
        lease = scene.lease()
        scene.api.play("POST", "500", "401")
        with pytest.raises(ConfigurationFailed, match="refuses key and secret"):
            await lease.take(MINE)
        assert scene.journal.read(KEY) == lease.entry
        assert lease.entry is not None
        assert scene.guard.alive
        assert not is_free(scene.journal)

    async def test_a_change_that_was_never_answered_is_written_down_until_it_is_old(self, scene: Scene) -> None:
        clock = ManualClock()
        lease = scene.lease(clock=clock)
        scene.api.play("POST", "drop")
        await lease.take(MINE)
        assert lease.entry is not None
        assert (lease.entry.state, lease.entry.unanswered) == ("applied", clock.wall())
        clock.advance(3600)
        await lease.move(MINE_LATER)
        assert lease.entry.unanswered is None

    @pytest.mark.parametrize("fault", ["500", "429", "lost"])
    async def test_what_is_known_to_be_made_or_not_is_not_expected_any_more(self, scene: Scene, fault: Name) -> None:
        lease = scene.lease()
        scene.api.play("POST", fault)
        await lease.take(MINE)
        assert lease.entry is not None
        assert lease.entry.unanswered is None
        scene.api.asked.clear()
        await lease.give_back()
        assert scene.api.methods == ["GET", "POST", "GET"]

    async def test_a_change_that_was_made_although_it_failed_is_not_made_twice(self, scene: Scene) -> None:
        scene.api.play("POST", "500")
        scene.api.play("GET", None, scene.api.somebody(MINE, PRODUCTION.primary))
        lease = scene.lease()
        await lease.take(MINE)
        assert scene.api.methods == ["GET", "POST", "GET"]
        await lease.give_back()
        assert scene.api.now == PRODUCTION

    async def test_a_change_whose_answer_is_lost_is_not_made_twice(self, scene: Scene) -> None:
        scene.api.play("POST", "lost")
        await scene.lease().take(MINE)
        assert scene.api.methods == ["GET", "POST", "GET"]
        assert scene.configured(MINE, PRODUCTION.primary)
        assert scene.states == ["taken"]

    async def test_a_guard_that_does_not_start_prevents_it(self, scene: Scene) -> None:
        async def fail() -> None:
            raise FnError("The watchdog does not start.")

        scene.guard.arm = fail  # type: ignore[method-assign]
        with pytest.raises(FnError, match="does not start"):
            await scene.lease().take(MINE)
        assert scene.api.asked == []
        assert is_free(scene.journal)

    async def test_a_journal_that_cannot_be_written_prevents_it(self, scene: Scene) -> None:
        lease = scene.lease()
        scene.journal.folder.rmdir()
        scene.journal.folder.write_text("this is a file")
        with pytest.raises((ConfigError, LeaseRefused)):
            await lease.take(MINE)
        assert scene.api.now == PRODUCTION
        assert "POST" not in scene.api.methods

    async def test_another_process_has_the_lease(self, scene: Scene, other: int) -> None:
        lease = scene.lease()
        scene.journal.write(entry(pid=other))
        with pytest.raises(LeaseRefused) as refused:
            await lease.take(MINE)
        who = f"the fn dev of hello in /home/somebody/hello (pid {other})"
        assert refused.value.message == f"The callback of {KEY} belongs to {who} on this machine."
        scene.journal.write(entry(pid=other + 1))
        with pytest.raises(LeaseRefused, match=rf"Another fn \(pid {other}\) is just giving back"):
            await lease.settle_leftover()
        assert scene.api.asked == []

    async def test_a_watchdog_that_is_giving_back_is_waited_for_and_a_session_is_not(
        self, scene: Scene, other: int
    ) -> None:
        lease = scene.lease(lock_patience=30.0)
        scene.journal.write(entry(pid=other, origin=scene.api.url))
        with pytest.raises(LeaseRefused, match=rf"pid {other}"):
            async with asyncio.timeout(60):
                await lease.settle_leftover()
        scene.journal.write(entry(pid=other + 1, origin=scene.api.url))
        waiting = asyncio.create_task(lease.settle_leftover())
        done, _ = await asyncio.wait({waiting}, timeout=0.1)
        assert not done
        os.kill(other, signal.SIGKILL)
        await waiting
        assert scene.states == ["settled"]
        await lease.give_back()

    async def test_a_second_lease_in_the_same_process_is_refused_until_the_first_has_ended(self, scene: Scene) -> None:
        first, second = scene.lease(), scene.lease()
        await first.take(MINE)
        with pytest.raises(LeaseRefused, match=rf"(?i)another fn \(pid {os.getpid()}\)"):
            await second.take(THEIRS)
        assert scene.configured(MINE, PRODUCTION.primary)
        await first.give_back()
        await second.take(MINE_LATER)
        assert scene.configured(MINE_LATER, PRODUCTION.primary)

    async def test_taking_again_never_forgets_the_original(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        await lease.take(MINE_LATER)
        assert scene.configured(MINE_LATER, PRODUCTION.primary)
        assert lease.entry is not None
        assert lease.entry.before == PRODUCTION
        await lease.give_back()
        assert scene.api.now == PRODUCTION


class TestWhatWasLeftBehind:
    async def test_it_is_settled_before_anything_is_taken(self, scene: Scene) -> None:
        scene.journal.write(
            entry(origin=scene.api.url, ours=Callbacks(THEIRS, PRODUCTION.primary), addresses=(THEIRS,))
        )
        scene.api.configure(THEIRS, PRODUCTION.primary)
        lease = scene.lease()
        await lease.settle_leftover()
        assert scene.api.now == PRODUCTION
        assert scene.states == ["settled"]
        assert "pid 1) ended without giving the callback back." in scene.told[0].text
        assert not is_free(scene.journal), "it is ours from now on"
        await lease.take(MINE)
        assert lease.entry is not None
        assert lease.entry.before == PRODUCTION
        await lease.give_back()
        assert is_free(scene.journal)

    async def test_taking_settles_it_too(self, scene: Scene) -> None:
        scene.journal.write(
            entry(origin=scene.api.url, ours=Callbacks(THEIRS, PRODUCTION.primary), addresses=(THEIRS,))
        )
        scene.api.configure(THEIRS, PRODUCTION.primary)
        await scene.lease().take(MINE)
        assert scene.states == ["settled", "taken"]
        assert scene.configured(MINE, PRODUCTION.primary)

    async def test_what_cannot_be_settled_is_not_replaced_and_the_lock_is_let_go(self, scene: Scene) -> None:
        left = entry(origin=scene.api.url)
        scene.journal.write(left)
        scene.api.break_down("GET")
        lease = scene.lease(patience=0.05)
        for step in (lease.settle_leftover(), lease.take(MINE)):
            with pytest.raises(LeaseRefused, match="has left the callback") as refused:
                await step
            assert "fn lease restore" in refused.value.hint
            assert scene.journal.read(KEY) == left
            assert is_free(scene.journal), "a watchdog may be waiting for it"

    async def test_it_is_given_back_at_the_platform_that_it_belongs_to(self, scene: Scene, tmp_path: Path) -> None:
        async with lease_scene(tmp_path) as other:
            other.api.configure(THEIRS, PRODUCTION.primary)
            scene.journal.write(
                entry(origin=other.api.url, ours=Callbacks(THEIRS, PRODUCTION.primary), addresses=(THEIRS,))
            )
            lease = scene.lease(configuration_of=lambda left: scene.configuration(left.origin))
            await lease.take(MINE)
            assert other.api.now == PRODUCTION
        assert scene.configured(MINE, PRODUCTION.primary)

    async def test_another_platform_that_cannot_be_reached_is_not_taken_for_ours(self, scene: Scene) -> None:
        left = entry(origin="http://127.0.0.1:1")
        scene.journal.write(left)
        with pytest.raises(LeaseRefused, match=r"it is at http://127\.0\.0\.1:1, which cannot be reached from here"):
            await scene.lease().take(MINE)
        assert scene.journal.read(KEY) == left

    async def test_a_damaged_journal_is_put_out_of_the_way_and_told(self, scene: Scene) -> None:
        scene.journal.write(entry())
        (scene.journal.folder / f"{KEY}.json").write_bytes(b"{")
        await scene.lease().take(MINE)
        assert scene.states == ["settled", "taken"]
        assert "out of the way now" in scene.told[0].text
        assert "dashboard" in scene.told[0].hint
        assert len(list(scene.journal.folder.glob("*.broken-*"))) == 1

    async def test_a_journal_of_a_newer_version_prevents_it(self, scene: Scene) -> None:
        scene.journal.write(entry())
        path = scene.journal.folder / f"{KEY}.json"
        path.write_bytes(b'{"version": 99}')
        with pytest.raises(Unreadable, match="newer version"):
            await scene.lease().take(MINE)
        assert path.read_bytes() == b'{"version": 99}'
        assert scene.api.asked == []
        assert is_free(scene.journal)


class TestHolding:
    async def test_a_new_address_keeps_the_original_and_the_fallback(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        await lease.move(MINE_LATER)
        assert scene.configured(MINE_LATER, PRODUCTION.primary)
        assert scene.states == ["taken", "moved"]
        assert lease.entry is not None
        assert (lease.entry.before, lease.entry.addresses) == (PRODUCTION, (MINE, MINE_LATER))
        await lease.move(MINE_LATER)
        assert scene.api.methods.count("POST") == 2, "it is there already"
        await lease.give_back()
        assert scene.api.now == PRODUCTION

    async def test_moving_what_was_not_taken_does_nothing(self, scene: Scene) -> None:
        await scene.lease().move(MINE)
        assert scene.api.asked == []

    async def test_a_move_that_is_refused_forgets_nothing(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        scene.api.play("POST", "401")
        with pytest.raises(ConfigurationFailed, match="refuses key and secret"):
            await lease.move(MINE_LATER)
        assert scene.configured(MINE, PRODUCTION.primary)
        assert scene.guard.alive
        written = scene.journal.read(KEY)
        assert written is not None
        assert (written.before, written.addresses) == (PRODUCTION, (MINE, MINE_LATER))
        await lease.check()
        assert scene.configured(MINE_LATER, PRODUCTION.primary), "looked at again, it is set"
        assert scene.states == ["taken", "moved"]
        await lease.give_back()
        assert scene.api.now == PRODUCTION

    async def test_a_change_that_could_not_be_made_is_made_at_the_next_look(self, scene: Scene) -> None:
        lease = scene.lease(patience=0.02)
        scene.api.break_down("POST")
        with pytest.raises(ConfigurationFailed):
            await lease.take(MINE)
        assert lease.entry is not None, "it is not known whether it was made"
        scene.api.heal()
        await lease.check()
        assert scene.configured(MINE, PRODUCTION.primary)
        assert scene.states == ["taken"]

    async def test_it_is_not_made_when_somebody_has_changed_the_callback_since(self, scene: Scene) -> None:
        lease = scene.lease(patience=0.02)
        scene.api.break_down("POST")
        with pytest.raises(ConfigurationFailed):
            await lease.take(MINE)
        scene.api.heal()
        scene.api.configure(DEPLOYED, DEPLOYED)
        await lease.check()
        scene.api.configure(PRODUCTION.primary, PRODUCTION.fallback)
        await lease.check()
        assert scene.api.now == PRODUCTION, "it is theirs, also when they have put it back"
        assert scene.states == ["lost"]

    async def test_somebody_elses_change_is_told_once_and_not_fought(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        scene.api.configure(DEPLOYED, DEPLOYED)
        for _ in range(3):
            await lease.check()
        await lease.move(MINE_LATER)
        assert scene.configured(DEPLOYED, DEPLOYED)
        assert scene.states == ["taken", "lost"]
        assert DEPLOYED in scene.told[-1].text
        assert scene.told[-1].hint

    async def test_what_comes_back_is_told_once(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        scene.api.configure(DEPLOYED)
        await lease.check()
        scene.api.configure(MINE, PRODUCTION.primary)
        for _ in range(3):
            await lease.check()
        assert scene.states == ["taken", "lost", "found"]
        scene.api.configure(DEPLOYED)
        await lease.check()
        assert scene.states[-1] == "lost"

    async def test_an_old_address_that_comes_back_is_replaced_by_the_one_that_answers(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        scene.api.configure(DEPLOYED)
        await lease.check()
        await lease.move(MINE_LATER)
        scene.api.configure(MINE, PRODUCTION.primary)
        await lease.check()
        assert scene.configured(MINE_LATER, PRODUCTION.primary)
        assert scene.states == ["taken", "lost", "moved"]
        await lease.give_back()
        assert scene.api.now == PRODUCTION

    async def test_a_fallback_that_somebody_sets_is_theirs_over_a_move_and_to_the_end(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        scene.api.configure(MINE, HOTLINE)
        await lease.check()
        await lease.move(MINE_LATER)
        assert scene.configured(MINE_LATER, HOTLINE)
        await lease.give_back()
        assert scene.configured(PRODUCTION.primary, HOTLINE)

    async def test_a_fallback_that_is_set_before_the_change_is_read_back_is_theirs(self, scene: Scene) -> None:
        scene.api.play("GET", None, scene.api.somebody(MINE, HOTLINE))
        lease = scene.lease()
        await lease.take(MINE)
        await lease.give_back()
        assert scene.configured(PRODUCTION.primary, HOTLINE)

    async def test_a_change_that_is_not_there_when_it_is_read_back_is_no_lease(self, scene: Scene) -> None:
        scene.api.play("GET", None, scene.api.somebody(DEPLOYED, DEPLOYED))
        lease = scene.lease()
        with pytest.raises(ConfigurationFailed, match=f"was set to {MINE}, but is {DEPLOYED}"):
            await lease.take(MINE)
        assert scene.configured(DEPLOYED, DEPLOYED)
        await lease.check()
        assert scene.states == ["lost"]
        await lease.give_back()
        assert scene.configured(DEPLOYED, DEPLOYED)
        assert scene.journal.read(KEY) is None

    async def test_what_somebody_sets_between_two_tries_stays(self, scene: Scene) -> None:
        scene.api.play("POST", "500")
        scene.api.play("GET", None, scene.api.somebody(DEPLOYED, DEPLOYED))
        lease = scene.lease()
        with pytest.raises(ConfigurationFailed, match=f"is {DEPLOYED}"):
            await lease.take(MINE)
        assert scene.api.methods == ["GET", "POST", "GET"]
        assert scene.configured(DEPLOYED, DEPLOYED)

    async def test_a_guard_that_has_died_is_armed_again(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        await lease.check()
        assert scene.guard.told == ["arm"]
        scene.guard.alive = False
        await lease.check()
        assert scene.guard.told == ["arm", "arm"]

    async def test_looking_costs_one_read(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        scene.api.asked.clear()
        await lease.check()
        assert scene.api.methods == ["GET"]


class TestGivingBack:
    async def test_the_original_is_back_exactly_and_nothing_remains(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        outcome = await lease.give_back()
        assert outcome is not None
        assert outcome.kind == "restored"
        assert scene.api.now == PRODUCTION
        assert scene.states == ["taken", "restored"]
        assert scene.guard.told == ["arm", "release"]
        assert scene.journal.read(KEY) is None
        assert lease.entry is None
        assert is_free(scene.journal)
        assert await lease.give_back() is None

    async def test_nothing_taken_is_nothing_to_give_back(self, scene: Scene) -> None:
        assert await scene.lease().give_back() is None
        assert scene.api.asked == []

    async def test_somebody_elses_callback_stays(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        scene.api.configure(THEIRS, MINE)
        await lease.give_back()
        assert scene.configured(THEIRS, MINE)
        assert scene.states == ["taken", "left"]
        assert THEIRS in scene.told[-1].text
        assert scene.journal.read(KEY) is None

    async def test_what_fails_stays_written_down_locked_and_guarded(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        scene.api.break_down("GET")
        outcome = await lease.give_back(0.05)
        assert outcome is not None
        assert outcome.kind == "failed"
        assert scene.states == ["taken", "kept"]
        assert f"answered 500 Internal error. What is to be given back is written down: {PRODUCTION.primary}." in (
            scene.told[-1].text
        )
        assert scene.guard.alive
        assert not is_free(scene.journal)
        assert scene.journal.read(KEY) == lease.entry
        scene.api.heal()
        await lease.give_back()
        assert scene.api.now == PRODUCTION

    async def test_a_change_that_is_still_under_way_is_waited_for(self, scene: Scene) -> None:
        """Ctrl-C while the change is on its way: it arrives, and is taken back."""
        lease = scene.lease()
        taking = asyncio.create_task(lease.take(MINE))
        scene.api.play("POST", taking.cancel)
        with pytest.raises(asyncio.CancelledError):
            await taking
        await lease.give_back()
        assert scene.api.methods[-3:] == ["GET", "POST", "GET"]
        assert scene.api.now == PRODUCTION
        assert scene.journal.read(KEY) is None

    async def test_a_second_interruption_leaves_it_to_the_guard(self, scene: Scene) -> None:
        lease = scene.lease()
        await lease.take(MINE)
        giving = asyncio.create_task(lease.give_back())
        scene.api.play("GET", giving.cancel)
        with pytest.raises(asyncio.CancelledError):
            await giving
        assert scene.guard.alive
        assert scene.journal.read(KEY) is not None
        await scene.settle()
        assert scene.api.now == PRODUCTION
