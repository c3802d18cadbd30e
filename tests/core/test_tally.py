"""Lanes and histograms."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.tally import (
    EDGES,
    HANDLE,
    MEASURES,
    UNIT,
    WAIT,
    Cell,
    family,
    histogram_index,
    histogram_seconds,
    lanes,
    merge,
    own,
    percentile,
)

COUNTS = st.dictionaries(
    st.sampled_from(MEASURES), st.integers(-(1 << 40), 1 << 40).filter(bool), max_size=23
)
HISTOGRAMS = st.dictionaries(st.integers(0, 2 * HANDLE - 1), st.integers(1, 1000), max_size=20)
CELLS = st.builds(Cell, COUNTS.map(lambda c: sum(UNIT[m] * v for m, v in c.items())), HISTOGRAMS)
DURATIONS = st.integers(0, 20_000_000_000)


@given(COUNTS)
def test_lanes_are_what_was_added(counts: dict[str, int]) -> None:
    """Every measure comes out as it went in, negative ones among them."""
    assert counts == lanes(sum(UNIT[m] * v for m, v in counts.items()))


@given(CELLS, CELLS, CELLS)
def test_merging_is_a_group(a: Cell, b: Cell, c: Cell) -> None:
    """Merging is associative and commutative, and can be taken back."""
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), Cell(-b.sums, {i: -n for i, n in b.hist.items()})) == a


@given(DURATIONS)
def test_a_bucket_s_value_is_within_one_per_cent(ms: int) -> None:
    """γ = 1.02: what stands for a bucket is at most 1 % (and half a ms) off."""
    index = histogram_index(ms)

    assert abs(histogram_seconds(index) * 1000 - ms) <= 0.01 * ms + 1
    assert EDGES[index - 1] < ms if index else ms == 0
    assert ms <= EDGES[index]


@given(st.lists(DURATIONS, min_size=1, max_size=200), st.sampled_from([1, 50, 90, 99, 100]))
def test_percentiles_are_nearest_rank(durations: list[int], percent: int) -> None:
    """The percentile is the bucket of the value of that rank."""
    hist: dict[int, int] = {}
    for ms in durations:
        hist[HANDLE + histogram_index(ms)] = hist.get(HANDLE + histogram_index(ms), 0) + 1
    rank = -(-len(durations) * percent // 100)

    assert percentile(hist, HANDLE, percent) == histogram_seconds(
        histogram_index(sorted(durations)[rank - 1])
    )
    assert percentile(hist, WAIT, percent) is None


def test_families_do_not_mix() -> None:
    """Waits and handle times lie in one dict, and are read apart."""
    hist = {WAIT + 3: 1, HANDLE + 3: 2, WAIT + 1: 1, WAIT + 2: 0}

    assert list(family(hist, WAIT)) == [(1, 1), (3, 1)]
    assert list(family(hist, HANDLE)) == [(3, 2)]


def test_own_cells_share_their_keys() -> None:
    """Equal to what they were made of, and apart from it."""
    key = 10**6
    one, other = (Cell(5, {int(str(key)): n}) for n in (1, 2))
    owned = own(one)

    assert owned == one
    assert owned.hist is not one.hist
    assert next(iter(owned.hist)) is next(iter(own(other).hist))
