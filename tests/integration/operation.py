"""A whole installation for end-to-end tests: topics, workers, the API, and what a client reads."""

import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from redis import Redis

from deploy.kafka.broker import free_port
from tests.servers import Process, Server

POULS = Path(sys.executable).parent / "pouls"
TOPIC = "calls"
PARTITIONS = 4

Table = dict[str, Any]
"""`columns` and `rows`, every number as the text in which it was written."""


def until(what: str, true: Callable[[], bool], timeout_s: float = 120) -> None:
    """Wait until something is true; fail with a sentence when it never is."""
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:.0f} s in vain: {what}")
        time.sleep(0.1)


class Operation:
    """Everything that belongs to one test; `end` ends what was started, by process id."""

    def __init__(self, directory: Path, kafka: str, redis_url: str, config: str) -> None:
        self.directory = directory
        self.redis: Redis = Redis.from_url(redis_url)
        self._admin = KafkaAdminClient(bootstrap_servers=kafka)
        self._processes: list[Process] = []
        settings = directory / "pouls.toml"
        settings.write_text(config)
        self._port = free_port()
        self.env = {
            "POULS_KAFKA": kafka,
            "POULS_REDIS": redis_url,
            "POULS_CONFIG": str(settings),
            "POULS_LISTEN": f"127.0.0.1:{self._port}",
        }

    def end(self) -> None:
        """End every process and connection."""
        for process in self._processes:
            process.stop()
        self._admin.close()
        self.redis.close()

    def pouls(self, *words: str | Path) -> str:
        """Run a command to its end and return what it wrote on standard output."""
        command = [str(POULS), *map(str, words)]
        done = subprocess.run(
            command, env=os.environ | self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def worker(self, name: str) -> Process:
        """Start a worker."""
        return self._started(Process([POULS, "worker"], self.directory / f"{name}.log", self.env))

    def api(self) -> Server:
        """Start the API and return when it listens."""
        server = Server([POULS, "api"], self._port, self.directory / "api.log", self.env)
        self._started(server)
        return server

    def _started(self, process: Process) -> Process:
        process.start()
        self._processes.append(process)
        return process

    def replay(self, events: Path) -> None:
        """Send a file of canonical events in the order in which it stands."""
        self.pouls("replay", "--format", "events", "--as-is", events)

    def stored(self) -> list[int]:
        """Return how many records of each partition are committed in Redis."""
        keys = [f"pouls:1:{{{TOPIC}-{p}}}" for p in range(PARTITIONS)]
        return [int(offset or -1) + 1 for offset in (self.redis.hget(k, "offset") for k in keys)]

    def sent(self) -> list[int]:
        """Return how many records each partition holds."""
        partitions = [TopicPartition(TOPIC, p) for p in range(PARTITIONS)]
        ends = self._admin.list_partition_offsets(dict.fromkeys(partitions, "latest"))
        return [int(ends[p].offset) for p in partitions]

    def settle(self) -> None:
        """Wait until everything that was sent is committed."""
        until("everything sent is committed", lambda: self.stored() == self.sent())

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON of an answer; numbers are the text in which they were written."""
        url = f"http://{self.env['POULS_LISTEN']}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return _exact(answer.read())

    def report(self, words: Iterable[str | Path], **query: str) -> Table:
        """Return what `pouls report` says of files."""
        options = [part for key, value in query.items() for part in (f"--{key}", value)]
        table: Table = _exact(self.pouls("report", *words, *options, "--output", "json"))
        return table

    def history(self, **query: str) -> Table:
        """Return what the API says of the past."""
        table: Table = self.get("/api/v1/history", **query)
        return table


def _exact(text: str | bytes) -> Any:
    return json.loads(text, parse_float=str, parse_int=str)
