"""How many pages somebody has got of late: counted in Redis, for any replica may send the next."""

import importlib.resources
from typing import Any, Protocol

from alerting.delivery.policy import Policy
from alerting.store.shapes import key
from streams.store.connection import connect, may_be_away


class Rates(Protocol):
    """Counts pages."""

    async def free(self, address: str, clock_ms: int) -> tuple[int, int]:
        """Returns how many pages may go there now, and when there is one more, in ms.

        Raises:
            StoreAway: ask again.
        """

    async def sent(self, address: str, page: str, clock_ms: int) -> None:
        """Takes in that a page is being sent; the same one counts once.

        Raises:
            StoreAway: nobody knows whether it counts; say it again.
        """

    async def close(self) -> None:
        """Gives back what it holds."""


class RedisRates:
    """Counts for all replicas."""

    def __init__(self, url: str, policy: Policy) -> None:
        self._redis: Any = connect(url)  # its answers' types do not say bytes
        text = importlib.resources.files("alerting.delivery").joinpath("rates.lua").read_text()
        self._script: Any = self._redis.register_script(text)
        self._policy = policy

    async def free(self, address: str, clock_ms: int) -> tuple[int, int]:
        """Returns how many pages may go there now, and when there is one more, in ms."""
        return freed(await self._count(address, clock_ms), self._policy, clock_ms)

    async def sent(self, address: str, page: str, clock_ms: int) -> None:
        """Takes in that a page is being sent; the same one counts once."""
        await self._count(address, clock_ms, page)

    async def close(self) -> None:
        """Closes all connections."""
        await self._redis.aclose()

    async def _count(self, address: str, clock_ms: int, page: str = "") -> tuple[int, int | None]:
        with may_be_away():
            n, oldest = await self._script(
                keys=[key(f"pages:{address}")], args=[clock_ms, self._policy.within_ms, page]
            )
        return int(n), int(float(oldest)) if oldest else None


def freed(found: tuple[int, int | None], policy: Policy, clock_ms: int) -> tuple[int, int]:
    """Returns how many pages may go now, and when there is one more.

    Args:
        found: How many went of late, and when the oldest of them did.
        policy: How many may.
        clock_ms: Now.
    """
    n, oldest = found
    if n < policy.pages or oldest is None:
        return max(1, policy.pages - n), clock_ms
    return 0, oldest + policy.within_ms + 1
