"""Settings of the numbers: formulas, answer targets, targets, segments.

`FoldPolicy` is what changes cells (a change means: fold the log again); `ReadingPolicy` is what
changes only how cells are read. Both are frozen, and built from `pouls.toml` by `streams.settings`.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from streams.core.buckets import DAY_MS, HOUR_MS, Retention
from streams.core.costs import NO_PRICES, Prices
from streams.core.names import SITE, dimensions, value_of

ServiceLevel = Literal["SL-A", "SL-B", "SL-C", "SL-D", "SL-E", "SL-now"]
Abandonment = Literal["all", "short_excluded"]
OutOfShift = Literal["ignore", "exception"]
OfflineInBreak = Literal["adherent", "nonadherent"]
Productivity = Literal["on_queue", "staffed", "paid"]
CostFormula = Literal["cost", "cost+fixed", "cost-direct"]
AGENTS_DIMENSIONS = frozenset({"site", "team", "agent", "pause"})
"""What staffed time belongs to. An agent may serve several queues and channels at once: what a
contact of theirs costs is told by its handle time."""
DEFAULT_CLASS = ("", "")
"""The class of cost of whoever has no other."""

DEFAULT_ANSWER_WITHIN_MS: Mapping[str, int] = {"voice": 20_000, "chat": 60_000}
DEFAULT_ANSWER_WITHIN_OTHER_MS = 3_600_000
DEFAULT_SHORT_ABANDON_MS = 5_000
DEFAULT_LIMITS_MS: Mapping[str, tuple[int, int]] = {  # channel: (waiting, in service)
    "voice": (4 * HOUR_MS, 24 * HOUR_MS),
    "callback": (4 * HOUR_MS, 24 * HOUR_MS),
    "chat": (24 * HOUR_MS, 24 * HOUR_MS),
    "message": (24 * HOUR_MS, 24 * HOUR_MS),
}
DEFAULT_LIMIT_OTHER_MS = 90 * DAY_MS  # tickets, e-mail, social


class Thresholds(msgspec.Struct, frozen=True):
    """The two limits that decide a count when a contact is booked."""

    answer_within_ms: int
    """X: an answer with a wait not longer than this is "within"."""
    short_abandon_ms: int
    """T: an abandonment with a wait not longer than this is short."""


class FoldPolicy(msgspec.Struct, frozen=True):
    """Everything that changes cells. Its hash is stored with the state."""

    timezone: str = "UTC"
    segments: tuple[tuple[str, ...], ...] = (
        ("channel",), ("queue",), ("team",), ("agent",), ("pause",)
    )  # fmt: skip
    """Dimensions of the segments that are booked besides `site`.

    `("channel", "queue")` is their combination. Only agents' time is booked by `pause`.
    """
    horizon_ms: int = 24 * HOUR_MS
    """H: an event older than this behind the source's greatest event time is late."""
    agent_horizon_ms: int = 8 * DAY_MS
    """H of what agents do and are planned to do."""
    tolerance_ms: int = 0
    """T: so near to a boundary of the plan, what fits its other side is adherent, too."""
    unknown_after_ms: int = 16 * HOUR_MS
    """After so long without an `agent.state` nobody knows what the agent does."""
    rate_classes: tuple[tuple[str, str], ...] = ()
    """(`team` or `site`, its value) with a rate of its own, then `DEFAULT_CLASS`; empty = no costs.

    Staffed time is booked by the place of its class here: its team's, else its site's, else the
    default. How much that costs is for the reader (`ReadingPolicy.prices`).
    """
    lateness: bool = True
    """False in a report: nothing is late; a contact is still cut after H."""
    retention: Retention = Retention()
    channel_thresholds: Mapping[str, Thresholds] = {}
    """channel → thresholds, where they differ from the defaults."""
    queue_thresholds: Mapping[str, Thresholds] = {}
    """queue → thresholds, whatever the channel."""
    limits_ms: Mapping[str, tuple[int, int]] = msgspec.field(
        default_factory=lambda: dict(DEFAULT_LIMITS_MS)
    )
    """channel → (waiting, in service): after so long without an event a contact is orphaned."""
    max_values: int = 10_000
    """Distinct values a source keeps per dimension; later ones book `other`."""

    def thresholds(self, queue: str | None, channel: str) -> Thresholds:
        """Returns X and T of an entry: its queue's, else its channel's."""
        if queue is not None and queue in self.queue_thresholds:
            return self.queue_thresholds[queue]
        if channel in self.channel_thresholds:
            return self.channel_thresholds[channel]
        return Thresholds(
            DEFAULT_ANSWER_WITHIN_MS.get(channel, DEFAULT_ANSWER_WITHIN_OTHER_MS),
            DEFAULT_SHORT_ABANDON_MS,
        )

    def limits(self, channel: str) -> tuple[int, int]:
        """Returns how long a contact may stay silent while waiting and in service, in ms."""
        return self.limits_ms.get(channel, (DEFAULT_LIMIT_OTHER_MS, DEFAULT_LIMIT_OTHER_MS))


