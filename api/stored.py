"""Cells of the past, read from the store piece by piece: nobody waits long for somebody's year."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final, Protocol

from streams.core.buckets import Retention
from streams.core.tally import Cell

PIECE: Final = 5_000
"""Cells asked for at once."""
MAX_CELLS: Final = 200_000
"""Cells that one request may ask for."""
AT_ONCE: Final = 2
"""Requests that read the store at the same time; others wait their turn."""

Cells = dict[tuple[int, str], Cell]


class History(Protocol):
    """What is needed of a Store."""

    async def history(
        self,
        sources: Iterable[str],
        resolution: int,
        buckets: Sequence[int],
        segments: Sequence[str],
    ) -> Cells:
        """Returns cells, added up over the sources."""


class Stored:
    """The cells of all sources."""

    def __init__(
        self,
        store: History,
        sources: Sequence[str],
        retention: Retention,
        top_ms: Callable[[], int],
    ) -> None:
        """`top_ms` returns the greatest time over the sources."""
        self._store = store
        self._sources = sources
        self._retention = retention
        self._top_ms = top_ms
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def cells(self, resolution: int, buckets: range, segments: Sequence[str]) -> Cells:
        """Returns the cells that exist.

        Raises:
            StoreAway: Redis does not answer.
        """
        found: Cells = {}
        rest = iter(buckets)
        length = max(1, PIECE // max(1, len(segments)))
        async with self._turns:
            while piece := list(islice(rest, length)):
                found |= await self._store.history(self._sources, resolution, piece, segments)
        return found

    def held_from_ms(self, resolution: int, segments: Iterable[str]) -> int:
        """Returns from when on all buckets of these segments are held: older ones may be gone.

        That is the greatest, over the sources, of the source's time − retention.
        """
        kept = [self._retention.of(resolution, segment) for segment in segments]
        return max((self._top_ms() - keep for keep in kept if keep is not None), default=0)
