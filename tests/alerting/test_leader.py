"""Who leads, what a tick does, and what becomes of one that nobody answered: on a real Redis."""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from alerting import shown
from alerting.acts import ActRecord
from alerting.core.telling import Matcher, Quiet
from alerting.deciding import MEMORY_LOST
from alerting.leader import Leader
from alerting.store import Commit, StoreAway
from tests import servers
from tests.alerting.failover.scene import CRITICAL, KEYS, NONE, WARNING, Scene, parts
from tests.alerting.store.shifted import Shifted
from tests.servers import Server

FIRST = KEYS[0]
STARTED = (0, ActRecord(id="s", kind="started", object="memory", by="", at_ms=0))


class Lossy(Shifted):
    """A store that loses what the test says."""

    lose = ""
    """`reply` or `commit`, of the next commit."""
    before_commit: Callable[[], Awaitable[None]] | None = None
    """What happens before the next commit."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.sent: list[Commit] = []

    async def commit(self, commit: Commit) -> int:
        """Commit, or not, and do not answer."""
        before, self.before_commit = self.before_commit, None
        if before is not None:
            await before()
        self.sent.append(commit)
        lose, self.lose = self.lose, ""
        if lose == "commit":
            raise StoreAway("away")
        answer = await super().commit(commit)
        if lose == "reply":
            raise StoreAway("lost")
        return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis for all tests."""
    with servers.redis(tmp_path_factory.mktemp("leader")) as running:
        yield running


@pytest.fixture
async def store(server: Server) -> AsyncIterator[Lossy]:
    """An empty store."""
    with redis.Redis(port=server.port) as client:
        client.flushall()
    one = Lossy(f"redis://{server.address}/0")
    await one.set_clock(Shifted.START_MS)
    yield one
    await one.close()


class Ticking:
    """One or two leaders, and their time."""

    def __init__(self, store: Lossy) -> None:
        self.store, self.scene = store, Scene()
        self.scene.now_ms = Shifted.START_MS
        self.parts = parts(self.scene)
        self.one, self.other = (Leader(store, name, self.parts) for name in ("one", "other"))

    async def __call__(
        self,
        seconds: int = 2,
        leader: Leader | None = None,
        acts: Sequence[tuple[int, ActRecord]] | None = (),
    ) -> bool:
        """Tick once, so much later."""
        self.scene.now_ms += seconds * 1000
        await self.store.set_clock(self.scene.now_ms)
        return await (leader or self.one).tick(self.scene, acts)

    async def events(self) -> list[str]:
        """Return the kinds of what has happened, oldest first, with their notes."""
        entries = await self.store._redis.xrange("{pouls:alerts}:events")
        found = [msgspec.json.decode(values[b"e"]) for _, values in entries]
        return [f"{one['kind']} {one['note']}".strip() for one in found]


@pytest.fixture
def tick(store: Lossy) -> Ticking:
    """Leaders that have not led yet."""
    return Ticking(store)


def act(kind: Any, of: str, **more: Any) -> ActRecord:
    """Return what somebody did."""
    known: dict[str, Any] = {"id": f"{kind} {of}", "by": "ana", "at_ms": 0}
    return ActRecord(kind=kind, object=of, **(known | more))


async def fires(tick: Ticking, **more: Any) -> str:
    """Let the first alert fire; return its episode."""
    tick.scene.raised[FIRST] = WARNING
    for _ in range(6):
        await tick(**more)
    assert tick.one.held is not None
    return tick.one.held.instances[FIRST].episode


# -- who leads


async def test_the_first_tick_of_a_leader_only_loads(tick: Ticking) -> None:
    """Then it knows which acts to read; one that does not lead reads none."""
    assert (tick.one.leading, tick.one.acts) == (False, None)

    assert await tick()
    assert (tick.one.leading, tick.one.empty, tick.one.acts) == (True, True, 0)
    assert (await tick.store.head()).seq == 0
    assert not await tick(leader=tick.other)
    assert tick.other.acts is None


