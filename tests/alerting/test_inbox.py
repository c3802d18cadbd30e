"""Acts are read in the background: no tick waits for Kafka."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from alerting import inbox as module
from alerting.acts import ActRecord, ActsAway
from alerting.inbox import Acts, Inbox


def act(n: int) -> ActRecord:
    """Returns an act."""
    return ActRecord(id=f"{n:032x}", kind="ack", object="episode", by="ana", at_ms=n)


class Log:
    """A topic, as an ActReader reads it."""

    def __init__(self, *offsets: int) -> None:
        self.records: Acts = [(n, act(n)) for n in offsets]
        self.away = False
        self.wholes = 0

    async def read(self, offset: int, wait_s: float = 0.0) -> Acts:
        """Returns two at most."""
        await asyncio.sleep(min(wait_s, 0.001))
        return self._from(offset)[:2]

    async def everything(self, offset: int = 0) -> Acts:
        """Returns all."""
        await asyncio.sleep(0.001)
        self.wholes += 1
        return self._from(offset)

    def _from(self, offset: int) -> Acts:
        if self.away:
            raise ActsAway("Kafka is away")
        return [one for one in self.records if one[0] >= offset]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits."""
    for name in ("WAIT_S", "REST_S", "RETRY_S"):
        monkeypatch.setattr(module, name, 0.001)


@asynccontextmanager
async def reading(log: Log) -> AsyncIterator[Inbox]:
    """Yields an inbox that reads."""
    inbox = Inbox(log)
    task = asyncio.create_task(inbox.run())
    yield inbox
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(come: Callable[[], bool]) -> None:
    """Waits for something."""
    async with asyncio.timeout(10):
        while not come():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.001)


def offsets(acts: Acts | None) -> list[int] | None:
    """Returns where acts lie."""
    return None if acts is None else [offset for offset, _ in acts]


async def test_what_was_taken_in_is_given_no_more() -> None:
    """The leader says from where on it wants to know."""
    log = Log(3, 4, 7, 9)
    async with reading(log) as inbox:
        assert inbox.take(4, everything=False) == []
        await until(lambda: offsets(inbox.take(4, everything=False)) == [4, 7, 9])
        assert offsets(inbox.take(8, everything=False)) == [9]
        log.records.append((10, act(10)))
        await until(lambda: offsets(inbox.take(10, everything=False)) == [10])

    assert log.wholes == 0


async def test_an_empty_memory_gets_everything_or_nothing() -> None:
    """Half of what people did would undo the other half."""
    log = Log(*range(5))
    async with reading(log) as inbox:
        assert inbox.take(0, everything=True) is None
        await until(lambda: inbox.take(0, everything=True) is not None)

        assert offsets(inbox.take(0, everything=True)) == [0, 1, 2, 3, 4]
        assert inbox.take(5, everything=False) == []
        assert log.wholes == 1


async def test_whoever_goes_back_is_read_to_again() -> None:
    """Another leader has led meanwhile, or memory was lost."""
    log = Log(*range(4))
    async with reading(log) as inbox:
        inbox.take(2, everything=False)
        await until(lambda: offsets(inbox.take(2, everything=False)) == [2, 3])
        assert inbox.take(4, everything=False) == []

        assert inbox.take(1, everything=False) == []
        await until(lambda: offsets(inbox.take(1, everything=False)) == [1, 2, 3])
        assert inbox.take(0, everything=True) is None
        await until(lambda: offsets(inbox.take(0, everything=True)) == [0, 1, 2, 3])


async def test_a_follower_reads_nothing() -> None:
    """And what was under way when it stopped to lead is dropped."""
    log = Log(*range(4))
    async with reading(log) as inbox:
        inbox.take(0, everything=False)
        inbox.stop()
        await asyncio.sleep(0.01)

        assert inbox.take(2, everything=False) == []
        await until(lambda: offsets(inbox.take(2, everything=False)) == [2, 3])


async def test_kafka_away_is_said_once_and_waited_out(caplog: pytest.LogCaptureFixture) -> None:
    """The ticks go on meanwhile."""
    log = Log(0)
    log.away = True
    with caplog.at_level(logging.WARNING, "pouls.alerts"):
        async with reading(log) as inbox:
            inbox.take(0, everything=False)
            await asyncio.sleep(0.02)
            assert inbox.take(0, everything=False) == []
            log.away = False
            await until(lambda: offsets(inbox.take(0, everything=False)) == [0])

    assert [r.getMessage() for r in caplog.records] == ["Kafka is away; what people do waits"]
