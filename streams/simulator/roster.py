"""Who works when: it follows from the load, as planners do it.

A team needs agents for its traffic in erlangs, some more so that calls find one free, and some more
because one in five is on a break, in a meeting, or did not come. Shifts of eight hours are laid,
from the quiet of the morning on, until every hour is covered.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from streams.simulator.plan import CURVES, Queue, Team

SHIFT_H: Final = 8
PRESENT: Final = 0.77
"""Share of the shifts' time in which somebody is there to serve."""
QUIET_H: Final = 5
"""The hour from which shifts are laid."""
TICKET_HOURS: Final = range(8, 20)
"""Tickets can wait for the day: their work is spread evenly over it."""
TICKET_VISITS: Final = 1.7
"""Times that a ticket is worked on."""
TICKET_OCCUPANCY: Final = 0.93
CHATS_AT_ONCE: Final = 0.8
"""Share of the chats that one agent can hold that he holds where the load is planned well."""


def starts(team: Team, queues: Sequence[Queue], factor: float) -> list[int]:
    """Returns the local hours at which a team's shifts begin, with `factor` times the load."""
    own = [q for q in queues if q.team == team.name]
    need = [_agents(_erlangs(own, hour, team.chats) * factor) for hour in range(24)]
    if own[0].channel == "ticket":
        work = sum(_erlangs(own, hour, 1) for hour in range(24)) * factor * TICKET_VISITS
        even = work / len(TICKET_HOURS) / TICKET_OCCUPANCY / PRESENT
        need = [even if hour in TICKET_HOURS else 0.0 for hour in range(24)]
    return list(_cover(need))


def _erlangs(queues: Iterable[Queue], hour: int, chats: int) -> float:
    """Returns the agents that would be busy if nobody ever waited for work."""
    at_once = max(1.0, chats * CHATS_AT_ONCE)
    return sum(
        q.per_hour * CURVES[q.curve][hour] * (q.talk_s + q.wrap_s) / 3600 / at_once for q in queues
    )


def _agents(erlangs: float) -> float:
    return (erlangs + 0.8 * math.sqrt(erlangs)) / PRESENT


def _cover(need: Sequence[float]) -> Iterable[int]:
    cover = [0] * 24
    for hour in (*range(QUIET_H, 24), *range(QUIET_H)):
        while cover[hour] < need[hour]:
            yield hour
            for h in range(hour, hour + SHIFT_H):
                cover[h % 24] += 1
