"""Rules × board → observations: what the state machine is told at a tick.

Theory of operation. Rules share their readings: within a tick each is read once. Of most segments a
rule finds that nothing is the matter; then nothing is made of it, unless somebody watches that
instance: one that is pending, firing, cooling or lately resolved must hear that it is quiet, too.
Where a board says which segments have changed, the verdicts on all others are kept. So a tick costs
what has changed, and messages' facts are made for trouble only.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final, NamedTuple
from zlib import crc32

from alerting.core.conditions import Condition, condition, segments_of
from alerting.core.rules import Rule
from alerting.core.shapes import Facts, Key, Observation
from alerting.core.verdicts import Verdict
from alerting.core.view import BoardView, Detailed, Earlier, detailed, tracked
from streams.core.buckets import FINE_MS, Zone
from streams.core.calendars import Calendar
from streams.core.kpis import find
from streams.core.policy import Target
from streams.core.reading import ENDS_NOW, Reading
from streams.core.windows import LIVE

FEED: Final = "feed_age"
"""Stands for the KPI of a rule about the feed."""
REFRESH: Final = 24
"""After so many buckets of 10 s a verdict is looked at anew: sooner than sums lie idle."""
_GONE: Final = Verdict("missing")


class Seen(NamedTuple):
    """One observation, and whose it is."""

    rule: Rule
    key: Key
    observation: Observation


class Memo:
    """A view that reads everything once."""

    def __init__(self, view: BoardView) -> None:
        self.now_ms: int = view.now_ms
        self.zone: Zone = view.zone
        self.segments, self.history, self.age_ms = view.segments, view.history, view.age_ms
        self._read = view.read
        self._readings: dict[tuple[str, str, str], Reading] = {}

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Returns one reading."""
        key = segment, kpi, window
        reading = self._readings.get(key)
        if reading is None:
            reading = self._readings[key] = self._read(segment, kpi, window)
        return reading


class DetailedMemo(Memo):
    """Likewise, of a view that says more."""

    def __init__(self, view: BoardView, more: Detailed) -> None:
        super().__init__(view)
        self.histogram, self.beyond = more.histogram, more.beyond


def memo(view: BoardView) -> BoardView:
    """Returns a view that reads everything once."""
    more: object = view
    return DetailedMemo(view, more) if detailed(more) else Memo(view)


class Evaluator:
    """All rules, ready to look at a board, tick by tick.

    Args:
        rules: Rules that make sense.
        calendars: By name; every one that a rule names.
    """

    def __init__(self, rules: Iterable[Rule], calendars: Mapping[str, Calendar]) -> None:
        earlier = Earlier()
        self._calendars = calendars
        self._rules = [
            _Looking(rule, condition(rule, earlier, calendars)) for rule in rules if rule.enabled
        ]

    def tick(
        self, view: BoardView, watched: Iterable[Key] = (), clock_ms: int | None = None
    ) -> Iterator[Seen]:
        """Yields what is the matter, and everything that is watched.

        Args:
            view: The numbers at `now`.
            watched: The instances that there are.
            clock_ms: Redis TIME, by which calendars go; without it Board time.
        """
        moved = view.moved() if tracked(view) else None
        view = memo(view)
        at_ms = view.now_ms if clock_ms is None else clock_ms
        opened = {name: calendar.is_open(at_ms) for name, calendar in self._calendars.items()}
        watched_of: dict[str, set[str]] = {}
        for key in watched:
            watched_of.setdefault(key.rule, set()).add(key.segment)
        for looking in self._rules:
            rule = looking.rule
            is_open = rule.calendar is None or opened[rule.calendar]
            mine = watched_of.get(rule.id, set())
            for segment, verdict in looking.look(view, mine, moved, is_open=is_open):
                yield Seen(rule, Key(rule.id, segment), observation(verdict, segment, is_open))