async def test_an_empty_memory_waits_for_all_acts(tick: Ticking) -> None:
    """Without them nobody knows what is silenced."""
    await tick()

    assert await tick(acts=None)
    assert tick.one.empty
    assert await tick(acts=[])
    assert not tick.one.empty
    assert tick.one.unnoted
    assert await tick(acts=[STARTED])
    assert not tick.one.unnoted
    assert tick.one.acts == 1
    assert await tick(acts=None), "later ones can wait"


async def test_another_goes_on_where_the_first_stopped(tick: Ticking) -> None:
    """With what was pending: nothing begins anew."""
    tick.scene.raised[FIRST] = WARNING
    for _ in range(3):
        await tick()
    await tick.one.resign()
    assert not tick.one.leading

    for _ in range(3):
        await tick(leader=tick.other)

    assert await tick.events() == ["fire"]


async def test_a_leader_that_was_frozen_does_no_harm(tick: Ticking) -> None:
    """What it had decided is refused; then it is one of the others."""
    await fires(tick)

    async def meanwhile() -> None:
        await tick.store.end_lease()
        for _ in range(2):
            await tick(leader=tick.other)

    tick.store.before_commit = meanwhile
    assert not await tick()

    assert (tick.one.fenced, tick.one.leading) == (1, False)
    assert tick.other.leading
    assert not await tick()


async def test_who_leads_again_loads_again(tick: Ticking) -> None:
    """Another has led meanwhile: what was held is of before."""
    await fires(tick)
    await tick.store.end_lease()
    tick.scene.raised[FIRST] = NONE
    for _ in range(7):
        await tick(leader=tick.other)
    await tick.store.end_lease()

    for _ in range(3):
        await tick()

    assert await tick.events() == ["fire", "resolve"]
    assert tick.one.fenced == 0


# -- what nobody answered


@pytest.mark.parametrize("lose", ["reply", "commit"])
async def test_a_commit_without_an_answer_is_sent_again(tick: Ticking, lose: str) -> None:
    """As it was, before anything else is decided; so what happened is stored once."""
    tick.scene.raised[FIRST] = WARNING
    for _ in range(4):
        await tick()
    tick.store.lose = lose
    with pytest.raises(StoreAway):
        await tick()
    held = tick.one.held
    tick.scene.raised[FIRST] = NONE

    assert await tick()

    assert held is not None
    assert tick.one.held is not None
    assert tick.one.held.seq == held.seq + 2
    assert await tick.events() == ["fire"]
    assert tick.store.sent[-3] == tick.store.sent[-2] != tick.store.sent[-1]


async def test_what_is_sent_again_may_be_refused(tick: Ticking) -> None:
    """Another has taken the lease, and given it back."""
    await fires(tick)
    tick.store.lose = "commit"
    with pytest.raises(StoreAway):
        await tick()
    await tick.store.end_lease()
    for _ in range(2):
        await tick(leader=tick.other)

    assert not await tick()
    await tick.other.resign()
    assert await tick()
    assert await tick()
    assert await tick.events() == ["fire"]


# -- what it does


async def test_what_people_did_is_taken_in_once(tick: Ticking) -> None:
    """However often it is handed in; the outcome is stored."""
    episode = await fires(tick)
    acts = [(3, act("ack", episode)), (5, act("unack", "first|queue:a|1"))]

    await tick(acts=acts)
    await tick(acts=acts)

    assert tick.one.acts == 6
    assert await tick.events() == ["fire", "ack"]
    assert await tick.store.outcome(f"ack {episode}") == ""
    refused = await tick.store.outcome("unack first|queue:a|1")
    assert refused is not None
    assert "no longer there" in refused


async def test_walls_are_shown_what_has_changed(tick: Ticking) -> None:
    """And nothing else: a tick that changes nothing publishes nothing."""
    await fires(tick)
    stored = await tick.store.shown()
    assert stored is not None
    (row,) = shown.decode(stored).alerts
    assert (row.rule, row.state) == ("first", "firing")

    await tick()

    assert tick.one.last is not None
    assert tick.one.last.shown is None
    tick.one.use(tick.parts)
    await tick()
    assert tick.one.last.shown is not None, "other rules may call it otherwise"


