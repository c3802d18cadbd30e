"""The only module that talks to Redis: the three scripts, and what is read.

Everything that changes state is one script, so it happens whole or not at all. What a script
refuses is a result; `StoreAway` means that nobody knows whether it happened, and that the same call
may be made again. The timeouts are short and nothing is repeated in here: callers repeat.
"""

import asyncio
import importlib.resources
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from redis.asyncio.client import PubSub

from streams.codec import (
    FINE_HASH,
    LIVE_HASH,
    field,
    hash_name,
    split_facts,
    take_hash,
    unpack_cell,
)
from streams.core.buckets import DAY, FINE, QUARTER
from streams.core.changes import Visible, nothing
from streams.core.tally import EMPTY, Cell, merge
from streams.store import connection
from streams.store.connection import may_be_away
from streams.store.shapes import (
    FIELDS,
    Beat,
    Claimed,
    Commit,
    Head,
    Wanted,
    base_key,
    feed_key,
    head_key,
)

PIECE: Final = 500
"""Hashes or fields that are asked for at once where everything is read."""
Command = tuple[str, ...]
"""A Redis command: its name, a key, fields."""


def script(name: str) -> str:
    """Returns the text of a script: `claim`, `commit` or `beat`."""
    return importlib.resources.files("streams.store").joinpath(f"{name}.lua").read_text()


