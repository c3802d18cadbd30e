"""A whole operation with alerts: worker, API, two replicas of `pouls alerts`, and who is told."""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import redis as redis_client
from kafka import KafkaProducer

from deploy.kafka.broker import free_port
from streams.settings import load_settings
from streams.topics import create_topics
from tests.alerting.loopback import Loopback
from tests.servers import Process, Server

SECRET = "x" * 16
CONFIG = """
timezone = "Europe/Paris"
people = "people.csv"
[alerts]
rules = ["rules.yaml"]
lang = "en"
heartbeat = "http://${WATCHER}/beat"
"""
PEOPLE = "id,alias,agent_id,lang\nana,Ana R.,a1,en\n"
RULES = """
version: 1
channels:
  floor: webhook+http://${WATCHER}/floor?secret=${SECRET}
  boss: webhook+http://${WATCHER}/boss?secret=${SECRET}
  owner: webhook+http://${WATCHER}/owner?secret=${SECRET}
chains:
  up:
    - notify: channel:floor
    - wait: 15s
    - notify: channel:boss
    - wait: 15s
    - notify: channel:owner
routes:
  - {match: {rule: [longest]}, chain: up, group_wait: 0s}
  - {to: [channel:floor], group_wait: 0s}
defaults:
  for: 0s
  keep_firing_for: 2s
  owner: floor
  action_plan: {template: service, responsible: floor}
rules:
  - id: longest
    title: {en: "{value} in {queue}", fr: "{value} : {queue}"}
    metric: wait_longest
    guard: none
    levels: {critical: {raise: {above: 5s}, clear: {below: 2s}}}
    runbook: https://example.org/longest
  - id: abandonment
    title: {en: "{value} give up in {queue}", fr: "{value} raccrochent : {queue}"}
    metric: abandonment_rate
    levels: {warning: {raise: {above: 12%}, clear: {below: 8%}}}
    runbook: https://example.org/abandonment
"""


def said(kind: str, name: str, ago_s: float = 0, **data: object) -> bytes:
    """Returns an event of a call of the queue `sav`."""
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    body = {
        "specversion": "1.0", "id": f"{name}-{kind}", "source": "watchers",
        "type": f"contact.{kind}", "time": at.isoformat(timespec="milliseconds"),
        "subject": name, "data": data,
    }  # fmt: skip
    return json.dumps(body).encode()


class Watchers:
    """Everything of one test; `close` ends the processes by their ids."""

    def __init__(self, directory: Path, kafka: Server, redis: Server, told: Loopback) -> None:
        self.told, self._redis, self._directory = told, redis, directory
        for name, text in (
            ("pouls.toml", CONFIG), ("people.csv", PEOPLE), ("rules.yaml", RULES),
        ):  # fmt: skip
            (directory / name).write_text(text)
        self.rules = directory / "rules.yaml"
        self.env = {
            "POULS_KAFKA": kafka.address,
            "POULS_REDIS": f"redis://{redis.address}/0",
            "POULS_CONFIG": str(directory / "pouls.toml"),
            "POULS_LISTEN": f"127.0.0.1:{free_port()}",
            "WATCHER": told.address,
            "SECRET": SECRET,
        }
        create_topics(load_settings(self.env))
        self.processes: list[Process] = []
        self._producer = KafkaProducer(bootstrap_servers=kafka.address)

    @classmethod
    async def on(cls, directory: Path, kafka: Server, redis: Server) -> AsyncIterator[Self]:
        """Yields all of it under way, for a fixture."""
        async with Loopback() as told:
            all_of_it = await asyncio.to_thread(cls, directory, kafka, redis, told)
            try:
                all_of_it.start("worker", "tests.integration.one_worker")
                all_of_it.start("api", "pouls", "api")
                yield all_of_it
            finally:
                await asyncio.to_thread(all_of_it.close)

    def start(self, name: str, *module: str, port: int | None = None) -> Process:
        """Starts a process; with a port its metrics are there."""
        listen = {} if port is None else {"POULS_METRICS_LISTEN": f"127.0.0.1:{port}"}
        process = Process(
            [sys.executable, "-m", *module], self._directory / f"{name}.log", self.env | listen
        )
        process.start()
        self.processes.append(process)
        return process

    def replica(self, name: str, port: int | None = None) -> Process:
        """Starts one more replica."""
        return self.start(name, "tests.integration.one_alerts", port=port)

    def close(self) -> None:
        """Ends everything."""
        self._producer.close()
        for process in self.processes:
            process.stop()

    def say(self, values: Iterable[bytes]) -> None:
        """Sends events, and returns when Kafka has them."""
        for value in values:
            self._producer.send("calls", value=value, key=b"sav", partition=0)
        self._producer.flush()

    # -- who is told

    def notices(self, path: str = "/floor") -> list[Any]:
        """Returns what a channel was told."""
        return [r.json for r in self.told.requests if r.path == path]

    def heard(self, kind: str, rule: str, path: str = "/floor") -> list[Any]:
        """Returns the notices of a kind about a rule."""
        return [
            n
            for n in self.notices(path)
            if n["kind"] == kind and any(alert["rule"] == rule for alert in n["alerts"])
        ]

    @property
    def beats(self) -> int:
        """How many heartbeats have come."""
        return sum(r.path == "/beat" for r in self.told.requests)

    def doubled(self) -> list[tuple[str, str, str]]:
        """Returns what a channel was told twice of one episode with different keys."""
        keys: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
        for path in ("/floor", "/boss", "/owner"):
            for notice in self.notices(path):
                for alert in notice["alerts"]:
                    if notice["kind"] in {"fire", "resolve", "ack"}:
                        keys[path, notice["kind"], alert["episode"]].add(notice["id"])
        return [what for what, ids in keys.items() if len(ids) > 1]

    # -- who leads

    def leader(self) -> Process | None:
        """Returns who leads, as the store knows it."""
        with redis_client.Redis.from_url(self.env["POULS_REDIS"]) as client:
            owner = client.get("{pouls:alerts}:lease")
        if not isinstance(owner, bytes):
            return None
        pid = int(owner.decode().rsplit("-", 2)[1])
        return next((p for p in self.processes if p.running and p.pid == pid), None)

    async def post(self, path: str, **body: object) -> httpx.Response:
        """Does something through the API."""
        async with httpx.AsyncClient(base_url=f"http://{self.env['POULS_LISTEN']}") as client:
            return await client.post(path, json=body, timeout=20)


async def until(what: str, true: Callable[[], object], timeout_s: float = 90) -> None:
    """Waits until something is true; fails with a sentence when it never is."""
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:.0f} s in vain: {what}")
        await asyncio.sleep(0.1)
