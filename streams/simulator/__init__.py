"""A believable after-sales operation that says what happens to it in canonical events.

A queueing model, not independent random numbers: contacts arrive by a daily curve, wait, lose
patience, and are served by agents with skills, shifts and breaks. The same seed gives the same
bytes. Nothing else in Pouls can tell it from a real source.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from streams.core.buckets import DAY_MS, HOUR_MS, Zone
from streams.core.events import millis
from streams.simulator.delays import delayed
from streams.simulator.demand import Demand
from streams.simulator.operation import Operation
from streams.simulator.out import Timed
from streams.simulator.plan import QUEUES, SCENARIOS

__all__ = ["SCENARIOS", "Timed", "simulate"]

TICKETS_BEFORE_MS: Final = 5 * DAY_MS
AT_LEAST_MS: Final = 2 * HOUR_MS
"""The shortest past: sliding windows must be full soon after midnight, too."""
FOR_EVER_MS: Final = 1 << 50


def simulate(
    seed: int,
    start: dt.datetime,
    duration: dt.timedelta | None = None,
    *,
    scenario: str = "normal",
    warm_start: bool = False,
    zone: str = "Europe/Paris",
    size: float = 1.0,
    late_s: float = 0.0,
) -> Iterator[Timed]:
    """Yields the events of an operation, in the order in which its source would send them.

    Args:
        seed: the same seed, day and scenario give the same events again.
        start: when to begin; with `warm_start`, what is now.
        duration: how long from `start`; `None` = without end.
        scenario: one of `SCENARIOS`. It happens around the `start` of a warm start, else around
            the middle of the duration.
        warm_start: first everything since local midnight (after midnight: since the one before),
            and the tickets of the five days before.
        zone: the time zone of the operation's day.
        size: so many times as many contacts and agents.
        late_s: events are sent so many seconds late, on average: never before their time, and a
            little out of order.

    Raises:
        KeyError: nobody knows the scenario.
        zoneinfo.ZoneInfoNotFoundError: nobody knows the time zone.
    """
    place, start_ms = Zone(zone), millis(start)
    end_ms = (
        FOR_EVER_MS if duration is None else start_ms + duration // dt.timedelta(milliseconds=1)
    )
    surges = SCENARIOS[scenario]
    begin_ms = open_ms = anchor_ms = start_ms
    if warm_start:
        open_ms = place.day_start_ms(place.day_of(start_ms - AT_LEAST_MS))
        begin_ms = open_ms - TICKETS_BEFORE_MS
    elif duration is not None:
        anchor_ms = (start_ms + end_ms) // 2
    run = f"{seed}-{begin_ms // 1000:x}"
    if size != 1:
        run += f"-x{size:g}"
    if surges:
        run += f"-{scenario}-{anchor_ms // 1000:x}"
    demand = Demand(QUEUES, place, surges, anchor_ms, begin_ms, open_ms, size)
    events = Operation(demand, place, run, begin_ms, start_ms).events(end_ms)
    return delayed(events, late_s, run) if late_s else events
