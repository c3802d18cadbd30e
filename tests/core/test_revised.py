"""Marks as a reader holds them, and what they are asked for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.agents.times import ELAPSED
from streams.core.buckets import FINE, QUARTER
from streams.core.costs import Prices
from streams.core.kpis import KPIS
from streams.core.revised import BUCKET_MS, Bits, Block, Revised, mask, settled_ms
from streams.core.shapes import AgentsNow, Now, made_of, measure
from streams.core.words import BEYOND

BUCKETS = st.sets(st.integers(0, 400), max_size=8)
SIZE = {FINE: 90, QUARTER: 96}


def blocks(resolution: int, buckets: set[int], *measures: str) -> dict[Block, Bits]:
    """Returns marks of the site."""
    out: dict[Block, Bits] = {}
    for bucket in buckets:
        block, bit = divmod(bucket, SIZE[resolution])
        bits = out.setdefault((resolution, block, "site"), {})
        for measure_ in measures:
            bits[measure_] = bits.get(measure_, 0) | 1 << bit
    return out


@given(BUCKETS, BUCKETS, st.integers(0, 400), st.integers(0, 400), st.sampled_from([FINE, QUARTER]))
def test_a_window_is_revised_if_one_of_its_buckets_is(
    answered: set[int], offered: set[int], a: int, b: int, resolution: int
) -> None:
    """Of the measures that are asked for, of the segment, in the resolution of the window."""
    held = Revised()
    held.put(blocks(resolution, answered, "answered"))
    gone = {block: dict[str, int]() for block in blocks(resolution, offered)}
    held.put(gone | blocks(resolution, offered, "offered"))
    lost = {x for x in answered if (resolution, x // SIZE[resolution], "site") in gone}
    (first, last), size = sorted((a, b)), BUCKET_MS[resolution]

    def found(segment: str, *measures: str) -> bool:
        return held.any(resolution, first * size, (last + 1) * size, segment, measures)

    inside = set(range(first, last + 1))
    assert found("site", "offered") == bool(offered & inside)
    assert found("site", "answered") == bool((answered - lost) & inside)
    assert found("site", "missed", "answered") == found("site", "answered")
    assert not found("queue:a", "offered")
    held.clear()
    assert not found("site", "offered")


@given(st.integers(0, 500), st.integers(0, 500), st.sampled_from([FINE, QUARTER]))
def test_a_mask_has_a_bit_for_each_bucket(a: int, b: int, resolution: int) -> None:
    """And no other."""
    first, last = sorted((a, b))
    found = {
        block * SIZE[resolution] + i
        for block, bits in mask(resolution, first, last).items()
        for i in range(bits.bit_length())
        if bits >> i & 1
    }
    assert found == set(range(first, last + 1))


@pytest.mark.parametrize(
    ("top_s", "until_s"), [(959, 0), (960, 900), (961, 900), (1859, 900), (1860, 1800)]
)
def test_a_quarter_hour_has_ended_a_minute_after_its_end(top_s: int, until_s: int) -> None:
    """By the source's own time."""
    assert settled_ms(top_s * 1000) == until_s * 1000


class Spy(dict[str, int]):
    """Measures that note which of them are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002
        """Returns something, whatever it is."""
        self.asked.add(key)
        return 1


def windowed() -> list[tuple[str, Any]]:
    """Returns all formulas that are read from sums."""
    return [
        (f"{kpi.id}/{name}", shape)
        for kpi in KPIS.values()
        for name, shape in kpi.formulas.items()
        if not isinstance(shape, Now | AgentsNow)
    ]


@pytest.mark.parametrize(("_name", "shape"), windowed())
def test_a_formula_asks_for_nothing_but_what_it_is_made_of(_name: str, shape: Any) -> None:
    """So what is marked of none of these cannot have changed it."""
    spy = Spy()
    measure(shape, spy, {}, Prices(rates=(1, 2, 3)))

    assert spy.asked - {BEYOND, ELAPSED} <= made_of(shape, 3)
