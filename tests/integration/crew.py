"""Workers on real servers, a producer, and the one true answer: the log folded by hand."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import redis as redis_client
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import OffsetSpec

from streams.core.changes import Visible
from streams.core.events import MAX_EVENT_BYTES
from streams.core.ledger import Ledger
from streams.settings import Settings, load_settings
from streams.store import Claimed, Head, Store
from streams.topics import create_topics
from tests.servers import Process

TOPIC = "calls"
STEPS = ("created", "queued", "answered", "ended", "wrapped")
T = TypeVar("T")
START = datetime.now(UTC) - timedelta(hours=3)


def events(contacts: int, first: int = 0) -> list[bytes]:
    """Returns the events of so many calls, five a call, all of a call one after the other."""
    return [
        _event(number, step, at)
        for number in range(first, first + contacts)
        for at, step in enumerate(STEPS)
    ]


def _event(number: int, step: str, at: int) -> bytes:
    time = START + timedelta(milliseconds=number * 50, seconds=30 * at)
    queue = f"queue-{number % 7}"
    data = {"queued": {"queue": queue}, "answered": {"queue": queue, "agent": f"a{number % 11}"}}
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"{number}-{step}",
            "source": "crew",
            "type": f"contact.{step}",
            "time": time.isoformat(timespec="milliseconds"),
            "subject": f"c{number}",
            "data": data.get(step, {"wrap_s": 20} if step == "wrapped" else {}),
        }
    ).encode()


def until(what: str, true: Callable[[], bool], timeout_s: float = 120) -> None:
    """Waits until something is true; fails with a sentence when it never is."""
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:.0f} s in vain: {what}")
        time.sleep(0.1)


class Crew:
    """Everything of one test; `end` ends the workers by their process ids."""

    def __init__(self, directory: Path, kafka: str, redis_url: str) -> None:
        self.directory, self.kafka = directory, kafka
        config = directory / "pouls.toml"
        config.touch()
        self.env = {
            "POULS_KAFKA": kafka,
            "POULS_REDIS": redis_url,
            "POULS_CONFIG": str(config),
            "POULS_METRICS_LISTEN": "127.0.0.1:0",
        }
        self.settings: Settings = load_settings(self.env, None)
        self.partitions = self.settings.topics[TOPIC].partitions
        self.sources = [f"{TOPIC}-{n}" for n in range(self.partitions)]
        self._tps = [TopicPartition(TOPIC, n) for n in range(self.partitions)]
        self.workers: list[Process] = []

    @classmethod
    def on(cls, directory: Path, kafka: str, redis_url: str) -> Iterator["Crew"]:
        """Yields a crew with topics and without workers, for a fixture."""
        crew = cls(directory, kafka, redis_url)
        create_topics(crew.settings)
        try:
            yield crew
        finally:
            crew.end()

    def worker(self) -> Process:
        """Starts one more worker."""
        log = self.directory / f"worker-{len(self.workers)}.log"
        command = [sys.executable, "-m", "tests.integration.one_worker"]
        worker = Process(command, log, self.env)
        worker.start()
        self.workers.append(worker)
        return worker

    def end(self) -> None:
        """Ends all workers."""
        for worker in self.workers:
            worker.stop()

    def exact(self) -> list[str]:
        """Returns in what the state differs from the fold of the whole log, once that is stored."""
        self.settle()
        return differences(self.stored(), self.folded(self.records()))

    def said(self, sentence: str) -> bool:
        """True if a worker has logged a sentence."""
        return any(sentence in worker.said() for worker in self.workers)

    # ---- Kafka

    @contextmanager
    def admin(self) -> Iterator[KafkaAdminClient]:
        """Lends an admin client."""
        admin = KafkaAdminClient(bootstrap_servers=self.kafka)
        try:
            yield admin
        finally:
            admin.close()

    def send(self, values: Iterable[bytes | None], a_second: float = 0) -> None:
        """Sends values, a contact's to one partition, and returns when the broker has them."""
        producer = KafkaProducer(bootstrap_servers=self.kafka, linger_ms=5)
        try:
            began = time.monotonic()
            for i, value in enumerate(values):
                partition = i // len(STEPS) % self.partitions
                producer.send(TOPIC, value=value, key=b"crew", partition=partition)
                if a_second and i % 100 == 0:
                    time.sleep(max(0.0, began + i / a_second - time.monotonic()))
            producer.flush()
        finally:
            producer.close()

    def cut(self, before: int) -> None:
        """Has the broker delete the records before an offset, in all partitions."""
        with self.admin() as admin:
            admin.delete_records(dict.fromkeys(self._tps, before))

    def records(self) -> dict[str, list[ConsumerRecord]]:
        """Returns what the logs hold now, without what was aborted."""
        return asyncio.run(self._records())

    async def _records(self) -> dict[str, list[ConsumerRecord]]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, isolation_level="read_committed", group_id=None
        )
        await consumer.start()
        try:
            consumer.assign(self._tps)
            found: dict[str, list[ConsumerRecord]] = {name: [] for name in self.sources}
            begins, ends = await asyncio.gather(
                consumer.beginning_offsets(self._tps), consumer.end_offsets(self._tps)
            )
            for tp, begin in begins.items():
                consumer.seek(tp, begin)
            while any([await consumer.position(tp) < ends[tp] for tp in self._tps]):
                for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                    found[f"{tp.topic}-{tp.partition}"] += records
            return found
        finally:
            await consumer.stop()

    def ends(self) -> dict[str, int]:
        """Returns where the logs end."""
        with self.admin() as admin:
            ends = admin.list_partition_offsets(dict.fromkeys(self._tps, OffsetSpec.LATEST))
        return {f"{tp.topic}-{tp.partition}": int(end.offset) for tp, end in ends.items()}

    def in_group(self) -> dict[str, int]:
        """Returns what the consumer group has committed."""
        with self.admin() as admin:
            offsets = admin.list_group_offsets({self.settings.group: None})
        return {
            f"{tp.topic}-{tp.partition}": int(at.offset)
            for tp, at in offsets[self.settings.group].items()
            if tp.topic == TOPIC
        }

    # ---- Redis

    def _ask(self, question: Callable[[Store], Awaitable[T]]) -> T:
        async def ask() -> T:
            store = Store(self.env["POULS_REDIS"])
            try:
                return await question(store)
            finally:
                await store.close()

        return asyncio.run(ask())

    def flush(self) -> None:
        """Empties Redis."""
        with redis_client.Redis.from_url(self.env["POULS_REDIS"]) as client:
            client.flushall()

    def heads(self) -> dict[str, Head | None]:
        """Returns what is stored of each source as a whole."""

        async def heads(store: Store) -> dict[str, Head | None]:
            return {name: await store.head(name) for name in self.sources}

        return self._ask(heads)

    def stored(self) -> dict[str, Visible]:
        """Returns all that is stored for readers."""

        async def load(store: Store) -> dict[str, Visible]:
            return {name: await _load(store, name) for name in self.sources}

        return self._ask(load)

    def settle(self) -> None:
        """Waits until everything that was sent is stored."""

        def settled() -> bool:
            heads = self.heads()
            return all(
                (head := heads[name]) is not None and head.offset + 1 >= end
                for name, end in self.ends().items()
            )

        until("everything sent is stored", settled)

    def folded(self, records: Mapping[str, Sequence[ConsumerRecord]]) -> dict[str, Visible]:
        """Returns what a fold of these records by hand shows."""
        return {name: self._fold(records[name]) for name in self.sources}

    def _fold(self, records: Sequence[ConsumerRecord]) -> Visible:
        ledger = Ledger(self.settings.fold, self.settings.topics[TOPIC].channel)
        fine = [r for r in records if 0 <= r.serialized_value_size <= MAX_EVENT_BYTES]
        ledger.apply_all([r.value for r in fine], [r.timestamp for r in fine])
        ledger.take_changes()
        return ledger.everything()


