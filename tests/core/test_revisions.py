"""What is marked as revised: what came late, exactly where it changed something, in any commits."""

import random
from collections import defaultdict
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.buckets import EVERYTHING, FINE, HOUR_MS, QUARTER, QUARTER_MS, Retention, Zone
from streams.core.changes import Visible
from streams.core.events import Schedule, decode, millis
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.core.revised import GRACE_MS, Bits, Block
from streams.core.tally import HANDLE, lanes
from tests.core.agents_fold import NO_END, Store, cells_of, chunks
from tests.core.agents_fold import policy as agents_policy
from tests.core.agents_worlds import World, worlds
from tests.core.test_order import arrivals
from tests.core.worlds import world

EXAMPLES = max(8, settings().max_examples // 6)
SEEDS = st.integers(0, 1 << 32)
CALLS = FoldPolicy(timezone="Europe/Paris", retention=EVERYTHING)
SIZE = {FINE: 90, QUARTER: 96}
"""Buckets of a block."""
Changed = set[tuple[int, int, str, str]]
"""Resolution, bucket, segment, measure."""


def marked(marks: dict[Block, Bits]) -> Changed:
    """Returns marks bucket by bucket."""
    return {
        (resolution, block * SIZE[resolution] + i, segment, measure)
        for (resolution, block, segment), bits in marks.items()
        for measure, n in bits.items()
        for i in range(SIZE[resolution])
        if n >> i & 1
    }


def of_contacts(visible: Visible) -> dict[tuple[int, int, str], dict[str, Any]]:
    """Returns cells by measure; a histogram is one."""
    out = {}
    for resolution in (FINE, QUARTER):
        for (bucket, segment), cell in visible.cells[resolution].items():
            hists: dict[str, dict[int, int]] = defaultdict(dict)
            for index, n in cell.hist.items():
                hists["handle_histogram" if index & HANDLE else "wait_histogram"][index] = n
            out[resolution, bucket, segment] = {**lanes(cell.sums), **hists}
    return out


def of_agents(visible: Visible, w: World) -> dict[tuple[int, int, str], dict[str, Any]]:
    """Returns agents' time by measure; that by 10 s of the last hours only."""
    fine_from = w.newest - 4 * HOUR_MS
    found = cells_of(visible, visible.levels, Zone(w.zone), visible.edge_ms, fine_from)
    return {
        (resolution, bucket, segment): {f"time_{m}": ms for m, ms in measures.items()}
        for (resolution, bucket, segment), measures in found.items()
        if resolution in (FINE, QUARTER)
    }


def differences(
    before: dict[tuple[int, int, str], dict[str, Any]],
    after: dict[tuple[int, int, str], dict[str, Any]],
    until: int,
) -> Changed:
    """Returns what differs before an instant."""
    out = set()
    for key in before.keys() | after.keys():
        resolution, bucket, _ = key
        if bucket < until // (QUARTER_MS if resolution == QUARTER else 10_000):
            old, new = before.get(key, {}), after.get(key, {})
            out |= {(*key, m) for m in old.keys() | new.keys() if old.get(m) != new.get(m)}
    return out


def ended(top: int) -> int:
    """Returns up to when quarter hours have ended."""
    return (top - GRACE_MS) // QUARTER_MS * QUARTER_MS


class Watch:
    """Decides by itself which records come in their order."""

    def __init__(self) -> None:
        self._times: dict[str, int] = defaultdict(lambda: -1)
        self._names: set[tuple[str, str, str]] = set()

    def until(self, raw: bytes, top: int) -> int:
        """Returns up to when a record may change what has ended; 0: it comes in its order."""
        e = decode(raw)
        if isinstance(e, Schedule):
            return ended(top)
        ms, name = millis(e.time), (e.subject, e.source, e.id)
        top = max(top, ms)
        late = ms < ended(top) or ms < self._times[e.subject] or name in self._names
        self._times[e.subject] = max(self._times[e.subject], ms)
        self._names.add(name)
        return ended(top) if late else 0


# -- contacts


@settings(max_examples=EXAMPLES)
@given(SEEDS)
def test_contacts_are_marked_exactly_where_what_came_late_changed_them(seed: int) -> None:
    """Cell by cell, measure by measure: nothing more, nothing less."""
    span, records = world(seed)
    r = random.Random(seed)
    ledger, watch, want = Ledger(CALLS, "voice"), Watch(), Changed()
    raws = arrivals(span, records, r) if r.random() < 0.7 else [x for _, x in sorted(records)]
    before = of_contacts(ledger.everything())
    for raw in raws:
        until = watch.until(raw, ledger.top_ms)
        ledger.apply_all([raw], NO_END)
        ledger.take_changes()
        after = of_contacts(ledger.everything())
        want |= differences(before, after, until)
        before = after

    assert marked(ledger.everything().revised) == want


@settings(max_examples=EXAMPLES)
@given(SEEDS)
def test_contacts_in_order_mark_nothing(seed: int) -> None:
    """Legs that move to the end of their wrap-up, answers after an abandonment."""
    _, records = world(seed)
    ledger, names = Ledger(CALLS, "voice"), set()
    for _, raw in sorted(records):
        e = decode(raw)
        if (e.source, e.id) not in names:
            names.add((e.source, e.id))
            ledger.apply_all([raw], NO_END)
    ledger.take_changes()

    assert not ledger.everything().revised


SHORT = Retention(
    fine_ms=HOUR_MS, quarter_ms=30 * HOUR_MS, quarter_detail_ms=9 * HOUR_MS, day_ms=72 * HOUR_MS
)


@settings(max_examples=EXAMPLES)
@given(SEEDS, st.booleans())
def test_commits_and_restarts_give_the_same_marks_of_contacts(seed: int, forget: bool) -> None:
    """And those that are stored are those that are held."""
    span, records = world(seed)
    r = random.Random(seed)
    policy = msgspec.structs.replace(CALLS, retention=SHORT) if forget else CALLS
    raws = arrivals(span, records, r)
    want, got, store = Ledger(policy, "voice"), Ledger(policy, "voice"), Store()
    for raw in raws:
        want.apply_all([raw], NO_END)
        want.take_changes()
    i = 0
    while i < len(raws):
        n = r.choice([1, 2, 5, 50])
        got.apply_all(raws[i : i + n], NO_END)
        i += n
        if r.random() < 0.5 or i >= len(raws):
            store.commit(got.take_changes())
            if r.random() < 0.5:
                got = store.ledger(policy)

    assert want.everything().revised == got.everything().revised == store.visible.revised


# -- agents


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_agents_are_marked_exactly_where_what_came_late_changed_them(w: World) -> None:
    """By quarter hours exactly; by 10 s where the plan or the state is another one."""
    ledger, watch, want = Ledger(agents_policy(w), "voice"), Watch(), Changed()
    for raw, ms in zip(w.arrivals, w.times, strict=True):
        until = watch.until(raw, ledger.top_ms)
        before = {}
        if until:
            ledger.advance(until)  # no further than the record itself does it
            ledger.take_changes()
            before = of_agents(ledger.everything(), w)
        ledger.apply_all([raw], [ms])
        ledger.take_changes()
        if until:
            want |= differences(before, of_agents(ledger.everything(), w), until)

    found = marked(ledger.everything().revised)
    by_quarter = {mark for mark in found if mark[0] == QUARTER}
    assert by_quarter == {mark for mark in want if mark[0] == QUARTER}
    assert found >= want


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_agents_in_order_mark_nothing(w: World) -> None:
    """Plans that are known before, then one state after the other: also who comes back late."""
    records = sorted(zip(w.times, w.arrivals, strict=True))
    plans = [raw for _, raw in records if b"agent.schedule" in raw]
    ledger, names = Ledger(agents_policy(w), "voice"), set()
    ledger.apply_all(plans, NO_END)
    for ms, raw in records:
        e = decode(raw)
        if raw not in plans and (e.source, e.id) not in names:
            names.add((e.source, e.id))
            ledger.apply_all([raw], [ms])
            ledger.take_changes()

    assert not ledger.everything().revised


@settings(max_examples=EXAMPLES)
@given(worlds(), SEEDS, st.booleans())
def test_commits_and_restarts_give_the_same_marks_of_agents(
    w: World, seed: int, forget: bool
) -> None:
    """And those that are stored are those that are held."""
    r = random.Random(seed)
    policy = agents_policy(w, SHORT if forget else EVERYTHING)
    want, got, store = Ledger(policy, "voice"), Ledger(policy, "voice"), Store()
    for raws, appended in chunks(w, r):
        for raw, ms in zip(raws, appended, strict=True):
            want.apply_all([raw], [ms])
            want.take_changes()
        got.apply_all(raws, appended)
        if r.random() < 0.5:
            store.commit(got.take_changes())
            if r.random() < 0.5:
                got = store.ledger(policy)
    store.commit(got.take_changes())

    assert want.everything().revised == got.everything().revised == store.visible.revised
