"""The facts of one agent as received, small: what is older than the last few dozen is packed.

Only a fact that repeats, contradicts or ties with another one needs them; everything else is
derived from what `timeline` keeps. Packed they take a twentieth, so all facts of the horizon stay,
and repetitions are recognised as long as they are accepted. A day is packed bit by bit while it
runs, and as one when the first fact of a later one comes in.
"""

import zlib
from collections.abc import Iterable
from typing import Final

from streams.core.buckets import DAY_MS

PACK: Final = 64
"""So many facts of a day are packed together."""
PACKED: Final = b"\1"
"""Begins a packed item; neither it nor a zero byte can begin or be in JSON."""
_ESCAPED: Final = ((b"\2", b"\2\1"), (b"\0", b"\2\3"))
"""Every escape is two bytes, so that taking them back in reverse order is unambiguous."""
_DIGEST: Final = 4


def pack(raws: Iterable[bytes]) -> bytes:
    """Returns facts as one item without zero bytes."""
    packed = zlib.compress(b"\0".join(raws), 6)
    for plain, escaped in _ESCAPED:
        packed = packed.replace(plain, escaped)
    return PACKED + packed


def unpack(item: bytes) -> list[bytes]:
    """Returns the facts of an item, packed or not."""
    if not item.startswith(PACKED):
        return [item]
    packed = item[1:]
    for plain, escaped in reversed(_ESCAPED):
        packed = packed.replace(escaped, plain)
    return zlib.decompress(packed).split(b"\0")


class Archive:
    """The facts of one agent by UTC day."""

    __slots__ = ("_days", "_ids", "_open", "added", "replaced")

    def __init__(self) -> None:
        self._days: dict[int, list[bytes]] = {}
        self._open: dict[int, int] = {}
        """day → how many of its items are not packed."""
        self._ids: dict[int, bytearray] = {}
        self.added: dict[int, list[bytes]] = {}
        """Items to be stored behind those of their day."""
        self.replaced: set[int] = set()
        """Days that are to be stored anew; one without items is to be deleted."""

    def knows(self, source: str, id: str) -> bool:
        """Whether an identity may be among the facts."""
        digest = _digest(source, id)
        return any(digest in ids for ids in self._ids.values())

    def append(self, ms: int, source: str, id: str, raw: bytes) -> None:
        """Takes a fact in."""
        day = ms // DAY_MS
        items = self._days.get(day)
        if items is None:
            items = self._days[day] = []
            self._close_before(day)
        items.append(raw)
        self._ids.setdefault(day, bytearray()).extend(_digest(source, id))
        if day not in self.replaced:
            self.added.setdefault(day, []).append(raw)
        self._open[day] = self._open.get(day, 0) + 1
        if self._open[day] >= PACK:
            self._pack(day)

    def _close_before(self, day: int) -> None:
        """Packs what there is of each earlier day as one: half of what its parts take."""
        for other, items in self._days.items():
            if other < day and len(items) > 1:
                items[:] = [pack(raw for item in items for raw in unpack(item))]
                self._open.pop(other, None)
                self._replace(other)

    def _pack(self, day: int) -> None:
        n = self._open.pop(day)
        items = self._days[day]
        items[-n:] = [pack(items[-n:])]
        self._replace(day)

    def _replace(self, day: int) -> None:
        self.replaced.add(day)
        self.added.pop(day, None)

    def load(self, day: int, items: list[bytes]) -> None:
        """Takes in what is stored of a day."""
        self._days[day] = list(items)
        self._open[day] = sum(not item.startswith(PACKED) for item in items)

    def name(self, ms: int, source: str, id: str) -> None:
        """Takes in the identity of a fact that was loaded."""
        self._ids.setdefault(ms // DAY_MS, bytearray()).extend(_digest(source, id))

    def raws(self) -> list[bytes]:
        """Returns all facts."""
        return [raw for items in self._days.values() for item in items for raw in unpack(item)]

    def set(self, facts: Iterable[tuple[int, str, str, bytes]]) -> None:
        """Makes these (time, source, id, raw) all facts that there are."""
        before = set(self._days)
        self._days.clear()
        self._open.clear()
        self._ids.clear()
        for day in before:
            self._replace(day)
        for fact in facts:
            self.replaced.add(fact[0] // DAY_MS)
            self.append(*fact)

    def forget(self, before_ms: int) -> None:
        """Lets go of the days before one; their identities are no longer known."""
        for day in [d for d in self._days if d < before_ms // DAY_MS]:
            del self._days[day]
            self._open.pop(day, None)
            self._ids.pop(day, None)
            self._replace(day)

    def take(self) -> tuple[dict[int, list[bytes]], dict[int, list[bytes]]]:
        """Returns what to append and what to store anew since the last time, by day."""
        added, replaced = self.added, {day: list(self._days.get(day, ())) for day in self.replaced}
        self.added, self.replaced = {}, set()
        return added, replaced


def _digest(source: str, id: str) -> bytes:
    return zlib.crc32(f"{source}\0{id}".encode()).to_bytes(_DIGEST, "little")
