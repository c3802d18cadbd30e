"""One contact: a state machine over its facts, and what each step books.

Theory of operation. A contact waits in queues and is served in legs. At any time it has one current
entry and one current leg:

    entry   NONE ─queued─▶ OPEN ─answered─▶ ANSWERED          leg   BETWEEN ─answered─▶ RUNNING
                            ├──abandoned──▶ ABANDONED ─┐             RUNNING ─ended, queued─▶ DONE
                            └──flowed_out─▶ FLOWED ────┴─answered─▶ ANSWERED (until a leg has run)

`STEPS` is the transition table: by a fact's rank, what it does to the state and what it books.
Facts must come in the order (time, rank, id, source); the ledger sees to that. Every booking is an
integer under a key of time and combination, and can be taken back: an outcome or a leg that is
restated first removes what it booked. Steps know no clock and no other contact.

The field names say ms; `design.md` §4 "What counts" is the source of every rule here.
"""

import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from streams.core.buckets import FINE_MS
from streams.core.cells import HIST_BITS
from streams.core.changes import LiveKey
from streams.core.dims import DIMS_BITS, Dims, Key
from streams.core.events import CONTACT_TYPES
from streams.core.names import ATTRIBUTES
from streams.core.tally import EDGES, HANDLE, SHIFT, UNIT, WAIT

NONE, OPEN, FLOWED, ABANDONED, ANSWERED = -1, 0, 1, 2, 3
"""States of the entry; of two outcomes the greater one stands."""
BETWEEN, RUNNING, DONE = 0, 1, 2
"""States of the leg."""
CLOSING_STATUS: Final = {"solved", "closed", "deleted", "spam"}

_U_OFFERED, _U_HANDLED = UNIT["offered"], UNIT["handled"]
_U_ANSWERED, _U_WITHIN = UNIT["answered"], UNIT["answered"] + UNIT["answered_within"]
_S_WAIT, _S_TALK, _S_HOLD, _S_WRAP = (
    SHIFT[m] for m in ("wait_ms", "talk_ms", "hold_ms", "wrap_ms")
)


class Books(Protocol):
    """Where steps book: a ledger, or a scratch pad when a contact is folded anew."""

    dims: Dims
    tally: dict[int, int]
    hist: dict[int, int]
    counts: Counter[str]


class Leg(msgspec.Struct, gc=False):
    """A leg that has ended: what a later fact may restate."""

    agent: str | None
    team: str | None
    queue: str | None
    talk_ms: int
    hold_ms: int
    wrap_ms: int
    end_ms: int
    booked: "Booking"


class Booking(msgspec.Struct, gc=False):
    """What is booked for an outcome or a leg, so that it can be taken back."""

    key: int
    value: int
    hist_key: int
    """0 = no histogram."""


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
    past: list[Leg] | None = None
    """Earlier legs of this contact."""

    @property
    def closed(self) -> bool:
        """Whether it is over, with no open entry and no running leg."""
        return self.over and self.outcome != OPEN and self.leg != RUNNING


Step = Callable[[Contact, Any, int, Books], None]


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


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
    values = list(c.extra) if c.extra else [None] * len(dims.extra)
    for i, dimension in enumerate(dims.extra):
        value = getattr(data, ATTRIBUTES[dimension])
        if value:
            values[i] = value
    c.extra = tuple(values)


def queue_dims(c: Contact, books: Books) -> int:
    """Returns the combination of facts in the queue: nobody's."""
    key: Key = (c.channel, c.queue, None, None, c.extra)
    i = books.dims.ids.get(key)
    return books.dims.id(key) if i is None else i


def leg_dims(c: Contact, books: Books) -> int:
    """Returns the combination of facts of the leg."""
    key: Key = (c.channel, c.leg_queue, c.agent, c.team, c.extra)
    i = books.dims.ids.get(key)
    return books.dims.id(key) if i is None else i


