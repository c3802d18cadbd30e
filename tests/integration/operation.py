"""A whole installation for end-to-end tests: topics, workers, the API, and what a client reads."""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from redis import Redis

from deploy.kafka.broker import free_port
from streams.core.names import dimensions
from tests.integration.crew import until
from tests.servers import Process, Server

POULS = Path(sys.executable).parent / "pouls"
TOPIC = "calls"
PARTITIONS = 4
SOURCES = tuple((topic, p) for topic in (TOPIC, "agents") for p in range(PARTITIONS))
KPIS = (
    "offered,answered,answered_within,abandoned,short_abandoned,flowed_out,transferred,handled,"
    "abandonment_rate,answer_rate,service_level,wait_mean,wait_p90,wait_abandoned_mean,"
    "handle_time_mean,handle_time_p90,talk_time_mean,hold_time_mean,wrap_time_mean"
)
"""All that are not live."""
Table = dict[str, Any]
"""`columns` and `rows`, every number as the text in which it was written."""


class Cut(NamedTuple):
    """A table that is compared."""

    by: str
    segment: str
    hours: int | None = None
    """Only rows that begin so long before the last one, for older ones are not held."""

    def recent(self, table: Table) -> Table:
        """Return what is compared of a table."""
        rows = table["rows"]
        if self.hours is not None and rows:
            first = datetime.fromisoformat(rows[-1][0]) - timedelta(hours=self.hours)
            rows = [row for row in rows if datetime.fromisoformat(row[0]) >= first]
        return table | {"rows": rows}


AGENTS = "agent:*"
TABLES = (
    Cut("day", f"site,channel:*,queue:*,{AGENTS}"),
    Cut("interval", "site,channel:*,queue:*"),
    Cut("interval", AGENTS, hours=24),
    Cut("5m", "site,channel:*,queue:*", hours=1),
)
"""What Redis keeps for months, for a month, for 8 days and for 90 minutes."""


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

    def hasty_worker(self, name: str) -> Process:
        """Start a worker whose session is short: a frozen one is soon done without."""
        command = [sys.executable, "-m", "tests.integration.one_worker"]
        return self._started(Process(command, self.directory / f"{name}.log", self.env))

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
        """Return how many records of each source are committed in Redis."""
        keys = [f"pouls:2:{{{topic}-{p}}}" for topic, p in SOURCES]
        return [int(offset or -1) + 1 for offset in (self.redis.hget(k, "offset") for k in keys)]

    def sent(self) -> list[int]:
        """Return how many records each partition holds, in the order of `stored`."""
        partitions = [TopicPartition(*source) for source in SOURCES]
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
        return self.reported("events", written(self.directory / "told.jsonl", events))

    def reported(self, form: str, file: Path) -> list[Table]:
        """Return what `pouls report` says of a file in some format."""
        tables = [self._reported(form, file, cut) for cut in TABLES]
        assert all(len(table["rows"]) > 5 for table in tables), "nothing to compare"
        return tables

    def _reported(self, form: str, file: Path, cut: Cut) -> Table:
        options = ("--by", cut.by, "--segment", cut.segment, "--kpi", KPIS)
        return cut.recent(self.report(form, file, *options))

    def report(self, form: str, file: Path, *options: str) -> Table:
        """Return what `pouls report` answers with some options."""
        words = ("--output", "json", *options)
        table: Table = _exact(self.pouls("report", "--format", form, file, *words))
        return table

    def held(self) -> list[Table]:
        """Return what the API says of the past, once everything sent is committed."""
        self.settle()
        return [cut.recent(self._history(cut)) for cut in TABLES]

    def _history(self, cut: Cut) -> Table:
        segments = cut.segment.replace(AGENTS, ",".join(self._agents()))
        query = {"by": cut.by, "segment": segments, "kpi": KPIS}
        table: Table = self.get("/api/v1/history", **query)
        return table

    def _agents(self) -> list[str]:
        """Return the agents that are stored: the API tells of those only who are named."""
        stored = (self.redis.smembers(key) for key in self.redis.scan_iter("pouls:*:segments"))
        names = {cast("bytes", segment).decode() for those in stored for segment in those}
        return sorted(name for name in names if dimensions(name) == ("agent",))

    @property
    def rebuilding(self) -> bool:
        """Whether the site's number is said to be incomplete."""
        answer = self.get("/api/v1/readings", segment="site", kpi="waiting", window="live")
        return bool(answer["readings"][0]["rebuilding"])


def _exact(text: str | bytes) -> Any:
    return json.loads(text, parse_float=str, parse_int=str)
