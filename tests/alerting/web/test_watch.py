"""What is shown is kept, and whether anybody watches."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import shown
from alerting.core.shapes import Instance
from alerting.shown import NOTHING
from alerting.web.watch import DEAD_MS, Watch
from tests.alerting.web.rig import NOW_MS, FakeStore, Rig, instance


async def until(done: Callable[[], object]) -> None:
    """Lets others run until something is so."""
    async with asyncio.timeout(5):
        while not done():  # noqa: ASYNC110  nobody rings
            await asyncio.sleep(0)


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[None]:
    """Runs the extension."""
    task = asyncio.create_task(rig.extension.run(rig.host))
    try:
        await until(lambda: rig.host.offered)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def last(rig: Rig) -> dict[str, object]:
    """Returns what walls show."""
    topic, document = rig.host.offered[-1]
    assert topic == "alerts@live"
    assert isinstance(document, dict)
    return document


async def test_before_anybody_has_led_there_is_nothing_and_nobody_watches() -> None:
    """A wall can say that."""
    rig = Rig()
    rig.store.beat_ms = 0
    async with running(rig):
        assert last(rig) == {
            "as_of": None, "time_scale": 1.0, "alerts": [], "quiet": [],
            "investigations": {"open": 0, "overdue": 0}, "leader": False,
        }  # fmt: skip


async def test_a_ring_is_a_reason_to_look() -> None:
    """What changes is on the walls with their next tick."""
    rig = Rig()
    async with running(rig):
        rig.store.show(instance())
        rig.store.feeds[0].ring()
        await until(lambda: last(rig)["alerts"])
        assert last(rig)["leader"] is True


async def test_many_rings_are_one_look() -> None:
    """Only what is true now matters."""
    rig = Rig()
    async with running(rig):
        reads = rig.store.reads
        rig.store.show(instance())
        for _ in range(50):
            rig.store.feeds[0].ring()
        await until(lambda: last(rig)["alerts"])
        assert rig.store.reads == reads + 1


async def test_without_a_ring_it_is_looked_at_now_and_then() -> None:
    """A message may be lost."""
    rig = Rig()
    rig.extension.watch._poll_s = 0.001
    async with running(rig):
        rig.store.show(instance())
        await until(lambda: last(rig)["alerts"])


async def test_agents_never_go_to_walls() -> None:
    """Although the process knows of them."""
    rig = Rig()
    rig.store.show(instance("agent:7", rule="adherence"), instance("queue:a+agent:7"))
    async with running(rig):
        assert last(rig)["alerts"] == []
        assert len(rig.extension.watch.shown.alerts) == 2


async def test_redis_away_is_told_at_once_and_what_was_shown_stays() -> None:
    """Nobody knows whether anybody watches; then everything is read again."""
    rig = Rig()
    rig.store.show(instance())
    async with running(rig):
        rig.store.away = True
        rig.store.feeds[0].ring()
        await until(lambda: not last(rig)["leader"])
        assert last(rig)["alerts"]
        rig.store.away = False
        await until(lambda: last(rig)["leader"])
        assert len(rig.store.feeds) == 1


@pytest.mark.parametrize(("age_ms", "there"), [(0, True), (DEAD_MS, True), (DEAD_MS + 1, False)])
async def test_a_leader_that_has_not_beaten_for_long_is_not_there(age_ms: int, there: bool) -> None:
    """By Redis TIME, not by this machine's clock."""
    store = FakeStore()
    store.show(instance())
    store.beat_ms = NOW_MS - age_ms
    watch = Watch(store, wall_ms=lambda: 7)
    await watch.look()

    assert watch.shown.leader is there
    assert watch.clock_ms() == NOW_MS


async def test_a_document_of_another_release_is_not_understood(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That is told; the process goes on."""
    store = FakeStore()
    store.document = b'{"alerts":7}'
    watch = Watch(store)
    await watch.look()

    assert watch.shown.alerts == ()
    assert "not understood" in caplog.text


async def test_with_the_process_connections_are_given_back() -> None:
    """To Redis and to Kafka."""
    rig = Rig()
    async with running(rig):
        pass

    assert (rig.store.closed, rig.writer.closed, rig.store.feeds) == (True, True, [])


async def test_a_cancelling_that_was_lost_ends_the_watch_all_the_same() -> None:
    """A connection may take it for a timeout of its own."""
    rig = Rig()
    look = rig.extension.watch.look

    async def deaf() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await look()

    async with running(rig):
        rig.extension.watch.look = deaf  # type: ignore[method-assign] # a connection's mistake
        rig.store.feeds[0].ring()
        for _ in range(10):
            await asyncio.sleep(0)

    assert rig.store.closed


SEGMENTS = st.sampled_from(["queue:a", "queue:b", "site", "agent:7", "team:t+agent:7"])


@given(worlds=st.lists(st.sets(SEGMENTS), min_size=1, max_size=6))
async def test_what_is_offered_last_is_what_is_shown_without_agents(
    worlds: list[set[str]],
) -> None:
    """After any changes."""
    rig = Rig()
    rig.host.offered = []
    rig.extension.watch._tell = lambda shown_: rig.host.offered.append(("", shown_))
    for world in worlds:
        alerts: list[Instance] = [instance(segment) for segment in sorted(world)]
        rig.store.show(*alerts)
        await rig.look()
    document = shown.public(rig.host.offered[-1][1])

    assert {row.segment for row in document.alerts} == {s for s in worlds[-1] if "agent" not in s}
    assert NOTHING.alerts == ()
