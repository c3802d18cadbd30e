"""Pages to a person are counted for all senders together."""

from collections.abc import AsyncIterator

import pytest

from alerting.delivery.policy import Policy
from alerting.delivery.rates import RedisRates
from tests.alerting.telling import CLOCK_MS

TWO = Policy(pages=2, within_ms=60_000)


@pytest.fixture
async def rates(redis_url: str) -> AsyncIterator[RedisRates]:
    """Counts, of two pages a minute."""
    made = RedisRates(redis_url, TWO)
    yield made
    await made.close()


async def test_nobody_has_got_any_at_first(rates: RedisRates) -> None:
    """All of them are free."""
    assert await rates.free("ana/page", CLOCK_MS) == (2, CLOCK_MS)


async def test_room_is_used_up_and_comes_back(rates: RedisRates, redis_url: str) -> None:
    """When the oldest page lies far enough back; whichever sender asks."""
    other = RedisRates(redis_url, TWO)
    await rates.sent("ana/page", "a", CLOCK_MS)
    await other.sent("ana/page", "b", CLOCK_MS + 10_000)

    free_ms = CLOCK_MS + 60_001
    assert await rates.free("ana/page", CLOCK_MS + 20_000) == (0, free_ms)
    assert await other.free("ana/page", free_ms) == (1, free_ms)
    assert await rates.free("bea/page", CLOCK_MS) == (2, CLOCK_MS)
    await other.close()


async def test_an_attempt_more_is_no_page_more(rates: RedisRates) -> None:
    """It is the same page."""
    for i in range(3):
        await rates.sent("ana/page", "a", CLOCK_MS + i)

    assert (await rates.free("ana/page", CLOCK_MS + 3))[0] == 1
