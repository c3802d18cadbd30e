"""A log in memory, and a feed that folds it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from faust.types import TP

from streams.chunks import Bounds, Chunk, Fetched, Log, Position, Proof


@dataclass(slots=True, frozen=True)
class Fact:
    """A record as the client delivers it."""

    offset: int
    value: bytes | None = b""
    timestamp: int = 0


@dataclass(slots=True)
class Partition:
    """One partition in memory: every offset but the holes has a record."""

    end: int
    begin: int = 0
    holes: frozenset[int] = frozenset()
    position: int = 0
    born: int = 1_000
    """The append times are born + offset."""

    def records(self, start: int, stop: int) -> list[Fact]:
        """Returns the records of [start, stop)."""
        return [
            Fact(at, b"%d" % at, self.born + at)
            for at in range(max(start, self.begin), min(stop, self.end))
            if at not in self.holes
        ]

    def fetch(self, most: int) -> Fetched:
        """Returns up to `most` offsets from the position on, and moves it."""
        stop = min(self.end, self.position + most)
        records = self.records(self.position, stop)
        self.position = max(stop, self.position)
        return Fetched(records, self.position)


@dataclass
class Folding:
    """A feed that notes the offsets it folds, in order, and refuses what does not follow."""

    log: Log
    folded: dict[TP, list[int]] = field(default_factory=dict)
    at: dict[TP, int] = field(default_factory=dict)
    ready: set[TP] | None = None
    """Partitions whose position is known; None = all."""
    check: bool = False
    asked: list[set[TP]] = field(default_factory=list)
    others: list[tuple[TP, int]] = field(default_factory=list)
    refused: int = 0

    async def positions(self, bounds: Mapping[TP, Bounds]) -> Mapping[TP, Position]:
        """Goes on after the last folded offset, skipping what the log has lost."""
        self.asked.append(set(bounds))
        found = {}
        for tp, (begin, _) in bounds.items():
            if self.ready is None or tp in self.ready:
                self.at[tp] = at = max(self.at.get(tp, -1), begin - 1)
                proof = Proof(at, 1_000 + at) if self.check and at >= begin else None
                found[tp] = Position(at + 1, proof)
        return found

    def recreated(self, tp: TP, offset: int) -> None:
        """Notes that another log was found."""
        self.others.append((tp, offset))

    def fold(self, chunk: Chunk) -> None:
        """Folds a chunk that follows; refuses any other."""
        if chunk.prev != self.at.get(chunk.tp):
            self.refused += 1
            self.log.refuse(chunk)
            return
        self.folded.setdefault(chunk.tp, []).extend(r.offset for r in chunk.records)
        self.at[chunk.tp] = chunk.offset

    def whole(self, partitions: Mapping[TP, Partition]) -> bool:
        """True if every record of the partitions was folded once, in order."""
        return all(
            self.folded.get(tp, []) == [r.offset for r in p.records(0, p.end)]
            and self.at.get(tp) == p.end - 1
            for tp, p in partitions.items()
        )


def offsets(facts: Iterable[Fact]) -> list[int]:
    """Returns the offsets of records."""
    return [fact.offset for fact in facts]
