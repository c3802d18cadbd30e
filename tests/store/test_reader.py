"""The reader's shell: what its listener is told, in which order, and that it comes back alone."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from streams.core.changes import Changes, Facts, Visible
from streams.core.tally import Cell
from streams.store import Owner, Reader, Store, StoreAway, Wanted
from tests.servers import Server

PATIENCE_S = 20.0


class Notes:
    """A listener that writes everything down."""

    def __init__(self) -> None:
        self.all: list[tuple[object, ...]] = []

    def on_load(self, source: str, everything: Visible) -> None:
        """Note a source that was read whole: its fine cells."""
        self.all.append(("load", source, {k[0]: c.sums for k, c in everything.cells[0].items()}))

    def on_change(self, source: str, change: Visible) -> None:
        """Note a commit: its fine cells."""
        self.all.append(("change", source, {k[0]: c.sums for k, c in change.cells[0].items()}))

    def on_drop(self, source: str) -> None:
        """Note a source without key."""
        self.all.append(("drop", source))

    def on_mark(self, source: str, as_of_ms: int | None, rebuilding: bool) -> None:
        """Note how fresh a source is."""
        self.all.append(("mark", source, as_of_ms, "rebuilding" if rebuilding else "whole"))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - the condition is of another task's making
                await asyncio.sleep(0.01)

    async def has(self, *note: object) -> None:
        """Wait for a note."""
        await self.until(lambda: note in self.all)


class Worker:
    """Commits one fine cell after the other."""

    def __init__(self, store: Store, owner: Owner) -> None:
        self.store, self.owner = store, owner

    @classmethod
    async def claim(cls, store: Store, source: str = "calls-0", end: int = 3) -> "Worker":
        """Claim a source."""
        return cls(store, Owner(source, await store.claim(source, "A", 1, 0, end)))

    async def commit(self, bucket: int) -> None:
        """Commit a cell."""
        cells: dict[tuple[int, str], Cell] = {(bucket, "site"): Cell(1, {})}
        visible = Visible((cells, {}, {}), ([], [], []), {}, ["site"], 1)
        self.owner.advance(bucket, bucket, 1_000 * (bucket + 1))
        sent = self.owner.commit(lambda: Changes(visible, Facts({}, {}, [])))
        assert sent is not None
        self.owner.replied(sent, await self.store.commit(self.owner.source, sent))

    async def beat(self) -> None:
        """Beat."""
        await self.store.beat(self.owner.source, self.owner.beat())


def _nothing_wanted(_source: str, _top_ms: int) -> Wanted:
    return Wanted([], [])


@pytest.fixture
async def notes(store: Store) -> AsyncIterator[Notes]:
    """A listener of a running reader of two sources."""
    listener = Notes()
    reader = Reader(store, ["calls-0", "calls-1"], _nothing_wanted, listener)
    task = asyncio.create_task(reader.run())
    await listener.until(lambda: len(listener.all) >= 4)
    assert reader.connected
    yield listener
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_sources_without_key_are_dropped_and_rebuilding(notes: Notes) -> None:
    """All configured sources are told, whether somebody has claimed them or not."""
    assert notes.all == [
        ("drop", "calls-0"),
        ("mark", "calls-0", None, "rebuilding"),
        ("drop", "calls-1"),
        ("mark", "calls-1", None, "rebuilding"),
    ]


async def test_the_first_message_of_a_source_loads_it(store: Store, notes: Notes) -> None:
    """Whole, and then told how fresh it is."""
    await (await Worker.claim(store)).commit(0)
    await notes.has("mark", "calls-0", None, "rebuilding")
    await notes.has("load", "calls-0", {0: 1})

    at = notes.all.index(("load", "calls-0", {0: 1}))
    assert notes.all[at + 1] == ("mark", "calls-0", None, "rebuilding")


async def test_commits_and_beats_follow(store: Store, notes: Notes) -> None:
    """Each commit once; rebuilding ends with the commit that reaches the end."""
    worker = await Worker.claim(store)
    await worker.beat()
    await notes.has("load", "calls-0", {})
    del notes.all[:]

    await worker.commit(0)
    await worker.beat()
    await worker.commit(1)
    await worker.commit(2)
    await worker.beat()

    await notes.has("mark", "calls-0", 3_000, "whole")
    assert notes.all == [
        ("change", "calls-0", {0: 1}),
        ("mark", "calls-0", None, "rebuilding"),
        ("mark", "calls-0", 1_000, "rebuilding"),
        ("change", "calls-0", {1: 1}),
        ("mark", "calls-0", 1_000, "rebuilding"),
        ("change", "calls-0", {2: 1}),
        ("mark", "calls-0", 1_000, "whole"),
        ("mark", "calls-0", 3_000, "whole"),
    ]


async def test_another_owner_loads_the_source_again(store: Store, notes: Notes) -> None:
    """Its first beat tells."""
    await (await Worker.claim(store)).commit(0)
    await notes.has("load", "calls-0", {0: 1})
    del notes.all[:]

    await (await Worker.claim(store)).beat()

    await notes.has("load", "calls-0", {0: 1})


async def test_sources_do_not_disturb_each_other(store: Store, notes: Notes) -> None:
    """A commit of one is none of the other."""
    await (await Worker.claim(store, "calls-1")).commit(0)
    await notes.has("load", "calls-1", {0: 1})

    assert ("load", "calls-0", {0: 1}) not in notes.all


async def test_the_wanted_buckets_are_asked_for_at_each_load(store: Store) -> None:
    """They depend on the caller's now, and on the source's time."""
    asked: list[tuple[str, int]] = []

    def wanted(source: str, top_ms: int) -> Wanted:
        asked.append((source, top_ms))
        return Wanted([], [])

    await (await Worker.claim(store)).commit(0)
    listener = Notes()
    task = asyncio.create_task(Reader(store, ["calls-0"], wanted, listener).run())
    await listener.has("load", "calls-0", {0: 1})
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert set(asked) == {("calls-0", 1)}


async def test_a_reader_waits_for_redis_and_comes_back_alone(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not there at first, then killed, then back: everything is read again."""
    monkeypatch.setattr("streams.store.reader.RETRY_S", 0.05)
    store = Store(f"redis://{own_server.address}/0")
    listener = Notes()
    reader = Reader(store, ["calls-0"], _nothing_wanted, listener)
    task = asyncio.create_task(reader.run())
    await asyncio.sleep(0.2)
    assert not reader.connected

    own_server.start()
    await listener.has("drop", "calls-0")
    worker = await Worker.claim(store)
    await worker.commit(0)
    await listener.has("load", "calls-0", {0: 1})
    own_server.stop()
    await listener.until(lambda: not reader.connected)
    del listener.all[:]
    own_server.start()

    await listener.has("load", "calls-0", {0: 1})
    await worker.commit(1)
    await listener.has("change", "calls-0", {1: 1})
    assert reader.connected
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.close()


