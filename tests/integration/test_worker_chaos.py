"""Workers die, hang and leave while events keep coming: the state stays the exact fold."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.integration.crew import Crew, differences, events, until
from tests.integration.one_worker import SESSION_S


@pytest.fixture
def crew(tmp_path: Path, kafka: str, redis_url: str) -> Iterator[Crew]:
    """Topics on empty servers, no worker yet."""
    crew = Crew(tmp_path, kafka, redis_url)
    crew.topics()
    try:
        yield crew
    finally:
        crew.end()


def exact(crew: Crew) -> list[str]:
    """Returns in what the state differs from the fold of the whole log."""
    crew.settle()
    return differences(crew.stored(), crew.folded(crew.records()))


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
    assert exact(crew) == []
