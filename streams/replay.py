"""Sends events to Kafka: each to the partition of its contact, all acknowledged, in big batches.

A record's own time is left to the broker: Kafka deletes by it, so events of last year that carried
their own time would vanish. Sending the same events again changes no number: so whatever went
wrong, the answer is to send them again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

# aiokafka is not typed.
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from streams.core.errors import PoulsError
from streams.pacing import Pace
from streams.retry import until_answered
from streams.routing import Place, Router
from streams.settings import Settings
from streams.topics import partition_trouble

BATCH_BYTES: Final = 256 * 1024
CHUNK: Final = 500
"""Events between two looks at what the broker has acknowledged."""
AWAY_S: Final = 120
"""A broker that takes nothing for so long ends the replay."""
SILENT_S: Final = 5.0
"""After so long without an acknowledgement that is said."""
CLOSE_S: Final = 5.0
LOOK_S: Final = 0.25
"""With a pace, it is looked so often at what the broker says."""
LINGER_S: Final = 0.05
"""With a pace, events that are due so soon after each other go together."""

log = logging.getLogger("pouls.replay")


class ReplayError(PoulsError):
    """The events cannot be sent; the text says why, and what to do."""


class Sent(NamedTuple):
    """How far a replay is."""

    read: int
    """Events read."""
    acknowledged: int
    """Records that the broker has; a feed's heartbeat is one in each partition."""


class Sender:
    """A producer, with a batch under way for each partition."""

    def __init__(self, kafka: str, away_s: float = AWAY_S) -> None:
        """`away_s`: how long the broker may be away."""
        self.acknowledged = 0
        self._kafka, self._away_s = kafka, away_s
        self._producer = AIOKafkaProducer(
            bootstrap_servers=kafka,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=16 * BATCH_BYTES,
            request_timeout_ms=int(away_s * 1000),
        )
        self._batches: dict[tuple[str, int], Any] = {}
        self._full: list[tuple[tuple[str, int], Any]] = []
        self._waiting: set[asyncio.Future[Any]] = set()
        self._failure: BaseException | None = None
        self._heard_s = time.monotonic()
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        deadline = time.monotonic() + self._away_s

        async def start() -> bool:
            await self._producer.start()
            return True

        if not await until_answered(
            f"Kafka at {self._kafka}",
            start,
            (KafkaError,),
            wanted=lambda: time.monotonic() < deadline,
        ):
            await self._producer.stop()
            raise ReplayError(f"Kafka at {self._kafka} does not answer.")
        self._watch = asyncio.create_task(self._tell_silence())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._watch is not None
        self._watch.cancel()
        try:  # it waits for batches that are still under way
            await asyncio.wait_for(self._producer.stop(), CLOSE_S)
        except TimeoutError:
            await self._producer.client.close()

    async def partitions(self) -> dict[str, int]:
        """Returns how many partitions each topic has."""
        cluster = await self._producer.client.fetch_all_metadata()
        return {name: len(cluster.partitions_for_topic(name)) for name in cluster.topics()}

    def add(self, place: Place, value: bytes) -> None:
        """Puts a record into its partition's batch."""
        where, key = (place.topic, place.partition), place.key
        batch = self._batches.get(where)
        if batch is None or batch.append(key=key, value=value, timestamp=None) is None:
            if batch is not None:
                self._full.append((where, batch))
            batch = self._batches[where] = self._producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)

    async def submit(self, *, all_of_them: bool) -> None:
        """Hands full batches to the producer, or all.

        Raises:
            ReplayError: the broker has refused something, or is away for too long.
        """
        if all_of_them:
            self._full += self._batches.items()
            self._batches.clear()
        full, self._full = self._full, []
        try:
            for (topic, partition), batch in full:
                count = batch.record_count()
                if not self._waiting:
                    self._heard_s = time.monotonic()
                sent = await self._producer.send_batch(batch, topic, partition=partition)
                self._waiting.add(sent)
                sent.add_done_callback(lambda done, count=count: self._answered(done, count))
        except KafkaError as exc:
            self._failure = self._failure or exc
        if self._failure is not None:
            raise self._refused(self._failure)

    async def finish(self) -> None:
        """Returns when the broker has everything.

        Raises:
            ReplayError: it has not.
        """
        await self.submit(all_of_them=True)
        while self._waiting:
            await asyncio.wait(self._waiting, timeout=0.2)
        await self.submit(all_of_them=True)

    def _answered(self, done: "asyncio.Future[Any]", count: int) -> None:
        self._waiting.discard(done)
        self._heard_s = time.monotonic()
        if done.cancelled():
            return
        if failure := done.exception():
            self._failure = self._failure or failure
        else:
            self.acknowledged += count

    def _refused(self, failure: BaseException) -> ReplayError:
        again = "Send the events again: those that it has change nothing."
        if isinstance(failure, MessageSizeTooLargeError):
            return ReplayError(f"An event is larger than Kafka at {self._kafka} takes. {again}")
        return ReplayError(f"Kafka at {self._kafka} takes no more ({failure!r}). {again}")

    async def _tell_silence(self) -> None:
        silent = False
        while True:
            await asyncio.sleep(1)
            was, silent = silent, self._silent()
            if silent and not was:
                log.warning("Kafka at %s takes nothing at the moment; trying again.", self._kafka)
            elif was and not silent:
                log.warning("Kafka at %s takes events again.", self._kafka)

    def _silent(self) -> bool:
        return bool(self._waiting) and time.monotonic() - self._heard_s > SILENT_S


