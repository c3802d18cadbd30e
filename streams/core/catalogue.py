"""What an entry of the KPI catalogue is, and the ways to write one (`streams.core.kpis`)."""

from collections.abc import Callable, Collection, Mapping
from typing import Literal, Required, TypedDict, Unpack

import msgspec

from streams.core.costs import Costing
from streams.core.formulas import counted, text
from streams.core.policy import CostFormula, Formula, Target
from streams.core.shapes import (
    AgentsNow,
    Cost,
    Count,
    Mean,
    Now,
    NowShape,
    Quantile,
    Rate,
    Shape,
    Share,
    Sum,
    TimeShare,
    Total,
)
from streams.core.variants import FLOW_OUTS, OFFLINE_OUT, variant
from streams.core.words import Text

Kind = Literal[
    "live", "count", "share", "mean", "quantile", "time", "time_share", "rate", "cost"
]  # fmt: skip
Unit = Literal["contacts", "agents", "ratio", "number", "seconds", "per_hour", "money"]
PartUnit = Literal["contacts", "ms"]
Direction = Literal["higher", "lower", "band", "context"]
"""Which side is better; `band` = neither too high nor too low, `context` = neither good nor bad."""
Cadence = Literal["live", "hourly", "daily"]


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
    formulas: Mapping[str, Shape | NowShape]
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
    """Neither for Prometheus nor for walls.

    What an agent does is private by its segment, `agent:…`, not by its KPI: of a site or a team
    the same KPI tells nothing of anybody.
    """

    @property
    def sampled(self) -> bool:
        """Whether it says little when n is small. Sums and live values are complete anyway."""
        return self.kind not in ("live", "count", "time")

    @property
    def of_agents(self) -> bool:
        """Whether it is made of agents' time alone."""
        return self.unit == "agents" or self.kind in ("time", "time_share")

    @property
    def takes_time(self) -> bool:
        """Whether agents' time is in it."""
        return self.of_agents or self.kind in ("rate", "cost")

    @property
    def part_unit(self) -> PartUnit | None:
        """What part and whole are counted in; `None` = it has none."""
        units: Mapping[Kind, PartUnit] = {"share": "contacts", "time_share": "ms"}
        return units.get(self.kind)

    def formula(self, formula: str) -> Text:
        """Returns a formula in words, with places for {value}, {n}, {part} and {whole}."""
        return text(self.formulas[formula])

    @property
    def judged(self) -> bool:
        """Whether it judges agents by their plan: within a tolerance, by a rule for breaks."""
        return any(formula.endswith(OFFLINE_OUT) for formula in self.formulas)

    def variant(self, formula: str, tolerance_ms: int) -> Text | None:
        """Returns what a formula is called beside its number; `None` = there is no other one."""
        if len(self.formulas) == 1:
            return None
        return variant(formula, tolerance_ms if self.judged else 0)

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


def agents(kpi: str, what: str, **entry: Unpack[Entry]) -> Kpi:
    """A count of agents that is true now."""
    return _single(kpi, "live", "agents", "live", AgentsNow(what), entry)


def agents_judged(kpi: str, what: str, **entry: Unpack[Entry]) -> Kpi:
    """A count of agents that is true now and follows `offline_in_break`."""
    strict = AgentsNow(Sum.parse(what).strict.terms[0][1])
    return _judged(kpi, "live", "agents", {"live": (AgentsNow(what), strict)}, _only("live"), entry)


def count(kpi: str, what: str = "", **entry: Unpack[Entry]) -> Kpi:
    """A count of contacts in a window; without a sum of measures, of the one called as it is."""
    return _single(kpi, "count", "contacts", "count", Count(Sum.parse(what or kpi)), entry)


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


def time(kpi: str, what: str, **entry: Unpack[Entry]) -> Kpi:
    """Time of agents."""
    return _single(kpi, "time", "seconds", "time", Total(Sum.parse(what)), entry)


def time_judged(kpi: str, what: str, **entry: Unpack[Entry]) -> Kpi:
    """Time of agents that follows `offline_in_break`."""
    total = Sum.parse(what)
    formulas = {"time": (Total(total), Total(total.strict))}
    return _judged(kpi, "time", "seconds", formulas, _only("time"), entry)


def time_share(
    kpi: str, part: str, whole: str, unit: Literal["ratio", "number"], **entry: Unpack[Entry]
) -> Kpi:
    """A part of agents' time; a `number` where it is no part but may be several times as long."""
    shape = TimeShare(Sum.parse(part), Sum.parse(whole))
    return _single(kpi, "time_share", unit, "time", shape, entry)


def time_share_judged(
    kpi: str,
    formulas: Mapping[str, tuple[str, str]],
    setting: Callable[[Formula], str],
    **entry: Unpack[Entry],
) -> Kpi:
    """A part of agents' time that follows `offline_in_break`, by one of several formulas."""
    sums = {f: (Sum.parse(part), Sum.parse(whole)) for f, (part, whole) in formulas.items()}
    shapes = {
        f: (TimeShare(part, whole), TimeShare(part.strict, whole.strict))
        for f, (part, whole) in sums.items()
    }
    return _judged(kpi, "time_share", "ratio", shapes, setting, entry)


def rate(
    kpi: str,
    what: str,
    times: Mapping[str, str],
    setting: Callable[[Formula], str],
    **entry: Unpack[Entry],
) -> Kpi:
    """A count per hour of one of several times of agents: formula id → time."""
    shapes = {f: Rate(Sum.parse(what), Sum.parse(time)) for f, time in times.items()}
    return Kpi(id=kpi, kind="rate", unit="per_hour", formulas=shapes, choose=setting, **entry)


def cost(
    kpi: str,
    formulas: Mapping[CostFormula, Costing],
    setting: Callable[[Formula], CostFormula],
    **entry: Unpack[Entry],
) -> Kpi:
    """Money per contact handled, by one of several formulas."""
    shapes: dict[str, Shape | NowShape] = {f: Cost(by) for f, by in formulas.items()}
    return Kpi(id=kpi, kind="cost", unit="money", formulas=shapes, choose=setting, **entry)


def _only(formula: str) -> Callable[[Formula], str]:
    return lambda _: formula


def _judged(
    kpi: str,
    kind: Kind,
    unit: Unit,
    formulas: Mapping[str, tuple[Shape | NowShape, Shape | NowShape]],
    setting: Callable[[Formula], str],
    entry: Entry,
) -> Kpi:
    """A KPI with two rules for being offline in a break: formula id → adherent, not adherent."""
    shapes = {f: lenient for f, (lenient, _) in formulas.items()}
    shapes |= {f + OFFLINE_OUT: strict for f, (_, strict) in formulas.items()}

    def choose(settings: Formula) -> str:
        out = settings.offline_in_break == "nonadherent"
        return setting(settings) + OFFLINE_OUT if out else setting(settings)

    return Kpi(id=kpi, kind=kind, unit=unit, formulas=shapes, choose=choose, **entry)


def _single(
    kpi: str, kind: Kind, unit: Unit, formula: str, shape: Shape | NowShape, entry: Entry
) -> Kpi:
    return Kpi(
        id=kpi, kind=kind, unit=unit, formulas={formula: shape}, choose=_only(formula), **entry
    )
