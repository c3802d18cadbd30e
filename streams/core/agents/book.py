"""The agents of one source: facts and plans in any order, booked up to the source's edge.

Theory of operation. Every agent is booked up to the edge of the last commit. A fact or a plan that
comes in changes nothing before some instant; what was booked from there on is kept before the first
change of a batch, derived again at the commit, and the difference is booked. An agent of whom
nothing was heard is looked at when his plan or a limit has the next change: they wait in a heap.
So late facts, revisions, silence and the size of commits all come to the same sums, and idle agents
cost nothing.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from typing import Final

from streams.core.agents import steps as stepping
from streams.core.agents import stored
from streams.core.agents.agent import Agent, block_begin
from streams.core.agents.derive import FOREVER, next_change, pieces
from streams.core.agents.forgetting import SLACK_MS, shorten
from streams.core.agents.groups import Groups
from streams.core.agents.intake import Intake, first_difference, first_unlike
from streams.core.agents.steps import Amounts, Levels, Place
from streams.core.agents.tail import Tail, later, tail, until
from streams.core.buckets import DAY_MS, Zone
from streams.core.dims import Dims
from streams.core.events import AgentState, Schedule
from streams.core.facts import Fact
from streams.core.policy import FoldPolicy
from streams.core.revised import settled_ms
from streams.core.revisions import Revisions
from streams.core.roster import Roster

_SPARE: Final = 1000


class AgentBook:
    """What the agents of one source have done, were to do, and what of it is booked."""

    def __init__(
        self,
        policy: FoldPolicy,
        dims: Dims,
        zone: Zone,
        counts: Counter[str],
        roster: Roster | None,
        revisions: Revisions,
        is_mine: Callable[[str], bool] | None = None,
    ) -> None:
        """`is_mine`: whether an agent's key belongs into this partition; `None` = any does."""
        self.edge_ms = 0
        """The greatest of min(event time, append time): booked up to here at the next commit."""
        self.levels = Levels()
        self.groups = Groups(policy, dims)
        self._policy, self._dims = policy, dims
        self._counts, self._revisions = counts, revisions
        self._intake = Intake(policy, zone, roster)
        self._is_mine = is_mine
        self._agents: dict[str, Agent] = {}
        self._touched: list[Agent] = []
        self._stale: dict[str, Agent] = {}
        """Agents of whom something is to be stored."""
        self._due: list[tuple[int, str]] = []
        self._booked_ms = 0
        self._tails: dict[str, Tail | None] = {}
        self._forgotten_day = 0

    # -- taking facts in

    def take_state(self, e: AgentState, ms: int, raw: bytes, top_ms: int) -> None:
        """Takes in what an agent does; `top_ms` is the source's time, its own included.

        Raises:
            EventRefused: there is a roster, and he is not in it.
        """
        place = self._intake.rostered(e, ms)
        data = e.data
        item = raw
        if place is not None and not (data.team and data.site):
            item = stored.placed_item(raw, place)
        a = self._heard_of(e.subject)
        kind = self._intake.kind(data, place)
        times = a.times
        if a.archive.knows(e.source, e.id):
            self._contradict(a, raw, item, top_ms)
            return
        i, n = bisect_left(times, ms), len(times)
        if i < n - 1 and times[i] == ms:
            self._contradict(a, raw, item, top_ms)
            return
        self._stale[a.subject] = a
        a.archive.append(ms, e.source, e.id, item)
        name = e.id, e.source
        if i == n:
            a.last = name
            with self._weighed(a, ms, top_ms, late=ms < settled_ms(top_ms)):
                times.append(ms)
                a.kinds.append(kind)
        elif times[i] != ms:
            self._counts["disorder"] += 1
            with self._weighed(a, ms, top_ms):
                times.insert(i, ms)
                a.kinds.insert(i, kind)
        elif name > a.last:  # two of one instant: the last one stands
            with self._weighed(a, ms, top_ms, late=ms < settled_ms(top_ms)):
                a.last, a.kinds[i] = name, kind

    def take_plan(self, e: Schedule, raw: bytes, top_ms: int, oldest_ms: int = 0) -> None:
        """Takes in a plan.

        It is late if it speaks of what was longer ago than the horizon when it was said; and if it
        changes anything before `oldest_ms`, for what was done then is not known any more.
        `top_ms` is the source's time: what a plan changes before it is a revision.

        Raises:
            EventRefused: it contradicts itself; or there is a roster, and its agent is not in it.
        """
        plan = self._intake.plan(e, raw)
        if self._intake.begin_ms(plan) < plan.rank[1] - self._policy.agent_horizon_ms:
            self._counts["late"] += 1
            return
        a = self._heard_of(e.subject)
        held = a.plans.get(plan.date)
        if held is not None and held.rank >= plan.rank:
            self._counts["repeated" if held.rank == plan.rank else "superseded"] += 1
            return
        plans = {**a.plans, plan.date: plan}
        new = self._intake.timeline(plans)
        changed, lo = first_difference(a.timeline, new)
        if changed < oldest_ms:
            self._counts["late"] += 1
            return
        with self._weighed(a, lo, top_ms):
            a.plans, a.timeline, a.plans_changed = plans, new, True
        self._stale[a.subject] = a

    def _heard_of(self, subject: str) -> Agent:
        """Returns an agent; one in the wrong partition is counted, for his other half is missed."""
        if subject not in self._agents and self._is_mine and not self._is_mine(subject):
            self._counts["misplaced"] += 1
        return self._agent(subject)

    def _agent(self, subject: str) -> Agent:
        a = self._agents.get(subject)
        if a is None:
            a = self._agents[subject] = Agent(subject, gone_ms=self._policy.agent_horizon_ms)
        return a

    def _contradict(self, a: Agent, raw: bytes, item: bytes, top_ms: int) -> None:
        """Takes in a fact that may be there already, or of whose identity or instant there is."""
        items = a.archive.raws()
        if any(stored.raw_of(held) == raw for held in items):
            self._counts["repeated"] += 1
            return
        self._counts["disorder"] += 1
        facts = self._intake.folded([*items, item])
        lo = first_unlike(a, *self._intake.line(facts))
        if lo < FOREVER:
            in_order = lo >= settled_ms(top_ms) and lo > max(a.times, default=-1)
            with self._weighed(a, lo, top_ms, late=not in_order):
                self._set_facts(a, facts)
        else:
            self._set_facts(a, facts)
        self._stale[a.subject] = a
        a.archive.set((f.ms, f.event.source, f.event.id, f.raw) for f in facts)

    def _set_facts(self, a: Agent, facts: list[Fact]) -> None:
        a.times, a.kinds = self._intake.line(facts)
        a.last = (facts[-1].event.id, facts[-1].event.source) if facts else ("", "")

    @contextmanager
    def _weighed(self, a: Agent, lo: int, top_ms: int, *, late: bool = True) -> Iterator[None]:
        """Changes an agent from `lo` on; what comes late is marked, by itself."""
        self._touch(a, lo)
        begin, until = block_begin(a, lo), settled_ms(top_ms)
        if not late or begin >= until:
            yield
            return
        before = pieces(a, begin, until, self.groups)
        yield
        after = pieces(a, begin, until, self.groups)
        self._revisions.agent(before, after, self.groups, top_ms)

    def _touch(self, a: Agent, lo: int) -> None:
        """Keeps what is booked of an agent from `lo` on, before something changes there."""
        lo = min(self._booked_ms, block_begin(a, lo))
        booked_to = self._booked_ms + 1
        if not a.touched:
            a.touched, a.changed_ms = True, lo
            a.booked = pieces(a, lo, booked_to, self.groups)
            self._touched.append(a)
        elif lo < a.changed_ms:
            earlier = pieces(a, lo, min(a.changed_ms, booked_to), self.groups)
            a.booked, a.changed_ms = earlier + a.booked, lo

    # -- giving changes out

    def settle(self, top_ms: int) -> dict[Place, Amounts]:
        """Books everything up to the edge; returns the steps."""
        for subject in self._at_due():
            a = self._agents.get(subject)
            if a is not None and a.due_ms <= self.edge_ms:
                a.due_ms = FOREVER
                self._touch(a, self._booked_ms)
        out: dict[Place, Amounts] = {}
        for a in self._touched:
            self._tell(a)
            new = pieces(a, a.changed_ms, self.edge_ms + 1, self.groups)
            steps = stepping.difference(a.booked, new)
            stepping.book(steps, self.groups, out)
            a.touched, a.booked = False, []
            self._look_later(a)
        self._touched.clear()
        self._booked_ms = self.edge_ms
        self.levels.add(out, self.groups)
        for group in {place.group for place in out}:
            for segment in self.groups.all[group].booked:
                self._dims.tell(segment)
        self._forget(top_ms)
        return out

    def _at_due(self) -> list[str]:
        found = []
        while self._due and self._due[0][0] <= self.edge_ms:
            found.append(heappop(self._due)[1])
        return found

    def _look_later(self, a: Agent) -> None:
        due = next_change(a, self.edge_ms)
        if due != a.due_ms:
            a.due_ms = due
            if due < FOREVER:
                heappush(self._due, (due, a.subject))
        if len(self._due) > 2 * len(self._agents) + _SPARE:  # most of them are out of date
            self._due = [(x.due_ms, s) for s, x in self._agents.items() if x.due_ms < FOREVER]
            heapify(self._due)

    def _tell(self, a: Agent) -> None:
        new = self._tail(a, self.edge_ms)
        if new is not None or a.told:
            self._tails[a.subject] = new
        a.told = new is not None

    def _forget(self, top_ms: int) -> None:
        """Lets go of facts and plans that nothing accepted can touch any more."""
        day = top_ms // DAY_MS
        if day == self._forgotten_day or not self._policy.lateness:
            return
        self._forgotten_day = day
        before = day * DAY_MS - self._policy.agent_horizon_ms - SLACK_MS
        for a in list(self._agents.values()):
            self._stale[a.subject] = a
            shorten(a, before, self._intake.timeline)

    def take_tails(self) -> dict[str, Tail | None]:
        """Returns the tails that changed since the last time; `None` = there is none any more."""
        out, self._tails = self._tails, {}
        return out

    def tails(self) -> dict[str, Tail | None]:
        """Returns the tails of all agents who have one."""
        found = (
            (a.subject, self._tail(a, self._booked_ms)) for a in self._agents.values() if a.told
        )
        return dict(found)

    def _tail(self, a: Agent, edge_ms: int) -> Tail | None:
        until_ms = until(a, edge_ms)
        a.later = later(a, until_ms, a.later, self.groups, self._dims.names)
        return tail(a, edge_ms, until_ms, a.later.packed, self.groups, self._dims.names)

    # -- what is stored

    def take_facts(
        self, added: dict[str, list[bytes]], replaced: dict[str, list[bytes]], gone: list[str]
    ) -> None:
        """Says what is to be stored of facts and plans since the last time."""
        for subject, a in self._stale.items():
            stored.take(a, added, replaced, gone)
            if not (a.times or a.plans or a.told):
                del self._agents[subject]
        self._stale.clear()

    def load_fact(self, key: str, items: list[bytes]) -> None:
        """Takes in what is stored under a key of `take_facts`."""
        subject = stored.of_plans(key)
        if subject is None:
            subject, day = stored.of_facts(key)
            self._agent(subject).archive.load(day, items)
            return
        a = self._agent(subject)
        for item in items:
            plan = self._intake.stored_plan(item)
            a.plans[plan.date] = plan
        a.timeline = self._intake.timeline(a.plans)

    def loaded(
        self,
        edge_ms: int,
        levels: Mapping[str, Mapping[int, int]],
        tails: Mapping[str, Tail | None],
    ) -> None:
        """Makes everything of what was stored, as it was booked then."""
        self.edge_ms = self._booked_ms = edge_ms
        booked: dict[Place, Amounts] = {}
        for a in self._agents.values():
            facts = self._intake.folded(a.archive.raws())
            for f in facts:
                a.archive.name(f.ms, f.event.source, f.event.id)
            self._set_facts(a, facts)
            held = pieces(a, edge_ms, edge_ms + 1, self.groups)
            stepping.book(stepping.difference([], held), self.groups, booked)
            self._look_later(a)
            a.told = a.subject in tails
        self.levels.add(booked, self.groups)
        self.levels.loaded(levels, self._dims.segment)
