"""`GET /api/v1/history`: rows of stored cells, the same bytes of numbers as `pouls report`."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from api.params import BadParameter, BadRequest, Params
from api.stored import MAX_CELLS, Cells, Stored
from api.views import kpis_of
from streams.core import history, names, numbers
from streams.core.board import Board
from streams.core.buckets import Zone, iso
from streams.core.errors import BadName
from streams.core.history import EXTRA, By
from streams.core.policy import ReadingPolicy
from streams.core.windows import MAX_MINUTES

KNOWN: Final = ("segment", "kpi", "by", "from", "to", "with", "format")
DEFAULT_DAYS: Final = 30
FORMATS: Final = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


class Query(NamedTuple):
    """What is asked for."""

    patterns: list[str]
    kpis: list[str]
    by: By
    from_ms: int
    to_ms: int
    """Buckets begin in [from, to)."""
    extra: list[str]
    format: str


class Answer(NamedTuple):
    """What is answered."""

    body: str
    media_type: str
    held_from: str | None
    """From when on buckets are held, where that is later than what was asked for."""


def parse(query: str, accept: str, zone: Zone, now_ms: int) -> Query:
    """Returns what a query string asks for.

    By default all KPIs of the site; by day for 30 days, by interval today, by minutes the last 75.

    Raises:
        BadRequest: everything that is wrong with it.
    """
    params = Params(query, KNOWN)
    patterns = params.each("segment", names.parse) or [names.SITE]
    kpis = params.each("kpi", lambda name: history.columns_of([name])[0].id)
    by = params.choice("by", history.parse_by) or history.parse_by("day")
    try:
        history.check(by, patterns)
    except BadName as error:
        params.bad("by", str(error))
    from_ms, to_ms = params.moment("from", zone), params.moment("to", zone)
    extra = params.each("with", lambda name: _one_of(name, EXTRA))
    form = params.choice("format", lambda name: _one_of(name, FORMATS))
    if to_ms is None:
        to_ms = zone.day_start_ms(zone.day_of(now_ms) + 1)
    if from_ms is None:
        from_ms = _default_from_ms(by, min(now_ms, to_ms - 1), zone)
    if from_ms >= to_ms:
        params.bad("from", "must be before `to`")
    params.check()
    form = form or ("csv" if "text/csv" in accept else "json")
    return Query(patterns, kpis or list(kpis_of("today")), by, from_ms, to_ms, extra, form)


def _default_from_ms(by: By, end_ms: int, zone: Zone) -> int:
    day = zone.day_of(end_ms)
    match by.resolution:
        case 0:
            return end_ms - MAX_MINUTES * 60_000
        case 1:
            return zone.day_start_ms(day)
        case _:
            return zone.day_start_ms(day - DEFAULT_DAYS + 1)


def _one_of(name: str, known: Sequence[str] | dict[str, str]) -> str:
    if name not in known:
        raise BadName(f"{name!r} is none of {', '.join(known)}")
    return name


class History:
    """Answers queries from the store."""

    def __init__(self, board: Board, stored: Stored, zone: Zone, policy: ReadingPolicy) -> None:
        self._board = board
        self._stored = stored
        self._zone = zone
        self._policy = policy

    async def answer(self, query: Query) -> Answer:
        """Returns the rows as text; buckets that are no longer held are left out, and that is said.

        Raises:
            BadRequest: too much at once.
            StoreAway: Redis does not answer.
        """
        plan = self._plan(query)
        count = sum(len(buckets) * len(segments) for buckets, segments in plan.values())
        if count > MAX_CELLS:
            message = f"that would be {count} cells at once; at most {MAX_CELLS}"
            raise BadRequest([BadParameter("from", message)])
        cells: Cells = {}
        for buckets, segments in plan.values():
            cells |= await self._stored.cells(query.by.resolution, buckets, segments)
        body = await asyncio.to_thread(self._text, cells, query)  # the tick must not wait
        held_ms = max(plan, default=0)
        held = iso(held_ms) if held_ms > query.from_ms else None
        return Answer(body, FORMATS[query.format], held)

    def _plan(self, query: Query) -> dict[int, tuple[range, list[str]]]:
        """Returns by from when it is held what to read: buckets, segments."""
        plan: dict[int, tuple[range, list[str]]] = {}
        by = query.by
        for segment in dict.fromkeys(s for p in query.patterns for s in self._board.segments(p)):
            held_ms = self._stored.held_from_ms(by.resolution, [segment])
            if held_ms not in plan:
                from_ms = max(query.from_ms, held_ms)
                plan[held_ms] = by.buckets(from_ms, query.to_ms, self._zone), []
            plan[held_ms][1].append(segment)
        return plan

    def _text(self, cells: Cells, query: Query) -> str:
        table = history.rows(cells, query.by, query.kpis, self._zone, self._policy, query.extra)
        write = numbers.csv_text if query.format == "csv" else numbers.json_text
        return write(table.columns, table.rows)
