"""How long contacts are kept: hot, cold, gone. Driven by the source's time alone.

A contact that has been closed for an hour goes cold: only its facts are kept. A closed
contact whose last event is older than 2 H is gone, an open one when it has been silent for eight of
its limits (then it is lost) and H more, because until then a fact for it may still arrive. Freeing
memory here never decides anything: the ledger judges expiry when a fact arrives.
"""

from collections import defaultdict
from heapq import heappop, heappush

from streams.core.buckets import HOUR_MS
from streams.core.contact import Contact
from streams.core.facts import lost_at_ms
from streams.core.livebook import LiveBook
from streams.core.policy import FoldPolicy


class Keeping:
    """Which contacts of a ledger are cold, and when each of the others is looked at again."""

    def __init__(self, policy: FoldPolicy) -> None:
        self._policy = policy
        self.cold: dict[str, list[bytes]] = {}
        """Cold contacts: their facts."""
        self.lost = 0
        """Open contacts that have left the state."""
        self._closed: defaultdict[int, list[str]] = defaultdict(list)
        self._gone: defaultdict[int, set[str]] = defaultdict(set)
        self._open: list[tuple[int, str]] = []

    def closed(self, c: Contact) -> None:
        """Lists a contact that has been closed."""
        c.listed = True
        self._closed[c.last_ms // HOUR_MS].append(c.subject)

    def rest(self, closed: list[Contact], contacts: dict[str, Contact], top_ms: int) -> None:
        """Lets closed contacts go cold at once where they have been so for long, or lists them."""
        warm_ms = (top_ms // HOUR_MS - 1) * HOUR_MS if self._policy.lateness else 0
        for c in closed:
            if c.last_ms < warm_ms:
                self._cool(c, contacts)
            elif not c.listed:
                self.closed(c)

    def _cool(self, c: Contact, contacts: dict[str, Contact]) -> None:
        del contacts[c.subject]
        self.cold[c.subject] = c.raws
        self._gone[c.last_ms // HOUR_MS].add(c.subject)

    def open(self, c: Contact, top_ms: int) -> None:
        """Lists an open contact, to be looked at when it might be lost, or sooner."""
        lost_at = lost_at_ms(c, self._policy)
        c.lost = c.lost and lost_at <= top_ms
        self._look_later(c, lost_at)

    def _look_later(self, c: Contact, at: int) -> None:
        if not c.scheduled or at < c.scheduled:  # its limit may have become shorter
            c.scheduled = at
            heappush(self._open, (at, c.subject))

    def warm(self, subject: str) -> list[bytes]:
        """Returns the facts of a cold contact, which is cold no longer."""
        return self.cold.pop(subject)

    def warmed(self, c: Contact) -> None:
        """Lists a contact that was cold as closed again."""
        self._gone[c.last_ms // HOUR_MS].discard(c.subject)
        self.closed(c)

    def expired(self, c: Contact, top_ms: int) -> bool:
        """Whether no accepted fact can touch what this contact has booked any more."""
        if not self._policy.lateness:
            return False
        horizon = self._policy.horizon_ms
        if c.closed:
            return c.last_ms < top_ms - 2 * horizon
        return lost_at_ms(c, self._policy) + horizon < top_ms

    def forget(self, contacts: dict[str, Contact], top_ms: int, live: LiveBook) -> list[str]:
        """Lets contacts go cold, be lost, and go. Returns those that are gone."""
        if not self._policy.lateness:
            return []
        hour = top_ms // HOUR_MS
        for h in [h for h in self._closed if h < hour - 1]:
            self._look_at_closed(contacts, self._closed.pop(h), top_ms)
        gone: list[str] = []
        limit = top_ms - 2 * self._policy.horizon_ms
        for h in [h for h in self._gone if (h + 1) * HOUR_MS <= limit]:
            for subject in self._gone.pop(h):
                del self.cold[subject]
                gone.append(subject)
        while self._open and self._open[0][0] <= top_ms:
            at, subject = heappop(self._open)
            c = contacts.get(subject)
            if c is not None and c.scheduled == at:
                c.scheduled = 0
                self._look_at(contacts, c, top_ms, live, gone)
        return gone

    def _look_at_closed(
        self, contacts: dict[str, Contact], subjects: list[str], top_ms: int
    ) -> None:
        """Lets contacts go cold that have been closed for long, unless more has happened since."""
        closed = []
        for c in map(contacts.get, subjects):
            if c is not None and c.listed:
                c.listed = False
                if c.closed:
                    closed.append(c)
        self.rest(closed, contacts, top_ms)

    def _look_at(
        self, contacts: dict[str, Contact], c: Contact, top_ms: int, live: LiveBook, gone: list[str]
    ) -> None:
        """Loses an open contact, or looks at it again later."""
        if c.closed:
            return
        lost_at = lost_at_ms(c, self._policy)
        gone_at = lost_at + self._policy.horizon_ms + 1
        if lost_at > top_ms:
            self._look_later(c, lost_at)
        elif gone_at > top_ms:
            self._lose(c, live)
            self._look_later(c, gone_at)
        else:
            self._lose(c, live)
            del contacts[c.subject]
            gone.append(c.subject)

    def _lose(self, c: Contact, live: LiveBook) -> None:
        live.remove(c)
        if not c.lost:
            c.lost = True
            self.lost += 1
