"""Derivation: what an agent's facts and plan make of every moment. Pure.

An agent is his facts in folding order and the timeline of his plans. `pieces` says from when on
which condition holds; the last fact is taken to go on, until its limit, so that a piece depends on
what is known and never on what time it is. Time before the first fact is offline; so it is again
after a silence of the horizon, and then the last fact says nothing any more: neither team nor
queues. So it makes no difference when it is forgotten.

How scheduled time is out of adherence hangs on the plan's block, a run of adjoining activities:
before the first moment of it at which the state fits the activity = late, also where there is none;
paused on into a productive activity from a break = long break; after the last moment that fits =
early leave; else wrong activity. A long break goes first, because whoever is still paused has not
left: while it runs, nobody knows whether a moment that fits will follow. Being offline never fits
here, though in a break it may count as adherent: who has not been seen has not come.
`docs/agents.md` tells it with examples.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from streams.core.agents.groups import GroupKey, Groups
from streams.core.agents.labels import (
    EARLY_LEAVE,
    FITS,
    FITS_IN_BREAK,
    FITS_NOT,
    LATE,
    LONG_BREAK,
    NO_ACTIVITY,
    NOT_OUT,
    OFFLINE,
    ON_QUEUE,
    PAUSED,
    UNKNOWN,
    WRONG_ACTIVITY,
    is_productive,
    is_tracked,
    label_of,
)
from streams.core.agents.plan import (
    BREAK,
    EMPTY,
    NOBODY,
    NOTHING,
    PRODUCTIVE,
    Mark,
    Plan,
    Timeline,
)

FOREVER: Final = 1 << 62


class Kind(NamedTuple):
    """What a fact says, but for its time: shared by all facts that say the same."""

    state: int
    team: str | None
    site: str | None
    queues: tuple[str, ...]
    reason: str | None
    """While paused."""
    contacts: int
    """In conversation, on hold or in wrap-up."""
    capacity: int
    lasts_ms: int
    """So long after the fact the state is unknown."""


NOTHING_SAID: Final = Kind(OFFLINE, None, None, (), None, 0, 0, FOREVER)


class Condition(NamedTuple):
    """What a piece counts as."""

    group: int
    label: int
    contacts: int
    capacity: int


class Piece(NamedTuple):
    """From `t` on a condition holds."""

    t: int
    condition: Condition
    activity: str


class Line(msgspec.Struct):
    """An agent as `pieces` sees him."""

    subject: str
    times: "array[int]" = msgspec.field(default_factory=lambda: array("q"))
    """Of the facts, ascending."""
    kinds: list[Kind] = []
    plans: dict[int, Plan] = {}
    timeline: Timeline = EMPTY
    gone_ms: int = FOREVER
    """So long after his last fact an agent counts as offline."""


class _Row(NamedTuple):
    t: int
    state: int
    kind: Kind
    mark: Mark


def _rows(line: Line, lo: int, hi: int) -> Iterator[_Row]:
    """Yields what holds from `lo` on, up to `hi`, change by change."""
    times, kinds, timeline = line.times, line.kinds, line.timeline
    i, j = bisect_right(times, lo) - 1, bisect_right(timeline.times, lo) - 1
    facts, marks = len(times), len(timeline.times)
    t = lo
    while t < hi:
        end = times[i + 1] if i + 1 < facts else FOREVER
        if j + 1 < marks:
            end = min(end, timeline.times[j + 1])
        mark = timeline.marks[j] if j >= 0 else NOBODY
        if i < 0:
            yield _Row(t, OFFLINE, NOTHING_SAID, mark)
        else:
            kind, said = kinds[i], times[i]
            unknown, gone = said + kind.lasts_ms, said + line.gone_ms
            if t < unknown and t < gone:
                yield _Row(t, kind.state, kind, mark)
                end = min(end, unknown, gone)
            elif t < gone:
                yield _Row(t, UNKNOWN, kind, mark)
                end = min(end, gone)
            else:
                yield _Row(t, OFFLINE, NOTHING_SAID, mark)
        t = end
        while i + 1 < facts and times[i + 1] <= t:
            i += 1
        while j + 1 < marks and timeline.times[j + 1] <= t:
            j += 1


def pieces(line: Line, lo: int, hi: int, groups: Groups) -> list[Piece]:
    """Returns what holds from `lo` on, up to `hi`; neighbours differ."""
    if lo >= hi:
        return []
    first, last = line.timeline.at(lo), line.timeline.at(hi - 1)
    begin = lo if first.planned == NO_ACTIVITY else first.begin
    end = hi if last.planned == NO_ACTIVITY else last.end
    out = _Out(line.subject, groups, lo, hi)
    block: list[_Row] = []
    for row in _rows(line, begin, end):
        if block and (row.mark.planned == NO_ACTIVITY or row.mark.begin != block[0].mark.begin):
            _label_block(block, out)
            block = []
        if row.mark.planned != NO_ACTIVITY:
            block.append(row)
        else:
            out.put(row, NOT_OUT)
    if block:
        _label_block(block, out)
    return out.pieces


def _label_block(block: list[_Row], out: "_Out") -> None:
    fits = [_fits(row.state, row.mark.planned) for row in block]
    first = fits.index(True) if True in fits else len(block)
    last = len(fits) - 1 - fits[::-1].index(True) if first < len(block) else -1
    from_break = False
    for i, row in enumerate(block):
        productive = is_productive(row.mark.planned)
        from_break = row.state == PAUSED and (from_break or not productive)
        if fits[i] or row.state == UNKNOWN:
            how = NOT_OUT
        elif i < first:
            how = LATE
        elif productive and from_break:
            how = LONG_BREAK
        else:
            how = EARLY_LEAVE if i > last else WRONG_ACTIVITY
        if i + 1 == len(block) or block[i + 1].t > out.lo:  # else the next one stands at `lo`
            out.put(row, how)


def _fits(state: int, planned: int) -> bool:
    return state in ON_QUEUE if is_productive(planned) else state == PAUSED


class _Out:
    """The pieces, cut to [lo, hi). Days are alike, so most conditions are known already."""

    def __init__(self, subject: str, groups: Groups, lo: int, hi: int) -> None:
        self.pieces: list[Piece] = []
        self.lo = lo
        self._subject, self._groups, self._hi = subject, groups, hi
        self._known: dict[tuple[object, ...], Condition] = {}

    def put(self, row: _Row, how: int) -> None:
        """Adds a row as a piece."""
        t, state, kind, mark = row
        if t >= self._hi:
            return
        key = state, id(kind), mark.planned, mark.others, mark.team, mark.site, how
        condition = self._known.get(key)
        if condition is None:
            condition = self._known[key] = _condition(row, how, self._subject, self._groups)
        piece, out = Piece(max(t, self.lo), condition, mark.name), self.pieces
        if out and out[-1].t == piece.t:  # before `lo`
            out[-1] = piece
        elif not out or out[-1][1:] != piece[1:]:
            out.append(piece)


def _condition(row: _Row, how: int, subject: str, groups: Groups) -> Condition:
    _, state, kind, mark = row
    planned = mark.planned
    own = planned != NO_ACTIVITY and _fits(state, planned)
    label = label_of(
        state,
        planned,
        FITS_NOT if own else _fits_other(state, mark.others),
        how if is_tracked(planned) else NOT_OUT,
    )
    paused = state == PAUSED
    team, site = kind.team or mark.team, kind.site or mark.site
    key = GroupKey(subject, team, site, kind.queues, kind.reason if paused else None)
    return Condition(
        groups.id(key),
        label,
        kind.contacts if state not in (OFFLINE, UNKNOWN) else 0,
        kind.capacity if state in ON_QUEUE else 0,
    )


def _fits_other(state: int, others: int) -> int:
    if not others or state == UNKNOWN:
        return FITS_NOT
    if state in ON_QUEUE:
        return FITS if others & PRODUCTIVE else FITS_NOT
    if others & NOTHING or (state == PAUSED and others & BREAK):
        return FITS
    return FITS_IN_BREAK if others & BREAK else FITS_NOT


def next_change(line: Line, after_ms: int) -> int:
    """Returns when something changes by itself after an instant; `FOREVER` = never."""
    i = bisect_right(line.times, after_ms)
    found = line.times[i] if i < len(line.times) else FOREVER
    if i:
        said, kind = line.times[i - 1], line.kinds[i - 1]
        found = min(
            found,
            *(t for t in (said + kind.lasts_ms, said + line.gone_ms) if t > after_ms),
            FOREVER,
        )
    marks = line.timeline.times
    j = bisect_right(marks, after_ms)
    return min(found, marks[j]) if j < len(marks) else found
