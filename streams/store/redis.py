"""The only module that talks to Redis: three scripts that write, one that reads.

Everything that changes state is one script, so it happens whole or not at all. What a script
refuses is a result; `StoreAway` means that nobody knows whether it happened, and that the same call
may be made again. The timeouts are short and nothing is repeated in here: callers repeat.
"""

import asyncio
import importlib.resources
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import msgpack
from redis.asyncio.client import PubSub

from streams.codec import (
    EDGE_FIELD,
    EDGE_HASH,
    FINE_HASH,
    LEVELS_HASH,
    LIVE_HASH,
    REVISED_HASH,
    TAILS_HASH,
    field,
    hash_name,
    split_facts,
    take_hash,
    unpack_cell,
)
from streams.core.buckets import DAY, FINE, QUARTER
from streams.core.changes import Visible, nothing
from streams.core.tally import EMPTY, Cell, merge
from streams.core.windows import Span
from streams.store import connection
from streams.store.connection import may_be_away
from streams.store.shapes import (
    FIELDS,
    Beat,
    Claimed,
    Commit,
    Head,
    Wanted,
    feed_key,
    head_key,
)

PIECE: Final = 500
"""Hashes, contacts or segments that are asked for at once where there may be many."""
WHOLE: Final = (FINE_HASH, LIVE_HASH, LEVELS_HASH, TAILS_HASH, EDGE_HASH, REVISED_HASH)
"""The hashes that a reader loads whole."""
Question = tuple[str, ...]
"""A Redis command, the name of a hash or set, arguments."""


def script(name: str) -> str:
    """Returns the text of a script: `claim`, `commit`, `beat` or `read`."""
    return importlib.resources.files("streams.store").joinpath(f"{name}.lua").read_text()


