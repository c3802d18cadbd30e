"""A sender in its smallest form, and the servers that it sends to."""

from collections import Counter
from dataclasses import dataclass, field

from alerting.core.shapes import Event
from alerting.core.telling import TOLD, NoticeKind
from alerting.store import Delivery
from tests.alerting.failover.fates import Crash, Fateful, Fates
from tests.alerting.failover.scene import addresses

RETRY_MS = 6_000
MANY = 20


@dataclass(frozen=True)
class Received:
    """Something that arrived."""

    key: str
    address: str
    kind: NoticeKind
    items: tuple[Event, ...]
    begun: int
    """When its delivery was begun, as a number that grows."""
    step: int
    """When it arrived."""


@dataclass
class Servers:
    """All that is sent to."""

    fates: Fates
    step: int = 0
    received: list[Received] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def send(self, delivery: Delivery, items: tuple[Event, ...], begun: int) -> bool:
        """Send something; whether it is known to have arrived."""
        rng = self.fates.rng
        fate = rng.random() if not self.fates.calm else 1.0
        if fate < 0.03:
            self.happened["crash before sending"] += 1
            raise Crash
        if fate < 0.1:
            self.happened["not sent"] += 1
            return False
        got = Received(
            delivery.key, delivery.address, delivery.notice.kind, items, begun, self.step
        )
        self.received.append(got)
        if fate < 0.13:
            self.happened["crash after sending"] += 1
            raise Crash
        if fate < 0.16:
            self.happened["sent, but the answer was lost"] += 1
            return False
        return True


class Sender:
    """One life of one sender."""

    def __init__(self, store: Fateful, consumer: str, servers: Servers) -> None:
        self._store, self._consumer, self._servers = store, consumer, servers

    async def once(self) -> None:
        """Do what there is to do."""
        clock_ms = await self._store.clock_ms()
        await self._store.due(clock_ms)
        for stream_id, notice in await self._store.take(self._consumer, MANY, 0):
            to = await self.who(notice.to, notice.items, clock_ms)
            deliveries = [
                Delivery(notice=notice, address=address, first_ms=clock_ms) for address in to
            ]
            await self._store.spread(stream_id, deliveries)
        for stream_id, delivery in await self._store.take_deliveries(self._consumer, MANY, 0):
            await self.deliver(stream_id, delivery, clock_ms)

    async def who(self, to: tuple[str, ...], items: tuple[Event, ...], clock_ms: int) -> list[str]:
        """Return the addresses of who is told."""
        found: list[str] = []
        for one in to:
            if one == TOLD:
                told = await self._store.told({item.episode for item in items})
                found += [address for known in told.values() for address in known]
            else:
                found += addresses(one, clock_ms)
        return sorted(set(found))

    async def deliver(self, stream_id: str, delivery: Delivery, clock_ms: int) -> None:
        """Deliver what is still to be told."""
        begun = await self._store.begin(delivery)
        if begun.send and not self._servers.send(delivery, begun.items, self._store.begun):
            await self._store.failed(stream_id, delivery, clock_ms + RETRY_MS)
        else:
            await self._store.done(stream_id, delivery)
