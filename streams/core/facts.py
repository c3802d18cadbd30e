"""A contact is the set of its facts: this is the pure function from that set to state and bookings.

Identity of a fact is (CloudEvents source, id); of one identity the greatest (time, bytes) stays.
For most types, facts with equal (type, queue, agent, time) are one too. What is left is folded in
the order (time, rank, id, source). The ledger's fast path must give the same result fact by fact.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final, NamedTuple

from streams.core.bookings import Marks
from streams.core.contact import RUNNING, Contact, settle_leg, take_attributes
from streams.core.dims import Dims
from streams.core.events import RANK, decode, millis
from streams.core.policy import FoldPolicy
from streams.core.steps import STEPS

NEVER_ONE: Final = frozenset(RANK[t] for t in ("message", "status", "sla", "transferred"))
"""Types whose equal facts are still two."""
LOST_AFTER_LIMITS: Final = 8
"""An open contact that is silent for so many of its limits is lost."""


class Pad:
    """A scratch pad with the face of a ledger: where a contact that is folded anew books."""

    def __init__(self, dims: Dims) -> None:
        self.dims = dims
        self.tally: dict[int, int] = {}
        self.marks = Marks()
        self.counts: Counter[str] = Counter()


class Fact(NamedTuple):
    """A record, decoded."""

    ms: int
    raw: bytes
    event: Any


def winners(raws: Iterable[bytes], horizon_ms: int) -> list[Fact]:
    """Returns one fact an identity."""
    events = ((raw, decode(raw)) for raw in raws)
    return one_each((Fact(millis(e.time), raw, e) for raw, e in events), horizon_ms)


def one_each(facts: Iterable[Fact], horizon_ms: int) -> list[Fact]:
    """Returns one fact an identity. Two records of one identity more than H apart are two facts."""
    by_identity: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        by_identity.setdefault((fact.event.source, fact.event.id), []).append(fact)
    out: list[Fact] = []
    for same in by_identity.values():
        if len(same) > 1:
            same.sort(key=lambda f: (f.ms, f.raw))
            out += [a for a, b in pairwise(same) if b.ms - a.ms > horizon_ms]
        out.append(same[-1])
    return out


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Returns facts in folding order; of equal ones the greatest bytes stay."""
    one: dict[Any, Fact] = {}
    for fact in facts:
        e = fact.event
        key = (
            (e.source, e.id, fact.ms)
            if e.rank in NEVER_ONE
            else (e.rank, e.data.queue or None, e.data.agent or None, fact.ms)
        )
        if key not in one or fact.raw > one[key].raw:
            one[key] = fact
    return sorted(one.values(), key=lambda f: (f.ms, f.event.rank, f.event.id, f.event.source))


def lost_at_ms(c: Contact, policy: FoldPolicy) -> int:
    """Returns when an open contact is lost, if nothing more is heard of it."""
    return c.last_ms + LOST_AFTER_LIMITS * policy.limits(c.channel)[c.leg == RUNNING]


def is_cut(c: Contact, ms: int, policy: FoldPolicy) -> bool:
    """Whether a fact at `ms` begins a new contact under the same id."""
    if c.closed:
        return ms - c.last_ms > policy.horizon_ms
    return ms > lost_at_ms(c, policy)


def begin_anew(c: Contact, channel: str, books: Any) -> None:  # noqa: ANN401  # as in `advance`
    """Makes it a new contact under the same id, of which only the facts stay."""
    settle_leg(c, books)
    fresh = Contact(channel, c.subject)
    for name in STATE_FIELDS:
        setattr(c, name, getattr(fresh, name))


_KEPT = {
    "subject",
    "raws",
    "ids",
    "stored",
    "touched",
    "dirty",
    "listed",
    "scheduled",
    "lost",
    "live",
}
STATE_FIELDS: Final = tuple(f for f in Contact.__struct_fields__ if f not in _KEPT)
"""What a contact forgets when it begins anew."""


def advance(c: Contact, e: Any, ms: int, books: Any, channel: str, policy: FoldPolicy) -> None:  # noqa: ANN401
    """Takes in one fact that sorts after all others of the contact."""
    if c.last_ms >= 0 and is_cut(c, ms, policy):
        begin_anew(c, channel, books)
    c.last_ms, c.last_rank = ms, e.rank
    data = e.data
    if data.channel:
        c.channel, c.leg_dims = data.channel, -1
    if books.dims.extra:
        take_attributes(c, data, books.dims)
    STEPS[e.rank](c, e, ms, books)


def fold(
    subject: str, raws: list[bytes], channel: str, dims: Dims, policy: FoldPolicy
) -> tuple[Contact, Pad]:
    """Returns the contact that a set of facts makes, and what it books."""
    pad = Pad(dims)
    facts = winners(raws, policy.horizon_ms)
    c = Contact(channel, subject)
    for fact in in_order(facts):
        advance(c, fact.event, fact.ms, pad, channel, policy)
    settle_leg(c, pad)
    c.raws = raws if len(facts) == len(raws) else [f.raw for f in facts]
    c.ids = "".join(f.event.id for f in facts)
    return c, pad
