"""Slices and turns: how fetched records become chunks."""

import pytest
from faust.types import TP

from streams.chunks import MAX_CHUNK, Fetched, Position, Proof, in_turns
from tests.streams.logs import Partition, offsets

A, B = TP("calls", 0), TP("calls", 1)


@pytest.mark.parametrize(
    ("records", "sizes"),
    [
        (0, [0]),
        (1, [1]),
        (MAX_CHUNK, [MAX_CHUNK]),
        (MAX_CHUNK + 1, [MAX_CHUNK, 1]),
        (3 * MAX_CHUNK, [MAX_CHUNK] * 3),
    ],
)
def test_slices_cover_all_records_and_the_position(records: int, sizes: list[int]) -> None:
    """Without records one slice tells the position; the last one ends where the fetch ended."""
    fetched = Fetched(Partition(records).records(0, records), records + 5)
    slices = list(fetched.slices())
    assert [len(part.records) for part in slices] == sizes
    assert slices[-1].position == records + 5
    assert [part.position for part in slices[:-1]] == [
        part.records[-1].offset + 1 for part in slices[:-1]
    ]


def test_partitions_take_turns() -> None:
    """The longer one does not keep the shorter one waiting."""
    fetched = {
        A: Fetched(Partition(3 * MAX_CHUNK).records(0, 3 * MAX_CHUNK), 3 * MAX_CHUNK),
        B: Fetched(Partition(MAX_CHUNK).records(0, MAX_CHUNK), MAX_CHUNK),
    }
    assert [tp for tp, _ in in_turns(fetched)] == [A, B, A, A]


def test_holes_are_in_nobodys_way() -> None:
    """Offsets without records are covered by the next slice's position."""
    partition = Partition(10, holes=frozenset({3, 4, 9}))
    fetched = partition.fetch(10)
    assert offsets(fetched.records) == [0, 1, 2, 5, 6, 7, 8]  # type: ignore[arg-type]
    assert fetched.position == 10


def test_a_position_with_a_proof_is_sought_at_the_proof() -> None:
    """The last folded record is read again, to see that the log is ours."""
    assert Position(7).sought == 7
    assert Position(7, Proof(4, 123)).sought == 4
