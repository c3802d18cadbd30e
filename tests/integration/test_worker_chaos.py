"""Workers die, hang and leave while events keep coming: the state stays the exact fold."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.integration.crew import Crew, events, until
from tests.integration.one_worker import SESSION_S


@pytest.fixture
def crew(tmp_path: Path, kafka: str, redis_url: str) -> Iterator[Crew]:
    """Topics on empty servers, no worker yet."""
    yield from Crew.on(tmp_path, kafka, redis_url)


def test_two_workers_under_kill_freeze_and_stop_give_the_exact_answer(crew: Crew) -> None:
    """SIGKILL, a freeze longer than the session, SIGTERM, while events keep coming."""
    sending = Thread(target=crew.send, args=(events(12_000), 2_500))
    first, second = crew.worker(), crew.worker()
    until("the workers have begun", lambda: crew.said("claimed"))
    sending.start()
    time.sleep(3)
    first.kill()
    time.sleep(1)
    first.start()
    time.sleep(4)
    second.freeze()
    time.sleep(SESSION_S + 2)
    second.thaw()
    time.sleep(3)
    first.stop()
    first.start()
    sending.join()
    assert crew.exact() == []


def test_a_worker_that_is_told_to_end_leaves_nothing_behind(crew: Crew) -> None:
    """SIGTERM: the last commit and the group's are made; it leaves the group and ends with 0."""
    crew.send(events(800))
    worker = crew.worker()
    until("something is folded", lambda: any(h and h.version for h in crew.heads().values()))
    worker.stop()
    assert worker.wait(1) == 0
    heads = crew.heads()
    assert crew.in_group() == {name: head.offset + 1 for name, head in heads.items() if head}
    assert '"level": "error"' not in worker.said()


def test_a_worker_that_ends_hands_over_at_once(crew: Crew) -> None:
    """Another takes over without waiting for a session to end, from where the first has stored."""
    first = crew.worker()
    until("the first has begun", lambda: crew.said("claimed"))
    second = crew.worker()
    until("both have partitions", lambda: "claimed" in second.said())
    first.stop()
    crew.send(events(400))
    assert crew.exact() == []


def test_an_emptied_redis_is_filled_again_from_the_log(crew: Crew) -> None:
    """FLUSHALL while one worker is frozen: all is claimed anew and folded from the start."""
    first, second = crew.worker(), crew.worker()
    crew.send(events(1_000))
    crew.settle()
    second.freeze()
    crew.flush()
    time.sleep(SESSION_S + 2)
    second.thaw()
    assert crew.exact() == []
    assert first.running
    assert second.running
