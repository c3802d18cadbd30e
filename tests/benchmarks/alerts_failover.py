"""300 runs of the failover fuzz, and how often its verdict notices planted mistakes.

`python -m tests.benchmarks.alerts_failover [RUNS]` prints the figures; `python -m
tests.benchmarks.full failover` keeps them.
"""

import asyncio
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import redis

from tests import servers
from tests.alerting.failover import verdict
from tests.alerting.failover.mistakes import PLANTED, RARE
from tests.alerting.failover.world import Kinds, World
from tests.servers import Server

RUNS = 300
WORKERS = 2
MISTAKEN = 3
"""Runs with each planted mistake, from the seed on that it is known by."""


def run(server: Server, seed: int, kinds: Kinds | None = None) -> World:
    """Return a world after its run in an empty Redis."""
    with redis.Redis(port=server.port) as client:
        client.flushall()
    world = World(f"redis://{server.address}/0", seed, kinds)
    asyncio.run(world.run())
    return world


def several(directory: Path, seeds: range) -> tuple[Counter[str], list[str]]:
    """Return what happened in some runs, and what was wrong."""
    logging.disable(logging.CRITICAL)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with servers.redis(directory) as server:
        for seed in seeds:
            world = run(server, seed)
            wrong += [f"seed {seed}: {one}" for one in verdict.violations(world)]
            counts.update(world.counts + world.fates.happened + world.servers.happened)
            counts["events"] += len(world.events)
            counts["notices"] += len(world.notices)
            counts["received"] += len(world.servers.received)
            counts["received again under the same key"] += verdict.again(world)
    return counts, wrong


def noticed(directory: Path, names: Sequence[str]) -> dict[str, int]:
    """Return in how many of its runs each planted mistake was noticed."""
    logging.disable(logging.CRITICAL)
    known = {**PLANTED, **{name: (kinds, 0) for name, kinds in RARE.items()}}
    found = {}
    with servers.redis(directory) as server:
        for name in names:
            kinds, first = known[name]
            worlds = (run(server, first + i, kinds) for i in range(MISTAKEN))
            found[name] = sum(bool(verdict.violations(world)) for world in worlds)
    return found


def measure(directory: Path, runs: int = RUNS) -> dict[str, Any]:
    """Return what happened in so many runs, and what was wrong: two processes, a Redis each."""
    names = [*PLANTED, *RARE]
    with ProcessPoolExecutor(max_workers=WORKERS) as pool:
        parts = [
            pool.submit(several, directory / f"runs-{i}", range(i, runs, WORKERS))
            for i in range(WORKERS)
        ]
        mistakes = [
            pool.submit(noticed, directory / f"mistakes-{i}", names[i::WORKERS])
            for i in range(WORKERS)
        ]
        counts: Counter[str] = Counter()
        wrong: list[str] = []
        for part in parts:
            counts.update(part.result()[0])
            wrong += part.result()[1]
        seen = {name: n for part in mistakes for name, n in part.result().items()}
    return {
        "runs": runs,
        "violations": wrong,
        "happened": dict(sorted(counts.items())),
        "planted_mistakes_noticed": {"in_runs_of": MISTAKEN, **{n: seen[n] for n in names}},
        "passed": not wrong and all(seen[name] for name in PLANTED),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pouls-failover-") as folder:
        print(measure(Path(folder), *map(int, sys.argv[1:])))
