"""Tails: what a source publishes of each agent, and what lies ahead of what it has booked.

A tail says what holds for an agent from the source's edge on if nothing more is heard: readers step
along it, so that plans and limits take effect without an event. It is also all that the views of
single agents need.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec

from streams.core.agents.derive import Condition, Kind, Line, Piece, pieces
from streams.core.agents.groups import Groups
from streams.core.agents.labels import OFFLINE, STATES, UNKNOWN, measures_of
from streams.core.agents.steps import weights

NEAR_MS: Final = 900_000
"""So far back is looked first for when what holds at the edge began: mostly it is enough."""
LONGEST_DAYS: Final = 8
"""After so many days of silence at the latest an agent is offline."""
AHEAD_DAYS: Final = LONGEST_DAYS + 2
"""So many local days are told ahead, today included: whatever the hour is, and though one of them
may be an hour short, all limits of what was said until now are among them."""


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
    teams: tuple[str | None, ...]
    """Whose he is, in the order of `groups`."""
    state: str
    """The state at the edge; `offline` where none was ever said."""
    since_ms: int
    """Since when it has held; 0 = nothing was ever said."""
    reason: str | None
    """Why he is paused."""


def tail(
    line: Line, edge_ms: int, until_ms: int, groups: Groups, names: Sequence[str]
) -> Tail | None:
    """Returns an agent's tail up to an instant; `None` where nothing is to be said of him."""
    today = line.timeline.at(edge_ms)
    begin = today.begin if today.planned else edge_ms
    near = max(begin, edge_ms - NEAR_MS)
    found, at = _looking_back(line, near, edge_ms, until_ms, groups)
    if near > begin and not at:  # it has begun earlier
        found, at = _looking_back(line, begin, edge_ms, until_ms, groups)
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
        tuple(groups.all[g].key.team for g in used),
        *_since(line, edge_ms),
    )


def _looking_back(
    line: Line, lo: int, edge_ms: int, until_ms: int, groups: Groups
) -> tuple[list[Piece], int]:
    """Returns what holds from `lo` on, and which of it is to be shown first."""
    found = pieces(line, lo, until_ms, groups)
    at = max((i for i, piece in enumerate(found) if piece.t <= edge_ms), default=0)
    while at and _is_out(found[at]) and _is_out(found[at - 1]):
        at -= 1
    return found, at


def _is_out(piece: Piece) -> bool:
    return "out_strict" in measures_of(piece.condition.label)


def _weighted(condition: Condition, groups: Groups) -> tuple[tuple[int, int], ...]:
    return tuple(weights(condition, groups.all[condition.group].rate))


def _since(line: Line, edge_ms: int) -> tuple[str, int, str | None]:
    """Returns the state at the edge, since when it has held, and why."""
    times, kinds = line.times, line.kinds
    i = bisect_right(times, edge_ms) - 1
    if i < 0:
        return STATES[OFFLINE], 0, None
    kind, unknown_ms, gone_ms = kinds[i], times[i] + kinds[i].lasts_ms, times[i] + line.gone_ms
    if edge_ms >= gone_ms:
        return STATES[OFFLINE], gone_ms, None
    if edge_ms >= unknown_ms:
        return STATES[UNKNOWN], unknown_ms, None
    while i and _goes_on(line, i - 1, kind):
        i -= 1
    return STATES[kind.state], times[i], kind.reason


def _goes_on(line: Line, i: int, kind: Kind) -> bool:
    """Whether a fact says the same, and held until the next one."""
    said = line.kinds[i]
    ends_ms = line.times[i] + min(said.lasts_ms, line.gone_ms)
    return (said.state, said.reason) == (kind.state, kind.reason) and ends_ms >= line.times[i + 1]
