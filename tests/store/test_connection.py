"""What is said of a server that is away or unfit, and what is put right there."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
import redis

from streams.store import Commit, Owner, Store, StoreAway, Verdict
from streams.store.connection import may_be_away
from tests.servers import Server
from tests.store.sample import changes, store_one


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


async def test_nobody_listening_is_away(own_server: Server) -> None:
    """Every call says so, in the same words."""
    store = Store(f"redis://{own_server.address}/0")
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


async def test_a_server_that_comes_back_answers_again(own_server: Server) -> None:
    """With what it had; the same store object goes on."""
    own_server.start()
    store = Store(f"redis://{own_server.address}/0")
    owner = await store_one(store)
    own_server.stop()
    with pytest.raises(StoreAway):
        await store.beat("calls-0", owner.beat())
    own_server.start()

    answer = None
    async with asyncio.timeout(20):
        while answer is None:
            with suppress(StoreAway):  # it still loads what it had
                answer = await store.beat("calls-0", owner.beat())

    assert owner.beaten(owner.beat(), answer) is Verdict.DONE
    await store.close()


async def test_a_frozen_server_is_away(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer in time is no answer; what was sent may still be executed."""
    own_server.start()
    patient = Store(f"redis://{own_server.address}/0")
    monkeypatch.setattr("streams.store.connection.TIMEOUT_S", 0.3)
    hasty = Store(f"redis://{own_server.address}/0")
    owner = Owner("calls-0", await patient.claim("calls-0", "A", 1, 0, 10))
    owner.advance(9, 9, 500)
    commit = owner.commit(changes)
    assert commit is not None

    own_server.freeze()
    with pytest.raises(StoreAway):
        await hasty.commit("calls-0", commit)
    own_server.thaw()

    assert await patient.commit("calls-0", commit) in {1, 2}
    assert await patient.commit("calls-0", commit) == 2
    await hasty.close()
    await patient.close()


async def test_a_server_without_memory_is_away(store: Store, redis_url: str) -> None:
    """Nothing is stored in part; when there is room again the same commit goes through."""
    owner = Owner("calls-0", await store.claim("calls-0", "A", 1, 0, 10))
    owner.advance(9, 9, 500)
    commit = owner.commit(changes)
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
    owner = await store_one(store)
    broken = Commit(owner.epoch, 1, 0, 0, 0, 0, "", b"\xc1", b"\xc1")

    with pytest.raises(redis.ResponseError):
        await store.commit("calls-0", broken)


@pytest.mark.parametrize(
    "error",
    [
        redis.exceptions.BusyLoadingError("Redis is loading the dataset in memory"),
        redis.exceptions.ReadOnlyError("You can't write against a read only replica."),
        redis.ResponseError("MISCONF Redis is configured to save RDB snapshots, but …"),
        redis.ResponseError("BUSY Redis is busy running a script."),
        redis.ResponseError("NOREPLICAS Not enough good replicas to write."),
    ],
)
def test_what_passes_by_itself_is_absence(error: Exception) -> None:
    """A server that starts, moves, or cannot write for a while."""
    with pytest.raises(StoreAway), may_be_away():
        raise error
