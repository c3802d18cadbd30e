"""Sorting more than fits: the same order as sorting everything at once."""

import io
import tempfile
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sorting import UNREADABLE, Sortable, in_order, sortable

EVENT = b'{"type":"contact.queued","id":"e1","source":"s","time":"2026-03-12T09:00:00.5Z",'
EVENT += b'"subject":"c1","data":{"queue":"a"}}'
names = st.sampled_from(["", "a", "b", "é"])
events = st.lists(
    st.tuples(
        st.integers(-1, 3),
        st.integers(-1, 2),
        names,
        names,
        st.integers(1, 9),
        st.binary(max_size=9),
    )
)


@given(events, st.integers(1, 9), st.integers(1, 40))
def test_any_size_of_runs_gives_one_order(
    unsorted: list[Sortable], run: int, run_bytes: int
) -> None:
    """By time, rank, id and source; nothing is lost and nothing doubled."""
    assert [*in_order(iter(unsorted), run, run_bytes)] == sorted(unsorted)


def test_what_fits_into_memory_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most files are small."""
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: pytest.fail("a file"))
    assert [*in_order([sortable(1, EVENT)])] == [sortable(1, EVENT)]


def test_memory_is_bounded_by_the_runs_not_by_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it reads, at most two runs are waiting to be written."""
    read, unwritten = 0, []

    class File(io.BytesIO):
        """A file that sees how much has been read that it has not got yet."""

        held = 0

        def write(self, data: Any) -> int:
            File.held += len(msgspec.msgpack.decode(data))
            unwritten.append(read - File.held)
            return super().write(data)

    def many() -> Iterator[Sortable]:
        nonlocal read
        for read in range(1, 1001):
            yield read, 0, "", "", read, b""

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: File())
    assert [event[0] for event in in_order(many(), run=10)] == [*range(1, 1001)]
    assert max(unwritten) <= 10


def test_an_event_is_sorted_by_its_time_rank_id_and_source() -> None:
    """In that order; then by its line."""
    assert sortable(7, EVENT) == (1_773_306_000_500, 1, "e1", "s", 7, EVENT)


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_event_comes_first(value: bytes) -> None:
    """So that it is refused by whoever folds, in the words of the fold."""
    assert sortable(3, value) == (UNREADABLE, 0, "", "", 3, value)