async def _load(store: Store, name: str) -> Visible:
    head = await store.head(name)
    assert head is not None
    claimed = Claimed(
        head.epoch, head.version, head.offset, head.record, head.append_ms, head.top_ms,
        head.build, head.until, head.gap, rebuilt=False,
    )  # fmt: skip
    visible, _ = await store.load(name, claimed)
    return visible


def differences(found: Mapping[str, Visible], wanted: Mapping[str, Visible]) -> list[str]:
    """Returns what differs between two states, in words; empty = they are equal."""
    return [
        f"{name}: {what}"
        for name, visible in wanted.items()
        for what, a, b in _pairs(found[name], visible)
        if a != b
    ]


def _pairs(found: Visible, wanted: Visible) -> Iterator[tuple[str, object, object]]:
    for kind, a, b in zip(("fine", "quarter", "day"), found.cells, wanted.cells, strict=True):
        yield kind, _plain(a), _plain(b)
    yield (
        "live",
        {k: v for k, v in found.live.items() if v},
        {k: v for k, v in wanted.live.items() if v},
    )
    yield "segments", sorted(found.segments), sorted(wanted.segments)
    yield "top", found.top_ms, wanted.top_ms


def _plain(cells: Mapping[tuple[int, str], tuple[int, Mapping[int, int]]]) -> dict[object, object]:
    return {
        key: (sums, {i: n for i, n in hist.items() if n})
        for key, (sums, hist) in cells.items()
        if sums or any(hist.values())
    }
