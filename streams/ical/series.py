"""The VEVENTs of one UID, and when they take place.

`recurring_ical_events` expands what repeats. It is given the times that the clock shows at the
series' place, without a zone: with one it knows a repetition by its local time and its time in UTC
alike, so an exception at 10:00 in Paris would hit the repetition at 9:00, too.
"""

import copy
import datetime as dt
from collections.abc import Iterable
from typing import Any, Final, Generic, NamedTuple

import icalendar
import recurring_ical_events

from streams.core.errors import LineRefused, RefuseLine
from streams.core.events import EPOCH
from streams.core.instants import instant
from streams.ical.vevents import LINE, Item, What, change_times, values

DAY: Final = dt.timedelta(days=1)


class Occurrence(NamedTuple, Generic[What]):
    """One time at which a VEVENT takes place, or would have."""

    item: Item[What]
    start_ms: int
    end_ms: int
    cancelled: bool


def series_of(found: Iterable[Item[What]], refuse: RefuseLine) -> list["Series[What]"]:
    """Returns the VEVENTs that stand, by UID: of two for the same the one with more SEQUENCE."""
    series: dict[str, dict[str, Item[What]]] = {}
    for item in found:
        same = series.setdefault(item.uid or f"\n{item.line}", {})
        other = same.get(item.recurrence)
        if other and other.sequence == item.sequence:
            refuse(item.line, f"UID: the same, with the same SEQUENCE, as on line {other.line}")
        elif not other or other.sequence < item.sequence:
            same[item.recurrence] = item
    return [Series(list(same.values())) for same in series.values()]


class Series(Generic[What]):
    """The VEVENTs of one UID."""

    def __init__(self, items: list[Item[What]]) -> None:
        self.items = items
        self.line = items[0].line
        self.repeats = any(item.repeats for item in items)
        self._query: Any = None

    def between(self, begin_ms: int, end_ms: int) -> list[Occurrence[What]]:
        """Returns what takes place between two instants, in part or as a whole.

        Of what repeats; all else is returned whenever it is, and what is a day away may be, too.

        Raises:
            LineRefused: they cannot be expanded.
        """
        if not self.repeats:
            return [Occurrence(i, i.start_ms, i.end_ms, i.cancelled) for i in self.items]
        place = next(item.zone for item in self.items if item.repeats)
        begin, end = (_shown(ms, place) for ms in (begin_ms, end_ms))
        try:
            if self._query is None:
                self._query = recurring_ical_events.of(self._calendar(place))
            found = self._query.between(begin - DAY, end + DAY)
            return [self._occurrence(one, place) for one in found]
        except recurring_ical_events.BadRuleStringFormat as exc:
            raise LineRefused("RRULE", f"is not understood: {exc.rule}") from exc
        except Exception as exc:  # whatever a strange rule does to the library
            raise LineRefused("RRULE", f"cannot be expanded: {exc}") from exc

    def _calendar(self, place: dt.tzinfo) -> icalendar.Calendar:
        calendar = icalendar.Calendar()
        for item in self.items:
            component = copy.deepcopy(item.component)
            _take_zone_off(component, place)
            calendar.add_component(component)
        return calendar

    def _occurrence(self, one: icalendar.Event, place: dt.tzinfo) -> Occurrence[What]:
        item = next(item for item in self.items if str(item.line) == one[LINE])
        start, end = one.start, one.end
        assert isinstance(start, dt.datetime)
        assert isinstance(end, dt.datetime)
        start_ms, end_ms = (instant(time.replace(tzinfo=place)) for time in (start, end))
        return Occurrence(item, start_ms, end_ms, item.cancelled or start_ms >= end_ms)


def _shown(ms: int, place: dt.tzinfo) -> dt.datetime:
    """Returns what the clock shows, without its zone."""
    return (EPOCH + dt.timedelta(milliseconds=ms)).astimezone(place).replace(tzinfo=None)


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
