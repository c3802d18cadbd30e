"""300 runs of the failover fuzz, and how often its verdict notices planted mistakes.

`python -m tests.benchmarks.alerts_failover [RUNS]` prints the figures; `python -m
tests.benchmarks.full failover` keeps them.
"""

import asyncio
import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import redis

from tests import servers
from tests.alerting.failover import verdict
from tests.alerting.failover.mistakes import PLANTED, RARE
from tests.alerting.failover.world import Kinds, World
from tests.servers import Server

RUNS = 300
MISTAKEN = 5
"""Runs with each planted mistake."""


def run(server: Server, seed: int, kinds: Kinds | None = None) -> World:
    """Return a world after its run in an empty Redis."""
    with redis.Redis(port=server.port) as client:
        client.flushall()
    world = World(f"redis://{server.address}/0", seed, kinds)
    asyncio.run(world.run())
    return world


def measure(directory: Path, runs: int = RUNS) -> dict[str, Any]:
    """Return what happened in so many runs, and what was wrong."""
    logging.disable(logging.CRITICAL)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with servers.redis(directory) as server:
        for seed in range(runs):
            world = run(server, seed)
            wrong += [f"seed {seed}: {one}" for one in verdict.violations(world)]
            counts.update(world.counts + world.fates.happened + world.servers.happened)
            counts["events"] += len(world.events)
            counts["notices"] += len(world.notices)
            counts["received"] += len(world.servers.received)
            counts["received again under the same key"] += verdict.again(world)
        planted = {
            name: sum(bool(verdict.violations(run(server, s, kinds))) for s in range(MISTAKEN))
            for name, kinds in (*((n, k) for n, (k, _) in PLANTED.items()), *RARE.items())
        }
    return {
        "runs": runs,
        "violations": wrong,
        "happened": dict(sorted(counts.items())),
        "mistakes_noticed_in_runs": {"of": MISTAKEN, **planted},
        "passed": not wrong,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pouls-failover-") as folder:
        print(measure(Path(folder), *map(int, sys.argv[1:])))