async def test_a_reader_notices_that_redis_hangs(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said on the connection, and a question is not answered."""
    monkeypatch.setattr("streams.store.reader.PATIENCE_S", 0.3)
    monkeypatch.setattr("streams.store.reader.RETRY_S", 0.05)
    own_server.start()
    store = Store(f"redis://{own_server.address}/0")
    listener = Notes()
    reader = Reader(store, ["calls-0"], _nothing_wanted, listener)
    task = asyncio.create_task(reader.run())
    await listener.has("drop", "calls-0")

    own_server.freeze()
    await listener.until(lambda: not reader.connected)
    own_server.thaw()

    await listener.until(lambda: reader.connected)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.close()


class Feed:
    """A subscription that says what it is told to."""

    def __init__(self, *messages: dict[str, object] | None) -> None:
        self.messages = list(messages)
        self.pings = 0

    async def get_message(self, timeout: float) -> dict[str, object] | None:  # noqa: ASYNC109
        """Return the next message; None = nothing came in time."""
        assert timeout > 0
        return self.messages.pop(0)

    async def ping(self) -> None:
        """Note that it was asked."""
        self.pings += 1


async def test_silence_alone_is_no_absence(store: Store) -> None:
    """Nothing to say for a while: Redis is asked, and answers."""
    reader = Reader(store, [], _nothing_wanted, Notes())
    pong: dict[str, object] = {"type": "pong", "channel": None}
    feed = Feed(None, pong)

    assert await reader._next(feed) is pong  # type: ignore[arg-type]
    assert feed.pings == 1
    with pytest.raises(StoreAway):
        await reader._next(Feed(None, None))  # type: ignore[arg-type]
