"""Whatever happens to leaders, senders and Redis: nothing is lost, nothing is told twice.

Each run is a world (`failover/world.py`) with a seed: two or three replicas on a real Redis, which
crash before and after their calls, lose replies, freeze and wake up with what they knew, lose the
lease, and find Redis away or empty. `failover/verdict.py` says what must be true of every run, and
it is known to notice: all mistakes of `failover/mistakes.py` are caught. `python -m
tests.benchmarks.full failover` makes 300 runs.

`POULS_FAILOVER_RUNS` = how many seeds are run here.
"""

import os
from collections.abc import Iterator

import pytest
import redis

from tests import servers
from tests.alerting.failover import mistakes, verdict
from tests.alerting.failover.world import Kinds, World
from tests.servers import Server

RUNS = int(os.environ.get("POULS_FAILOVER_RUNS", "4"))
LOOKED = 40
"""So many seeds a mistake has to show itself."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis for all runs."""
    with servers.redis(tmp_path_factory.mktemp("failover")) as running:
        yield running


async def ran(server: Server, seed: int, kinds: Kinds | None = None) -> World:
    """Return a world after its run in an empty Redis."""
    with redis.Redis(port=server.port) as client:
        client.flushall()
    world = World(f"redis://{server.address}/0", seed, kinds)
    await world.run()
    return world


@pytest.mark.parametrize("seed", range(RUNS))
async def test_nothing_is_lost_and_nothing_told_twice(server: Server, seed: int) -> None:
    """Whatever happened."""
    world = await ran(server, seed)

    assert verdict.violations(world) == []
    assert world.servers.received, "there was something to tell"


@pytest.mark.parametrize("name", mistakes.PLANTED)
async def test_a_planted_mistake_is_noticed(server: Server, name: str) -> None:
    """From its seed on, within a few runs."""
    kinds, first = mistakes.PLANTED[name]
    for seed in range(first, first + LOOKED):
        if verdict.violations(await ran(server, seed, kinds)):
            return
    pytest.fail(f"{name}: nobody noticed")
