"""What is read back from a real server, and what is said when it is away or unfit."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
import redis

from streams.core.buckets import DAY, FINE, QUARTER
from streams.core.changes import Changes, Facts, LiveKey, Visible, nothing
from streams.core.tally import Cell
from streams.store import Commit, Head, Owner, SettingsOlder, Store, StoreAway, Verdict, Wanted
from tests import servers

SITE, QUEUE = "site", "queue:é|x"
ONE, TWO = Cell(1, {3: 4}), Cell(2, {3: 1, 7: 2})


def _changes(top_ms: int = 1_000) -> Changes:
    cells = (
        {(100, SITE): ONE, (101, QUEUE): TWO},
        {(10, SITE): ONE, (11, SITE): TWO, (11, QUEUE): TWO},
        {(1, SITE): ONE},
    )
    live = {SITE: {LiveKey(0, 1, 2, 3): 4}}
    facts = Facts({"c1": [b'{"a":1}', b'{"b":2}'], "é": [b"{}"]}, {}, [])
    return Changes(Visible(cells, ([], [], []), live, [SITE, QUEUE], top_ms), facts)


async def _commit(store: Store, owner: Owner, offset: int, top_ms: int = 1_000) -> None:
    """Commit `_changes`."""
    owner.advance(offset, offset, 500)
    commit = owner.commit(lambda: _changes(top_ms))
    assert commit is not None
    assert owner.replied(commit, await store.commit(owner.source, commit)) is Verdict.DONE


async def _store_one(store: Store, source: str = "calls-0") -> Owner:
    """Claim a source, and commit `_changes`."""
    owner = Owner(source, await store.claim(source, "A", 1, 0, 10))
    await _commit(store, owner, 9)
    return owner


async def test_a_claim_loads_everything_that_was_committed(store: Store) -> None:
    """Cells of all resolutions, live values, segments, facts, the source's time."""
    await _store_one(store)
    claimed = await store.claim("calls-0", "A", 1, 0, 10)

    visible, facts = await store.load("calls-0", claimed)

    changes = _changes()
    assert (visible.cells, visible.live) == (changes.visible.cells, changes.visible.live)
    assert (set(visible.segments), visible.top_ms) == ({SITE, QUEUE}, 1_000)
    assert facts == changes.facts.added
    assert (claimed.offset, claimed.append_ms, claimed.rebuilt) == (9, 500, False)


async def test_a_claim_of_nothing_loads_nothing(store: Store) -> None:
    """An empty build."""
    claimed = await store.claim("calls-0", "A", 1, 0, 10)

    assert await store.load("calls-0", claimed) == (nothing(0), {})
    assert claimed.rebuilt


async def test_older_settings_are_told_by_an_error(store: Store) -> None:
    """Its text names the source and says what to do."""
    await _store_one(store)

    with pytest.raises(SettingsOlder, match=r"calls-0 .* config_since is 1; .* set a later one"):
        await store.claim("calls-0", "B", 1, 0, 10)


async def test_beats_go_to_redis_and_come_back_with_its_time(store: Store) -> None:
    """And an owner that was followed is refused."""
    owner = await _store_one(store)
    answer = await store.beat("calls-0", owner.beat())
    await store.claim("calls-0", "A", 1, 0, 10)

    assert answer is not None
    assert answer[0] == 1
    assert int(answer[1]) > 1_700_000_000_000_000
    assert await store.beat("calls-0", owner.beat()) is None


async def test_a_head_says_where_a_source_stands(store: Store) -> None:
    """And nothing where there is no key."""
    owner = await _store_one(store)
    head = await store.head("calls-0")

    assert head is not None
    assert (head.epoch, head.version, head.offset, head.top_ms) == (owner.epoch, 1, 9, 1_000)
    assert (head.settings_hash, head.since, head.until, head.gap) == ("A", 1, None, "")
    assert await store.head("calls-1") is None


