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
import recurring_ical_events

from streams.core.buckets import Zone
from streams.core.events import EPOCH
from streams.core.instants import instant
from streams.sources.plans import Activity, Key, event, refusal, zone_named
from streams.sources.source import LineRefused, RefuseLine, Run
from streams.sources.vevents import LINE, Item, change_times, items, values

NAME: Final = "schedule-ics"
AHEAD: Final = 60
"""So many days from now on repetitions are expanded."""
DAY: Final = dt.timedelta(days=1)


class Occurrence(NamedTuple):
    """One time at which a VEVENT takes place, or would have."""

    item: Item
    start_ms: int
    end_ms: int
    cancelled: bool


class Day:
    """What is said of one local date of an agent."""

    def __init__(self) -> None:
        self.activities: list[Activity] = []
        self.line, self.revision = 0, 0

    def take(self, occurrence: Occurrence) -> None:
        """Takes in something that begins on it."""
        item, start_ms, end_ms, cancelled = occurrence
        self.line = min(self.line or item.line, item.line)
        self.revision = max(self.revision, item.sequence)
        if not cancelled:
            self.activities.append(
                Activity(start_ms, end_ms, item.line, item.name, item.productive, item.tracked)
            )


Days = defaultdict[tuple[str, dt.date], Day]


def read(lines: Iterable[bytes], run: Run, refuse: RefuseLine) -> Iterator[tuple[int, bytes]]:
    """Yields the plans of a file, in the order of agents and dates."""
    zone, days = zone_named(run.zone), Days(Day)
    for series in _series(items(lines, zone, refuse), refuse):
        try:
            for occurrence in list(_occurrences(series, zone, run)):
                date = zone.local(occurrence.start_ms).date()
                for agent in occurrence.item.agents:
                    days[agent, date].take(occurrence)
        except LineRefused as exc:
            refuse(series[0].line, str(exc))
    for (agent, date), day in sorted(days.items(), key=lambda entry: entry[0]):
        key, activities = Key(agent, date, day.revision), sorted(day.activities)
        if found := refusal(activities):
            refuse(found[0], f"plan: {key} is refused: {found[1]}")
        else:
            yield day.line, event(NAME, key, activities, run)


# -- what repeats


def _series(found: Iterable[Item], refuse: RefuseLine) -> list[list[Item]]:
    """Returns the VEVENTs that stand, by UID: of two for the same the one with more SEQUENCE."""
    series: dict[str, dict[str, Item]] = {}
    for item in found:
        same = series.setdefault(item.uid or f"\n{item.line}", {})
        other = same.get(item.recurrence)
        if other and other.sequence == item.sequence:
            refuse(item.line, f"UID: the same, with the same SEQUENCE, as on line {other.line}")
        elif not other or other.sequence < item.sequence:
            same[item.recurrence] = item
    return [list(same.values()) for same in series.values()]


def _occurrences(series: list[Item], zone: Zone, run: Run) -> Iterator[Occurrence]:
    """Yields the times at which the VEVENTs of one UID take place.

    Raises:
        LineRefused: they cannot be expanded.
    """
    if not any(item.repeats for item in series):
        for item in series:
            yield Occurrence(item, item.start_ms, item.end_ms, item.cancelled)
        return
    today = zone.local(run.now_ms).date()
    begin_ms = zone.day_start_ms((today - DAY).toordinal())
    end_ms = zone.day_start_ms((today + (AHEAD + 1) * DAY).toordinal())
    for occurrence in (*_left_out(series, zone), *_expanded(series, begin_ms, end_ms)):
        if begin_ms <= occurrence.start_ms < end_ms:
            yield occurrence


def _expanded(series: list[Item], begin_ms: int, end_ms: int) -> list[Occurrence]:
    """Returns the repetitions of a series, which can be expanded only once.

    The library is given the times that the clock shows at the series' place, without a zone: with
    one it knows a repetition by its local time and its time in UTC alike, so an exception at 10:00
    in Paris would hit the repetition at 9:00, too.
    """
    place = next(item.zone for item in series if item.repeats)
    calendar = icalendar.Calendar()
    for item in series:
        _take_zone_off(item.component, place)
        calendar.add_component(item.component)
    span = [(EPOCH + dt.timedelta(milliseconds=ms)).astimezone(place) for ms in (begin_ms, end_ms)]
    begin, end = (moment.replace(tzinfo=None) for moment in span)
    try:
        found = recurring_ical_events.of(calendar).between(begin - DAY, end + DAY)
        return [_occurrence(one, series, place) for one in found]
    except recurring_ical_events.BadRuleStringFormat as exc:
        raise LineRefused("RRULE", f"is not understood: {exc.rule}") from exc
    except Exception as exc:  # whatever a strange rule does to the library
        raise LineRefused("RRULE", f"cannot be expanded: {exc}") from exc


def _take_zone_off(component: icalendar.Event, place: dt.tzinfo) -> None:
    def shown(_: str, __: str | None, time: dt.datetime) -> dt.datetime:
        return time.astimezone(place).replace(tzinfo=None)

    change_times(component, shown)
    for rule in values(component, "RRULE"):
        rule["UNTIL"] = [
            shown("", "", until) if isinstance(until, dt.datetime) and until.tzinfo else until
            for until in rule.get("UNTIL", ())
        ]
        if not rule["UNTIL"]:
            del rule["UNTIL"]


def _occurrence(one: icalendar.Event, series: Iterable[Item], place: dt.tzinfo) -> Occurrence:
    item = next(item for item in series if str(item.line) == one[LINE])
    start, end = one.start, one.end
    assert isinstance(start, dt.datetime)
    assert isinstance(end, dt.datetime)
    start_ms, end_ms = (instant(time.replace(tzinfo=place)) for time in (start, end))
    return Occurrence(item, start_ms, end_ms, item.cancelled or start_ms >= end_ms)


def _left_out(series: Iterable[Item], zone: Zone) -> Iterator[Occurrence]:
    """Yields what EXDATE takes out, and from where RECURRENCE-ID takes something away."""
    for item in series:
        out = [date for dates in values(item.component, "EXDATE") for date in dates.dts]
        for date in (*out, *values(item.component, "RECURRENCE-ID")):
            if isinstance(date.dt, dt.datetime):
                at_ms = instant(date.dt)
            else:
                at_ms = zone.day_start_ms(date.dt.toordinal())
            yield Occurrence(item, at_ms, at_ms, cancelled=True)
