"""The hub: a tick reads every topic once and encodes it once, however many clients look.

Theory of operation. A tick moves the board's `now`, reads all lines, and notes what changed. The
two texts of a view, its delta and its snapshot, are made when the first client needs them and kept
until the next tick. A client that saw the tick before gets the delta, any other the snapshot:
nobody's backlog is kept, and nothing is ever merged for one client. Between two ticks the board
stands still, so whoever reads it then (REST) says the same. Topics that are none of the board's
(alerts) are offered as ready documents, and shown from the next tick on. No socket and no clock in
here: `api.sockets` and `api.ticker` bring them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from api import segments
from api.messages import (
    NOTHING,
    Delta,
    Denied,
    Snapshot,
    SourceState,
    Subscribe,
    Subscribed,
    Value,
    encode,
    value,
)
from api.views import MAX_TOPICS, Line, Offered, Topic, View, kpis_of, offered, parse_all
from streams.core.errors import BadName, NotHeld
from streams.core.kpis import KPIS
from streams.core.reading import Reading

MAX_LINES: Final = 5_000
"""Topics that the hub reads in a tick for all views together; beyond it no new view is taken."""


class Readable(segments.People, Protocol):
    """What the hub needs of a Board."""

    now_ms: int

    def step(self, now_ms: int) -> None:
        """Moves `now`."""

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Returns one reading."""

    def segments(self, pattern: str) -> list[str]:
        """Returns the segments that a pattern means."""


class Hub:
    """All lines and views of one process.

    Args:
        board: What is read.
        epoch: Another one = another process.
        others: Topics that are none of the board's, such as `alerts@live`.
    """

    def __init__(self, board: Readable, epoch: str, others: Iterable[str] = ()) -> None:
        self.board = board
        self.epoch = epoch
        self.seq = 0
        self.ts_ms = 0
        self.sources: Mapping[str, SourceState] = {}
        self._moved: dict[str, float | SourceState] = {}
        self._lines: dict[Topic, Line] = {}
        self._others = {topic: Offered(topic) for topic in map(offered, others)}
        self._views: dict[tuple[tuple[Topic, ...], tuple[str, ...] | None], View] = {}

    def subscribe(self, message: Subscribe) -> tuple[View, Subscribed]:
        """Returns the view that was asked for, to be given back by `release`, and the answer.

        Raises:
            BadName: too many topics, an unknown KPI, a full hub.
        """
        if len(message.topics) > MAX_TOPICS:
            raise BadName(f"{len(message.topics)} topics; at most {MAX_TOPICS}")
        unknown = [kpi for kpi in message.kpis or () if kpi not in KPIS]
        if unknown:
            raise BadName(f"not in the catalogue: {', '.join(map(repr, unknown))}")
        asked, refused = parse_all(message.topics, self._others)
        view = self._view(asked, message.kpis)
        view.clients += 1
        denied = [Denied(*r) for r in refused]
        denied += [Denied(str(topic), reason) for topic, reason in view.denied.items()]
        return view, Subscribed(message.id, tuple(map(str, view.topics)), tuple(denied))

    def release(self, view: View) -> None:
        """Gives a view back; with its last client it goes, and with the next tick its lines."""
        view.clients -= 1
        if not view.clients:
            del self._views[view.asked, view.kpis]

    def offer(self, topic: str, document: msgspec.Raw) -> None:
        """Shows a document from the next tick on, instead of the one before.

        Raises:
            KeyError: the hub was not told of this topic when it was made.
        """
        self._others[offered(topic)].offer(document)

    def tick(self, now_ms: int, ts_ms: int, sources: Mapping[str, SourceState]) -> None:
        """Moves `now` and reads everything; `ts_ms` is the clock of the messages."""
        self.board.step(now_ms)
        self.seq += 1
        self.ts_ms = ts_ms
        self._moved = _moved(self.sources, sources)
        self.sources = sources
        for line in self._lines.values():
            line.step(self._read)
        for other in self._others.values():
            other.step()
        for view in self._views.values():
            view.snapshot = view.delta = None
            view.grow(self._expand, self._trouble)
        self._wire()

    def text(self, view: View, seen: int | None) -> str:
        """Returns what a client that saw tick `seen` last is to be sent now."""
        if seen == self.seq - 1:
            view.delta = view.delta or encode(self._delta(view))
            return view.delta
        view.snapshot = view.snapshot or encode(self._snapshot(view))
        return view.snapshot

    def size(self) -> tuple[int, int]:
        """Returns how many views and lines there are."""
        return len(self._views), len(self._lines)

    def _view(self, asked: tuple[Topic, ...], kpis: tuple[str, ...] | None) -> View:
        view = self._views.get((asked, kpis))
        if view is None:
            if len(self._lines) + len(asked) > MAX_LINES:
                raise BadName("the server watches as many topics as it can; try later")
            view = View(asked, kpis, self._others)
            view.grow(self._expand, self._trouble)
            view.added.clear()
            self._views[asked, kpis] = view
            self._wire()
        return view

    def _expand(self, ask: Topic) -> Sequence[Topic]:
        if "*" not in ask.segment:
            return (ask,)
        found = segments.expand(ask.segment, self.board, self.board.segments)
        return [Topic(segment, ask.window) for segment in found]

    def _trouble(self, topic: Topic) -> str | None:
        """Returns why a topic cannot be read, by trying it."""
        if topic in self._others:
            return None
        try:
            self.board.read(topic.segment, kpis_of(topic.window)[0], topic.window)
        except (BadName, NotHeld) as error:
            return str(error)
        return None

    def _wire(self) -> None:
        """Makes the lines those that the views want; reads what is new."""
        wanted: dict[Topic, set[str]] = {}
        for view in self._views.values():
            for topic, kpis in view.topics.items():
                if topic not in self._others:
                    wanted.setdefault(topic, set()).update(kpis)
        self._lines = {t: self._lines.get(t) or Line(t) for t in wanted}
        for topic, line in self._lines.items():
            for kpi in line.want(wanted[topic]):
                line.put(kpi, self._read(topic, kpi))

    def _read(self, topic: Topic, kpi: str) -> Value:
        try:
            reading = self.board.read(topic.segment, kpi, topic.window)
        except NotHeld:  # a date that has become too old while somebody looked at it
            return NOTHING
        since = reading.since_ms
        if since is None:
            return value(reading, None)
        return value(reading, (since + self.ts_ms - self.board.now_ms) / 1000)

    def _snapshot(self, view: View) -> Snapshot:
        topics = {str(t): self._line(t).pick(kpis) for t, kpis in view.topics.items()}
        return Snapshot(self.epoch, self.seq, self.ts_ms / 1000, dict(self.sources), topics)

    def _line(self, topic: Topic) -> Line | Offered:
        return self._others.get(topic) or self._lines[topic]

    def _delta(self, view: View) -> Delta:
        d = []
        for topic, kpis in view.topics.items():
            line = self._line(topic)
            new = kpis if topic in view.added else [k for k in kpis if k in line.changed]
            if new:
                d.append((line.name, line.pick(new)))
        return Delta(self.seq, self.ts_ms / 1000, self._moved, d)


def _moved(
    before: Mapping[str, SourceState], after: Mapping[str, SourceState]
) -> dict[str, float | SourceState]:
    """Returns the sources that changed: only the time while the state is the same."""
    moved: dict[str, float | SourceState] = {}
    for name, new in after.items():
        old = before.get(name)
        if new == old:
            continue
        same = old is not None and old.state == new.state and new.as_of is not None
        moved[name] = new.as_of if same and new.as_of is not None else new
    return moved
