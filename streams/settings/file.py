"""What may stand in `pouls.toml`: one struct a table. Check, JSON Schema and defaults follow."""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

from streams.core.policy import Abandonment, FoldPolicy, ServiceLevel

Channel = Literal["voice", "chat", "email", "message", "social", "ticket", "callback"]
TopicName = Literal["calls", "chats", "tickets", "agents", "dead-letters"]
Seconds = Annotated[float, Meta(ge=0, le=8_640_000)]
Hours = Annotated[float, Meta(gt=0, le=24 * 800)]
Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class TargetTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Bands of a KPI, inclusive: ok inside low..high, warning inside the wider pair."""

    low: Number | None = None
    high: Number | None = None
    warning_low: Number | None = None
    warning_high: Number | None = None
    minimum_n: Count = 20


class FormulaTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the published formulas are used."""

    service_level: ServiceLevel | None = None
    abandonment: Abandonment | None = None
    count_flow_outs: bool | None = None


class QueueTable(FormulaTable, frozen=True, forbid_unknown_fields=True):
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


class ClockTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What `now` is for the wall and the API."""

    mode: Literal["wall", "event"] = "wall"
    speed: Annotated[float, Meta(gt=0, le=100_000)] = 1.0


class TopicTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What is different for one topic."""

    partitions: Annotated[int, Meta(ge=1, le=1024)] | None = None
    retention_days: Annotated[int, Meta(ge=1, le=10_000)] | None = None


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
    clock: ClockTable = ClockTable()
    topics: dict[TopicName, TopicTable] = {}
    retention: RetentionTable = RetentionTable()
    commit_interval_s: Annotated[float, Meta(ge=0.05, le=5)] = 0.3
    group: Annotated[str, Meta(min_length=1)] = "pouls"
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
