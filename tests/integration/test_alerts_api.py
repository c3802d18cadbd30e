"""Alerts through the API on a real Kafka and a real Redis: what the leader says, what people do.

The leader is a hand of the test's: it takes acts in and commits, but decides nothing by itself.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import redis.asyncio as redis
from kafka import KafkaProducer
from websockets.asyncio.client import ClientConnection, connect

from alerting import shown
from alerting.acts import TOPIC, ActReader, ActRecord, ActWriter, encode
from alerting.core.shapes import Key
from alerting.routes import extension
from alerting.store import AlertStore, Commit
from alerting.taking import take
from alerting.web.watch import unless_cancelled
from api.app import create_app
from api.parts import Options
from api.server import Server, configure
from streams.settings import Settings, load_settings
from streams.topics import create_topics
from tests.alerting.web.rig import EPISODE, NOW_MS, RULES, SAV, instance


@pytest.fixture
def settings(tmp_path: Path, kafka: str, redis_url: str) -> Settings:
    """Those of an installation whose topics exist."""
    (tmp_path / "people.csv").write_text("id,alias,agent_id\nana,Ana R.,1\nbob,,2\n")
    path = tmp_path / "pouls.toml"
    path.write_text('people = "people.csv"\n')
    found = load_settings({"POULS_KAFKA": kafka, "POULS_REDIS": redis_url}, path)
    create_topics(found)
    return found


class Hand:
    """A leader that does what it is told, and takes in what people do."""

    def __init__(self, settings: Settings) -> None:
        self.store = AlertStore(settings.redis)
        self.reader = ActReader(settings.kafka)
        self.offset = 0

    async def lead(self, *instances: Any) -> None:
        """Becomes the leader, with some alerts."""
        lease = await self.store.renew("hand")
        assert lease.epoch is not None
        held = await self.store.load(lease.epoch)
        assert held is not None
        self.held = held
        await self._commit({Key(SAV.rule, i.facts.segment): i for i in instances})

    async def work(self) -> None:
        """Takes acts in for ever."""
        while True:
            unless_cancelled()
            acts = await self.reader.read(self.offset, 0.2)
            await self.store.renew("hand")
            if acts:
                self.offset = acts[-1][0] + 1
                taken = take(self.held, [record for _, record in acts], RULES, NOW_MS)
                await self._commit(taken.instances, quiet=taken.quiet, outcomes=taken.outcomes)

    async def _commit(self, instances: Any, **more: Any) -> None:
        held = self.held
        document = shown.make(
            instances, {}, more.get("quiet", held.quiet), rules=RULES, suppressed=lambda *_: (),
            at_ms=NOW_MS, clock_ms=NOW_MS,
        )  # fmt: skip
        commit = Commit(
            epoch=held.epoch, seq=held.seq, at_ms=NOW_MS, clock_ms=NOW_MS, acts=self.offset,
            born_ms=NOW_MS, instances=instances, shown=shown.encode(document), **more,
        )  # fmt: skip
        assert await self.store.commit(commit) == 1
        self.held = msgspec.structs.replace(
            held, seq=held.seq + 1, instances=instances, quiet=more.get("quiet", held.quiet)
        )

    async def close(self) -> None:
        """Gives everything back."""
        await self.store.close()
        await self.reader.close()


@pytest.fixture
async def hand(settings: Settings) -> AsyncIterator[Hand]:
    """A leader that leads one alert and takes in what people do."""
    hand = Hand(settings)
    await hand.lead(instance())
    work = asyncio.create_task(hand.work())
    yield hand
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    await hand.close()


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[str]:
    """Serves the API with alerts; yields its address."""
    alerts = extension(settings, {})
    alerts.watch._poll_s, alerts._acting._patience_s = 0.5, 2  # instead of 5 s each
    app = create_app(settings, ["calls-0"], Options(tick_s=0.25), extensions=[alerts])
    server = Server(configure(app, "127.0.0.1", 0), app.state.parts.lobby)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110  uvicorn tells nobody
            await asyncio.sleep(0.01)
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class Wall:
    """A client that keeps what it is told of alerts."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.shown: Any = {}

    async def until(self, what: Any) -> None:
        """Reads messages until something is so."""
        async with asyncio.timeout(30):
            while not (self.shown and what(self.shown)):
                message = json.loads(await self.socket.recv())
                told = (
                    dict(message.get("d", ())) | message.get("topics", {})
                    if message["type"] in ("delta", "snapshot")
                    else {}
                )
                self.shown = told.get("alerts@live", {}).get("shown", self.shown)


