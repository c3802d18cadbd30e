"""What passes between transport and pipeline: chunks of records one way, positions the other.

Nothing of Faust but its name for a partition, so that the pipeline can be tested without it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from faust.types import TP

MAX_CHUNK: Final = 4_000
"""Records in a chunk: some 25 ms of folding, so that the event loop stays responsive."""


class Record(Protocol):
    """What is used of a fetched record."""

    @property
    def offset(self) -> int:
        """Its place in the log."""

    @property
    def timestamp(self) -> int:
        """When it was appended, in ms."""

    @property
    def value(self) -> bytes | None:
        """The event; None is a tombstone."""


class Bounds(NamedTuple):
    """Where a partition's log begins and ends now."""

    begin: int
    """The oldest offset that can still be read."""
    end: int
    """The offset that the next record will get."""


class Proof(NamedTuple):
    """The last folded record: if this is still our log, it carries its append time."""

    offset: int
    append_ms: int


class Position(NamedTuple):
    """Where to go on with a partition."""

    next: int
    proof: Proof | None = None
    """None = not checked."""

    @property
    def sought(self) -> int:
        """The offset to seek to: the last folded record where that is to be checked."""
        return self.next if self.proof is None else self.proof.offset


@dataclass(slots=True, frozen=True)
class Chunk:
    """Consecutive records of one partition. Not to be folded unless everything up to `prev` was."""

    tp: TP
    prev: int
    """Last offset of the chunk before, or the one before the sought position."""
    offset: int
    """Last offset covered: position - 1. Beyond the last record where markers or holes follow."""
    records: Sequence[Record]
    """Empty where the position moved over transaction markers or compacted records only."""
    series: int
    """Counts the seeks of the partition."""


class Fetched(NamedTuple):
    """What one fetch brought of a partition."""

    records: Sequence[Record]
    position: int
    """The consumer's position after these records."""

    def slices(self) -> Iterator["Fetched"]:
        """Yields parts of at most `MAX_CHUNK` records; one without records if there are none."""
        for start in range(0, len(self.records) or 1, MAX_CHUNK):
            part = self.records[start : start + MAX_CHUNK]
            last = start + MAX_CHUNK >= len(self.records)
            yield Fetched(part, self.position if last else part[-1].offset + 1)


class Feed(Protocol):
    """Who folds the chunks and knows where to go on: the pipeline."""

    async def positions(self, bounds: Mapping[TP, Bounds]) -> Mapping[TP, Position]:
        """Returns where to go on, for the partitions that are ready; others are asked again."""

    def recreated(self, tp: TP, offset: int) -> None:
        """Says that the record at `offset` is not the one that was folded: another log."""

    def assigned(self) -> None:
        """Says that the group has given us partitions, be it none."""

    async def process(self, chunk: Chunk) -> None:
        """Folds a chunk, or refuses it; waits while there is no room."""

    async def revoke(self) -> None:
        """Says that our partitions go to others."""

    @property
    def fail(self) -> Callable[[BaseException], None]:
        """Ends the process with something that nobody expected."""


class Log(Protocol):
    """What the pipeline asks of Kafka: the transport's consumer."""

    def request_seek(self, tp: TP) -> None:
        """Has the feed asked where to go on with a partition."""

    def refuse(self, chunk: Chunk) -> None:
        """Takes note that a chunk does not follow what was folded."""

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Returns the offsets that the next records will get."""

    async def commit_group(self, offsets: Mapping[TP, int]) -> bool:
        """Commits next offsets to the consumer group; False if the group does not take them."""


def in_turns(fetched: Mapping[TP, Fetched]) -> Iterator[tuple[TP, Fetched]]:
    """Yields the slices of all partitions, one of each in turn, so that none has to wait long."""
    turns = deque((tp, batch.slices()) for tp, batch in fetched.items())
    while turns:
        tp, slices = turns.popleft()
        part = next(slices, None)
        if part is not None:
            yield tp, part
            turns.append((tp, slices))
