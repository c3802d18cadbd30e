"""Delivery as networks do it: events arrive after they happened, and some overtake others."""

# ruff: noqa: S311  a simulation's dice
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from random import Random

from streams.simulator.out import Timed


def delayed(events: Iterable[Timed], mean_s: float, seed: str) -> Iterator[Timed]:
    """Yields events as they arrive: never before their time, a little out of order."""
    dice, on_the_way = Random(f"{seed}:late"), list[tuple[int, int, bytes]]()
    for n, (at_ms, value) in enumerate(events):
        while on_the_way and on_the_way[0][0] <= at_ms:
            yield _arrived(on_the_way)
        heappush(on_the_way, (at_ms + int(1000 * dice.expovariate(1 / mean_s)), n, value))
    while on_the_way:
        yield _arrived(on_the_way)


def _arrived(on_the_way: list[tuple[int, int, bytes]]) -> Timed:
    at_ms, _, value = heappop(on_the_way)
    return Timed(at_ms, value)
