"""Where records go that cannot be folded: a topic of their own, with the reason beside each.

A letter is acknowledged by the broker before the store commits beyond its record, so none is lost;
after a crash the same letter may be sent again: its key is the same.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.settings.shapes import DEAD_LETTERS

MAX_LETTER_BYTES: Final = 64 * 1024
"""So much of a value is kept."""


class Letter(NamedTuple):
    """A record that was not folded."""

    tp: TP
    offset: int
    reason: str
    """One word, for the metric: tombstone, too_long, time, undecodable, invalid."""
    detail: str
    """A sentence for people."""
    value: bytes
    """Its first 64 KiB."""

    @property
    def key(self) -> bytes:
        """Names the record: the same letter has the same key."""
        return f"{self.tp.topic}-{self.tp.partition}-{self.offset}".encode()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """Where the record lies and why it was not folded."""
        return [
            ("topic", self.tp.topic.encode()),
            ("partition", str(self.tp.partition).encode()),
            ("offset", str(self.offset).encode()),
            ("reason", f"{self.reason}: {self.detail}".encode()),
        ]


class DeadLetters(Protocol):
    """What the pipeline asks of the dead letters."""

    async def send(self, letters: Sequence[Letter]) -> None:
        """Returns when all are acknowledged; raises what the broker says otherwise."""


class KafkaDeadLetters:
    """The dead letters' topic; connects at the first letter."""

    def __init__(self, bootstrap: str, topic: str = DEAD_LETTERS) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._producer: AIOKafkaProducer | None = None

    async def send(self, letters: Sequence[Letter]) -> None:
        """Returns when the broker has acknowledged all letters.

        Raises:
            KafkaError: At least one is not acknowledged; send them all again.
        """
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap, acks="all", linger_ms=5, max_request_size=2**20
            )
            try:
                await producer.start()
            except KafkaError:
                await producer.stop()
                raise
            self._producer = producer
        acks = [
            await self._producer.send(
                self._topic, key=letter.key, value=letter.value, headers=letter.headers
            )
            for letter in letters
        ]
        for ack in acks:
            await ack

    async def close(self) -> None:
        """Disconnects."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None
