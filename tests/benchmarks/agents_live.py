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
from collections.abc import Sequence
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
from tests.benchmarks.agents_load import BUSIEST_HOUR, FIRST, HOUR_MS, Sent
from tests.servers import Process, Server

POULS: Final = Path(sys.executable).parent / "pouls"
TOPIC: Final = "agents"
PARTITIONS: Final = 4
TOPICS: Final = [f"{who}@{when}" for who in ("site", "team:*") for when in ("live", "30m", "today")]
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
        sent = agents_load.events(agents_load.people(agents, seed), range(1), seed)
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
                shares = asyncio.run(_busy(kafka.address, worker, api, busy, begin_ms, seconds))
    return {
        "agents": agents,
        "seed": seed,
        "caught_up_events_per_s": round(count / caught_up_s),
        "measured_s": seconds,
        **shares,
    }


def _settle(url: str, count: int, worker: Process) -> None:
    keys = [f"pouls:1:{{{TOPIC}-{partition}}}" for partition in range(PARTITIONS)]
    with Redis.from_url(url) as redis:
        while sum(int(redis.hget(key, "offset") or -1) + 1 for key in keys) < count:
            if not worker.running:
                raise servers.ServerError(f"the worker ended:\n{worker.said()}")
            time.sleep(0.1)


async def _busy(
    bootstrap: str, worker: Process, api: Server, sent: Sequence[Sent], begin_ms: int, seconds: int
) -> dict[str, Any]:
    """Send in real time while somebody looks."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    async with connect(f"ws://{api.address}/ws/v1", max_size=None) as socket:
        await socket.send(json.dumps({"type": "subscribe", "id": 1, "topics": TOPICS}))
        looking = asyncio.create_task(_look(socket))
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
    await producer.stop()
    return {"events_per_s": round(count / passed, 1), **shares, **memory}


async def _look(socket: Any) -> None:
    async for _ in socket:
        pass


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
