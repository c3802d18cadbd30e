"""Cells of the past, read from the store piece by piece: nobody waits long for somebody's year.

What is read here is what Redis holds at this moment, segments' names and the sources' time
included; it may be a tick ahead of the board.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from api.presence import Cells, Past, after, before, has_agents, stitch, together
from api.segments import People, expand
from streams.core.buckets import DAY_MS, Retention, Zone, bucket_start_ms
from streams.core.changes import Visible, nothing
from streams.core.names import matches
from streams.core.windows import Span
from streams.store import Head

PIECE: Final = 5_000
"""Cells asked for at once."""
MAX_CELLS: Final = 200_000
"""Cells that one request may ask for."""
AT_ONCE: Final = 2
"""Requests that read the store at the same time; others wait their turn."""
SETTLED_MS: Final = 3 * DAY_MS
"""So long after the horizon nothing changes any more: what an agent did may reach beyond it."""


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

    async def past(
        self, source: str, spans: Iterable[Span], segments: Sequence[str], *, tails: bool
    ) -> Visible | None:
        """Returns cells and who is there at a source's edge, of one instant."""


class Now(People, Protocol):
    """What is needed of a Board."""

    def segments(self, pattern: str) -> list[str]:
        """Returns the segments that a pattern means."""


class Extent(NamedTuple):
    """How far the stored past reaches."""

    sources: list[str]
    """Those of which anything is stored."""
    top_ms: int
    """The greatest time over them, 0 without any."""


