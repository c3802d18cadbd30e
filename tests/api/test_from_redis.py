"""From a commit in a real Redis to readings and sockets; Redis away, back, and emptied."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from websockets.asyncio.client import ClientConnection, connect

from api.app import create_app
from api.parts import Options
from api.server import Server, configure
from streams.core.ledger import Ledger
from streams.settings import Settings, load_settings
from streams.store import Owner, Store, Verdict
from tests import servers
from tests.api.rig import call

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server"),
]
SOURCES = ("calls-0", "calls-1")


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[servers.Server]:
    """A Redis of this test's own."""
    with servers.redis(tmp_path) as server:
        yield server


@pytest.fixture
def settings(own_redis: servers.Server) -> Settings:
    """Settings that lead to it."""
    return load_settings({"POULS_REDIS": f"redis://{own_redis.address}/0"}, None)


class Worker:
    """Owns one source: folds what it is given, commits, beats."""

    def __init__(self, store: Store, settings: Settings, source: str) -> None:
        self.store, self.settings, self.source = store, settings, source
        self.ledger = Ledger(settings.fold, "voice")
        self.owner: Owner

    async def claim(self, *, end: int = 0) -> None:
        """Becomes the owner; the log ends at `end`."""
        hash_, since = self.settings.settings_hash, self.settings.config_since
        claimed = await self.store.claim(self.source, hash_, since, 0, end)
        self.owner = Owner(self.source, claimed)

    async def fold(self, *events: bytes) -> None:
        """Folds events and commits them."""
        now = time.time_ns() // 1_000_000
        assert not self.ledger.apply_all(list(events), now)
        end = self.owner.folded + len(events)
        self.owner.advance(end, end, now)
        commit = self.owner.commit(self.ledger.take_changes)
        assert commit is not None
        answer = await self.store.commit(self.source, commit)
        assert self.owner.replied(commit, answer) is Verdict.DONE

    async def beat(self) -> Verdict:
        """Says that it lives and has read the log to its end."""
        self.owner.ended(self.owner.stored + 1, self.owner.clock)
        beat = self.owner.beat()
        return self.owner.beaten(beat, await self.store.beat(self.source, beat))


@asynccontextmanager
async def operation(settings: Settings) -> AsyncIterator[tuple[str, list[Worker]]]:
    """Runs the API and owns both sources; yields the API's address and the workers."""
    app = create_app(settings, SOURCES, Options(tick_s=0.25, stale_s=2))
    server = Server(configure(app, "127.0.0.1", 0), app.state.parts.lobby)
    serving = asyncio.create_task(server.serve())
    store = Store(settings.redis)
    workers = [Worker(store, settings, source) for source in SOURCES]
    await until(lambda: asyncio.sleep(0, server.started))
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", workers
    finally:
        server.should_exit = True
        await serving
        await store.close()


async def until(true: Callable[[], Awaitable[object]]) -> None:
    """Waits until something is true."""
    async with asyncio.timeout(20):
        while not await true():  # noqa: ASYNC110  there is no event but the answer
            await asyncio.sleep(0.05)


async def get(address: str, path: str) -> Any:
    """Returns the JSON of an answer."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://{address}{path}")).json()


async def offered(address: str) -> dict[str, Any]:
    """Returns the site's offered contacts of two hours, as a reading; two days say the same."""
    body = await get(address, "/api/v1/readings?kpi=offered&window=2h,2d")
    hours, days = body["readings"]
    assert hours["value"] == days["value"]
    reading: dict[str, Any] = hours
    return reading


def now_call(name: str) -> list[bytes]:
    """Returns a call that ended a moment ago."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 60))
    return [*call(name, "support", at, wait_s=5, talk_s=20)]


async def hear(socket: ClientConnection, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Returns the next message for which something is true."""
    async with asyncio.timeout(20):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if true(message):
                return message


async def test_a_commit_reaches_readings_history_and_sockets(settings: Settings) -> None:
    """A source without key is rebuilding; then live, as fresh as its beats; then it changes."""
    async with operation(settings) as (address, workers), connect(f"ws://{address}/ws/v1") as wall:
        topics = {"type": "subscribe", "id": 1, "topics": ["site@2h", "queue:*@2h"]}
        await wall.send(json.dumps(topics | {"kpis": ["offered"]}))
        snapshot = await hear(wall, lambda m: m["type"] == "snapshot")
        assert snapshot["sources"] == {"calls": {"as_of": None, "state": "rebuilding"}}
        assert snapshot["topics"]["site@2h"]["offered"]["v"] is None
        assert (await get(address, "/readyz"))["reasons"] == ["calls: rebuilding"]

        for worker in workers:
            await worker.claim()
            await worker.beat()
            await worker.fold(*now_call(worker.source))
            await worker.beat()
        live = await hear(wall, lambda m: _state(m) == "live")
        assert live["src"]["calls"]["as_of"] <= live["ts"] + 1
        await until(lambda: _is(address, 2))
        assert (await get(address, "/readyz"))["ready"]

        await workers[0].fold(*now_call("third"))
        await until(lambda: _is(address, 3))
        table = await get(address, "/api/v1/history?kpi=offered&by=interval&segment=queue:*")
        assert sum(row[2] for row in table["rows"]) == 3


