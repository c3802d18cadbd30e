"""The handover of a shift: what fired, who took it on, what was said, what is still open.

Pure: events of the shift and of the time before it in, one document out.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from alerting.core.shapes import Event, Severity
from alerting.shown import QuietRow, agents_named, is_private

BEGINS: Final = ("fire", "reopen")
ENDS: Final = ("resolve", "close")


class Acknowledged(msgspec.Struct, frozen=True):
    """Somebody took it on."""

    by: str
    at_ms: int
    note: str


class Note(msgspec.Struct, frozen=True):
    """Somebody said something."""

    by: str
    at_ms: int
    text: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, as a shift hands it over. Times are Redis TIME in ms."""

    episode: str
    fired_ms: int
    """When it fired first, or first known."""
    ended_ms: int | None
    reason: str
    """Why it ended."""
    worst: Severity
    reopened: int
    acked: tuple[Acknowledged, ...]
    notes: tuple[Note, ...]
    last: Event
    """The latest event with what was measured."""

    @property
    def open(self) -> bool:
        """Whether it was still there at the end."""
        return self.ended_ms is None


class Undelivered(msgspec.Struct, frozen=True):
    """A message that never left."""

    address: str
    kind: str
    episodes: tuple[str, ...]
    at_ms: int


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """One page."""

    from_ms: int
    to_ms: int
    open: tuple[Told, ...]
    """At the end of the shift, whenever it began: critical first, then the oldest."""
    alerts: tuple[Told, ...]
    """That were there in the shift, open or over, in the order in which they fired."""
    quiet: tuple[QuietRow, ...]
    """That have to do with the shift and have not ended."""
    undelivered: tuple[Undelivered, ...]
    left_out: int
    """Alerts about single agents: these are told to who names them."""
    watched: bool
    """Whether anybody watches now."""


def hand_over(
    events: Iterable[Event],
    *,
    from_ms: int,
    to_ms: int,
    quiet: Sequence[QuietRow] = (),
    undelivered: Sequence[Undelivered] = (),
    watched: bool = True,
    pick: Callable[[str], bool] = lambda segment: not is_private(segment),
) -> Handover:
    """Returns the page of a shift.

    Args:
        events: Up to the end of the shift, oldest first, from as long before as alerts may last.
        from_ms: When the shift began, by Redis TIME.
        to_ms: When it ended; the last moment before is the last that counts.
        quiet: What is quiet, or will be.
        undelivered: Of the shift.
        watched: Whether anybody watches now.
        pick: Which segments are told.
    """
    told = [one for one in map(_told, _by_episode(events, to_ms)) if _concerns(one, from_ms)]
    mine = [one for one in told if pick(one.last.key.segment)]
    still = [one for one in mine if one.open]
    return Handover(
        from_ms=from_ms,
        to_ms=to_ms,
        open=tuple(sorted(still, key=lambda one: (-one.worst, one.fired_ms, one.episode))),
        alerts=tuple(sorted(mine, key=lambda one: (one.fired_ms, one.episode))),
        quiet=tuple(
            q for q in quiet if q.from_ * 1000 < to_ms and all(map(pick, agents_named(q.match)))
        ),
        undelivered=tuple(
            msgspec.structs.replace(u, episodes=tuple(filter(_public, u.episodes)))
            for u in undelivered
        ),
        left_out=len(told) - len(mine),
        watched=watched,
    )


def _public(episode: str) -> bool:
    return not is_private(episode.partition("|")[2].rpartition("|")[0])


def _by_episode(events: Iterable[Event], to_ms: int) -> list[list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.clock_ms < to_ms:
            found.setdefault(event.episode, []).append(event)
    return list(found.values())


def _told(events: Sequence[Event]) -> Told:
    ended: Event | None = None
    for event in events:
        if event.kind in ENDS:
            ended = event
        elif event.kind in BEGINS:
            ended = None
    first = next((e for e in events if e.kind == "fire"), events[0])
    return Told(
        episode=first.episode,
        fired_ms=first.clock_ms,
        ended_ms=None if ended is None else ended.clock_ms,
        reason="" if ended is None else ended.reason,
        worst=max(event.severity for event in events),
        reopened=sum(event.kind == "reopen" for event in events),
        acked=tuple(Acknowledged(e.by, e.clock_ms, e.note) for e in events if e.kind == "ack"),
        notes=tuple(
            Note(e.by, e.clock_ms, e.note) for e in events if e.note and e.by and e.kind != "ack"
        ),
        last=events[-1],
    )


def _concerns(one: Told, from_ms: int) -> bool:
    """Whether an alert was there in the shift, or something was done about it."""
    return one.open or one.last.clock_ms >= from_ms
