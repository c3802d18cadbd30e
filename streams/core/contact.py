"""One contact: its state, its entries and legs, and how they are booked and taken back.

Theory of operation. A contact waits in queues and is served in legs. At any time it has one current
entry and one current leg:

    entry   NONE ─queued─▶ OPEN ─answered─▶ ANSWERED          leg   BETWEEN ─answered─▶ RUNNING
                            ├──abandoned──▶ ABANDONED ─┐             RUNNING ─ended, queued─▶ DONE
                            └──flowed_out─▶ FLOWED ────┴─answered─▶ ANSWERED (until a leg has run)

What each type of fact does to them is the transition table in `streams.core.steps`. Every booking
is an integer under a key of time and combination, and can be taken back: an outcome or a leg that
is restated first removes what it booked. Nothing here knows a clock or another contact.

The field names say ms; every rule here is told by `docs/counting.md`, "Entries" and "Legs".
"""

from bisect import bisect_left
from typing import Any

import msgspec

from streams.core.bookings import Booking, Books, add, book, take_back
from streams.core.buckets import FINE_MS
from streams.core.changes import LiveKey
from streams.core.dims import DIMS_BITS, Dims, Key
from streams.core.names import ATTRIBUTES
from streams.core.tally import EDGES, HANDLE_MARKS, SHIFT, UNIT

NONE, OPEN, FLOWED, ABANDONED, ANSWERED = -1, 0, 1, 2, 3
"""States of the entry; of two outcomes the greater one stands."""
BETWEEN, RUNNING, DONE = 0, 1, 2
"""States of the leg."""

_OFFERED, _HANDLED = UNIT["offered"], UNIT["handled"]
_BY_NOBODY = UNIT["handled"] + UNIT["handled_by_nobody"]
_TALK, _HOLD, _WRAP = SHIFT["talk_ms"], SHIFT["hold_ms"], SHIFT["wrap_ms"]


class Leg(msgspec.Struct, gc=False):
    """A leg that has ended: what a later fact may restate."""

    agent: str | None
    team: str | None
    queue: str | None
    talk_ms: int
    hold_ms: int
    wrap_ms: int
    end_ms: int
    booked: Booking


class Contact(msgspec.Struct, gc=False):
    """The state after the facts so far."""

    channel: str
    subject: str
    raws: list[bytes] = msgspec.field(default_factory=list)
    """Every identity's winning record, as it came."""
    ids: str = ""
    """Their ids, joined: a cheap "maybe seen"; a false alarm only costs a rebuild."""
    stored: int = 0
    """How many of `raws` the store has; -1 = it must replace what it has."""
    touched: bool = False
    dirty: bool = False
    listed: bool = False
    scheduled: int = 0
    """When it is looked at again, in ms, in case it is lost by then; 0 = never."""
    lost: bool = False
    live: "tuple[int, LiveKey] | None" = None
    """What is published of it: combination and `LiveKey`."""
    last_ms: int = -1
    last_rank: int = -1
    over: bool = False
    """Ended, abandoned or flowed out (a ticket: solved …) since it was last opened."""
    extra: tuple[str | None, ...] = ()
    queue: str | None = None
    entry_ms: int = 0
    outcome: int = NONE
    outcome_booked: Booking | None = None
    leg: int = BETWEEN
    agent: str | None = None
    team: str | None = None
    leg_dims: int = -1
    """The combination of the leg; -1 = to be found again, because something in it has changed."""
    leg_queue: str | None = None
    leg_ms: int = 0
    hold_ms: int = 0
    """Hold of the running leg so far; then the leg's hold."""
    held_ms: int = -1
    """Since when it is on hold; -1 = it is not."""
    talk_ms: int = 0
    wrap_ms: int = 0
    leg_end_ms: int = 0
    leg_booked: Booking | None = None
    leg_key: int = -1
    """Where an ended leg is to be booked; -1 = it is, or there is none."""
    past: list[Leg] | None = None
    """Earlier legs of this contact."""

    @property
    def closed(self) -> bool:
        """Whether it is over, with no open entry and no running leg."""
        return self.over and self.outcome != OPEN and self.leg != RUNNING


def duration(stated: float | None, difference: int, books: Books) -> int:
    """Returns a duration in ms: the stated one, unless it is negative; else the difference or 0."""
    if stated is not None:
        if stated >= 0:
            return round(stated * 1000)
        books.counts["corrected:negative_duration"] += 1
    if difference >= 0:
        return difference
    books.counts["corrected:negative_difference"] += 1
    return 0


def take_attributes(c: Contact, data: Any, dims: Dims) -> None:  # noqa: ANN401  # a union of structs
    """Takes in what a fact says of the contact; absent, null and empty change nothing."""
    before = c.extra
    values = list(c.extra) if c.extra else [None] * len(dims.extra)
    for i, dimension in enumerate(dims.extra):
        value = getattr(data, ATTRIBUTES[dimension])
        if value:
            values[i] = value
    c.extra = tuple(values)
    if c.extra != before:
        c.leg_dims = -1


def queue_dims(c: Contact, books: Books) -> int:
    """Returns the combination of facts in the queue: nobody's."""
    key: Key = (c.channel, c.queue, None, None, c.extra)
    return books.dims.ids[key]


