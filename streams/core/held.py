"""What a reader holds of one source: its cells, who is there now, how far it has been read."""

from collections.abc import Iterator, Mapping

from streams.core.agents.ahead import Ahead
from streams.core.buckets import Zone
from streams.core.changes import LiveKey
from streams.core.live import NOBODY, Counted, Live, count
from streams.core.revised import Revised
from streams.core.tally import EMPTY, Cell
from streams.core.windows import Span

Buckets = dict[int, dict[str, Cell]]
"""bucket → segment → cell"""


class Held:
    """One source, as far as the reader knows it."""

    def __init__(self, topic: str, zone: Zone) -> None:
        self.topic = topic
        self.ahead = Ahead(zone)
        """What its agents do from its edge on."""
        self.levels: dict[str, Mapping[int, int]] = {}
        """segment → label → how many agents hold it at the edge."""
        self.revised = Revised()
        """What was changed late."""
        self.loaded = False
        self.top_ms = 0
        """The source's time."""
        self.as_of_ms: int | None = None
        self.rebuilding = True
        self.cells: tuple[Buckets, Buckets, Buckets] = ({}, {}, {})
        """By resolution."""
        self._live: dict[str, Mapping[LiveKey, int]] = {}
        self._counted: dict[str, Counted] = {}

    def put(self, resolution: int, bucket: int, segment: str, cell: Cell) -> Cell:
        """Makes a cell what it is now, absolutely; returns what it was."""
        buckets = self.cells[resolution]
        cells = buckets.setdefault(bucket, {})
        old = cells.pop(segment, EMPTY)
        if cell.sums or cell.hist:
            cells[segment] = cell
        elif not cells:
            del buckets[bucket]
        return old

    def keys(self, resolution: int) -> Iterator[tuple[int, str]]:
        """Yields the cells that there are."""
        for bucket, cells in self.cells[resolution].items():
            for segment in cells:
                yield bucket, segment

    def within(self, span: Span, segment: str) -> Iterator[Cell]:
        """Yields a segment's cells of a span."""
        yield from self.ahead.within(*span, segment)
        buckets = self.cells[span.resolution]
        for bucket in range(span.first, span.last + 1):
            cell = buckets.get(bucket, {}).get(segment)
            if cell is not None:
                yield cell

    def forget(self, resolution: int, first: int) -> None:
        """Drops the buckets before one."""
        buckets = self.cells[resolution]
        for bucket in [b for b in buckets if b < first]:
            del buckets[bucket]

    def put_live(self, segment: str, contacts: Mapping[LiveKey, int]) -> None:
        """Makes a segment's contacts what they are now."""
        self._counted.pop(segment, None)
        self._live[segment] = contacts

    def forget_live(self) -> None:
        """Drops all contacts."""
        self._live.clear()
        self._counted.clear()

    def live(self, segment: str, now_s: int) -> Live:
        """Returns how a segment's contacts count now."""
        contacts = self._live.get(segment)
        if not contacts:
            return NOBODY
        counted = self._counted.get(segment)
        if counted is None or not counted.from_s <= now_s < counted.until_s:
            counted = self._counted[segment] = count(contacts, now_s)
        return counted.live