async def test_history_adds_up_the_cells_of_all_sources(store: Store) -> None:
    """Those that exist; a source without key has none."""
    await _store_one(store, "calls-0")
    await _store_one(store, "calls-1")
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
    await _store_one(store)

    assert await store.history(["calls-0"], DAY, [], [SITE]) == {}
    assert await store.history(["calls-0"], DAY, [1], []) == {}
    assert await store.history([], DAY, [1], [SITE]) == {}


async def test_the_segments_of_all_sources_are_listed(store: Store) -> None:
    """Each name once."""
    await _store_one(store, "calls-0")
    await _store_one(store, "calls-1")

    assert await store.segments(["calls-0", "calls-1", "calls-2"]) == {SITE, QUEUE}


async def test_a_snapshot_has_the_wanted_buckets_and_all_fine_cells(store: Store) -> None:
    """With head, live values and segments, of one instant."""
    await _store_one(store)

    held = await store.snapshot("calls-0", lambda _source, _top: Wanted([11, 12], []))

    assert held is not None
    head, visible = held
    cells = _changes().visible.cells
    assert visible.cells == (cells[0], {(11, SITE): TWO, (11, QUEUE): TWO}, {})
    assert (visible.live, set(visible.segments)) == (_changes().visible.live, {SITE, QUEUE})
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
    owner = await _store_one(store)
    _between(store, lambda: _commit(store, owner, 10, top_ms=2_000))

    held = await store.snapshot(
        "calls-0", lambda _source, top_ms: Wanted([11] if top_ms == 2_000 else [10], [])
    )

    assert held is not None
    assert (held[0].version, held[1].top_ms) == (2, 2_000)
    assert held[1].cells[QUARTER] == {(11, SITE): TWO, (11, QUEUE): TWO}


async def test_a_snapshot_asks_again_when_the_build_has_changed(store: Store) -> None:
    """The keys of the old build are gone; nothing of it is shown as the new one's."""
    await _store_one(store)
    _between(store, lambda: store.claim("calls-0", "B", 2, 0, 10))

    held = await store.snapshot("calls-0", lambda _source, _top: Wanted([10], [1]))

    assert held is not None
    assert held[0].version == 0
    assert (held[1].cells, held[1].segments) == (({}, {}, {}), [])


async def test_a_snapshot_is_none_when_the_key_is_gone_by_then(
    store: Store, redis_url: str
) -> None:
    """Redis was emptied between the first read and the transaction."""
    await _store_one(store)

    async def flush() -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()

    _between(store, flush)

    assert await store.snapshot("calls-0", lambda _source, _top: Wanted([10], [1])) is None


async def test_a_script_is_sent_again_when_redis_has_forgotten_it(
    store: Store, redis_url: str
) -> None:
    """After a restart it knows no script."""
    await _store_one(store)
    with redis.Redis.from_url(redis_url) as client:
        client.script_flush()

    assert (await store.claim("calls-0", "A", 1, 0, 10)).version == 1


async def test_a_fit_server_has_no_complaints(store: Store) -> None:
    """Redis from 7.0 on, Valkey likewise."""
    assert await store.complaints() == []


async def test_a_server_that_evicts_is_unfit(store: Store, redis_url: str) -> None:
    """Cells would disappear."""
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")

    assert await store.complaints() == [
        "maxmemory-policy is allkeys-lru: it must be noeviction, or cells disappear"
    ]


@pytest.mark.parametrize(
    ("version", "complaints"),
    [
        ("6.2.14", ["Redis 6.2.14 is too old: 7.0 is the oldest that is supported"]),
        ("7.0.0", []),
        ("10.1.0", []),
    ],
)
async def test_a_server_before_7_is_unfit(
    store: Store, monkeypatch: pytest.MonkeyPatch, version: str, complaints: Sequence[str]
) -> None:
    """Versions are compared as numbers."""

    async def info() -> dict[str, str]:
        return {"redis_version": version, "maxmemory_policy": "noeviction"}

    monkeypatch.setattr(store._redis, "info", info)

    assert await store.complaints() == complaints


