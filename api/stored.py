"""Cells of the past, read from the store piece by piece: nobody waits long for somebody's year.

What is read here is what Redis holds at this moment, segments' names and the sources' time
included; it may be a tick ahead of the board.
"""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple, Protocol

from streams.core.buckets import Retention
from streams.core.names import matches
from streams.core.tally import Cell
from streams.store import Head

PIECE: Final = 5_000
"""Cells asked for at once."""
MAX_CELLS: Final = 200_000
"""Cells that one request may ask for."""
AT_ONCE: Final = 2
"""Requests that read the store at the same time; others wait their turn."""

Cells = dict[tuple[int, str], Cell]


class PastStore(Protocol):
    """What is needed of a Store."""

    async def head(self, source: str) -> Head | None:
        """Returns what is known of a source as a whole."""

    async def segments(self, sources: Iterable[str]) -> set[str]:
        """Returns the names of all segments that these sources have seen."""

    async def history(
        self,
        sources: Iterable[str],
        resolution: int,
        buckets: Sequence[int],
        segments: Sequence[str],
    ) -> Cells:
        """Returns cells, added up over the sources."""


class Extent(NamedTuple):
    """How far the stored past reaches."""

    sources: list[str]
    """Those that have accepted an event."""
    top_ms: int
    """The greatest time over them, 0 without any."""


class Stored:
    """The cells of all sources."""

    def __init__(self, store: PastStore, sources: Sequence[str], retention: Retention) -> None:
        self._store = store
        self._sources = sources
        self._retention = retention
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def extent(self) -> Extent:
        """Returns how far the past reaches now.

        Raises:
            StoreAway: Redis does not answer.
        """
        heads = await asyncio.gather(*map(self._store.head, self._sources))
        tops = {s: h.top_ms for s, h in zip(self._sources, heads, strict=True) if h and h.top_ms}
        return Extent(list(tops), max(tops.values(), default=0))

    async def expand(self, extent: Extent, patterns: Iterable[str]) -> list[str]:
        """Returns the segments that patterns mean, each once; without a star: as it stands.

        Raises:
            StoreAway: Redis does not answer.
        """
        out: dict[str, None] = {}
        known: list[str] | None = None
        for pattern in patterns:
            if "*" not in pattern:
                out[pattern] = None
                continue
            if known is None:
                known = sorted(await self._store.segments(extent.sources))
            out |= dict.fromkeys(name for name in known if matches(pattern, name))
        return list(out)

    async def cells(
        self, extent: Extent, resolution: int, buckets: range, segments: Sequence[str]
    ) -> Cells:
        """Returns the cells that exist.

        Raises:
            StoreAway: Redis does not answer.
        """
        found: Cells = {}
        rest = iter(buckets)
        length = max(1, PIECE // max(1, len(segments)))
        async with self._turns:
            while piece := list(islice(rest, length)):
                found |= await self._store.history(extent.sources, resolution, piece, segments)
        return found

    def held_from_ms(self, extent: Extent, resolution: int, segment: str) -> int:
        """Returns from when on all buckets of a segment are held; 0 = from the beginning.

        That is the greatest, over the sources, of the source's time − retention.
        """
        keep = self._retention.of(resolution, segment)
        return 0 if keep is None else max(0, extent.top_ms - keep)
