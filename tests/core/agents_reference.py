"""A slow, obvious account of agents' time: a walk from step to step.

It shares no code with `streams.core`: plain JSON, plain objects, no incremental booking, no
derivation of what changed. For each agent and each step it is painted which fact and which planned
activity are in force; what a step counts as follows from the two. Steps are those of a grid, on
which all times of the events must lie; or, for times of any millisecond, they go from one instant
at which anything may change to the next. The moment of reading may lie anywhere.
"""

import datetime as dt
import itertools
import json
import unicodedata
import zoneinfo
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

SECOND = 1000
HOUR = 3_600_000
DAY = 24 * HOUR
ANY_MS = 1
"""As a grid: none."""
FINE, QUARTER, LOCAL_DAY = 0, 1, 2
LADDER = ["available", "paused", "ringing", "wrap_up", "hold", "on_contact"]
"""From the lowest to the highest: the highest of the states at once is the label."""
ON_QUEUE = {"available", "ringing", "on_contact", "hold", "wrap_up"}
BUSY = {"on_contact", "hold", "wrap_up"}
STATES = ["offline", *LADDER, "unknown"]
Class = tuple[bool, bool]
"""(productive, tracked)"""
Cells = dict[tuple[int, int, str], dict[str, int]]
"""(resolution, bucket, segment) → measure → ms. Buckets are ms // 10,000, ms // 900,000 and the
ordinal of a local date."""
RateOf = Callable[[str | None, str | None], int | None]
"""(team, site) → the class of cost."""


@dataclass(frozen=True)
class Fact:
    """What an agent does from `ms` on."""

    ms: int
    id: str
    source: str
    raw: bytes = field(repr=False)
    state: str
    contacts: int
    """How many contacts are held: those on contact, on hold and in wrap-up."""
    capacity: int
    limit: int | None
    """From this instant on nobody knows; None = it holds for ever."""
    team: str | None
    site: str | None
    queues: frozenset[str]
    reason: str | None


@dataclass(frozen=True)
class Plan:
    """A day's plan."""

    date: str
    revision: int
    ms: int
    raw: bytes = field(repr=False)
    spans: tuple[tuple[int, int, Class], ...]
    """(start, end, class), in order."""
    team: str | None
    site: str | None


@dataclass(frozen=True)
class Moment:
    """What one agent counts as while nothing changes."""

    state: str
    activity: Class | None
    sides: frozenset[Class | None]
    """The activities on the other side of the boundaries nearby."""
    kind: str | None
    """How the state itself is out of the tracked activity; None where it fits."""
    segments: tuple[str, ...]
    measures: dict[str, int]

    @property
    def fits_other_side(self) -> str:
        """`yes`, `in_break` (offline, and a break is on the other side) or `no`."""
        if any(fits(self.state, side) for side in self.sides):
            return "yes"
        return "in_break" if any(rests(self.state, side) for side in self.sides) else "no"


Run = tuple[int, int, Moment]
"""(start, end, what holds from start to end)"""


def millis(text: str) -> int:
    """Returns ms since 1970."""
    d = dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return d.days * DAY + d.seconds * 1000 + d.microseconds // 1000


def named(value: Any) -> str | None:
    """Returns a name, or None where nothing is said."""
    return unicodedata.normalize("NFC", value) if value else None


def fits(state: str, activity: Class | None) -> bool:
    """Whether a state fits an activity, or none; offline never fits an activity here."""
    if activity is None:
        return state in ("offline", "paused")
    productive, _tracked = activity
    return state in ON_QUEUE if productive else state == "paused"


def rests(state: str, activity: Class | None) -> bool:
    """Whether an agent is offline in a break: adherent by default, not by the strict rule."""
    return state == "offline" and activity is not None and not activity[0]


def label(state: str, contact_states: list[str]) -> str:
    """Returns the highest of the states; offline only without contacts."""
    present = [s for s in (state, *contact_states) if s != "offline"]
    return max(present, key=LADDER.index) if present else "offline"


