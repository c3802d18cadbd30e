"""Agents' time: what a worker and a reader take of a core.

In process, so that nothing but the core is measured: the fold of four partitions with a commit each
0.3 s, packed as for Redis; and a Board that takes those commits and reads every KPI of the site and
of all teams each second. Events are made by another process, so that memory is the core's, too.
`python -m tests.benchmarks.agents` prints JSON.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psutil

from streams.codec import pack_facts, pack_visible, unpack_visible
from streams.core.board import Board
from streams.core.buckets import Zone
from streams.core.kpis import KPIS
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.core.windows import LIVE
from tests.benchmarks import agents_load
from tests.benchmarks.agents_load import BUSIEST_HOUR, DAY_MS, FIRST, HOUR_MS, Sent
from tests.benchmarks.load import partition_of

PARTITIONS: Final = 4
COMMIT_MS: Final = 300
TICK_MS: Final = 1000
CATCH_UP: Final = 40_000
"""Records of a commit while a worker catches up."""
WARM_UP: Final = 400_000
WINDOWS: Final = ("30m", "today")
"""In which all KPIs are read that have windows; the others are read once, live."""
ZONE: Final = "UTC"
POLICY: Final = FoldPolicy(timezone=ZONE)


@dataclass(frozen=True)
class Shape:
    """How much is measured."""

    agents: int
    seconds: int
    """Of the busiest hour."""
    seed: int = 1
    day_before: bool = True
    """Whether it is the second day that everybody worked."""


QUICK: Final = Shape(agents=5_000, seconds=60, day_before=False)
"""As many agents as `BUSIEST`, the morning up to the hour and a minute of it."""
BUSIEST: Final = Shape(agents=5_000, seconds=600)


class Spent:
    """CPU seconds of this process, by what they were spent on."""

    def __init__(self) -> None:
        self.by: dict[str, float] = defaultdict(float)

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count what is spent inside."""
        began = time.process_time()
        yield
        self.by[what] += time.process_time() - began

    def take(self) -> dict[str, float]:
        """Return what was spent since the last time."""
        found, self.by = dict(self.by), defaultdict(float)
        return found


class Partition:
    """A ledger and its source's name."""

    def __init__(self, number: int, policy: FoldPolicy) -> None:
        self.name = f"agents-{number}"
        self.ledger = Ledger(policy, "-")
        self.waiting: list[Sent] = []


class Bench:
    """A worker of all partitions and a reader, on simulated time."""

    def __init__(self, policy: FoldPolicy = POLICY) -> None:
        self.partitions = [Partition(number, policy) for number in range(PARTITIONS)]
        names = [partition.name for partition in self.partitions]
        self.board = Board(Zone(ZONE), ReadingPolicy(), names, policy.retention, policy.horizon_ms)
        self.spent = Spent()
        self.visible_bytes: list[int] = []
        self.facts_bytes: list[int] = []
        self.events = 0
        self.read = 0

    def take(self, sent: Iterable[Sent]) -> None:
        """Give records to their partitions."""
        for record in sent:
            self.partitions[partition_of(record.key, PARTITIONS)].waiting.append(record)

    def commit(self) -> None:
        """Fold what waits; the reader takes it in. A partition without anything commits nothing."""
        for partition in self.partitions:
            if partition.waiting:
                self._commit(partition)

    def _commit(self, partition: Partition) -> None:
        values = [record.value for record in partition.waiting]
        times = [record.at_ms for record in partition.waiting]
        self.events += len(values)
        partition.waiting.clear()
        with self.spent.on("fold"):
            refused = partition.ledger.apply_all(values, times)
        assert not refused, refused[0]
        with self.spent.on("changes"):
            changes = partition.ledger.take_changes()
        with self.spent.on("pack"):
            visible, facts = pack_visible(changes.visible), pack_facts(changes.facts)
        self.visible_bytes.append(len(visible))
        self.facts_bytes.append(len(facts))
        with self.spent.on("board unpack"):
            change = unpack_visible(visible)
        with self.spent.on("board apply"):
            self.board.apply(partition.name, change)

    def start(self) -> None:
        """Forget the figures."""
        self.spent.take()
        self.events = self.read = 0
        self.visible_bytes.clear()
        self.facts_bytes.clear()

    def catch_up(self, sent: Iterable[Sent], records: int = CATCH_UP) -> None:
        """Fold in commits as large as those of a worker that is behind."""
        for partition in self._full(sent, records):
            self._commit(partition)
        self.commit()

    def _full(self, sent: Iterable[Sent], records: int) -> Iterator[Partition]:
        for record in sent:
            partition = self.partitions[partition_of(record.key, PARTITIONS)]
            partition.waiting.append(record)
            if len(partition.waiting) == records:
                yield partition

    def play(self, sent: Sequence[Sent], begin_ms: int, end_ms: int, teams: int) -> None:
        """Commit and read as in real time."""
        for partition in self.partitions:
            self.board.mark(partition.name, begin_ms, rebuilding=False)
        records, tick_ms = iter(sent), begin_ms
        following = next(records, None)
        for now_ms in range(begin_ms, end_ms, COMMIT_MS):
            while following is not None and following.at_ms < now_ms:
                self.take((following,))
                following = next(records, None)
            self.commit()
            if now_ms >= tick_ms:
                tick_ms += TICK_MS
                self._tick(now_ms, teams)

    def _tick(self, now_ms: int, teams: int) -> None:
        with self.spent.on("board step"):
            self.board.step(now_ms)
        segments = ["site", *(f"team:team-{n:02d}" for n in range(teams))]
        with self.spent.on("board read"):
            for segment in segments:
                for kpi in KPIS.values():
                    for window in (LIVE,) if kpi.kind == LIVE else WINDOWS:
                        self.board.read(segment, kpi.id, window)
                        self.read += 1


