"""Combinations of values, interned: what a booking is booked under, and which segments that means.

A booking names a small int instead of strings; the segments of a combination are found once. Only
dimensions that a configured segment uses are told apart, so that a booking and its retraction meet
under one int.
"""

from collections import Counter
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
        self.with_agent, self.with_team = "agent" in used, "team" in used
        self.ids: dict[Key, int] = {}
        self.fine: list[tuple[int, ...]] = []
        """By combination: the segments that have fine cells."""
        self.coarse: list[tuple[int, ...]] = []
        """By combination: the segments that have none."""
        self.within_ms: list[int] = []
        """By combination: the answer target X of its queue and channel."""
        self.short_ms: list[int] = []
        """By combination: the limit T of a short abandonment."""
        self.names: list[str] = []
        """The name of a segment, by its int."""
        self.fresh: list[str] = []
        """Segments first seen since the last time somebody took them."""
        self._segments: dict[str, int] = {}
        self._values: dict[str, set[str]] = {d: set() for d in names.DIMENSIONS}

    def segment(self, name: str) -> int:
        """Returns the int of a segment."""
        i = self._segments.get(name)
        if i is None:
            i = self._segments[name] = len(self.names)
            self.names.append(name)
            self.fresh.append(name)
        return i

    def seen(self, segments: list[str]) -> None:
        """Takes in the segments that are stored: their values are among the first ones."""
        for name in segments:
            self.segment(name)
            if name != names.SITE:
                for part in name.split("+"):
                    self._values[part.partition(":")[0]].add(part)
        self.fresh.clear()

    def id(self, key: Key) -> int:
        """Returns the int of a combination, making it if it is new."""
        i = self.ids.get(key)
        if i is None:
            i = self._make(key)
        return i

    def _make(self, key: Key) -> int:
        channel, queue, agent, team, extra = key
        agent, team = agent if self.with_agent else None, team if self.with_team else None
        reduced: Key = (channel, queue, agent, team, extra)
        parts = self._parts(reduced)
        if len(self.fine) == _MOST:  # nobody gets here with values that mean something
            reduced = (OTHER, OTHER, OTHER if agent else None, None, ())
            parts = self._parts(reduced)
        i = self.ids.get(reduced)
        if i is None:
            i = self.ids[reduced] = len(self.fine)
            segments = self._segments_of(parts)
            ints = [(self.segment(s), self._policy.retention.of(FINE, s) != 0) for s in segments]
            self.fine.append(tuple(s for s, fine in ints if fine))
            self.coarse.append(tuple(s for s, fine in ints if not fine))
            limits = self._policy.thresholds(queue, channel)
            self.within_ms.append(limits.answer_within_ms)
            self.short_ms.append(limits.short_abandon_ms)
        self.ids[key] = i
        return i

    def _segments_of(self, parts: dict[str, str]) -> list[str]:
        return [names.SITE] + [
            "+".join(parts[d] for d in names.DIMENSIONS if d in wanted)
            for wanted in self._policy.segments
            if all(d in parts for d in wanted)
        ]

    def _parts(self, key: Key) -> dict[str, str]:
        channel, queue, agent, team, extra = key
        values = {"channel": channel, "queue": queue, "agent": agent, "team": team}
        values.update(zip(self.extra, extra, strict=False))
        return {d: self._part(d, v) for d, v in values.items() if v}

    def _part(self, dimension: str, value: str) -> str:
        part, seen = names.part(dimension, value), self._values[dimension]
        if part in seen:
            return part
        if len(seen) >= self._policy.max_values:
            self._counts[f"other:{dimension}"] += 1
            return names.part(dimension, OTHER)
        seen.add(part)
        return part
