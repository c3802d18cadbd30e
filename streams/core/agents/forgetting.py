"""Letting go of what nothing accepted can touch any more."""

import datetime as dt
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from typing import Final

from streams.core.agents.agent import Agent
from streams.core.agents.derive import FOREVER
from streams.core.agents.plan import EMPTY, Plan, Timeline
from streams.core.buckets import DAY_MS

SLACK_MS: Final = 2 * DAY_MS
"""Facts are kept so much longer than they may be late: what a block of the plan began with, and
what a fact corrects. Two records of one identity that lie further apart are two facts."""
_EPOCH_DAY: Final = dt.date(1970, 1, 1).toordinal()


def shorten(a: Agent, before: int, timeline_of: Callable[[Mapping[int, Plan]], Timeline]) -> None:
    """Lets go of an agent's facts and plans before an instant, but for those still in force."""
    in_force = bisect_right(a.times, before) - 1  # at the cut: kept, with the rest of its day
    day_ms = (a.times[in_force] if in_force >= 0 else before) // DAY_MS * DAY_MS
    a.archive.forget(day_ms)
    first = bisect_left(a.times, day_ms)
    if first > 0:
        del a.times[:first], a.kinds[:first]
    over = sorted((p for p in a.plans.values() if _is_over(p, before)), key=_begin)
    if over[:-1]:  # the last one still says the team
        for plan in over[:-1]:
            del a.plans[plan.date]
        a.plans_changed = True
        a.timeline = timeline_of(a.plans)
    gone = not a.times or a.times[-1] < before
    if gone and not a.told and len(a.plans) == len(over[-1:]):
        a.archive.forget(FOREVER)
        a.times, a.kinds = array("q"), []
        if not any(plan.team or plan.site for plan in a.timeline.marks):
            a.plans, a.timeline, a.plans_changed = {}, EMPTY, True


def _begin(plan: Plan) -> tuple[int, int]:
    return plan.activities[0].start_ms if plan.activities else 0, plan.date


def _is_over(plan: Plan, before: int) -> bool:
    if plan.activities:
        return plan.end_ms < before
    return plan.rank[1] < before and plan.date < _EPOCH_DAY + before // DAY_MS
