"""Mistakes in `pouls.toml` that only show by what the values mean."""

import datetime as dt
import difflib
import re
import zoneinfo
from collections.abc import Iterator, Mapping

from streams.core.kpis import KPIS
from streams.core.names import DIMENSIONS
from streams.settings import hours
from streams.settings.check import Mistake, unknown
from streams.settings.file import (
    AlertsTable,
    CalendarTable,
    CostTable,
    File,
    QueueTable,
    TargetTable,
)
from streams.settings.lines import KeyPath

_variable = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}").sub
CLOSE_ZONES = 3
"""So many time zones are told to whoever has misspelt one: there are some 600."""


def meaning_mistakes(file: File) -> Iterator[Mistake]:
    """Yields what is wrong with a file whose keys and types are right."""
    if file.timezone is not None and (complaint := unknown_zone(file.timezone)):
        yield Mistake(("timezone",), complaint)
    if isinstance(file.config_since, dt.datetime) and file.config_since.tzinfo is None:
        yield Mistake(("config_since",), "needs an offset, such as 2026-11-24T00:00:00Z")
    for segment in file.segments:
        yield from _segment(segment)
    yield from _targets(("targets",), file.targets)
    for name, queue in file.queues.items():
        yield from _queue(("queues", name), queue)
    yield from _cost(file.cost)
    for name, calendar in file.calendars.items():
        yield from _calendar(("calendars", name), calendar)
    yield from _alerts(file.alerts)


def unknown_zone(name: str) -> str | None:
    """Returns what is wrong with the name of a time zone, `None` where it is one."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return _no_zone(name)
    return None


def _no_zone(name: str) -> str:
    """Returns a sentence with the zones that were probably meant, by the whole name or its city."""
    zones = sorted(zoneinfo.available_timezones())
    said: dict[str, str] = {}
    for zone in zones:
        said.setdefault(zone.rpartition("/")[2].casefold(), zone)
        said[zone.casefold()] = zone
    wanted = name.strip().replace(" ", "_").casefold()
    found = difflib.get_close_matches(wanted, sorted(said), 2 * CLOSE_ZONES)
    close = list(dict.fromkeys(said[match] for match in found))[:CLOSE_ZONES]
    hint = f"did you mean {' or '.join(map(repr, close))}? N" if close else "n"
    return f"no time zone is called so; {hint}ames are those of the IANA database"


def _segment(segment: str) -> Iterator[Mistake]:
    parts = segment.split("+")
    for part in parts:
        if part not in DIMENSIONS:
            yield Mistake(("segments",), f"{part!r}: {unknown(part, DIMENSIONS, 'dimension')}")
    if len(set(parts)) < len(parts):
        yield Mistake(("segments",), f"{segment!r} names a dimension twice")


def _queue(path: KeyPath, queue: QueueTable) -> Iterator[Mistake]:
    if queue.short_abandon_s is not None and queue.answer_within_s is None:
        yield Mistake(
            (*path, "short_abandon_s"),
            "needs answer_within_s beside it: the limits of a queue hold on all its channels",
        )
    yield from _targets((*path, "targets"), queue.targets)


def _cost(cost: CostTable) -> Iterator[Mistake]:
    if cost.rate is None:
        stated = {"teams": cost.teams, "sites": cost.sites, "fixed": cost.fixed.amount}
        for key, value in stated.items():
            if value:
                yield Mistake(("cost", key), "needs cost.rate beside it: what all other time costs")


def _calendar(path: KeyPath, calendar: CalendarTable) -> Iterator[Mistake]:
    if path[-1] == hours.ALWAYS:
        yield Mistake(path, "is the one that is open at all hours; give yours another name")
    if calendar.timezone is not None and (complaint := unknown_zone(calendar.timezone)):
        yield Mistake((*path, "timezone"), complaint)
    found = list(hours.mistakes(calendar.open))
    for key, sentence in found:
        yield Mistake((*path, "open", key), sentence)
    if not found and not any(hours.week(calendar.open)):
        yield Mistake((*path, "open") if calendar.open else path, "is open on no weekday")
    for key, said in calendar.exceptions.items():
        try:
            hours.spans(said)
            if hours.date(key) in {date.toordinal() for date in calendar.closed}:
                yield Mistake((*path, "exceptions", key), "is in `closed`, too")
        except ValueError as exc:
            yield Mistake((*path, "exceptions", key), str(exc))


def _alerts(alerts: AlertsTable) -> Iterator[Mistake]:
    """Yields secrets with a variable that is written as none; whether it is set is for senders."""
    secrets: dict[KeyPath, str | None] = {("heartbeat",): alerts.heartbeat}
    for name, table in alerts.targets.items():
        secrets |= {("targets", name, "page"): table.page, ("targets", name, "mail"): table.mail}
    for path, text in secrets.items():
        if text is not None and "${" in _variable("", text):
            yield Mistake(("alerts", *path), "a variable is written ${NAME}")


def _targets(path: KeyPath, tables: Mapping[str, TargetTable]) -> Iterator[Mistake]:
    for kpi, table in tables.items():
        if kpi not in KPIS:
            yield Mistake((*path, kpi), unknown(kpi, KPIS, "KPI"))
        limits = (table.warning_low, table.low, table.high, table.warning_high)
        stated = [limit for limit in limits if limit is not None]
        if stated != sorted(stated):
            yield Mistake((*path, kpi), "must rise: warning_low ≤ low ≤ high ≤ warning_high")