def load(shape: Shape) -> dict[str, Any]:
    """Return what a worker and a reader take of a core in the busiest hour of a day."""
    bench = Bench()
    begin_ms = FIRST.ms + DAY_MS + BUSIEST_HOUR * HOUR_MS
    end_ms = begin_ms + 1000 * shape.seconds
    days = range(0 if shape.day_before else 1, 2)
    states_a_day = None
    with agents_load.apart(shape.agents, days, shape.seed) as sent:
        if shape.day_before:
            bench.catch_up(agents_load.until(sent, FIRST.ms + DAY_MS), WARM_UP)
            states_a_day = bench.events - shape.agents * agents_load.PLANNED_DAYS
            bench.start()
        bench.catch_up(agents_load.until(sent, begin_ms), CATCH_UP)
        caught_up = _caught_up(bench)
        busy = list(agents_load.until(sent, end_ms))
    bench.play((), begin_ms - 10 * TICK_MS, begin_ms, agents_load.TEAMS)
    bench.start()
    bench.play(busy, begin_ms, end_ms, agents_load.TEAMS)
    return {
        "agents": shape.agents,
        "teams": agents_load.TEAMS,
        "seed": shape.seed,
        "states_a_day": states_a_day,
        "catching_up": caught_up,
        "busiest_hour": _shares(bench, shape.seconds),
        "rss_mb": round(rss_mb()),
    }


def _caught_up(bench: Bench) -> dict[str, Any]:
    spent, events = bench.spent.take(), bench.events
    worker = sum(s for what, s in spent.items() if not what.startswith("board"))
    return {
        "records_a_commit": CATCH_UP,
        "events_per_cpu_s": round(events / worker),
        "us_per_event": {what: round(1e6 * s / events, 1) for what, s in spent.items()},
    }


def _shares(bench: Bench, seconds: int) -> dict[str, Any]:
    spent, commits = bench.spent.take(), len(bench.visible_bytes)
    shares = {what: s / seconds for what, s in spent.items()}
    board = sum(share for what, share in shares.items() if what.startswith("board"))
    worker = sum(shares.values()) - board
    return {
        "measured_s": seconds,
        "events_per_s": round(bench.events / seconds, 1),
        "commits_per_s": round(commits / seconds, 1),
        "readings_per_s": round(bench.read / seconds),
        "visible_bytes_a_commit": round(sum(bench.visible_bytes) / max(commits, 1)),
        "facts_bytes_a_commit": round(sum(bench.facts_bytes) / max(commits, 1)),
        "worker_share_of_a_core": round(worker, 4),
        "worker_us_per_event": round(1e6 * worker * seconds / max(bench.events, 1)),
        "board_share_of_a_core": round(board, 4),
        "shares": {what: round(share, 4) for what, share in shares.items()},
    }


def rss_mb() -> float:
    """Return the memory of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20


def apart(shape: Shape) -> dict[str, Any]:
    """Return the figures of a process of its own: memory is not that of what was done before."""
    options = ["--agents", str(shape.agents), "--seconds", str(shape.seconds)]
    options += ["--day-before" if shape.day_before else "--no-day-before"]
    command = [sys.executable, "-m", "tests.benchmarks.agents", *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description="Measure agents' time in worker and reader.")
    parser.add_argument("--agents", type=int, default=QUICK.agents)
    parser.add_argument("--seconds", type=int, default=QUICK.seconds, help="of the busiest hour")
    parser.add_argument(
        "--day-before",
        action=argparse.BooleanOptionalAction,
        default=QUICK.day_before,
        help="let everybody work for a day before",
    )
    options = parser.parse_args()
    shape = Shape(options.agents, options.seconds, day_before=options.day_before)
    print(json.dumps(load(shape), indent=2))


if __name__ == "__main__":
    main()
