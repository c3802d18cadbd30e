"""A reader's `now`: the server's clock, or the events' own for the replay of an old log."""

from streams.settings.shapes import Clock


class Now:
    """Turns the server's clock into a reader's `now`, which never goes back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now_ms = 0
        self._top_ms = 0
        self._seen_ms = 0

    def at(self, wall_ms: int, top_ms: int) -> int:
        """Returns `now` in ms, given the server's clock and the greatest event time of all.

        Mode "event": that event's time + what has passed since it was first seen × speed.
        """
        if self._clock.mode == "event":
            if top_ms > self._top_ms:
                self._top_ms, self._seen_ms = top_ms, wall_ms
            passed_ms = (wall_ms - self._seen_ms) * self._clock.speed if self._top_ms else 0
            now = self._top_ms + int(passed_ms)
        else:
            now = wall_ms
        self._now_ms = max(self._now_ms, now)
        return self._now_ms
