"""Bookings: what steps add to the measures, and take back.

A booking is an integer of lanes under a key of time and combination, and for a duration its
histogram index as a mark under the same key. What is taken back before the commit cancels here.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

import msgspec

from streams.core.dims import Dims


class Marks(dict[int, list[int]]):
    """Marks by key. A mark is a histogram index: +1; or its complement: −1."""

    def __init__(self) -> None:
        super().__init__()
        self.taken_back: set[int] = set()
        """Keys that may have complements: few."""


class Books(Protocol):
    """Where steps book: a ledger, or a scratch pad when a contact is folded anew."""

    dims: Dims
    tally: dict[int, int]
    marks: Marks
    """Each of its keys is in the tally, too."""
    counts: Counter[str]


class Booking(msgspec.Struct, gc=False):
    """What is booked for an outcome or a leg, so that it can be taken back."""

    key: int
    value: int
    mark: int | None


def add(tally: dict[int, int], key: int, value: int) -> None:
    """Books a value; `get` beats a defaultdict's miss, and most keys are new."""
    tally[key] = tally.get(key, 0) + value


def book(booking: Booking, books: Books) -> None:
    """Books a value and its mark."""
    key, tally = booking.key, books.tally
    tally[key] = tally.get(key, 0) + booking.value
    if booking.mark is not None:
        marks = books.marks.get(key)
        if marks is None:
            books.marks[key] = [booking.mark]
        else:
            marks.append(booking.mark)


def take_back(booking: Booking, books: Books) -> None:
    """Takes back what was booked, be it in an earlier commit."""
    add(books.tally, booking.key, -booking.value)
    if booking.mark is not None:
        _unmark(books.marks, booking.key, booking.mark)


def book_all(tally: Mapping[int, int], marks: Marks, books: Books, *, back: bool) -> None:
    """Books, or takes back, all that a scratch pad holds."""
    for key, value in tally.items():
        add(books.tally, key, -value if back else value)
    put = _unmark if back else _mark
    for key, of_key in marks.items():
        for mark in of_key:
            put(books.marks, key, mark)


def _mark(marks: Marks, key: int, mark: int) -> None:
    of_key = marks.setdefault(key, [])
    if key in marks.taken_back and ~mark in of_key:
        of_key.remove(~mark)
    else:
        of_key.append(mark)


def _unmark(marks: Marks, key: int, mark: int) -> None:
    of_key = marks.setdefault(key, [])
    if mark in of_key:
        of_key.remove(mark)
    else:
        of_key.append(~mark)
        marks.taken_back.add(key)
