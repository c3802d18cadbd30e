"""The whole way on real servers: file → replay → Kafka → two workers → Redis → API.

However workers die, hang and come back, however often and in whatever order events were sent, and
though Redis loses everything: the API's past is, digit by digit, what `pouls report` folds from
the file without Kafka and Redis. `POULS_FULL=1` (`make full`) takes the whole of January 1999.
"""

import gzip
import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from streams.core.events import order_key
from streams.sources import BY_NAME
from tests.benchmarks import load
from tests.integration.operation import Operation, Table, until

FULL = bool(os.environ.get("POULS_FULL"))
JANUARY = Path("../shared/data/anonymous_bank/january_1999.tsv.gz")
LAST_SMALL_DATE = b"990103"
DISORDER_MS = 12 * 3_600_000
"""Half the horizon: whatever the partition, no event becomes late."""
SESSION_TIMEOUT_S = 6
KPIS = (
    "offered,answered,answered_within,abandoned,short_abandoned,flowed_out,transferred,handled,"
    "abandonment_rate,answer_rate,service_level,wait_mean,wait_p90,wait_abandoned_mean,"
    "handle_time_mean,handle_time_p90,talk_time_mean,hold_time_mean,wrap_time_mean"
)
TABLES = (
    {"by": "day", "segment": "site,channel:*,queue:*,agent:*"},
    {"by": "interval", "segment": "site,channel:*,queue:*"},
)


def january() -> list[bytes]:
    """Return real calls as canonical events: three days of them, or the month."""
    convert = BY_NAME["anonymous-bank"].converter()
    with gzip.open(JANUARY) as lines:
        header = next(lines)
        date = header.split(b"\t").index(b"date")
        rows = [row for row in lines if FULL or row.split(b"\t")[date] <= LAST_SMALL_DATE]
    return [event for line in [header, *rows] for event in convert(line)]


def simulated() -> list[bytes]:
    """Return two days of a benchmark's contacts."""
    return [value for _, value in load.events(days=2, contacts_a_day=500)]


@pytest.fixture(params=[january, simulated], ids=["january", "simulated"])
def events(request: pytest.FixtureRequest) -> list[bytes]:
    """Canonical events in order of time."""
    if request.param is january and not JANUARY.exists():
        pytest.skip(f"{JANUARY} is not here: the data's terms do not let us ship it")
    found: list[bytes] = sorted(request.param(), key=order_key)
    return found


@pytest.fixture
def operation(tmp_path: Path, kafka: str, redis_url: str) -> Iterator[Operation]:
    """An installation whose topics exist."""
    config = f'timezone = "Asia/Jerusalem"\n[kafka]\nsession_timeout_s = {SESSION_TIMEOUT_S}\n'
    made = Operation(tmp_path, kafka, redis_url, config)
    try:
        made.pouls("topics")
        yield made
    finally:
        made.end()


def shuffled(events: Sequence[bytes], seed: int) -> list[bytes]:
    """Return the events in an order in which none lies further behind than half the horizon."""
    rng = random.Random(seed)
    return sorted(events, key=lambda raw: order_key(raw)[0] + rng.randrange(DISORDER_MS))


def written(path: Path, events: Sequence[bytes]) -> Path:
    """Write a file of events and return its path."""
    path.write_bytes(b"".join(event + b"\n" for event in events))
    return path


def halves(directory: Path, events: Sequence[bytes]) -> tuple[Path, Path]:
    """Write the events to two files, to have something happen between them."""
    middle = len(events) // 2
    return (
        written(directory / "first.jsonl", events[:middle]),
        written(directory / "second.jsonl", events[middle:]),
    )


def told(operation: Operation, events: Sequence[bytes]) -> list[Table]:
    """Return what `pouls report` says of the events."""
    file = written(operation.directory / "events.jsonl", events)
    words = ("--format", "events", file)
    tables = [operation.report(words, kpi=KPIS, **table) for table in TABLES]
    assert all(len(table["rows"]) > len(KPIS.split(",")) for table in tables), "nothing to compare"
    return tables


def held(operation: Operation) -> list[Table]:
    """Return what the API says once everything is committed."""
    operation.settle()
    return [operation.history(kpi=KPIS, **table) for table in TABLES]


def test_the_api_tells_what_the_report_tells(operation: Operation, events: list[bytes]) -> None:
    """Two workers share the topic; nothing goes wrong."""
    operation.api()
    operation.worker("one")
    operation.worker("two")
    operation.replay(written(operation.directory / "sent.jsonl", events))

    assert held(operation) == told(operation, events)


def test_order_and_repetition_change_nothing(operation: Operation, events: list[bytes]) -> None:
    """Shuffled within the horizon, then sent again in order: late, or known already."""
    operation.api()
    operation.worker("one")
    operation.worker("two")
    operation.replay(written(operation.directory / "shuffled.jsonl", shuffled(events, seed=3)))
    operation.replay(written(operation.directory / "again.jsonl", events))

    assert held(operation) == told(operation, events)


def test_a_killed_and_a_frozen_worker_change_nothing(
    operation: Operation, events: list[bytes]
) -> None:
    """One dies while it folds; the other hangs beyond its session and then goes on as a zombie."""
    first, second = halves(operation.directory, shuffled(events, seed=4))
    operation.api()
    one, two = operation.worker("one"), operation.worker("two")
    until("the group has formed", lambda: operation.redis.dbsize() >= 4)
    operation.replay(first)
    one.kill()
    two.freeze()
    operation.replay(second)
    one.start()
    time.sleep(SESSION_TIMEOUT_S + 3)
    two.thaw()

    assert held(operation) == told(operation, events)
    assert two.running, two.said()


def test_an_emptied_redis_is_rebuilt_and_says_so(operation: Operation, events: list[bytes]) -> None:
    """While a worker hangs, Redis loses everything: `rebuilding`, then the same numbers."""
    first, second = halves(operation.directory, events)
    operation.api()
    operation.worker("one")
    two = operation.worker("two")
    operation.replay(first)
    operation.settle()
    two.freeze()
    operation.redis.flushall()
    until("the readings say so", lambda: rebuilding(operation))
    operation.replay(second)
    two.thaw()

    assert held(operation) == told(operation, events)
    until("the readings are whole again", lambda: not rebuilding(operation))


def rebuilding(operation: Operation) -> bool:
    """Whether the site's number is said to be incomplete."""
    answer = operation.get("/api/v1/readings", segment="site", kpi="waiting", window="live")
    return bool(answer["readings"][0]["rebuilding"])
