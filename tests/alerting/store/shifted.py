"""A store whose Redis tells a time that the test says: a key beside all others holds it."""

from typing import Any, ClassVar

from alerting.store import AlertStore
from alerting.store.redis import script

CLOCK = "test:clock"
TIME = "redis.call('TIME')"
SAID = f"{{ math.floor(redis.call('GET', '{CLOCK}') / 1000), "
SAID += f"redis.call('GET', '{CLOCK}') % 1000 * 1000 }}"


class Shifted(AlertStore):
    """The scripts themselves, but for the time; the lease ends when the test says so."""

    START_MS: ClassVar[int] = 1_900_000_000_000
    lease_ms = 3_600_000

    def registered(self, name: str) -> Any:
        """Return a script that asks the test for the time."""
        return self._redis.register_script(self.text(name).replace(TIME, SAID))

    def text(self, name: str) -> str:
        """Return the text of a script: mistakes are planted here."""
        return script(name)

    async def clock_ms(self) -> int:
        """Return the time that the test says."""
        return int(await self._redis.get(CLOCK))

    async def set_clock(self, clock_ms: int) -> None:
        """Say what time it is."""
        await self._redis.set(CLOCK, clock_ms)

    async def end_lease(self) -> None:
        """Let the lease run out."""
        await self._redis.delete("{pouls:alerts}:lease")

    async def empty(self) -> None:
        """Lose everything but the time."""
        now = await self.clock_ms()
        await self._redis.flushall()
        await self.set_clock(now)
