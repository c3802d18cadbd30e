"""Tails: what a source publishes of each agent, and what lies ahead of what it has booked.

A tail says what holds for an agent from the source's edge on if nothing more is heard: readers step
along it, so that plans and limits take effect without an event. It is also all that the views of
single agents need.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.core.agents.derive import Condition, Line, Piece, pieces
from streams.core.agents.groups import Groups
from streams.core.agents.labels import OFFLINE, STATES, measures_of
from streams.core.agents.steps import weights

AHEAD_DAYS: Final = 9
"""So many local days are told ahead, today included: a long silence over a holiday is bridged."""


class Ahead(msgspec.Struct, array_like=True, frozen=True):
    """From `t` on this holds."""

    t: int
    group: int
    """Index of `Tail.groups`."""
    label: int
    weighted: tuple[tuple[int, int], ...]
    """(label, weight): under what it counts."""
    activity: str


class Tail(msgspec.Struct, array_like=True, frozen=True):
    """An agent now and what lies ahead."""

    groups: tuple[tuple[str, ...], ...]
    """Names of segments."""
    pieces: tuple[Ahead, ...]
    """What holds at the edge, what has held since he went out of adherence, and what follows."""
    team: str | None
    """Whose he is at the edge."""
    state: str
    """The last state that was said; `offline` where none was."""
    since_ms: int
    """Since when it has been said; 0 = never."""
    reason: str | None
    """Why he is paused."""


def tail(
    line: Line, edge_ms: int, until_ms: int, groups: Groups, names: Sequence[str]
) -> Tail | None:
    """Returns an agent's tail up to an instant; `None` where nothing is to be said of him."""
    today = line.timeline.at(edge_ms)
    found = pieces(line, today.begin if today.planned else edge_ms, until_ms, groups)
    now = at = max((i for i, piece in enumerate(found) if piece.t <= edge_ms), default=0)
    while at and _is_out(found[at]) and _is_out(found[at - 1]):
        at -= 1
    shown = found[at:]
    if len(shown) == 1 and not measures_of(shown[0].condition.label):
        return None
    used = list(dict.fromkeys(piece.condition.group for piece in shown))
    return Tail(
        tuple(tuple(names[s] for s in groups.all[g].booked) for g in used),
        tuple(
            Ahead(t, used.index(c.group), c.label, _weighted(c, groups), activity)
            for t, c, activity in shown
        ),
        groups.all[found[now].condition.group].key.team,
        *_since(line, edge_ms),
    )


def _is_out(piece: Piece) -> bool:
    return "out_strict" in measures_of(piece.condition.label)


def _weighted(condition: Condition, groups: Groups) -> tuple[tuple[int, int], ...]:
    return tuple(weights(condition, groups.all[condition.group].rate))


def _since(line: Line, edge_ms: int) -> tuple[str, int, str | None]:
    """Returns the last state that was said, since when, and why."""
    i = len(line.times) - 1
    while i > 0 and line.times[i] > edge_ms:
        i -= 1
    if i < 0 or line.times[i] > edge_ms:
        return STATES[OFFLINE], 0, None
    kind = line.kinds[i]
    while i and (line.kinds[i - 1].state, line.kinds[i - 1].reason) == (kind.state, kind.reason):
        i -= 1
    return STATES[kind.state], line.times[i], kind.reason
