"""The board: the cells of all sources, and readings of them at `now`.

Theory of operation. Sources hand over absolute cells, whole (`load`) or as they change (`apply`);
`step` is the only place where `now` comes from. Nothing is merged ahead of time: a window that is
read gets running sums (`running`), which change with the cells and roll with `now`, so a reading
costs a division. Who is there now is counted again only when a source or the clock makes a
difference (`live`).

What a board holds: 10 s cells as long as their source keeps them, quarter hours of the last 25
hours, the days today and yesterday. Older buckets are `NotHeld`: read them from the store and give
them to `read_stored`. With `EVERYTHING` it holds all that it is given: the report.

Freshness. A segment is as fresh as the stalest source of the topics that ever spoke of it; `site`
and a segment of which nobody spoke, as the stalest of all. A segment of which nobody spoke, or none
of whose sources is loaded, has no data: not even a count of 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from streams.core import windows
from streams.core.agents.now import AgentNow, agent_now
from streams.core.agents.times import take_levels
from streams.core.buckets import (
    DAY,
    EVERYTHING,
    HOUR_MS,
    QUARTER,
    QUARTER_MS,
    Retention,
    Zone,
)
from streams.core.catalogue import Kpi
from streams.core.changes import Visible
from streams.core.errors import BadName, NotHeld
from streams.core.kpis import find
from streams.core.merged import NO_LEVELS, Merged
from streams.core.policy import ReadingPolicy, Target
from streams.core.reading import ENDS_NOW, Reading, formula_of, make, measured_now
from streams.core.running import Place, Running, Stretch, Windows
from streams.core.shapes import NO_DATA, AgentsNow, Now, made_of
from streams.core.tally import Cell
from streams.core.windows import Span

HOLD_QUARTERS_MS: Final = 25 * HOUR_MS
HOLD_DAYS: Final = 2
HORIZON_MS: Final = 24 * HOUR_MS
AGENT_HORIZON_MS: Final = 8 * 24 * HOUR_MS

_parse = lru_cache(maxsize=1024)(windows.parse)


class _Settled(NamedTuple):
    """What settings say of one KPI of one segment."""

    now: str
    """Its formula in windows that end now."""
    then: str
    """Its formula in other windows."""
    target: Target | None


class Board:
    """Readings of all sources.

    Args:
        zone: Whose days and quarter hours they are.
        policy: Formulas and targets.
        sources: Every source that there is, `calls-0` and so on, loaded or not.
        retention: How long sources keep cells.
        horizon_ms: How far back facts of contacts are accepted (`provisional`).
        agent_horizon_ms: How far back those of agents are.
    """

    def __init__(
        self,
        zone: Zone,
        policy: ReadingPolicy,
        sources: Sequence[str],
        retention: Retention,
        horizon_ms: int = HORIZON_MS,
        agent_horizon_ms: int = AGENT_HORIZON_MS,
    ) -> None:
        self.now_ms = 0
        self._zone, self._policy, self._retention = zone, policy, retention
        self._horizon_ms, self._agent_horizon_ms = horizon_ms, agent_horizon_ms
        self._merged = Merged(zone, sources)
        self._windows = Windows(zone, self._merged.cells)
        self._settled: dict[tuple[str, str], _Settled] = {}
        self._keeps: dict[tuple[int, str], int | None] = {}

    # -- what comes in

    def load(self, source: str, everything: Visible) -> None:
        """Replaces all that is known of a source."""
        self._merged.load(source, everything, self._windows.change)
        self._settled.clear()

    def apply(self, source: str, change: Visible) -> None:
        """Takes in what one commit changed."""
        if self._merged.apply(source, change, self._windows.change) or change.segments:
            self._settled.clear()

    def drop(self, source: str) -> None:
        """Forgets a source that has no state: its worker builds it anew."""
        self._merged.drop(source, self._windows.change)

    def mark(self, source: str, as_of_ms: int | None, rebuilding: bool) -> None:
        """Says how far a source has been read, and whether it is still being built."""
        self._merged.mark(source, as_of_ms, rebuilding=rebuilding)

    def step(self, now_ms: int) -> None:
        """Moves `now`."""
        self.now_ms = now_ms = max(now_ms, self._merged.edge_ms)
        self._windows.step(now_ms)
        if self._merged.step(now_ms, self._windows.change):
            self._settled.clear()
        if self._retention != EVERYTHING:
            self._merged.forget(QUARTER, (now_ms - HOLD_QUARTERS_MS) // QUARTER_MS)
            self._merged.forget(DAY, self._zone.day_of(now_ms) - HOLD_DAYS + 1)

    # -- what goes out

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Returns one reading; a KPI that is true now has the window `live`, whichever is asked.

        Raises:
            BadName: no such KPI or window, or none of this segment.
            NotHeld: the window reaches back before what is held.
        """
        entry = find(kpi)
        if entry.kind == windows.LIVE:
            return self._read_live(segment, entry)
        place = self._windows.place(_parse(window))
        self._check(segment, place)
        settled, origin = self._settle(segment, entry), self._merged.origin(segment)
        ends_now = place.start_ms <= self.now_ms < place.end_ms
        formula = settled.now if ends_now else settled.then
        found = NO_DATA
        known = self._knows(segment, entry) and origin.loaded
        if known and place.start_ms <= self.now_ms:
            beyond = self._beyond(segment) if formula.startswith(ENDS_NOW) else 0
            stretch = self._stretch(place.span, place.start_ms, place.end_ms, segment)
            found = self._windows.running(place, segment).measured(
                entry, formula, stretch, self._policy.prices, beyond
            )
        return make(
            segment, entry, place.window.name, formula, found, settled.target, origin.fresh,
            provisional=self._may_change(entry, place.end_ms),
            revised=self._revised(
                entry, formula, segment, place.span.resolution, place.start_ms, place.end_ms
            ),
        )  # fmt: skip

    def read_stored(
        self,
        segment: str,
        kpi: str,
        window: str,
        at_ms: int,
        cells: Iterable[Cell],
        levels: Mapping[int, int] = NO_LEVELS,
        until_ms: int | None = None,
    ) -> Reading:
        """Returns a reading of what the caller brings.

        Args:
            segment: Of what.
            kpi: Its id.
            window: Its name.
            at_ms: Where the window lies: its buckets must have closed, but where it ends now.
            cells: The buckets of the window.
            levels: Label → how many agents held it at `until_ms`.
            until_ms: Agents' time is counted up to here; by default to the window's end, or now.

        Raises:
            BadName: no such KPI or window; a KPI that is true now.
        """
        entry, which = find(kpi), _parse(window)
        if entry.kind == windows.LIVE:
            raise BadName(f"{kpi} is true now, and for no other time")
        span, settled = which.span(at_ms, self._zone), self._settle(segment, entry)
        if until_ms is None:
            until_ms = min(span.end_ms(self._zone), self._latest_ms)
        stretch = Stretch(span.start_ms(self._zone), until_ms, levels)
        running = Running(at_ms)
        for cell in cells:
            running.take(cell, 1)
        found = NO_DATA
        if levels or running.timed or self._merged.staffed(segment) or not entry.of_agents:
            found = running.measured(entry, settled.then, stretch, self._policy.prices)
        return make(
            segment, entry, which.name, settled.then, found,
            settled.target, self._merged.origin(segment).fresh,
            provisional=self._may_change(entry, span.end_ms(self._zone)),
            revised=self._revised(
                entry, settled.then, segment, span.resolution,
                span.start_ms(self._zone), span.end_ms(self._zone),
            ),
        )  # fmt: skip

    def agents(self, *, team: str | None = None, agent: str | None = None) -> list[AgentNow]:
        """Returns the agents of a team, or one, as they are now, by their ids."""
        strict = self._policy.default.offline_in_break == "nonadherent"
        found = (
            agent_now(name, tail, self.now_ms, strict=strict)
            for name, tail in self._merged.agents()
            if agent in (None, name)
        )
        return sorted((now for now in found if team in (None, now.team)), key=lambda a: a.agent)

    def segments(self, pattern: str) -> list[str]:
        """Returns the segments that `queue:*` means, in the order of their names.

        Without a star: the segment itself, seen or not.
        """
        return self._merged.seen.expand(pattern)

    # -- inside

    def _may_change(self, kpi: Kpi, end_ms: int) -> bool:
        """Whether facts are still accepted for what ended then."""
        horizon_ms = self._agent_horizon_ms if kpi.takes_time else self._horizon_ms
        return end_ms + horizon_ms > self.now_ms

    def _revised(
        self, kpi: Kpi, formula: str, segment: str, resolution: int, start_ms: int, end_ms: int
    ) -> bool:
        """Whether something that came late changed what a reading is made of."""
        shape = kpi.formulas[formula]
        assert not isinstance(shape, Now | AgentsNow)
        measures = made_of(shape, len(self._policy.prices.rates))
        return self._merged.revised(resolution, start_ms, end_ms, segment, measures)

    def _knows(self, segment: str, kpi: Kpi) -> bool:
        """Whether anything was heard of what a KPI counts."""
        return self._merged.staffed(segment) if kpi.of_agents else segment in self._merged.seen

    def _settle(self, segment: str, kpi: Kpi) -> _Settled:
        settled = self._settled.get((segment, kpi.id))
        if settled is None:
            settings = self._policy.formula(segment)
            meant = not kpi.channels or self._merged.seen.channels(segment) <= kpi.channels
            settled = self._settled[segment, kpi.id] = _Settled(
                formula_of(kpi, settings, ends_now=True),
                formula_of(kpi, settings, ends_now=False),
                self._policy.target(segment, kpi.id, kpi.target if meant else None),
            )
        return settled

    def _check(self, segment: str, place: Place) -> None:
        """Refuses windows that a segment does not have, and those that reach back too far."""
        resolution, first, _ = place.span
        keep = self._keeps.get((resolution, segment), -1)
        if keep == -1:
            keep = self._keeps[resolution, segment] = self._retention.of(resolution, segment)
        if keep == 0:
            raise BadName(
                f"{segment} has no window {place.window.name}: nothing is kept of it by 10 s; "
                "ask for interval, Nh, today, day:DATE or Nd"
            )
        too_old = keep is not None and place.start_ms < self._merged.top_ms - keep
        if too_old or first < self._merged.first[resolution]:
            raise NotHeld(f"{segment}: {place.window.name} reaches back before what is held")

    @property
    def _latest_ms(self) -> int:
        """Up to when agents are known: to `now`, or further by a commit that it has yet to meet."""
        return max(self.now_ms, self._merged.edge_ms)

    def _stretch(self, span: Span, start_ms: int, end_ms: int, segment: str) -> Stretch:
        """Returns when a window lies, and which agents were there at its end."""
        now_ms, levels = self._latest_ms, self._merged.levels(segment)
        if now_ms < end_ms:
            return Stretch(start_ms, now_ms, levels)
        today = windows.bucket_of(span.resolution, now_ms, self._zone)
        since = Span(span.resolution, span.last + 1, today)
        for cell in self._merged.cells(since, segment):
            levels = take_levels(levels, cell.hist)
        return Stretch(start_ms, end_ms, levels)

    def _beyond(self, segment: str) -> int:
        return self._merged.live(segment, self.now_ms).beyond

    def _read_live(self, segment: str, kpi: Kpi) -> Reading:
        settled, origin = self._settle(segment, kpi), self._merged.origin(segment)
        found, since_ms = NO_DATA, None
        if self._knows(segment, kpi) and origin.loaded:
            live = self._merged.live(segment, self.now_ms)
            found = measured_now(kpi, settled.now, live, self.now_ms)
            if kpi.unit == "seconds" and live.oldest_s is not None:
                since_ms = live.oldest_s * 1000
        return make(
            segment, kpi, windows.LIVE, settled.now, found, settled.target, origin.fresh,
            since_ms=since_ms,
        )  # fmt: skip
