"""Any order, repetition and batching gives equal cells, and the cells are those of a slow.

Obvious fold.
"""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.buckets import EVERYTHING, Retention, Zone, bucket_start_ms
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.core.tally import EDGES, HANDLE, family, histogram_index, lanes
from tests.core import reference
from tests.core.worlds import HOUR, world

POLICY = FoldPolicy(timezone="Europe/Paris", retention=EVERYTHING)
SEEDS = st.integers(0, 1 << 32)
NO_END = 1 << 60


def folded(
    raws: list[bytes], r: random.Random, commit: float, policy: FoldPolicy = POLICY
) -> Ledger:
    """Folds records in chunks of random size, committing now and then."""
    ledger, i = Ledger(policy, "voice"), 0
    while i < len(raws):
        n = r.choice([1, 2, 5, 50])
        assert not ledger.apply_all(raws[i : i + n], NO_END)
        i += n
        if r.random() < commit:
            ledger.take_changes()
    ledger.take_changes()
    assert not ledger.counts["late"]
    return ledger


def sums(ledger: Ledger) -> tuple[dict[Any, Any], ...]:
    """Returns a ledger's cells as measures."""
    return tuple(
        {k: lanes(c.sums) for k, c in store.items()} for store in ledger.everything().cells
    )


def everything(ledger: Ledger) -> tuple[dict[Any, Any], ...]:
    """Returns a ledger's cells with their histograms."""
    return tuple(
        {k: (c.sums, dict(c.hist)) for k, c in s.items()} for s in ledger.everything().cells
    )


