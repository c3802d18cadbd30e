"""A reading: one KPI of one segment in one window, with everything that it takes to trust it.

All of it is a pure function of sums, settings and `now`: the board, the report and the history
share it, so a number and its status are the same wherever they are shown.

Definitions. `provisional`: facts may still be accepted for the window, because it runs or because
it ended less than the horizon ago; what is true now (no window) is never provisional. `revised`: in
a quarter hour of the window that had ended, by the source's own time and by more than 60 s,
something that came late or was corrected changed a sum that the value is made of (`revisions`).
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from streams.core.catalogue import Kpi, Unit
from streams.core.costs import NO_PRICES, Prices
from streams.core.live import Live
from streams.core.policy import Formula, Target
from streams.core.shapes import AgentsNow, Measured, Now, measure, measure_now
from streams.core.words import BEYOND

Status = Literal["ok", "warning", "critical", "none"]

SMALL_N: Final = 385
"""Below this n a share may lie more than 5 points off: it gets its bounds."""
_Z: Final = 1.96
"""Of 100 shares 95 lie within their bounds."""
ENDS_NOW: Final = "SL-now"
"""Begins the ids of formulas that count who is waiting now."""
_OTHERWISE: Final = "SL-B"


class Freshness(NamedTuple):
    """How far the sources have been read: as far as the stalest."""

    as_of_ms: int | None
    rebuilding: bool


class Reading(msgspec.Struct, frozen=True):
    """One KPI of one segment in one window."""

    segment: str
    kpi: str
    window: str
    value: int | float | None
    """In `unit`: contacts, agents, 0..1, seconds, money; `None` = no data."""
    n: int | None
    """How many contacts, agents or whole agent-minutes stand behind the value."""
    part: int | None
    whole: int | None
    """Of a share, in contacts, or of a share of time, in ms (`Kpi.part_unit`); else `None`."""
    low: float | None
    high: float | None
    """Bounds of a share whose n is small (Wilson, 95 %); else `None`: time is no sample."""
    unit: Unit
    target: Target | None
    status: Status
    formula: str
    """Which of the KPI's formulas it is."""
    as_of_ms: int | None
    """Everything that was in the log by then is in the value; `None` = never read."""
    since_ms: int | None
    """Since when the longest wait lasts; `None` for every other KPI."""
    provisional: bool
    revised: bool
    rebuilding: bool


def status(
    value: float | None, n: int | None, target: Target | None, *, sampled: bool = True
) -> Status:
    """Returns where a value lies: `ok` within the target, `warning` within the wider pair.

    Args:
        value: The value.
        n: How many contacts or whole agent-minutes stand behind it.
        target: Limits, inclusive; a side without limit is never passed.
        sampled: Whether a value of few contacts says little: `none` under the target's minimum n.
            A count and what is true now need no n: one customer who waits for ten minutes is one
            too many.
    """
    if value is None or target is None or (sampled and (n or 0) < target.minimum_n):
        return "none"
    if _within(value, target.low, target.high):
        return "ok"
    return "warning" if _within(value, target.warning_low, target.warning_high) else "critical"


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Returns the bounds of a share, 95 %, by E. B. Wilson's score interval (1927)."""
    p, spread = part / whole, _Z * _Z / whole
    middle = (p + spread / 2) / (1 + spread)
    reach = _Z * ((p * (1 - p) + spread / 4) / whole) ** 0.5 / (1 + spread)
    return min(p, max(0.0, middle - reach)), max(p, min(1.0, middle + reach))


def formula_of(kpi: Kpi, settings: Formula, *, ends_now: bool) -> str:
    """Returns which formula a segment's settings mean.

    SL-now counts who is waiting now: a window that does not end now gets SL-B instead, and its id
    says so.
    """
    if settings.service_level == ENDS_NOW and not ends_now:
        settings = msgspec.structs.replace(settings, service_level=_OTHERWISE)
    return kpi.choose(settings)


def measured(
    kpi: Kpi,
    formula: str,
    measures: Mapping[str, int],
    hist: Mapping[int, int],
    beyond: int = 0,
    prices: Prices = NO_PRICES,
) -> Measured:
    """Returns a KPI of the sums of a window.

    Args:
        kpi: A KPI that has windows.
        formula: Which of its formulas.
        measures: The measures that are not 0.
        hist: The histograms.
        beyond: How many wait beyond their answer target now (SL-now).
        prices: What agents' time costs.
    """
    shape = kpi.formulas[formula]
    assert not isinstance(shape, Now | AgentsNow)
    return measure(shape, {**measures, BEYOND: beyond} if beyond else measures, hist, prices)


def measured_now(kpi: Kpi, formula: str, live: Live, now_ms: int) -> Measured:
    """Returns a KPI of what is true now."""
    shape = kpi.formulas[formula]
    assert isinstance(shape, Now | AgentsNow)
    return measure_now(shape, live, now_ms)


def make(
    segment: str,
    kpi: Kpi,
    window: str,
    formula: str,
    found: Measured,
    target: Target | None,
    fresh: Freshness,
    *,
    since_ms: int | None = None,
    provisional: bool = False,
    revised: bool = False,
) -> Reading:
    """Returns a reading: bounds and status follow from what was measured."""
    value, n, part, whole = found
    low = high = None
    if kpi.kind == "share" and part is not None and whole and whole < SMALL_N:
        low, high = wilson(part, whole)
    return Reading(
        segment, kpi.id, window, value, n, part, whole, low, high, kpi.unit, target,
        status(value, n, target, sampled=kpi.sampled),
        formula, fresh.as_of_ms, since_ms, provisional, revised, fresh.rebuilding,
    )  # fmt: skip
