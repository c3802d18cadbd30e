"""Sorts more events than fit into memory: sorted runs in one temporary file, then merged.

Where everything fits into one run, no file is made. An event is decoded for its key only once: the
key goes into the file with it.
"""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Final, NamedTuple, TypeAlias

import msgspec

from streams.core.errors import EventRefused
from streams.core.events import order_key

Sortable: TypeAlias = tuple[int, int, str, str, int, bytes]
"""Time in ms, rank, id and source, by which it is sorted; its line; the event."""
RUN: Final = 100_000
"""So many events are sorted at once."""
RUN_BYTES: Final = 32 * 2**20
"""Likewise, in bytes."""
BATCH: Final = 128
"""So many events of each run are in memory while runs are merged."""
UNREADABLE: Final = -1
"""Stands for the time of a value that is no event."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Sortable]).decode


def sortable(line: int, value: bytes) -> Sortable:
    """Returns an event with what it is sorted by; what is no event comes first of all."""
    try:
        return *order_key(value), line, value
    except EventRefused:
        return UNREADABLE, 0, "", "", line, value


def in_order(
    events: Iterable[Sortable], run: int = RUN, run_bytes: int = RUN_BYTES
) -> Iterator[Sortable]:
    """Yields events by (time, rank, id, source).

    Args:
        events: in any order.
        run: how many may be sorted at once.
        run_bytes: how many bytes they may have together.
    """
    runs = _runs(events, run, run_bytes)
    first = next(runs, [])
    second = next(runs, None)
    if second is None:
        yield from first
        return
    with tempfile.TemporaryFile(prefix="pouls-sort-") as file:
        written = [_write(file, first), _write(file, second)]
        del first, second
        written += [_write(file, more) for more in runs]
        yield from heapq.merge(*(_read(file, places) for places in written))


def _runs(events: Iterable[Sortable], most: int, most_bytes: int) -> Iterator[list[Sortable]]:
    """Yields lists of events, each sorted and small enough."""
    run: list[Sortable] = []
    room = most_bytes
    for event in events:
        run.append(event)
        room -= len(event[-1])
        if room <= 0 or len(run) >= most:
            run.sort()
            yield run
            run, room = [], most_bytes
    if run:
        run.sort()
        yield run


class _Place(NamedTuple):
    """Where a batch of a run lies in the file."""

    at: int
    size: int


def _write(file: IO[bytes], run: list[Sortable]) -> list[_Place]:
    return [
        _Place(file.tell(), file.write(_encode(run[i : i + BATCH])))
        for i in range(0, len(run), BATCH)
    ]


def _read(file: IO[bytes], places: list[_Place]) -> Iterator[Sortable]:
    for place in places:
        file.seek(place.at)
        yield from _decode(file.read(place.size))
