"""What people make of their plans: most are a minute or two off, a few are late, or leave early."""

from collections.abc import Sequence
from operator import attrgetter
from random import Random
from typing import Final, NamedTuple

from streams.simulator.agenda import MINUTE_MS, SHIFT_MIN, Absence

USUAL_MS: Final = 60_000
"""Sigma of how far off most people are."""
LONG_MS: Final = (5 * MINUTE_MS, 20 * MINUTE_MS)
"""Between these lies how far off the few are."""
COMES_LATE: Final = 0.06
GOES_EARLY: Final = 0.04
LONG_BREAK: Final = 0.05
UNPLANNED: Final = (
    ("toilettes", 0.6, 4), ("technique", 0.15, 7), ("back-office", 0.25, 10), ("coaching", 0.1, 15)
)  # fmt: skip
"""Pauses that no plan has: reason, share of the shifts, minutes."""
BY_THE_CLOCK: Final = frozenset(("reunion", "formation"))
"""What ends when it is planned to, no matter when one comes."""


class Outing(NamedTuple):
    """An absence as it is meant to happen."""

    from_ms: int
    reason: str
    length_ms: int

    def back_ms(self, now_ms: int) -> int:
        """Returns when somebody is back who could go now."""
        since_ms = self.from_ms if self.reason in BY_THE_CLOCK else now_ms
        return max(since_ms + self.length_ms, now_ms + MINUTE_MS)


def comes_ms(start_ms: int, dice: Random) -> int:
    """Returns when somebody comes whose shift starts then."""
    return start_ms + _off(COMES_LATE, dice)


def goes_ms(end_ms: int, dice: Random) -> int:
    """Returns when somebody begins to leave whose shift ends then."""
    if dice.random() < GOES_EARLY:
        return end_ms - int(dice.uniform(*LONG_MS))
    return end_ms + int(abs(dice.gauss(0, USUAL_MS)))


def outings(start_ms: int, planned: Sequence[Absence], dice: Random) -> list[Outing]:
    """Returns what somebody will leave the floor for, in order: what is planned, and more."""
    found = []
    for activity, from_min, to_min, _ in planned:
        longer_ms = _off(0.0 if activity in BY_THE_CLOCK else LONG_BREAK, dice)
        from_ms = start_ms + from_min * MINUTE_MS + int(dice.gauss(0, USUAL_MS))
        found.append(Outing(from_ms, activity, (to_min - from_min) * MINUTE_MS + longer_ms))
    for reason, share, mean_min in UNPLANNED:
        if dice.random() < share:
            at_min = dice.uniform(0, SHIFT_MIN)
            length_min = mean_min * dice.uniform(0.5, 1.5)
            if not any(a.from_min - 20 < at_min < a.to_min + 20 for a in planned):
                found.append(
                    Outing(start_ms + int(at_min * MINUTE_MS), reason, int(length_min * MINUTE_MS))
                )
    return sorted(found, key=attrgetter("from_ms"))


def _off(often: float, dice: Random) -> int:
    """Returns by how many ms somebody misses a time: mostly a little, sometimes late by much."""
    if dice.random() < often:
        return int(dice.uniform(*LONG_MS))
    return int(dice.gauss(0, USUAL_MS))
