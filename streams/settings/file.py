"""What may stand in `pouls.toml`: one struct a table. Check, JSON Schema and defaults follow."""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

from streams.core.agents.tail import LONGEST_DAYS
from streams.core.costs import NO_PRICES, Period
from streams.core.policy import (
    Abandonment,
    FoldPolicy,
    OfflineInBreak,
    OutOfShift,
    Productivity,
    ServiceLevel,
)
from streams.settings.shapes import PACK, Alerts, Rate

Channel = Literal["voice", "chat", "email", "message", "social", "ticket", "callback"]
TopicName = Literal["calls", "chats", "tickets", "agents", "dead-letters"]
Seconds = Annotated[float, Meta(ge=0, le=8_640_000)]
Hours = Annotated[float, Meta(gt=0, le=24 * 800)]
Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Money = Annotated[float, Meta(ge=0, le=1e9)]
Secret = Annotated[str, Meta(min_length=1)]
"""An address that is a secret, best as `${VARIABLE}`."""


class TargetTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Bands of a KPI, inclusive: ok inside low..high, warning inside the wider pair."""

    low: Number | None = None
    high: Number | None = None
    warning_low: Number | None = None
    warning_high: Number | None = None
    minimum_n: Count = 20


class QueueFormulaTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the published formulas are used of those that may differ by queue."""

    service_level: ServiceLevel | None = None
    abandonment: Abandonment | None = None
    count_flow_outs: bool | None = None


class FormulaTable(QueueFormulaTable, frozen=True, forbid_unknown_fields=True):
    """Which of the published formulas are used; those about agents hold for all of them."""

    out_of_shift: OutOfShift | None = None
    offline_in_break: OfflineInBreak | None = None
    productivity: Productivity | None = None


class QueueTable(QueueFormulaTable, frozen=True, forbid_unknown_fields=True):
    """What is different for one queue."""

    answer_within_s: Seconds | None = None
    short_abandon_s: Seconds | None = None
    targets: dict[str, TargetTable] = {}


class ChannelTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What is different for one channel."""

    answer_within_s: Seconds | None = None
    short_abandon_s: Seconds | None = None
    waiting_limit_h: Hours | None = None
    service_limit_h: Hours | None = None


class AgentsTable(Struct, frozen=True, forbid_unknown_fields=True):
    """How agents' time is counted."""

    horizon_h: Annotated[float, Meta(ge=1, le=24 * LONGEST_DAYS)] = (
        FoldPolicy().agent_horizon_ms / 3_600_000
    )
    tolerance_s: Annotated[float, Meta(ge=0, le=3600)] = FoldPolicy().tolerance_ms / 1000
    unknown_after_h: Annotated[float, Meta(ge=0.1, le=240)] = (
        FoldPolicy().unknown_after_ms / 3_600_000
    )


class FixedTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What is spent whoever is there."""

    amount: Money = 0
    period: Period = "day"


class CostTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What agents' time costs, in units of the currency an hour."""

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = NO_PRICES.currency
    rate: Money | None = None
    fixed: FixedTable = FixedTable()
    teams: dict[str, Money] = {}
    sites: dict[str, Money] = {}


class ClockTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What `now` is for the wall and the API."""

    mode: Literal["wall", "event"] = "wall"
    speed: Annotated[float, Meta(gt=0, le=100_000)] = 1.0


class CalendarTable(Struct, frozen=True, forbid_unknown_fields=True):
    """When something is open: `docs/calendars.md`."""

    timezone: str | None = None
    holidays: Literal["FR", "FR-alsace-moselle", "none"] = "FR"
    open: dict[str, str | tuple[str, ...]] = {}
    closed: tuple[dt.date, ...] = ()
    exceptions: dict[str, str | tuple[str, ...]] = {}


class TopicTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What is different for one topic."""

    partitions: Annotated[int, Meta(ge=1, le=1024)] | None = None
    retention_days: Annotated[int, Meta(ge=1, le=10_000)] | None = None


class AddressTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Where somebody is told of alerts."""

    page: Secret | None = None
    mail: Secret | None = None


class RateTable(Struct, frozen=True, forbid_unknown_fields=True):
    """How many pages somebody gets."""

    pages: Annotated[int, Meta(ge=1, le=1000)] = Rate().pages
    within_s: Annotated[float, Meta(ge=1, le=86_400)] = Rate().within_s


class AlertsTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Rules, and who is told: `docs/alerts.md`."""

    rules: tuple[Annotated[str, Meta(min_length=1)], ...] = (PACK,)
    time_scale: Annotated[float, Meta(gt=0, le=100)] = Alerts().time_scale
    url: Annotated[str, Meta(pattern="^https?://[^ ]+$")] | None = None
    lang: Literal["fr", "en"] = Alerts().lang
    heartbeat: Secret | None = None
    rate: RateTable = RateTable()
    targets: dict[str, AddressTable] = {}


class RetentionTable(Struct, frozen=True, forbid_unknown_fields=True):
    """How long cells are kept behind the source's time."""

    fine_minutes: Annotated[int, Meta(ge=80, le=1440)] = 90
    quarter_days: Annotated[int, Meta(ge=3, le=800)] = 36
    quarter_detail_days: Annotated[int, Meta(ge=3, le=800)] = 8
    day_days: Annotated[int, Meta(ge=3, le=10_000)] = 800
    day_agent_days: Annotated[int, Meta(ge=3, le=10_000)] = 180


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """`pouls.toml`."""

    timezone: str | None = None
    config_since: Annotated[int, Meta(ge=0)] | dt.datetime = 0
    segments: tuple[str, ...] = tuple("+".join(s) for s in FoldPolicy().segments)
    horizon_h: Annotated[float, Meta(ge=0.25, le=240)] = 24
    max_values: Annotated[int, Meta(ge=1, le=1_000_000)] = FoldPolicy().max_values
    formula: FormulaTable = FormulaTable()
    channels: dict[Channel, ChannelTable] = {}
    queues: dict[str, QueueTable] = {}
    targets: dict[str, TargetTable] = {}
    people: Annotated[str, Meta(min_length=1)] | None = None
    agents: AgentsTable = AgentsTable()
    cost: CostTable = CostTable()
    clock: ClockTable = ClockTable()
    calendars: dict[str, CalendarTable] = {}
    topics: dict[TopicName, TopicTable] = {}
    retention: RetentionTable = RetentionTable()
    commit_interval_s: Annotated[float, Meta(ge=0.05, le=5)] = 0.3
    group: Annotated[str, Meta(min_length=1)] = "pouls"
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    alerts: AlertsTable = AlertsTable()
