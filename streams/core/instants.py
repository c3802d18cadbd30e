"""When a clock shows a local time, on every night of the year.

A time that the clock skips is the moment at which it skips; of a time that comes twice the first
one is meant. So local times keep their order: spans that follow each other neither overlap nor
leave a gap, and one that lies in the skipped hour is empty.
"""

import datetime as dt
from typing import Final

from streams.core.events import EPOCH, millis

FIRST_DAY: Final = dt.date(1990, 1, 2)
"""Nothing before 1990 is accepted, in any time zone."""
LAST_DAY: Final = dt.date(9998, 12, 31)


def instant(local: dt.datetime) -> int:
    """Returns when a zone's clock shows a time; see above for when it never does, or twice."""
    first, zone = local.replace(fold=0), local.tzinfo
    before, after = first.utcoffset(), first.replace(fold=1).utcoffset()
    assert zone is not None
    assert before is not None
    assert after is not None
    shown_ms = millis(first)
    return shown_ms if before >= after else _skip(shown_ms, after - before, zone)


def _skip(late_ms: int, gap: dt.timedelta, zone: dt.tzinfo) -> int:
    """Returns when a clock skips, which it has done by `late_ms`, but not a gap earlier."""

    def offset(ms: int) -> dt.timedelta | None:
        return (EPOCH + dt.timedelta(milliseconds=ms)).astimezone(zone).utcoffset()

    low, high = late_ms - gap // dt.timedelta(milliseconds=1), late_ms
    changed = offset(high)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(middle) == changed:
            high = middle
        else:
            low = middle
    return high