def count(c: Contact, measure: str, ms: int, books: Books) -> None:
    """Counts a fact on the running leg, else on the last entry's queue."""
    dims = leg_dims(c, books) if c.leg == RUNNING else queue_dims(c, books)
    add(books.tally, ms // FINE_MS << DIMS_BITS | dims, UNIT[measure])


def add(tally: dict[int, int], key: int, value: int) -> None:
    """Books; `get` beats a defaultdict's miss, and most keys are new."""
    tally[key] = tally.get(key, 0) + value


# -- entries


def open_entry(c: Contact, ms: int, queue: str | None, books: Books) -> None:
    """Opens a queue entry: offered."""
    c.queue, c.entry_ms, c.outcome, c.outcome_booked, c.over = queue, ms, OPEN, None, False
    tally, key = books.tally, ms // FINE_MS << DIMS_BITS | queue_dims(c, books)
    tally[key] = tally.get(key, 0) + _U_OFFERED


def book_outcome(c: Contact, outcome: int, booking: Booking, books: Books) -> None:
    """Gives the entry its outcome; an outcome that it had is taken back."""
    old, tally, hist = c.outcome_booked, books.tally, books.hist
    if old is not None:
        add(tally, old.key, -old.value)
        add(hist, old.hist_key, -1)
    c.outcome, c.outcome_booked = outcome, booking
    key, hist_key = booking.key, booking.hist_key
    tally[key] = tally.get(key, 0) + booking.value
    hist[hist_key] = hist.get(hist_key, 0) + 1


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
    book_outcome(c, outcome, Booking(ms // FINE_MS << DIMS_BITS | dims, value, 0), books)
    c.over = True


# -- legs


def book_leg(c: Contact, key: int, books: Books) -> None:
    """Books the leg's durations under a key; what it had booked is taken back."""
    old, tally, hist = c.leg_booked, books.tally, books.hist
    if old is not None:
        add(tally, old.key, -old.value)
        add(hist, old.hist_key, -1)
    talk, hold, wrap = c.talk_ms, c.hold_ms, c.wrap_ms
    value = _U_HANDLED + (talk << _S_TALK)
    if hold:
        value += hold << _S_HOLD
    if wrap:
        value += wrap << _S_WRAP
    hist_key = key << HIST_BITS | HANDLE + bisect_left(EDGES, talk + hold + wrap)
    c.leg_booked = Booking(key, value, hist_key)
    tally[key] = tally.get(key, 0) + value
    hist[hist_key] = hist.get(hist_key, 0) + 1


def end_leg(c: Contact, ms: int, talk_s: float | None, hold_s: float | None, books: Books) -> None:
    """Ends the running leg: handled."""
    if c.held_ms >= 0:
        c.hold_ms += ms - c.held_ms
        c.held_ms = -1
    c.hold_ms = duration(hold_s, c.hold_ms, books)
    c.talk_ms = duration(talk_s, ms - c.leg_ms - c.hold_ms, books)
    c.leg, c.leg_end_ms = DONE, ms
    book_leg(c, ms // FINE_MS << DIMS_BITS | leg_dims(c, books), books)


def start_leg(c: Contact, ms: int, data: Any, books: Books) -> int:  # noqa: ANN401
    """Starts a leg and returns its combination."""
    if c.leg == DONE:
        c.past = [*(c.past or ()), shelve(c)]
    c.leg, c.leg_ms, c.leg_queue = RUNNING, ms, c.queue
    c.agent, c.team = data.agent or None, data.team or None
    c.hold_ms = c.wrap_ms = 0
    c.held_ms, c.leg_booked, c.over = -1, None, False
    return leg_dims(c, books)


def shelve(c: Contact) -> Leg:
    """Returns the ended leg as a record of its own."""
    assert c.leg_booked is not None
    return Leg(
        c.agent, c.team, c.leg_queue, c.talk_ms, c.hold_ms, c.wrap_ms, c.leg_end_ms, c.leg_booked
    )


def unshelve(c: Contact, leg: Leg) -> None:
    """Makes an ended leg the current one."""
    c.agent, c.team, c.leg_queue = leg.agent, leg.team, leg.queue
    c.talk_ms, c.hold_ms, c.wrap_ms = leg.talk_ms, leg.hold_ms, leg.wrap_ms
    c.leg_end_ms, c.leg_booked = leg.end_ms, leg.booked


# -- the steps, by type


def on_created(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    c.over = False
    key: Key = (c.channel, None, None, None, c.extra)
    add(books.tally, ms // FINE_MS << DIMS_BITS | books.dims.id(key), UNIT["created"])


def on_queued(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    queue = _nfc(e.data.queue)
    if c.outcome == OPEN:
        if queue == c.queue:
            return
        no_answer(c, FLOWED, ms, ms - c.entry_ms, books)
    elif c.leg == RUNNING:
        end_leg(c, ms, None, None, books)
    open_entry(c, ms, queue, books)


def on_ring(measure: str) -> Step:
    """Makes the step of `offered` and `missed`: they count on their own agent."""
    unit = UNIT[measure]

    def on(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401
        key: Key = (c.channel, c.queue, e.data.agent, e.data.team or None, c.extra)
        add(books.tally, ms // FINE_MS << DIMS_BITS | books.dims.id(key), unit)

    return on


def on_answered(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    data = e.data
    if c.leg == RUNNING:  # from agent to agent: the leg goes on
        if data.agent:
            c.agent, c.team = data.agent, data.team or None
        return
    if c.outcome in (NONE, ANSWERED):
        open_entry(c, ms, _nfc(data.queue) if data.queue else None, books)
    wait = duration(data.wait_s, ms - c.entry_ms, books)
    dims = start_leg(c, ms, data, books)
    key = ms // FINE_MS << DIMS_BITS | dims
    within = wait <= books.dims.within_ms[dims]
    value = (_U_WITHIN if within else _U_ANSWERED) + (wait << _S_WAIT)
    hist_key = key << HIST_BITS | WAIT + bisect_left(EDGES, wait)
    book_outcome(c, ANSWERED, Booking(key, value, hist_key), books)


def on_held(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    if c.leg == RUNNING and c.held_ms < 0:
        c.held_ms = ms


def on_resumed(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    if c.leg == RUNNING and c.held_ms >= 0:
        c.hold_ms += ms - c.held_ms
        c.held_ms = -1


def on_flowed_out(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    if c.outcome == OPEN:
        wait = duration(e.data.wait_s, ms - c.entry_ms, books)
        no_answer(c, FLOWED, ms, wait, books, callback=e.data.to == "callback")


def on_abandoned(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    data = e.data
    if data.phase == "ivr" or (not data.phase and c.outcome != OPEN):
        add(books.tally, ms // FINE_MS << DIMS_BITS | queue_dims(c, books), UNIT["abandoned_ivr"])
        c.over = True
        return
    if c.leg == RUNNING or c.outcome == ABANDONED:
        return
    if c.outcome in (NONE, ANSWERED):
        open_entry(c, ms, _nfc(data.queue) if data.queue else None, books)
    no_answer(c, ABANDONED, ms, duration(data.wait_s, ms - c.entry_ms, books), books)


def on_ended(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    data = e.data
    if c.outcome == OPEN:
        left = not data.by or data.by == "customer"
        no_answer(c, ABANDONED if left else FLOWED, ms, ms - c.entry_ms, books)
    if c.leg == RUNNING:
        end_leg(c, ms, data.talk_s, data.hold_s, books)
    elif c.leg == DONE and (data.talk_s is not None or data.hold_s is not None):
        assert c.leg_booked is not None
        c.hold_ms = duration(data.hold_s, c.hold_ms, books)
        c.talk_ms = duration(data.talk_s, c.talk_ms, books)
        book_leg(c, c.leg_booked.key, books)  # restated where it is booked
    c.over = True


def on_wrapped(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    agent, wrap_s = e.data.agent or None, e.data.wrap_s
    past = c.past or []
    if c.leg == DONE and (agent in (None, c.agent) or not past):
        wrap(c, ms, wrap_s, books)
        return
    i = len(past) - 1
    while i >= 0 and agent not in (None, past[i].agent):
        i -= 1
    if i >= 0:
        now = leg_fields(c)
        unshelve(c, past[i])
        wrap(c, ms, wrap_s, books)
        c.past = [*past[:i], shelve(c), *past[i + 1 :]]
        restore(c, now)
    elif c.leg == RUNNING:  # before the leg's end: kept for it
        c.wrap_ms += duration(wrap_s, 0, books)


_LEG_FIELDS: Final = (
    "agent", "team", "leg_queue", "talk_ms", "hold_ms", "wrap_ms", "leg_end_ms", "leg_booked"
)  # fmt: skip


def leg_fields(c: Contact) -> tuple[Any, ...]:
    """Returns the fields of the current leg, running or ended."""
    return tuple(getattr(c, f) for f in _LEG_FIELDS)


def restore(c: Contact, fields: tuple[Any, ...]) -> None:
    """Puts back what `leg_fields` returned."""
    for name, value in zip(_LEG_FIELDS, fields, strict=True):
        setattr(c, name, value)


def wrap(c: Contact, ms: int, wrap_s: float | None, books: Books) -> None:
    """Adds wrap-up to the current leg, and moves the leg's booking to the end of it."""
    c.wrap_ms += duration(wrap_s, ms - c.leg_end_ms, books)
    book_leg(c, ms // FINE_MS << DIMS_BITS | leg_dims(c, books), books)


def on_status(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    if e.data.to in CLOSING_STATUS:
        c.over = True


def on_solved(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    count(c, "solved", ms, books)
    c.over = True


def on_reopened(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    count(c, "reopened", ms, books)
    c.over = False


def on_merged(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    c.over = True


def on_message(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    count(c, "messages", ms, books)


def on_transferred(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    count(c, "transferred", ms, books)


def nothing(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401
    """The step of facts that are kept but book nothing yet."""


_BY_TYPE: Final[dict[str, Step]] = {
    "created": on_created,
    "queued": on_queued,
    "offered": on_ring("rings"),
    "missed": on_ring("missed"),
    "answered": on_answered,
    "held": on_held,
    "resumed": on_resumed,
    "message": on_message,
    "transferred": on_transferred,
    "flowed_out": on_flowed_out,
    "abandoned": on_abandoned,
    "ended": on_ended,
    "wrapped": on_wrapped,
    "status": on_status,
    "solved": on_solved,
    "reopened": on_reopened,
    "merged": on_merged,
    "sla": nothing,
    "resolved": nothing,
}
STEPS: Final[tuple[Step, ...]] = tuple(_BY_TYPE[t] for t in CONTACT_TYPES)
"""The transition table, by rank."""
