"""Contacts that wait or are served now, counted by segment as readers need them.

A contact is published as (kind, since, expiry, due) in seconds; those that are alike are counted
together. Nothing here asks what time it is: whether a contact is still waiting or orphaned is
decided by whoever reads, and a contact disappears by an event or, lost, by the source's time.
"""

from collections.abc import Mapping

from streams.core.changes import IN_PROGRESS, WAITING, LiveKey
from streams.core.contact import OPEN, RUNNING, Contact, leg_dims, queue_dims
from streams.core.dims import Dims
from streams.core.facts import Pad, lost_at_ms
from streams.core.policy import FoldPolicy


class LiveBook:
    """What one source publishes of its open contacts."""

    def __init__(self, dims: Dims, policy: FoldPolicy) -> None:
        self._dims, self._policy = dims, policy
        self._pad = Pad(dims)
        self._live: dict[int, dict[LiveKey, int]] = {}
        self._changed: set[int] = set()

    def update(self, c: Contact, top_ms: int) -> None:
        """Publishes a contact as it is after its latest fact."""
        new = None
        if (c.leg == RUNNING or c.outcome == OPEN) and lost_at_ms(c, self._policy) > top_ms:
            new = self._entry(c)
        if new != c.live:
            self.remove(c)
            if new is not None:
                self._add(new, 1)
                c.live = new

    def remove(self, c: Contact) -> None:
        """Takes a contact out of what is published."""
        if c.live is not None:
            self._add(c.live, -1)
            c.live = None

    def take(self) -> dict[str, dict[LiveKey, int]]:
        """Returns the segments that changed since the last time, whole."""
        names, live = self._dims.names, self._live
        out = {names[s]: dict(live.get(s, ())) for s in self._changed}
        self._changed.clear()
        return out

    def everything(self) -> dict[str, dict[LiveKey, int]]:
        """Returns all segments."""
        return {self._dims.names[s]: dict(counts) for s, counts in self._live.items()}

    def loaded(self, stored: Mapping[str, Mapping[LiveKey, int]]) -> None:
        """Compares with what is stored: what differs is published with the next commit."""
        self._changed = {
            s
            for s in {*self._live, *(self._dims.segment(name) for name in stored)}
            if self._live.get(s, {}) != stored.get(self._dims.names[s], {})
        }

    def _entry(self, c: Contact) -> tuple[int, LiveKey]:
        running = c.leg == RUNNING
        expiry = (c.last_ms + self._policy.limits(c.channel)[running]) // 1000
        if running:
            return leg_dims(c, self._pad), LiveKey(IN_PROGRESS, c.leg_ms // 1000, expiry, 0)
        dims = queue_dims(c, self._pad)
        due = (c.entry_ms + self._dims.within_ms[dims]) // 1000
        return dims, LiveKey(WAITING, c.entry_ms // 1000, expiry, due)

    def _add(self, entry: tuple[int, LiveKey], sign: int) -> None:
        dims, key = entry
        for segment in self._dims.all[dims]:
            counts = self._live.setdefault(segment, {})
            n = counts.get(key, 0) + sign
            if n:
                counts[key] = n
            else:
                del counts[key]
                if not counts:
                    del self._live[segment]
            self._changed.add(segment)
