"""Store, Kafka and dead letters in memory, with a journal of what happened in which order."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from faust.types import TP

from streams.chunks import Bounds, Chunk
from streams.core.changes import Visible, nothing
from streams.core.policy import FoldPolicy
from streams.core.roster import Roster
from streams.deadletters import Letter
from streams.pipeline import Pipeline
from streams.settings import Settings, Topic
from streams.store import Beat, Claimed, Commit, SettingsOlder, Store, StoreAway
from streams.telemetry import Telemetry
from tests.streams.logs import Fact

A, B = TP("calls", 0), TP("calls", 1)
BORN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BORN_MS = int(BORN.timestamp() * 1000)
EMPTY = Bounds(0, 0)


@dataclass(slots=True)
class Head:
    """What the store knows of a source."""

    epoch: int
    version: int
    offset: int
    record: int
    append_ms: int
    gap: str
    hash: str
    since: int


@dataclass
class FakeStore:
    """The three scripts on a dict; can be away, lose replies, or hold commits back."""

    journal: list[str]
    heads: dict[str, Head] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)
    away: bool = False
    lost_replies: int = 0
    hold: asyncio.Event | None = None
    """While set to an event that is not set, commits wait for it."""
    epochs: int = 0
    clock: int = 1_000

    def _reach(self) -> None:
        if self.away:
            raise StoreAway("away")

    async def claim(self, source: str, hashed: str, since: int, begin: int, _end: int) -> Claimed:
        """Makes the caller the owner."""
        self._reach()
        self.epochs += 1
        head = self.heads.get(source)
        if head is not None and head.hash != hashed and since <= head.since:
            raise SettingsOlder("these settings are older than the stored ones")
        if head is None or head.hash != hashed:
            head = Head(0, 0, begin - 1, -1, 0, "", hashed, since)
            self.heads[source] = head
        head.epoch = self.epochs
        self.journal.append(f"claim {source}")
        return Claimed(
            head.epoch, head.version, head.offset, head.record, head.append_ms, 0, "b", None,
            head.gap, rebuilt=head.version == 0,
        )  # fmt: skip

    async def load(self, _source: str, _claimed: Claimed) -> tuple[Visible, dict[str, list[bytes]]]:
        """Returns nothing: cells are not what these tests look at."""
        self._reach()
        return nothing(0), {}

    async def commit(self, source: str, commit: Commit) -> int:
        """Stores a commit."""
        if self.hold:
            await self.hold.wait()
        self._reach()
        self.commits.append(commit)
        head = self.heads.get(source)
        if head is None or head.epoch != commit.epoch:
            return 0
        code = {commit.expected: 1, commit.expected + 1: 2}.get(head.version, 0)
        if code == 1:
            head.version += 1
            head.offset, head.record = commit.offset, commit.record
            head.append_ms, head.gap = commit.append_ms, commit.gap
            self.journal.append(f"commit {source} {commit.offset}")
        if self.lost_replies:
            self.lost_replies -= 1
            raise StoreAway("the reply is lost")
        return code

    async def beat(self, source: str, beat: Beat) -> tuple[int, str] | None:
        """Answers with the version and the time."""
        self._reach()
        self.beats.append(beat)
        self.clock += 1
        head = self.heads.get(source)
        return (head.version, str(self.clock)) if head and head.epoch == beat.epoch else None


@dataclass
class FakeKafka:
    """What the pipeline asks of the transport."""

    journal: list[str]
    group: dict[TP, int] = field(default_factory=dict)
    takes: bool = True
    """Whether the group takes commits."""
    end: dict[TP, int] = field(default_factory=dict)
    sought: list[TP] = field(default_factory=list)
    refused: list[Chunk] = field(default_factory=list)

    def request_seek(self, tp: TP) -> None:
        """Notes the request."""
        self.sought.append(tp)

    def refuse(self, chunk: Chunk) -> None:
        """Notes the chunk."""
        self.refused.append(chunk)

    async def ends(self, _tps: Iterable[TP]) -> dict[TP, int]:
        """Returns the known ends."""
        self.journal.append("ends")
        return self.end

    async def commit_group(self, offsets: Mapping[TP, int]) -> bool:
        """Commits to the group."""
        if self.takes:
            self.group.update(offsets)
            self.journal.extend(f"group {tp.topic}-{tp.partition} {n}" for tp, n in offsets.items())
        return self.takes


@dataclass
class FakeLetters:
    """The dead letters' topic."""

    journal: list[str]
    sent: list[Letter] = field(default_factory=list)
    failures: int = 0

    async def send(self, letters: Sequence[Letter]) -> None:
        """Takes letters, or fails."""
        if self.failures:
            self.failures -= 1
            raise OSError("no broker")
        self.sent.extend(letters)
        self.journal.extend(f"letter {letter.key.decode()}" for letter in letters)


def settings(**changes: object) -> Settings:
    """Returns what a pipeline reads of the settings: one topic, two partitions, quick commits."""

    @dataclass
    class Some:
        topics: Mapping[str, Topic]
        fold: FoldPolicy
        settings_hash: str = "h"
        roster: Roster | None = None
        config_since: int = 1
        commit_interval_s: float = 0.01

    some = Some({"calls": Topic("calls", 2, "voice", 30)}, FoldPolicy())
    for name, value in changes.items():
        setattr(some, name, value)
    return cast("Settings", some)


class Desk:
    """A pipeline among fakes."""

    def __init__(self, *, check_log: bool = True, **changes: object) -> None:
        self.journal: list[str] = []
        self.store, self.kafka = FakeStore(self.journal), FakeKafka(self.journal)
        self.letters, self.telemetry = FakeLetters(self.journal), Telemetry()
        self.failures: list[BaseException] = []
        self.pipeline = Pipeline(
            settings(**changes),
            self.kafka,
            cast("Store", self.store),
            self.letters,
            self.telemetry,
            self.failures.append,
            check_log=check_log,
        )
        self.pipeline.start()

    async def claim(self, tp: TP = A, bounds: Bounds = EMPTY) -> None:
        """Has the transport ask for a position."""
        await self.pipeline.positions({tp: bounds})

    async def fold(self, *values: bytes | None, tp: TP = A, prev: int | None = None) -> Chunk:
        """Hands in one chunk of these values, following what was folded unless `prev` is given."""
        before = self.pipeline.folded(tp) if prev is None else prev
        records = [Fact(before + 1 + i, v, BORN_MS + before + i) for i, v in enumerate(values)]
        chunk = Chunk(tp, before, before + len(values), records, 1)
        await self.pipeline.process(chunk)
        return chunk


def events(n: int, first: int = 0) -> list[bytes]:
    """Returns `n` events of as many contacts, a millisecond apart."""
    return [
        json.dumps(
            {
                "specversion": "1.0",
                "id": str(i),
                "source": "test",
                "type": "contact.queued",
                "time": (BORN + timedelta(milliseconds=i)).isoformat(timespec="milliseconds"),
                "subject": f"c{i}",
                "data": {"queue": "sales"},
            }
        ).encode()
        for i in range(first, first + n)
    ]


async def until(true: Callable[[], object]) -> None:
    """Lets the others run until something is true.

    Raises:
        TimeoutError: It never was.
    """
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  nobody signals it
            await asyncio.sleep(0.001)
