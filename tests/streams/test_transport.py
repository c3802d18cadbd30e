"""Invariants of the transport. Each guard is also taken out, and the invariant must break then.

The consumer is the real one, in a real Faust app that is not started; only aiokafka's thread is
played by a log in memory.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import faust
import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faust.transport.consumer import Consumer as StockConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

import streams.transport.consumer
from streams.chunks import MAX_CHUNK, Chunk, Fetched, Position
from streams.transport import Consumer
from streams.transport.batches import BareRecords
from streams.transport.thread import ConsumerThread
from tests.streams.logs import Folding, Partition

A, B = TP("calls", 0), TP("calls", 1)


@dataclass
class FakeThread:
    """What the consumer asks of aiokafka's thread, on logs in memory."""

    logs: dict[TP, Partition]
    most: int = 10_000
    fetches: list[set[TP]] = field(default_factory=list)
    during: Callable[[], None] = lambda: None
    """Happens while a fetch is under way."""
    fail: Exception | None = None
    """Raised by the next fetch."""

    async def fetch(self, active: set[TP], _timeout: float) -> dict[TP, Fetched]:
        """Returns what the logs have from their positions on."""
        self.fetches.append(set(active))
        if self.fail:
            failure, self.fail = self.fail, None
            raise failure
        fetched = {tp: self.logs[tp].fetch(self.most) for tp in sorted(active)}
        self.during()
        return fetched

    async def begins(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Returns where the logs begin."""
        return {tp: self.logs[tp].begin for tp in tps}

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Returns where the logs end."""
        return {tp: self.logs[tp].end for tp in tps}

    async def seek_wait(self, offsets: Mapping[TP, int]) -> None:
        """Moves the positions."""
        for tp, offset in offsets.items():
            self.logs[tp].position = offset

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Moves the positions to the group's."""
        for log in self.logs.values():
            log.position = log.end // 2  # the group's offset, wherever it is
        return {tp: log.position for tp, log in self.logs.items()}

    def assignment(self) -> set[TP]:
        """Returns all partitions."""
        return set(self.logs)


class Stage:
    """A consumer that fetches from logs in memory, and Faust's loop that delivers."""

    def __init__(self, **logs: Partition) -> None:
        app = faust.App("stage", broker="pouls://127.0.0.1:1", autodiscover=False)
        self.logs = {TP("calls", "ab".index(name)): log for name, log in logs.items()}
        self.thread = FakeThread(self.logs)
        self.consumer = cast("Consumer", app.consumer)
        self.consumer._thread.thread_loop.close()
        self.consumer._thread = cast("Any", self.thread)
        self.feed = Folding(self.consumer)
        app.feed = self.feed  # type: ignore[attr-defined]
        self.app = app
        self.assign()

    def new_generation(self) -> None:
        """Begins a new generation; aiokafka's thread tells it before anything else happens."""
        self.app.consumer_generation_id += 1

    def assign(self) -> None:
        """Ends a rebalance with all partitions."""
        self.new_generation()
        self.consumer._set_active_tps(set(self.logs))
        self.consumer.resume_flow()

    async def turn(self) -> AsyncIterator[Chunk]:
        """Yields what one `getmany` yields and Faust's filter lets through."""
        read_offset = self.consumer._read_offset
        async for tp, message in self.consumer.getmany(1.0):
            assert message.tp == tp
            at = read_offset[tp]
            if at is None or message.offset >= at:
                yield cast("Chunk", message.value)
                read_offset[tp] = message.offset

    async def turns(self, n: int = 6) -> list[Chunk]:
        """Folds what `n` turns yield, and returns it."""
        chunks = []
        for _ in range(n):
            async for chunk in self.turn():
                chunks.append(chunk)
                self.feed.fold(chunk)
        return chunks

    @property
    def whole(self) -> bool:
        """True if the feed has folded everything once, in order."""
        return self.feed.whole(self.logs)


async def cleared_queue(stage: Stage) -> bool:
    """Chunks that get lost on the way are noticed by the next one, and read again."""
    async for chunk in stage.turn():
        if not stage.feed.folded:
            stage.feed.fold(chunk)
    for log in stage.logs.values():
        log.end += 5
    await stage.turns()
    return stage.whole


async def rebalance(stage: Stage) -> bool:
    """After a rebalance the first thing is to ask the feed, and no chunk has to be refused."""
    async for chunk in stage.turn():
        if not stage.feed.folded:
            stage.feed.fold(chunk)
    stage.assign()
    await stage.turns()
    return stage.whole and stage.feed.refused == 0


async def group_offset(stage: Stage) -> bool:
    """Positions come from the feed; those of the group mean nothing."""
    stage.thread.most = 10
    await stage.turns(1)
    await stage.consumer.perform_seek()
    stage.thread.most = 10_000
    await stage.turns()
    return stage.whole


async def generation_in_fetch(stage: Stage) -> bool:
    """What was fetched under another generation is not delivered, let alone with the new stamp."""
    stage.thread.during = stage.new_generation
    chunks = [chunk async for chunk in stage.turn()]
    return chunks == []


async def generation_between_yields(stage: Stage) -> bool:
    """A new generation ends the delivery of what is left of a fetch."""
    chunks = []
    async for chunk in stage.turn():
        chunks.append(chunk)
        stage.new_generation()
    return len(chunks) == 1


async def stopped_flow(stage: Stage) -> bool:
    """Nothing is delivered once the flow is stopped."""
    chunks = []
    async for chunk in stage.turn():
        chunks.append(chunk)
        stage.consumer.stop_flow()
    return len(chunks) == 1


async def paused(stage: Stage) -> bool:
    """What was fetched of a partition that is paused then is delivered when it is resumed."""
    async for chunk in stage.turn():
        stage.feed.fold(chunk)
        stage.consumer.on_buffer_full(A)
    await stage.turns(2)
    stage.consumer.on_buffer_drop(A)
    await stage.turns()
    return stage.whole and len(stage.feed.asked) == 1


async def resumed_at_once(stage: Stage) -> bool:
    """Chunks behind one that was put aside do not overtake it."""
    switch = iter([stage.consumer.on_buffer_full, stage.consumer.on_buffer_drop])
    async for chunk in stage.turn():
        stage.feed.fold(chunk)
        if chunk.tp == B:
            next(switch, lambda _: None)(A)
    await stage.turns()
    return stage.whole


async def turns_taken(stage: Stage) -> bool:
    """Partitions take turns, chunks are small: none waits for the others' backlog."""
    chunks = await stage.turns(1)
    small = all(len(chunk.records) <= MAX_CHUNK for chunk in chunks)
    return small and [chunk.tp for chunk in chunks[:4]] == [A, B, A, B]


async def markers(stage: Stage) -> bool:
    """A position that moves over no records (transaction markers, compaction) is told."""
    stage.logs[A].holes = frozenset(range(10, stage.logs[A].end))
    stage.thread.most = 10
    await stage.turns(stage.logs[A].end // 10 + 1)
    return stage.feed.at[A] == stage.logs[A].end - 1


async def other_log(stage: Stage) -> bool:
    """A log whose last folded record has another append time is not ours, and nothing is folded."""
    stage.feed.check = True
    stage.feed.at[A] = 40
    stage.logs[A].born = 5
    await stage.turns(1)
    return stage.feed.others == [(A, 40)] and A not in stage.feed.folded


async def out_of_range(stage: Stage) -> bool:
    """Where the broker has lost our position, the feed is asked again, for that one only."""
    await stage.turns(1)
    stage.logs[A].begin, stage.logs[A].end = 90_000, 90_010
    stage.thread.fail = OffsetOutOfRangeError({A: 5})
    await stage.turns()
    return stage.feed.asked[1:] == [{A}] and stage.feed.at[A] == 90_009


async def unready(stage: Stage) -> bool:
    """A partition whose position is not known is not read, from wherever."""
    stage.feed.ready = {B}
    await stage.turns()
    return all(active == {B} for active in stage.thread.fetches)


async def old_refusal(stage: Stage) -> bool:
    """Refusing a chunk of an older series does not undo the newer seek."""
    old = [chunk async for chunk in stage.turn()]
    stage.assign()
    await stage.turns(1)
    for chunk in old:
        stage.feed.fold(chunk)
    await stage.turns()
    return len(stage.feed.asked) == 2


async def read_filter(stage: Stage) -> bool:
    """Faust's own filter of read offsets does not swallow what is read again."""
    chunks = [chunk async for chunk in stage.turn()]
    stage.feed.fold(chunks[0])
    stage.consumer.request_seek(A)
    stage.consumer.request_seek(B)
    await stage.turns(1)
    return stage.whole


async def seek_during_fetch(stage: Stage) -> bool:
    """What is under way of a partition that is to be sought again is dropped."""
    stage.thread.during = lambda: stage.consumer.request_seek(A)
    return all([chunk.tp == B async for chunk in stage.turn()])


def unheld(self: Consumer, tp: TP) -> bool:
    """`_held` without a look at what was put aside."""
    return tp not in self._get_active_partitions()


def message_with_filter(self: Consumer, chunk: Chunk) -> object:
    """`_message` that leaves Faust's filter as it was."""
    before = self._read_offset[chunk.tp]
    message = WHOLE_MESSAGE(self, chunk)
    self._read_offset[chunk.tp] = before
    return message


def in_order(fetched: Mapping[TP, Fetched]) -> list[tuple[TP, Fetched]]:
    """`in_turns` without turns."""
    return list(fetched.items())


def always_asks(self: Consumer, chunk: Chunk) -> None:
    """`refuse` that does not look at the series."""
    self.request_seek(chunk.tp)


async def read_anyway(self: Consumer, _generation: int) -> None:
    """`_place` that does not wait for the feed."""
    for tp in self._get_active_partitions() - self._delivered.keys():
        self._settle(tp, Position(0))


def forgiving(self: Consumer, tp: TP) -> None:
    """`request_seek` that does nothing."""


WHOLE_MESSAGE = Consumer._message
SLICES = Fetched.slices
Scenario = Callable[[Stage], Awaitable[bool]]

GUARDS: dict[str, tuple[Scenario, object, str, object]] = {
    "prev": (cleared_queue, Consumer, "refuse", lambda *_: None),
    "resume_flow": (rebalance, Consumer, "resume_flow", StockConsumer.resume_flow),
    "perform_seek": (group_offset, Consumer, "perform_seek", StockConsumer.perform_seek),
    "generation, fetch": (generation_in_fetch, Consumer, "_interrupted", lambda *_: False),
    "generation, yield": (generation_between_yields, Consumer, "_interrupted", lambda *_: False),
    "flow": (stopped_flow, Consumer, "_interrupted", lambda *_: False),
    "stash": (paused, Consumer, "_put_aside", lambda *_: None),
    "stash first": (resumed_at_once, Consumer, "_held", unheld),
    "turns": (turns_taken, streams.transport.consumer, "in_turns", in_order),
    "markers": (markers, Fetched, "slices", lambda f: (p for p in SLICES(f) if p.records)),
    "append time": (other_log, Consumer, "_checked", lambda _self, _tp, batch: batch),
    "out of range": (out_of_range, Consumer, "request_seek", forgiving),
    "placed": (unready, Consumer, "_place", read_anyway),
    "series": (old_refusal, Consumer, "refuse", always_asks),
    "read offset": (read_filter, Consumer, "_message", message_with_filter),
    "seek asked": (seek_during_fetch, Consumer, "request_seek", forgiving),
}


@pytest.fixture
async def stage() -> Stage:
    """Two partitions: one with a backlog of several chunks, one shorter, both with holes."""
    return Stage(
        a=Partition(3 * MAX_CHUNK + 7, holes=frozenset({3, 4, MAX_CHUNK})),
        b=Partition(2 * MAX_CHUNK, holes=frozenset({2 * MAX_CHUNK - 1})),
    )


async def test_the_log_is_folded_whole_once_and_in_order(stage: Stage) -> None:
    """Without any trouble each record arrives once, and the markers at the end are covered."""
    await stage.turns()
    assert stage.whole
    assert stage.feed.refused == 0


@pytest.mark.parametrize("guard", GUARDS)
async def test_guarded(guard: str, stage: Stage) -> None:
    """Each scenario holds (its docstring says what)."""
    scenario, *_ = GUARDS[guard]
    assert await scenario(stage)


@pytest.mark.parametrize("guard", GUARDS)
async def test_unguarded(guard: str, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same scenario breaks when its guard is taken out."""
    scenario, owner, name, instead = GUARDS[guard]
    monkeypatch.setattr(owner, name, instead)
    assert not await scenario(stage)


async def test_a_partition_without_group_offset_waits_for_the_feed(stage: Stage) -> None:
    """A complaint of aiokafka that the group has no offset asks the feed; it is no end."""
    stage.thread.fail = NoOffsetForPartitionError(B)
    await stage.turns()
    assert stage.whole
    assert stage.feed.asked[1:] == [{B}]


async def test_a_last_record_with_the_right_append_time_is_checked_and_not_folded_again(
    stage: Stage,
) -> None:
    """The seek goes to the last folded record, which proves the log and is then left out."""
    stage.feed.check = True
    await stage.turns(1)
    stage.assign()
    stage.logs[A].end += 5
    await stage.turns()
    assert stage.whole
    assert stage.feed.others == []


async def test_a_broker_that_is_away_is_asked_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer about the bounds delays the placing, and loses nothing."""
    begins = stage.thread.begins
    answers = iter([TimeoutError(), None])

    async def begins_late(tps: Iterable[TP]) -> dict[TP, int]:
        if failure := next(answers):
            raise failure
        return await begins(tps)

    monkeypatch.setattr(stage.thread, "begins", begins_late)
    await stage.turns()
    assert stage.whole


async def test_the_envelope_names_partition_offset_and_generation(stage: Stage) -> None:
    """Faust decides by the generation whether a message still counts."""
    async for tp, message in stage.consumer.getmany(1.0):
        assert message.tp == tp
        assert message.offset == cast("Chunk", message.value).offset
        assert message.generation_id == stage.app.consumer_generation_id


async def test_a_broker_that_is_away_at_the_start_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each attempt that fails is closed again; the first that works is kept."""
    monkeypatch.setattr("streams.retry.FIRST_S", 0.0)
    app = faust.App("stage", broker="pouls://127.0.0.1:1", autodiscover=False)
    thread = cast("Consumer", app.consumer)._thread
    thread.thread_loop.close()
    attempts: list[SimpleNamespace] = []

    async def start(self: ConsumerThread) -> None:
        attempt = SimpleNamespace(_fetcher=SimpleNamespace(), stopped=False)

        async def stop() -> None:
            attempt.stopped = True

        attempt.stop = stop
        attempts.append(attempt)
        self._consumer = attempt
        if len(attempts) < 3:
            raise KafkaConnectionError

    monkeypatch.setattr(AIOKafkaConsumerThread, "on_start", start)
    await thread.on_start()
    assert [attempt.stopped for attempt in attempts] == [True, True, False]
    assert isinstance(attempts[-1]._fetcher._records, BareRecords)
