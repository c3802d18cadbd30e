"""The kinds of rules: what each measures of a segment, and what it makes of it.

A condition is made of a rule once and asked for each segment at each tick. It keeps nothing that
cannot be had again: the same numbers give the same verdicts, in any order.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, Protocol

from alerting.core.burning import Budget
from alerting.core.expected import Change, Projection, Silence
from alerting.core.rules import Guard, Kind, Rule, Term
from alerting.core.shapes import Data, Severity
from alerting.core.verdicts import (
    BAD_DATA,
    Edge,
    Read,
    Reader,
    Verdict,
    absolute,
    confirms,
    edges_of,
    entry_of,
    judge,
)
from alerting.core.view import BoardView, Earlier
from streams.core.calendars import Calendar
from streams.core.names import SITE


class Condition(Protocol):
    """One rule's way of looking at a segment."""

    def __call__(self, view: BoardView, segment: str) -> Verdict:
        """Returns what it finds."""


class Threshold:
    """A KPI beyond a limit, or beyond its target by so much."""

    def __init__(self, rule: Rule) -> None:
        self._guard, self._kpi = rule.guard, entry_of(rule.metric)
        self._read = Reader(self._kpi, rule.guard, rule.stale_after, rule.windows)
        self._levels = rule.levels.of
        self._edges = () if rule.vs == "target" else edges_of(self._levels, None)
        self._of_target = lru_cache(maxsize=256)(lambda target: edges_of(self._levels, target))

    def __call__(self, view: BoardView, segment: str) -> Verdict:
        """Returns the verdict on one segment."""
        data, value, reading = self._read(view, segment)
        edges = self._edges
        if not edges and reading.target is not None:
            edges = self._of_target(reading.target)
        window = reading.window
        if data == "ok" and not edges:  # no target
            return Verdict("missing", reading=reading, window=window)
        if value is None:
            return Verdict(data, reading=reading, window=window, edges=edges)
        raised, kept = judge(
            value, edges, lambda edge: confirms(view, self._kpi, reading, self._guard, edge)
        )
        return Verdict("ok", raised, kept, value, reading, window, edges)


class Several:
    """All or any of several KPIs, with one level."""

    def __init__(self, rule: Rule) -> None:
        assert rule.clear is not None
        self._rule = rule
        (self._severity,) = rule.levels.of
        self._raise = _Terms(rule, rule.all_, rule.any_)
        self._clear = _Terms(rule, rule.clear.all_, rule.clear.any_)

    def __call__(self, view: BoardView, segment: str) -> Verdict:
        """Returns the verdict on one segment; what is shown of it is the first KPI."""
        data, holds, first = self._raise.look(view, segment)
        reading = first.reading
        if data != "ok":
            return Verdict(data, reading=reading, window=reading.window)
        seen, cleared, _ = self._clear.look(view, segment)
        raised = self._severity if holds else Severity.NONE
        stays = holds or seen != "ok" or not cleared
        kept = self._severity if stays else Severity.NONE
        return Verdict("ok", raised, kept, first.value, reading, reading.window)


class _Terms:
    """Several comparisons, of which all or any must hold."""

    def __init__(
        self, rule: Rule, every: Iterable[Term] | None, some: Iterable[Term] | None
    ) -> None:
        self._terms = [self._reading(rule, term) for term in every or some or ()]
        self._together = any if every is None else all

    def look(self, view: BoardView, segment: str) -> tuple[Data, bool, Read]:
        """Returns whether there is data to judge by, whether they hold, and what the first read.

        One that holds is enough for `any`, whatever the others lack.
        """
        found = [self._look(term, guard, read, view, segment) for term, guard, read in self._terms]
        holds = self._together(held for _, held in found)
        decided = holds and self._together is any
        data: Data = min((r.data for r, _ in found), key=BAD_DATA.index)
        return "ok" if decided else data, holds, found[0][0]

    @staticmethod
    def _reading(rule: Rule, term: Term) -> tuple[Term, Guard, Reader]:
        guard = term.guard or rule.guard
        ladder = guard.windows if term.window is None else [term.window]
        return term, guard, Reader(entry_of(term.metric), guard, rule.stale_after, ladder)

    @staticmethod
    def _look(
        term: Term, guard: Guard, read: Reader, view: BoardView, segment: str
    ) -> tuple[Read, bool]:
        found = read(view, segment)
        target = found.reading.target if term.vs == "target" else None
        if found.value is None:
            return found, False
        if term.vs == "target" and target is None:
            return found._replace(data="missing"), False
        limit = absolute(term, target)
        edge = Edge(Severity.WARNING, term.side, limit, limit)
        kpi = entry_of(term.metric)
        held = edge.beyond(found.value) and confirms(view, kpi, found.reading, guard, edge)
        return found, held


class Feed:
    """The age of what has been read."""

    def __init__(self, rule: Rule) -> None:
        assert rule.stale is not None
        self._topic = rule.stale.topic
        self._edges = edges_of(rule.levels.of, None)

    def __call__(self, view: BoardView, segment: str) -> Verdict:  # noqa: ARG002  as all do
        """Returns the verdict on the feed, whatever the segment."""
        age_ms = view.age_ms(self._topic)
        if age_ms is None:
            return Verdict("missing", edges=self._edges)
        age_s = age_ms / 1000
        raised, kept = judge(age_s, self._edges, lambda _: True)
        detail = {"topic": self._topic} if self._topic else {}
        return Verdict("ok", raised, kept, age_s, edges=self._edges, detail=detail)


Calendars = Mapping[str, Calendar]
_MAKE: Final[Mapping[Kind, Callable[[Rule, Earlier, Calendars], Condition]]] = {
    "threshold": lambda rule, _, __: Threshold(rule),
    "all": lambda rule, _, __: Several(rule),
    "any": lambda rule, _, __: Several(rule),
    "change": lambda rule, earlier, _: Change(rule, earlier),
    "silence": lambda rule, earlier, calendars: Silence(
        rule, earlier, calendars.get(rule.calendar or "")
    ),
    "stale": lambda rule, _, __: Feed(rule),
    "burn": lambda rule, _, calendars: Budget(rule, calendars.get(rule.calendar or "")),
    "projection": lambda rule, _, __: Projection(rule),
}


def condition(rule: Rule, earlier: Earlier, calendars: Calendars) -> Condition:
    """Returns the condition of a rule that makes sense.

    Args:
        rule: The rule.
        earlier: What earlier weeks were like; shared by all rules.
        calendars: By name.
    """
    return _MAKE[rule.kind](rule, earlier, calendars)


def segments_of(rule: Rule) -> Callable[[BoardView], list[str]]:
    """Returns what tells the segments that a rule is about, each once; the feed is the site's."""
    select = rule.select
    if rule.kind == "stale":
        return lambda _: [SITE]
    if len(select) == 1:
        return lambda view: view.segments(select[0])
    return lambda view: list(dict.fromkeys(s for p in select for s in view.segments(p)))