class Target(msgspec.Struct, frozen=True):
    """Bands of one KPI, inclusive: ok inside the narrow pair, warning inside the wider one.

    Outside of both it is critical; `None` = no limit on that side. Shares 0..1, durations in s.
    """

    low: float | None = None
    high: float | None = None
    warning_low: float | None = None
    warning_high: float | None = None
    minimum_n: int = 20
    """Under this n the status is `none`."""


class Formula(msgspec.Struct, frozen=True):
    """Which published variants are used (`docs/counting.md`, "Ratios").

    The first three may differ by queue; the rest holds for all agents.
    """

    service_level: ServiceLevel = "SL-B"
    abandonment: Abandonment = "all"
    count_flow_outs: bool = False
    out_of_shift: OutOfShift = "ignore"
    """Being on queue under no activity: left out (Amazon Connect), or an exception that widens
    what adherence is a share of (Genesys Cloud)."""
    offline_in_break: OfflineInBreak = "adherent"
    """Being offline in a planned break: adherent (Amazon Connect today) or not (its guide of
    2023)."""
    productivity: Productivity = "on_queue"
    """Whose hours contacts per hour are of: on queue, staffed, or paid = scheduled."""
    cost: CostFormula = "cost"
    """By what the segment is, no setting: staffed time, with the fixed costs, or handle time."""


class ReadingPolicy(msgspec.Struct, frozen=True):
    """Everything that changes only how cells are read: formulas, targets, amounts."""

    default: Formula = Formula()
    queues: Mapping[str, Formula] = {}
    targets: Mapping[str, Target] = {}
    """kpi id → target, instead of the catalogue's."""
    queue_targets: Mapping[str, Mapping[str, Target]] = {}
    """queue → kpi id → target."""
    prices: Prices = NO_PRICES

    def formula(self, segment: str) -> Formula:
        """Returns the formula of a segment: its queue's; over several queues the default."""
        queue = value_of(segment, "queue")
        found = self.default if queue is None else self.queues.get(queue, self.default)
        cost = self._cost(segment)
        return found if cost == found.cost else msgspec.structs.replace(found, cost=cost)

    def _cost(self, segment: str) -> CostFormula:
        """Returns what makes up the cost of a contact: fixed costs are the whole operation's."""
        if segment == SITE:
            return "cost+fixed" if self.prices.fixed else "cost"
        return "cost" if AGENTS_DIMENSIONS.issuperset(dimensions(segment)) else "cost-direct"

    def target(self, segment: str, kpi: str, catalogue: Target | None) -> Target | None:
        """Returns the target of a KPI of a segment: its queue's, else the site's.

        Else the catalogue's.
        """
        queue = value_of(segment, "queue")
        own = self.queue_targets.get(queue, {}).get(kpi) if queue is not None else None
        return own or self.targets.get(kpi) or catalogue
