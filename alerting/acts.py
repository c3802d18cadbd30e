"""What people do to alerts, as records of the topic `acts`: written by the API, read by the leader.

The topic has one partition and is compacted: of each key the latest record stays for ever, so an
emptied Redis gets acknowledgements, silences and investigations back by reading it again. Notes
and steps of investigations have keys of their own: none of them replaces another.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Literal, Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from alerting.core.telling import Quiet
from streams.core.errors import PoulsError

TOPIC: Final = "acts"
PARTITION: Final = TopicPartition(TOPIC, 0)
ActKind = Literal[
    "ack", "unack", "snooze", "note", "resolve",
    "silence", "unsilence", "maintenance", "investigation", "record", "started",
]  # fmt: skip
"""unsilence ends a silence or a maintenance early; record holds an investigation as it is, written
by the leader; started says that a memory was begun."""
SEVERAL: Final = frozenset({"note", "investigation"})
"""Kinds of which an object has many, all of them kept."""
SEND_S: Final = 10.0
"""Within so long Kafka has a record, or the caller hears that it may not have."""
MOST: Final = 500
"""Records handed out at once."""
CAUGHT_UP_S: Final = 1.0

log = logging.getLogger("pouls.alerts")


class ActsAway(PoulsError):
    """Kafka does not answer: nobody knows whether an act was recorded."""


class ActRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One act."""

    id: str
    """32 hex digits: says which outcome is whose."""
    kind: ActKind
    object: str
    """What it is done to: an episode, the id of a quiet time, of an investigation."""
    by: str
    """Id of a person."""
    note: str = ""
    until_ms: int | None = None
    """Of a snooze, by Redis TIME."""
    at_ms: int
    """The API's clock: for people to read, nothing is decided by it."""
    quiet: Quiet | None = None
    """Of silence and maintenance."""
    investigation: Mapping[str, Any] | None = None
    """A step of an investigation, or the whole of it."""

    def key(self) -> str:
        """Returns the record's key: a later record of the same key stands instead of it."""
        key = f"{self.object}|{self.kind}"
        return f"{key}|{self.id}" if self.kind in SEVERAL else key


_decoder: msgspec.json.Decoder[ActRecord] = msgspec.json.Decoder(ActRecord)


def encode(record: ActRecord) -> bytes:
    """Returns a record's value."""
    return msgspec.json.encode(record)


def decode(value: bytes) -> ActRecord:
    """Returns the record of a value.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(value)


class ActWriter:
    """Writes acts; connects with the first one, so that a reading API needs no Kafka.

    Args:
        kafka: HOST:PORT, several by comma.
    """

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._producer: Any = None
        self._turn = asyncio.Lock()

    async def write(self, record: ActRecord) -> int:
        """Returns the offset of the record: every replica of Kafka has it.

        Raises:
            ActsAway: nobody knows whether it was recorded; it may be written once more.
        """
        try:
            async with asyncio.timeout(SEND_S):
                producer = await self._started()
                sent = await producer.send_and_wait(
                    TOPIC, encode(record), record.key().encode(), partition=0
                )
        except (KafkaError, OSError, TimeoutError) as error:
            raise ActsAway(f"Kafka at {self._kafka} does not answer: {error!r}") from error
        return int(sent.offset)

    async def close(self) -> None:
        """Closes the connection."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def _started(self) -> Any:  # noqa: ANN401  aiokafka is not typed
        async with self._turn:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._kafka,
                    acks="all",
                    request_timeout_ms=round(SEND_S * 1000),
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


class ActReader:
    """Reads acts in their order; whoever reads keeps the offset, Kafka keeps none.

    Args:
        kafka: HOST:PORT, several by comma.
    """

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._consumer: Any = None
        self._expected = -1
        """What `read` is asked for next, if the caller goes on where it was."""

    async def read(self, offset: int, wait_s: float = 0.0) -> list[tuple[int, ActRecord]]:
        """Returns what has come, with offsets; empty = nothing new.

        What is no record is logged and skipped. After a failure the next call begins anew.

        Args:
            offset: The next one to read: the last one read + 1, 0 = from the beginning.
            wait_s: How long to wait for something.

        Raises:
            ActsAway: Kafka does not answer.
        """
        try:
            return await self._read(offset, wait_s)
        except (KafkaError, OSError) as error:
            await self.close()
            raise ActsAway(f"Kafka at {self._kafka} does not answer: {error!r}") from error

    async def everything(self, offset: int = 0) -> list[tuple[int, ActRecord]]:
        """Returns all that there is from an offset on, up to what is written meanwhile.

        The embedded broker's end offsets are too small at times, so both count: to have come to
        the end, and that nothing more comes.

        Raises:
            ActsAway: Kafka does not answer.
        """
        found: list[tuple[int, ActRecord]] = []
        while True:
            some = await self.read(found[-1][0] + 1 if found else offset, CAUGHT_UP_S)
            found += some
            if not some and await self._at_end():
                return found

    async def close(self) -> None:
        """Closes the connection."""
        consumer, self._consumer, self._expected = self._consumer, None, -1
        if consumer is not None:
            await consumer.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _read(self, offset: int, wait_s: float) -> list[tuple[int, ActRecord]]:
        consumer = await self._started()
        if offset != self._expected:
            consumer.seek(PARTITION, offset)
        got = await consumer.getmany(PARTITION, timeout_ms=round(wait_s * 1000), max_records=MOST)
        found = _records(got.get(PARTITION, ()))
        self._expected = found[-1][0] + 1 if found else offset
        return found

    async def _at_end(self) -> bool:
        try:
            ends = await self._consumer.end_offsets([PARTITION])
            return bool(await self._consumer.position(PARTITION) >= ends[PARTITION])
        except (KafkaError, OSError) as error:
            await self.close()
            raise ActsAway(f"Kafka at {self._kafka} does not answer: {error!r}") from error

    async def _started(self) -> Any:  # noqa: ANN401  aiokafka is not typed
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._kafka,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            consumer.assign([PARTITION])
            self._consumer = consumer
        return self._consumer


def _records(records: Sequence[Any]) -> list[tuple[int, ActRecord]]:
    """Returns what records of Kafka say; a deletion says nothing."""
    found = []
    for record in records:
        if record.value is None:
            continue
        try:
            found.append((int(record.offset), decode(record.value)))
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            log.error("%s-0 offset %d is no act: %s", TOPIC, record.offset, error)  # noqa: TRY400
    return found
