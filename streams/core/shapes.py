"""The shapes of a KPI: how a value, its n, its part and its whole come out of sums.

A shape names measures and holds no code. Its text is made of the same names (`formulas`), so what
the wall says of a formula is the formula.

Agents' time is in ms, in measures called `time_…`. The n of what is made of it is how many whole
agent-minutes it has.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, NamedTuple, Self

import msgspec

from streams.core.buckets import HOUR_MS
from streams.core.costs import NO_PRICES, Costing, Prices, cost
from streams.core.live import Live
from streams.core.revised import HISTOGRAM
from streams.core.tally import percentile
from streams.core.words import JUDGED, STRICT, WORDS, Language

MINUTE_MS: Final = 60_000


class Measured(NamedTuple):
    """What a shape makes of sums."""

    value: int | float | None
    """`None` = no data."""
    n: int
    part: int | None = None
    whole: int | None = None


NO_DATA: Final = Measured(None, 0)


class Sum(msgspec.Struct, frozen=True):
    """A sum of measures."""

    terms: tuple[tuple[int, str], ...]
    """(1 or −1, measure)."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the sum that `a + b - c` means."""
        signs = {"+": 1, "-": -1}
        words = ["+", *text.split()]
        return cls(tuple((signs[s], m) for s, m in zip(words[::2], words[1::2], strict=True)))

    def of(self, measures: Mapping[str, int]) -> int:
        """Returns its value; a measure that is not there is 0."""
        return sum(sign * measures.get(measure, 0) for sign, measure in self.terms)

    def text(self, language: Language) -> str:
        """Returns it in words."""
        signs = {1: "+", -1: "−"}
        words = [f"{signs[s]} {getattr(WORDS[m], language)}" for s, m in self.terms]
        return " ".join(words).removeprefix("+ ")

    @property
    def strict(self) -> "Sum":
        """It by the rule that being offline in a break is not adherent."""
        return Sum(tuple((sign, m + STRICT if m in JUDGED else m) for sign, m in self.terms))

    def factor(self, language: Language) -> str:
        """Returns it in words as a side of a division."""
        text = self.text(language)
        return f"({text})" if len(self.terms) > 1 else text


class Count(msgspec.Struct, frozen=True, tag=True):
    """A count of contacts, complete by itself."""

    what: Sum


class Share(msgspec.Struct, frozen=True, tag=True):
    """A part of a whole, 0..1."""

    part: Sum
    whole: Sum


class Mean(msgspec.Struct, frozen=True, tag=True):
    """A sum of milliseconds over contacts, in seconds."""

    total: Sum
    over: Sum


class Quantile(msgspec.Struct, frozen=True, tag=True):
    """A nearest-rank percentile of a histogram, in seconds."""

    percent: int
    family: int
    of: Sum
    """What the histogram holds, in words."""
    over: Sum


class Total(msgspec.Struct, frozen=True, tag=True):
    """Time of agents, in seconds, complete by itself."""

    what: Sum


class TimeShare(msgspec.Struct, frozen=True, tag=True):
    """A part of a time, both in ms; above 1 where the part may exceed the whole."""

    part: Sum
    whole: Sum


class Rate(msgspec.Struct, frozen=True, tag=True):
    """A count per hour of agents' time."""

    what: Sum
    time: Sum


class Cost(msgspec.Struct, frozen=True, tag=True):
    """Money per contact handled, in units of the currency."""

    by: Costing


class Now(msgspec.Struct, frozen=True, tag=True):
    """What is true of contacts now, without a window."""

    what: Literal["waiting", "in_progress", "orphaned", "wait_longest"]


class AgentsNow(msgspec.Struct, frozen=True, tag=True):
    """How many agents are something now, without a window."""

    what: str


Shape = Count | Share | Mean | Quantile | Total | TimeShare | Rate | Cost
"""Shapes that are read from the sums of a window."""
NowShape = Now | AgentsNow
"""Shapes of what is true now."""


def measure(
    shape: Shape,
    measures: Mapping[str, int],
    hist: Mapping[int, int],
    prices: Prices = NO_PRICES,
) -> Measured:
    """Returns what a shape makes of the sums of a window: measures and histograms."""
    match shape:
        case Count(what):
            count = what.of(measures)
            return Measured(count, count)
        case Share():
            part, whole = shape.part.of(measures), shape.whole.of(measures)
            return Measured(part / whole if whole else None, whole, part, whole)
        case Mean():
            n = shape.over.of(measures)
            return Measured(shape.total.of(measures) / (1000 * n) if n else None, n)
        case Quantile():
            n = shape.over.of(measures)
            return Measured(percentile(hist, shape.family, shape.percent), n)
        case _:
            return _measure_time(shape, measures, prices)


@cache
def made_of(shape: Shape, rates: int) -> frozenset[str]:
    """Returns the measures that a shape is made of: those of marks (`revised`).

    Args:
        shape: Any that is read from sums.
        rates: How many classes of cost there are.
    """
    match shape:
        case Count(one) | Total(one):
            sums = [one]
        case Share(one, other) | TimeShare(one, other) | Mean(one, other) | Rate(one, other):
            sums = [one, other]
        case Quantile(over=over):
            return frozenset((HISTOGRAM[shape.family], *(m for _, m in over.terms)))
        case Cost("handling"):
            return frozenset(("handled", "talk_ms", "hold_ms", "wrap_ms"))
        case Cost():
            return frozenset(("handled", *(f"time_rate{k}" for k in range(rates))))
    return frozenset(measure for one in sums for _, measure in one.terms)


def _measure_time(
    shape: Total | TimeShare | Rate | Cost, measures: Mapping[str, int], prices: Prices
) -> Measured:
    match shape:
        case Total(what):
            ms = what.of(measures)
            return Measured(ms / 1000, ms // MINUTE_MS)
        case TimeShare():
            part, whole = shape.part.of(measures), shape.whole.of(measures)
            return Measured(part / whole if whole else None, whole // MINUTE_MS, part, whole)
        case Rate():
            n, ms = shape.what.of(measures), shape.time.of(measures)
            return Measured(n * HOUR_MS / ms if ms else None, n)
        case Cost(by):
            return Measured(cost(by, measures, prices), measures.get("handled", 0))


def measure_now(shape: NowShape, live: Live, now_ms: int) -> Measured:
    """Returns what a shape makes of who is there now; n of a wait = who waits."""
    if isinstance(shape, AgentsNow):
        agents = live.agents.get(shape.what, 0)
        return Measured(agents, agents)
    match shape.what:
        case "waiting":
            return Measured(live.waiting, live.waiting)
        case "in_progress":
            return Measured(live.in_progress, live.in_progress)
        case "orphaned":
            return Measured(live.orphaned, live.orphaned)
        case "wait_longest":
            if live.oldest_s is None:
                return NO_DATA
            return Measured(max(0, now_ms - live.oldest_s * 1000) / 1000, live.waiting)