def leg_dims(c: Contact, books: Books) -> int:
    """Returns the combination of facts of the leg."""
    i = c.leg_dims
    if i < 0:
        key: Key = (c.channel, c.leg_queue, c.agent, c.team, c.extra)
        i = c.leg_dims = books.dims.ids[key]
    return i


def count(c: Contact, measure: str, ms: int, books: Books) -> None:
    """Counts a fact on the running leg, else on the last entry's queue."""
    dims = leg_dims(c, books) if c.leg == RUNNING else queue_dims(c, books)
    add(books.tally, ms // FINE_MS << DIMS_BITS | dims, UNIT[measure])


# -- entries


def open_entry(c: Contact, ms: int, queue: str | None, books: Books) -> None:
    """Opens a queue entry: offered."""
    c.queue, c.entry_ms, c.outcome, c.outcome_booked, c.over = queue, ms, OPEN, None, False
    tally, key = books.tally, ms // FINE_MS << DIMS_BITS | queue_dims(c, books)
    tally[key] = tally.get(key, 0) + _OFFERED


def book_outcome(c: Contact, outcome: int, booking: Booking, books: Books) -> None:
    """Gives the entry its outcome; an outcome that it had is taken back."""
    if c.outcome_booked is not None:
        take_back(c.outcome_booked, books)
    c.outcome, c.outcome_booked = outcome, booking
    book(booking, books)


def no_answer(
    c: Contact, outcome: int, ms: int, wait_ms: int, books: Books, *, callback: bool = False
) -> None:
    """Ends the entry without an answer."""
    dims = queue_dims(c, books)
    within = wait_ms <= books.dims.within_ms[dims]
    if outcome == ABANDONED:
        value = UNIT["abandoned"] + (wait_ms << SHIFT["wait_abandoned_ms"])
        if within:
            value += UNIT["abandoned_within"]
        if wait_ms <= books.dims.short_ms[dims]:
            value += UNIT["short_abandoned"]
    else:
        value = UNIT["flowed_out"] + (wait_ms << SHIFT["wait_flowed_out_ms"])
        if callback and within:
            value += UNIT["callback_within"]
    book_outcome(c, outcome, Booking(ms // FINE_MS << DIMS_BITS | dims, value, None), books)
    c.over = True


# -- legs


def settle_leg(c: Contact, books: Books) -> None:
    """Books a leg that has ended, if it is not booked yet.

    It waits for its wrap-up, which mostly comes soon and would only move the booking: until the
    commit, or until something needs the booking.
    """
    if c.leg_key >= 0:
        book_leg(c, c.leg_key, books)


def book_leg(c: Contact, key: int, books: Books) -> None:
    """Books the leg's durations under a key; what it had booked is taken back."""
    c.leg_key = -1
    if c.leg_booked is not None:
        take_back(c.leg_booked, books)
    talk, hold, wrap = c.talk_ms, c.hold_ms, c.wrap_ms
    value = (_HANDLED if c.agent else _BY_NOBODY) + (talk << _TALK)
    if hold:
        value += hold << _HOLD
    if wrap:
        value += wrap << _WRAP
    c.leg_booked = Booking(key, value, HANDLE_MARKS[bisect_left(EDGES, talk + hold + wrap)])
    book(c.leg_booked, books)


def end_leg(c: Contact, ms: int, talk_s: float | None, hold_s: float | None, books: Books) -> None:
    """Ends the running leg: handled."""
    if c.held_ms >= 0:
        c.hold_ms += ms - c.held_ms
        c.held_ms = -1
    if hold_s is not None:
        c.hold_ms = duration(hold_s, c.hold_ms, books)
    c.talk_ms = duration(talk_s, ms - c.leg_ms - c.hold_ms, books)
    c.leg, c.leg_end_ms = DONE, ms
    c.leg_key = ms // FINE_MS << DIMS_BITS | leg_dims(c, books)


def start_leg(c: Contact, ms: int, data: Any, books: Books) -> int:  # noqa: ANN401
    """Starts a leg and returns its combination."""
    if c.leg == DONE:
        c.past = [*(c.past or ()), shelve(c, books)]
        c.hold_ms = c.wrap_ms = 0
        c.held_ms, c.leg_booked = -1, None
    c.leg, c.leg_ms, c.leg_queue, c.over = RUNNING, ms, c.queue, False
    c.agent, c.team = data.agent or None, data.team or None
    key: Key = (c.channel, c.queue, c.agent, c.team, c.extra)
    dims = c.leg_dims = books.dims.ids[key]
    return dims


def shelve(c: Contact, books: Books) -> Leg:
    """Returns the ended leg as a record of its own."""
    settle_leg(c, books)
    assert c.leg_booked is not None
    return Leg(
        c.agent, c.team, c.leg_queue, c.talk_ms, c.hold_ms, c.wrap_ms, c.leg_end_ms, c.leg_booked
    )


def unshelve(c: Contact, leg: Leg) -> None:
    """Makes an ended leg the current one."""
    c.agent, c.team, c.leg_queue, c.leg_dims = leg.agent, leg.team, leg.queue, -1
    c.talk_ms, c.hold_ms, c.wrap_ms = leg.talk_ms, leg.hold_ms, leg.wrap_ms
    c.leg_end_ms, c.leg_booked = leg.end_ms, leg.booked
