"""What the store says, kept until the hub's next tick takes it into the board.

So the board stands still between two ticks, and REST, WebSocket and Prometheus say the same. Redis
away: nothing comes, `as_of` stays where it is, and everything that reads the board goes stale by
itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from api.messages import LIVE, REBUILDING, SourceState
from streams.core.changes import Visible


class Mark(NamedTuple):
    """How far one source has been read."""

    as_of_ms: int | None
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
    """The store's callbacks on one side, the hub's tick on the other."""

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

    def states(self) -> dict[str, SourceState]:
        """Returns each topic's freshness: that of its stalest partition."""
        topics: dict[str, list[Mark]] = {}
        for source, mark in self.marks.items():
            topics.setdefault(topic_of(source), []).append(mark)
        return {topic: _worst(marks) for topic, marks in topics.items()}

    def _forget(self, source: str) -> None:
        self._waiting = [w for w in self._waiting if w[0] != source]

    def _advance(self, visible: Visible) -> None:
        self.top_ms = max(self.top_ms, visible.top_ms)


def _worst(marks: Sequence[Mark]) -> SourceState:
    times = [mark.as_of_ms for mark in marks]
    known = [t for t in times if t is not None]
    as_of = min(known) / 1000 if len(known) == len(times) else None
    return SourceState(as_of, REBUILDING if any(m.rebuilding for m in marks) else LIVE)


def reasons(
    connected: bool, states: Mapping[str, SourceState], ts_ms: int, stale_ms: int
) -> list[str]:
    """Returns why the numbers cannot be trusted now; empty = ready."""
    out = [] if connected else ["redis is away"]
    for topic, state in states.items():
        if state.state == REBUILDING:
            out.append(f"{topic}: rebuilding")
        elif state.as_of is None:
            out.append(f"{topic}: never read")
        elif ts_ms - state.as_of * 1000 > stale_ms:
            out.append(f"{topic}: stale for {ts_ms / 1000 - state.as_of:.0f} s")
    return out
