"""What facts and plans say as they come in, and where they change what was known."""

from array import array
from collections.abc import Iterator, Mapping
from typing import Final

from streams.core.agents.derive import FOREVER, Kind, Line
from streams.core.agents.forgetting import SLACK_MS
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
from streams.core.agents.plan import Mark, Plan, Timeline, named, plan_of, timeline
from streams.core.agents.stored import Place, place_in, placed, raw_of
from streams.core.buckets import Zone
from streams.core.errors import EventRefused
from streams.core.events import AgentData, AgentState, Schedule, decode, millis
from streams.core.facts import Fact, one_each
from streams.core.policy import FoldPolicy
from streams.core.roster import Roster

_ORDER: Final = (AVAILABLE, PAUSED, RINGING, WRAP_UP, HOLD, ON_CONTACT)
"""Of an agent's state and those of his contacts the last one here is shown."""
_HELD: Final = frozenset((ON_CONTACT, HOLD, WRAP_UP))
_MOST_AT_ONCE: Final = 500
"""More contacts or places for them are counted as so many: m of a cell must fit in 64 bits."""


class Intake:
    """How one source's facts and plans are understood."""

    def __init__(self, policy: FoldPolicy, zone: Zone, roster: Roster | None) -> None:
        self._policy, self._zone, self._roster = policy, zone, roster
        self._kinds: dict[Kind, Kind] = {}

    def rostered(self, e: AgentState | Schedule, ms: int) -> Place | None:
        """Returns what the roster says of an agent; `None` = there is none.

        Raises:
            EventRefused: he is not in it.
        """
        if self._roster is None:
            return None
        if e.subject not in self._roster:
            raise EventRefused(f"agent {e.subject!r} is not in the roster - at `$.subject`")
        return self._roster.place(e.subject, ms)

    def kind(self, data: AgentData, place: Place | None) -> Kind:
        """Returns what a fact says; one object for all that say the same."""
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

    def folded(self, items: list[bytes]) -> list[Fact]:
        """Returns one fact an identity, in folding order."""
        facts = (Fact(millis(e.time), item, e) for item in items for e in (decode(raw_of(item)),))
        one = one_each(facts, SLACK_MS)
        return sorted(one, key=lambda f: (f.ms, f.event.id, f.event.source))

    def line(self, facts: list[Fact]) -> "tuple[array[int], list[Kind]]":
        """Returns facts as times and kinds; of one instant the last one stands."""
        by_time = {f.ms: self.kind(f.event.data, place_in(f.raw)) for f in facts}
        return array("q", by_time), list(by_time.values())

    def plan(self, e: Schedule, raw: bytes) -> Plan:
        """Returns what a plan says.

        Raises:
            EventRefused: it contradicts itself; or there is a roster, and its agent is not in it.
        """
        plan = plan_of(e, raw, self._zone)
        place = self.rostered(e, plan.start_ms if plan.activities else plan.rank[1])
        return plan if place is None else placed(plan, place)

    def stored_plan(self, item: bytes) -> Plan:
        """Returns a plan that was stored."""
        raw, place = raw_of(item), place_in(item)
        plan = plan_of(decode(raw), raw, self._zone)
        return plan if place is None else placed(plan, place)

    def timeline(self, plans: Mapping[int, Plan]) -> Timeline:
        """Returns what plans make together."""
        return timeline(plans, self._policy.tolerance_ms, self._zone)

    def begin_ms(self, plan: Plan) -> int:
        """Returns from when on a plan says anything: its midnight, if it does not begin earlier."""
        midnight = self._zone.day_start_ms(plan.date)
        return min(midnight, plan.start_ms) if plan.activities else midnight


def first_unlike(a: Line, times: "array[int]", kinds: list[Kind]) -> int:
    """Returns the first instant at which two lines of facts differ, `FOREVER` where none."""
    old, new = (list(zip(*pair, strict=True)) for pair in ((a.times, a.kinds), (times, kinds)))
    for one, other in zip(old, new, strict=False):
        if one != other:
            return min(one[0], other[0])
    if len(old) == len(new):
        return FOREVER
    longer = old if len(old) > len(new) else new
    return longer[min(len(old), len(new))][0]


def first_difference(old: Timeline, new: Timeline) -> tuple[int, int]:
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
