"""The agents of one source: facts and plans in any order, booked up to the source's edge.

Theory of operation. Every agent is booked up to the edge of the last commit. A fact or a plan that
comes in changes nothing before some instant; what was booked from there on is kept before the first
change of a batch, derived again at the commit, and the difference is booked. An agent of whom
nothing was heard is looked at when his plan or a limit has the next change: they wait in a heap.
So late facts, revisions, silence and the size of commits all come to the same sums, and idle agents
cost nothing.
"""

import datetime as dt
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from typing import Final

import msgspec

from streams.core.agents import steps as stepping
from streams.core.agents.archive import Archive
from streams.core.agents.derive import FOREVER, Kind, Line, Piece, next_change, pieces
from streams.core.agents.groups import Groups
from streams.core.agents.labels import (
    AVAILABLE,
    HOLD,
    OFFLINE,
    ON_CONTACT,
    PAUSED,
    RINGING,
    STATES,
    WRAP_UP,
)
from streams.core.agents.plan import EMPTY, Mark, Plan, Timeline, named, plan_of, timeline
from streams.core.agents.steps import Amounts, Levels, Place
from streams.core.agents.tail import Later, Tail, later, tail, until
from streams.core.buckets import DAY_MS, Zone
from streams.core.dims import Dims
from streams.core.errors import EventRefused
from streams.core.events import AgentData, AgentState, Schedule, decode, millis
from streams.core.facts import Fact, one_each
from streams.core.policy import FoldPolicy
from streams.core.revised import settled_ms
from streams.core.revisions import Revisions
from streams.core.roster import Roster

EPOCH_DAY: Final = dt.date(1970, 1, 1).toordinal()
_ORDER: Final = (AVAILABLE, PAUSED, RINGING, WRAP_UP, HOLD, ON_CONTACT)
"""Of an agent's state and those of his contacts the last one here is shown."""
_HELD: Final = frozenset((ON_CONTACT, HOLD, WRAP_UP))
_MOST_AT_ONCE: Final = 500
"""More contacts or places for them are counted as so many: m of a cell must fit in 64 bits."""
_SPARE: Final = 1000
SLACK_MS: Final = 2 * DAY_MS
"""Facts are kept so much longer than they may be late: what a block of the plan began with, and
what a fact corrects. Two records of one identity that lie further apart are two facts."""
PLACED: Final = b"\1"
"""Stands between a fact and the team and site that the roster gave it: both are kept, because the
roster may say something else when the facts are read again."""
_FACTS, _PLANS = "\0a", "\0p"
_encode = msgspec.json.Encoder().encode
_place = msgspec.json.Decoder(tuple[str | None, str | None]).decode


