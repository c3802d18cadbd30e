"""Combinations of values, interned: what a booking is booked under, and which segments that means.

A booking names a small int instead of strings; the segments of a combination are found once. Only
dimensions that a configured segment uses are told apart, so that a booking and its retraction meet
under one int.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from streams.core import names
from streams.core.buckets import FINE
from streams.core.policy import FoldPolicy

DIMS_BITS: Final = 20
_MOST = (1 << DIMS_BITS) - 1
OTHER: Final = "other"
"""The value that stands for all values beyond the first `max_values` of a dimension."""
Key = tuple[str, str | None, str | None, str | None, tuple[str | None, ...]]
"""Channel, queue, agent, team, and the values of `Dims.extra`."""


class Dims:
    """The combinations that one source has seen."""

    def __init__(self, policy: FoldPolicy, counts: Counter[str]) -> None:
        self._policy, self._counts = policy, counts
        used = {d for segment in policy.segments for d in segment}
        self.extra = tuple(
            d
            for d in names.DIMENSIONS
            if d in used - {"channel", "queue", "agent", "team", "pause"}
        )
        """Configured dimensions that are attributes of the contact, in the order of names."""
        self._wanted = [
            tuple(d for d in names.DIMENSIONS if d in segment) for segment in policy.segments
        ]
        self.with_agent, self.with_team = "agent" in used, "team" in used
        self.ids: Mapping[Key, int] = _Interned(self._make)
        """The int of a combination; a new one is made."""
        self.all: list[tuple[int, ...]] = []
        """By combination: its segments."""
        self.booked: list[tuple[int, ...]] = []
        """By combination: those that bookings are spread over: all, or all but `site`."""
        self.fine: list[tuple[int, ...]] = []
        """By combination: those of the booked that have fine cells."""
        self.coarse: list[tuple[int, ...]] = []
        """By combination: those of the booked that have none."""
        self.within_ms: list[int] = []
        """By combination: the answer target X of its queue and channel."""
        self.short_ms: list[int] = []
        """By combination: the limit T of a short abandonment."""
        self.names: list[str] = []
        """The name of a segment, by its int."""
        self.fresh: list[str] = []
        """Segments in which something was first booked since the last time somebody took them."""
        self.channels: list[int] = []
        """The segments of which `site` is the sum; empty = `site` is booked like all others."""
        self._site_is_sum = ("channel",) in policy.segments
        self._segments: dict[str, int] = {}
        self._told: list[bool] = []
        """By segment: whether anything was booked in it."""
        self.has_fine: list[bool] = []
        """Whether a segment has fine cells, by its int."""
        self._values: dict[str, set[str]] = {d: set() for d in names.DIMENSIONS}
        self._part_of: dict[tuple[str, str], str] = {}
        self._reduced: dict[Key, int] = {}

    def segment(self, name: str) -> int:
        """Returns the int of a segment, in which something is booked."""
        i = self.planned(name)
        self.tell(i)
        return i

    def tell(self, i: int) -> None:
        """Notes that something is booked in a segment."""
        if not self._told[i]:
            self._told[i] = True
            self.fresh.append(self.names[i])

    def told(self) -> list[str]:
        """Returns the segments in which anything was ever booked."""
        return [name for name, told in zip(self.names, self._told, strict=True) if told]

    def planned(self, name: str) -> int:
        """Returns the int of a segment in which something may be booked some day."""
        i = self._segments.get(name)
        if i is None:
            i = self._segments[name] = len(self.names)
            self.names.append(name)
            self._told.append(False)
            self.has_fine.append(self._policy.retention.of(FINE, name) != 0)
            if self._site_is_sum and names.dimensions(name) == ("channel",):
                self.channels.append(i)
        return i

    def seen(self, segments: list[str]) -> None:
        """Takes in the segments that are stored: their values are among the first ones."""
        for name in segments:
            self.segment(name)
            if name != names.SITE:
                for part in name.split("+"):
                    self._values[part.partition(":")[0]].add(part)
        self.fresh.clear()

    def _make(self, key: Key) -> int:
        channel, queue, agent, team, extra = key
        agent, team = agent if self.with_agent else None, team if self.with_team else None
        reduced: Key = (channel, queue, agent, team, extra)
        if reduced not in self._reduced and len(self.all) == _MOST:
            # nobody gets here with values that mean something
            reduced = (OTHER, OTHER, OTHER if agent else None, None, ())
        i = self._reduced.get(reduced)
        if i is None:
            parts = self._parts(reduced)
            i = self._reduced[reduced] = len(self.all)
            segments = tuple([self.segment(s) for s in self._segments_of(parts)])
            booked = segments[1:] if self._site_is_sum else segments
            fine = tuple([s for s in booked if self.has_fine[s]])
            self.all.append(segments)
            self.booked.append(booked)
            self.fine.append(fine)
            self.coarse.append(tuple([s for s in booked if s not in fine]))
            limits = self._policy.thresholds(queue, channel)
            self.within_ms.append(limits.answer_within_ms)
            self.short_ms.append(limits.short_abandon_ms)
        return i

    def _segments_of(self, parts: dict[str, str]) -> list[str]:
        out = [names.SITE]
        for wanted in self._wanted:
            found = [parts[d] for d in wanted if d in parts]
            if len(found) == len(wanted):
                out.append("+".join(found))
        return out

    def _parts(self, key: Key) -> dict[str, str]:
        channel, queue, agent, team, extra = key
        values = {"channel": channel, "queue": queue, "agent": agent, "team": team}
        if extra:
            values.update(zip(self.extra, extra, strict=False))
        return {d: self.part(d, v) for d, v in values.items() if v}

    def part(self, dimension: str, value: str) -> str:
        """Returns `queue:support`; `queue:other` beyond the first `max_values` of a dimension."""
        known = self._part_of.get((dimension, value))
        if known is not None:
            return known
        part, seen = names.part(dimension, value), self._values[dimension]
        if part not in seen:
            if len(seen) >= self._policy.max_values:
                self._counts[f"other:{dimension}"] += 1
                return names.part(dimension, OTHER)
            seen.add(part)
        self._part_of[dimension, value] = part
        return part


class _Interned(dict[Key, int]):
    def __init__(self, make: Callable[[Key], int]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Key) -> int:
        i = self[key] = self._make(key)
        return i
