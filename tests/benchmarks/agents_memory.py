"""Agents' time: what the memory of a worker and a reader together holds, and that it stays flat.

It grows until the days of the horizon are full, and must be flat for a week from then on. What
agents and kept days take is the difference between few and many agents, a short and a long horizon.
`python -m tests.benchmarks.agents_memory AGENTS DAYS` prints JSON.
"""

import gc
import json
import statistics
import subprocess
import sys
from typing import Any, Final, NamedTuple

from streams.core.buckets import Retention
from streams.core.policy import FoldPolicy
from tests.benchmarks import agents_load
from tests.benchmarks.agents import TICK_MS, ZONE, Bench, rss_mb
from tests.benchmarks.agents_load import DAY_MS, FIRST, HOUR_MS

EVENING_MS: Final = 22 * HOUR_MS
"""When everybody has gone home."""
WEEK: Final = 7
FULL: Final = 4
"""So many days after those of the horizon nothing more is kept: two of slack, today, and one more
plan, which says the team."""
SEED: Final = 1


class Shape(NamedTuple):
    """Of how many agents how much is kept."""

    agents: int
    horizon_days: int
    """So late may facts be, and so long are agents' quarter hours kept."""


FEW: Final = Shape(500, 1)
MANY: Final = Shape(1_000, 1)
LONG: Final = Shape(500, FoldPolicy().agent_horizon_ms // DAY_MS)


def memory(shape: Shape) -> dict[str, Any]:
    """Return the memory at the end of each day."""
    bench, by_day = Bench(_keeping(shape.horizon_days)), list[float]()
    days = shape.horizon_days + FULL + WEEK
    with agents_load.apart(shape.agents, range(days), SEED) as sent:
        for day in range(days):
            evening_ms = FIRST.ms + day * DAY_MS + EVENING_MS
            bench.catch_up(agents_load.until(sent, evening_ms))
            bench.play((), evening_ms, evening_ms + 3 * TICK_MS, agents_load.TEAMS)
            gc.collect()
            by_day.append(round(rss_mb(), 1))
    week = by_day[-WEEK:]
    return {
        **shape._asdict(),
        "seed": SEED,
        "rss_mb_by_day": by_day,
        "last_week_mb": round(statistics.mean(week), 1),
        "last_week_within": round(max(week) / min(week) - 1, 4),
    }


def _keeping(horizon_days: int) -> FoldPolicy:
    """Return settings by which what is known of agents is kept so long, all else for two days."""
    horizon_ms, short_ms = horizon_days * DAY_MS, 2 * DAY_MS
    retention = Retention(
        quarter_ms=short_ms,
        quarter_detail_ms=horizon_ms,
        day_ms=short_ms,
        day_agent_ms=short_ms,
    )
    return FoldPolicy(timezone=ZONE, agent_horizon_ms=horizon_ms, retention=retention)


def measure() -> dict[str, Any]:
    """Return the memory of few agents, of many, and of few for longer, and what they tell."""
    few, many, long = (_apart(shape) for shape in (FEW, MANY, LONG))
    agents, days = MANY.agents - FEW.agents, LONG.horizon_days - FEW.horizon_days
    a_day = 1000 * (long["last_week_mb"] - few["last_week_mb"]) / days / FEW.agents
    with_days = 1000 * (many["last_week_mb"] - few["last_week_mb"]) / agents
    return {
        "mb_without_agents": round(few["last_week_mb"] - with_days * FEW.agents / 1000),
        "mb_per_1000_agents": round(with_days - a_day * FEW.horizon_days, 1),
        "mb_per_1000_agents_and_day_of_the_horizon": round(a_day, 1),
        "last_week_within": max(each["last_week_within"] for each in (few, many, long)),
        "runs": [few, many, long],
    }


def _apart(shape: Shape) -> dict[str, Any]:
    """Return the figures of a process of its own: memory is not that of what was done before."""
    command = [sys.executable, "-m", "tests.benchmarks.agents_memory", *map(str, shape)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    print(json.dumps(memory(Shape(*map(int, sys.argv[1:]))), indent=2))