class _Agent(Line):
    """An agent and his bookings."""

    archive: Archive = msgspec.field(default_factory=Archive)
    last: tuple[str, str] = ("", "")
    """Id and source of the last fact."""
    touched: bool = False
    booked: list[Piece] = msgspec.field(default_factory=list)
    """What was booked from `changed_ms` on, up to the edge."""
    changed_ms: int = 0
    due_ms: int = FOREVER
    """When he is looked at next without an event."""
    plans_changed: bool = False
    told: bool = False
    """Whether readers have a tail of him."""
    later: Later | None = None
    """How his tails end."""


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
    ) -> None:
        self.edge_ms = 0
        """The greatest of min(event time, append time): booked up to here at the next commit."""
        self.levels = Levels()
        self.groups = Groups(policy, dims)
        self._policy, self._dims, self._zone = policy, dims, zone
        self._counts, self._roster, self._revisions = counts, roster, revisions
        self._agents: dict[str, _Agent] = {}
        self._kinds: dict[Kind, Kind] = {}
        self._touched: list[_Agent] = []
        self._stale: dict[str, _Agent] = {}
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
        place = self._rostered(e, ms)
        data = e.data
        item = raw
        if place is not None and not (data.team and data.site):
            item = raw + PLACED + _encode(place)
        a = self._agent(e.subject)
        kind = self._kind(data, place)
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
        plan = plan_of(e, raw, self._zone)
        place = self._rostered(e, plan.start_ms if plan.activities else plan.rank[1])
        if place is not None:
            plan = _placed(plan, place)
        if self._begin_ms(plan) < plan.rank[1] - self._policy.agent_horizon_ms:
            self._counts["late"] += 1
            return
        a = self._agent(e.subject)
        held = a.plans.get(plan.date)
        if held is not None and held.rank >= plan.rank:
            self._counts["repeated" if held.rank == plan.rank else "superseded"] += 1
            return
        plans = {**a.plans, plan.date: plan}
        new = self._timeline(plans)
        changed, lo = _first_difference(a.timeline, new)
        if changed < oldest_ms:
            self._counts["late"] += 1
            return
        with self._weighed(a, lo, top_ms):
            a.plans, a.timeline, a.plans_changed = plans, new, True
        self._stale[a.subject] = a

    def _begin_ms(self, plan: Plan) -> int:
        """Returns from when on a plan says anything: its midnight, if it does not begin earlier."""
        midnight = self._zone.day_start_ms(plan.date)
        return min(midnight, plan.start_ms) if plan.activities else midnight

    def _rostered(self, e: AgentState | Schedule, ms: int) -> tuple[str | None, str | None] | None:
        if self._roster is None:
            return None
        if e.subject not in self._roster:
            raise EventRefused(f"agent {e.subject!r} is not in the roster - at `$.subject`")
        return self._roster.place(e.subject, ms)

    def _timeline(self, plans: Mapping[int, Plan]) -> Timeline:
        return timeline(plans, self._policy.tolerance_ms, self._zone)

    def _agent(self, subject: str) -> _Agent:
        a = self._agents.get(subject)
        if a is None:
            a = self._agents[subject] = _Agent(subject, gone_ms=self._policy.agent_horizon_ms)
        return a

    def _kind(self, data: AgentData, place: tuple[str | None, str | None] | None) -> Kind:
        state = STATES.index(data.state)
        contacts = 0
        for held in data.contacts or ():
            own = STATES.index(held.state or "on_contact")
            contacts += own in _HELD
            if state == OFFLINE or _ORDER.index(own) > _ORDER.index(state):
                state = own
        lasts = FOREVER if state == OFFLINE else self._policy.unknown_after_ms
        if data.heartbeat_s:
            lasts = min(lasts, round(2000 * data.heartbeat_s))
        team, site = place or (None, None)
        queues = tuple(sorted({name for q in data.queues or () if (name := named(q))}))
        kind = Kind(
            state, named(data.team) or team, named(data.site) or site, queues,
            named(data.reason) if state == PAUSED else None,
            min(contacts, _MOST_AT_ONCE), min(data.capacity or 0, _MOST_AT_ONCE), lasts,
        )  # fmt: skip
        return self._kinds.setdefault(kind, kind)

    def _contradict(self, a: _Agent, raw: bytes, item: bytes, top_ms: int) -> None:
        """Takes in a fact that may be there already, or of whose identity or instant there is."""
        items = a.archive.raws()
        if any(held.partition(PLACED)[0] == raw for held in items):
            self._counts["repeated"] += 1
            return
        self._counts["disorder"] += 1
        facts = self._folded([*items, item])
        lo = _first_unlike(a, *self._line(facts))
        if lo < FOREVER:
            in_order = lo >= settled_ms(top_ms) and lo > max(a.times, default=-1)
            with self._weighed(a, lo, top_ms, late=not in_order):
                self._set_facts(a, facts)
        else:
            self._set_facts(a, facts)
        self._stale[a.subject] = a
        a.archive.set((f.ms, f.event.source, f.event.id, f.raw) for f in facts)

    def _set_facts(self, a: _Agent, facts: list[Fact]) -> None:
        a.times, a.kinds = self._line(facts)
        a.last = (facts[-1].event.id, facts[-1].event.source) if facts else ("", "")

    def _folded(self, items: list[bytes]) -> list[Fact]:
        """Returns one fact an identity, in folding order."""
        facts = (
            Fact(millis(e.time), item, e)
            for item in items
            for e in (decode(item.partition(PLACED)[0]),)
        )
        one = one_each(facts, SLACK_MS)
        return sorted(one, key=lambda f: (f.ms, f.event.id, f.event.source))

    def _line(self, facts: list[Fact]) -> "tuple[array[int], list[Kind]]":
        by_time = {f.ms: self._kind(f.event.data, _place_in(f.raw)) for f in facts}
        return array("q", by_time), list(by_time.values())

    @contextmanager
    def _weighed(self, a: _Agent, lo: int, top_ms: int, *, late: bool = True) -> Iterator[None]:
        """Changes an agent from `lo` on; what comes late is marked, by itself."""
        self._touch(a, lo)
        begin, until = _block_begin(a, lo), settled_ms(top_ms)
        if not late or begin >= until:
            yield
            return
        before = pieces(a, begin, until, self.groups)
        yield
        after = pieces(a, begin, until, self.groups)
        self._revisions.agent(before, after, self.groups, top_ms)

    def _touch(self, a: _Agent, lo: int) -> None:
        """Keeps what is booked of an agent from `lo` on, before something changes there."""
        lo = min(self._booked_ms, _block_begin(a, lo))
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

    def _look_later(self, a: _Agent) -> None:
        due = next_change(a, self.edge_ms)
        if due != a.due_ms:
            a.due_ms = due
            if due < FOREVER:
                heappush(self._due, (due, a.subject))
        if len(self._due) > 2 * len(self._agents) + _SPARE:  # most of them are out of date
            self._due = [(x.due_ms, s) for s, x in self._agents.items() if x.due_ms < FOREVER]
            heapify(self._due)

    def _tell(self, a: _Agent) -> None:
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
            self._shorten(a, before)

    def _shorten(self, a: _Agent, before: int) -> None:
        self._stale[a.subject] = a
        in_force = bisect_right(a.times, before) - 1  # at the cut: kept, with the rest of its day
        day_ms = (a.times[in_force] if in_force >= 0 else before) // DAY_MS * DAY_MS
        a.archive.forget(day_ms)
        first = bisect_left(a.times, day_ms)
        if first > 0:
            del a.times[:first], a.kinds[:first]
        over = sorted((p for p in a.plans.values() if _is_over(p, before)), key=_begin)
        if over[:-1]:  # the last one still says the team
            for plan in over[:-1]:
                del a.plans[plan.date]
            a.plans_changed = True
            a.timeline = self._timeline(a.plans)
        gone = not a.times or a.times[-1] < before
        if gone and not a.told and len(a.plans) == len(over[-1:]):
            a.archive.forget(FOREVER)
            a.times, a.kinds = array("q"), []
            if not any(plan.team or plan.site for plan in a.timeline.marks):
                a.plans, a.timeline, a.plans_changed = {}, EMPTY, True

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

    def _tail(self, a: _Agent, edge_ms: int) -> Tail | None:
        until_ms = until(a, edge_ms)
        a.later = later(a, until_ms, a.later, self.groups, self._dims.names)
        return tail(a, edge_ms, until_ms, a.later.packed, self.groups, self._dims.names)

    def take_facts(
        self, added: dict[str, list[bytes]], replaced: dict[str, list[bytes]], gone: list[str]
    ) -> None:
        """Says what is to be stored of facts and plans since the last time."""
        for subject, a in self._stale.items():
            appended, anew = a.archive.take()
            for day, items in appended.items():
                added[_key(subject, day)] = items
            for day, items in anew.items():
                if items:
                    replaced[_key(subject, day)] = items
                else:
                    gone.append(_key(subject, day))
            if a.plans_changed:
                a.plans_changed = False
                if a.plans:
                    replaced[_PLANS + subject] = [p.raw for p in a.plans.values()]
                else:
                    gone.append(_PLANS + subject)
            if not (a.times or a.plans or a.told):
                del self._agents[subject]
        self._stale.clear()

    # -- what is stored

    def load_fact(self, key: str, items: list[bytes]) -> None:
        """Takes in what is stored under a key of `take_facts`."""
        if key.startswith(_PLANS):
            a = self._agent(key.removeprefix(_PLANS))
            for item in items:
                raw = item.partition(PLACED)[0]
                plan = plan_of(decode(raw), raw, self._zone)
                place = _place_in(item)
                a.plans[plan.date] = plan if place is None else _placed(plan, place)
            a.timeline = self._timeline(a.plans)
        else:
            subject, _, day = key.removeprefix(_FACTS).rpartition("\0")
            self._agent(subject).archive.load(int(day), items)

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
            facts = self._folded(a.archive.raws())
            for f in facts:
                a.archive.name(f.ms, f.event.source, f.event.id)
            self._set_facts(a, facts)
            held = pieces(a, edge_ms, edge_ms + 1, self.groups)
            stepping.book(stepping.difference([], held), self.groups, booked)
            self._look_later(a)
            a.told = a.subject in tails
        self.levels.add(booked, self.groups)
        self.levels.loaded(levels, self._dims.segment)


