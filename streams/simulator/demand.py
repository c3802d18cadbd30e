"""How much arrives when: the day's curve, the weekday, the scenario."""

import datetime as dt
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

import msgspec

from streams.core.buckets import QUARTER_MS, Zone
from streams.simulator.floor import Agent
from streams.simulator.plan import CURVES, WEEK, Queue, Surge

HOUR_MS: Final = 3_600_000
_BUSIEST: Final = max(WEEK)


class Demand:
    """The load of every queue at every moment."""

    def __init__(
        self, queues: Sequence[Queue], zone: Zone, surges: Sequence[Surge], anchor_ms: int,
        begin_ms: int, open_ms: int, size: float,
    ) -> None:  # fmt: skip
        """Begins with tickets at `begin_ms`, with the rest at `open_ms`; `size` times as much."""
        self.queues = [msgspec.structs.replace(q, per_hour=q.per_hour * size) for q in queues]
        self._zone, self._begin_ms, self._open_ms = zone, begin_ms, open_ms
        self._surges = [(anchor_ms + s.from_s * 1000, anchor_ms + s.to_s * 1000, s) for s in surges]
        self._shares: dict[tuple[str, int], float] = {}
        self._peak = _BUSIEST
        for surge in surges:
            self._peak = max(self._peak * max(1.0, surge.load), surge.least)

    def opens_ms(self, team: str) -> int:
        """Returns since when a team's contacts and agents are simulated."""
        tickets = any(q.channel == "ticket" for q in self.queues if q.team == team)
        return self._begin_ms if tickets else self._open_ms

    def stalls(self) -> Iterator[tuple[int, int, str]]:
        """Yields when nobody is answered: from when, until when, in which queue."""
        for from_ms, to_ms, surge in self._surges:
            if surge.stalled:
                yield from ((from_ms, to_ms, queue) for queue in surge.queues)

    def of_day(self, date: dt.date) -> float:
        """Returns what planners know: so many times a Wednesday's load."""
        return WEEK[date.weekday()]

    def next_arrival(self, queue: Queue, after_ms: int, dice: Random) -> int:
        """Returns the next arrival of a Poisson process whose rate follows the load."""
        per_ms = queue.per_hour * self._peak / HOUR_MS
        at_ms = float(after_ms)
        while True:
            at_ms += dice.expovariate(per_ms)
            if dice.random() * self._peak < self._load(queue, int(at_ms)):
                return int(at_ms) + 1

    def leaves_early(self, agent: Agent, start_ms: int, end_ms: int, dice: Random) -> int:
        """Returns when a shift really ends: some are missing once a surge has begun."""
        for from_ms, to_ms, surge in self._surges:
            hit = agent.queues[0] in surge.queues and dice.random() < surge.absent
            if hit and start_ms < to_ms and end_ms > from_ms:
                return max(start_ms, from_ms)
        return end_ms

    def _load(self, queue: Queue, at_ms: int) -> float:
        """Returns the load as a share of an ordinary day's peak."""
        load = self._share(queue.curve, at_ms // QUARTER_MS)
        for from_ms, to_ms, surge in self._surges:
            if from_ms <= at_ms < to_ms and (not surge.queues or queue.name in surge.queues):
                load = max(load * surge.load, surge.least)
        return load

    def _share(self, curve: str, quarter: int) -> float:
        share = self._shares.get((curve, quarter))
        if share is None:
            local = self._zone.local(quarter * QUARTER_MS)
            hours = CURVES[curve]
            here, following = hours[local.hour], hours[(local.hour + 1) % 24]
            share = here + (following - here) * local.minute / 60
            share *= WEEK[local.weekday()]
            self._shares[curve, quarter] = share
        return share
