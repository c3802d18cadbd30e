"""Which buckets of which segments changed after they had been final to the eye."""

from bisect import bisect_left, insort
from typing import Final

from streams.core.buckets import RESOLUTIONS
from streams.core.windows import Span

GRACE_MS: Final = 60_000
"""A bucket counts as settled when the source's own time has passed its end by this much."""


class Revised:
    """Buckets in which a cell changed after their end."""

    def __init__(self) -> None:
        self._buckets: tuple[dict[str, list[int]], ...] = tuple({} for _ in RESOLUTIONS)
        """By resolution: segment → buckets in ascending order."""

    def add(self, resolution: int, bucket: int, segment: str) -> None:
        """Notes that a cell changed late."""
        buckets = self._buckets[resolution].setdefault(segment, [])
        i = bisect_left(buckets, bucket)
        if i == len(buckets) or buckets[i] != bucket:
            insort(buckets, bucket)

    def any(self, span: Span, segment: str) -> bool:
        """Returns whether any bucket of a span was revised."""
        buckets = self._buckets[span.resolution].get(segment)
        if not buckets:
            return False
        i = bisect_left(buckets, span.first)
        return i < len(buckets) and buckets[i] <= span.last

    def forget(self, resolution: int, first: int) -> None:
        """Drops the buckets before one."""
        of = self._buckets[resolution]
        for segment, buckets in list(of.items()):
            if buckets[0] < first:
                del buckets[: bisect_left(buckets, first)]
                if not buckets:
                    del of[segment]
