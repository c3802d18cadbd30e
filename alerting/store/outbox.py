"""The senders' half of the alert store: two outboxes, who was told what, retries, dead letters.

Every entry of an outbox stays until its work is done and that has been stored: a sender that
crashes leaves it behind, and another takes it after `IDLE_MS`. So everything is sent at least once,
and with the same key each time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from redis import exceptions

from alerting.core.telling import Notice
from alerting.store.redis import LeaderStore
from alerting.store.shapes import (
    IDLE_MS,
    KEPT_MS,
    SENDERS,
    Begin,
    Dead,
    Delivery,
    Outbox,
    Told,
    field,
    key,
)
from streams.store.connection import may_be_away

_OUT: Final = key("out")
_DELIV: Final = key("deliv")
_LATER: Final = key("later")
_DEAD: Final = key("dead")
_TOLD: Final = key("told:")
_MOST: Final = 100
"""Retries that are taken up at once."""
_MOST_BLOCK_MS: Final = 3_000
"""Less than the connection's timeout."""
_GONE_MS: Final = 86_400_000
"""A sender that says nothing for so long, and has nothing in its hands, is forgotten."""
_notice: Final = msgspec.json.Decoder(Notice)
_delivery: Final = msgspec.json.Decoder(Delivery)
_told: Final = msgspec.json.Decoder(Told)
_json: Final = msgspec.json.Encoder().encode
T = TypeVar("T")
Entries = Iterable[tuple[bytes, Mapping[bytes, bytes]]]


