"""What an entry of the KPI catalogue is, and the five ways to write one (`streams.core.kpis`)."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal, Required, TypedDict, Unpack

import msgspec

from streams.core.policy import Formula, Target
from streams.core.shapes import (
    Count,
    Mean,
    Now,
    Quantile,
    Shape,
    Share,
    Sum,
    Text,
    counted,
    text,
)

Kind = Literal["live", "count", "share", "mean", "quantile"]
Unit = Literal["contacts", "ratio", "seconds"]
Direction = Literal["higher", "lower", "band", "context"]
"""Which side is better; `band` = neither too high nor too low, `context` = neither good nor bad."""
Cadence = Literal["live", "hourly", "daily"]
FLOW_OUTS: Final = "+flow-outs"
"""Ends the id of a formula that also counts those who flowed out in its whole."""


class Kpi(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue."""

    id: str
    kind: Kind
    name: Text
    definition: Text
    unit: Unit
    direction: Direction
    source: str
    """Who defines it so; where the target is from."""
    formulas: Mapping[str, Shape | Now]
    """Formula id → what it computes."""
    choose: Callable[[Formula], str]
    """Which formula id a segment's settings mean."""
    target: Target | None = None
    """Where settings name none."""
    channels: frozenset[str] = frozenset()
    """The channels for which `target` is meant; empty = all."""
    cadence: Cadence = "live"
    """How often it is worth a look."""
    private: bool = False
    """Neither for Prometheus nor for walls."""

    @property
    def sampled(self) -> bool:
        """Whether it says little when n is small. Counts and live values are complete anyway."""
        return self.kind in ("share", "mean", "quantile")

    def formula(self, formula: str) -> Text:
        """Returns a formula in words, with places for {value}, {n}, {part} and {whole}."""
        return text(self.formulas[formula])

    def counts(self, formula: str) -> Text:
        """Returns what n counts in a formula."""
        return counted(self.formulas[formula])


class Entry(TypedDict, total=False):
    """What is written for every KPI."""

    name: Required[Text]
    definition: Required[Text]
    direction: Required[Direction]
    source: Required[str]
    target: Target
    channels: frozenset[str]


def live(what: Literal["waiting", "in_progress", "orphaned"], **entry: Unpack[Entry]) -> Kpi:
    """A count of contacts that is true now."""
    return _single(what, "live", "contacts", "live", Now(what), entry)


def live_wait(what: Literal["wait_longest"], **entry: Unpack[Entry]) -> Kpi:
    """A duration that is true now."""
    return _single(what, "live", "seconds", "live", Now(what), entry)


def count(measure: str, **entry: Unpack[Entry]) -> Kpi:
    """A count of contacts in a window, called as its measure."""
    return _single(measure, "count", "contacts", "count", Count(Sum.parse(measure)), entry)


def mean(kpi: str, total: str, over: str, **entry: Unpack[Entry]) -> Kpi:
    """Milliseconds over contacts."""
    shape = Mean(Sum.parse(total), Sum.parse(over))
    return _single(kpi, "mean", "seconds", "mean", shape, entry)


def quantile(
    kpi: str, percent: int, family: int, of: str, over: str, **entry: Unpack[Entry]
) -> Kpi:
    """A percentile of a histogram."""
    shape = Quantile(percent, family, Sum.parse(of), Sum.parse(over))
    return _single(kpi, "quantile", "seconds", f"p{percent}", shape, entry)


def share(
    kpi: str,
    formulas: Mapping[str, tuple[str, str]],
    flow_outs: Collection[str],
    setting: Callable[[Formula], str],
    **entry: Unpack[Entry],
) -> Kpi:
    """A part of a whole, by one of several formulas.

    Args:
        kpi: Its id.
        formulas: Formula id → part, whole.
        flow_outs: The formulas whose whole takes in those who flowed out if settings say so.
        setting: Which formula the settings name, flow-outs left aside.
        entry: What is written for every KPI.
    """
    wider = {f + FLOW_OUTS: (formulas[f][0], f"{formulas[f][1]} + flowed_out") for f in flow_outs}
    shapes = {f: Share(Sum.parse(p), Sum.parse(w)) for f, (p, w) in {**formulas, **wider}.items()}

    def choose(settings: Formula) -> str:
        formula = setting(settings)
        counts = settings.count_flow_outs and formula in flow_outs
        return formula + FLOW_OUTS if counts else formula

    return Kpi(id=kpi, kind="share", unit="ratio", formulas=shapes, choose=choose, **entry)


def _single(
    kpi: str, kind: Kind, unit: Unit, formula: str, shape: Shape | Now, entry: Entry
) -> Kpi:
    return Kpi(
        id=kpi, kind=kind, unit=unit, formulas={formula: shape}, choose=lambda _: formula, **entry
    )
