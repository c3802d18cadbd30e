"""The back-test: how often a rule would have fired on real days, before it wakes anybody.

Events go through the same ledger and board as everything else, the board is stepped tick by tick,
and rules and state machine see what they would have seen. Of quiet times only each minute is looked
at; while something is pending or firing, every tick. Earlier weeks are those of the file itself, so
rules that need them sleep through the first ones. The feed is never stale here, and nobody
acknowledges anything.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from alerting.core.machine import step
from alerting.core.observe import Evaluator
from alerting.core.rules import Rule
from alerting.core.shapes import Event, Facts, Instance, Key, Severity, Timing
from alerting.core.view import AlertBoard
from streams.core import names
from streams.core.buckets import HOUR_MS, QUARTER, QUARTER_MS, Retention, Zone
from streams.core.calendars import Calendar
from streams.core.kpis import find
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.core.reading import formula_of, measured
from streams.core.roster import Roster
from streams.core.tally import Cell, lanes, merge
from streams.settings import Topic
from streams.settings.shapes import NO_EVENTS

TICK_MS: Final = 15_000
QUIET_MS: Final = 60_000
"""Where nothing goes on, it is looked so often."""
KEPT: Final = Retention(2 * HOUR_MS, 30 * HOUR_MS, 30 * HOUR_MS, 3 * 24 * HOUR_MS, None)
AHEAD_MS: Final = 24 * HOUR_MS


class Operation(msgspec.Struct, frozen=True):
    """What is tried, and by which settings."""

    rules: tuple[Rule, ...]
    fold: FoldPolicy
    reading: ReadingPolicy
    zone: str
    channels: Mapping[str, str]
    """topic → the channel of its contacts until they state one."""
    calendars: Mapping[str, Calendar] = {}
    roster: Roster | None = None
    tick_ms: int = TICK_MS


class Timed(NamedTuple):
    """An event, when it happened, and in which topic it would have been."""

    at_ms: int
    topic: str
    value: bytes


class Episode(msgspec.Struct):
    """An alert, from its firing to its end."""

    rule: str
    segment: str
    start_ms: int
    worst: Severity
    facts: Facts
    """Of when it fired."""
    end_ms: int | None = None
    """`None` = it still lasted at the end of the file."""
    reopened: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What came of it."""

    episodes: list[Episode]
    days: int
    """Local days with any event."""
    events: int
    refused: int


def channels_of(topics: Mapping[str, Topic]) -> dict[str, str]:
    """Returns the channel of every topic that events lie in."""
    return {name: topic.channel for name, topic in topics.items() if name not in NO_EVENTS}


def backtest(operation: Operation, events: Iterable[Timed]) -> Outcome:
    """Returns what rules would have done.

    Args:
        operation: What is tried.
        events: In the order of their times.
    """
    stage = _Stage(operation)
    for batch, at_ms in _batches(events, stage):
        stage.take(batch, at_ms)
    return stage.outcome()


