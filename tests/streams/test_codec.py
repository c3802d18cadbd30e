"""What is packed comes out again, and is what Redis can read."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import codec
from streams.core.buckets import DAY, FINE, QUARTER
from streams.core.changes import Facts, LiveKey, Visible, nothing
from streams.core.tally import EMPTY, MEASURES, UNIT, Cell

names = st.text(min_size=1, max_size=8).filter(lambda name: "|" not in name)
keys = st.tuples(st.integers(0, 1 << 40), names)
amounts = st.integers(-(1 << 40), 1 << 40)
sums = st.dictionaries(st.sampled_from(MEASURES), amounts, max_size=5).map(
    lambda lanes: sum(UNIT[measure] * n for measure, n in lanes.items())
)
hists = st.dictionaries(st.integers(0, 4095), amounts, max_size=6)
cells = st.builds(Cell, sums, hists)
seconds = st.integers(0, 1 << 34)
live_keys = st.builds(LiveKey, st.integers(0, 1), seconds, seconds, seconds)
lives = st.dictionaries(live_keys, st.integers(1, 1000), max_size=4)
by_key = st.dictionaries(keys, cells, max_size=4)
visibles = st.builds(
    Visible,
    cells=st.tuples(by_key, by_key, by_key),
    gone=st.tuples(*[st.lists(keys, max_size=3)] * 3),
    live=st.dictionaries(names, lives, max_size=3),
    segments=st.lists(names, max_size=3),
    top_ms=st.integers(0, 1 << 42),
    revised=st.dictionaries(
        st.tuples(st.integers(0, 1), st.integers(0, 1 << 40), names),
        st.dictionaries(st.sampled_from(MEASURES), st.integers(1, (1 << 96) - 1), max_size=3),
        max_size=3,
    ),
)
raws = st.lists(st.binary(min_size=1, max_size=20).filter(lambda b: b"\0" not in b), max_size=4)


@given(cells)
def test_a_cell_comes_back_as_it_was(cell: Cell) -> None:
    """All lanes, positive and negative, and the histogram."""
    assert codec.unpack_cell(codec.pack_cell(cell)) == cell


def test_an_empty_cell_is_small() -> None:
    """One byte of sums, no histogram."""
    assert len(codec.pack_cell(EMPTY)) == 5
    assert codec.unpack_cell(codec.pack_cell(EMPTY)) == EMPTY


@given(lives)
def test_live_values_come_back_as_they_were(counts: dict[LiveKey, int]) -> None:
    """Keys with their types."""
    out = codec.unpack_live(codec.pack_live(counts))

    assert out == counts
    assert all(isinstance(key, LiveKey) for key in out)


@given(visibles)
def test_a_change_comes_back_as_it_was(visible: Visible) -> None:
    """Cells of all resolutions, what is gone, live values, segments, the source's time."""
    out = codec.unpack_visible(codec.pack_visible(visible))

    assert (out.cells, out.live) == (visible.cells, visible.live)
    assert [sorted(g) for g in out.gone] == [sorted(g) for g in visible.gone]
    assert (out.segments, out.top_ms) == (visible.segments, visible.top_ms)
    assert out.revised == visible.revised  # without bits, too: the block is gone


def test_no_change_is_a_handful_of_bytes() -> None:
    """An empty commit is published, too."""
    assert len(codec.pack_visible(nothing(1_700_000_000_000))) < 16


def test_cells_of_a_bucket_are_one_hash_but_all_fine_cells_are_one() -> None:
    """Readers read fine cells whole, quarter hours and days by bucket."""
    cell = {(7, "site"): EMPTY, (8, "site"): EMPTY}
    visible = Visible((dict(cell), dict(cell), dict(cell)), ([], [], []), {}, [], 0)

    _, _, hashes = msgpack.unpackb(codec.pack_visible(visible), raw=True)

    assert [name for name, _, _ in hashes] == [
        b"fine", b"quarter:7", b"quarter:8", b"day:7", b"day:8"
    ]  # fmt: skip
    assert hashes[0][1][::2] == [b"7|site", b"8|site"]
    assert codec.hash_name(FINE, 7) == "fine"
    assert codec.hash_name(QUARTER, 7) == "quarter:7"
    assert codec.hash_name(DAY, 7) == "day:7"


@given(visibles, raws)
def test_redis_finds_no_binary_strings(visible: Visible, facts: list[bytes]) -> None:
    """Its cmsgpack does not know msgpack's type `bin`: everything is a raw string."""
    packed = codec.pack_facts(Facts({"a": [*facts, b"x" * 40]}, {"b": facts}, ["c"]))
    for blob in (codec.pack_visible(visible), packed):
        read = msgpack.unpackb(blob, raw=False, unicode_errors="surrogateescape")
        assert {type(value) for value in _flat(read)} <= {str, int}


def _flat(value: object) -> list[object]:
    return [x for part in value for x in _flat(part)] if isinstance(value, list) else [value]


@given(raws, raws)
def test_facts_are_appended_by_joining_bytes(first: list[bytes], more: list[bytes]) -> None:
    """What Redis does with the tail of a contact."""
    assert codec.split_facts(codec.join_facts(first) + codec.join_facts(more)) == first + more


def test_a_fact_that_could_be_taken_for_two_is_refused() -> None:
    """JSON has no zero byte; whatever has one was never accepted."""
    with pytest.raises(ValueError, match="zero byte"):
        codec.join_facts([b"{}", b"{\0}"])


def test_facts_say_what_to_append_what_to_set_and_what_to_delete() -> None:
    """Four lists, as the script takes them."""
    facts = Facts({"a": [b"1", b"2"]}, {"b": [b"3"]}, ["c"])

    assert msgpack.unpackb(codec.pack_facts(facts), raw=True) == [
        [b"a"], [b"1\x002\x00"], [b"b", b"3\x00"], [b"c"]
    ]  # fmt: skip
