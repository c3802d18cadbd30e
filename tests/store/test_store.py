"""What is read back from a real server."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import redis

from streams.core.agents.tail import Coming, Tail
from streams.core.buckets import DAY, FINE, QUARTER
from streams.core.changes import Changes, Facts, nothing
from streams.core.revised import Bits, Block
from streams.core.tally import Cell
from streams.core.windows import Span
from streams.store import Head, SettingsOlder, Store, Verdict, Wanted
from tests.store.sample import ONE, QUEUE, SITE, TWO, changes, commit_one, store_one


async def test_a_claim_loads_everything_that_was_committed(store: Store) -> None:
    """Cells of all resolutions, live values, segments, facts, the source's time."""
    await store_one(store)
    claimed = await store.claim("calls-0", "A", 1, 0, 10)

    visible, facts = await store.load("calls-0", claimed)

    stored = changes()
    assert (visible.cells, visible.live) == (stored.visible.cells, stored.visible.live)
    assert (set(visible.segments), visible.top_ms) == ({SITE, QUEUE}, 1_000)
    assert facts == stored.facts.added
    assert (claimed.offset, claimed.append_ms, claimed.rebuilt) == (9, 500, False)


async def test_a_claim_of_nothing_loads_nothing(store: Store) -> None:
    """An empty build."""
    claimed = await store.claim("calls-0", "A", 1, 0, 10)

    assert await store.load("calls-0", claimed) == (nothing(0), {})
    assert claimed.rebuilt


async def test_older_settings_are_told_by_an_error(store: Store) -> None:
    """Its text names the source and says what to do."""
    await store_one(store)

    with pytest.raises(SettingsOlder, match=r"calls-0 .* config_since is 1; .* set a later one"):
        await store.claim("calls-0", "B", 1, 0, 10)


async def test_beats_go_to_redis_and_come_back_with_its_time(store: Store) -> None:
    """And an owner that was followed is refused."""
    owner = await store_one(store)
    answer = await store.beat("calls-0", owner.beat())
    await store.claim("calls-0", "A", 1, 0, 10)

    assert answer is not None
    assert answer[0] == 1
    assert int(answer[1]) > 1_700_000_000_000_000
    assert await store.beat("calls-0", owner.beat()) is None


async def test_a_head_says_where_a_source_stands(store: Store) -> None:
    """And nothing where there is no key."""
    owner = await store_one(store)
    head = await store.head("calls-0")

    assert head is not None
    assert (head.epoch, head.version, head.offset, head.top_ms) == (owner.epoch, 1, 9, 1_000)
    assert (head.settings_hash, head.since, head.until, head.gap) == ("A", 1, None, "")
    assert await store.head("calls-1") is None


async def test_history_adds_up_the_cells_of_all_sources(store: Store) -> None:
    """Those that exist; a source without key has none."""
    await store_one(store, "calls-0")
    await store_one(store, "calls-1")
    sources = ["calls-0", "calls-1", "calls-2"]

    assert await store.history(sources, QUARTER, [10, 11, 12], [SITE, QUEUE, "queue:y"]) == {
        (10, SITE): Cell(2, {3: 8}),
        (11, SITE): Cell(4, {3: 2, 7: 4}),
        (11, QUEUE): Cell(4, {3: 2, 7: 4}),
    }
    assert await store.history(["calls-0"], FINE, [100, 101], [QUEUE]) == {(101, QUEUE): TWO}
    assert await store.history(["calls-0"], DAY, range(3), [SITE]) == {(1, SITE): ONE}


async def test_history_of_nothing_is_nothing(store: Store) -> None:
    """No buckets, no segments, no sources."""
    await store_one(store)

    assert await store.history(["calls-0"], DAY, [], [SITE]) == {}
    assert await store.history(["calls-0"], DAY, [1], []) == {}
    assert await store.history([], DAY, [1], [SITE]) == {}


async def test_the_segments_of_all_sources_are_listed(store: Store) -> None:
    """Each name once."""
    await store_one(store, "calls-0")
    await store_one(store, "calls-1")

    assert await store.segments(["calls-0", "calls-1", "calls-2"]) == {SITE, QUEUE}


async def test_a_snapshot_has_the_wanted_buckets_and_all_fine_cells(store: Store) -> None:
    """With head, live values and segments, of one instant."""
    await store_one(store)

    held = await store.snapshot("calls-0", lambda _source, _top: Wanted([11, 12], []))

    assert held is not None
    head, visible = held
    cells = changes().visible.cells
    assert visible.cells == (cells[0], {(11, SITE): TWO, (11, QUEUE): TWO}, {})
    assert (visible.live, set(visible.segments)) == (changes().visible.live, {SITE, QUEUE})
    assert (head.version, head.top_ms, visible.top_ms) == (1, 1_000, 1_000)


async def test_a_snapshot_without_key_is_none(store: Store) -> None:
    """The source is rebuilding."""
    assert await store.snapshot("calls-0", lambda _source, _top: Wanted([], [])) is None


