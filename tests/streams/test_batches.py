"""Whole batches give the records, and the positions, that aiokafka gives one by one."""

import struct

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import (
    READ_COMMITTED,
    READ_UNCOMMITTED,
    FetchResult,
    PartitionRecords,
)
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import ConsumerRecord
from hypothesis import example, given
from hypothesis import strategies as st

from streams.transport.batches import BareRecords, WholeBatches

TP = TopicPartition("calls", 0)
CONTROL = 0x20
PRODUCERS = st.sampled_from([-1, 7, 8])


def batch(
    base: int,
    kept: list[bool],
    producer: int = -1,
    *,
    transactional: bool = False,
    control: int | None = None,
) -> bytes:
    """Return a batch whose records are those that compaction has kept; `control`: a marker."""
    builder = DefaultRecordBatchBuilder(2, 0, transactional, producer, 0, 0, 100_000)
    if control is not None:
        builder.append(0, 1_000, struct.pack(">HH", 0, control), b"", [])
    for offset, there in enumerate(kept):
        if there:
            builder.append(offset, 1_000 + offset, b"key", b"%d" % (base + offset), [])
    data = bytearray(builder.build())
    struct.pack_into(">q", data, 0, base)
    struct.pack_into(">i", data, 23, max(len(kept), 1) - 1)  # the last offset, kept or not
    if control is not None:
        struct.pack_into(">h", data, 21, struct.unpack_from(">h", data, 21)[0] | CONTROL)
    struct.pack_into(">I", data, 17, calc_crc32c(data[21:]))
    return bytes(data)


def parsed(data: bytes, start: int, level: int, aborted: list[tuple[int, int]]) -> PartitionRecords:
    """Return what aiokafka makes of a fetched answer."""
    return PartitionRecords(
        TP, MemoryRecords(data), aborted, start, None, None, check_crcs=True, isolation_level=level
    )


def whole(*arguments: object) -> PartitionRecords:
    """Return the same as it comes out of our buffer."""
    records = parsed(*arguments)  # type: ignore[arg-type]
    buffer = BareRecords()
    buffer[TP] = FetchResult(TP, assignment=None, partition_records=records, backoff=0)
    assert isinstance(records, WholeBatches)
    return records


@st.composite
def logs(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    """A fetched answer and the aborted transactions that the broker tells with it."""
    data, aborted, base = b"", [], 0
    for producer in draw(st.lists(PRODUCERS, min_size=1, max_size=6)):
        kept = draw(st.lists(st.booleans(), min_size=1, max_size=4))
        if producer >= 0 and draw(st.booleans()):  # the transaction is aborted
            aborted.append((producer, base))
            data += batch(base, kept, producer, transactional=True)
            base += len(kept)
            data += batch(base, [], producer, transactional=True, control=0)
            base += 1
        else:
            data += batch(base, kept, producer, transactional=producer >= 0)
            base += len(kept)
    return data, aborted


@given(logs(), st.integers(0, 8), st.sampled_from([READ_COMMITTED, READ_UNCOMMITTED]))
@example((batch(0, [True, True, True]), []), 1, READ_COMMITTED)
def test_whole_batches_are_what_aiokafka_yields(
    log: tuple[bytes, list[tuple[int, int]]], start: int, level: int
) -> None:
    """Aborted and control batches, compacted records, a position inside a batch: all the same."""
    data, aborted = log
    theirs, ours = parsed(data, start, level, aborted), whole(data, start, level, aborted)
    records = list(ours)
    assert not any(isinstance(record, ConsumerRecord) for record in records)
    assert [(r.offset, r.timestamp, r.value) for r in records] == [
        (r.offset, r.timestamp, r.value) for r in theirs
    ]
    assert ours.next_fetch_offset == theirs.next_fetch_offset


class Place:
    """What aiokafka knows of a partition: the position."""

    active, paused, position = True, False, 0

    def state_value(self, _tp: TopicPartition) -> "Place":
        """Return the state of the only partition."""
        return self

    def consumed_to(self, position: int) -> None:
        """Move the position."""
        self.position = position


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_nothing_of_an_answer_is_taken_from_a_wrong_checksum_on(broken: int) -> None:
    """Asked again, the buffer has no more: the rest is fetched again, from the position."""
    batches = [batch(0, [True, True]), batch(2, [True]), batch(3, [True])]
    data = [b if i != broken else b[:-1] + bytes([b[-1] ^ 1]) for i, b in enumerate(batches)]
    records = parsed(b"".join(data), 0, READ_COMMITTED, [])
    place, buffer = Place(), BareRecords()
    buffer[TP] = result = FetchResult(TP, assignment=place, partition_records=records, backoff=0)
    with pytest.raises(CorruptRecordException):
        result.getall()
    assert result.getall() == []
    assert place.position == 0
