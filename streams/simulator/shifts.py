"""Days of agents: the plan is published, they come, take breaks, and go; some are ill."""

# ruff: noqa: S311  a simulation's dice
import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from streams.core.buckets import Zone, iso
from streams.simulator.demand import Demand
from streams.simulator.engine import Engine, Life
from streams.simulator.floor import Agent, Floor
from streams.simulator.out import Out
from streams.simulator.plan import TEAMS, Team
from streams.simulator.roster import SHIFT_H, breaks, starts

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
SHIFT_MS: Final = SHIFT_H * HOUR_MS
REST_MS: Final = 11 * HOUR_MS
HELPS: Final = 0.5
"""Share of a team that is experienced enough to help in other queues."""
ILL: Final = 0.02
ILL_SAID_MS: Final = 40 * MINUTE_MS
LATE_MS: Final = 90_000


class Shift(NamedTuple):
    """An agent's working day."""

    agent: Agent
    date: dt.date
    start_ms: int
    end_ms: int
    slot: int


class Shifts:
    """The agents of the operation, day by day."""

    def __init__(
        self, engine: Engine, floor: Floor, out: Out, demand: Demand, zone: Zone, seed: str
    ) -> None:
        self._engine, self._floor, self._out = engine, floor, out
        self._demand, self._zone, self._seed = demand, zone, seed
        self._agents: dict[str, list[Agent]] = {team.name: [] for team in TEAMS}
        self._rested_ms: dict[Agent, int] = {}

    def days(self) -> Life:
        """Begins each local day at its midnight, from yesterday on: its night is still at work."""
        day = self._zone.day_of(self._engine.now_ms) - 1
        while True:
            yield self._zone.day_start_ms(day)
            for team in TEAMS:
                for shift in self._shifts(team, day):
                    self._engine.start(self._work(shift))
            day += 1

    def _shifts(self, team: Team, day: int) -> Iterator[Shift]:
        date, midnight_ms = dt.date.fromordinal(day), self._zone.day_start_ms(day)
        opens_ms = self._demand.opens_ms(team.name)
        factor = self._demand.of_day(date)
        for slot, hour in enumerate(starts(team, self._demand.queues, factor)):
            start_ms = midnight_ms + hour * HOUR_MS
            if start_ms + SHIFT_MS > max(opens_ms, self._engine.now_ms):
                agent = self._rested(team, start_ms)
                yield Shift(agent, date, start_ms, start_ms + SHIFT_MS, slot)

    def _rested(self, team: Team, start_ms: int) -> Agent:
        """Returns the first agent of the team who has slept, or a new one, and books him."""
        agents = self._agents[team.name]
        agent = next((a for a in agents if self._rested_ms[a] <= start_ms), None)
        if agent is None:
            agent = self._hire(team, len(agents))
            agents.append(agent)
        self._rested_ms[agent] = start_ms + SHIFT_MS + REST_MS
        return agent

    def _hire(self, team: Team, number: int) -> Agent:
        own = [q.name for q in self._demand.queues if q.team == team.name]
        turn = number % len(own)  # each queue is somebody's first
        helps = team.helps if Random(f"{self._seed}:{team.name}{number}").random() < HELPS else ()
        return Agent(f"{team.name}-{number + 1:02d}", team, [*own[turn:], *own[:turn], *helps])

    def _work(self, shift: Shift) -> Life:
        """One shift: the plan of it, then what really happens."""
        engine, floor, agent = self._engine, self._floor, shift.agent
        dice = Random(f"{self._seed}:{agent.id}:{shift.date}")
        self._say_plan(shift, 1, _activities(shift))
        if dice.random() < ILL:
            yield shift.start_ms + ILL_SAID_MS
            self._say_plan(shift, 2, [])
            return
        come_ms = shift.start_ms + int(dice.gauss(0, LATE_MS))
        yield max(come_ms, self._demand.opens_ms(agent.team.name))
        go_ms = self._demand.leaves_early(agent, shift.start_ms, shift.end_ms, dice)
        if engine.now_ms >= go_ms:
            return
        floor.arrive(agent)
        for activity, from_min, to_min in breaks(shift.slot):
            off_ms = shift.start_ms + from_min * MINUTE_MS + int(dice.gauss(0, LATE_MS))
            if not engine.now_ms < off_ms < go_ms:
                continue
            yield off_ms
            yield from floor.leave(agent, "paused", activity)
            length_ms = (to_min - from_min) * MINUTE_MS
            yield engine.now_ms + max(MINUTE_MS, length_ms + int(dice.gauss(0, LATE_MS)))
            floor.arrive(agent)
        yield go_ms + int(abs(dice.gauss(0, LATE_MS)))
        yield from floor.leave(agent, "offline", "")

    def _say_plan(self, shift: Shift, revision: int, activities: list[dict[str, Any]]) -> None:
        team = shift.agent.team
        data = {"revision": revision, "date": shift.date.isoformat(), "activities": activities}
        place = {"team": team.name, "site": team.site}
        self._out.put(self._engine.now_ms, "agents", "agent.schedule", shift.agent.id, data | place)


def _activities(shift: Shift) -> list[dict[str, Any]]:
    """Returns the plan of a shift: queue, break, queue, and so on."""
    activities, at_ms = [], shift.start_ms
    for activity, from_min, to_min in breaks(shift.slot):
        from_ms, to_ms = (shift.start_ms + m * MINUTE_MS for m in (from_min, to_min))
        activities += [
            _activity("file", at_ms, from_ms),
            _activity(activity, from_ms, to_ms, productive=False),
        ]
        at_ms = to_ms
    return [*activities, _activity("file", at_ms, shift.end_ms)]


def _activity(
    name: str, from_ms: int, to_ms: int, *, productive: bool = True
) -> dict[str, str | bool]:
    return {"start": iso(from_ms), "end": iso(to_ms), "activity": name, "productive": productive}
