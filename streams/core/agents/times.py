"""Times: what steps and levels mean in a window. The inverse of `steps`."""

from collections.abc import Iterable, Mapping
from typing import Final

from streams.core.agents.labels import STEP, entered, sum_up
from streams.core.tally import add_counts

ELAPSED: Final = "time_elapsed"
"""The length of a window, up to now."""


def take_levels(levels: Mapping[int, int], hist: Mapping[int, int]) -> dict[int, int]:
    """Returns how many agents held each label before the steps of a cell: levels less its n."""
    out = dict(levels)
    add_counts(out, {label: -n for label, n in entered(hist)})
    return out


def by_label(
    levels: Mapping[int, int], steps: Mapping[int, int], start_ms: int, end_ms: int
) -> dict[int, int]:
    """Returns the time that each label held in [start, end), in ms times agents.

    Args:
        levels: Label → how many hold it at the end.
        steps: Key → sum over the steps in the window; other keys of cells are passed over.
        start_ms: When the window begins.
        end_ms: When it ends: now, where it still runs.
    """
    length = end_ms - start_ms
    out = {label: n * length for label, n in levels.items()}
    for key, amount in steps.items():
        if key < STEP:
            continue
        label = (key - STEP) >> 1
        if key & 1:  # m
            out[label] = out.get(label, 0) - amount
        else:  # n
            out[label] = out.get(label, 0) + amount * start_ms
    return out


def measures(
    levels: Mapping[int, int], steps: Mapping[int, int], start_ms: int, end_ms: int
) -> dict[str, int]:
    """Returns agents' time in [start, end) as measures of formulas: `time_staffed` …, in ms."""
    if end_ms <= start_ms:
        return {}
    found = sum_up(by_label(levels, steps, start_ms, end_ms))
    return {f"time_{what}": ms for what, ms in found.items() if ms}


def has_steps(hist: Mapping[int, int]) -> bool:
    """Whether a cell knows of agents' steps."""
    return any(key >= STEP for key in hist)


def add_levels(parts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Returns the sum of levels, without zeros."""
    out: dict[int, int] = {}
    for part in parts:
        add_counts(out, part)
    return out
