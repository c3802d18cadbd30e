"""Agents' time in real processes: `pouls worker` and `pouls api` on Kafka and Redis, as they run.

A morning is folded first; then states come as fast as in the busiest hour, while one
client of the API looks at every KPI of the site and of all teams. CPU seconds are those of the
processes, everything included.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psutil
from aiokafka import AIOKafkaProducer
from redis import Redis
from websockets.asyncio.client import connect

from deploy.kafka.broker import free_port
from tests import servers
from tests.benchmarks import agents_load, load
from tests.benchmarks.agents_load import BUSIEST_HOUR, FIRST, HOUR_MS, MINUTE_MS, Agent, Sent
from tests.servers import Process, Server

POULS: Final = Path(sys.executable).parent / "pouls"
TOPIC: Final = "agents"
PARTITIONS: Final = 4
TOPICS: Final = [f"{who}@{when}" for who in ("site", "team:*") for when in ("live", "30m", "today")]
PLANS: Final = 10
"""So many plans are revised meanwhile, a second apart."""
PATIENCE_S: Final = 60
CALM_S: Final = 15
"""Between catching up and measuring."""


def measure(agents: int, seconds: int, seed: int, directory: Path) -> dict[str, Any]:
    """Return what worker and API take of a core."""
    with servers.kafka(directory / "kafka") as kafka, servers.redis(directory / "redis") as redis:
        config = directory / "pouls.toml"
        config.write_text('[clock]\nmode = "event"\n')
        env = {
            "POULS_KAFKA": kafka.address,
            "POULS_REDIS": f"redis://{redis.address}/0",
            "POULS_CONFIG": str(config),
        }
        subprocess.run([POULS, "topics"], check=True, env=os.environ | env, stdout=sys.stderr)
        begin_ms = FIRST.ms + BUSIEST_HOUR * HOUR_MS
        staff = agents_load.people(agents, seed)
        sent = agents_load.events(staff, range(1), seed)
        records = (record[1:] for record in agents_load.until(sent, begin_ms))
        count = asyncio.run(load.write(kafka.address, TOPIC, PARTITIONS, records))
        busy = list(islice(sent, agents // 50 * seconds))
        with Process([POULS, "worker"], directory / "worker.log", env) as worker:
            began = time.monotonic()
            _settle(env["POULS_REDIS"], count, worker)
            caught_up_s = time.monotonic() - began
            port = free_port()
            env["POULS_LISTEN"] = f"127.0.0.1:{port}"
            with Server([POULS, "api"], port, directory / "api.log", env) as api:
                shares = asyncio.run(
                    _busy(kafka.address, worker, api, busy, staff, begin_ms, seconds)
                )
    return {
        "agents": agents,
        "seed": seed,
        "caught_up_events_per_s": round(count / caught_up_s),
        "measured_s": seconds,
        **shares,
    }


def _settle(url: str, count: int, worker: Process) -> None:
    keys = [f"pouls:2:{{{TOPIC}-{partition}}}" for partition in range(PARTITIONS)]
    with Redis.from_url(url) as redis:
        while sum(int(redis.hget(key, "offset") or -1) + 1 for key in keys) < count:
            if not worker.running:
                raise servers.ServerError(f"the worker ended:\n{worker.said()}")
            time.sleep(0.1)


async def _busy(
    bootstrap: str,
    worker: Process,
    api: Server,
    sent: Sequence[Sent],
    staff: Sequence[Agent],
    begin_ms: int,
    seconds: int,
) -> dict[str, Any]:
    """Send in real time while somebody looks."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    async with connect(f"ws://{api.address}/ws/v1", max_size=None) as socket:
        await socket.send(json.dumps({"type": "subscribe", "id": 1, "topics": TOPICS}))
        looking = asyncio.create_task(_look(socket))
        revising = asyncio.create_task(_revise(api, producer, staff[: 4 * PLANS], begin_ms))
        await asyncio.sleep(CALM_S)
        processes = {"worker": psutil.Process(worker.pid), "api": psutil.Process(api.pid)}
        before = {name: _cpu_s(process) for name, process in processes.items()}
        began, count = time.monotonic(), 0
        for record in sent:
            due = began + (record.at_ms - begin_ms) / 1000
            if due > began + seconds:
                break
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            partition = load.partition_of(record.key, PARTITIONS)
            await producer.send(TOPIC, record.value, record.key, partition)
            count += 1
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
        passed = time.monotonic() - began
        shares = {
            f"{name}_share_of_a_core": round((_cpu_s(process) - before[name]) / passed, 4)
            for name, process in processes.items()
        }
        memory = {
            f"{name}_rss_mb": round(process.memory_info().rss / 2**20)
            for name, process in processes.items()
        }
        looking.cancel()
        took_s = await revising
    await producer.stop()
    revised = {"revised_on_the_wall_s": took_s}
    return {"events_per_s": round(count / passed, 1), **shares, **memory, **revised}


async def _revise(
    api: Server, producer: AIOKafkaProducer, staff: Sequence[Agent], now_ms: int
) -> list[float]:
    """Return how long after it was appended a plan of this morning has changed adherence, in s.

    From the broker's time to the message that says so, of agents whom nothing had revised.
    """
    of = {f"agent:{who.name}@today": who for who in staff}
    await asyncio.sleep(CALM_S)
    took_s = []
    async with connect(f"ws://{api.address}/ws/v1", max_size=None) as socket:
        wanted = {"type": "subscribe", "id": 1, "topics": [*of], "kpis": ["adherence"]}
        await socket.send(json.dumps(wanted))
        marked = await _marked(socket, lambda found: found.keys() == of.keys())
        for topic in [topic for topic in of if not marked[topic]][:PLANS]:
            value = agents_load.plan(of[topic], 0, now_ms, 2, 30 * MINUTE_MS)
            key = of[topic].name.encode()
            partition = load.partition_of(key, PARTITIONS)
            appended = await producer.send_and_wait(TOPIC, value, key, partition)
            await _marked(socket, _is_marked(topic))
            took_s.append(round(time.time() - appended.timestamp / 1000, 2))
            await asyncio.sleep(1)
    return took_s


def _is_marked(topic: str) -> Callable[[dict[str, bool]], bool]:
    return lambda found: found.get(topic, False)


async def _marked(socket: Any, enough: Callable[[dict[str, bool]], bool]) -> dict[str, bool]:
    """Read until enough is known of which topics' adherence is marked as revised."""
    found: dict[str, bool] = {}
    async with asyncio.timeout(PATIENCE_S):
        while not enough(found):
            message = json.loads(await socket.recv())
            if message["type"] in ("snapshot", "delta"):
                topics = dict(message.get("topics", message.get("d")))
                found |= {topic: values["adherence"]["rev"] for topic, values in topics.items()}
    return found


async def _look(socket: Any) -> None:
    async for _ in socket:
        pass


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