@asynccontextmanager
async def wall(address: str) -> AsyncIterator[Wall]:
    """Yields a wall that shows alerts."""
    async with connect(f"ws://{address}/ws/v1") as socket:
        await socket.send(json.dumps({"type": "subscribe", "id": 1, "topics": ["alerts@live"]}))
        yield Wall(socket)


async def test_an_alert_is_acknowledged_through_kafka_and_every_wall_sees_it(
    settings: Settings, hand: Hand
) -> None:
    """From the leader to the wall, from a person to the log, and back to the wall."""
    assert hand.held.seq == 1
    async with served(settings) as address, wall(address) as seen:
        await seen.until(lambda s: s["leader"] and s["alerts"])
        assert not seen.shown["alerts"][0]["acked"]

        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as client:
            url = f"/api/v1/alerts/{EPISODE}"
            done = await client.post(f"{url}/ack", json={"by": "ana", "note": "on it"})
            refused = await client.post(f"{url}x/ack", json={"by": "ana"})
            nobody = await client.post(f"{url}/ack", json={"by": "eve"})
            quiet = await client.post(
                "/api/v1/silences",
                json={"by": "bob", "for": "1d", "match": {"rules": ["longest_wait"]}},
            )
        await seen.until(lambda s: s["alerts"][0]["acked"])
        await seen.until(lambda s: s["quiet"])

    assert (done.status_code, done.json()["taken_in"]) == (200, True)
    assert (refused.status_code, nobody.status_code) == (409, 400)
    assert "no longer there" in refused.json()["error"]
    assert seen.shown["alerts"][0]["acked"]["by"] == "ana"
    assert [q["id"] for q in seen.shown["quiet"]] == [quiet.json()["id"]]


async def test_where_nobody_leads_walls_say_so_and_acts_wait(settings: Settings) -> None:
    """An emptied Redis, too."""
    hand = Hand(settings)
    async with served(settings) as address, wall(address) as seen:
        await seen.until(lambda s: not s["leader"])
        await hand.lead(instance())
        await seen.until(lambda s: s["leader"] and s["alerts"])
        async with redis.Redis.from_url(settings.redis) as client:
            await client.flushall()
        await seen.until(lambda s: not s["leader"] and not s["alerts"])
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as client:
            answer = await client.post(f"/api/v1/alerts/{EPISODE}/ack", json={"by": "ana"})
    waiting = await hand.reader.everything()
    await hand.close()

    assert (answer.status_code, answer.json()["recorded"]) == (202, True)
    assert [(record.kind, record.object) for _, record in waiting] == [("ack", EPISODE)]


async def test_acts_are_read_in_their_order_from_any_offset(settings: Settings) -> None:
    """What is no act is skipped, and whoever reads goes on behind it."""
    records = [
        ActRecord(id=f"{i:032x}", kind="note", object="e", by="ana", at_ms=i) for i in range(5)
    ]
    writer = ActWriter(settings.kafka)
    offsets = [await writer.write(record) for record in records[:3]]
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    producer.send(TOPIC, b"no act", key=b"x").get(timeout=30)
    producer.send(TOPIC, None, key=b"x").get(timeout=30)
    producer.close()
    offsets += [await writer.write(record) for record in records[3:]]
    await writer.close()

    async with ActReader(settings.kafka) as reader:
        everything = await reader.everything()
        again = await reader.everything(offsets[1])
        nothing = await reader.read(offsets[-1] + 1)

    assert everything == list(zip(offsets, records, strict=True))
    assert again == everything[1:]
    assert nothing == []
    assert offsets == [0, 1, 2, 5, 6]
    assert encode(records[0]) != encode(records[1])
