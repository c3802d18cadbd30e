"""What formats of plans share: local times, and the `agent.schedule` that a day's activities make.

**Local times** are those of `streams.core.instants`, which keep their order on every night of the
year: activities that follow each other never overlap, and one in the skipped hour is left out.

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
from streams.sources.source import Run

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
