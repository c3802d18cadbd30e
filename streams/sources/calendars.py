"""The days of a calendar's VEVENTs, for `schedule_ics`.

Theory of operation. The file is cut into its VEVENTs, each with the line that it begins on, and
each is parsed for itself, so a bad one takes no other with it. Those of one UID that repeat are
expanded by `recurring_ical_events`, over yesterday to `AHEAD` days from the run's start; all others
come whenever they are. What begins on one local date of one agent makes one `agent.schedule`. What
is cancelled, left out or moved away still names its day: a day without anything else is a day off.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import icalendar

from streams.core.buckets import Zone
from streams.core.errors import LineRefused, RefuseLine
from streams.core.instants import instant
from streams.ical import Occurrence, Series, items, mailed_to, series_of, values
from streams.sources.plans import SWITCH, Activity, Key, event, refusal, zone_named
from streams.sources.source import Run

NAME: Final = "schedule-ics"
AGENT: Final = "X-POULS-AGENT"
AHEAD: Final = 60
"""So many days from now on repetitions are expanded."""
DAY: Final = dt.timedelta(days=1)


class Work(NamedTuple):
    """What a VEVENT is about."""

    agents: tuple[str, ...]
    name: str
    productive: bool
    tracked: bool


class Day:
    """What is said of one local date of an agent."""

    def __init__(self) -> None:
        self.activities: list[Activity] = []
        self.line, self.revision = 0, 0

    def take(self, occurrence: Occurrence[Work]) -> None:
        """Takes in something that begins on it."""
        item, start_ms, end_ms, cancelled = occurrence
        self.line = min(self.line or item.line, item.line)
        self.revision = max(self.revision, item.sequence)
        if not cancelled:
            work = item.what
            self.activities.append(
                Activity(start_ms, end_ms, item.line, work.name, work.productive, work.tracked)
            )


Days = defaultdict[tuple[str, dt.date], Day]


def read(lines: Iterable[bytes], run: Run, refuse: RefuseLine) -> Iterator[tuple[int, bytes]]:
    """Yields the plans of a file, in the order of agents and dates."""
    zone, days = zone_named(run.zone), Days(Day)
    for series in series_of(items(lines, zone, refuse, _work), refuse):
        try:
            for occurrence in list(_occurrences(series, zone, run)):
                date = zone.local(occurrence.start_ms).date()
                for agent in occurrence.item.what.agents:
                    days[agent, date].take(occurrence)
        except LineRefused as exc:
            refuse(series.line, str(exc))
    for (agent, date), day in sorted(days.items(), key=lambda entry: entry[0]):
        key, activities = Key(agent, date, day.revision), sorted(day.activities)
        if found := refusal(activities):
            refuse(found[0], f"plan: {key} is refused: {found[1]}")
        else:
            yield day.line, event(NAME, key, activities, run)


# -- what a VEVENT is about


def _work(component: icalendar.Event, cancelled: bool) -> Work:
    return Work(
        agents=_agents(component),
        name=_name(component, cancelled=cancelled),
        productive=_switch(component, "X-POULS-PRODUCTIVE"),
        tracked=_switch(component, "X-POULS-TRACKED"),
    )


def _agents(component: icalendar.Event) -> tuple[str, ...]:
    named = [str(name).strip() for name in values(component, AGENT)]
    if not any(named):
        named = [mail.partition("@")[0] for mail in mailed_to(component)]
    if not any(named):
        raise LineRefused("agent", f"there is neither {AGENT} nor an ATTENDEE with mailto:")
    return tuple(dict.fromkeys(name for name in named if name))


def _name(component: icalendar.Event, *, cancelled: bool) -> str:
    names = [*component.categories[:1], component.get("SUMMARY", "")]
    name = next((text for name in names if (text := str(name).strip())), "")
    if not name and not cancelled:
        raise LineRefused("activity", "there is neither CATEGORIES nor SUMMARY")
    return name


def _switch(component: icalendar.Event, name: str) -> bool:
    text = str(component.get(name, "true")).strip()
    if text.lower() not in SWITCH:
        raise LineRefused(name, f"{text!r} is none of {', '.join(SWITCH)}")
    return SWITCH[text.lower()]


# -- what repeats


def _occurrences(series: Series[Work], zone: Zone, run: Run) -> Iterator[Occurrence[Work]]:
    """Yields the times at which the VEVENTs of one UID take place.

    Raises:
        LineRefused: they cannot be expanded.
    """
    today = zone.local(run.now_ms).date()
    begin_ms = zone.day_start_ms((today - DAY).toordinal())
    end_ms = zone.day_start_ms((today + (AHEAD + 1) * DAY).toordinal())
    found = series.between(begin_ms, end_ms)
    if not series.repeats:
        yield from found
        return
    for occurrence in (*_left_out(series, zone), *found):
        if begin_ms <= occurrence.start_ms < end_ms:
            yield occurrence


def _left_out(series: Series[Work], zone: Zone) -> Iterator[Occurrence[Work]]:
    """Yields what EXDATE takes out, and from where RECURRENCE-ID takes something away."""
    for item in series.items:
        out = [date for dates in values(item.component, "EXDATE") for date in dates.dts]
        for date in (*out, *values(item.component, "RECURRENCE-ID")):
            if isinstance(date.dt, dt.datetime):
                at_ms = instant(date.dt)
            else:
                at_ms = zone.day_start_ms(date.dt.toordinal())
            yield Occurrence(item, at_ms, at_ms, cancelled=True)
