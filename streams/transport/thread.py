"""The thread in which aiokafka lives: fetches that tell positions, commits that tell failures.

Written against faust-streaming 0.15.3 and aiokafka 0.14.0, both pinned: private methods are used.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.chunks import Fetched
from streams.retry import until_answered
from streams.transport.batches import BareRecords

FETCH_WAIT_MS: Final = 250
"""How long a broker may hold back an empty answer; the driver's 1.5 s would delay every seek."""
BROKER_TIMEOUT_S: Final = 10.0

T = TypeVar("T")


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka lives; fetches tell positions, group commits tell failures."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Both are hard-coded in the driver. What a producer has aborted did not happen.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        return consumer

    async def on_start(self) -> None:
        """Starts aiokafka, as soon as a broker answers."""
        await until_answered("Kafka", self._begin, (KafkaError,), lambda: not self.should_stop)

    async def _begin(self) -> None:
        try:
            await super().on_start()
        except KafkaError:
            await self._ensure_consumer().stop()
            raise
        self._ensure_consumer()._fetcher._records = BareRecords()  # noqa: SLF001

    async def fetch(self, active: set[TP], timeout: float) -> dict[TP, Fetched]:  # noqa: ASYNC109
        """Returns records and the positions after them, also of partitions without records."""
        consumer = self._ensure_consumer()
        fetched: dict[TP, Fetched] = await self.call_thread(self._fetch, consumer, active, timeout)
        return fetched

    async def _fetch(
        self,
        consumer: AIOKafkaConsumer,
        active: set[TP],
        timeout: float,  # noqa: ASYNC109  the driver's way
    ) -> dict[TP, Fetched]:
        records = await self._fetch_records(consumer, active, timeout)
        # No await from here on: nobody moves a position between the records and our look at it.
        subscription = consumer._subscription.subscription  # noqa: SLF001
        assignment = subscription and subscription.assignment
        fetched = {}
        for tp in active if assignment else ():
            if tp in assignment.tps and assignment.state_value(tp).has_valid_position:
                position = assignment.state_value(tp).position
                fetched[tp] = Fetched(records.get(tp, ()), position)
        return fetched

    async def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Returns a coroutine's result; beside the queue of calls, where fetches take their time.

        Raises:
            TimeoutError: The broker did not answer in time.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self.thread_loop)
        async with asyncio.timeout(BROKER_TIMEOUT_S):
            return await asyncio.wrap_future(future)

    async def begins(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Returns the oldest offsets that can be read.

        Raises:
            KafkaError, TimeoutError: The broker does not answer.
        """
        wanted = [TopicPartition(*tp) for tp in tps]
        begins = await self._run(self._ensure_consumer().beginning_offsets(wanted))
        return {TP(*tp): begin for tp, begin in begins.items()}

    async def ends(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Returns the offsets that the next records will get.

        Raises:
            KafkaError, TimeoutError: The broker does not answer.
        """
        wanted = [TopicPartition(*tp) for tp in tps]
        ends = await self._run(self._ensure_consumer().end_offsets(wanted))
        return {TP(*tp): end for tp, end in ends.items()}

    async def commit_group(self, offsets: Mapping[TP, int]) -> None:
        """Commits next offsets to the group; the driver's own commit ends the process on errors.

        Raises:
            KafkaError, TimeoutError: Not committed; the group may have given the partitions away.
        """
        structs = {TopicPartition(*tp): OffsetAndMetadata(at, "") for tp, at in offsets.items()}
        await self._run(self._ensure_consumer().commit(structs))
