"""Plans: one an agent and date, and the timeline that all plans of an agent make together.

Of the plans of one date the highest revision stands, in any order of arrival. Across dates the
activity that starts later is in force; when it ends it gives way to one that still runs.

Whose the agent is, says the plan that is in force, else the one that began last; before the first
one it says so from the midnight of its day on. So a plan says nothing of the days before it, and
the plans that are over but for the last one can be forgotten whenever it suits.
"""

import datetime as dt
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import pairwise
from sys import intern
from typing import Final, NamedTuple

from streams.core.agents.labels import NO_ACTIVITY, is_productive, plan_class
from streams.core.buckets import Zone
from streams.core.errors import EventRefused
from streams.core.events import Activity, Schedule, millis
from streams.core.instants import FIRST_DAY, LAST_DAY

PRODUCTIVE, BREAK, NOTHING = 1, 2, 4
"""What lies on the other side of a boundary nearby, as bits."""


class Planned(NamedTuple):
    """One activity of a plan; times in ms."""

    start_ms: int
    end_ms: int
    planned: int
    """Its class, of `labels`."""
    name: str


class Plan(NamedTuple):
    """A day's plan of one agent."""

    date: int
    """Ordinal of the local date."""
    rank: tuple[int, int, bytes]
    """Of two plans of one date the greater stands: revision, time, bytes."""
    activities: tuple[Planned, ...]
    team: str | None
    site: str | None
    raw: bytes

    @property
    def start_ms(self) -> int:
        """When it begins; a plan without activities never does."""
        return self.activities[0].start_ms

    @property
    def end_ms(self) -> int:
        """When it ends."""
        return self.activities[-1].end_ms


class Mark(NamedTuple):
    """From `t` on this is planned."""

    t: int
    planned: int
    others: int
    """What the state may fit, too: bits of `PRODUCTIVE`, `BREAK`, `NOTHING`."""
    name: str
    team: str | None
    site: str | None
    begin: int
    """Of the run of adjoining activities around it; without an activity `t`."""
    end: int


class Timeline(NamedTuple):
    """Everything that is planned for one agent."""

    times: list[int]
    marks: list[Mark]

    def at(self, ms: int) -> Mark:
        """Returns what is planned at an instant."""
        i = bisect_right(self.times, ms) - 1
        return self.marks[i] if i >= 0 else NOBODY


NOBODY: Final = Mark(0, NO_ACTIVITY, 0, "", None, None, 0, 0)
"""What holds before the first mark."""
EMPTY: Final = Timeline([], [])


def plan_of(event: Schedule, raw: bytes, zone: Zone) -> Plan:
    """Returns the plan that an event states.

    Raises:
        EventRefused: an end before its start, an overlap, a day off without its date.
    """
    data = event.data
    found = sorted((_planned(event, i, a) for i, a in enumerate(data.activities)))
    for one, other in pairwise(found):
        if other.start_ms < one.end_ms:
            raise _refused(
                event, f"{one.name!r} and {other.name!r} overlap - at `$.data.activities`"
            )
    if data.date:
        date = _date(event, data.date)
    elif found:
        date = zone.day_of(found[0].start_ms)
    else:
        raise _refused(event, "a day without activities needs its date - at `$.data.date`")
    rank = data.revision, millis(event.time), raw
    return Plan(date, rank, tuple(found), named(data.team), named(data.site), raw)


def named(text: str | None) -> str | None:
    """Returns a name as it is compared, `None` where nothing is said; one object a name."""
    if not text:
        return None
    return intern(text if text.isascii() else unicodedata.normalize("NFC", text))


def _date(event: Schedule, text: str) -> int:
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        raise _refused(event, f"{text!r} is no date - at `$.data.date`") from None
    if not FIRST_DAY <= date <= LAST_DAY:
        raise _refused(event, f"{text!r} is before 1990 or after 9998 - at `$.data.date`")
    return date.toordinal()


def _planned(event: Schedule, i: int, activity: Activity) -> Planned:
    start_ms, end_ms = millis(activity.start), millis(activity.end)
    if start_ms >= end_ms:
        where = f"`$.data.activities[{i}].end`"
        raise _refused(event, f"{activity.activity!r} ends at or before its start - at {where}")
    if activity.start.date() < FIRST_DAY or activity.end.date() > LAST_DAY:
        where = f"`$.data.activities[{i}].start`"
        raise _refused(event, f"{activity.activity!r} is before 1990 or after 9998 - at {where}")
    planned = plan_class(
        productive=activity.productive is not False, tracked=activity.tracked is not False
    )
    return Planned(start_ms, end_ms, planned, intern(activity.activity))


