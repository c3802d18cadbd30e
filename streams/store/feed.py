"""What the store says, kept until the next tick of a process takes it into its board.

So the board stands still between two ticks, and everything that reads it then says the same. Redis
away: nothing comes, `as_of` stays where it is, and whoever looks at it sees that it is stale.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from streams.core.board import HOLD_DAYS, HOLD_QUARTERS_MS
from streams.core.board import Board as Readings
from streams.core.buckets import QUARTER_MS, Zone
from streams.core.changes import Visible
from streams.store.reader import Reader
from streams.store.redis import Store
from streams.store.shapes import Wanted


class Mark(NamedTuple):
    """How far one source, or the stalest of several, has been read."""

    as_of_ms: int | None
    """`None` = it was never read."""
    rebuilding: bool


class Board(Protocol):
    """What the feed needs of a Board."""

    def load(self, source: str, everything: Visible) -> None:
        """Replaces all that is known of a source."""

    def apply(self, source: str, change: Visible) -> None:
        """Takes one commit in."""

    def drop(self, source: str) -> None:
        """Forgets a source."""

    def mark(self, source: str, as_of_ms: int | None, rebuilding: bool) -> None:
        """Says how far a source has been read."""


def topic_of(source: str) -> str:
    """Returns the topic of a source: `calls-3` → `calls`."""
    return source.rsplit("-", 1)[0]


class Feed:
    """The store's callbacks on one side, the tick on the other."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.marks: dict[str, Mark] = dict.fromkeys(sources, Mark(None, rebuilding=True))
        self.top_ms = 0
        """The greatest event time over the sources."""
        self._waiting: list[tuple[str, Callable[[Board], None]]] = []

    def on_load(self, source: str, everything: Visible) -> None:
        """A source was read whole: what waits of it is out of date."""
        self._forget(source)
        self._advance(everything)
        self._waiting.append((source, lambda board: board.load(source, everything)))

    def on_change(self, source: str, change: Visible) -> None:
        """A commit."""
        self._advance(change)
        self._waiting.append((source, lambda board: board.apply(source, change)))

    def on_drop(self, source: str) -> None:
        """A source has no key: its worker has to build it again."""
        self._forget(source)
        self._waiting.append((source, lambda board: board.drop(source)))
        self.on_mark(source, None, rebuilding=True)

    def on_mark(self, source: str, as_of_ms: int | None, rebuilding: bool) -> None:
        """A beat."""
        self.marks[source] = Mark(as_of_ms, rebuilding)

    def drain(self, board: Board) -> None:
        """Takes everything that has come into the board."""
        waiting, self._waiting = self._waiting, []
        for _, act in waiting:
            act(board)
        for source, mark in self.marks.items():
            board.mark(source, *mark)

    def topics(self) -> dict[str, Mark]:
        """Returns each topic's freshness: that of its stalest partition."""
        found: dict[str, list[Mark]] = {}
        for source, mark in self.marks.items():
            found.setdefault(topic_of(source), []).append(mark)
        return {topic: worst(marks) for topic, marks in found.items()}

    def _forget(self, source: str) -> None:
        self._waiting = [w for w in self._waiting if w[0] != source]

    def _advance(self, visible: Visible) -> None:
        self.top_ms = max(self.top_ms, visible.top_ms)


def worst(marks: Sequence[Mark]) -> Mark:
    """Returns how far all have been read; of none: never."""
    known = [mark.as_of_ms for mark in marks if mark.as_of_ms is not None]
    stalest = min(known) if known and len(known) == len(marks) else None
    return Mark(stalest, rebuilding=any(mark.rebuilding for mark in marks))


def wanted(newest_ms: int, zone: Zone) -> Wanted:
    """Returns the stored buckets that a board holds when `now` is `newest_ms` or little later."""
    quarter, day = newest_ms // QUARTER_MS, zone.day_of(newest_ms)
    return Wanted(
        range((newest_ms - HOLD_QUARTERS_MS) // QUARTER_MS, quarter + 2),
        range(day - HOLD_DAYS + 1, day + 2),
    )


def reader(store: Store, sources: Sequence[str], board: Readings, zone: Zone, feed: Feed) -> Reader:
    """Returns what follows the store for a board, through a feed."""
    return Reader(store, sources, lambda _, top_ms: wanted(max(board.now_ms, top_ms), zone), feed)
