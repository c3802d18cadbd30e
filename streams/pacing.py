"""How fast the past goes by: as fast as possible, as it happened, or so many times as fast."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

FASTEST = "max"
REAL = "real"


class Dated(Protocol):
    """Something that happens at an instant."""

    @property
    def at_ms(self) -> int:
        """The instant."""


D = TypeVar("D", bound=Dated)


def parse_speed(text: str) -> float | None:
    """Returns how many times as fast as it happened; `None` = as fast as possible.

    Raises:
        ValueError: it is neither `max` nor `real` nor a number with `x`; the text says so.
    """
    if text == FASTEST:
        return None
    if text == REAL:
        return 1.0
    try:
        speed = float(text.removesuffix("x")) if text.endswith("x") else 0.0
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ValueError(f"speed {text!r} is not max, real, or so many times as fast: 60x")
    return speed


class Pace:
    """Says when something that happened at an instant is due."""

    def __init__(
        self, speed: float, origin_ms: int | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """`origin_ms`: the instant that is now; without it the first one that is asked for."""
        self._speed, self._origin_ms, self._clock = speed, origin_ms, clock
        self._began_s = clock()

    def wait_s(self, at_ms: int) -> float:
        """Returns for how many seconds an instant is not due yet; 0 or less when it is."""
        if self._origin_ms is None:
            self._origin_ms, self._began_s = at_ms, self._clock()
        due_s = self._began_s + (at_ms - self._origin_ms) / 1000 / self._speed
        return due_s - self._clock()


def in_step(
    items: Iterable[D], pace: Pace, sleep: Callable[[float], None] = time.sleep
) -> Iterator[D]:
    """Yields each item when it is due, never before."""
    for item in items:
        while (wait_s := pace.wait_s(item.at_ms)) > 0:
            sleep(wait_s)
        yield item