def _state(message: dict[str, Any]) -> str | None:
    source = message.get("src", {}).get("calls")
    return source["state"] if isinstance(source, dict) else None


async def _is(address: str, value: int) -> bool:
    return bool((await offered(address))["value"] == value)


def agent_event(kind: str, at_s: float, state: str | None = None, **data: object) -> bytes:
    """Returns an event of one agent."""
    data |= {"state": state} if state else {}
    event = {"type": f"agent.{kind}", "id": f"{kind}-{at_s}", "source": "t", "subject": "a.7"}
    return json.dumps({**event, "time": iso(at_s), "data": data}).encode()


def iso(at_s: float) -> str:
    """Returns an instant as RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))


async def test_agents_time_of_the_past_comes_from_cells_levels_and_tails(
    settings: Settings,
) -> None:
    """A shift begins after the last that was heard: only the agent's tail knows of it."""
    quarter = time.time() // 900 * 900
    begin, shift, end = quarter - 3_300, quarter - 2_700, quarter
    work = {"start": iso(shift), "end": iso(quarter + 36_000), "activity": "phones"}
    async with operation(settings) as (address, workers):
        for worker in workers:
            await worker.claim()
            await worker.beat()
        await workers[1].fold(
            agent_event("schedule", begin - 60, revision=1, activities=[work]),
            agent_event("state", begin - 20, "paused", team="north"),
            agent_event("state", begin, "available", team="north"),
        )
        await until(lambda: _knows(address, "north"))
        asked = "segment=team:north,team:north/agent:*&kpi=staffed_time,scheduled_time"
        last = iso(end - 1).replace("Z", ".999Z")
        span = f"from={iso(quarter - 3_600)}&to={iso(end)}"
        table = await get(address, f"/api/v1/history?{asked}&by=interval&{span}")
        told = await get(address, f"/api/v1/readings?{asked}&window=interval&at={last}")
        days = await get(address, f"/api/v1/readings?{asked}&window=2d,3d")

    for segment in ("agent:a.7", "team:north"):
        rows = [row[2:] for row in table["rows"] if row[1] == segment]
        assert rows == [[620.0, 0.0], [900.0, 900.0], [900.0, 900.0], [900.0, 900.0]]
        found = [*told["readings"], *days["readings"]]
        values = {(r["segment"], r["kpi"], r["window"]): r["value"] for r in found}
        assert values[segment, "scheduled_time", "interval"] == 900
        board, cells = (values[segment, "staffed_time", window] for window in ("2d", "3d"))
        assert 3_320 <= board <= cells <= board + 5  # there may be a tick between them


async def _knows(address: str, team: str) -> bool:
    return bool((await get(address, f"/api/v1/agents?team={team}"))["agents"])


async def test_redis_away_freezes_the_numbers_and_they_come_back_alone(
    own_redis: servers.Server, settings: Settings
) -> None:
    """The last ones stay, `as_of` stands still, readiness says why; then everything goes on."""
    async with operation(settings) as (address, workers):
        for worker in workers:
            await worker.claim()
            await worker.fold(*now_call(worker.source))
            await worker.beat()
            await worker.beat()
        await until(lambda: _is(address, 2))
        own_redis.kill()

        await until(lambda: _says(address, "redis is away"))
        before = await offered(address)
        assert before["value"] == 2
        await until(lambda: _says(address, "calls: stale"))
        assert (await offered(address))["as_of"] == before["as_of"]

        own_redis.start()
        await until(lambda: _says(address, "redis is away", said=False))
        for worker in workers:
            await worker.claim()
            await worker.beat()
            await worker.beat()
        await workers[1].fold(*now_call("after"))
        await until(lambda: _is(address, 3))


async def _says(address: str, reason: str, *, said: bool = True) -> bool:
    reasons = (await get(address, "/readyz"))["reasons"]
    return any(r.startswith(reason) for r in reasons) is said


async def test_redis_emptied_is_said_as_rebuilding_until_the_log_is_folded_again(
    own_redis: servers.Server, settings: Settings
) -> None:
    """The owner's beat is refused, its next claim begins anew; in the end the numbers agree."""
    async with operation(settings) as (address, workers):
        for worker in workers:
            await worker.claim()
            await worker.fold(*now_call(worker.source))
        await until(lambda: _is(address, 2))
        with redis.Redis(port=own_redis.port) as client:
            client.flushall()

        assert await workers[0].beat() is Verdict.REFUSED
        for worker in workers:
            worker.ledger = Ledger(settings.fold, "voice")
            await worker.claim(end=3)
            await worker.beat()
        await until(lambda: _rebuilding(address, true=True))
        await until(lambda: _is(address, 0))
        for worker in workers:
            await worker.fold(*now_call(worker.source))
        await until(lambda: _is(address, 2))
        await until(lambda: _rebuilding(address, true=False))


async def _rebuilding(address: str, *, true: bool) -> bool:
    return (await offered(address))["rebuilding"] is true