class Stored:
    """The cells of all sources.

    Args:
        store: Where they are.
        sources: All that there are.
        retention: How long they keep cells.
        zone: Whose days they are.
        board: Who the agents of a team are, and of which segments nothing is stored yet: what is
            planned there has begun without an event.
        horizon_ms: How far back facts of agents are accepted.
    """

    def __init__(
        self,
        store: PastStore,
        sources: Sequence[str],
        retention: Retention,
        zone: Zone,
        board: Now,
        horizon_ms: int,
    ) -> None:
        self._store = store
        self._sources = sources
        self._retention = retention
        self._zone = zone
        self._board = board
        self._horizon_ms = horizon_ms
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def extent(self) -> Extent:
        """Returns how far the past reaches now.

        Raises:
            StoreAway: Redis does not answer.
        """
        heads = await asyncio.gather(*map(self._store.head, self._sources))
        tops = {s: h.top_ms for s, h in zip(self._sources, heads, strict=True) if h}
        return Extent(list(tops), max(tops.values(), default=0))

    async def expand(self, extent: Extent, patterns: Iterable[str]) -> list[str]:
        """Returns the segments that patterns mean, each once; without a star: as it stands.

        Raises:
            StoreAway: Redis does not answer.
        """
        patterns = list(patterns)
        stars = any("*" in pattern for pattern in patterns)
        names = await self._store.segments(extent.sources) if stars else set[str]()

        def known(pattern: str) -> Iterable[str]:
            if "*" not in pattern:
                return [pattern]
            stored = (name for name in names if matches(pattern, name))
            return sorted({*stored, *self._board.segments(pattern)})

        found = (expand(pattern, self._board, known) for pattern in patterns)
        return list(dict.fromkeys(segment for those in found for segment in those))

    async def past(
        self,
        extent: Extent,
        resolution: int,
        buckets: range,
        segments: Sequence[str],
        now_ms: int,
    ) -> Past:
        """Returns the cells that exist, and which agents were there at the end of the buckets.

        Args:
            extent: How far the past reaches.
            resolution: Of the cells.
            buckets: Those that are asked for.
            segments: Those that are asked for.
            now_ms: Where buckets that are running end, unless a source is further.

        Raises:
            StoreAway: Redis does not answer.
        """
        end_ms = bucket_start_ms(resolution, buckets.stop, self._zone)
        peopled = [s for s in segments if has_agents(s)]
        others = [s for s in segments if not has_agents(s)]
        found = Past({}, min(end_ms, now_ms), {})
        async with self._turns:
            if peopled and buckets:
                found = await self._peopled(extent, resolution, buckets, peopled, now_ms)
            for piece in _pieces(buckets, others):
                cells = await self._store.history(extent.sources, resolution, piece, others)
                found.cells.update(cells)
        return found

    def held_from_ms(self, extent: Extent, resolution: int, segment: str) -> int:
        """Returns from when on all buckets of a segment are held; 0 = from the beginning.

        That is the greatest, over the sources, of the source's time − retention.
        """
        keep = self._retention.of(resolution, segment)
        return 0 if keep is None else max(0, extent.top_ms - keep)

    # -- agents

    async def _peopled(
        self,
        extent: Extent,
        resolution: int,
        buckets: range,
        segments: Sequence[str],
        now_ms: int,
    ) -> Past:
        """Returns what is known of segments that have agents: the newest piece first."""
        newest, *rest = _pieces(buckets, segments)
        found = await self._piece(extent, _span(resolution, newest), segments, now_ms)
        was = await asyncio.to_thread(before, found.levels, found.cells) if rest else {}
        seam = newest.start
        changing_ms = extent.top_ms - self._horizon_ms - SETTLED_MS
        for piece in rest:
            seam_ms = bucket_start_ms(resolution, seam, self._zone)
            if seam_ms < changing_ms:
                cells = await self._store.history(extent.sources, resolution, piece, segments)
            else:
                span = _span(resolution, piece)
                cells, _, levels = await self._piece(extent, span, segments, now_ms)
                stitch(found.cells, seam, seam_ms, was, levels)
                was = levels
            found.cells.update(cells)
            was = await asyncio.to_thread(before, was, cells)
            seam = piece.start
        return found

    async def _piece(
        self, extent: Extent, span: Span, segments: Sequence[str], now_ms: int
    ) -> Past:
        """Returns the cells of a piece and who was there at its end, of one instant a source."""
        end_ms = span.end_ms(self._zone)

        async def ask(source: str, *, tails: bool) -> Visible:
            return await self._ask(source, span, segments, extent.top_ms, tails=tails)

        running = end_ms > now_ms
        sources = await asyncio.gather(*(ask(s, tails=running) for s in extent.sources))
        edge_ms = max((source.edge_ms for source in sources), default=0)
        until_ms = min(end_ms, max(now_ms, edge_ms))
        last_ms = min(end_ms - 1, until_ms)
        if not running:
            for i, source in enumerate(sources):
                if source.edge_ms < last_ms:  # it was quiet at the end of the span
                    sources[i] = await ask(extent.sources[i], tails=True)
        cells, levels = await asyncio.to_thread(
            together, sources, span, last_ms, segments, self._zone
        )
        return Past(cells, until_ms, levels)

    async def _ask(
        self, source: str, span: Span, segments: Sequence[str], top_ms: int, *, tails: bool
    ) -> Visible:
        """Returns a source's cells of a span and of all that came after, up to its edge."""
        end_ms = span.end_ms(self._zone)
        later = after(end_ms, top_ms, self._zone)
        while True:
            found = await self._store.past(source, [span, *later], segments, tails=tails)
            if found is None:
                return nothing(0)
            needed = after(end_ms, max(top_ms, found.edge_ms), self._zone)
            if needed == later:
                return found
            later = needed  # it has moved on to another day meanwhile


def _pieces(buckets: range, segments: Sequence[str]) -> list[range]:
    """Returns buckets in pieces of so many cells, the newest first."""
    length = max(1, PIECE // max(1, len(segments)))
    ends = range(buckets.stop, buckets.start, -length) if segments else ()
    return [range(max(buckets.start, end - length), end) for end in ends]


def _span(resolution: int, buckets: range) -> Span:
    return Span(resolution, buckets.start, buckets.stop - 1)
