"""One worker against a bare consume-and-decode loop, on the same topic in the same run.

Real Kafka, real Redis, `pouls worker` as operators run it: all KPIs, four segments an event, three
resolutions, durable commits. A worker's rate is taken from the first commit seen until a tenth of
the topic is left: it does not pay for its start, and has as much folded and not stored at the end
as at the beginning. Figures of a shared machine move: compare ratios, not rates; the ratio by CPU
seconds is the steadiest.

`python -m tests.benchmarks.bench --days 10 --runs 3` prints JSON.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

from tests import servers
from tests.benchmarks import agents, alerts_page, alerts_tick, load
from tests.servers import Process

POULS = Path(sys.executable).parent / "pouls"
TOPIC = "calls"
PARTITIONS = 4
SAMPLE_S = 0.1
MEASURED = 0.9
PAGES = 50
"""Of alerts: as many as take half a minute."""


@dataclass(frozen=True)
class Shape:
    """How much is measured."""

    days: int
    contacts_a_day: int
    runs: int
    seed: int = 1


@dataclass(frozen=True)
class Pace:
    """How fast a process went through the whole topic."""

    per_s: float
    per_cpu_s: float
    peak_rss_mb: float = 0


def measure(shape: Shape, directory: Path) -> dict[str, Any]:
    """Return the figures of the loop and of the worker, run by run and as medians."""
    directory.mkdir(parents=True, exist_ok=True)
    with servers.kafka(directory / "kafka") as kafka, servers.redis(directory / "redis") as redis:
        url = f"redis://{redis.address}/0"
        env = {"POULS_KAFKA": kafka.address, "POULS_REDIS": url}
        subprocess.run([POULS, "topics"], check=True, env=os.environ | env, stdout=sys.stderr)
        stream = load.events(shape.days, shape.contacts_a_day, shape.seed)
        count = asyncio.run(load.write(kafka.address, TOPIC, PARTITIONS, stream))
        loops, workers = [], []
        for run in range(shape.runs):
            loops.append(_loop(kafka.address, count))
            workers.append(_worker(env, url, count, directory / f"worker-{run}.log"))
            _say(f"run {run + 1} of {shape.runs}, {count} events: {loops[-1]} {workers[-1]}")
    return {
        "events": count,
        "event_days": shape.days,
        "seed": shape.seed,
        "loop_events_per_s": [round(x.per_s) for x in loops],
        "loop_events_per_cpu_s": [round(x.per_cpu_s) for x in loops],
        "worker_events_per_s": [round(x.per_s) for x in workers],
        "worker_events_per_cpu_s": [round(x.per_cpu_s) for x in workers],
        "worker_peak_rss_mb": [round(x.peak_rss_mb) for x in workers],
        "ratio": _median(w.per_s / x.per_s for w, x in zip(workers, loops, strict=True)),
        "ratio_by_cpu": _median(
            w.per_cpu_s / x.per_cpu_s for w, x in zip(workers, loops, strict=True)
        ),
    }


def _median(ratios: Iterable[float]) -> float:
    return round(statistics.median(ratios), 3)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _loop(bootstrap: str, count: int) -> Pace:
    command = [sys.executable, "-m", "tests.benchmarks.loop", bootstrap, TOPIC, str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    per_s, per_cpu_s = done.stdout.split()
    return Pace(float(per_s), float(per_cpu_s))


def _worker(env: dict[str, str], url: str, count: int, log: Path) -> Pace:
    """Let a worker fold most of the topic into an empty Redis."""
    with Redis.from_url(url) as redis:
        redis.flushall()
        with Process([POULS, "worker"], log, env) as worker:
            return _watch(worker, redis, count)


def _watch(worker: Process, redis: Redis, count: int) -> Pace:
    process = psutil.Process(worker.pid)
    first = (0.0, 0, 0.0)
    peak = 0
    while True:
        if not worker.running:
            raise servers.ServerError(f"the worker ended:\n{worker.said()}")
        now, done, cpu = time.perf_counter(), folded(redis), _cpu_s(process)
        peak = max(peak, process.memory_info().rss)
        if done and not first[1]:
            first = (now, done, cpu)
        if done >= MEASURED * count:
            events = done - first[1]
            return Pace(events / (now - first[0]), events / (cpu - first[2]), peak / 2**20)
        time.sleep(SAMPLE_S)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def folded(redis: Redis) -> int:
    """Return how many records of the topic are committed in Redis."""
    with redis.pipeline(transaction=False) as asked:
        for partition in range(PARTITIONS):
            asked.hget(f"pouls:2:{{{TOPIC}-{partition}}}", "offset")
        return sum(int(offset) + 1 for offset in asked.execute() if offset is not None)


def arguments(argv: list[str] | None = None) -> Shape:
    """Return what the command line asks for; the defaults are the issue's shape."""
    parser = argparse.ArgumentParser(description="Measure one worker against a bare loop.")
    parser.add_argument("--days", type=int, default=10, help="event-days")
    parser.add_argument(
        "--contacts", type=int, default=24_000, help="contacts a day, 5 events each"
    )
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args(argv)
    return Shape(options.days, options.contacts, options.runs)


def main() -> None:
    """Measure in a temporary directory, then agents' time and alerts, and print JSON."""
    with tempfile.TemporaryDirectory(prefix="pouls-bench-") as directory:
        figures = measure(arguments(), Path(directory))
        page = alerts_page.measure(Path(directory) / "page", PAGES)
    alerts = {"tick": alerts_tick.measure(), "page": page}
    agents_time = agents.apart(agents.QUICK)
    print(json.dumps({**figures, "agents": agents_time, "alerts": alerts}, indent=2))


if __name__ == "__main__":
    main()