def arrivals(span: int, records: list[tuple[int, bytes]], r: random.Random) -> list[bytes]:
    """Returns the records in another order, none later than the horizon, a third of them twice."""
    delay = min(span, 24 * HOUR - 1)
    late = [(ms + r.randrange(delay), raw) for ms, raw in records]
    late += [(ms + r.randrange(delay), raw) for ms, raw in r.sample(records, len(records) // 3)]
    r.shuffle(late)
    return [raw for _, raw in sorted(late, key=lambda a: a[0])]


@given(SEEDS)
def test_cells_equal_the_slow_obvious_fold(seed: int) -> None:
    """In event order the ledger books what the reference books, in all three resolutions."""
    _, records = world(seed)
    raws = [raw for _, raw in sorted(records)]

    ledger = folded(raws, random.Random(seed), 0.2)

    assert reference.cells(raws, "Europe/Paris") == sums(ledger)


@given(SEEDS)
def test_any_order_repetition_and_batching_gives_equal_cells(seed: int) -> None:
    """The fast path, the slow path and every mixture of them give the same sums and histograms."""
    span, records = world(seed)
    r = random.Random(seed)
    want = everything(folded([raw for _, raw in sorted(records)], r, 0))
    for _ in range(3):
        other = folded(arrivals(span, records, r), r, r.choice([0, 0.2, 1]))

        assert want == everything(other)


SEGMENTS = [
    (),
    (("queue",), ("agent",)),
    (("channel", "queue"), ("team", "queue"), ("language",)),
    (("channel",), ("channel", "agent"), ("team",)),
]


@pytest.mark.parametrize("segments", SEGMENTS)
@given(SEEDS)
def test_whatever_the_segments_are_any_order_gives_equal_cells(
    segments: tuple[tuple[str, ...], ...], seed: int
) -> None:
    """`site` is booked, or the sum of its channels: it is the same."""
    span, records = world(seed)
    r = random.Random(seed)
    policy = FoldPolicy(timezone="Europe/Paris", retention=EVERYTHING, segments=segments)
    raws = [raw for _, raw in sorted(records)]
    want = everything(folded(raws, r, 0, policy))
    other = folded(arrivals(span, records, r), r, r.choice([0, 0.2, 1]), policy)
    assert want == everything(other)
    sites = [
        {k: cell for k, cell in store.items() if k[1] == "site"}
        for store in everything(folded(raws, r, 0))
    ]
    assert sites == [{k: cell for k, cell in s.items() if k[1] == "site"} for s in want]


@given(SEEDS)
def test_histograms_hold_one_count_an_answer_and_a_leg(seed: int) -> None:
    """Percentiles are over exactly the answered and the handled."""
    _, records = world(seed)
    ledger = folded([raw for _, raw in sorted(records)], random.Random(seed), 1)
    for store in ledger.everything().cells:
        for cell in store.values():
            measures = lanes(cell.sums)

            assert measures.get("answered", 0) == sum(n for _, n in family(cell.hist, 0))
            assert measures.get("handled", 0) == sum(n for _, n in family(cell.hist, HANDLE))


@given(SEEDS)
def test_a_ledger_that_is_stored_and_loaded_goes_on_as_if_nothing_had_happened(seed: int) -> None:
    """A crash between any two commits changes no cell, no fact and no live value."""
    span, records = world(seed)
    r = random.Random(seed)
    raws = arrivals(span, records, r)
    want, got = Ledger(POLICY, "voice"), Ledger(POLICY, "voice")
    stored: dict[str, list[bytes]] = {}
    for i in range(0, len(raws), 3):
        for ledger in (want, got):
            ledger.apply_all(raws[i : i + 3], NO_END)
        want.take_changes()
        facts = got.take_changes().facts
        for subject, more in facts.added.items():
            stored[subject] = stored.get(subject, []) + more
        stored.update(facts.replaced)
        for subject in facts.gone:
            stored.pop(subject, None)
        if r.random() < 0.5:
            again = Ledger(POLICY, "voice")
            again.load(got.everything(), [(s, list(f)) for s, f in stored.items()])
            got = again

    assert everything(want) == everything(got)
    assert want.everything().live == got.everything().live


SHORT = Retention(
    fine_ms=HOUR,
    quarter_ms=9 * HOUR,
    quarter_detail_ms=5 * HOUR,
    day_ms=72 * HOUR,
    day_agent_ms=30 * HOUR,
)
FORGETFUL = FoldPolicy(timezone="Europe/Paris", retention=SHORT)


@given(SEEDS)
def test_cells_are_kept_exactly_as_long_as_the_source_s_time_says(seed: int) -> None:
    """Whatever the batching, what is held is what begins at or after source time − retention."""
    span, records = world(seed)
    r = random.Random(seed)
    zone = Zone(POLICY.timezone)
    raws = arrivals(span, records, r)
    ledger = folded(raws, r, r.choice([0, 0.2, 1]), FORGETFUL)
    want = reference.cells(raws, POLICY.timezone)

    for res, store in enumerate(sums(ledger)):
        assert store == {
            (b, s): c
            for (b, s), c in want[res].items()
            if bucket_start_ms(res, b, zone) >= ledger.top_ms - (SHORT.of(res, s) or 0)
        }


@given(SEEDS)
def test_the_changes_of_all_commits_add_up_to_everything(seed: int) -> None:
    """A reader that applies every change, and drops what is gone, holds what the ledger holds."""
    span, records = world(seed)
    r = random.Random(seed)
    ledger, raws = Ledger(FORGETFUL, "voice"), arrivals(span, records, r)
    cells: tuple[dict[Any, Any], ...] = ({}, {}, {})
    live: dict[str, Any] = {}
    segments: list[str] = []
    for i in range(0, len(raws), 4):
        ledger.apply_all(raws[i : i + 4], NO_END)
        change = ledger.take_changes().visible
        for mine, theirs, gone in zip(cells, change.cells, change.gone, strict=True):
            mine.update({k: (c.sums, dict(c.hist)) for k, c in theirs.items()})
            for key in gone:
                mine.pop(key, None)
        live.update(change.live)
        segments += change.segments

    assert everything(ledger) == cells
    assert ledger.everything().live == {s: n for s, n in live.items() if n}
    assert ledger.everything().segments == segments


@pytest.mark.parametrize("ms", [0, 1, 2, 999, 1000, 20_000, 61_437_000])
def test_histogram_edges_are_exact(ms: int) -> None:
    """A duration lies in the bucket whose edges enclose it."""
    i = histogram_index(ms)

    assert ms <= EDGES[i]
    assert i == 0 or EDGES[i - 1] < ms