class Store:
    """One Redis, for workers and readers. One a process; safe for many tasks."""

    def __init__(self, url: str) -> None:
        self._redis = connection.connect(url)
        self._claim = self._redis.register_script(script("claim"))
        self._commit = self._redis.register_script(script("commit"))
        self._beat = self._redis.register_script(script("beat"))

    async def close(self) -> None:
        """Closes all connections."""
        await self._redis.aclose()

    async def complaints(self) -> list[str]:
        """Returns what makes this Redis unfit, a sentence each; empty = fit.

        Raises:
            StoreAway: it did not answer.
        """
        return await connection.complaints(self._redis)

    # -- the owner of a source

    async def claim(
        self, source: str, settings_hash: str, since: int, begin: int, end: int
    ) -> Claimed:
        """Makes the caller the owner of a source.

        Args:
            source: `calls-3`.
            settings_hash: hash of every setting that changes cells.
            since: `config_since` of these settings.
            begin: the oldest offset of the log.
            end: the offset that its next record will get.

        Raises:
            SettingsOlder: the source was folded with other settings, and these are not later.
            StoreAway: nobody knows whether it happened; claim again.
        """
        with may_be_away():
            reply = await self._claim(
                keys=[head_key(source)], args=[settings_hash, since, begin, end, *FIELDS]
            )
        return Claimed.of(source, reply)

    async def load(self, source: str, claimed: Claimed) -> tuple[Visible, dict[str, list[bytes]]]:
        """Returns everything that is stored of a source: cells, live values, and facts by contact.

        Read in pieces, so that Redis is free in between. Nobody but the owner can commit; where
        somebody claims the source meanwhile, the first commit of this owner will be refused.

        Raises:
            StoreAway: try again.
        """
        base = base_key(source, claimed.build)
        visible = nothing(claimed.top_ms)
        facts: dict[str, list[bytes]] = {}
        with may_be_away():
            visible.segments.extend(sorted(await self._names(f"{base}segments")))
            hashes = sorted(await self._names(f"{base}hashes"))
            for i in range(0, len(hashes), PIECE):
                pipe = self._redis.pipeline(transaction=False)
                for name in hashes[i : i + PIECE]:
                    pipe.hgetall(f"{base}{name}")
                for name, fields in zip(hashes[i:], await pipe.execute(), strict=False):
                    take_hash(visible, name, fields.items())
            async for contact, raws in self._redis.hscan_iter(f"{base}contacts", count=PIECE):
                facts[contact.decode()] = split_facts(raws)
        return visible, facts

    async def commit(self, source: str, commit: Commit) -> int:
        """Stores and publishes a commit.

        Returns:
            1 done, 2 was done before, 0 refused.

        Raises:
            StoreAway: nobody knows whether it happened; send the same commit again.
        """
        with may_be_away():
            keys = [head_key(source), feed_key(source)]
            return int(await self._commit(keys=keys, args=commit.args()))

    async def beat(self, source: str, beat: Beat) -> tuple[int, str] | None:
        """Says that the owner lives.

        Returns:
            The stored version and Redis' time in µs; `None` = refused.

        Raises:
            StoreAway: beat again.
        """
        with may_be_away():
            keys = [head_key(source), feed_key(source)]
            return Beat.answer(await self._beat(keys=keys, args=beat.args()))

    # -- readers

    async def head(self, source: str) -> Head | None:
        """Returns what is known of a source as a whole, `None` where there is no key.

        Raises:
            StoreAway: try again.
        """
        with may_be_away():
            return Head.of(await self._redis.hmget(head_key(source), FIELDS))

    async def snapshot(
        self, source: str, wanted: Callable[[str, int], Wanted]
    ) -> tuple[Head, Visible] | None:
        """Returns what a reader shows of a source, of one instant; `None` where there is no key.

        Args:
            source: `calls-3`.
            wanted: given source and source's time in ms, returns the buckets to read.

        Raises:
            StoreAway: try again.
        """

        def plan(base: str, head: Head) -> list[Command]:
            quarters, days = wanted(source, head.top_ms)
            names = [FINE_HASH, LIVE_HASH]
            names += [hash_name(QUARTER, q) for q in quarters] + [hash_name(DAY, d) for d in days]
            return [("SMEMBERS", f"{base}segments"), *(("HGETALL", base + n) for n in names)]

        held = await self._read(source, plan)
        if held is None:
            return None
        head, (segments, *hashes) = held
        visible = nothing(head.top_ms)
        visible.segments.extend(segment.decode() for segment in segments[1])
        for (_, key), fields in hashes:
            take_hash(visible, key.removeprefix(base_key(source, head.build)), fields.items())
        return head, visible

    async def history(
        self,
        sources: Iterable[str],
        resolution: int,
        buckets: Sequence[int],
        segments: Sequence[str],
    ) -> dict[tuple[int, str], Cell]:
        """Returns the cells of these buckets and segments that exist, added up over the sources.

        Raises:
            StoreAway: try again.
        """
        out: dict[tuple[int, str], Cell] = {}
        for part in await asyncio.gather(
            *(self._cells(source, resolution, buckets, segments) for source in sources)
        ):
            for key, cell in part.items():
                out[key] = merge(out.get(key, EMPTY), cell)
        return out

    async def _cells(
        self, source: str, resolution: int, buckets: Sequence[int], segments: Sequence[str]
    ) -> dict[tuple[int, str], Cell]:
        if not buckets or not segments:
            return {}

        def plan(base: str, _: Head) -> list[Command]:
            def fields(bucket: int) -> Iterable[str]:
                return (field(bucket, s) for s in segments) if resolution == FINE else segments

            return [("HMGET", base + hash_name(resolution, b), *fields(b)) for b in buckets]

        held = await self._read(source, plan)
        return {
            (bucket, segment): unpack_cell(value)
            for bucket, (_, values) in zip(buckets, held[1] if held else (), strict=False)
            for segment, value in zip(segments, values, strict=True)
            if value is not None
        }

    async def segments(self, sources: Iterable[str]) -> set[str]:
        """Returns the names of all segments that these sources have ever seen.

        Raises:
            StoreAway: try again.
        """
        out: set[str] = set()
        for source in sources:
            held = await self._read(source, lambda base, _: [("SMEMBERS", f"{base}segments")])
            if held is not None:
                out.update(segment.decode() for segment in held[1][0][1])
        return out

    async def _read(
        self, source: str, plan: Callable[[str, Head], list[Command]]
    ) -> tuple[Head, list[tuple[Command, Any]]] | None:
        """Returns a head, and the answers to what `plan` asks for this very head, of one instant.

        What to ask (the build's keys, the buckets) follows from the head, which is read first and
        again in the transaction: where that leads to other questions, they are asked again.
        """
        head = await self.head(source)
        asked: list[Command] = []
        answers: list[Any] = []
        while head is not None:
            commands = plan(base_key(source, head.build), head)
            if commands == asked:
                return head, list(zip(commands, answers, strict=True))
            pipe = self._redis.pipeline(transaction=True)
            pipe.hmget(head_key(source), FIELDS)
            for command in commands:
                pipe.execute_command(*command)
            with may_be_away():
                values, *answers = await pipe.execute()
            head, asked = Head.of(values), commands
        return None

    def feed(self) -> PubSub:
        """Returns a new subscription, to be closed by the caller."""
        return self._redis.pubsub()

    async def raise_feed_limit(self) -> None:
        """Lets subscribers stall for longer, where Redis allows it and allows less now."""
        await connection.raise_feed_limit(self._redis)

    async def _names(self, key: str) -> list[str]:
        return [name.decode() async for name in self._redis.sscan_iter(key, count=PIECE)]
