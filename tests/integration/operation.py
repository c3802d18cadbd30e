"""A whole installation for end-to-end tests: topics, workers, the API, and what a client reads."""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from redis import Redis

from deploy.kafka.broker import free_port
from tests.integration.crew import until
from tests.servers import Process, Server

POULS = Path(sys.executable).parent / "pouls"
TOPIC = "calls"
PARTITIONS = 4
KPIS = (
    "offered,answered,answered_within,abandoned,short_abandoned,flowed_out,transferred,handled,"
    "abandonment_rate,answer_rate,service_level,wait_mean,wait_p90,wait_abandoned_mean,"
    "handle_time_mean,handle_time_p90,talk_time_mean,hold_time_mean,wrap_time_mean"
)
"""All that are not live."""
TABLES = (
    {"by": "day", "segment": "site,channel:*,queue:*,agent:*"},
    {"by": "interval", "segment": "site,channel:*,queue:*"},
)
"""What is compared: the days of everybody, the quarter hours that Redis keeps for a month."""

Table = dict[str, Any]
"""`columns` and `rows`, every number as the text in which it was written."""


def written(path: Path, events: Iterable[bytes]) -> Path:
    """Write a file of events and return its path."""
    path.write_bytes(b"".join(event + b"\n" for event in events))
    return path


class Operation:
    """Everything that belongs to one test; `end` ends what was started, by process id."""

    def __init__(self, directory: Path, kafka: str, redis_url: str) -> None:
        self.directory = directory
        self.redis: Redis = Redis.from_url(redis_url)
        self._admin = KafkaAdminClient(bootstrap_servers=kafka)
        self._processes: list[Process] = []
        self._settings = directory / "pouls.toml"
        self.configure('timezone = "Asia/Jerusalem"\n')
        self._port = free_port()
        self.env = {
            "POULS_KAFKA": kafka,
            "POULS_REDIS": redis_url,
            "POULS_CONFIG": str(self._settings),
            "POULS_LISTEN": f"127.0.0.1:{self._port}",
        }

    @classmethod
    def on(cls, directory: Path, kafka: str, redis_url: str) -> Iterator["Operation"]:
        """Yield an installation whose topics exist, for a fixture."""
        made = cls(directory, kafka, redis_url)
        try:
            made.pouls("topics")
            yield made
        finally:
            made.end()

    def configure(self, text: str) -> None:
        """Write `pouls.toml`; what runs already goes on with what it has read."""
        self._settings.write_text(text)

    def end(self) -> None:
        """End every process and connection."""
        for process in self._processes:
            process.stop()
        self._admin.close()
        self.redis.close()

    def pouls(self, *words: str | Path, code: int = 0) -> str:
        """Run a command to its end, with this exit code; return its standard output."""
        command = [str(POULS), *map(str, words)]
        done = subprocess.run(
            command, env=os.environ | self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{command}: {done.stdout}{done.stderr}"
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
        ends = self._admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        return [int(ends[p].offset) for p in partitions]

    def settle(self) -> None:
        """Wait until everything that was sent is committed."""
        until("everything sent is committed", lambda: self.stored() == self.sent())

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON of an answer; numbers are the text in which they were written."""
        url = f"http://{self.env['POULS_LISTEN']}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return _exact(answer.read())

    def told(self, events: Iterable[bytes]) -> list[Table]:
        """Return what `pouls report` says of the events, without Kafka and Redis."""
        file = written(self.directory / "told.jsonl", events)
        tables = [self._told(file, **table) for table in TABLES]
        assert all(len(table["rows"]) > 10 for table in tables), "nothing to compare"
        return tables

    def _told(self, file: Path, by: str, segment: str) -> Table:
        options = ("--by", by, "--segment", segment, "--kpi", KPIS, "--output", "json")
        table: Table = _exact(self.pouls("report", "--format", "events", file, *options))
        return table

    def held(self) -> list[Table]:
        """Return what the API says of the past, once everything sent is committed."""
        self.settle()
        return [self.get("/api/v1/history", kpi=KPIS, **table) for table in TABLES]

    @property
    def rebuilding(self) -> bool:
        """Whether the site's number is said to be incomplete."""
        answer = self.get("/api/v1/readings", segment="site", kpi="waiting", window="live")
        return bool(answer["readings"][0]["rebuilding"])


def _exact(text: str | bytes) -> Any:
    return json.loads(text, parse_float=str, parse_int=str)
