"""The benchmark's events: deterministic, in order of time, written to Kafka in whole batches.

A contact is 5 events of about 250 bytes: created, queued, answered, ended, wrapped; one in twelve
is abandoned while an agent's telephone rings. 40 queues (a few of them busy), 200 agents.
"""

import asyncio
import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from aiokafka import AIOKafkaProducer
from kafka.partitioner.default import murmur2

QUEUES = 40
AGENTS = 200
FIRST_DAY = datetime(2025, 3, 3, tzinfo=UTC)
OPENS_MS, CLOSES_MS = 8 * 3_600_000, 20 * 3_600_000
BATCH_BYTES = 500_000

Record = tuple[bytes, bytes]
"""Key and value."""


def events(days: int, contacts_a_day: int, seed: int = 1) -> Iterator[Record]:
    """Yield the events of `days` days in order of time; the same ones for the same arguments."""
    rng = random.Random(seed)
    for day in range(days):
        midnight = FIRST_DAY + timedelta(days=day)
        timed = [
            step
            for number in range(contacts_a_day)
            for step in _contact(f"c{day:03d}-{number:07d}", midnight, rng)
        ]
        timed.sort(key=itemgetter(0))  # stable: a contact's events of one instant keep their order
        yield from ((key, value) for _, key, value in timed)


def _contact(
    name: str, midnight: datetime, rng: random.Random
) -> Iterator[tuple[int, bytes, bytes]]:
    queue = f"queue-{int(QUEUES * rng.random() ** 2):02d}"
    agent = f"agent-{rng.randrange(AGENTS):03d}"
    wait_ms = int(rng.expovariate(1 / 25_000))
    talk_ms = int(rng.lognormvariate(5.2, 0.7) * 1000)
    at = rng.randrange(OPENS_MS, CLOSES_MS)
    steps: list[tuple[str, int, dict[str, object]]] = [
        ("created", at, {"direction": "inbound", "language": "fr"}),
        ("queued", at + 15_000, {"queue": queue}),
    ]
    at += 15_000 + wait_ms
    if rng.random() < 1 / 12:
        steps += [
            ("offered", at, {"queue": queue, "agent": agent}),
            ("missed", at + 9_000, {"agent": agent, "cause": "caller_left"}),
            ("abandoned", at + 9_000, {"phase": "ring"}),
        ]
    else:
        steps += [
            ("answered", at, {"queue": queue, "agent": agent}),
            ("ended", at + talk_ms, {"by": "customer", "hold_s": 12.5}),
            ("wrapped", at + talk_ms + 20_000, {"agent": agent, "wrap_s": 20}),
        ]
    key = name.encode()
    for kind, time_ms, data in steps:
        yield time_ms, key, event(name, kind, midnight + timedelta(milliseconds=time_ms), data)


def event(contact: str, kind: str, time: datetime, data: dict[str, object]) -> bytes:
    """Return one event of a contact."""
    stamp = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'{{"specversion":"1.0","type":"contact.{kind}","source":"/pouls/benchmark/telephony",'
        f'"subject":"{contact}","id":"{contact}-{kind}","time":"{stamp}",'
        f'"datacontenttype":"application/json","data":{json.dumps(data, separators=(",", ":"))}}}'
    ).encode()


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that every Kafka client's default partitioner takes."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


async def write(bootstrap: str, topic: str, partitions: int, records: Iterable[Record]) -> int:
    """Append the records to the topic in whole batches; returns how many there were."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES, linger_ms=0
    )
    await producer.start()
    open_batches = [producer.create_batch() for _ in range(partitions)]
    pending: set[asyncio.Future[object]] = set()
    count = 0

    async def send(partition: int) -> None:
        pending.add(await producer.send_batch(open_batches[partition], topic, partition=partition))
        open_batches[partition] = producer.create_batch()

    try:
        for key, value in records:
            partition = partition_of(key, partitions)
            while open_batches[partition].append(key=key, value=value, timestamp=None) is None:
                await send(partition)
            count += 1
        for partition, batch in enumerate(open_batches):
            if batch.record_count():
                await send(partition)
        await asyncio.gather(*pending)
    finally:
        await producer.stop()
    return count
