"""Opening hours: weekly, with holidays and exceptions, and the time that passes inside them.

Theory of operation. `Hours` is what an operator says: spans of local time for each weekday, for
holidays and for single dates. `Calendar` answers questions about instants. It turns the spans of a
date into instants once, by the rule of `streams.core.instants`, cuts them at the date's ends and
remembers them; every answer is then a walk over dates. A span that passes midnight belongs to the
date on which it begins: Friday's night shift goes on until Saturday at 6:00, be Saturday a holiday.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from streams.core.buckets import Zone
from streams.core.holidays import NONE, holidays
from streams.core.instants import instant

MINUTES: Final = 24 * 60
Spans = tuple[tuple[int, int], ...]
"""Starts and ends in minutes after a date's midnight; an end beyond `MINUTES` is on the next."""
WHOLE_DAY: Final[Spans] = ((0, MINUTES),)
ZONE: Final = "Europe/Paris"
AHEAD: Final = 400
"""So many dates after the last exception everything there is has come once: a year of holidays."""
_DATES_REMEMBERED = 20_000


class Hours(msgspec.Struct, frozen=True):
    """When something is open."""

    zone: str = ZONE
    week: tuple[Spans, ...] = (WHOLE_DAY,) * 7
    """Of each weekday, Monday first; at least one is not empty."""
    holidays: str = NONE
    """Whose holidays: one of `streams.core.holidays.HOLIDAYS`."""
    holiday: Spans = ()
    """Of holidays, whatever weekday they are."""
    dates: Mapping[int, Spans] = {}
    """Of single dates, by ordinal; they go before weekdays and holidays."""

    def of(self, day: int) -> Spans:
        """Returns the spans that begin on a date."""
        date = dt.date.fromordinal(day)
        if day in self.dates:
            return self.dates[day]
        if day in holidays(self.holidays, date.year):
            return self.holiday
        return self.week[date.weekday()]


ALWAYS: Final = Hours()


class Date(NamedTuple):
    """A local date, in instants."""

    start_ms: int
    end_ms: int
    open: tuple[tuple[int, int], ...]
    """The open spans in it: sorted, apart, not empty."""
    open_ms: int


class Calendar:
    """Opening hours, asked by instants in ms."""

    def __init__(self, hours: Hours = ALWAYS) -> None:
        """Raises `ValueError` where no weekday is open: no end of a walk could be promised."""
        if not any(hours.week):
            raise ValueError("no weekday is open")
        self.hours = hours
        self._zone = Zone(hours.zone)
        self._dates: dict[int, Date] = {}
        self._last = max(hours.dates, default=0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self.hours == other.hours

    __hash__ = None  # type: ignore[assignment]  # exceptions are a dict

    def is_open(self, ms: int) -> bool:
        """Returns whether it is open at an instant; a span's end is outside it."""
        return any(start <= ms < end for start, end in self._date(self.day_of(ms)).open)

    def next_change(self, ms: int) -> int | None:
        """Returns when it next opens or closes, after an instant; `None` where it never does."""
        opened, day = self.is_open(ms), self.day_of(ms)
        reach = ms
        for n in range(day, max(day, self._last) + AHEAD):
            date = self._date(n)
            for start, end in date.open:
                if end <= ms:
                    continue
                if not opened:
                    return start
                if start > reach:
                    return reach
                reach = end
            if opened and reach < date.end_ms:
                return reach
        return None

    def open_ms_between(self, start_ms: int, end_ms: int) -> int:
        """Returns how long it is open between two instants; 0 where the second is not later."""
        first, last = self.day_of(start_ms), self.day_of(end_ms)
        edges = (self._date(day) for day in {first, last})
        return sum(self._date(day).open_ms for day in range(first + 1, last)) + sum(
            max(0, min(end, end_ms) - max(start, start_ms))
            for date in edges
            for start, end in date.open
        )

    def open_spans(self, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """Returns the open spans between two instants: sorted, apart, not empty."""
        found = [
            (max(start, start_ms), min(end, end_ms))
            for day in range(self.day_of(start_ms), self.day_of(end_ms) + 1)
            for start, end in self._date(day).open
        ]
        return list(union(found))

    def add_open_time(self, ms: int, open_ms: int) -> int:
        """Returns the first instant at which it has been open for so long since an instant.

        Args:
            ms: from when on.
            open_ms: how long, from 0 on.
        """
        day, left = self.day_of(ms), open_ms
        while left > 0:
            for start, end in self._date(day).open:
                opened = max(0, end - max(start, ms))
                if opened >= left:
                    return max(start, ms) + left
                left -= opened
            day += 1
        return ms

    def business_days_after(self, ms: int, n: int) -> int:
        """Returns when something is due that has n business days: the end of the last one's hours.

        A business day is a date on which it opens. The date of the instant is not counted, however
        early it is.

        Args:
            ms: from when on.
            n: how many, from 1 on.
        """
        day = self.day_of(ms)
        for _ in range(n):
            day += 1
            while not self._opened(day):
                day += 1
        return max(end for _, end in self._opened(day))

    def day_of(self, ms: int) -> int:
        """Returns the ordinal of the local date of an instant.

        Where midnight comes twice, the date begins at the first one.
        """
        day = self._zone.day_of(ms)
        return day if ms < self._date(day).end_ms else day + 1

    def _date(self, day: int) -> Date:
        date = self._dates.get(day)
        if date is None:
            if len(self._dates) > _DATES_REMEMBERED:
                self._dates.clear()
            date = self._dates[day] = self._cut(day)
        return date

    def _cut(self, day: int) -> Date:
        """Returns a date with what is open in it, of its own spans and those of the night."""
        begin, finish = self._instant(day, 0), self._instant(day, MINUTES)
        spans = (*self._opened(day - 1), *self._opened(day))
        opened = tuple(union((max(start, begin), min(end, finish)) for start, end in spans))
        return Date(begin, finish, opened, sum(end - start for start, end in opened))

    def _opened(self, day: int) -> list[tuple[int, int]]:
        """Returns the spans that begin on a date, without those that the clock skips."""
        spans = ((self._instant(day, a), self._instant(day, b)) for a, b in self.hours.of(day))
        return [(start, end) for start, end in spans if start < end]

    def _instant(self, day: int, minutes: int) -> int:
        date = dt.date.fromordinal(day + minutes // MINUTES)
        hour, minute = divmod(minutes % MINUTES, 60)
        return instant(dt.datetime.combine(date, dt.time(hour, minute), self._zone.info))


def union(spans: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Yields what spans cover together: sorted, apart, not empty."""
    reach: tuple[int, int] | None = None
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if reach and start <= reach[1]:
            reach = (reach[0], max(reach[1], end))
        else:
            if reach:
                yield reach
            reach = (start, end)
    if reach:
        yield reach
