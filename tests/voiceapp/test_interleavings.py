"""Random interleavings of the decisions of a lease: the original is never lost, a foreign value is never overwritten.

The world is a model: a platform with two addresses, a journal that survives crashes, sessions of ours that crash at
every point, people who set other addresses and put back what they found, and another developer's `fn` on another
machine. The decisions are the real ones, and the steps between them are those of `devserver/voiceapp/lease.py`.

A read, the decision and the change that follows are one step here, since the platform cannot compare and set: what
somebody changes within the milliseconds between them is not seen by anybody. All else can happen between any two steps.
Answers can be lost after a change was made, and changes before they are.

Two things are not promised, since no machine knows them when one has taken over from another that ends first: the
fallback that was there before both, since only production travels along, as the fallback of the tunnel; and, when that
is not there (--no-failover, or somebody has set another one), production itself. So the machines of the model take over
only tunnels that have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import Entry
from devserver.voiceapp.decisions import (
    GiveBack,
    Leave,
    Point,
    give_back,
    normal,
    original,
    ours,
    point_again,
    same_address,
    to_set,
    tunnels_of,
)
from tests.voiceapp.samples import entry

Arrival = Literal["applied", "lost", "not applied"]
"""Of a change: it was made and answered; made, and the answer lost; not made."""

PRODUCTION = ("https://ivr.example.com/voice", "https://deployed.example.com/ice?v=2", "https://blue.example.com")
BACKUPS = (None, "https://backup.example.com/voice", "https://ivr.example.com/voice")
ARRIVALS = st.sampled_from(("applied", "applied", "lost", "not applied"))
CRASHES = st.sampled_from((False, False, True))
PEOPLE = (None, "https://night.example.com/voice", "https://hotline.example.com/voice")
URLS = st.builds(Callbacks, st.sampled_from(PRODUCTION), st.sampled_from(BACKUPS)) | st.just(Callbacks(None, None))


@dataclass
class Fn:
    """One developer's machine.

    Attributes:
        name: of its tunnels.
        journal: what is written down; it survives everything.
        url: its public address; None while no session runs.
        held: whether the session that runs has the lease.
        seen: what the first change was to replace, until it is known to be made.
        used: every address that it has ever had.
    """

    name: str
    journal: Entry | None = None
    url: str | None = None
    held: bool = False
    seen: Callbacks | None = None
    used: list[str] = field(default_factory=list)

    def new_address(self) -> str:
        self.url = f"https://{self.name}-{len(self.used)}.trycloudflare.com/"
        self.used.append(self.url)
        return self.url

    def crash(self) -> None:
        self.url, self.held, self.seen = None, False, None


def is_idle(fn: Fn) -> bool:
    return fn.url is None


def is_holding(fn: Fn) -> bool:
    return fn.held


def has_left(fn: Fn) -> bool:
    return fn.journal is not None and not fn.held


def one(machines: list[Fn], which: int) -> Fn:
    return machines[int(which == 0) % len(machines)]


class Leases(RuleBasedStateMachine):
    """Two machines, one application.

    Attributes:
        now: what is configured.
        truth: what people want to be configured when no tunnel is: what they have set last.
        mixed: one machine has taken over from the other, and the fallback before both may be lost.
        found: what somebody has replaced, with what was wanted and `mixed` at that time.
    """

    @initialize(truth=URLS, keeps=st.booleans(), failover=st.booleans())
    def begin(self, truth: Callbacks, keeps: bool, failover: bool) -> None:
        self.now = self.truth = truth
        self.keeps, self.failover = keeps, failover
        self.mine, self.theirs = Fn("mine"), Fn("theirs")
        self.mixed = False
        self.found: tuple[Callbacks, Callbacks, bool] | None = None

    # --- what the world does -----------------------------------------------------------------------------------

    def is_dead(self, url: str) -> bool:
        return url not in {self.mine.url, self.theirs.url}

    def is_held(self, url: str | None) -> bool:
        return any(fn.journal is not None and url in fn.journal.addresses for fn in self.those(is_holding))

    def dead_of(self, urls: Callbacks) -> list[str]:
        return [each for each in tunnels_of(urls) if self.is_dead(each)]

    def post(self, urls: Callbacks) -> None:
        fallback = urls.fallback if urls.fallback is not None or not self.keeps else self.now.fallback
        self.now = Callbacks(urls.primary, fallback)

    def change(self, fn: Fn, urls: Callbacks, arrival: Arrival, *, asked_for: bool = False) -> None:
        """A change by `fn`. Only the first one of a lease, which a person has asked for, may replace what is not its."""
        before = self.now
        if not asked_for:
            assert before.primary in fn.used, f"{fn.name} overwrites {before} with {urls}"
            known = {None, *fn.used, *self.set_by(fn)}
            assert before.fallback in known or urls.fallback == before.fallback, f"{fn.name} overwrites {before}"
        if arrival != "not applied":
            self.post(urls)

    @staticmethod
    def set_by(fn: Fn) -> set[str | None]:
        return {fn.journal.ours.fallback} if fn.journal is not None else set()

    # --- what one machine does ---------------------------------------------------------------------------------

    def settle(self, fn: Fn, arrival: Arrival) -> bool:
        """Give back what is written down; whether it is known to be done."""
        left = fn.journal
        if left is None:
            return True
        match give_back(self.now, left, self.dead_of(left.before)):
            case GiveBack(urls):
                self.change(fn, urls, arrival)
                if arrival != "applied":
                    return False
            case _:
                pass
        fn.journal = None
        return True

    def take(self, fn: Fn, stop: str, arrival: Arrival) -> None:
        if not self.settle(fn, "applied"):
            return
        now = normal(self.now)
        over = bool(tunnels_of(now))
        if over and not same_address(now.fallback, self.truth.primary):
            return
        self.mixed = self.mixed or over
        url = fn.new_address()
        before = original(now, (url, *self.dead_of(now)))
        urls = ours(before, url, failover=self.failover)
        if stop == "before it is written down":
            fn.crash()
            return
        fn.journal = entry(state="intent", before=before, ours=urls, addresses=(url,))
        fn.held, fn.seen = True, now
        if stop == "after it is written down":
            fn.crash()
            return
        self.change(fn, to_set(now, fn.journal), arrival, asked_for=True)
        if stop == "after the change":
            fn.crash()
        elif arrival == "applied":
            self.read_back(fn)

    def read_back(self, fn: Fn) -> None:
        if fn.journal is not None and same_address(self.now.primary, fn.url):
            fn.journal, fn.seen = replace(fn.journal, state="applied"), None

    def look(self, fn: Fn, url: str | None, arrival: Arrival, *, crash: bool) -> None:
        """A look at the callback, or a new address."""
        if fn.journal is None or url is None:
            return
        if same_address(self.now.primary, url):
            self.read_back(fn)
            return
        match point_again(self.now, fn.journal, url, fn.seen):
            case Point(changed):
                first = normal(self.now) == fn.seen
                urls = to_set(self.now, changed)
                fn.journal = changed
                self.change(fn, urls, arrival, asked_for=first)
                if arrival == "applied":
                    self.read_back(fn)
            case Leave(_):
                fn.seen = None
        if crash:
            fn.crash()

    def those(self, condition: Callable[[Fn], bool]) -> list[Fn]:
        return [fn for fn in (self.mine, self.theirs) if condition(fn)]

    # --- what happens ------------------------------------------------------------------------------------------

    WHICH = st.integers(0, 5)  # of those that can; mostly ours, when both can
    STOPS = st.sampled_from(
        ("never", "never", "never", "before it is written down", "after it is written down", "after the change")
    )

    @precondition(lambda self: self.those(is_idle))
    @rule(which=WHICH, stop=STOPS, arrival=ARRIVALS)
    def a_session_takes_the_lease(self, which: int, stop: str, arrival: Arrival) -> None:
        self.take(one(self.those(is_idle), which), stop, arrival)

    @precondition(lambda self: self.those(is_holding))
    @rule(which=WHICH, arrival=ARRIVALS, crash=CRASHES)
    def its_address_changes(self, which: int, arrival: Arrival, crash: bool) -> None:
        fn = one(self.those(is_holding), which)
        self.look(fn, fn.new_address(), arrival, crash=crash)

    @precondition(lambda self: self.those(is_holding))
    @rule(which=WHICH, arrival=ARRIVALS, crash=CRASHES)
    def it_looks_at_the_callback(self, which: int, arrival: Arrival, crash: bool) -> None:
        fn = one(self.those(is_holding), which)
        self.look(fn, fn.url, arrival, crash=crash)

    @precondition(lambda self: self.those(is_holding))
    @rule(which=WHICH, arrival=ARRIVALS)
    def it_ends(self, which: int, arrival: Arrival) -> None:
        """In order, or with the platform not answering: then what is written down stays."""
        fn = one(self.those(is_holding), which)
        self.settle(fn, arrival)
        fn.crash()

    @precondition(lambda self: self.those(is_holding))
    @rule(which=WHICH)
    def it_crashes(self, which: int) -> None:
        one(self.those(is_holding), which).crash()

    @precondition(lambda self: self.those(has_left))
    @rule(which=WHICH, arrival=ARRIVALS)
    def what_is_left_behind_is_settled(self, which: int, arrival: Arrival) -> None:
        """By the watchdog, the next start or a person."""
        self.settle(one(self.those(has_left), which), arrival)

    @rule(urls=URLS)
    def somebody_sets_other_addresses(self, urls: Callbacks) -> None:
        self.found = self.now, self.truth, self.mixed
        self.now = self.truth = urls
        self.mixed = False

    @rule(fallback=st.sampled_from(PEOPLE))
    def somebody_sets_another_fallback(self, fallback: str | None) -> None:
        if self.truth.primary is None:
            return
        self.now = Callbacks(self.now.primary, fallback)
        self.truth = Callbacks(self.truth.primary, fallback)

    @precondition(lambda self: self.found is not None and self.is_held(self.found[0].primary))
    @rule()
    def somebody_puts_back_what_they_found(self) -> None:
        """An address of a session that still runs; they want what was wanted before it."""
        if self.found is not None:
            self.now, self.truth, self.mixed = self.found
        self.found = None

    # --- what holds --------------------------------------------------------------------------------------------

    @invariant()
    def the_original_is_in_place_or_written_down(self) -> None:
        if self.mine.journal is not None or self.theirs.journal is not None:
            return
        assert same_address(self.now.primary, self.truth.primary), "the original is lost"
        kept = self.keeps and self.truth.fallback is None  # there is no way to have none again
        assert self.mixed or kept or self.truth.fallback == self.now.fallback, "the original fallback is lost"


Leases.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestInterleavings = Leases.TestCase
