"""What is true now: who waits, who is served, who has gone silent, what agents do.

A source publishes, for a segment, how many contacts are alike (`LiveKey`). `count` adds them up at
one instant and says until when that holds, so that a reader looks again only then, or when the
source says otherwise. Whole seconds throughout: a contact is beyond its answer target one second
after it, never before.
"""

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from streams.core.changes import WAITING, LiveKey


class Live(NamedTuple):
    """Contacts and agents of one segment at one instant."""

    waiting: int = 0
    in_progress: int = 0
    orphaned: int = 0
    """Silent for longer than their channel allows; neither waiting nor in progress any more."""
    beyond: int = 0
    """Of the waiting, those beyond their answer target."""
    oldest_s: int | None = None
    """Since when the longest wait lasts; `None` = nobody waits."""
    agents: Mapping[str, int] = MappingProxyType({})
    """How many agents are `available`, `paused`, `scheduled`, `out` …: of those that are any."""


class Counted(NamedTuple):
    """A count and how long it holds."""

    live: Live
    from_s: int
    until_s: float
    """The first second at which the same contacts may count otherwise."""


NOBODY: Final = Live()


def count(contacts: Mapping[LiveKey, int], now_s: int) -> Counted:
    """Returns how the contacts of one source count at `now_s`."""
    waiting = in_progress = orphaned = beyond = 0
    oldest: int | None = None
    until = math.inf
    for (kind, since_s, expiry_s, due_s), n in contacts.items():
        if expiry_s <= now_s:
            orphaned += n
            continue
        until = min(until, expiry_s)
        if kind != WAITING:
            in_progress += n
            continue
        waiting += n
        oldest = since_s if oldest is None else min(oldest, since_s)
        if due_s < now_s:
            beyond += n
        else:
            until = min(until, due_s + 1)
    return Counted(Live(waiting, in_progress, orphaned, beyond, oldest), now_s, until)


def together(parts: Iterable[Live]) -> Live:
    """Returns the sum over sources."""
    out = NOBODY
    for part in parts:
        since = [s for s in (out.oldest_s, part.oldest_s) if s is not None]
        out = Live(
            out.waiting + part.waiting,
            out.in_progress + part.in_progress,
            out.orphaned + part.orphaned,
            out.beyond + part.beyond,
            min(since, default=None),
            _sum(out.agents, part.agents),
        )
    return out


def _sum(a: Mapping[str, int], b: Mapping[str, int]) -> Mapping[str, int]:
    """Returns a + b; where one is empty, the other as it is."""
    if not a or not b:
        return a or b
    return {what: a.get(what, 0) + b.get(what, 0) for what in (*a, *b)}
