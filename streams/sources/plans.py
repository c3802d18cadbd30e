"""What formats of plans share: local times, and the `agent.schedule` that a day's activities make.

**Local times.** A time that the clock skips is the moment at which it skips; of a time that comes
twice the first one is meant. So times keep their order on every night of the year: activities that
follow each other never overlap, and one that lies in the skipped hour is left out.

**The event's own time** is the beginning of the plan's day, but never later than the run. So a plan
is in force for every reading of its day, never lies in the future, which nothing accepts, and is
not late in a replay of old events: it stands before the states of its day. Its id is made of agent,
date and revision: a file that is read twice is a repetition.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from streams.core.buckets import Zone, iso
from streams.core.events import EPOCH, millis
from streams.sources.source import Run

FIRST_DAY: Final = dt.date(1990, 1, 2)
"""Nothing before 1990 is accepted, in any time zone."""
LAST_DAY: Final = dt.date(9998, 12, 31)
SWITCH: Final = {
    "true": True, "1": True, "yes": True, "oui": True,
    "false": False, "0": False, "no": False, "non": False,
}  # fmt: skip
"""How true and false are written."""
_encode = msgspec.json.Encoder().encode


class Activity(NamedTuple):
    """A part of a day's plan."""

    start_ms: int
    end_ms: int
    line: int
    """Where it stands in the file."""
    name: str
    productive: bool
    tracked: bool


class Key(NamedTuple):
    """What names a plan."""

    agent: str
    date: dt.date
    revision: int

    def __str__(self) -> str:
        return f"{self.agent}, {self.date}, revision {self.revision}"


def refusal(activities: Sequence[Activity]) -> tuple[int, str] | None:
    """Returns why a plan cannot stand, and the line that shows it; `None` where it can.

    Args:
        activities: sorted.
    """
    found = list(_trouble(activities))
    if not found:
        return None
    return max(line for line, _ in found), "; ".join(dict.fromkeys(text for _, text in found))


def _trouble(activities: Sequence[Activity]) -> Iterator[tuple[int, str]]:
    for activity in activities:
        if activity.end_ms <= activity.start_ms:
            yield activity.line, f"line {activity.line} does not end after its start"
    reach = activities[0] if activities else None
    for activity in activities[1:]:
        assert reach is not None
        if activity.start_ms < reach.end_ms:
            one, other = sorted((reach.line, activity.line))
            told = f"lines {one} and {other} overlap"
            yield other, told if one < other else f"line {one} overlaps itself"
        reach = max(reach, activity, key=lambda a: a.end_ms)


def event(source: str, key: Key, activities: Sequence[Activity], run: Run) -> bytes:
    """Returns the plan of a day; without activities it is a day off."""
    midnight_ms = zone_named(run.zone).day_start_ms(key.date.toordinal())
    return _encode(
        {
            "type": "agent.schedule",
            "specversion": "1.0",
            "id": f"{key.agent}/{key.date}/{key.revision}",
            "source": source,
            "time": iso(min(midnight_ms, run.now_ms)),
            "subject": key.agent,
            "data": {
                "revision": key.revision,
                "date": key.date.isoformat(),
                "activities": [
                    {
                        "start": iso(activity.start_ms),
                        "end": iso(activity.end_ms),
                        "activity": activity.name,
                        "productive": activity.productive,
                        "tracked": activity.tracked,
                    }
                    for activity in activities
                ],
            },
        }
    )


@lru_cache(maxsize=16)
def zone_named(name: str) -> Zone:
    """Returns a time zone that exists."""
    return Zone(name)


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
