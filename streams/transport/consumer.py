"""Faust's aiokafka transport: chunks instead of records, positions from the store.

Theory of operation
-------------------
Stock Faust spends some 100 µs and four tasks on a record. Here what a fetch brings of one
partition is one message (`Chunk`, at most `MAX_CHUNK` records), so that Faust's cost is paid once
for thousands of records. Topics must be declared with `acks=False`: nothing is acknowledged; the
pipeline commits the group's offset (`commit_group`) after the store has committed. The setting
`consumer_auto_offset_reset` must be "none": a reset would hide a hole in the log.

A partition is *placed* when it has an entry in `_delivered`: the offset up to which chunks were
handed out. Only placed partitions are fetched and delivered. Everything that could break the chain
of chunks takes the partition out of `_delivered`, and the next `getmany` asks the pipeline
(`Feed.positions`) where to go on, and seeks:

- the assignment changed, or Faust cleared the streams' queues (`resume_flow`, its issue #596);
- another generation began while a fetch was under way: what it brought is dropped;
- the broker answered "offset out of range";
- the pipeline refused a chunk whose `prev` is not what it had folded last, or claims again.

So a chunk that gets lost between here and the fold is noticed by `prev` of the next one, and read
again. Each seek starts a new `series`: the refusal of an old chunk does not undo a newer seek.

Written against faust-streaming 0.15.3 and aiokafka 0.14.0, both pinned: private methods are used.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, Final, cast

from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from streams.chunks import Bounds, Chunk, Feed, Fetched, Position, Proof, in_turns
from streams.transport.thread import ConsumerThread

REST_S: Final = 0.05
"""Pause of the loop while no partition can be fetched."""


class Consumer(driver.Consumer):
    """Hands out chunks, in order, from the positions that the feed names."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Faust's business
        self._delivered: dict[TP, int] = {}  # placed partitions: handed out up to here
        self._series: dict[TP, int] = {}
        self._proofs: dict[TP, Proof] = {}  # of partitions just sought: what the log must hold
        self._stash: dict[TP, Fetched] = {}  # fetched, but the partition was paused
        self._wake = asyncio.Event()
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # ---- what the pipeline asks for (streams.chunks.Log)

    def request_seek(self, tp: TP) -> None:
        """Has the feed asked where to go on; what is under way of the partition is dropped."""
        self._delivered.pop(tp, None)
        self._stash.pop(tp, None)
        self._wake.set()

    def refuse(self, chunk: Chunk) -> None:
        """Takes note that a chunk does not follow what was folded."""
        if chunk.series == self._series.get(chunk.tp):
            self.request_seek(chunk.tp)

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Returns the offsets that the next records will get; of none if the broker is away."""
        try:
            return await self._thread.ends(tps)
        except (KafkaError, TimeoutError):
            return {}

    async def commit_group(self, offsets: Mapping[TP, int]) -> bool:
        """Commits next offsets to the group; False if it does not take them (not the owner)."""
        try:
            await self._thread.commit_group(offsets)
        except (KafkaError, TimeoutError, RuntimeError) as exc:  # the last: its thread has ended
            self.log.info("The group did not take %r: %r", offsets, exc)
            return False
        return True

    # ---- what breaks the chain

    async def perform_seek(self) -> None:
        """Forgets all positions; stock Faust would seek to the group's."""
        self._forget()

    def resume_flow(self) -> None:
        """Resumes after a rebalance; the streams' queues were just cleared."""
        self._forget()
        super().resume_flow()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Drops everything that was fetched for the old assignment."""
        self._forget()
        self._buffered_partitions.clear()
        await super().on_partitions_revoked(revoked)

    def _forget(self) -> None:
        self._delivered.clear()
        self._stash.clear()
        self._proofs.clear()

    def _interrupted(self, generation: int) -> bool:
        """True if what was fetched must not be delivered; the positions are forgotten then."""
        if self.flow_active and generation == self.app.consumer_generation_id:
            return self.should_stop
        self._forget()
        return True

    # ---- flow control

    def on_buffer_drop(self, tp: TP) -> None:
        """Lets a partition be fetched again, at once."""
        super().on_buffer_drop(tp)
        self._wake.set()

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Does nothing: the driver takes monotonic for epoch time; our lag metric tells stalls."""

    async def _rest(self) -> None:
        self._wake.clear()
        await self.wait_first(self._wake.wait(), timeout=REST_S)

    # ---- delivery

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109
        """Yields the chunks that one fetch brings, the partitions taking turns."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # any Event will do
        generation = self.app.consumer_generation_id
        await self._place(generation)
        active = self._get_active_partitions() & self._delivered.keys()
        fetched = await self._fetch(active, timeout) if active else {}
        if not active:
            await self._rest()
        if self._interrupted(generation):
            return
        for tp, chunk in self._chunks(fetched):
            if self._interrupted(generation):
                return
            yield tp, self._message(chunk)

    async def _place(self, generation: int) -> None:
        """Seeks the partitions that have lost their place to where the feed wants to go on."""
        wanted = self._get_active_partitions() - self._delivered.keys()
        if not wanted:
            return
        feed: Feed = self.app.feed  # type: ignore[attr-defined]  # streams.app.App has it
        try:
            begins, ends = await asyncio.gather(
                self._thread.begins(wanted), self._thread.ends(wanted)
            )
            bounds = {tp: Bounds(begins[tp], ends[tp]) for tp in wanted}
            positions = await feed.positions(bounds)
            if positions and not self._interrupted(generation):
                await self.seek_wait({tp: to.sought for tp, to in positions.items()})
        except (KafkaError, IllegalStateError, TimeoutError) as exc:
            self.log.warning("Kafka does not say where the logs begin, trying again: %r", exc)
            await self._rest()
            return
        if not self._interrupted(generation):
            for tp, position in positions.items():
                self._settle(tp, position)

    def _settle(self, tp: TP, position: Position) -> None:
        self._stash.pop(tp, None)
        self._proofs.pop(tp, None)
        if position.proof is not None:
            self._proofs[tp] = position.proof
        self._series[tp] = self._series.get(tp, 0) + 1
        self._delivered[tp] = position.next - 1

    async def _fetch(self, active: set[TP], timeout: float) -> dict[TP, Fetched]:  # noqa: ASYNC109
        """Returns what was stashed while a partition was paused, else what the broker has."""
        stashed = {tp: self._stash.pop(tp) for tp in active & self._stash.keys()}
        if stashed:
            return stashed
        waiting = self._get_active_partitions() - active  # to be placed: do not let them wait
        try:
            return await self._thread.fetch(active, REST_S if waiting else timeout)
        except OffsetOutOfRangeError as exc:
            lost = [TP(*tp) for tp in exc.args[0]]
        except NoOffsetForPartitionError as exc:
            lost = [TP(*exc.args[0])]
        self.log.info("The broker does not have our positions in %r", lost)
        for tp in lost:
            self.request_seek(tp)
        return {}

    def _chunks(self, fetched: Mapping[TP, Fetched]) -> Iterator[tuple[TP, Chunk]]:
        for tp, part in in_turns({tp: self._checked(tp, b) for tp, b in fetched.items()}):
            prev = self._delivered.get(tp)
            if prev is None or part.position <= prev + 1:
                continue  # a seek was asked for meanwhile, or nothing new
            if self._held(tp):
                self._put_aside(tp, part)
                continue
            self._delivered[tp] = part.position - 1
            yield tp, Chunk(tp, prev, part.position - 1, part.records, self._series[tp])

    def _held(self, tp: TP) -> bool:
        """True if a partition is paused, or was a moment ago: what was put aside goes first."""
        return tp in self._stash or tp not in self._get_active_partitions()

    def _put_aside(self, tp: TP, part: Fetched) -> None:
        """Keeps what cannot be delivered now: aiokafka's position has moved beyond it."""
        before = self._stash.get(tp, Fetched((), 0))
        self._stash[tp] = Fetched([*before.records, *part.records], part.position)

    def _checked(self, tp: TP, batch: Fetched) -> Fetched:
        """Returns the batch without the record sought to, which tells if this is still our log."""
        proof = self._proofs.get(tp)
        if proof is None or batch.position <= proof.offset:
            return batch
        del self._proofs[tp]
        if not batch.records or batch.records[0].offset != proof.offset:
            return batch  # compacted away: nothing is proved
        if batch.records[0].timestamp != proof.append_ms:
            self.request_seek(tp)
            self.app.feed.recreated(tp, proof.offset)  # type: ignore[attr-defined]  # as above
        return Fetched(batch.records[1:], batch.position)

    def _message(self, chunk: Chunk) -> Message:
        """Returns Faust's envelope: of a chunk only partition, offset, generation mean anything."""
        topic, partition = chunk.tp
        generation = self.app.consumer_generation_id
        self._read_offset[chunk.tp] = None  # Faust's filter would drop what is read again
        value = cast("bytes", chunk)
        message = ConsumerMessage(
            topic, partition, chunk.offset, 0.0, 0, None, b"", value, None, 0, 0, chunk.tp,
            generation_id=generation,
        )  # fmt: skip
        return cast("Message", message)


class Transport(driver.Transport):
    """What `pouls://host:port` stands for."""

    Consumer = Consumer


TRANSPORTS.aliases["pouls"] = "streams.transport:Transport"  # where nothing is installed, too
