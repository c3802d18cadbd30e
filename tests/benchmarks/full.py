"""The long proofs, by name or all of them; each writes docs/results/NAME.json.

`python -m tests.benchmarks.full [exactness] [january] [chaos] [bench] [agents]
[failover] [alerts]`; `make full` runs all, `make full PROOFS=agents` one.

Exits with 1 when a number is not what it must be; a benchmark has no such number.
"""

import csv
import gzip
import io
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.benchmarks import (
    agents,
    agents_live,
    agents_memory,
    alerts_failover,
    alerts_page,
    alerts_tick,
    bench,
    chaos,
    results,
)
from tests.integration.operation import KPIS, POULS
from tests.sources import slow_bank

JANUARY = Path("../shared/data/anonymous_bank/january_1999.tsv.gz")
CHAOS_SEEDS = range(1, 10)
CHAOS_CONTACTS = 24_000
CHAOS_ACTS = 8
LIVE_S = 120
QUARTER_OF_A_CORE = 0.25
FLAT = 0.03
"""What memory may differ by within a week."""


def exactness(_directory: Path) -> dict[str, Any]:
    """`pouls report` of January 1999 against an independent computation straight from the file."""
    command = [str(POULS), "report", "--format", "anonymous-bank", str(JANUARY), "--by", "day"]
    command += ["--segment", "site,queue:*,agent:*", "--kpi", KPIS, "--output", "csv"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    reported = {(row["start"], row["segment"]): row for row in csv.DictReader(io.StringIO(text))}
    with gzip.open(JANUARY, "rt") as lines:
        slow = slow_bank.kpis(lines, slow_bank.by_day)
    different, compared, worst = 0, 0, 0.0
    for key, sums in slow.items():
        if key[1] == "channel:voice":
            continue
        for kpi, value in sums.kpis().items():
            compared += 1
            different += reported[key][kpi] != written(value)
        for kpi, value in sums.percentiles().items():
            if value:
                worst = max(worst, abs(float(reported[key][kpi]) / value - 1))
    days = sum(segment == "site" for _, segment in reported)
    return {
        "days": days,
        "numbers_compared": compared,
        "numbers_different": different,
        "worst_percentile_error": round(worst, 5),
        "passed": days == 29 and not different and worst <= 0.01,
    }


def written(value: float | None) -> str:
    """Return a number as a CSV cell has it: the shortest text that reads back, or nothing."""
    return "" if value is None else repr(value)


def january(_directory: Path) -> dict[str, Any]:
    """The whole month through Kafka, two workers, Redis and the API, under kill and freeze."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/integration/test_end_to_end.py"]
    done = subprocess.run(
        [*command, "-k", "january"],
        env=os.environ | {"POULS_FULL": "1"},
        capture_output=True,
        text=True,
    )
    print(done.stdout, file=sys.stderr)
    closing = done.stdout.strip().splitlines()[-1]  # a skipped proof proves nothing
    passed = done.returncode == 0 and "passed" in closing and "skipped" not in closing
    return {"file": JANUARY.name, "tests": closing, "passed": passed}


def misfortune(directory: Path) -> dict[str, Any]:
    """Random acts against workers, Redis and Kafka, seed by seed."""
    runs = []
    for seed in CHAOS_SEEDS:
        runs.append(chaos.run(seed, CHAOS_CONTACTS, CHAOS_ACTS, directory / f"seed-{seed}"))
        print(runs[-1], file=sys.stderr, flush=True)
    return {"runs": runs, "passed": all(run["equal"] for run in runs)}


def speed(directory: Path) -> dict[str, Any]:
    """One worker against a bare loop; its memory over 10 and over 20 event-days."""
    ten = bench.measure(bench.Shape(days=10, contacts_a_day=24_000, runs=5), directory / "ten")
    twenty = bench.measure(bench.Shape(days=20, contacts_a_day=24_000, runs=1), directory / "more")
    return {"ten_days": ten, "twenty_days": twenty}


def agents_time(directory: Path) -> dict[str, Any]:
    """5,000 agents in the busiest hour of a day of 200 changes each; memory over weeks."""
    with ThreadPoolExecutor() as pool:
        measuring = pool.submit(agents_memory.measure)
        busiest, memory = agents.apart(agents.BUSIEST), measuring.result()
    processes = agents_live.measure(agents.BUSIEST.agents, LIVE_S, agents.BUSIEST.seed, directory)
    hour = busiest["busiest_hour"]
    shares = [hour[f"{who}_share_of_a_core"] for who in ("worker", "board")]
    shares += [processes[f"{who}_share_of_a_core"] for who in ("worker", "api")]
    flat = memory["last_week_within"] <= FLAT
    return {
        "load": busiest,
        "processes": processes,
        "memory": memory,
        "passed": max(shares) < QUARTER_OF_A_CORE and flat,
    }


def failover(directory: Path) -> dict[str, Any]:
    """300 runs of leaders and senders of alerts that crash, freeze and lose replies."""
    return alerts_failover.measure(directory)


def alerts(directory: Path) -> dict[str, Any]:
    """What a tick of alerts costs, and how long an event takes to be a page."""
    return {"tick": alerts_tick.measure(), "page": alerts_page.measure(directory)}


PROOFS = {
    "exactness": exactness,
    "january": january,
    "chaos": misfortune,
    "bench": speed,
    "agents": agents_time,
    "failover": failover,
    "alerts": alerts,
}


def main(names: list[str]) -> int:
    """Run the proofs; returns how many failed."""
    failed = 0
    for name in names or PROOFS:
        with tempfile.TemporaryDirectory(prefix=f"pouls-{name}-") as directory:
            figures = PROOFS[name](Path(directory))
        failed += not figures.get("passed", True)
        print(f"{results.keep(name, figures)}: {figures}")
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
