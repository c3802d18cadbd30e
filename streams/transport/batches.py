"""aiokafka's buffer of fetched batches, read a whole batch at a time.

aiokafka yields record by record through two Python calls and makes a ConsumerRecord of each, which
takes longer than parsing. What we use is in the parser's record; so a batch is parsed in one go.

Written against aiokafka 0.14.0, pinned: private attributes are used.
"""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from streams.chunks import Record


class BareRecords(OrderedDict[TopicPartition, object]):
    """The buffer: what is put into it comes out in whole batches."""

    def __setitem__(self, tp: TopicPartition, result: object) -> None:
        """Takes a fetched answer in; nothing of it is parsed before somebody asks for it."""
        if isinstance(result, FetchResult):
            result._partition_records.__class__ = WholeBatches  # noqa: SLF001
        super().__setitem__(tp, result)


class WholeBatches(PartitionRecords):  # type: ignore[misc]  # aiokafka is not typed
    """The batches of one partition; iterated to the end, never a part of them (`max_records`)."""

    next_fetch_offset: int
    _records: Any

    def __iter__(self) -> Iterator[Record]:
        """Yields the records; `next_fetch_offset` is then the position after them."""
        self._records_iterator = None  # holds us: the buffers would stay until garbage is looked at
        return chain.from_iterable(self._whole())

    def _whole(self) -> Iterator[list[Record]]:
        """Yields the records of each batch that counts.

        Raises:
            CorruptRecordException: a checksum is wrong; the batches before it have been yielded.
        """
        while self._records.has_next():
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                self._records = MemoryRecords(b"")  # all of it is fetched again, from this batch on
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            if not self._is_aborted(batch) and not batch.is_control_batch:
                records: list[Record] = list(batch)
                if batch.base_offset < self.next_fetch_offset:  # sought into the middle of it
                    records = [r for r in records if r.offset >= self.next_fetch_offset]
                yield records
            self.next_fetch_offset = batch.next_offset  # beyond what compaction has removed

    def _is_aborted(self, batch: Any) -> bool:  # noqa: ANN401  # as above
        """Whether its transaction was aborted: then it did not happen."""
        producer = batch.producer_id
        if self._isolation_level != READ_COMMITTED or producer is None:
            return False
        self._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and self._contains_abort_marker(batch):
            self._aborted_producers.discard(producer)
        return bool(batch.is_transactional) and producer in self._aborted_producers