def _refused(event: Schedule, text: str) -> EventRefused:
    return EventRefused(f"plan of agent {event.subject!r}, revision {event.data.revision}: {text}")


class _InForce(NamedTuple):
    """An activity and its plan, in the order in which the greatest is in force."""

    start_ms: int
    date: int
    end_ms: int
    activity: Planned
    plan: Plan


def timeline(plans: Mapping[int, Plan], tolerance_ms: int, zone: Zone) -> Timeline:
    """Returns what the plans of all dates make together."""
    entries = sorted(
        _InForce(a.start_ms, plan.date, a.end_ms, a, plan)
        for plan in plans.values()
        for a in plan.activities
    )
    if not entries:
        return EMPTY
    line = list(_in_force(entries))
    places = _places(line, [plan for plan in plans.values() if plan.activities])
    blocks = _blocks(line)
    bounds = [t for t, _ in line]
    times = bounds
    if tolerance_ms:
        times = sorted({b + d for b in bounds for d in (-tolerance_ms, 0, tolerance_ms)})
    midnight = zone.day_start_ms(zone.day_of(bounds[0]))
    if any(places[0]):
        times = sorted({midnight, *times})
    marks: list[Mark] = []
    for t in times:
        i = bisect_right(bounds, t) - 1
        found = line[i][1] if i >= 0 else None
        others = _others(line, bounds, t, tolerance_ms) if tolerance_ms else 0
        team, site = places[max(i, 0)] if t >= midnight else (None, None)
        if found is None:
            marks.append(Mark(t, NO_ACTIVITY, others, "", team, site, t, t))
        else:
            a = found.activity
            marks.append(Mark(t, a.planned, others, a.name, team, site, *blocks[i]))
    return Timeline(times, marks)


def _in_force(entries: list[_InForce]) -> Iterable[tuple[int, _InForce | None]]:
    """Yields (from when on, the activity in force); neighbours differ."""
    running: list[_InForce] = []
    k, last = 0, None
    for t in sorted({ms for e in entries for ms in (e.start_ms, e.end_ms)}):
        running = [e for e in running if e.end_ms > t]
        while k < len(entries) and entries[k].start_ms == t:
            running.append(entries[k])
            k += 1
        now = max(running, key=lambda e: e[:2], default=None)
        if now is not last:
            yield t, now
            last = now


def _places(
    line: list[tuple[int, _InForce | None]], plans: list[Plan]
) -> list[tuple[str | None, str | None]]:
    """Returns team and site by what is planned.

    Between activities those of the plan that began last.
    """
    plans.sort(key=lambda p: (p.start_ms, p.date))
    found, k = [], 0
    for t, entry in line:
        while k + 1 < len(plans) and plans[k + 1].start_ms <= t:
            k += 1
        plan = plans[k] if entry is None else entry.plan
        found.append((plan.team, plan.site))
    return found


def _blocks(line: list[tuple[int, _InForce | None]]) -> list[tuple[int, int]]:
    """Returns begin and end of the run of adjoining activities around each."""
    out: list[tuple[int, int]] = []
    begin = 0
    for i, (t, entry) in enumerate(line):
        if i == 0 or line[i - 1][1] is None:
            begin = i
        if entry is None:
            out.append((t, t))
            continue
        out.append((line[begin][0], 0))
    end = 0
    for i in range(len(line) - 1, -1, -1):
        t, entry = line[i]
        if entry is None:
            end = t
        else:
            out[i] = (out[i][0], end)
    return out


def _others(
    line: list[tuple[int, _InForce | None]], bounds: list[int], t: int, tolerance_ms: int
) -> int:
    """Returns what lies on the other sides of the boundaries within the tolerance of `t`."""
    bits = 0
    for i in range(bisect_right(bounds, t - tolerance_ms), bisect_right(bounds, t + tolerance_ms)):
        before = line[i - 1][1] if i else None
        bits |= _bit(line[i][1] if t < bounds[i] else before)
    return bits


def _bit(entry: _InForce | None) -> int:
    if entry is None:
        return NOTHING
    return PRODUCTIVE if is_productive(entry.activity.planned) else BREAK
