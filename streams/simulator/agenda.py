"""What is planned inside a shift: breaks, the team's meeting, a training; sometimes it is moved.

Everything is in minutes from the shift's start, until it is written into a plan.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple

from streams.core.buckets import iso
from streams.simulator.plan import Team
from streams.simulator.roster import SHIFT_H

MINUTE_MS: Final = 60_000
SHIFT_MIN: Final = SHIFT_H * 60
AT_WORK_MIN: Final = 15
"""Between two absences, and before the first and after the last, one works at least so long."""
MEETING_MIN: Final = 20
MEETING_ROUNDS: Final = 4
"""A team meets in so many rounds, one after the other: the rest of it serves its queues."""
MOVED_BY_MIN: Final = 30
TRAINED: Final = 0.06
TRAINING_MIN: Final = (245, 305)


class Absence(NamedTuple):
    """A part of a shift, in minutes from its start, in which nobody is served."""

    activity: str
    from_min: int
    to_min: int
    tracked: bool = True

    def at(self, from_min: int) -> "Absence":
        """Returns the same at another time."""
        return self._replace(from_min=from_min, to_min=from_min + self.to_min - self.from_min)


class Change(NamedTuple):
    """A revised plan: nothing is changed before `from_min` and after `to_min`."""

    from_min: int
    to_min: int
    planned: tuple[Absence, ...]


def breaks(slot: int) -> tuple[Absence, ...]:
    """Returns the breaks of a shift, staggered so that a team does not leave at once."""
    late = slot * 37 % 60
    return (
        Absence("pause", 75 + late, 90 + late),
        Absence("repas", 180 + late, 225 + late),
        Absence("pause", 330 + late, 345 + late),
    )


def agenda(slot: int, start_hour: int, team: Team, dice: Random) -> tuple[Absence, ...]:
    """Returns all that is planned in a shift: its breaks give way to the team's meeting."""
    planned = breaks(slot)
    for opens_min in team.meets:
        from_min = opens_min + slot % MEETING_ROUNDS * MEETING_MIN - start_hour * 60
        meeting = Absence("reunion", from_min, from_min + MEETING_MIN)
        around = _in_order((meeting, *(_beside(a, meeting) for a in planned)))
        if _fits(around):
            planned = around
    if dice.random() < TRAINED:
        late = slot * 37 % 60
        from_min, to_min = (m + late for m in TRAINING_MIN)
        training = Absence("formation", from_min, to_min, tracked=False)
        around = _in_order((*planned, training))
        if _fits(around):
            planned = around
    return planned


def moved(planned: Sequence[Absence], dice: Random) -> Change | None:
    """Returns a plan with one absence half an hour from where it was; None = it cannot be moved."""
    n = dice.randrange(len(planned))
    one = planned[n]
    if one.activity not in {"pause", "repas"}:
        return None
    for by_min in dice.sample((-MOVED_BY_MIN, MOVED_BY_MIN), 2):
        now = one.at(one.from_min + by_min)
        changed = _in_order((*planned[:n], now, *planned[n + 1 :]))
        if _fits(changed):
            first, last = sorted((one, now), key=lambda a: a.from_min)
            return Change(first.from_min, last.to_min, changed)
    return None


def activities(
    start_ms: int, end_ms: int, planned: Iterable[Absence]
) -> list[dict[str, str | bool]]:
    """Returns the plan of a shift: queue, break, queue, and so on."""
    found, at_ms = [], start_ms
    for one in planned:
        from_ms, to_ms = (start_ms + m * MINUTE_MS for m in (one.from_min, one.to_min))
        away = _activity(one.activity, from_ms, to_ms, productive=False)
        if not one.tracked:
            away["tracked"] = False
        found += [_activity("file", at_ms, from_ms), away]
        at_ms = to_ms
    return [*found, _activity("file", at_ms, end_ms)]


def _activity(
    name: str, from_ms: int, to_ms: int, *, productive: bool = True
) -> dict[str, str | bool]:
    return {"start": iso(from_ms), "end": iso(to_ms), "activity": name, "productive": productive}


def _beside(one: Absence, meeting: Absence) -> Absence:
    """Returns an absence that does not hinder a meeting: before it or after it if it would."""
    if _apart(one, meeting) or _apart(meeting, one):
        return one
    if one.from_min + one.to_min < meeting.from_min + meeting.to_min:
        return one.at(meeting.from_min - AT_WORK_MIN - one.to_min + one.from_min)
    return one.at(meeting.to_min + AT_WORK_MIN)


def _in_order(planned: Iterable[Absence]) -> tuple[Absence, ...]:
    return tuple(sorted(planned, key=lambda a: a.from_min))


def _fits(planned: Sequence[Absence]) -> bool:
    inside = planned[0].from_min >= AT_WORK_MIN and planned[-1].to_min <= SHIFT_MIN - AT_WORK_MIN
    return inside and all(_apart(a, b) for a, b in pairwise(planned))


def _apart(one: Absence, other: Absence) -> bool:
    return one.to_min + AT_WORK_MIN <= other.from_min