async def test_subscribers_may_stall_longer_than_redis_lets_them(
    store: Store, redis_url: str
) -> None:
    """The limit is raised; one that is higher already, or none, is left alone."""
    name = "client-output-buffer-limit"
    with redis.Redis.from_url(redis_url) as client:
        for before, after in (
            ("pubsub 33554432 8388608 60", "pubsub 268435456 134217728 60"),
            ("pubsub 1000000000 900000000 60", "pubsub 1000000000 900000000 60"),
            ("pubsub 0 0 0", "pubsub 0 0 0"),
        ):
            client.config_set(name, before)
            await store.raise_feed_limit()
            assert client.config_get(name)[name].endswith(after)


async def test_a_server_that_forbids_configuration_is_taken_as_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others run it: its limits are theirs."""

    async def refuse(_name: str) -> None:
        raise redis.exceptions.NoPermissionError("no permissions to run 'config|get'")

    monkeypatch.setattr(store._redis, "config_get", refuse)

    await store.raise_feed_limit()


async def test_nobody_listening_is_away(tmp_path: Path) -> None:
    """Every call says so, in the same words."""
    server = servers.redis(tmp_path)
    store = Store(f"redis://{server.address}/0")
    commit = Commit(1, 0, 0, 0, 0, 0, "", b"", b"")

    for call in (
        store.claim("calls-0", "A", 1, 0, 10),
        store.commit("calls-0", commit),
        store.head("calls-0"),
        store.segments(["calls-0"]),
        store.complaints(),
    ):
        with pytest.raises(StoreAway, match=r"Redis: .*Connect"):
            await call
    await store.close()


async def test_a_server_that_comes_back_answers_again(tmp_path: Path) -> None:
    """With what it had; the same store object goes on."""
    server = servers.redis(tmp_path)
    server.start()
    store = Store(f"redis://{server.address}/0")
    owner = await _store_one(store)
    server.stop()
    with pytest.raises(StoreAway):
        await store.beat("calls-0", owner.beat())
    server.start()

    answer = await store.beat("calls-0", owner.beat())

    assert answer is not None
    assert owner.beaten(owner.beat(), answer) is Verdict.DONE
    await store.close()
    server.stop()


async def test_a_frozen_server_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer in time is no answer; what was sent may still be executed."""
    monkeypatch.setattr("streams.store.connection.TIMEOUT_S", 0.2)
    with servers.redis(tmp_path) as server:
        store = Store(f"redis://{server.address}/0")
        owner = Owner("calls-0", await store.claim("calls-0", "A", 1, 0, 10))
        owner.advance(9, 9, 500)
        commit = owner.commit(_changes)
        assert commit is not None
        server.freeze()
        with pytest.raises(StoreAway):
            await store.commit("calls-0", commit)
        server.thaw()

        assert await store.commit("calls-0", commit) in {1, 2}
        assert await store.commit("calls-0", commit) == 2
        await store.close()


async def test_a_server_without_memory_is_away(store: Store, redis_url: str) -> None:
    """Nothing is stored in part; when there is room again the same commit goes through."""
    owner = Owner("calls-0", await store.claim("calls-0", "A", 1, 0, 10))
    owner.advance(9, 9, 500)
    commit = owner.commit(_changes)
    assert commit is not None
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(StoreAway, match="maxmemory"):
                await store.commit("calls-0", commit)
        finally:
            client.config_set("maxmemory", 0)

    assert await store.commit("calls-0", commit) == 1


async def test_a_mistake_of_ours_is_not_taken_for_absence(store: Store) -> None:
    """It must stop the worker, not be tried again for ever."""
    owner = await _store_one(store)
    broken = Commit(owner.epoch, 1, 0, 0, 0, 0, "", b"\xc1", b"\xc1")

    with pytest.raises(redis.ResponseError):
        await store.commit("calls-0", broken)
