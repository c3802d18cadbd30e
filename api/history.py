"""`GET /api/v1/history`: rows of stored cells, the same bytes of numbers as `pouls report`."""

import asyncio
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from api import segments
from api.params import BadParameter, BadRequest, Params
from api.presence import Past
from api.stored import MAX_CELLS, Extent, Stored
from api.views import kpis_of
from streams.core import history, names, numbers
from streams.core.buckets import Zone, bucket_start_ms, iso
from streams.core.errors import BadName
from streams.core.history import EXTRA, By, Presence, Table
from streams.core.numbers import Value
from streams.core.policy import ReadingPolicy

KNOWN: Final = ("segment", "kpi", "by", "from", "to", "with", "format")
BEGINNING_MS: Final = 631_152_000_000
"""1990-01-01: no event is older."""
FORMATS: Final = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


class Query(NamedTuple):
    """What is asked for."""

    patterns: list[str]
    kpis: list[str]
    by: By
    from_ms: int | None
    """Buckets begin here or later; `None` = as far back as they are held."""
    to_ms: int | None
    """Buckets begin before; `None` = all that there are."""
    extra: list[str]
    format: str


class Answer(NamedTuple):
    """What is answered."""

    body: str
    media_type: str
    held_from: str | None
    """From when on buckets are held, where that is later than what was asked for."""


def parse(query: str, accept: str, zone: Zone) -> Query:
    """Returns what a query string asks for; by default all KPIs of the site, all days held.

    Raises:
        BadRequest: everything that is wrong with it.
    """
    params = Params(query, KNOWN)
    patterns = params.each("segment", segments.parse) or [names.SITE]
    kpis = params.each("kpi", lambda name: history.columns_of([name])[0].id)
    by = params.choice("by", history.parse_by) or history.parse_by("day")
    try:
        history.check(by, map(segments.kind, patterns))
    except BadName as error:
        params.bad("by", str(error))
    from_ms, to_ms = params.moment("from", zone), params.moment("to", zone)
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        params.bad("from", "must be before `to`")
    extra = params.each("with", lambda name: _one_of(name, EXTRA))
    form = params.choice("format", lambda name: _one_of(name, FORMATS))
    params.check()
    form = form or ("csv" if "text/csv" in accept else "json")
    return Query(patterns, kpis or list(kpis_of("today")), by, from_ms, to_ms, extra, form)


def _one_of(name: str, known: Sequence[str] | dict[str, str]) -> str:
    if name not in known:
        raise BadName(f"{name!r} is none of {', '.join(known)}")
    return name


class Clock(Protocol):
    """What is needed of a Board."""

    now_ms: int


class History:
    """Answers queries from the store."""

    def __init__(self, clock: Clock, stored: Stored, zone: Zone, policy: ReadingPolicy) -> None:
        self._clock = clock
        self._stored = stored
        self._zone = zone
        self._policy = policy

    async def answer(self, query: Query) -> Answer:
        """Returns the rows as text; buckets that are no longer held are left out, and that is said.

        Raises:
            BadRequest: too much at once.
            StoreAway: Redis does not answer.
        """
        extent = await self._stored.extent()
        plan = self._plan(query, extent, await self._stored.expand(extent, query.patterns))
        count = sum(len(buckets) * len(those) for buckets, those in plan.values())
        if count > MAX_CELLS:
            message = f"would be {count} cells at once, at most {MAX_CELLS}: ask for a shorter time"
            raise BadRequest([BadParameter("from", message)])
        tables = []
        for buckets, those in plan.values():
            by, now_ms = query.by, self._clock.now_ms
            past = await self._stored.past(extent, by.resolution, buckets, those, now_ms)
            tables.append(await asyncio.to_thread(self._table, past, buckets, query))
        body = await asyncio.to_thread(self._text, tables, query)  # the tick must not wait
        held_ms = max(plan, default=0)
        told = held_ms > (query.from_ms or 0)
        return Answer(body, FORMATS[query.format], iso(held_ms) if told else None)

    def _plan(
        self, query: Query, extent: Extent, expanded: Iterable[str]
    ) -> dict[int, tuple[range, list[str]]]:
        """Returns what to read, buckets and segments, by from when on it is held."""
        plan: dict[int, tuple[range, list[str]]] = {}
        to_ms = extent.top_ms + 1
        if query.to_ms is not None:  # nothing has begun later than now
            to_ms = min(max(to_ms, self._clock.now_ms + 1), query.to_ms)
        for segment in expanded:
            held_ms = self._stored.held_from_ms(extent, query.by.resolution, segment)
            if held_ms not in plan:
                from_ms = max(query.from_ms or BEGINNING_MS, held_ms)
                plan[held_ms] = query.by.buckets(from_ms, to_ms, self._zone), []
            plan[held_ms][1].append(segment)
        return plan

    def _table(self, past: Past, buckets: range, query: Query) -> Table:
        from_ms = bucket_start_ms(query.by.resolution, buckets.start, self._zone)
        presence = Presence(from_ms, past.until_ms, past.levels)
        return history.rows(
            past.cells, query.by, query.kpis, self._zone, self._policy, query.extra, presence
        )

    def _text(self, tables: Sequence[Table], query: Query) -> str:
        rows = [row for table in tables for row in table.rows]
        if len(tables) > 1:
            rows.sort(key=_place)
        columns = history.header(query.kpis, query.extra)
        if query.format == "csv":
            return numbers.csv_text(columns, rows)
        return numbers.json_text(columns, rows) + "\n"


def _place(row: Sequence[Value]) -> tuple[dt.datetime, str]:
    """Returns where a row stands: by instant, then by segment."""
    start, segment, *_ = row
    return dt.datetime.fromisoformat(str(start)), str(segment)