def _between(store: Store, act: Callable[[], Awaitable[object]]) -> None:
    """Let something happen between the first read of a head and the transaction after it."""
    read = store.head
    acts = [act]

    async def head(source: str) -> Head | None:
        known = await read(source)
        await acts.pop()()
        return known

    store.head = head  # type: ignore[method-assign]


async def test_a_snapshot_asks_again_when_other_buckets_are_wanted_by_then(store: Store) -> None:
    """A commit has moved the source's time meanwhile: what was not asked for would be missing."""
    owner = await store_one(store)
    _between(store, lambda: commit_one(store, owner, 10, top_ms=2_000))

    held = await store.snapshot(
        "calls-0", lambda _source, top_ms: Wanted([11] if top_ms == 2_000 else [10], [])
    )

    assert held is not None
    assert (held[0].version, held[1].top_ms) == (2, 2_000)
    assert held[1].cells[QUARTER] == {(11, SITE): TWO, (11, QUEUE): TWO}


async def test_a_snapshot_asks_again_when_the_build_has_changed(store: Store) -> None:
    """The keys of the old build are gone; nothing of it is shown as the new one's."""
    await store_one(store)
    _between(store, lambda: store.claim("calls-0", "B", 2, 0, 10))

    held = await store.snapshot("calls-0", lambda _source, _top: Wanted([10], [1]))

    assert held is not None
    assert held[0].version == 0
    assert (held[1].cells, held[1].segments) == (({}, {}, {}), [])


async def test_a_snapshot_is_none_when_the_key_is_gone_by_then(
    store: Store, redis_url: str
) -> None:
    """Redis was emptied between the first read and the transaction."""
    await store_one(store)

    async def flush() -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()

    _between(store, flush)

    assert await store.snapshot("calls-0", lambda _source, _top: Wanted([10], [1])) is None


async def test_a_script_is_sent_again_when_redis_has_forgotten_it(
    store: Store, redis_url: str
) -> None:
    """After a restart it knows no script."""
    await store_one(store)
    with redis.Redis.from_url(redis_url) as client:
        client.script_flush()

    assert (await store.claim("calls-0", "A", 1, 0, 10)).version == 1


async def test_the_past_of_a_source_says_who_is_there_at_its_edge(store: Store) -> None:
    """Cells of several spans, levels of the segments, the edge; tails where they are asked for."""
    owner = await store_one(store)
    tail = Tail(((SITE,),), (Coming(5, 0, 15, ((15, 1),), "work"),), ("T",), "available", 5, None)
    visible = nothing(2_000)
    visible.edge_ms, visible.levels, visible.tails = 1_500, {SITE: {15: 2}}, {"a": tail}
    owner.advance(10, 10, 500)
    commit = owner.commit(lambda: Changes(visible, Facts({}, {}, [])))
    assert commit is not None
    await store.commit("calls-0", commit)
    spans = [Span(FINE, 100, 101), Span(QUARTER, 11, 12), Span(DAY, 0, 1)]

    past = await store.past("calls-0", spans, [SITE, QUEUE], tails=False)
    ahead = await store.past("calls-0", [], [QUEUE], tails=True)

    assert past is not None
    assert ahead is not None
    cells = changes().visible.cells
    assert past.cells == (cells[FINE], {k: c for k, c in cells[QUARTER].items() if k[0] > 10}, {
        (1, SITE): ONE
    })  # fmt: skip
    assert (past.edge_ms, past.levels, past.tails) == (1_500, {SITE: {15: 2}}, {})
    assert (ahead.levels, ahead.tails, ahead.top_ms) == ({}, {"a": tail}, 2_000)


async def test_marks_of_what_was_revised_are_stored_and_read_whole(store: Store) -> None:
    """By readers and by the next owner; blocks that are gone are not."""
    owner = await store_one(store)
    marks: dict[Block, Bits] = {
        (QUARTER, 20_416, SITE): {"answered": 1 << 95, "time_adherent": 3},
        (FINE, 1_960_000, QUEUE): {"wait_histogram": 1 << 89},
    }
    gone: dict[Block, Bits] = {(FINE, 1_960_000, QUEUE): {}}
    for offset, revised in ((10, marks), (11, gone)):
        visible = nothing(2_000)
        visible.revised = revised
        owner.advance(offset, offset, 500)
        commit = owner.commit(partial(Changes, visible, Facts({}, {}, [])))
        assert commit is not None
        assert owner.replied(commit, await store.commit("calls-0", commit)) is Verdict.DONE

    held = await store.snapshot("calls-0", lambda _source, _top: Wanted([], []))
    claimed = await store.claim("calls-0", "A", 1, 0, 12)
    loaded, _ = await store.load("calls-0", claimed)

    assert held is not None
    assert held[1].revised == loaded.revised == {k: marks[k] for k in marks if k not in gone}


async def test_the_past_without_key_or_edge_is_nothing(store: Store) -> None:
    """Nobody has ever been there."""
    await store_one(store)

    assert await store.past("calls-0", [], [SITE], tails=True) == nothing(1_000)
    assert await store.past("calls-1", [], [SITE], tails=True) is None
