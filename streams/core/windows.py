"""Windows: which buckets a reading covers, given `now`.

A window is a name, `30m` or `today`; its span is the buckets that it means at one instant. Minutes
slide over 10 s buckets; hours over quarter hours, the running one on top of the whole ones; days
are local dates. Names are canonical: `120s` is `2m`, so one window has one name.
"""

import datetime as dt
import re
from typing import Final, Literal, NamedTuple

import msgspec

from streams.core.buckets import DAY, FINE, FINE_MS, QUARTER, QUARTER_MS, Zone, bucket_start_ms
from streams.core.errors import BadName

LIVE: Final = "live"
"""The window of what is true now: no buckets."""
MAX_MINUTES: Final = 75
MIN_HOURS: Final = 2
MAX_HOURS: Final = 24
MAX_DAYS: Final = 800
FIRST_YEAR: Final = 1990
"""No event is accepted with an earlier time."""
_LAST_YEAR = dt.MAXYEAR - 1
_QUARTERS_PER_HOUR = 4
_FINE_S = FINE_MS // 1000
_FINE_PER_MINUTE = 60 // _FINE_S
MAX_FINE: Final = MAX_MINUTES * _FINE_PER_MINUTE
"""How many 10 s buckets the longest of the sliding windows has."""
_LENGTH = re.compile(r"([1-9][0-9]{0,3})([smhd])", re.ASCII)
_SENTENCE = (
    f"windows are {LIVE}, Nm or Ns (a multiple of {_FINE_S} s up to {MAX_MINUTES} min), interval, "
    f"Nh ({MIN_HOURS} to {MAX_HOURS}), today, day:YYYY-MM-DD and Nd (up to {MAX_DAYS})"
)


class Span(NamedTuple):
    """Buckets of one resolution, first and last included."""

    resolution: int
    first: int
    last: int

    def start_ms(self, zone: Zone) -> int:
        """Returns the first instant of the span."""
        return bucket_start_ms(self.resolution, self.first, zone)

    def end_ms(self, zone: Zone) -> int:
        """Returns the first instant after the span."""
        return bucket_start_ms(self.resolution, self.last + 1, zone)


class Window(msgspec.Struct, frozen=True):
    """A window's name and what it means."""

    name: str
    kind: Literal["live", "fine", "interval", "hours", "days", "date"]
    count: int = 1
    """How many 10 s buckets, hours or days; of a date its ordinal."""

    def span(self, now_ms: int, zone: Zone) -> Span:
        """Returns the buckets that the window means at `now`.

        Raises:
            BadName: the window is `live`.
        """
        match self.kind:
            case "fine":
                last = now_ms // FINE_MS
                return Span(FINE, last - self.count + 1, last)
            case "interval":
                return Span(QUARTER, now_ms // QUARTER_MS, now_ms // QUARTER_MS)
            case "hours":
                last = now_ms // QUARTER_MS
                return Span(QUARTER, last - _QUARTERS_PER_HOUR * self.count, last)
            case "days":
                last = zone.day_of(now_ms)
                return Span(DAY, last - self.count + 1, last)
            case "date":
                return Span(DAY, self.count, self.count)
            case "live":
                raise BadName(
                    f"window {LIVE!r} has no buckets: only KPIs that are true now have it"
                )


def bucket_of(resolution: int, ms: int, zone: Zone) -> int:
    """Returns the bucket that holds an instant."""
    match resolution:
        case 0:
            return ms // FINE_MS
        case 1:
            return ms // QUARTER_MS
        case _:
            return zone.day_of(ms)


def parse(name: str) -> Window:
    """Returns the window that a name means.

    Raises:
        BadName: no window is called so; the text says which there are.
    """
    if name == LIVE:
        return Window(name, "live")
    if name == "interval":
        return Window(name, "interval")
    if name == "today":
        return Window(name, "days")
    length = _LENGTH.fullmatch(name)
    window = _sliding(int(length[1]), length[2]) if length else _date(name)
    if window is None:
        raise BadName(f"window {name!r} is not known: {_SENTENCE}")
    return window


def _sliding(count: int, unit: str) -> Window | None:
    """Returns the window of a length, `None` where there is none of it."""
    if unit == "h":
        known = MIN_HOURS <= count <= MAX_HOURS
        return Window(f"{count}h", "hours", count) if known else None
    if unit == "d":
        return Window(f"{count}d", "days", count) if count <= MAX_DAYS else None
    seconds = count * 60 if unit == "m" else count
    if seconds % _FINE_S or seconds > MAX_MINUTES * 60:
        return None
    name = f"{seconds}s" if seconds % 60 else f"{seconds // 60}m"
    return Window(name, "fine", seconds // _FINE_S)


def _date(name: str) -> Window | None:
    """Returns the window of one local date."""
    prefix, _, text = name.partition(":")
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        return None
    if prefix != "day" or date.isoformat() != text or not FIRST_YEAR <= date.year <= _LAST_YEAR:
        return None
    return Window(name, "date", date.toordinal())
