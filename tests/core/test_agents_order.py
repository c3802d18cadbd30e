"""Agents' time equals the slow walk, in any order, and through any restart."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.buckets import DAY_MS, HOUR_MS, Zone
from streams.core.ledger import Ledger
from tests.core.agents_fold import (
    NO_END,
    Slow,
    Store,
    ahead,
    by_resolution,
    cells_of,
    check,
    chunks,
    policy,
    unlike,
)
from tests.core.agents_reference import states_add_up
from tests.core.agents_worlds import World, make, worlds

EXAMPLES = max(8, settings().max_examples // 6)
SEEDS = st.integers(0, 1 << 32)


@settings(max_examples=EXAMPLES)
@given(worlds(), SEEDS)
def test_cells_equal_the_slow_walk_at_any_now(w: World, seed: int) -> None:
    """Late states, twins, corrections, revisions, tolerance, clock changes: the same ms."""
    r = random.Random(seed)
    ledger = Ledger(policy(w), "voice")
    known: list[bytes] = []
    read_at = r.randrange(len(w.arrivals))
    for raws, appended in chunks(w, r):
        ledger.apply_all(raws, appended)
        known += raws
        if r.random() < 0.3:
            ledger.take_changes()
        if len(known) > read_at:
            read_at = NO_END
            now = ledger.agents.edge_ms + r.choice([0, 1, 4_999, HOUR_MS, 20 * HOUR_MS])
            check(ledger, Slow(known, w), now, now - 2 * HOUR_MS)
    walk = Slow(known, w)
    for now in sorted(w.nows):
        if now >= ledger.agents.edge_ms:
            check(ledger, walk, now, now - r.choice([HOUR_MS, 9 * HOUR_MS]))
    assert not ledger.counts["late"]


@settings(max_examples=max(2, EXAMPLES // 8))
@given(SEEDS)
def test_every_fine_cell_of_a_big_world_equals_the_slow_walk(seed: int) -> None:
    """All 10 s of three days."""
    r = random.Random(seed)
    w = make(r, facts=25, agents=2)
    ledger = Ledger(policy(w), "voice")
    for raws, appended in chunks(w, r):
        ledger.apply_all(raws, appended)
    walk = Slow(w.arrivals, w)
    now = max(w.nows[1], ledger.agents.edge_ms)
    check(ledger, walk, now, 0)
    assert states_add_up(walk, now)


@settings(max_examples=EXAMPLES)
@given(worlds(), SEEDS)
def test_any_order_and_any_commits_give_the_same(w: World, seed: int) -> None:
    """Whole cells, in order and at once against any order, with reads of later times between."""
    r = random.Random(seed)
    want, got = (Ledger(policy(w), "voice") for _ in range(2))
    want.apply_all([raw for _, raw in sorted(zip(w.times, w.arrivals, strict=True))], NO_END)
    records = [*zip(w.arrivals, w.times, strict=True)]
    r.shuffle(records)
    for raw, ms in records:
        got.apply_all([raw], [ms])
        if r.random() < 0.5:
            got.take_changes()
        if r.random() < 0.05:
            got.advance(r.choice(w.nows))
    for ledger in (want, got):
        ledger.advance(max(w.nows))
        ledger.take_changes()
    one, other = want.everything(), got.everything()
    assert by_resolution(one) == by_resolution(other)
    assert one.levels == other.levels
    edge = max(want.agents.edge_ms, got.agents.edge_ms)
    for agent in one.tails.keys() | other.tails.keys():
        until = edge + 7 * DAY_MS
        own = [ahead(x.tails.get(agent), edge, until) for x in (one, other)]
        assert own[0] == own[1]


@settings(max_examples=EXAMPLES)
@given(worlds(), SEEDS)
def test_a_restart_is_no_event(w: World, seed: int) -> None:
    """Stored and loaded at any commit: the same cells, agents and tails as without."""
    r = random.Random(seed)
    settings_of = policy(w)
    want, got = Ledger(settings_of, "voice"), Ledger(settings_of, "voice")
    store = Store()
    for raws, appended in chunks(w, r):
        for ledger in (want, got):
            ledger.apply_all(raws, appended)
        if r.random() < 0.1:
            jump = want.agents.edge_ms + r.choice([1, HOUR_MS, 30 * HOUR_MS])
            for ledger in (want, got):
                ledger.advance(jump)
        want.take_changes()
        store.commit(got.take_changes())
        if r.random() < 0.4:
            got = store.ledger(settings_of)
            same(store, want, got)
            change = got.take_changes()
            assert not any(change.visible.cells)
            assert not change.visible.levels
            assert not change.facts.added
            assert not change.facts.gone
            store.commit(change)
    same(store, want, got)
    now = max(*w.nows, want.agents.edge_ms)
    check(got, Slow(w.arrivals, w), now, now - HOUR_MS)


def same(store: Store, want: Ledger, got: Ledger) -> None:
    """Compares two ledgers, and what is stored of one of them."""
    one, other = want.everything(), got.everything()
    assert by_resolution(one) == by_resolution(other) == by_resolution(store.visible)
    assert one.levels == other.levels == store.visible.levels
    assert one.tails.keys() == other.tails.keys() == store.visible.tails.keys()
    edge, until = one.edge_ms, one.edge_ms + 7 * DAY_MS
    assert other.edge_ms == edge == store.visible.edge_ms
    for agent, tail in one.tails.items():
        said = ahead(tail, edge, until)
        assert said == ahead(other.tails[agent], edge, until)
        assert said == ahead(store.visible.tails[agent], edge, until)


@settings(max_examples=EXAMPLES)
@given(worlds(), SEEDS)
def test_facts_as_they_are_stored_are_those_of_the_agents(w: World, seed: int) -> None:
    """What is appended, replaced and deleted makes the very facts that count."""
    r = random.Random(seed)
    ledger, store = Ledger(policy(w), "voice"), Store()
    for raws, appended in chunks(w, r):
        ledger.apply_all(raws, appended)
        store.commit(ledger.take_changes())
    walk = Slow(w.arrivals, w)
    again = store.ledger(policy(w))
    now = max(w.nows[0], ledger.agents.edge_ms)
    check(again, walk, now, now)
    assert not unlike(
        cells_of(store.visible, store.visible.levels, Zone(w.zone), store.visible.edge_ms, now),
        walk.cells(store.visible.edge_ms, fine_from=now),
    )