async def send(
    values: Iterable[bytes],
    settings: Settings,
    *,
    pace: Pace | None = None,
    tell: Callable[[Sent], None] = lambda _: None,
    away_s: float = AWAY_S,
) -> Sent:
    """Sends events, in the order in which they come.

    Args:
        values: canonical events in JSON.
        settings: where Kafka is, and its topics.
        pace: how fast event time goes by; `None` = as fast as possible.
        tell: told now and then how far it is.
        away_s: for how long the broker may be away.

    Returns:
        How many were read and acknowledged.

    Raises:
        ReplayError: a topic is missing, the broker refused something, or is away for too long.
    """
    async with Sender(settings.kafka, away_s) as sender:
        partitions = await sender.partitions()
        if trouble := partition_trouble(settings.topics, partitions):
            raise ReplayError(" ".join(trouble))
        router, read = Router(settings.event_topics, partitions), 0
        for value in values:
            places, time_ms = router.route(value)
            while pace and time_ms is not None and (wait_s := pace.wait_s(time_ms)) > 0:
                await sender.submit(all_of_them=True)
                tell(Sent(read, sender.acknowledged))
                await asyncio.sleep(max(LINGER_S, min(wait_s, LOOK_S)))
            for place in places:
                sender.add(place, value)
            read += 1
            if read % CHUNK == 0:
                await sender.submit(all_of_them=pace is not None)
                tell(Sent(read, sender.acknowledged))
        await sender.finish()
        return Sent(read, sender.acknowledged)


def replay(
    values: Iterable[bytes],
    settings: Settings,
    *,
    speed: float | None = None,
    total: int | None = None,
) -> Sent:
    """Sends events, with a progress bar on standard error; see `send`.

    Args:
        values: canonical events in JSON.
        settings: where Kafka is, and its topics.
        speed: times as fast as it happened; `None` = as fast as possible.
        total: how many events there are, where that is known.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says, we say
    pace = None if speed is None else Pace(speed)
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} events"),
        TextColumn("{task.fields[rate]:,.0f}/s"), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar, began_s = progress.add_task("replay", total=total, rate=0), time.monotonic()

        def tell(sent: Sent) -> None:
            rate = sent.read / (time.monotonic() - began_s)
            progress.update(bar, completed=sent.read, rate=rate)

        sent = asyncio.run(send(values, settings, pace=pace, tell=tell))
        tell(sent)
    return sent
