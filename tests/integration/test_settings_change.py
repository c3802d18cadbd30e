"""A setting that changes what is counted is changed, on real servers, for everything that was sent.

Said before it happens, said while it happens, and exact afterwards: the past is what `pouls report`
folds with the new settings. Without a later `config_since` nothing is touched.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks import load
from tests.integration.crew import until
from tests.integration.operation import Operation, written
from tests.servers import Process

WITHIN_S = 5
"""Instead of 20 s: fewer calls of that queue are answered within."""
CHANGE = f"""
timezone = "America/New_York"
[queues.queue-00]
answer_within_s = {WITHIN_S}
"""
EVENTS = [value for _, value in load.events(days=2, contacts_a_day=400)]
FOLDED, LATER = "config_since = 2026-01-01T00:00:00Z\n", "config_since = 2026-01-01T00:00:01Z\n"


@pytest.fixture
def operation(tmp_path: Path, kafka: str, redis_url: str) -> Iterator[Operation]:
    """An installation whose topics exist."""
    yield from Operation.on(tmp_path, kafka, redis_url)


@pytest.fixture
def worker(operation: Operation) -> Process:
    """A worker that has folded everything and was ended."""
    operation.configure(FOLDED + 'timezone = "Asia/Jerusalem"\n')
    worker = operation.worker("one")
    operation.replay(written(operation.directory / "sent.jsonl", EVENTS))
    operation.settle()
    worker.stop()
    return worker


def test_later_settings_fold_the_log_again(operation: Operation, worker: Process) -> None:
    """Announced by `pouls check`, said to be rebuilding, then exactly the report with them."""
    assert "nothing will change" in operation.pouls("check")
    before = operation.told(EVENTS)
    operation.configure(LATER + CHANGE)
    assert "Their logs will be folded again when a worker starts" in operation.pouls("check")
    operation.api()
    until("the readings are said to be rebuilding", lambda: operation.rebuilding)

    worker.start()
    until("all is claimed", lambda: "nothing will change" in operation.pouls("check"))

    assert operation.held() == operation.told(EVENTS) != before
    until("the readings are whole again", lambda: not operation.rebuilding)


def test_other_settings_that_are_not_later_change_nothing(
    operation: Operation, worker: Process
) -> None:
    """`pouls check` says so with exit code 1, a worker stops with it, and the old past stands."""
    before = operation.told(EVENTS)
    operation.configure(FOLDED + CHANGE)
    assert "A worker will stop" in operation.pouls("check", code=1)

    worker.start()
    assert worker.wait(60) == 1
    assert "to fold the log again with these, set a later one" in worker.said()

    operation.configure(FOLDED + 'timezone = "Asia/Jerusalem"\n')
    worker.start()
    operation.api()
    assert operation.held() == before