def _key(subject: str, day: int) -> str:
    return f"{_FACTS}{subject}\0{day}"


def is_agents_key(key: str) -> bool:
    """Whether something is stored of an agent under this key, and not of a contact."""
    return key.startswith((_FACTS, _PLANS))


def _place_in(item: bytes) -> tuple[str | None, str | None] | None:
    _, placed, place = item.partition(PLACED)
    return _place(place) if placed else None


def _placed(plan: Plan, place: tuple[str | None, str | None]) -> Plan:
    """Returns a plan with what the roster says of its agent."""
    team, site = place
    raw = plan.rank[2] + PLACED + _encode(place)
    return plan._replace(team=team or plan.team, site=site or plan.site, raw=raw)


def _block_begin(a: Line, ms: int) -> int:
    """Returns from when on a change at an instant may be felt: all of the block around it."""
    mark = a.timeline.at(ms)
    return mark.begin if mark.planned else ms


def _begin(plan: Plan) -> tuple[int, int]:
    return plan.activities[0].start_ms if plan.activities else 0, plan.date


def _is_over(plan: Plan, before: int) -> bool:
    if plan.activities:
        return plan.end_ms < before
    return plan.rank[1] < before and plan.date < EPOCH_DAY + before // DAY_MS


def _first_unlike(a: Line, times: "array[int]", kinds: list[Kind]) -> int:
    """Returns the first instant at which two lines of facts differ, `FOREVER` where none."""
    old, new = (list(zip(*pair, strict=True)) for pair in ((a.times, a.kinds), (times, kinds)))
    for one, other in zip(old, new, strict=False):
        if one != other:
            return min(one[0], other[0])
    if len(old) == len(new):
        return FOREVER
    longer = old if len(old) > len(new) else new
    return longer[min(len(old), len(new))][0]


def _first_difference(old: Timeline, new: Timeline) -> tuple[int, int]:
    """Returns the first instant at which what is planned differs, and where its block begins.

    Places count, too; `FOREVER` = nowhere.
    """
    begin = FOREVER
    for one, other in zip(old.marks, new.marks, strict=False):
        if one != other:
            begin = min(begin, *_begins(one, other))
            if _planned(one) != _planned(other):
                return min(one.t, other.t), begin
    if len(old.marks) == len(new.marks):
        return FOREVER, begin
    longer = old if len(old.marks) > len(new.marks) else new
    mark = longer.marks[min(len(old.marks), len(new.marks))]
    return mark.t, min(begin, *_begins(mark))


def _planned(mark: Mark) -> Mark:
    return mark._replace(begin=0, end=0)


def _begins(*marks: Mark) -> Iterator[int]:
    for mark in marks:
        yield mark.t
        if mark.planned:
            yield mark.begin
