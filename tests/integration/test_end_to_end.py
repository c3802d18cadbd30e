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
from streams.sources import anonymous_bank
from tests.benchmarks import load
from tests.integration.crew import until
from tests.integration.operation import Operation, written

FULL = bool(os.environ.get("POULS_FULL"))
JANUARY = Path("../shared/data/anonymous_bank/january_1999.tsv.gz")
LAST_SMALL_DATE = b"990103"
DISORDER_MS = 12 * 3_600_000
"""Half the horizon: whatever the partition, no event becomes late."""
BEYOND_THE_SESSION_S = 13
"""A worker that hangs so long has lost its partitions (its session lasts 10 s)."""


def january_lines() -> list[bytes]:
    """Return the file's header and real calls: three days of them, or the month."""
    if not JANUARY.exists():
        pytest.skip(f"{JANUARY} is not here: the data's terms do not let us ship it")
    with gzip.open(JANUARY) as lines:
        header = next(lines)
        date = header.split(b"\t").index(b"date")
        rows = [row for row in lines if FULL or row.split(b"\t")[date] <= LAST_SMALL_DATE]
    return [header, *rows]


def january() -> list[bytes]:
    """Return real calls as canonical events."""
    convert = anonymous_bank.converter()
    return [event for line in january_lines() for event in convert(line)]


def simulated() -> list[bytes]:
    """Return two days of a benchmark's contacts."""
    return [value for _, value in load.events(days=2, contacts_a_day=500)]


@pytest.fixture(params=[january, simulated], ids=["january", "simulated"])
def events(request: pytest.FixtureRequest) -> list[bytes]:
    """Canonical events in order of time."""
    found: list[bytes] = sorted(request.param(), key=order_key)
    return found


@pytest.fixture
def operation(tmp_path: Path, kafka: str, redis_url: str) -> Iterator[Operation]:
    """An installation whose topics exist."""
    yield from Operation.on(tmp_path, kafka, redis_url)


def shuffled(events: Sequence[bytes], seed: int) -> list[bytes]:
    """Return the events in an order in which none lies further behind than half the horizon."""
    rng = random.Random(seed)
    return sorted(events, key=lambda raw: order_key(raw)[0] + rng.randrange(DISORDER_MS))


def halves(directory: Path, events: Sequence[bytes]) -> tuple[Path, Path]:
    """Write the events to two files, to have something happen between them."""
    middle = len(events) // 2
    return (
        written(directory / "first.jsonl", events[:middle]),
        written(directory / "second.jsonl", events[middle:]),
    )


def test_the_api_tells_what_the_report_tells(operation: Operation, events: list[bytes]) -> None:
    """Two workers share the topic; nothing goes wrong."""
    operation.api()
    operation.worker("one")
    operation.worker("two")
    operation.replay(written(operation.directory / "sent.jsonl", events))

    assert operation.held() == operation.told(events)


def test_order_and_repetition_change_nothing(operation: Operation, events: list[bytes]) -> None:
    """Shuffled within the horizon, then sent again in order: late, or known already."""
    operation.api()
    operation.worker("one")
    operation.worker("two")
    operation.replay(written(operation.directory / "shuffled.jsonl", shuffled(events, seed=3)))
    operation.replay(written(operation.directory / "again.jsonl", events))

    assert operation.held() == operation.told(events)


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
    time.sleep(BEYOND_THE_SESSION_S)
    two.thaw()

    assert operation.held() == operation.told(events)
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
    until("the readings say so", lambda: operation.rebuilding)
    operation.replay(second)
    two.thaw()

    assert operation.held() == operation.told(events)
    until("the readings are whole again", lambda: not operation.rebuilding)


def test_a_vendors_file_is_replayed_as_it_is(operation: Operation) -> None:
    """`pouls replay` converts and sorts by itself what `pouls report` reads from the same file."""
    file = operation.directory / "january.tsv.gz"
    file.write_bytes(gzip.compress(b"".join(january_lines())))
    operation.api()
    operation.worker("one")
    operation.pouls("replay", "--format", "anonymous-bank", file)

    assert operation.held() == operation.reported("anonymous-bank", file)
