"""Days of agents: the plan is published, they come, take breaks, and go; some do not."""

# ruff: noqa: S311  a simulation's dice
import datetime as dt
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

from streams.core.buckets import Zone
from streams.simulator.agenda import MINUTE_MS, Absence, activities, agenda, moved
from streams.simulator.demand import Demand
from streams.simulator.engine import Engine, Life
from streams.simulator.floor import Agent, Floor
from streams.simulator.habits import comes_ms, goes_ms, outings
from streams.simulator.out import Out
from streams.simulator.plan import TEAMS, Team
from streams.simulator.roster import SHIFT_H, starts

HOUR_MS: Final = 3_600_000
SHIFT_MS: Final = SHIFT_H * HOUR_MS
REST_MS: Final = 11 * HOUR_MS
HELPS: Final = 0.5
"""Share of a team that is experienced enough to help in other queues."""
ILL: Final = 0.02
ILL_SAID_MS: Final = 40 * MINUTE_MS
NO_SHOW_EVERY: Final = 33
"""Of so many shifts, in the order of their starts, one is nobody's: so while a good many are at
work, one is always missing."""
MOVED: Final = 0.08
SAID_AHEAD: Final = 0.7
AHEAD_MS: Final = HOUR_MS
BEHIND_MS: Final = 20 * MINUTE_MS
"""A change of plan is said an hour before it counts, or so long after it has happened."""


class Shift(NamedTuple):
    """An agent's working day."""

    agent: Agent
    date: dt.date
    start_ms: int
    end_ms: int
    slot: int
    hour: int
    """At which it starts, by the clock on the wall."""
    kept: bool
    """Whether somebody comes."""

    def plan(self, dice: Random) -> tuple[Absence, ...]:
        """Returns the absences that are planned at midnight."""
        return agenda(self.slot, self.hour, self.agent.team, dice)


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
            for shift in self._shifts(day):
                self._engine.start(self._work(shift))
            day += 1

    def _shifts(self, day: int) -> Iterator[Shift]:
        date, midnight_ms = dt.date.fromordinal(day), self._zone.day_start_ms(day)
        factor = self._demand.of_day(date)
        laid = [
            (team, slot, hour)
            for team in TEAMS
            for slot, hour in enumerate(starts(team, self._demand.queues, factor))
        ]
        in_order = sorted(range(len(laid)), key=lambda n: (laid[n][2], n))
        nobodys = set(in_order[day * 5 % NO_SHOW_EVERY :: NO_SHOW_EVERY])
        for n, (team, slot, hour) in enumerate(laid):
            start_ms = midnight_ms + hour * HOUR_MS
            if start_ms + SHIFT_MS > max(self._demand.opens_ms(team.name), self._engine.now_ms):
                agent = self._rested(team, start_ms)
                end_ms = start_ms + SHIFT_MS
                yield Shift(agent, date, start_ms, end_ms, slot, hour, n not in nobodys)

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
        dice = Random(f"{self._seed}:{shift.agent.id}:{shift.date}")
        planned = shift.plan(dice)
        self._say_plan(shift, 1, planned)
        if not shift.kept:
            return
        if dice.random() < ILL:
            yield shift.start_ms + ILL_SAID_MS
            self._say_plan(shift, 2, None)
            return
        if dice.random() < MOVED and (change := moved(planned, dice)) is not None:
            planned = change.planned
            at_ms = shift.start_ms + (
                change.from_min * MINUTE_MS - AHEAD_MS
                if dice.random() < SAID_AHEAD
                else change.to_min * MINUTE_MS + BEHIND_MS
            )
            self._engine.start(self._revise(shift, at_ms, planned))
        yield from self._present(shift, planned, dice)

    def _present(self, shift: Shift, planned: Sequence[Absence], dice: Random) -> Life:
        """Comes, leaves the floor and comes back, and goes."""
        engine, floor, agent = self._engine, self._floor, shift.agent
        yield max(comes_ms(shift.start_ms, dice), self._demand.opens_ms(agent.team.name))
        end_ms = self._demand.leaves_early(agent, shift.start_ms, shift.end_ms, dice)
        go_ms = goes_ms(end_ms, dice) if end_ms == shift.end_ms else end_ms
        if engine.now_ms >= go_ms:
            return
        floor.arrive(agent)
        for outing in outings(shift.start_ms, planned, dice):
            if outing.from_ms + outing.length_ms <= engine.now_ms or outing.from_ms >= go_ms:
                continue
            yield outing.from_ms
            yield from floor.leave(agent, "paused", outing.reason)
            yield outing.back_ms(engine.now_ms)
            if engine.now_ms >= go_ms:
                break
            floor.arrive(agent)
        yield go_ms
        yield from floor.leave(agent, "offline", "")

    def _revise(self, shift: Shift, at_ms: int, planned: Sequence[Absence]) -> Life:
        yield at_ms
        self._say_plan(shift, 2, planned)

    def _say_plan(self, shift: Shift, revision: int, planned: Sequence[Absence] | None) -> None:
        """Says what is planned; None = a day off."""
        team = shift.agent.team
        data = {
            "revision": revision,
            "date": shift.date.isoformat(),
            "activities": (
                [] if planned is None else activities(shift.start_ms, shift.end_ms, planned)
            ),
            "team": team.name,
            "site": team.site,
        }
        self._out.put(self._engine.now_ms, "agents", "agent.schedule", shift.agent.id, data)
