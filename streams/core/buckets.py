"""The three resolutions of cells: 10 s, quarter hours, local days, and how long each is kept."""

import datetime as dt
import zoneinfo
from typing import Final

import msgspec

from streams.core.names import dimensions

FINE: Final = 0
QUARTER: Final = 1
DAY: Final = 2
RESOLUTIONS: Final = ("fine", "quarter", "day")
FINE_MS: Final = 10_000
QUARTER_MS: Final = 900_000
FINE_PER_QUARTER: Final = QUARTER_MS // FINE_MS
DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
_UTC = dt.UTC
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_DAYS_REMEMBERED = 100_000
_LONG_QUARTERS = {"site", "channel", "queue", "team"}


class Retention(msgspec.Struct, frozen=True):
    """How long cells are kept behind the source's time, in ms; `None` = for ever.

    A cell past it is never built.
    """

    fine_ms: int | None = 90 * 60_000
    """0 = no fine cells at all."""
    quarter_ms: int | None = 36 * DAY_MS
    """Quarter hours of site, channel, queue and team."""
    quarter_detail_ms: int | None = 8 * DAY_MS
    """Quarter hours of every other segment."""
    day_ms: int | None = 800 * DAY_MS
    day_agent_ms: int | None = 180 * DAY_MS

    def of(self, resolution: int, segment: str) -> int | None:
        """Returns the retention of a segment's cells in ms; 0 where it has none of these."""
        dims = dimensions(segment)
        if resolution == FINE:
            return 0 if "agent" in dims else self.fine_ms
        if resolution == QUARTER:
            return self.quarter_ms if _LONG_QUARTERS.issuperset(dims) else self.quarter_detail_ms
        return self.day_agent_ms if "agent" in dims else self.day_ms


EVERYTHING: Final = Retention(None, None, None, None, None)
"""What a report keeps."""


class Zone:
    """A time zone's days and quarter hours.

    Buckets are ints: ms // 10,000, ms // 900,000, the ordinal of a local date.

    Every zone's offset has been a multiple of a quarter hour since 1990, so a quarter hour is whole
    in local time, too.
    """

    def __init__(self, name: str) -> None:
        """Raises `zoneinfo.ZoneInfoNotFoundError` for a zone that nobody knows."""
        self.name = name
        self.info = zoneinfo.ZoneInfo(name)
        self._days: dict[int, int] = {}

    def day_of_quarter(self, quarter: int) -> int:
        """Returns the ordinal of the local date that a quarter hour lies in."""
        day = self._days.get(quarter)
        if day is None:
            day = self._days[quarter] = self.local(quarter * QUARTER_MS).date().toordinal()
            if len(self._days) > _DAYS_REMEMBERED:
                self._days.clear()
        return day

    def day_of(self, ms: int) -> int:
        """Returns the ordinal of the local date of an instant."""
        return self.day_of_quarter(ms // QUARTER_MS)

    def day_start_ms(self, day: int) -> int:
        """Returns the first instant of a local date, whether or not midnight exists."""
        start = dt.datetime.combine(dt.date.fromordinal(day), dt.time(), self.info)
        ms = int(start.timestamp() * 1000)
        while self.day_of(ms) < day:  # a gap at midnight
            ms += QUARTER_MS
        while self.day_of(ms - QUARTER_MS) >= day:  # midnight twice
            ms -= QUARTER_MS
        return ms

    def local(self, ms: int) -> dt.datetime:
        """Returns the local date and time of an instant."""
        return (_EPOCH + dt.timedelta(milliseconds=ms)).astimezone(self.info)


def bucket_start_ms(resolution: int, bucket: int, zone: Zone) -> int:
    """Returns the first instant of a bucket."""
    match resolution:
        case 0:
            return bucket * FINE_MS
        case 1:
            return bucket * QUARTER_MS
        case _:
            return zone.day_start_ms(bucket)


def iso(ms: int) -> str:
    """Returns an instant as RFC 3339 with Z, to the millisecond where it has any."""
    moment = _EPOCH + dt.timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace(
        "+00:00", "Z"
    )