def fact_of(
    event: dict[str, Any], raw: bytes, unknown_after: int, *, offline_expires: bool
) -> Fact:  # fmt: skip
    """Returns what an `agent.state` says."""
    d, ms = event["data"], millis(event["time"])
    states = [contact.get("state") or "on_contact" for contact in d.get("contacts") or []]
    state = label(d["state"], states)
    limits = [unknown_after] if offline_expires or state != "offline" else []
    if d.get("heartbeat_s"):
        limits.append(round(2000 * d["heartbeat_s"]))
    return Fact(
        ms, event["id"], event["source"], raw, state, sum(s in BUSY for s in states),
        d.get("capacity") or 0, ms + min(limits) if limits else None,
        named(d.get("team")), named(d.get("site")),
        frozenset(name for q in d.get("queues") or [] if (name := named(q))),
        named(d.get("reason")),
    )  # fmt: skip


def plan_of(event: dict[str, Any], raw: bytes, zone: zoneinfo.ZoneInfo) -> Plan | None:
    """Returns what an `agent.schedule` says; None if it is refused."""
    d = event["data"]
    spans = sorted(
        (
            millis(a["start"]),
            millis(a["end"]),
            (a.get("productive") is not False, a.get("tracked") is not False),
        )
        for a in d["activities"]
    )
    ends_early = any(start >= end for start, end, _ in spans)
    overlap = any(one[1] > next_[0] for one, next_ in itertools.pairwise(spans))
    if ends_early or overlap or not (spans or d.get("date")):
        return None
    date = d.get("date") or dt.datetime.fromtimestamp(spans[0][0] // 1000, zone).date().isoformat()
    return Plan(
        date, d["revision"], millis(event["time"]), raw, tuple(spans),
        named(d.get("team")), named(d.get("site")),
    )  # fmt: skip


def facts_that_stand(facts: list[Fact], horizon: int) -> list[Fact]:
    """Returns the facts of one agent in order: of one identity the latest.

    Unless the next record of the identity is more than a horizon later: then they are two.
    """
    standing = []
    for f in facts:
        later = [
            g
            for g in facts
            if (g.source, g.id) == (f.source, f.id) and (g.ms, g.raw) > (f.ms, f.raw)
        ]
        if not later or min(g.ms for g in later) - f.ms > horizon:
            standing.append(f)
    return sorted(standing, key=lambda f: (f.ms, f.id, f.source))


def plans_that_stand(plans: list[Plan]) -> list[Plan]:
    """Returns the plans of one agent, one a date: the highest revision, then the latest record."""
    best: dict[str, Plan] = {}
    for p in sorted(plans, key=lambda p: (p.revision, p.ms, p.raw)):
        best[p.date] = p
    return list(best.values())


class Walk:
    """All agents' time, from before the first event to after everything that they bring about.

    Args:
        events: the records' values, in any order, as often as anybody likes
        zone: whose local days
        tolerance_ms: T, a multiple of the step of a grid
        unknown_after_ms: how long a state without heartbeat holds
        offline_expires: whether that is so for offline, too; else only its own heartbeat ends it
        horizon_ms: of one identity, two records further apart are two facts
        step_ms: the grid; `ANY_MS` = from one change to the next
        rate_of: what an agent's time costs
    """

    def __init__(
        self, events: list[bytes], zone: str, *, tolerance_ms: int = 0,
        unknown_after_ms: int = 16 * HOUR, offline_expires: bool = True,
        horizon_ms: int = 2 * DAY, step_ms: int = 5 * SECOND,
        rate_of: RateOf = lambda _team, _site: None,
    ) -> None:  # fmt: skip
        self.zone = zoneinfo.ZoneInfo(zone)
        self.step = step_ms
        self.tolerance = tolerance_ms
        self.rate_of = rate_of
        self.facts: dict[str, list[Fact]] = {}
        self.plans: dict[str, list[Plan]] = {}
        for raw in set(events):
            event = json.loads(raw)
            agent = event["subject"]
            if event["type"] == "agent.state":
                fact = fact_of(event, raw, unknown_after_ms, offline_expires=offline_expires)
                self.facts.setdefault(agent, []).append(fact)
            elif event["type"] == "agent.schedule":
                plan = plan_of(event, raw, self.zone)
                if plan:
                    self.plans.setdefault(agent, []).append(plan)
        self.agents = sorted({*self.facts, *self.plans})
        self.facts = {a: facts_that_stand(self.facts.get(a, []), horizon_ms) for a in self.agents}
        self.plans = {a: plans_that_stand(self.plans.get(a, [])) for a in self.agents}
        times = [t for a in self.agents for f in self.facts[a] for t in (f.ms, f.limit or f.ms)]
        times += [t for a in self.agents for p in self.plans[a] for s in p.spans for t in s[:2]]
        assert not any(t % step_ms for t in [*times, tolerance_ms]), "not on the grid"
        margin = tolerance_ms + step_ms
        self.begin = min(times, default=0) - margin
        self.end = max(times, default=0) + margin
        self.instants = self._instants(times)
        self.runs = {agent: self._runs(agent) for agent in self.agents}
        self._days: dict[int, int] = {}

    def _instants(self, times: list[int]) -> Sequence[int]:
        """Returns where the steps begin, and the end of the last one."""
        if self.step > ANY_MS:
            return range(self.begin, self.end + 1, self.step)
        found = {self.begin, self.end} | self._changes(times)
        return sorted(t for t in found if self.begin <= t <= self.end)

    def _changes(self, times: list[int]) -> set[int]:
        """Returns when anything may change, given the times of facts, limits and activities."""
        near = {t + d for t in times for d in (-self.tolerance, 0, self.tolerance)}
        return near | {self._midnight(t) for t in times}

    def _index(self, ms: int) -> int:
        """Returns the step that begins at an instant; beyond the ends the nearest one."""
        i = bisect_left(self.instants, ms)
        assert self.begin >= ms or ms >= self.end or self.instants[i] == ms, "not on the grid"
        return i

    def _runs(self, agent: str) -> list[Run]:
        """Walks along the grid; steps of which all is equal make one run."""
        size = self._index(self.end)
        facts, states = self._states(agent, size)
        plan, owners = self._plan(agent, size)
        sides = self._sides(plan)
        kinds = self._kinds(states, plan)
        runs: list[Run] = []
        start = 0
        nowhere: frozenset[Class | None] = frozenset()

        def here(k: int) -> tuple[Any, ...]:
            return (
                states[k], plan[k], sides.get(k, nowhere), kinds.get(k), id(facts[k]),
                id(owners[k]),
            )  # fmt: skip

        for k in range(1, size + 1):
            if k == size or here(k) != here(start):
                moment = self._moment(
                    agent, states[start], plan[start], sides.get(start, nowhere),
                    kinds.get(start), facts[start], owners[start],
                )  # fmt: skip
                runs.append((self.instants[start], self.instants[k], moment))
                start = k
        return runs

    def _states(self, agent: str, size: int) -> tuple[list[Fact | None], list[str]]:
        """Paints each fact over what came before it: its state, and unknown after its limit."""
        facts: list[Fact | None] = [None] * size
        states = ["offline"] * size
        for fact in self.facts[agent]:
            here = self._index(fact.ms)
            limit = size if fact.limit is None else self._index(fact.limit)
            facts[here:] = [fact] * (size - here)
            states[here:limit] = [fact.state] * (limit - here)
            states[limit:] = ["unknown"] * (size - limit)
        return facts, states

    def _plan(self, agent: str, size: int) -> tuple[list[Class | None], list[Plan | None]]:
        """Paints the activities: a later start, then a later date, over the others.

        Returns the class of the activity in force and the plan that says team and site: the one
        of the activity in force, else of the latest start so far, else from the midnight of its
        day on the first to come.
        """
        activities: list[Class | None] = [None] * size
        plans = [p for p in self.plans[agent] if p.spans]
        plans.sort(key=lambda p: (p.spans[0][0], p.date))
        to_come = [p for p in plans if p.spans[0][0] == plans[0].spans[0][0]]
        owners: list[Plan | None] = [None] * size
        if plans:
            here = max(0, self._index(self._midnight(plans[0].spans[0][0])))
            owners[here:] = [to_come[-1]] * (size - here)
        for p in plans:
            here = self._index(p.spans[0][0])
            owners[here:] = [p] * (size - here)
        spans = [(start, p.date, end, a, p) for p in plans for start, end, a in p.spans]
        for start, _date, end, activity, p in sorted(spans, key=lambda s: s[:2]):
            here, there = self._index(start), self._index(end)
            activities[here:there] = [activity] * (there - here)
            owners[here:there] = [p] * (there - here)
        return activities, owners

    def _midnight(self, ms: int) -> int:
        """Returns when the local date of an instant begins."""
        here, date = ms, self._date(ms)
        while self._date(here - HOUR // 4) == date:
            here -= HOUR // 4
        return here - here % (HOUR // 4)

    def _date(self, ms: int) -> dt.date:
        return dt.datetime.fromtimestamp(ms // 1000, self.zone).date()

    def _sides(self, plan: list[Class | None]) -> dict[int, frozenset[Class | None]]:
        """Tells, for the steps within T of a boundary, what lies on its other side."""
        sides: dict[int, frozenset[Class | None]] = {}
        for b in range(1, len(plan)):
            before, after = plan[b - 1], plan[b]
            if before != after:
                at = self.instants[b]
                for k in range(self._index(at - self.tolerance), b):
                    sides[k] = sides.get(k, frozenset()) | {after}
                for k in range(b, min(len(plan), self._index(at + self.tolerance))):
                    sides[k] = sides.get(k, frozenset()) | {before}
        return sides

    @staticmethod
    def _kinds(states: list[str], plan: list[Class | None]) -> dict[int, str]:
        """Tells, for the steps whose state does not fit a tracked activity, in which way."""
        kinds: dict[int, str] = {}
        for block in blocks(plan):
            present = [k for k in block if fits(states[k], plan[k])]
            from_break = False
            for k in block:
                activity = plan[k]
                assert activity is not None
                productive, tracked = activity
                from_break = states[k] == "paused" and (from_break or not productive)
                if not tracked or states[k] == "unknown" or fits(states[k], activity):
                    continue
                if not present or k < present[0]:
                    kinds[k] = "late"
                elif productive and from_break:
                    kinds[k] = "long_break"
                elif k > present[-1]:
                    kinds[k] = "early_leave"
                else:
                    kinds[k] = "wrong_activity"
        return kinds

    def _moment(
        self, agent: str, state: str, activity: Class | None, sides: frozenset[Class | None],
        kind: str | None, fact: Fact | None, owner: Plan | None,
    ) -> Moment:  # fmt: skip
        """Says what a step counts as, and where."""
        team = (fact and fact.team) or (owner and owner.team) or None
        site = (fact and fact.site) or (owner and owner.site) or None
        segments = ["site", f"agent:{agent}"]
        segments += [f"team:{team}"] if team else []
        segments += [f"site:{site}"] if site else []
        segments += [f"queue:{queue}" for queue in (sorted(fact.queues) if fact else [])]
        segments += [f"pause:{fact.reason}"] if fact and state == "paused" and fact.reason else []
        m = {state: 1}
        if state not in ("offline", "unknown"):
            m["staffed"] = 1
            rate = self.rate_of(team, site)
            if rate is not None:
                m[f"rate{rate}"] = 1
        if state in BUSY:
            m["busy"] = 1
        if fact and fact.contacts and state != "unknown":
            m["contacts"] = fact.contacts
        if state in ON_QUEUE:
            m["on_queue"] = 1
            if fact and fact.capacity:
                m["capacity"] = fact.capacity
        m |= against_plan(state, activity, sides, kind)
        return Moment(state, activity, sides, kind, tuple(segments), m)

    def at(self, agent: str, ms: int) -> Moment:
        """Returns what holds for an agent at an instant."""
        runs = self.runs[agent]
        before = [moment for start, _end, moment in runs if start <= ms]
        return before[-1] if before else runs[0][2]

    def live(self, now: int) -> dict[str, dict[str, int]]:
        """Returns segment → measure → agents (contacts, places) at an instant; zeros left out."""
        out: dict[str, dict[str, int]] = {}
        for agent in self.agents:
            moment = self.at(agent, now)
            for segment in moment.segments:
                sums = out.setdefault(segment, {})
                for measure, weight in moment.measures.items():
                    if measure != "offline":
                        sums[measure] = sums.get(measure, 0) + weight
        return {segment: sums for segment, sums in out.items() if sums}

    def cells(self, now: int, *, fine_from: int = 0, offline: bool = False) -> Cells:
        """Returns the time in each bucket before `now`; zeros left out.

        Args:
            now: the instant of reading, at or after the latest event
            fine_from: fine buckets that begin earlier are left out
            offline: whether the time offline is told, too
        """
        out: Cells = {}
        for agent in self.agents:
            for start, end, moment in self.past(agent, now):
                measures = [(m, w) for m, w in moment.measures.items() if offline or m != "offline"]
                if not measures:
                    continue
                coarse = moment.segments
                fine = [s for s in coarse if not s.startswith("agent:")]
                for resolution, bucket, ms in self.shares(start, end, fine_from):
                    for segment in fine if resolution == FINE else coarse:
                        sums = out.setdefault((resolution, bucket, segment), {})
                        for measure, weight in measures:
                            sums[measure] = sums.get(measure, 0) + weight * ms
        return out

    def past(self, agent: str, now: int) -> Iterator[Run]:
        """Yields an agent's runs, cut at `now`; the last one goes on for ever."""
        runs = self.runs[agent]
        for start, end, moment in runs:
            end_now = now if moment is runs[-1][2] else min(end, now)
            if start < end_now:
                yield start, end_now, moment

    def shares(self, start: int, end: int, fine_from: int = 0) -> Iterator[tuple[int, int, int]]:
        """Yields (resolution, bucket, ms) of a span."""
        for bucket, ms in cut(start, end, 900 * SECOND):
            yield QUARTER, bucket, ms
            yield LOCAL_DAY, self.day(bucket), ms
        first = -(-fine_from // (10 * SECOND)) * 10 * SECOND
        for bucket, ms in cut(max(start, first), end, 10 * SECOND):
            yield FINE, bucket, ms

    def day(self, quarter: int) -> int:
        """Returns the local date that a quarter hour lies in, as its ordinal."""
        if quarter not in self._days:
            local = dt.datetime.fromtimestamp(quarter * 900, self.zone)
            self._days[quarter] = local.date().toordinal()
        return self._days[quarter]


def against_plan(
    state: str, activity: Class | None, sides: frozenset[Class | None], kind: str | None
) -> dict[str, int]:
    """Returns what a state counts as, given the activity in force and those nearby."""
    fits_a_side = any(fits(state, side) for side in sides)
    if activity is None:
        if state not in ON_QUEUE:
            return {}
        return {"outside": 1} if fits_a_side else {"outside": 1, "outside_counted": 1}
    if state == "unknown":
        return {}
    productive, tracked = activity
    m = {"productive": 1} if productive else {}
    if tracked:
        m["scheduled"] = 1
        strict = fits(state, activity) or fits_a_side
        default = strict or any(rests(state, a) for a in (activity, *sides))
        for suffix, adherent in (("", default), ("_strict", strict)):
            if adherent:
                m[f"adherent{suffix}"] = 1
                continue
            m[f"out{suffix}"] = m[f"out_{kind}{suffix}"] = 1
            if state == "offline":
                m[f"missing{suffix}"] = 1
    return m


def blocks(plan: list[Class | None]) -> Iterator[range]:
    """Yields the runs of steps under some activity."""
    start = None
    for k, activity in enumerate([*plan, None]):
        if activity is not None and start is None:
            start = k
        elif activity is None and start is not None:
            yield range(start, k)
            start = None


def cut(start: int, end: int, length: int) -> Iterator[tuple[int, int]]:
    """Yields (bucket, ms in it) of a span."""
    while start < end:
        bucket = start // length
        stop = min(end, (bucket + 1) * length)
        yield bucket, stop - start
        start = stop


def states_add_up(walk: Walk, now: int) -> bool:
    """Whether for each agent and bucket the states, offline among them, fill its past part."""
    lengths: dict[tuple[int, int], int] = {}
    for resolution, bucket, ms in walk.shares(walk.begin, now, now):
        lengths[resolution, bucket] = lengths.get((resolution, bucket), 0) + ms
    cells = walk.cells(now, fine_from=now, offline=True)
    return all(
        sum(cells.get((resolution, bucket, f"agent:{agent}"), {}).get(s, 0) for s in STATES) == ms
        for agent in walk.agents
        for (resolution, bucket), ms in lengths.items()
    )