class Store:
    """One Redis, for workers and readers. One a process; safe for many tasks."""

    def __init__(self, url: str) -> None:
        self._redis = connection.connect(url)
        self._claim = self._redis.register_script(script("claim"))
        self._commit = self._redis.register_script(script("commit"))
        self._beat = self._redis.register_script(script("beat"))
        self._read = self._redis.register_script(script("read"))

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
        visible = nothing(claimed.top_ms)
        segments, names = await self._answers(
            source, [("SMEMBERS", "segments"), ("SMEMBERS", "hashes")]
        )
        visible.segments.extend(segment.decode() for segment in segments)
        for piece in _pieces([name.decode() for name in names]):
            hashes = await self._answers(source, [("HGETALL", name) for name in piece])
            for name, flat in zip(piece, hashes, strict=True):
                take_hash(visible, name, flat)
        facts: dict[str, list[bytes]] = {}
        contacts = f"{head_key(source)}:{claimed.build}:contacts"
        with may_be_away():
            async for contact, raws in self._redis.hscan_iter(contacts, count=PIECE):
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
            wanted: given source and source's time in ms, returns the buckets to read. Where it
                wants others by the time that they are read, they are read again.

        Raises:
            StoreAway: try again.
        """
        head = await self.head(source)
        asked: list[str] = []
        answers: list[Any] = []
        while head is not None:
            names = _hashes(wanted(source, head.top_ms))
            if names == asked:
                return head, _everything(head, names, *answers)
            questions: list[Question] = [("HGETALL", name) for name in names]
            held = await self._ask(source, [("SMEMBERS", "segments"), *questions])
            head, answers = held or (None, [])
            asked = names
        return None

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
        def fields(bucket: int, piece: Iterable[str]) -> Iterable[str]:
            return (field(bucket, s) for s in piece) if resolution == FINE else piece

        asked = [(bucket, piece) for bucket in buckets for piece in _pieces(segments)]
        answers = await self._answers(
            source, [("HMGET", hash_name(resolution, b), *fields(b, piece)) for b, piece in asked]
        )
        return {
            (bucket, segment): unpack_cell(value)
            for (bucket, piece), values in zip(asked, answers, strict=True)
            for segment, value in zip(piece, values, strict=False)
            if value
        }

    async def past(
        self, source: str, spans: Iterable[Span], segments: Sequence[str], *, tails: bool
    ) -> Visible | None:
        """Returns cells and who is there at the source's edge, of one instant; `None` = no key.

        Args:
            source: `agents-3`.
            spans: The buckets of the cells.
            segments: Those of the cells and levels.
            tails: Whether to read what lies ahead of agents, too: that of all.

        Raises:
            StoreAway: try again.
        """
        asked: list[tuple[str, Sequence[str]]] = [(EDGE_HASH, [EDGE_FIELD])]
        for piece in _pieces(segments):
            asked.append((LEVELS_HASH, piece))
            asked += _fields(spans, piece)
        questions: list[Question] = [("HMGET", name, *fields) for name, fields in asked]
        if tails:
            questions.append(("HGETALL", TAILS_HASH))
        held = await self._ask(source, questions)
        if held is None:
            return None
        ahead = held[1].pop() if tails else []
        return await asyncio.to_thread(_said, held[0], asked, held[1], ahead)  # tails take long

    async def segments(self, sources: Iterable[str]) -> set[str]:
        """Returns the names of all segments that these sources have ever seen.

        Raises:
            StoreAway: try again.
        """
        out: set[str] = set()
        for source in sources:
            (segments,) = await self._answers(source, [("SMEMBERS", "segments")])
            out.update(segment.decode() for segment in segments)
        return out

    async def _ask(
        self, source: str, questions: Sequence[Question]
    ) -> tuple[Head, list[Any]] | None:
        """Returns a head and the answers to questions, of one instant; `None` without a key."""
        packed = msgpack.packb(questions, use_bin_type=False)
        with may_be_away():
            reply = await self._read(keys=[head_key(source)], args=[packed, *FIELDS])
        head = Head.of(reply[0]) if reply else None
        if head is None:
            return None
        return head, [msgpack.unpackb(answer, raw=True) for answer in reply[1:]]

    async def _answers(self, source: str, questions: Sequence[Question]) -> list[Any]:
        """Returns the answers to questions; without a key they are empty."""
        held = await self._ask(source, questions)
        return [[] for _ in questions] if held is None else held[1]

    def feed(self) -> PubSub:
        """Returns a new subscription, to be closed by the caller."""
        return self._redis.pubsub()

    async def raise_feed_limit(self) -> None:
        """Lets subscribers stall for longer, where Redis allows it and allows less now."""
        await connection.raise_feed_limit(self._redis)


def _pieces(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[i : i + PIECE] for i in range(0, len(names), PIECE)]


def _fields(spans: Iterable[Span], segments: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yields the hashes of cells and what to read of each."""
    for span in spans:
        for bucket in range(span.first, span.last + 1):
            fine = span.resolution == FINE
            fields = [field(bucket, s) for s in segments] if fine else segments
            yield hash_name(span.resolution, bucket), fields


def _said(
    head: Head,
    asked: Iterable[tuple[str, Sequence[str]]],
    answers: Iterable[Sequence[bytes]],
    tails: Sequence[bytes],
) -> Visible:
    """Returns what was answered for some fields of hashes, and for all tails."""
    visible = nothing(head.top_ms)
    take_hash(visible, TAILS_HASH, tails)
    for (name, fields), values in zip(asked, answers, strict=True):
        found = [(f.encode(), v) for f, v in zip(fields, values, strict=True) if v]
        if found:
            take_hash(visible, name, [item for pair in found for item in pair])
    return visible


def _hashes(wanted: Wanted) -> list[str]:
    """Returns the names of the hashes to be read whole, and of those of these buckets."""
    quarters = (hash_name(QUARTER, quarter) for quarter in wanted.quarters)
    days = (hash_name(DAY, day) for day in wanted.days)
    return [*WHOLE, *quarters, *days]


def _everything(
    head: Head, names: Sequence[str], segments: Sequence[bytes], *hashes: Sequence[bytes]
) -> Visible:
    visible = nothing(head.top_ms)
    visible.segments.extend(segment.decode() for segment in segments)
    for name, flat in zip(names, hashes, strict=True):
        take_hash(visible, name, flat)
    return visible
