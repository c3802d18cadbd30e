"""The transition table: by a fact's type, what it does to its contact and what it books.

Facts must come in the order (time, rank, id, source); the ledger sees to that. `docs/counting.md`
tells every rule here, `tests/golden/fold` each with an example.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

from streams.core.bookings import Booking, Books, add
from streams.core.buckets import FINE_MS
from streams.core.contact import (
    ABANDONED,
    ANSWERED,
    DONE,
    FLOWED,
    NONE,
    OPEN,
    RUNNING,
    Contact,
    book_leg,
    book_outcome,
    count,
    duration,
    end_leg,
    leg_dims,
    no_answer,
    open_entry,
    queue_dims,
    settle_leg,
    shelve,
    start_leg,
    unshelve,
)
from streams.core.dims import DIMS_BITS, Key
from streams.core.events import CONTACT_TYPES
from streams.core.tally import EDGES, SHIFT, UNIT, WAIT_MARKS

CLOSING_STATUS: Final = {"solved", "closed", "deleted", "spam"}
"""A ticket in one of these is over."""
Step = Callable[[Contact, Any, int, Books], None]
"""(contact, event, its time in ms, where to book)"""
_CREATED, _RINGS = UNIT["created"], UNIT["rings"]
_MISSED, _LEFT = UNIT["missed"], UNIT["missed"] + UNIT["rings_left"]
_BY_NOBODY = UNIT["answered_by_nobody"]
_ANSWERED, _WITHIN = UNIT["answered"], UNIT["answered"] + UNIT["answered_within"]
_WAIT = SHIFT["wait_ms"]


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def on_created(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, ARG001, D103
    c.over = False
    key: Key = (c.channel, None, None, None, c.extra)
    add(books.tally, ms // FINE_MS << DIMS_BITS | books.dims.ids[key], _CREATED)


def on_queued(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    queue = _nfc(e.data.queue)
    if c.outcome == OPEN:
        if queue == c.queue:
            return
        no_answer(c, FLOWED, ms, ms - c.entry_ms, books)
    elif c.leg == RUNNING:
        end_leg(c, ms, None, None, books)
    open_entry(c, ms, queue, books)


def on_rang(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    ring(c, e.data, ms, _RINGS, books)


def on_missed(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    ring(c, e.data, ms, _LEFT if e.data.cause == "caller_left" else _MISSED, books)


def ring(c: Contact, data: Any, ms: int, value: int, books: Books) -> None:  # noqa: ANN401
    """Books what a ring counts: on its own agent."""
    key: Key = (c.channel, c.queue, data.agent, data.team or None, c.extra)
    add(books.tally, ms // FINE_MS << DIMS_BITS | books.dims.ids[key], value)


def on_answered(c: Contact, e: Any, ms: int, books: Books) -> None:  # noqa: ANN401, D103
    data = e.data
    if c.leg == RUNNING:  # from agent to agent: the leg goes on
        if data.agent:
            c.agent, c.team, c.leg_dims = data.agent, data.team or None, -1
        return
    if c.outcome == ANSWERED or c.outcome == NONE:  # noqa: PLR1714  # no tuple: the hot path
        open_entry(c, ms, _nfc(data.queue) if data.queue else None, books)
    wait = duration(data.wait_s, ms - c.entry_ms, books)
    dims = start_leg(c, ms, data, books)
    key = ms // FINE_MS << DIMS_BITS | dims
    within = wait <= books.dims.within_ms[dims]
    value = (_WITHIN if within else _ANSWERED) + (wait << _WAIT)
    if not data.agent:
        value += _BY_NOBODY
    book_outcome(c, ANSWERED, Booking(key, value, WAIT_MARKS[bisect_left(EDGES, wait)]), books)


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
    if c.outcome == ANSWERED or c.outcome == NONE:  # noqa: PLR1714  # no tuple: the hot path
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
        key = c.leg_key
        if c.leg_booked is not None:
            key = c.leg_booked.key
        c.hold_ms = duration(data.hold_s, c.hold_ms, books)
        c.talk_ms = duration(data.talk_s, c.talk_ms, books)
        book_leg(c, key, books)  # restated where it is booked
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
        settle_leg(c, books)
        now = leg_fields(c)
        unshelve(c, past[i])
        wrap(c, ms, wrap_s, books)
        c.past = [*past[:i], shelve(c, books), *past[i + 1 :]]
        restore(c, now)
    elif c.leg == RUNNING:  # before the leg's end: kept for it
        c.wrap_ms += duration(wrap_s, 0, books)


_LEG_FIELDS: Final = (
    "agent", "team", "leg_dims", "leg_queue",
    "talk_ms", "hold_ms", "wrap_ms", "leg_end_ms", "leg_booked",
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
    "offered": on_rang,
    "missed": on_missed,
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
