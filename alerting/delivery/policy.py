"""When there is another attempt, and when there had better be none: pure, and told what time it is.

A delivery is tried five times within a quarter of an hour, then it is a dead letter and somebody
else is told. An address that has failed several times in a row is left alone for a while: what is
to be sent there meanwhile counts as tried, so a server that is away for long delays nobody's dead
letter, and with it the fallback, by as much as a minute.
"""

import hashlib
from typing import Final, Literal

import msgspec

_STEPS: Final = 2**32


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient senders are; in ms where nothing else is said."""

    retries_ms: tuple[int, ...] = (5_000, 30_000, 120_000, 600_000)
    """How long after a failed attempt there is another."""
    jitter: float = 0.2
    """By how much of itself a pause may be longer."""
    longest_ms: int = 600_000
    """No receiver is waited for longer than this, whatever it asks for."""
    failures: int = 5
    """So many failures in a row ..."""
    rest_ms: int = 30_000
    """... and an address is left alone for so long, for twice as long each time after, ..."""
    longest_rest_ms: int = 600_000
    """... up to this."""
    pages: int = 6
    """So many pages to one person ..."""
    within_ms: int = 600_000
    """... within so long; what is beyond comes together."""
    attempt_s: float = 10.0
    """How long one attempt may take."""
    patience_s: float = 15.0
    """What has waited for its turn for so long goes back: with the attempt, less than the time
    after which another sender takes it."""

    def again_ms(self, key: str, attempt: int, retry_after_s: float | None = None) -> int | None:
        """Returns how long after a failed attempt there is another; `None` = there is none.

        Args:
            key: Of the delivery; pauses of different ones differ, each one's is always the same.
            attempt: Which failed, from 0.
            retry_after_s: When the receiver wants to be asked again.
        """
        if attempt >= len(self.retries_ms):
            return None
        pause = self.retries_ms[attempt]
        digest = hashlib.sha256(f"{attempt}:{key}".encode()).digest()
        pause += int(pause * self.jitter * int.from_bytes(digest[:4]) / _STEPS)
        asked = 0 if retry_after_s is None else int(retry_after_s * 1000)
        return max(pause, min(asked, self.longest_ms))


USUAL: Final = Policy()


class Breaker:
    """Whether an address is worth an attempt.

    Closed: yes. Open after several failures in a row: no. Half open after a rest: one attempt shows
    whether it is closed again.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._failures = 0
        self._rest_ms = policy.rest_ms
        self._until_ms: int | None = None

    def state(self, clock_ms: int) -> Literal["closed", "open", "half-open"]:
        """Returns how it is now."""
        if self._until_ms is None:
            return "closed"
        return "open" if clock_ms < self._until_ms else "half-open"

    def answered(self) -> None:
        """Takes in that somebody is there: what is refused was heard."""
        self._failures, self._until_ms = 0, None
        self._rest_ms = self._policy.rest_ms

    def failed(self, clock_ms: int) -> None:
        """Takes in that there was no good answer."""
        self._failures += 1
        if self._failures < self._policy.failures:
            return
        self._until_ms = clock_ms + self._rest_ms
        self._rest_ms = min(2 * self._rest_ms, self._policy.longest_rest_ms)
