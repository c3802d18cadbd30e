"""From an event in Kafka to a page at a webhook, in the processes that operators run.

Real Kafka, real Redis, `pouls worker`, `pouls alerts`; a rule without a `for` of its own, so what
is measured is everything else: the worker's commit, the tick, the leader's commit, the sender. Each
page is about a queue of its own. The provider's share is a server on this machine that answers at
once. The clock starts when Kafka has acknowledged the event.

`python -m tests.benchmarks.alerts_page` prints JSON.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from streams.settings import load_settings
from streams.topics import create_topics
from tests import servers
from tests.alerting.loopback import Loopback
from tests.servers import Process

PAGES: Final = 200
EVERY_S: Final = 0.5
"""On average, so that pages fall anywhere between two ticks."""
PATIENCE_S: Final = 120.0
AIM_S: Final = 2.0
RULES: Final = """
version: 1
channels: {on_call: "webhook+http://${WATCHER}/page?secret=${SECRET}"}
routes: [{to: [channel:on_call], group_by: [rule, queue]}]
rules:
  - id: waits
    title: {en: "{value} wait in {queue}", fr: "{value} : {queue}"}
    metric: waiting
    guard: none
    for: 0s
    levels: {critical: {raise: {above: 0.5}, clear: {below: 0.25}}}
    owner: floor
    runbook: https://example.org/
    action_plan: {template: x, responsible: floor}
"""


def measure(directory: Path, pages: int = PAGES) -> dict[str, Any]:
    """Returns how long pages took, in seconds."""
    directory.mkdir(parents=True, exist_ok=True)
    with servers.kafka(directory / "kafka") as kafka, servers.redis(directory / "redis") as redis:
        env = {
            "POULS_KAFKA": kafka.address,
            "POULS_REDIS": f"redis://{redis.address}/0",
            "POULS_CONFIG": str(directory / "pouls.toml"),
            "SECRET": "x" * 16,
        }
        (directory / "pouls.toml").write_text('[alerts]\nrules = ["rules.yaml"]\n')
        (directory / "rules.yaml").write_text(RULES)
        create_topics(load_settings(env))
        took = sorted(asyncio.run(_pages(env, directory, pages)))
    return {
        "pages": len(took),
        "p50_s": round(took[len(took) // 2], 2),
        "p99_s": round(took[int(0.99 * (len(took) - 1))], 2),
        "worst_s": round(took[-1], 2),
        "aim_p99_s": AIM_S,
    }


async def _pages(env: dict[str, str], directory: Path, pages: int) -> list[float]:
    """Lets somebody wait in one queue after the other, and returns how long each page took."""
    came: dict[str, float] = {}
    async with Loopback() as told:
        with ExitStack() as stack:
            for name in ("worker", "alerts"):
                command = [sys.executable, "-m", "pouls", name]
                process = Process(
                    command, directory / f"{name}.log", env | {"WATCHER": told.address}
                )
                await asyncio.to_thread(stack.enter_context, process)
            noting = asyncio.create_task(_note(told, came))
            producer = AIOKafkaProducer(bootstrap_servers=env["POULS_KAFKA"], linger_ms=0)
            await producer.start()
            try:
                await _send(producer, "first")
                await _until(lambda: "first" in came)
                sent = {}
                for n in range(pages):
                    sent[f"q{n}"] = await _send(producer, f"q{n}")
                    await asyncio.sleep(random.uniform(0, 2 * EVERY_S))
                await _until(lambda: sent.keys() <= came.keys())
            finally:
                noting.cancel()
                await producer.stop()
    return [came[queue] - at for queue, at in sent.items()]


async def _send(producer: AIOKafkaProducer, queue: str) -> float:
    """Lets somebody wait in a queue; returns when Kafka has it."""
    body = {
        "specversion": "1.0", "id": queue, "source": "bench", "type": "contact.queued",
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"), "subject": queue,
        "data": {"queue": queue},
    }  # fmt: skip
    await producer.send_and_wait("calls", json.dumps(body).encode(), queue.encode())
    return time.monotonic()


async def _note(told: Loopback, came: dict[str, float]) -> None:
    """Notes when the first page about each queue has come."""
    for n in range(1_000_000):
        await told.came(n + 1)
        now = time.monotonic()
        for alert in told.requests[n].json["alerts"]:
            came.setdefault(alert["segment"].removeprefix("queue:"), now)


async def _until(true: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("pages did not come")
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pouls-page-") as folder:
        print(json.dumps(measure(Path(folder)), indent=2))
