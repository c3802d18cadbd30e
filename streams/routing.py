"""Which partition an event belongs to, as the Java client would choose it.

Events of one contact must stay in one partition, in one topic; but only some of them say on which
channel they are. So the first event of a contact decides, and its place is remembered.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from aiokafka.partitioner import murmur2

from streams.core.events import millis
from streams.settings import Topic

AGENTS: Final = "agents"
KIN: Final = {"callback": "voice", "message": "chat", "email": "ticket", "social": "ticket"}
"""channel → the channel whose topic it shares where it has none of its own."""
NO_CONTACTS: Final = "-"
"""Stands for the channel of a topic that holds none."""
DEFAULT_CHANNEL: Final = "voice"


class Place(NamedTuple):
    """Where a record goes."""

    topic: str
    partition: int
    key: bytes | None


class Routed(NamedTuple):
    """An event's places, and its time."""

    places: tuple[Place, ...]
    time_ms: int | None
    """`None` where it cannot be read."""


class _Data(msgspec.Struct, frozen=True):
    channel: str | None = None


class _Head(msgspec.Struct):
    type: str
    time: dt.datetime
    subject: str = ""
    data: _Data = _Data()


_decode = msgspec.json.Decoder(_Head).decode


def partition_of(key: bytes, partitions: int) -> int:
    """Returns the partition of a key: murmur2, made positive, modulo."""
    hashed: int = murmur2(key)
    return (hashed & 0x7FFFFFFF) % partitions


class Router:
    """The places of events, in the order in which they are sent."""

    def __init__(self, topics: Mapping[str, Topic], partitions: Mapping[str, int]) -> None:
        """`partitions`: topic → how many the broker has."""
        self._by_channel = {
            topic.channel: name for name, topic in topics.items() if topic.channel != NO_CONTACTS
        }
        self._names = frozenset(topics)
        self._default = self._by_channel[DEFAULT_CHANNEL]
        self._partitions = partitions
        self._contacts: dict[str, tuple[Place, ...]] = {}
        self._agents: dict[str, tuple[Place, ...]] = {}

    def route(self, value: bytes) -> Routed:
        """Returns where an event goes. One that nobody can read goes on: the worker refuses it."""
        try:
            head = _decode(value)
            time_ms = millis(head.time)
        except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
            return Routed((Place(self._default, 0, None),), None)
        if head.type == "source.alive":
            return Routed(self._everywhere(head.subject), time_ms)
        agent = head.type.startswith("agent.")
        known = self._agents if agent else self._contacts
        places = known.get(head.subject)
        if places is None:
            topic = AGENTS if agent else self._topic_of(head.data.channel or "")
            key = head.subject.encode()
            place = Place(topic, partition_of(key, self._partitions[topic]), key)
            places = known[head.subject] = (place,)
        return Routed(places, time_ms)

    def _topic_of(self, channel: str) -> str:
        own = self._by_channel.get(channel) or self._by_channel.get(KIN.get(channel, ""))
        return own or self._default

    def _everywhere(self, feed: str) -> tuple[Place, ...]:
        """Returns every partition of a feed's topic: each has a time of its own."""
        topic = feed if feed in self._names else self._default
        key = feed.encode() or None
        return tuple(Place(topic, p, key) for p in range(self._partitions[topic]))
