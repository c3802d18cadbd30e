"""What can happen at a call to Redis, and a store at whose calls it happens."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from alerting.core.telling import Notice
from alerting.store import Begin, Commit, Delivery, Held, Lease, StoreAway
from tests.alerting.store.shifted import Shifted

Call = Callable[[], Awaitable[Any]]
Heard = Callable[[str, Any, Any], None]
"""Told of each call that Redis carried out: its name, what was asked, what it answered."""
KINDS = ("crash before", "crash after", "away", "lost reply", "frozen before", "frozen after")


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Fates:
    """What happens, by chance."""

    rng: random.Random
    rate: float
    """Of anything happening at a call."""
    calm: bool = False
    away: bool = False
    """Redis answers nobody."""
    happened: Counter[str] = field(default_factory=Counter)
    order: Iterator[int] = field(default_factory=lambda: count(1))
    """Numbers deliveries as they are begun."""

    def draw(self) -> str:
        """Return what happens at the next call; empty = nothing."""
        if self.away:
            return "away"
        if self.calm or self.rng.random() >= self.rate:
            return ""
        fate = self.rng.choices(KINDS, (4, 4, 2, 4, 2, 2))[0]
        self.happened[fate] += 1
        return fate


class Thread:
    """One of the two things that a replica does: it can be frozen at any call."""

    def __init__(self) -> None:
        self.frozen_until = 0
        """The step at which it goes on; 0 = it is not frozen."""
        self._halted, self._go = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    @property
    def frozen(self) -> bool:
        """Whether it is."""
        return self._task is not None

    async def halt(self) -> None:
        """Freeze until somebody goes on."""
        self._go.clear()
        self._halted.set()
        await self._go.wait()

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Work until it is done or frozen."""
        self._task = asyncio.ensure_future(work())
        await self._until_done_or_frozen()

    async def thaw(self) -> None:
        """Go on with what it did, as if nothing had been."""
        self._halted.clear()
        self._go.set()
        await self._until_done_or_frozen()

    async def kill(self) -> None:
        """End it where it is."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self._halted.clear()

    async def _until_done_or_frozen(self) -> None:
        assert self._task is not None
        halted = asyncio.ensure_future(self._halted.wait())
        await asyncio.wait([self._task, halted], return_when=asyncio.FIRST_COMPLETED)
        halted.cancel()
        if self._task.done():
            task, self._task = self._task, None
            task.result()


class Fateful(Shifted):
    """A store whose calls meet their fates.

    Attributes:
        thread: Who calls.
        begun: The number of the delivery that was begun last.
    """

    thread: Thread
    begun = 0

    def __init__(self, url: str, fates: Fates, heard: Heard) -> None:
        self.fates, self._heard = fates, heard
        super().__init__(url)

    async def _meet(self, name: str, asked: Any, call: Call) -> Any:
        fate = self.fates.draw()
        match fate:
            case "crash before":
                raise Crash(name)
            case "away":
                raise StoreAway(name)
            case "frozen before":
                await self.thread.halt()
            case _:
                pass
        answer = await call()
        self._heard(name, asked, answer)
        match fate:
            case "crash after":
                raise Crash(name)
            case "lost reply":
                raise StoreAway(name)
            case "frozen after":
                await self.thread.halt()
            case _:
                pass
        return answer

    async def renew(self, owner: str) -> Lease:
        """Take or keep the lease."""
        answer: Lease = await self._meet("renew", owner, lambda: super(Fateful, self).renew(owner))
        return answer

    async def load(self, epoch: int) -> Held | None:
        """Load what is held."""
        answer: Held | None = await self._meet(
            "load", epoch, lambda: super(Fateful, self).load(epoch)
        )
        return answer

    async def commit(self, commit: Commit) -> int:
        """Commit a tick."""
        answer: int = await self._meet(
            "commit", commit, lambda: super(Fateful, self).commit(commit)
        )
        return answer

    async def take(self, consumer: str, count: int, block_ms: int) -> list[tuple[str, Notice]]:
        """Take notices."""
        answer: list[tuple[str, Notice]] = await self._meet(
            "take", consumer, lambda: super(Fateful, self).take(consumer, count, block_ms)
        )
        return answer

    async def spread(self, stream_id: str, deliveries: Sequence[Delivery]) -> bool:
        """Spread a notice."""
        answer: bool = await self._meet(
            "spread", deliveries, lambda: super(Fateful, self).spread(stream_id, deliveries)
        )
        return answer

    async def take_deliveries(
        self, consumer: str, count: int, block_ms: int
    ) -> list[tuple[str, Delivery]]:
        """Take deliveries."""
        answer: list[tuple[str, Delivery]] = await self._meet(
            "take_deliveries",
            consumer,
            lambda: super(Fateful, self).take_deliveries(consumer, count, block_ms),
        )
        return answer

    async def begin(self, delivery: Delivery) -> Begin:
        """Begin a delivery."""

        async def begin() -> Begin:
            begun = await super(Fateful, self).begin(delivery)
            self.begun = next(self.fates.order)
            return begun

        answer: Begin = await self._meet("begin", delivery, begin)
        return answer

    async def done(self, stream_id: str, delivery: Delivery) -> bool:
        """End a delivery."""
        answer: bool = await self._meet(
            "done", delivery, lambda: super(Fateful, self).done(stream_id, delivery)
        )
        return answer

    async def failed(
        self,
        stream_id: str,
        delivery: Delivery,
        again_ms: int | None,
        instead: Delivery | None = None,
    ) -> bool:
        """End an attempt."""
        answer: bool = await self._meet(
            "failed",
            delivery,
            lambda: super(Fateful, self).failed(stream_id, delivery, again_ms, instead),
        )
        return answer

    async def due(self, clock_ms: int) -> int:
        """Take up retries."""
        answer: int = await self._meet("due", clock_ms, lambda: super(Fateful, self).due(clock_ms))
        return answer

    async def told(self, episodes: Any) -> Mapping[str, Any]:  # type: ignore[override]
        """Ask who was told."""
        asked = list(episodes)
        answer: Mapping[str, Any] = await self._meet(
            "told", asked, lambda: super(Fateful, self).told(asked)
        )
        return answer
