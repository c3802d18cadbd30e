"""The sender: takes what is to be told out of the store, and sees that it is told.

Any number of them may run; each notice and each delivery is taken by one, and by another if that
one falls silent.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec

from alerting.core.telling import Notice
from alerting.delivery.addresses import Addresses
from alerting.delivery.jobs import Job, Letter, Target
from alerting.delivery.keep import Keeper
from alerting.delivery.lanes import Lanes
from alerting.delivery.letters import Letters
from alerting.delivery.policy import USUAL, Policy
from alerting.delivery.rates import Rates
from alerting.delivery.sending import Desk
from alerting.delivery.spreading import Spreader
from alerting.metrics import AlertMetrics
from alerting.notifiers import Failed, Notifiers, Outcome
from alerting.store import AlertStore, StoreAway

BATCH: Final = 50
MOST: Final = 200
"""So many deliveries are in hand at once."""
BLOCK_MS: Final = 500
"""So long it waits for something new."""
TICK_S: Final = 1.0
KEEP_S: Final = 60.0
SWEEP_S: Final = 3600.0
DRAIN_S: Final = 10.0
"""So long what is under way may take when it is told to stop."""
log = logging.getLogger("pouls.delivery")


def wall_ms() -> int:
    """Returns the time of this machine."""
    return time.time_ns() // 1_000_000


class Sender:
    """One of those who tell.

    Args:
        store: What there is to tell, and who was told what.
        addresses: Who is told, where.
        notifiers: How.
        letters: In which words.
        metrics: What is counted.
        rates: How many pages went to whom of late.
        consumer: One life of one process: nobody else is called so.
        policy: How patient it is.
        clock_ms: Now.
    """

    def __init__(
        self,
        store: AlertStore,
        addresses: Addresses,
        notifiers: Notifiers,
        letters: Letters,
        metrics: AlertMetrics,
        rates: Rates,
        *,
        consumer: str,
        policy: Policy = USUAL,
        clock_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._store, self._addresses, self._notifiers = store, addresses, notifiers
        self._metrics, self._consumer, self._clock_ms = metrics, consumer, clock_ms
        self._spreader = Spreader(store, addresses, metrics, clock_ms)
        self._desk = Desk(store, addresses, notifiers, letters, metrics, rates, policy, clock_ms)
        self._keeper = Keeper(store, addresses, notifiers, self._desk, clock_ms)
        self._lanes = Lanes[Job](self._desk.work)
        self._away = False

    async def run_once(self) -> int:
        """Does everything that is to be done now, and returns how much was taken.

        Raises:
            StoreAway: call again.
        """
        await self._store.due(self._clock_ms())
        n = await self._spread(0)
        n += await self._take(0)
        await self._lanes.idle()
        return n

    async def run(self, stop: asyncio.Event) -> None:
        """Works until it is told to stop; then it ends what is under way, for some seconds.

        What is left is taken by others, or by the next one.
        """
        loops: tuple[tuple[Callable[[], Awaitable[object]], float], ...] = (
            (lambda: self._spread(BLOCK_MS), 0),
            (lambda: self._take(BLOCK_MS), 0),
            (self._tick, TICK_S),
            (self._keeper.run_once, KEEP_S),
            (lambda: self._store.sweep(self._clock_ms()), SWEEP_S),
        )
        async with asyncio.TaskGroup() as group:
            for step, every_s in loops:
                group.create_task(self._until(stop, step, every_s))
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._lanes.idle()
        except TimeoutError:
            log.warning("stopped with %d deliveries under way", self._lanes.size)
        await self._lanes.stop()

    async def try_out(self, address: str) -> Outcome:
        """Tells an address that this is a test, once, whatever waits for it."""
        url = self._addresses.url(address)
        notifier = self._notifiers.of(url) if url else None
        if url is None or notifier is None:
            return Failed(why="there is no such address, or nobody can tell it", final=True)
        now = self._clock_ms()
        id_ = f"test|{self._consumer}|{now}"
        notice = Notice(id=id_, group="test", kind="test", to=(address,), clock_ms=now)
        target = Target(address, url, notifier)
        letter = Letter(notice=notice, items=(), key=id_, thread=id_)
        return await self._desk.tell(target, self._desk.parcel(target, letter))

    async def _spread(self, block_ms: int) -> int:
        taken = await self._store.take(self._consumer, BATCH, block_ms)
        for stream_id, notice in taken:
            await self._spreader.spread(stream_id, notice)
        return len(taken)

    async def _take(self, block_ms: int) -> int:
        room = min(BATCH, MOST - self._lanes.size)
        if room <= 0:
            await asyncio.sleep(block_ms / 1000)
            return 0
        taken = await self._store.take_deliveries(self._consumer, room, block_ms)
        for stream_id, delivery in taken:
            job = self._desk.job(stream_id, delivery)
            if job is not None:
                self._lanes.put(delivery.address, job)
        return len(taken)

    async def _tick(self) -> None:
        """Takes up what is due again, and tells how things are."""
        await self._store.due(self._clock_ms())
        self._metrics.outbox(**msgspec.structs.asdict(await self._store.outbox()))
        self._metrics.breakers(self._desk.resting())

    async def _until(
        self, stop: asyncio.Event, step: Callable[[], Awaitable[object]], every_s: float
    ) -> None:
        """Repeats a step; while Redis is away, once a second, and says so once."""
        while not stop.is_set():
            pause_s = every_s
            try:
                await step()
                self._answered()
            except StoreAway as error:
                pause_s = TICK_S
                self._unanswered(error)
            if pause_s:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_s)

    def _answered(self) -> None:
        if self._away:
            log.warning("the store answers again")
        self._away = False

    def _unanswered(self, error: StoreAway) -> None:
        if not self._away:
            log.warning("nothing is told while the store is away: %s", error)
        self._away = True
