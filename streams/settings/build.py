"""A checked `pouls.toml` → the settings of the core. Nothing can go wrong in here."""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from streams.core.buckets import DAY_MS, HOUR_MS, Retention
from streams.core.calendars import ALWAYS, ZONE, Calendar, Hours
from streams.core.costs import MICRO, NO_PRICES, PERIODS_MS, Prices
from streams.core.names import DIMENSIONS
from streams.core.policy import (
    DEFAULT_CLASS,
    FoldPolicy,
    Formula,
    ReadingPolicy,
    Target,
    Thresholds,
)
from streams.settings import hours
from streams.settings.file import (
    CalendarTable,
    ChannelTable,
    CostTable,
    File,
    QueueFormulaTable,
    QueueTable,
    RetentionTable,
    TargetTable,
)
from streams.settings.shapes import PACK, TOPICS, Address, Alerts, Rate, Topic

MINUTE_MS = 60_000
T = TypeVar("T")


def fold_policy(file: File) -> FoldPolicy:
    """Returns everything that changes cells."""
    plain = FoldPolicy()
    channels = cast(Mapping[str, ChannelTable], file.channels)
    policy = FoldPolicy(
        timezone=file.timezone or plain.timezone,
        segments=tuple(sorted({dimensions_of(s) for s in file.segments}, key=_in_order)),
        horizon_ms=round(file.horizon_h * HOUR_MS),
        agent_horizon_ms=round(file.agents.horizon_h * HOUR_MS),
        tolerance_ms=_ms(file.agents.tolerance_s, 0),
        unknown_after_ms=round(file.agents.unknown_after_h * HOUR_MS),
        rate_classes=tuple(_rates(file.cost)),
        retention=_retention(file.retention),
        channel_thresholds=_differing(
            (name, _thresholds(table, plain.thresholds(None, name)), plain.thresholds(None, name))
            for name, table in channels.items()
        ),
        limits_ms={
            **plain.limits_ms,
            **_differing(
                (name, _limits(table, plain.limits(name)), plain.limits(name))
                for name, table in channels.items()
            ),
        },
        max_values=file.max_values,
    )
    queues = {
        _nfc(name): _thresholds(table, policy.thresholds(None, ""))
        for name, table in file.queues.items()
        if table.answer_within_s is not None
    }
    return msgspec.structs.replace(policy, queue_thresholds=queues)


def reading_policy(file: File) -> ReadingPolicy:
    """Returns everything that changes only how cells are read."""
    default = _formula(file.formula, Formula())
    return ReadingPolicy(
        default=default,
        queues={_nfc(name): _formula(table, default) for name, table in file.queues.items()},
        targets=_targets(file.targets),
        queue_targets={
            _nfc(name): _targets(table.targets)
            for name, table in file.queues.items()
            if table.targets
        },
        prices=_prices(file.cost),
    )


def topics(file: File) -> dict[str, Topic]:
    """Returns all topics."""
    return {topic.name: _topic(topic, file) for topic in TOPICS}


def calendars(file: File) -> dict[str, Calendar]:
    """Returns all calendars; `always` is one that nobody needs to write."""
    zone = file.timezone or ZONE
    always = Calendar(msgspec.structs.replace(ALWAYS, zone=zone))
    own = {_nfc(name): Calendar(_hours(table, zone)) for name, table in file.calendars.items()}
    return {hours.ALWAYS: always, **own}


def alerts(file: File, beside: Path, listen: str) -> Alerts:
    """Returns what is decided about alerts.

    Args:
        file: The file.
        beside: The folder that it is in: names of rule files are relative to it.
        listen: HOST:PORT of the API.
    """
    table = file.alerts
    return Alerts(
        rules=tuple(PACK if name == PACK else beside / name for name in table.rules),
        time_scale=table.time_scale,
        url=(table.url or f"http://{listen}").rstrip("/"),
        lang=table.lang,
        heartbeat=table.heartbeat,
        rate=Rate(table.rate.pages, table.rate.within_s),
        targets={_nfc(name): Address(t.page, t.mail) for name, t in table.targets.items()},
    )


