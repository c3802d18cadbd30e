"""Tails: what a source publishes of each agent, and what lies ahead of what it has booked.

A tail says what holds for an agent from the source's edge on if nothing more is heard: readers step
along it, so that plans and limits take effect without an event. It is also all that the views of
single agents need.

It tells everything that is known ahead, for a source may hear nothing for weeks. Until the agent is
gone that hangs on his last state; later on his plans alone, so that part is made once for many
tails, and is packed: few readers ever get there.
"""

import zlib
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from streams.core.agents.derive import FOREVER, Condition, Kind, Line, Piece, pieces
from streams.core.agents.groups import Groups
from streams.core.agents.labels import OFFLINE, STATES, UNKNOWN, measures_of
from streams.core.agents.plan import Timeline
from streams.core.agents.steps import weights

NEAR_MS: Final = 900_000
"""So far back is looked first for when what holds at the edge began: mostly it is enough."""
LONGEST_DAYS: Final = 8
"""After so many days of silence at the latest an agent is offline."""
NOTHING_LATER: Final = b""


class Coming(msgspec.Struct, array_like=True, frozen=True):
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
    pieces: tuple[Coming, ...]
    """What holds at the edge, what has held since he went out of adherence, and what follows."""
    teams: tuple[str | None, ...]
    """Whose he is, in the order of `groups`."""
    state: str
    """The state at the edge; `offline` where none was ever said."""
    since_ms: int
    """Since when it has held; 0 = nothing was ever said."""
    reason: str | None
    """Why he is paused."""
    until_ms: int = 0
    """Up to here `pieces` tell everything: until he is gone, and the block around it is over."""
    later: bytes = NOTHING_LATER
    """What follows then, packed: see `extended`."""


class _Later(msgspec.Struct, array_like=True, frozen=True):
    """What follows the pieces of a tail; some of it may be among them already."""

    groups: tuple[tuple[str, ...], ...]
    teams: tuple[str | None, ...]
    pieces: tuple[Coming, ...]
    """`t` is the time since the piece before: so days that are alike are packed into little."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Later).decode


class Later(NamedTuple):
    """The end of an agent's tails, for as long as it stands."""

    timeline: Timeline
    """What it was made of."""
    from_ms: int
    """Tails that end here or later go on with it."""
    packed: bytes


def until(line: Line, edge_ms: int) -> int:
    """Returns from when on nothing hangs on an agent's states any more."""
    ms = edge_ms
    if line.times:
        ms = min(max(ms, line.times[-1] + line.gone_ms), FOREVER - 1)
    mark = line.timeline.at(ms)
    return mark.end if mark.planned and mark.begin < ms else ms


def later(
    line: Line, from_ms: int, held: Later | None, groups: Groups, names: Sequence[str]
) -> Later:
    """Returns what is planned after an instant of `until`; what is held, if that still stands."""
    plan = line.timeline
    if not plan.times or plan.times[-1] <= from_ms:
        return Later(plan, from_ms, NOTHING_LATER)
    if held is not None and held.timeline is plan and held.from_ms <= from_ms:
        return held
    found = pieces(line, from_ms, FOREVER, groups)[1:]
    if not found:
        return Later(plan, from_ms, NOTHING_LATER)
    own, teams, said = _told(found, groups, names)
    since = [0, *(piece.t for piece in said)]
    apart = tuple(_at(b.t - t, b, b.group) for t, b in zip(since, said, strict=False))
    return Later(plan, from_ms, zlib.compress(_encode(_Later(own, teams, apart))))


def extended(tail: Tail) -> Tail:
    """Returns a tail with what follows among its pieces."""
    if not tail.later:
        return tail
    more = _decode(zlib.decompress(tail.later))
    offset, t, found = len(tail.groups), 0, list(tail.pieces)
    for piece in more.pieces:
        t += piece.t
        if t > tail.until_ms:
            found.append(_at(t, piece, offset + piece.group))
    return msgspec.structs.replace(
        tail,
        groups=tail.groups + more.groups,
        pieces=tuple(found),
        teams=tail.teams + more.teams,
        later=NOTHING_LATER,
    )


def _at(t: int, piece: Coming, group: int) -> Coming:
    return Coming(t, group, piece.label, piece.weighted, piece.activity)


def tail(
    line: Line, edge_ms: int, until_ms: int, packed: bytes, groups: Groups, names: Sequence[str]
) -> Tail | None:
    """Returns an agent's tail; `None` where nothing is to be said of him.

    Args:
        line: The agent.
        edge_ms: Up to when he is booked.
        until_ms: Of `until`.
        packed: Of `later`.
        groups: Those of the source.
        names: Of its segments.
    """
    today = line.timeline.at(edge_ms)
    begin = today.begin if today.planned else edge_ms
    near = max(begin, edge_ms - NEAR_MS)
    found, at = _looking_back(line, near, edge_ms, until_ms + 1, groups)
    if near > begin and not at:  # it has begun earlier
        found, at = _looking_back(line, begin, edge_ms, until_ms + 1, groups)
    shown = found[at:]
    if not packed and not any(measures_of(piece.condition.label) for piece in shown):
        return None
    own, teams, said = _told(shown, groups, names)
    return Tail(own, said, teams, *_since(line, edge_ms), until_ms if packed else 0, packed)


def _told(
    found: Sequence[Piece], groups: Groups, names: Sequence[str]
) -> tuple[tuple[tuple[str, ...], ...], tuple[str | None, ...], tuple[Coming, ...]]:
    """Returns pieces with the names of their segments, and whose they are."""
    conditions = dict.fromkeys(piece.condition for piece in found)
    used = {g: i for i, g in enumerate(dict.fromkeys(c.group for c in conditions))}
    counts = {c: (used[c.group], c.label, _weighted(c, groups)) for c in conditions}
    return (
        tuple(tuple(names[s] for s in groups.all[g].booked) for g in used),
        tuple(groups.all[g].key.team for g in used),
        tuple(Coming(t, *counts[c], activity) for t, c, activity in found),
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
