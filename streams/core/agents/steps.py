"""Steps: what the pieces of agents add to cells and totals.

A step at `t` adds two sums to the cell of `t`, by label: n = Σ ±w and m = Σ ±w·t. The time that a
label holds in [a, e) is N(e)·(e − a) − (m − a·n), summed over the steps in [a, e), where N(e) is
how many hold at `e`. So steps add up like any count, and the difference of two derivations is
booked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.core.agents.derive import Condition, Piece
from streams.core.agents.groups import Groups
from streams.core.agents.labels import (
    CAPACITY,
    CONTACTS,
    RATES,
    add_step,
    entered,
    measures_of,
)
from streams.core.buckets import FINE_MS, FINE_PER_QUARTER, Zone
from streams.core.tally import add_counts

Amounts = dict[int, int]
"""Key in a cell → what is added."""


class Place(NamedTuple):
    """Where steps are booked: a 10 s bucket of a group."""

    bucket: int
    group: int


def weights(condition: Condition, rate: int) -> list[tuple[int, int]]:
    """Returns the labels that a condition counts under, each with its weight."""
    found = measures_of(condition.label)
    out = [(condition.label, 1)] if found else []
    if condition.contacts:
        out.append((CONTACTS, condition.contacts))
    if condition.capacity:
        out.append((CAPACITY, condition.capacity))
    if rate >= 0 and "staffed" in found:
        out.append((RATES + rate, 1))
    return out


def difference(old: Sequence[Piece], new: Sequence[Piece]) -> dict[tuple[int, Condition], int]:
    """Returns the steps that make `new` of `old`: (time, condition) → ±n.

    The last piece of each goes on.
    """
    out: dict[tuple[int, Condition], int] = {}
    for sign, line in ((-1, old), (1, new)):
        last: Condition | None = None
        for t, condition, _ in line:
            if condition == last:
                continue
            if last is not None:
                out[t, last] = out.get((t, last), 0) - sign
            out[t, condition] = out.get((t, condition), 0) + sign
            last = condition
    return {step: n for step, n in out.items() if n}


def book(
    steps: Mapping[tuple[int, Condition], int], groups: Groups, to: dict[Place, Amounts]
) -> None:
    """Adds steps to what is to be spread over cells."""
    for (t, condition), n in steps.items():
        found = weights(condition, groups.all[condition.group].rate)
        if not found:
            continue
        place = Place(t // FINE_MS, condition.group)
        amounts = to.get(place)
        if amounts is None:
            amounts = to[place] = {}
        for label, weight in found:
            add_step(amounts, label, n * weight, t)


StepDelta = dict[int, dict[int, Amounts]]
"""bucket → segment → what is added."""


def spread_steps(
    steps: Mapping[Place, Amounts], groups: Groups, oldest: int, zone: Zone
) -> tuple[StepDelta, StepDelta, StepDelta]:
    """Returns steps by resolution, bucket and segment; no fine cells before bucket `oldest`."""
    fine: StepDelta = {}
    quarter: StepDelta = {}
    day: StepDelta = {}
    for (bucket, group), amounts in steps.items():
        found = groups.all[group]
        above = quarter.setdefault(bucket // FINE_PER_QUARTER, {})
        if bucket >= oldest:
            below = fine.setdefault(bucket, {})
            for segment in found.fine:
                _add(below, segment, amounts)
            for segment in found.coarse:
                _add(above, segment, amounts)
        else:
            for segment in found.booked:
                _add(above, segment, amounts)
    for bucket, by_segment in fine.items():
        _merge(quarter[bucket // FINE_PER_QUARTER], by_segment)
    for bucket, by_segment in quarter.items():
        _merge(day.setdefault(zone.day_of_quarter(bucket), {}), by_segment)
    return fine, quarter, day


def _merge(to: dict[int, Amounts], by_segment: Mapping[int, Amounts]) -> None:
    for segment, amounts in by_segment.items():
        _add(to, segment, amounts)


def _add(to: dict[int, Amounts], segment: int, amounts: Amounts) -> None:
    held = to.get(segment)
    if held is None:
        to[segment] = amounts.copy()
        return
    for key, amount in amounts.items():
        held[key] = held.get(key, 0) + amount


class Levels:
    """How many agents hold each label now, by segment."""

    def __init__(self) -> None:
        self._by_segment: dict[int, dict[int, int]] = {}
        self._changed: set[int] = set()

    def add(self, booked: Mapping[Place, Amounts], groups: Groups) -> None:
        """Takes in what is booked."""
        by_group: dict[int, dict[int, int]] = {}
        for place, amounts in booked.items():
            to = by_group.setdefault(place.group, {})
            add_counts(to, dict(entered(amounts)))
        for group, by_label in by_group.items():
            self._add(groups.all[group].booked, by_label)

    def _add(self, segments: Iterable[int], by_label: Mapping[int, int]) -> None:
        for segment in segments if by_label else ():
            add_counts(self._by_segment.setdefault(segment, {}), by_label)
            self._changed.add(segment)

    def take(self, names: Sequence[str]) -> dict[str, dict[int, int]]:
        """Returns the segments that changed since the last time, whole."""
        out = {names[s]: dict(self._by_segment.get(s, ())) for s in self._changed}
        self._changed.clear()
        return out

    def everything(self, names: Sequence[str]) -> dict[str, dict[int, int]]:
        """Returns all segments."""
        return {names[s]: dict(levels) for s, levels in self._by_segment.items() if levels}

    def loaded(
        self, stored: Mapping[str, Mapping[int, int]], segment: Callable[[str], int]
    ) -> None:
        """Compares with what is stored: what differs is published with the next commit."""
        own = {s: levels for s, levels in self._by_segment.items() if levels}
        theirs = {segment(name): levels for name, levels in stored.items()}
        self._changed = {
            s for s in own.keys() | theirs.keys() if own.get(s, {}) != theirs.get(s, {})
        }
