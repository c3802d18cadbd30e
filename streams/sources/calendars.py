"""The days of a calendar's VEVENTs, for `schedule_ics`.

Theory of operation. The file is cut into its VEVENTs, each with the line that it begins on, and
each is parsed for itself, so a bad one takes no other with it. Those of one UID that repeat are
expanded by `recurring_ical_events`, over yesterday to `AHEAD` days from the run's start; all others
come whenever they are, and the dates outside of that span on which they begin are told whole, with
what repeats on them: the same file, read some days later, takes nothing back. What begins on one
local date of one agent makes one `agent.schedule`. What is cancelled, left out or moved away still
names its day: a day without anything else is a day off.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
    zone = zone_named(run.zone)
    days = _days(series_of(items(lines, zone, refuse, _work), refuse), zone, run, refuse)
    for (agent, date), day in sorted(days.items(), key=lambda entry: entry[0]):
        key, activities = Key(agent, date, day.revision), sorted(day.activities)
        if found := refusal(activities):
            refuse(found[0], f"plan: {key} is refused: {found[1]}")
        else:
            yield day.line, event(NAME, key, activities, run)


def _days(found: Sequence[Series[Work]], zone: Zone, run: Run, refuse: RefuseLine) -> Days:
    """Returns what is said of each date of each agent: first what does not repeat."""
    days = Days(Day)
    for series in found:
        if not series.repeats:
            for occurrence in series.between(0, 0):
                _take(days, occurrence, zone)
    spans = _Spans(zone, run, days)
    for series in found:
        try:
            for occurrence, agents in list(spans.repetitions(series)):
                _take(days, occurrence, zone, agents)
        except LineRefused as exc:
            refuse(series.line, str(exc))
    return days


def _take(
    days: Days, occurrence: Occurrence[Work], zone: Zone, agents: Iterable[str] | None = None
) -> None:
    """Puts something into the day on which it begins: of all its agents, or of these."""
    date = zone.local(occurrence.start_ms).date()
    for agent in occurrence.item.what.agents if agents is None else agents:
        days[agent, date].take(occurrence)


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


class _Spans:
    """When repetitions are looked for: in the run's span, and on dates that are told anyway."""

    def __init__(self, zone: Zone, run: Run, told: Iterable[tuple[str, dt.date]]) -> None:
        self._zone = zone
        today = zone.local(run.now_ms).date()
        self._first, self._last = today - DAY, today + AHEAD * DAY
        self._odd: defaultdict[dt.date, set[str]] = defaultdict(set)
        for agent, date in told:
            if not self._first <= date <= self._last:
                self._odd[date].add(agent)

    def repetitions(self, series: Series[Work]) -> Iterator[tuple[Occurrence[Work], Iterable[str]]]:
        """Yields the times at which a UID that repeats takes place, and of which agents.

        Raises:
            LineRefused: they cannot be expanded.
        """
        if not series.repeats:
            return
        for occurrence in self._between(series, self._first, self._last):
            yield occurrence, occurrence.item.what.agents
        mine = {agent for item in series.items for agent in item.what.agents}
        for date, agents in self._odd.items():
            if mine & agents:
                for occurrence in self._between(series, date, date):
                    yield occurrence, [a for a in occurrence.item.what.agents if a in agents]

    def _between(
        self, series: Series[Work], first: dt.date, last: dt.date
    ) -> Iterator[Occurrence[Work]]:
        begin_ms = self._zone.day_start_ms(first.toordinal())
        end_ms = self._zone.day_start_ms((last + DAY).toordinal())
        for occurrence in (*_left_out(series, self._zone), *series.between(begin_ms, end_ms)):
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