def unix_seconds(since: int | dt.datetime) -> int:
    """Returns `config_since` in Unix seconds."""
    return since if isinstance(since, int) else int(since.timestamp())


def dimensions_of(segment: str) -> tuple[str, ...]:
    """Returns the dimensions of `channel+queue`, in the order in which they stand in names."""
    return tuple(sorted(segment.split("+"), key=DIMENSIONS.index))


def _differing(values: Iterable[tuple[str, T, T]]) -> dict[str, T]:
    """Returns what is not as it would be without saying it: stating a default changes no hash."""
    return {name: own for name, own, default in values if own != default}


def _in_order(dimensions: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(DIMENSIONS.index(d) for d in dimensions)


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _ms(seconds: float | None, default: int) -> int:
    return default if seconds is None else round(seconds * 1000)


def _thresholds(table: ChannelTable | QueueTable, plain: Thresholds) -> Thresholds:
    return Thresholds(
        _ms(table.answer_within_s, plain.answer_within_ms),
        _ms(table.short_abandon_s, plain.short_abandon_ms),
    )


def _limits(table: ChannelTable, plain: tuple[int, int]) -> tuple[int, int]:
    waiting, service = plain
    waiting_h, service_h = table.waiting_limit_h, table.service_limit_h
    return (
        waiting if waiting_h is None else round(waiting_h * HOUR_MS),
        service if service_h is None else round(service_h * HOUR_MS),
    )


def _retention(table: RetentionTable) -> Retention:
    return Retention(
        fine_ms=table.fine_minutes * MINUTE_MS,
        quarter_ms=table.quarter_days * DAY_MS,
        quarter_detail_ms=table.quarter_detail_days * DAY_MS,
        day_ms=table.day_days * DAY_MS,
        day_agent_ms=table.day_agent_days * DAY_MS,
    )


def _formula(table: QueueFormulaTable, plain: Formula) -> Formula:
    said = ((f, getattr(table, f, None)) for f in Formula.__struct_fields__)
    return msgspec.structs.replace(plain, **{f: v for f, v in said if v is not None})


def _rates(table: CostTable) -> dict[tuple[str, str], float]:
    """Returns the rate of every class of cost, in the order of `FoldPolicy.rate_classes`."""
    if table.rate is None:
        return {}
    named = {
        (dimension, _nfc(name)): rate
        for dimension, rates in (("team", table.teams), ("site", table.sites))
        for name, rate in sorted(rates.items())
    }
    return {**named, DEFAULT_CLASS: table.rate}


def _prices(table: CostTable) -> Prices:
    rates = _rates(table)
    if not rates:
        return msgspec.structs.replace(NO_PRICES, currency=table.currency)
    return Prices(
        currency=table.currency,
        rates=tuple(round(rate * MICRO) for rate in rates.values()),
        fixed=round(table.fixed.amount * MICRO),
        period_ms=PERIODS_MS[table.fixed.period],
    )


def _targets(tables: Mapping[str, TargetTable]) -> dict[str, Target]:
    return {kpi: Target(**msgspec.structs.asdict(table)) for kpi, table in tables.items()}


def _hours(table: CalendarTable, zone: str) -> Hours:
    return Hours(
        zone=table.timezone or zone,
        week=hours.week(table.open),
        holidays=table.holidays,
        holiday=hours.spans(table.open.get(hours.HOLIDAY, hours.CLOSED)),
        dates={
            **{date.toordinal(): () for date in table.closed},
            **{hours.date(date): hours.spans(said) for date, said in table.exceptions.items()},
        },
    )


def _topic(topic: Topic, file: File) -> Topic:
    table = file.topics.get(topic.name)  # type: ignore[call-overload]  # keys are literals
    if table is None:
        return topic
    stated = {k: v for k, v in msgspec.structs.asdict(table).items() if v is not None}
    return msgspec.structs.replace(topic, **stated)
