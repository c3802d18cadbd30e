"""Which segments a reader has seen, and in which topics. Nothing is ever forgotten here."""

from collections.abc import Iterable
from typing import Final

from streams.core.names import SITE, dimensions, matches, value_of

NOWHERE: Final[frozenset[str]] = frozenset()


class Seen:
    """Segments and the topics that spoke of them."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.all = frozenset(topics)
        self._topics: dict[str, frozenset[str]] = {}
        self._channels: dict[str, frozenset[str]] = {}
        """topic → channels seen in it."""
        self._by_dimensions: dict[tuple[str, ...], list[str]] = {}
        self._expanded: dict[str, list[str]] = {}

    def learn(self, segment: str, topic: str) -> bool:
        """Notes that a topic spoke of a segment; returns whether that is new."""
        topics = self._topics.get(segment)
        if topics is None:
            self._by_dimensions.setdefault(dimensions(segment), []).append(segment)
            self._expanded.clear()
        elif topic in topics:
            return False
        self._topics[segment] = (topics or NOWHERE) | {topic}
        if dimensions(segment) == ("channel",):
            channel = value_of(segment, "channel") or ""
            self._channels[topic] = self._channels.get(topic, NOWHERE) | {channel}
        return True

    def __contains__(self, segment: str) -> bool:
        return segment in self._topics

    def topics(self, segment: str) -> frozenset[str]:
        """Returns the topics that spoke of a segment; for `site` and the unknown, all."""
        return self.all if segment == SITE else self._topics.get(segment, self.all)

    def channels(self, segment: str) -> frozenset[str]:
        """Returns the channels that a segment's contacts may come by, as far as topics tell."""
        channel = value_of(segment, "channel")
        if channel is not None:
            return frozenset({channel})
        return NOWHERE.union(*(self._channels.get(t, NOWHERE) for t in self.topics(segment)))

    def expand(self, pattern: str) -> list[str]:
        """Returns the segments that a pattern such as `queue:*` means, by code point.

        Without a star: the segment itself, seen or not.
        """
        if "*" not in pattern:
            return [pattern]
        found = self._expanded.get(pattern)
        if found is None:
            names = self._by_dimensions.get(dimensions(pattern), ())
            found = self._expanded[pattern] = sorted(n for n in names if matches(pattern, n))
        return found
