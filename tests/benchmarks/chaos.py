"""Random misfortune: workers, Redis and Kafka die and hang while events keep coming.

Two workers fold a topic; at random moments one or both are killed, frozen beyond their session,
ended in order; Redis is emptied or restarted; Kafka loses its power. Events come shuffled within
the horizon, some twice. In the end the API must tell, digit by digit, what `pouls report` tells.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests import servers
from tests.benchmarks import load
from tests.integration.operation import PARTITIONS, TOPIC, Operation
from tests.servers import Process, Server

SLICE = 2_000
TWICE = 0.03
"""Share of the events that are sent again."""
DISORDER = 5_000
"""Places by which an event may be displaced: an hour or two of event time."""
FROZEN_S = 13
PAUSE_S = 8


class Chaos:
    """One run: who can be hurt, and what was done to them."""

    def __init__(self, seed: int, kafka: Server, redis: Server, operation: Operation) -> None:
        self.rng = random.Random(seed)
        self.kafka, self.redis, self.operation = kafka, redis, operation
        self.workers = [operation.worker("one"), operation.worker("two")]
        self.acts: list[str] = []

    def act(self) -> None:
        """Do one random thing, and let some time pass."""
        kinds = [self.kill, self.kill, self.kill_both, self.freeze, self.freeze, self.end]
        kinds += [self.empty_redis, self.restart_redis, self.kill_kafka]
        kind = self.rng.choice(kinds)
        self.acts.append(kind.__name__)
        kind()
        time.sleep(self.rng.uniform(0, PAUSE_S))

    def _one(self) -> Process:
        return self.rng.choice(self.workers)

    def kill(self) -> None:
        """One worker dies and comes back later."""
        worker = self._one()
        worker.kill()
        time.sleep(self.rng.uniform(0, PAUSE_S))
        worker.start()

    def kill_both(self) -> None:
        """Nobody folds for a moment."""
        for worker in self.workers:
            worker.kill()
        for worker in self.workers:
            worker.start()

    def freeze(self) -> None:
        """One worker hangs for longer than its session, then goes on."""
        worker = self._one()
        worker.freeze()
        time.sleep(FROZEN_S)
        worker.thaw()

    def end(self) -> None:
        """One worker ends in order and comes back."""
        worker = self._one()
        worker.stop()
        worker.start()

    def empty_redis(self) -> None:
        """Redis loses everything."""
        self.operation.redis.flushall()

    def restart_redis(self) -> None:
        """Redis goes and comes back with what it wrote to its file."""
        self.redis.kill()
        time.sleep(self.rng.uniform(0, PAUSE_S))
        self.redis.start()

    def kill_kafka(self) -> None:
        """The broker loses its power and comes back with its log."""
        self.kafka.kill()
        time.sleep(self.rng.uniform(0, PAUSE_S))
        self.kafka.start()


def disturbed(records: Sequence[load.Record], rng: random.Random) -> Iterator[load.Record]:
    """Yield the records out of order, some of them twice."""
    doubled = [*enumerate(records)]
    doubled += [entry for entry in doubled if rng.random() < TWICE]
    moved = sorted((place + rng.uniform(0, DISORDER), record) for place, record in doubled)
    return (record for _, record in moved)


def run(seed: int, contacts: int, acts: int, directory: Path) -> dict[str, Any]:
    """Return what happened, and whether the numbers are equal."""
    directory.mkdir(parents=True, exist_ok=True)
    records = list(load.events(days=2, contacts_a_day=contacts // 2, seed=seed))
    began = time.monotonic()
    with servers.kafka(directory / "kafka") as kafka, servers.redis(directory / "redis") as redis:
        operation = Operation(directory, kafka.address, f"redis://{redis.address}/0")
        try:
            operation.pouls("topics")
            operation.api()
            chaos = Chaos(seed, kafka, redis, operation)
            _send(chaos, [*disturbed(records, random.Random(seed))], acts)
            held = operation.held()
            told = operation.told(value for _, value in records)
        finally:
            operation.end()
    return {
        "seed": seed,
        "events": len(records),
        "acts": chaos.acts,
        "rows_compared": sum(len(table["rows"]) for table in told),
        "equal": held == told,
        "seconds": round(time.monotonic() - began),
    }


def _send(chaos: Chaos, records: Sequence[load.Record], acts: int) -> None:
    """Send slice by slice, with `acts` misfortunes at random places between the slices."""
    slices = [records[i : i + SLICE] for i in range(0, len(records), SLICE)]
    places = chaos.rng.choices(range(len(slices)), k=acts)
    for place, part in enumerate(slices):
        asyncio.run(load.write(chaos.kafka.address, TOPIC, PARTITIONS, part))
        for _ in range(places.count(place)):
            chaos.act()
