"""`GET /api/v1/readings`: any KPI of any segment in any window, now or at an instant of the past.

Now is the hub's last tick, so the answer agrees with what every wall shows at this moment. Windows
that reach back before what the board holds are made of stored cells. So is the past (`at=`), but
only where every bucket of the window had closed by then: one that was still running holds, today,
what came afterwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from api import segments
from api.params import BadParameter, BadRequest, Params
from api.presence import NOBODY, Cells
from api.stored import MAX_CELLS, Extent, Stored
from api.views import kpis_of
from streams.core import kpis, names, windows
from streams.core.board import Board
from streams.core.buckets import Zone, iso
from streams.core.errors import BadName, NotHeld
from streams.core.numbers import number
from streams.core.reading import Reading
from streams.core.tally import Cell
from streams.core.windows import LIVE, Window

KNOWN: Final = ("segment", "kpi", "window", "at")
NOW: Final = windows.parse(LIVE)
TODAY: Final = windows.parse("today")
MAX_READINGS: Final = 10_000


class Query(NamedTuple):
    """What is asked for."""

    patterns: list[str]
    picks: list[tuple[str, Window]]
    """KPIs and the windows in which they are read."""
    at_ms: int | None


class Want(NamedTuple):
    """One reading that is asked for."""

    segment: str
    kpi: str
    window: Window


def parse(query: str, zone: Zone) -> Query:
    """Returns what a query string asks for; by default all KPIs of the site, now and today.

    Raises:
        BadRequest: everything that is wrong with it.
    """
    params = Params(query, KNOWN)
    patterns = params.each("segment", segments.parse) or [names.SITE]
    asked = params.each("kpi", lambda name: kpis.find(name).id)
    given = params.each("window", windows.parse)
    at_ms = params.moment("at", zone)
    default = [TODAY] if "at" in params else [NOW, TODAY]
    picks = _picks(params, asked, given or default)
    if "at" in params and any(window == NOW for _, window in picks):
        params.bad("at", "what is true now has no past: leave out live KPIs and the window live")
    params.check()
    return Query(patterns, picks, at_ms)


def _picks(
    params: Params, asked: Sequence[str], given: Sequence[Window]
) -> list[tuple[str, Window]]:
    """Returns each KPI in the windows that it has: one that is true now has only `live`."""
    if not asked:
        return [(kpi, window) for window in given for kpi in kpis_of(window.name)]
    lengths = [window for window in given if window.kind != LIVE]
    picks = []
    for kpi in asked:
        if kpi in kpis_of(LIVE):
            picks.append((kpi, NOW))
        elif not lengths:
            params.bad("window", f"{kpi} needs a window other than {LIVE}")
        else:
            picks += [(kpi, window) for window in lengths]
    return picks


class Readings:
    """Answers queries from the board and, for what it does not hold, from the store."""

    def __init__(self, board: Board, stored: Stored, zone: Zone) -> None:
        self._board = board
        self._stored = stored
        self._zone = zone

    async def answer(self, query: Query) -> list[Reading]:
        """Returns the readings, by segment, then as asked.

        Raises:
            BadRequest: windows that segments do not have, too many, not held, not closed.
            StoreAway: Redis does not answer.
        """
        wants = self._wants(query)
        found: dict[Want, Reading] = {}
        old: dict[Window, list[Want]] = {}
        for want in wants:
            reading = self._now(want) if query.at_ms is None else None
            if reading is None:
                old.setdefault(want.window, []).append(want)
            else:
                found[want] = reading
        at_ms = self._board.now_ms if query.at_ms is None else query.at_ms
        if query.at_ms is not None:
            self._check_closed(old, at_ms)
        if old:
            extent = await self._stored.extent()
            self._check_held(old, at_ms, extent)
            for window, those in old.items():
                found |= await self._then(window, those, at_ms, extent)
        return [found[want] for want in wants]

    def _wants(self, query: Query) -> list[Want]:
        board = self._board
        expanded = (segments.expand(p, board, board.segments) for p in query.patterns)
        found = dict.fromkeys(segment for those in expanded for segment in those)
        count = len(found) * len(query.picks)
        if count > MAX_READINGS:
            raise _bad("segment", f"would be {count} readings; at most {MAX_READINGS}")
        return [Want(segment, *pick) for segment in found for pick in query.picks]

    def _now(self, want: Want) -> Reading | None:
        try:
            return self._board.read(want.segment, want.kpi, want.window.name)
        except NotHeld:
            return None
        except BadName as error:
            raise _bad("window", str(error)) from error

    async def _then(
        self, window: Window, wants: Sequence[Want], at_ms: int, extent: Extent
    ) -> dict[Want, Reading]:
        span = window.span(at_ms, self._zone)
        buckets = range(span.first, span.last + 1)
        those = list(dict.fromkeys(want.segment for want in wants))
        if len(buckets) * len(those) > MAX_CELLS:
            raise _bad("window", f"{window.name} of {len(those)} segments is too much at once")
        now_ms = self._board.now_ms
        past = await self._stored.past(extent, span.resolution, buckets, those, now_ms)
        by_segment = _by_segment(past.cells)
        return {
            want: self._board.read_stored(
                want.segment, want.kpi, window.name, at_ms, by_segment.get(want.segment, ()),
                past.levels.get(want.segment, NOBODY), past.until_ms,
            )
            for want in wants
        }  # fmt: skip

    def _check_closed(self, old: Iterable[Window], at_ms: int) -> None:
        if at_ms > self._board.now_ms:
            raise _bad("at", f"is in the future: now is {iso(self._board.now_ms)}")
        for window in old:
            end_ms = window.span(at_ms, self._zone).end_ms(self._zone)
            if at_ms < end_ms - 1:
                raise _bad(
                    "at",
                    f"{window.name} was still running then, until {iso(end_ms - 1)}; "
                    "only what had closed is known of the past",
                )

    def _check_held(self, old: Mapping[Window, Sequence[Want]], at_ms: int, extent: Extent) -> None:
        for window, wants in old.items():
            span = window.span(at_ms, self._zone)
            from_ms = max(
                self._stored.held_from_ms(extent, span.resolution, w.segment) for w in wants
            )
            if span.start_ms(self._zone) < from_ms:
                raise _bad("window", f"{window.name} reaches back before {iso(from_ms)}, not held")


def _by_segment(cells: Cells) -> dict[str, list[Cell]]:
    out: dict[str, list[Cell]] = {}
    for (_, segment), cell in cells.items():
        out.setdefault(segment, []).append(cell)
    return out


def _bad(name: str, message: str) -> BadRequest:
    return BadRequest([BadParameter(name, message)])


def as_json(readings: Sequence[Reading], now_ms: int) -> bytes:
    """Returns the answer's body; numbers as the history writes them, times as ISO 8601 with Z."""
    times = [reading.as_of_ms for reading in readings]
    known = [ms for ms in times if ms is not None]
    return msgspec.json.encode(
        {
            "as_of": iso(min(known)) if known and len(known) == len(times) else None,
            "now": iso(now_ms),
            "readings": [_entry(reading) for reading in readings],
        }
    )


def _entry(reading: Reading) -> dict[str, object]:
    return {
        "segment": reading.segment,
        "kpi": reading.kpi,
        "window": reading.window,
        "value": _number(reading.value),
        "n": reading.n,
        "part": reading.part,
        "whole": reading.whole,
        "low": _number(reading.low),
        "high": _number(reading.high),
        "unit": reading.unit,
        "status": reading.status,
        "target": reading.target,
        "formula": reading.formula,
        "as_of": _time(reading.as_of_ms),
        "since": _time(reading.since_ms),
        "provisional": reading.provisional,
        "revised": reading.revised,
        "rebuilding": reading.rebuilding,
    }


def _number(value: float | None) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(number(value).encode())


def _time(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)