async def test_rules_that_have_gone_end_their_alerts(tick: Ticking) -> None:
    """What was held goes on with the other rules."""
    await fires(tick)
    rules = {name: one for name, one in tick.parts.rules.items() if name != "first"}
    tick.scene.raised[FIRST] = NONE

    tick.one.use(dataclasses.replace(tick.parts, rules=rules))
    await tick()

    assert await tick.events() == ["fire", "close"]


async def test_the_auditor_is_heard_once_and_the_planner_mends(
    tick: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    """It should never have to say anything."""
    said = ["an alert has no next step"]
    asked: list[bool] = []

    class Planner:
        """One that says how it was asked."""

        def __getattr__(self, name: str) -> Any:
            return getattr(tick.parts.planner, name)

        def step(self, *args: Any, mend: bool) -> Any:
            asked.append(mend)
            return tick.parts.planner.step(*args, mend=mend)

    tick.one.use(
        dataclasses.replace(tick.parts, planner=Planner(), audit=lambda *_: said)  # type: ignore[arg-type]
    )
    for _ in range(4):
        await tick()

    assert tick.one.found == said
    assert asked == [False, True, True]
    assert caplog.text.count(said[0]) == 1


# -- Redis is emptied


async def test_what_fires_after_a_lost_memory_says_so(tick: Ticking) -> None:
    """Once, and only what was raised at the first look."""
    await fires(tick)
    await tick(acts=[STARTED])
    await tick.store.empty()
    other = KEYS[1]

    for _ in range(3):
        await tick(acts=[STARTED])
    tick.scene.raised[other] = CRITICAL
    for _ in range(8):
        await tick()

    assert await tick.events() == [f"fire {MEMORY_LOST}", "fire"]


async def test_a_feed_that_is_not_fresh_is_no_first_look(tick: Ticking) -> None:
    """What is raised once it is counts as raised at the first look."""
    await tick()
    tick.scene.feed_ms[None] = 60_000
    for _ in range(5):
        await tick(acts=[STARTED])
    tick.scene.feed_ms[None] = 0
    tick.scene.raised[FIRST] = WARNING
    for _ in range(6):
        await tick()

    assert await tick.events() == [f"fire {MEMORY_LOST}"]


async def test_a_memory_that_begins_is_not_a_lost_one(tick: Ticking) -> None:
    """Nobody had begun one before."""
    await fires(tick)

    assert await tick.events() == ["fire"]


async def test_silences_are_restored(tick: Ticking) -> None:
    """From the topic; what has ended since is not, and nobody waits for an outcome."""
    now = tick.scene.now_ms

    def silence(name: str, seconds: int) -> ActRecord:
        quiet = Quiet(
            id=name, kind="silence", match=Matcher(rules=("first",)), from_ms=now,
            until_ms=now + seconds * 1000, by="ana",
        )  # fmt: skip
        return act("silence", name, quiet=quiet)

    await tick()
    await tick(acts=[STARTED, (1, silence("long", 900)), (2, silence("short", 1))])

    assert list(await tick.store.quiet()) == ["long"]
    assert await tick.store.outcome("silence long") is None
    await fires(tick)
    assert (await tick.store.outbox()).notices == 0


async def test_a_redis_that_is_killed_and_comes_back_has_forgotten_nothing(tmp_path: Path) -> None:
    """Away, nothing is decided; back, the leader goes on, and nothing happens twice."""
    with servers.redis(tmp_path) as own:
        store = Lossy(f"redis://{own.address}/0")
        await store.set_clock(Shifted.START_MS)
        tick = Ticking(store)
        episode = await fires(tick)
        own.kill()
        for _ in range(2):
            with pytest.raises(StoreAway):
                await tick.one.tick(tick.scene, ())
        own.start()

        for _ in range(3):
            assert await tick()

        assert await tick.events() == ["fire"]
        assert tick.one.held is not None
        assert tick.one.held.instances[FIRST].episode == episode
        await store.close()