class AlertStore(LeaderStore):
    """One Redis, for leaders, senders and whoever shows alerts; safe for many tasks."""

    idle_ms: int = IDLE_MS

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._spread = self.registered("spread")
        self._begin = self.registered("begin")
        self._ended = self.registered("ended")
        self._due = self.registered("due")
        self._bury = self.registered("bury")
        self._sweep = self.registered("sweep")

    # -- notices

    async def take(self, consumer: str, count: int, block_ms: int) -> list[tuple[str, Notice]]:
        """Returns notices to be spread, with their ids: new ones, and what others left behind.

        Args:
            consumer: One life of one process.
            count: At most so many.
            block_ms: How long to wait for something, 0 = not at all, at most 3 s.

        Raises:
            StoreAway: take again: what was taken without being heard of is left behind.
        """
        entries = await self._take(_OUT, consumer, count, block_ms)
        return await self._readable(_OUT, entries, b"n", _notice.decode)

    async def spread(self, stream_id: str, deliveries: Sequence[Delivery]) -> bool:
        """Turns a notice into deliveries; `False` = somebody else has done so.

        Raises:
            StoreAway: nobody knows whether it happened; spread again.
        """
        with may_be_away():
            args = [SENDERS, stream_id, *map(_json, deliveries)]
            return bool(await self._spread(keys=[_OUT, _DELIV], args=args))

    # -- deliveries

    async def take_deliveries(
        self, consumer: str, count: int, block_ms: int
    ) -> list[tuple[str, Delivery]]:
        """Returns deliveries to be sent; as `take`.

        Raises:
            StoreAway: take again.
        """
        entries = await self._take(_DELIV, consumer, count, block_ms)
        return await self._readable(_DELIV, entries, b"d", _delivery.decode)

    async def begin(self, delivery: Delivery) -> Begin:
        """Returns what is still to be told, and stores that it is being told.

        That an alert fires is left out if it is over by now, acknowledged, or known to this address
        to be as bad; a reminder and an escalation only in the first two cases. That it is over is
        told only to whom it was told that it fires, and unless they know that it fires again. A
        delivery that was begun before is told again, for nobody knows whether it was sent.

        Raises:
            StoreAway: begin again.
        """
        notice = delivery.notice
        if not notice.items:
            return Begin(send=True, items=())
        args: list[Any] = [notice.kind, delivery.address, delivery.key]
        for item in notice.items:
            args += [field(item.key), item.episode, item.kind, int(item.severity), item.clock_ms]
        with may_be_away():
            found = await self._begin(keys=[key("inst"), _TOLD], args=args)
        return Begin(send=bool(found), items=tuple(notice.items[int(n) - 1] for n in found))

    async def done(self, stream_id: str, delivery: Delivery) -> bool:
        """Ends a delivery: it was sent, or there was nothing to send; `False` = it had ended.

        Raises:
            StoreAway: nobody knows whether it happened; say it again.
        """
        return await self._end(stream_id, "done", delivery)

    async def failed(
        self,
        stream_id: str,
        delivery: Delivery,
        again_ms: int | None,
        instead: Delivery | None = None,
    ) -> bool:
        """Ends an attempt that failed; `False` = somebody else has ended it.

        Args:
            stream_id: Of the delivery.
            delivery: As it was; what is tried again has one attempt more.
            again_ms: Redis TIME when it is tried again; `None` = never: a dead letter.
            instead: A delivery to somebody else.

        Raises:
            StoreAway: nobody knows whether it happened; say it again.
        """
        if again_ms is None:
            return await self._end(stream_id, "dead", delivery, 0, instead)
        more = msgspec.structs.replace(delivery, attempt=delivery.attempt + 1)
        return await self._end(stream_id, "later", more, again_ms, instead)

    async def due(self, clock_ms: int) -> int:
        """Takes up again what is due by now, and returns how many there were.

        Raises:
            StoreAway: call again.
        """
        with may_be_away():
            return int(await self._due(keys=[_LATER, _DELIV], args=[clock_ms, _MOST]))

    async def clock_ms(self) -> int:
        """Returns Redis TIME.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            seconds, micros = await self._redis.time()
        return int(seconds * 1000 + micros // 1000)

    # -- looking

    async def told(self, episodes: Iterable[str]) -> dict[str, dict[str, Told]]:
        """Returns who was told what, by episode and address; episodes that nobody knows are empty.

        Raises:
            StoreAway: try again.
        """
        found: dict[str, dict[str, Told]] = {}
        for episode in episodes:
            with may_be_away():
                stored = await self._redis.hgetall(_TOLD + episode)
            found[episode] = {a.decode(): _told.decode(v) for a, v in stored.items()}
        return found

    async def outbox(self) -> Outbox:
        """Returns how much waits to be told.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.xlen(_OUT).xlen(_DELIV).zcard(_LATER).xlen(_DEAD)
                pipe.xrange(_OUT, count=1).xrange(_DELIV, count=1)
                *sizes, notice, delivery = await pipe.execute()
        first = [int(entry[0][0].split(b"-")[0]) for entry in (notice, delivery) if entry]
        return Outbox(
            notices=sizes[0], deliveries=sizes[1], later=sizes[2], dead=sizes[3],
            oldest_ms=min(first, default=None),
        )  # fmt: skip

    async def dead(self, count: int = 100) -> list[Dead]:
        """Returns the latest dead letters, latest first.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            entries = await self._redis.xrevrange(_DEAD, count=count)
        return [Dead(id=name.decode(), delivery=_letter(values[b"d"])) for name, values in entries]

    async def sweep(self, clock_ms: int) -> None:
        """Forgets dead letters of long ago, and senders that have gone; once an hour will do.

        Raises:
            StoreAway: call again.
        """
        with may_be_away():
            args = [SENDERS, max(0, clock_ms - KEPT_MS), _GONE_MS]
            await self._sweep(keys=[_DEAD, _OUT, _DELIV], args=args)

    # -- both outboxes

    async def _take(self, stream: str, consumer: str, count: int, block_ms: int) -> Entries:
        with may_be_away():
            try:
                return await self._read(stream, consumer, count, block_ms)
            except exceptions.ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
            await self._make(stream)  # the first sender ever, or the first after Redis was emptied
            return await self._read(stream, consumer, count, block_ms)

    async def _read(self, stream: str, consumer: str, count: int, block_ms: int) -> Entries:
        left = await self._redis.xautoclaim(
            stream, SENDERS, consumer, min_idle_time=self.idle_ms, count=count
        )
        if left[1]:
            return list(left[1])
        block = min(block_ms, _MOST_BLOCK_MS) or None  # Redis takes 0 for ever
        new = await self._redis.xreadgroup(
            SENDERS, consumer, {stream: ">"}, count=count, block=block
        )
        return list(new[0][1]) if new else []

    async def _make(self, stream: str) -> None:
        try:
            await self._redis.xgroup_create(stream, SENDERS, id="0", mkstream=True)
        except exceptions.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _readable(
        self, stream: str, entries: Entries, name: bytes, decode: Callable[[bytes], T]
    ) -> list[tuple[str, T]]:
        """Returns what can be read; the rest becomes dead letters, or it would come for ever."""
        found = []
        for stream_id, values in entries:
            value = values.get(name, b"")
            try:
                found.append((stream_id.decode(), decode(value)))
            except (msgspec.DecodeError, UnicodeError):
                with may_be_away():
                    await self._bury(keys=[stream, _DEAD], args=[SENDERS, stream_id, value])
        return found

    async def _end(
        self,
        stream_id: str,
        what: str,
        delivery: Delivery,
        again_ms: int = 0,
        instead: Delivery | None = None,
    ) -> bool:
        other = b"" if instead is None else _json(instead)
        args = [SENDERS, stream_id, what, _json(delivery), again_ms, other]
        with may_be_away():
            return bool(await self._ended(keys=[_DELIV, _LATER, _DEAD], args=args))


def _letter(value: bytes) -> Delivery | None:
    try:
        return _delivery.decode(value)
    except (msgspec.DecodeError, UnicodeError):
        return None