def _batches(events: Iterable[Timed], stage: "_Stage") -> Iterator[tuple[list[Timed], int]]:
    """Yields what happens between two looks, and when the second is."""
    batch: list[Timed] = []
    tick_ms = stage.tick_ms
    next_ms = 0
    for event in events:
        if not next_ms:
            next_ms = (event.at_ms // tick_ms + 1) * tick_ms
        while event.at_ms >= next_ms:
            yield batch, next_ms
            batch = []
            wait = tick_ms if stage.busy else max(tick_ms, QUIET_MS)
            coming = (event.at_ms // tick_ms + 1) * tick_ms
            next_ms = max(next_ms + tick_ms, min(coming, next_ms + wait))
        batch.append(event)
    if batch:
        yield batch, next_ms


class _Stage:
    """Ledgers, board, rules and instances while time passes."""

    def __init__(self, operation: Operation) -> None:
        self.tick_ms = operation.tick_ms
        self.busy = False
        """Whether anything is pending, firing or cooling."""
        self._operation = operation
        dims = {names.dimensions(p) for rule in operation.rules for p in rule.select}
        fold = msgspec.structs.replace(
            operation.fold,
            timezone=operation.zone,
            segments=tuple(sorted((dims | {("channel",)}) - {()})),
            retention=KEPT,
        )
        zone = Zone(operation.zone)
        self._ledgers = {
            topic: Ledger(fold, channel, operation.roster)
            for topic, channel in operation.channels.items()
        }
        sources = [f"{topic}-0" for topic in self._ledgers]
        board = AlertBoard(zone, operation.reading, sources, KEPT)
        for topic, ledger in self._ledgers.items():
            board.load(f"{topic}-0", ledger.everything())
        self._view = PastView(board, zone, operation.reading)
        self._evaluator = Evaluator(operation.rules, operation.calendars)
        self._timings = {rule.id: _timing(rule, operation.tick_ms) for rule in operation.rules}
        self._instances: dict[Key, Instance] = {}
        self._open: dict[str, Episode] = {}
        self._episodes: list[Episode] = []
        self._days: set[int] = set()
        self._counts = Counter[str]()

    def take(self, batch: Sequence[Timed], at_ms: int) -> None:
        """Takes in what happened up to an instant, and looks at it."""
        by_topic: dict[str, list[bytes]] = {}
        for event in batch:
            by_topic.setdefault(event.topic, []).append(event.value)
        for topic, values in by_topic.items():
            ledger = self._ledgers[topic]
            self._counts["refused"] += len(ledger.apply_all(values, at_ms + AHEAD_MS))
            self._counts["events"] += len(values)
            self._view.apply(topic, ledger)
        if batch:
            self._days.add(self._view.zone.day_of(batch[-1].at_ms))
        self._view.step(at_ms, self._ledgers)
        for seen in self._evaluator.tick(self._view, self._instances):
            before = self._instances.pop(seen.key, None)
            timing = self._timings[seen.rule.id]
            after, events = step(before, seen.observation, at_ms, at_ms, timing, seen.key)
            if after is not None:
                self._instances[seen.key] = after
            for what in events:
                self._happened(what)
        self.busy = any(i.condition != "resolved" for i in self._instances.values())

    def _happened(self, event: Event) -> None:
        match event.kind:
            case "fire":
                episode = Episode(
                    event.key.rule, event.key.segment, event.at_ms, event.severity, event.facts
                )
                self._episodes.append(episode)
                self._open[event.episode] = episode
            case "escalate":
                episode = self._open[event.episode]
                episode.worst = max(episode.worst, event.severity)
            case "reopen":
                self._open[event.episode].reopened += 1
                self._open[event.episode].end_ms = None
            case "resolve" | "close":
                self._open[event.episode].end_ms = event.at_ms
            case _:
                pass

    def outcome(self) -> Outcome:
        """Returns what came of it."""
        counts = self._counts
        return Outcome(self._episodes, len(self._days), counts["events"], counts["refused"])


def _timing(rule: Rule, tick_ms: int) -> Timing:
    """Returns a rule's timing; where ticks are rarer than it wants, they are what there is."""
    timing = rule.timing()
    every_ms = max(timing.evaluate_every_ms, tick_ms)
    return msgspec.structs.replace(timing, evaluate_every_ms=every_ms)


class PastView:
    """A board of files that are read, with the weeks before."""

    def __init__(self, board: AlertBoard, zone: Zone, reading: ReadingPolicy) -> None:
        self.zone = zone
        self._board, self._reading = board, reading
        self.read, self.segments = board.read, board.segments
        self.histogram, self.beyond, self.moved = board.histogram, board.beyond, board.moved
        self._quarters: dict[tuple[int, str], dict[str, Cell]] = {}
        """(quarter hour, segment) → topic → its sums."""
        self._first: int | None = None

    @property
    def now_ms(self) -> int:
        """Board time."""
        return self._board.now_ms

    def apply(self, topic: str, ledger: Ledger) -> None:
        """Takes in what a ledger has booked."""
        visible = ledger.take_changes().visible
        for (quarter, segment), cell in visible.cells[QUARTER].items():
            kept = Cell(cell.sums, dict(cell.hist))  # a ledger's histogram is its own
            self._quarters.setdefault((quarter, segment), {})[topic] = kept
            self._first = quarter if self._first is None else min(self._first, quarter)
        self._board.apply(f"{topic}-0", visible)

    def step(self, now_ms: int, topics: Iterable[str]) -> None:
        """Moves `now`: everything up to there has been read."""
        for topic in topics:
            self._board.mark(f"{topic}-0", now_ms, rebuilding=False)
        self._board.step(now_ms)

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:
        """Returns a KPI of a whole quarter hour; `None` before the file begins."""
        quarter = at_ms // QUARTER_MS
        if self._first is None or quarter < self._first:
            return None
        found = Cell(0, {})
        for cell in self._quarters.get((quarter, segment), {}).values():
            found = merge(found, cell)
        entry = find(kpi)
        formula = formula_of(entry, self._reading.formula(segment), ends_now=False)
        return measured(entry, formula, lanes(found.sums), found.hist).value

    def age_ms(self, topic: str | None) -> int | None:  # noqa: ARG002  every topic is read here
        """Returns 0: a file is never stale."""
        return 0