class _Looking:
    """One rule, and what it found of segments in which nothing has changed since."""

    def __init__(self, rule: Rule, condition: Condition) -> None:
        self.rule = rule
        self._condition = condition
        self._steady, self._segments = is_steady(rule), segments_of(rule)
        self._found: dict[str, Verdict] = {}
        self._due: tuple[set[str], ...] = tuple(set() for _ in range(REFRESH))

    def look(
        self,
        view: BoardView,
        watched: Collection[str],
        moved: Collection[str] | None,
        *,
        is_open: bool,
    ) -> Iterator[tuple[str, Verdict]]:
        """Yields the verdicts that matter; outside the rule's hours only those watched."""
        fires_blind = self.rule.no_data == "fire"
        left = set(watched)
        self._forget(view, moved)
        found = self._found
        for segment in self._segments(view) if is_open else sorted(watched):
            verdict = found.get(segment) or self._judged(view, segment)
            if verdict.kept or segment in left or (fires_blind and verdict.data == "missing"):
                left.discard(segment)
                yield segment, verdict
        for segment in sorted(left):
            yield segment, _GONE

    def _judged(self, view: BoardView, segment: str) -> Verdict:
        """Returns a new verdict, and keeps it where only counts can change it."""
        verdict = self._condition(view, segment)
        if self._steady and verdict.data in ("ok", "few"):
            assert verdict.reading is not None
            if not verdict.reading.formula.startswith(ENDS_NOW):
                self._found[segment] = verdict
                self._due[crc32(segment.encode()) % REFRESH].add(segment)
        return verdict

    def _forget(self, view: BoardView, moved: Collection[str] | None) -> None:
        """Forgets verdicts that may be others now.

        Without news a verdict holds while the feed is fresh. Each is looked at anew now and then,
        or the board would give up the sums of windows that nobody reads.
        """
        age_ms = view.age_ms(None)
        if moved is None or age_ms is None or age_ms > self.rule.stale_after:
            self._found.clear()
            return
        due = self._due[view.now_ms // FINE_MS % REFRESH]
        for segment in chain(moved, due):
            self._found.pop(segment, None)
        due.clear()


def is_steady(rule: Rule) -> bool:
    """Whether what a rule finds changes only where something is counted, not by time alone."""
    metric = rule.slo.kpi if rule.slo else rule.metric
    if rule.kind not in ("threshold", "burn") or metric is None:
        return False
    kpi = find(metric)
    return kpi.kind not in (LIVE, "time", "time_share", "rate", "cost")


def observe(
    rule: Rule, view: BoardView, calendars: Mapping[str, Calendar]
) -> Iterator[tuple[Key, Observation]]:
    """Yields the observation of every segment of one rule: for tests and tools."""
    look = condition(rule, Earlier(), calendars)
    is_open = rule.calendar is None or calendars[rule.calendar].is_open(view.now_ms)
    for segment in segments_of(rule)(view):
        yield Key(rule.id, segment), observation(look(view, segment), segment, is_open)


def observation(verdict: Verdict, segment: str, is_open: bool) -> Observation:
    """Returns what the state machine is told of a verdict."""
    return Observation(
        data=verdict.data,
        raised=verdict.raised,
        kept=verdict.kept,
        open=is_open,
        facts=facts(verdict, segment),
    )


def facts(verdict: Verdict, segment: str) -> Facts:
    """Returns what a message needs to know of a verdict."""
    reading = verdict.reading
    level = verdict.raised or verdict.kept
    edges = verdict.edges
    edge = next((e for e in edges if e.severity == level), edges[-1] if edges else None)
    side = edge.side if edge else "above"
    limits = (edge.limit, edge.clear) if edge else (None, None)
    if reading is None:
        return Facts(
            segment=segment, kpi=FEED, window="live", value=verdict.value, n=None, part=None,
            whole=None, unit="seconds", formula="", threshold=limits[0], clear=limits[1],
            target=None, since_ms=None, detail=verdict.detail,
        )  # fmt: skip
    return Facts(
        segment=segment, kpi=reading.kpi, window=reading.window, value=verdict.value,
        n=reading.n, part=reading.part, whole=reading.whole, unit=reading.unit,
        formula=reading.formula, threshold=limits[0], clear=limits[1],
        target=_target(reading.target, side), since_ms=reading.since_ms, detail=verdict.detail,
    )  # fmt: skip


def _target(target: Target | None, side: str) -> float | None:
    """Returns the side of a target that matters."""
    if target is None:
        return None
    near, far = (target.high, target.low) if side == "above" else (target.low, target.high)
    return far if near is None else near
