"""The fold of one source: events in, changes out.

Theory of operation. The ledger holds the contacts of one partition and the tally of what they have
booked since the last commit. A fact that sorts after all others of its contact advances the
contact's state at once: the fast path, written as one loop with locals, because it runs for every
event. Any other fact, and any identity that may have been seen, takes the slow path: the first one
takes all of the contact's bookings out, and at the commit its facts are folded once, from the set.
Both paths give equal cells: that is what the property tests are for.

`take_changes` spreads the tally over cells, and says what changed in absolute values. Time in here
is `top_ms`, the greatest accepted event time: nothing else makes anything late, expired or
forgotten.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec

from streams.core.agents.book import AgentBook
from streams.core.agents.forgetting import SLACK_MS
from streams.core.agents.stored import is_agents_key
from streams.core.bookings import Marks, book_all
from streams.core.buckets import DAY_MS, Zone
from streams.core.cells import FOREVER, Cells
from streams.core.changes import Changes, Facts, Visible, contact_of, key_of
from streams.core.contact import Contact, settle_leg, take_attributes
from streams.core.dims import Dims
from streams.core.errors import EventRefused
from streams.core.events import (
    AHEAD_MS,
    EARLIEST_MS,
    EPOCH,
    UNREADABLE,
    AgentState,
    Schedule,
    decode,
    is_unknown_type,
    millis,
    with_agent,
)
from streams.core.facts import LOST_AFTER_LIMITS, begin_anew, fold, is_cut
from streams.core.keeping import Keeping
from streams.core.livebook import LiveBook
from streams.core.policy import FoldPolicy
from streams.core.revised import GRACE_MS, settled_ms
from streams.core.revisions import Revisions
from streams.core.roster import Roster
from streams.core.steps import STEPS


class Refused(msgspec.Struct, frozen=True):
    """A value that is not accepted: a dead letter."""

    index: int
    """Its position in the chunk."""
    kind: Literal["time", "undecodable", "invalid"]
    """Out of range, no JSON in UTF-8, or not what the contract says."""
    reason: str
    """What is wrong, with the field's path."""


class Ledger:
    """The contacts of one source and their cells."""

    def __init__(
        self,
        policy: FoldPolicy,
        channel: str,
        roster: Roster | None = None,
        is_mine: Callable[[str], bool] | None = None,
    ) -> None:
        """Makes an empty ledger.

        Args:
            policy: what changes cells.
            channel: the topic's: it holds until the contact states one.
            roster: who the agents are; `None` = whoever says so.
            is_mine: whether an agent belongs into this source; `None` = whoever is in it.
        """
        self.policy, self.channel = policy, channel
        self.counts: Counter[str] = Counter()
        """What was accepted but not folded, and what was corrected; only ever grows."""
        self.dims = Dims(policy, self.counts)
        self.tally: dict[int, int] = {}
        self.marks = Marks()
        self.top_ms = 0
        """The source's time: the greatest accepted event time; 0 before any."""
        zone = Zone(policy.timezone)
        self.cells = Cells(policy.retention, zone, self.dims)
        self._revisions = Revisions(policy.retention, self.dims)
        self.agents = AgentBook(
            policy, self.dims, zone, self.counts, roster, self._revisions, is_mine
        )
        self._live = LiveBook(self.dims, policy)
        self._keeping = Keeping(policy)
        self._contacts: dict[str, Contact] = {}
        self._touched: list[Contact] = []
        self._dirty: dict[str, Contact] = {}
        shortest = min((min(pair) for pair in policy.limits_ms.values()), default=FOREVER)
        self._gap_ms = min(policy.horizon_ms, LOST_AFTER_LIMITS * shortest)

    # -- taking events in

    def apply_all(  # noqa: C901, PLR0912, PLR0915  # the hot loop: no call a record
        self, values: Sequence[bytes], appended_ms: Sequence[int] | int
    ) -> list[Refused]:
        """Folds a chunk, in log order.

        Args:
            values: the records' values.
            appended_ms: their append times, or one upper bound for all.

        Returns:
            The values that are not accepted, and why.
        """
        refused: list[Refused] = []
        contacts, get, dec, steps, epoch = (
            self._contacts, self._contacts.get, decode, STEPS, EPOCH
        )  # fmt: skip
        dims, touched, default, gap = self.dims, self._touched, self.channel, self._gap_ms
        extra, cold, grace = dims.extra, self._keeping.cold, GRACE_MS
        horizon = self.policy.horizon_ms if self.policy.lateness else FOREVER
        top, earliest = self.top_ms, EARLIEST_MS
        latest = AHEAD_MS + (
            appended_ms if isinstance(appended_ms, int) else min(appended_ms, default=0)
        )
        for i, raw in enumerate(values):
            try:
                e = dec(raw)
            except UNREADABLE as exc:
                self._refuse(i, raw, exc, refused)
                continue
            x = e.time - epoch
            ms = x.days * DAY_MS + x.seconds * 1000 + x.microseconds // 1000
            if not earliest <= ms <= latest and not _in_range(ms, appended_ms, i):
                reason = _out_of_range(e.time.isoformat(), ms)
                refused.append(Refused(i, "time", with_agent(raw, reason)))
                continue
            rank = e.rank
            if rank < 0:
                self.top_ms = top
                self._take_other(e, ms, raw, i, appended_ms, refused)
                top = self.top_ms
                continue
            if ms > top:
                top = ms
            elif ms < top - horizon:
                self.counts["late"] += 1
                continue
            subject = e.subject
            c = get(subject)
            if c is None and subject in cold:
                c = self._warm(subject)
            if c is None:
                c = contacts[subject] = Contact(default, subject)
                if ms < top - grace:
                    self._weigh(c, ms, raw, top)
            else:
                if ms - c.last_ms > gap:
                    self.top_ms = top
                    c = self._after_gap(c, ms)
                last = c.last_ms
                if ms < last or c.dirty or (ms == last and rank <= c.last_rank) or e.id in c.ids:
                    self._disorder(c, ms, raw, top)
                    continue
                if ms < top - grace:
                    self._weigh(c, ms, raw, top)
            c.raws.append(raw)
            c.ids += e.id
            c.last_ms, c.last_rank = ms, rank
            if not c.touched:
                c.touched = True
                touched.append(c)
            data = e.data
            if data.channel and data.channel != c.channel:
                c.channel, c.leg_dims = data.channel, -1
            if extra:
                take_attributes(c, data, dims)
            steps[rank](c, e, ms, self)
        self.top_ms = top
        if isinstance(appended_ms, int):  # then nothing was appended later than that
            self.agents.edge_ms = max(self.agents.edge_ms, min(top, appended_ms))
        return refused

    def _take_other(
        self,
        e: Any,  # noqa: ANN401
        ms: int,
        raw: bytes,
        i: int,
        appended_ms: Sequence[int] | int,
        refused: list[Refused],
    ) -> None:
        """Takes in what is no fact of a contact."""
        if not isinstance(e, AgentState | Schedule):
            self.counts[f"accepted:{e.__struct_config__.tag}"] += 1
        elif self.policy.lateness and ms < self.top_ms - self.policy.agent_horizon_ms:
            self.counts["late"] += 1
            return
        else:
            try:
                if isinstance(e, Schedule):  # speaks of other times: moves none
                    self.agents.take_plan(e, raw, self.top_ms, self._oldest_known_ms())
                    return
                self.agents.take_state(e, ms, raw, max(self.top_ms, ms))
            except EventRefused as exc:
                refused.append(Refused(i, "invalid", str(exc)))
                return
        self.top_ms = max(self.top_ms, ms)
        appended = appended_ms if isinstance(appended_ms, int) else appended_ms[i]
        self.agents.edge_ms = max(self.agents.edge_ms, min(ms, appended))

    def _oldest_known_ms(self) -> int:
        """Returns from when on everything that agents did is known, whatever was swept."""
        if not self.policy.lateness:
            return 0
        return self.top_ms - self.policy.agent_horizon_ms - SLACK_MS

    def _refuse(self, i: int, raw: bytes, exc: Exception, refused: list[Refused]) -> None:
        if is_unknown_type(raw):
            self.counts["unknown_type"] += 1
        else:
            valid_json = isinstance(exc, msgspec.ValidationError)
            reason = with_agent(raw, str(exc) or type(exc).__name__)
            refused.append(Refused(i, "invalid" if valid_json else "undecodable", reason))

    # -- the slow path

    def _warm(self, subject: str) -> Contact:
        """Brings a cold contact's state back from its facts; nothing is booked."""
        raws = self._keeping.warm(subject)
        c, _ = fold(subject, raws, self.channel, self.dims, self.policy)
        c.stored = len(raws)
        self._contacts[subject] = c
        self._keeping.warmed(c)
        return c

    def _after_gap(self, c: Contact, ms: int) -> Contact:
        """Long after the contact's last fact: is it a new contact?

        Whether the old one has expired is judged here, by the source's time, so that it cannot
        depend on when anything was swept.
        """
        if c.dirty:
            c = self._settle(c.subject)
        if not is_cut(c, ms, self.policy):
            return c
        if not self._keeping.expired(c, self.top_ms):
            begin_anew(c, self.channel, self)
            return c
        fresh = Contact(
            self.channel, c.subject, stored=-1, live=c.live, listed=c.listed, scheduled=c.scheduled
        )
        fresh.touched = True
        self._touched.append(fresh)
        self._contacts[c.subject] = fresh
        return fresh

    def _disorder(self, c: Contact, ms: int, raw: bytes, top_ms: int) -> None:
        if raw in c.raws:
            self.counts["repeated"] += 1
            return
        self.counts["disorder"] += 1
        self._weigh(c, ms, raw, top_ms)
        if not c.dirty:
            settle_leg(c, self)
            pad = fold(c.subject, c.raws, self.channel, self.dims, self.policy)[1]
            book_all(pad.tally, pad.marks, self, back=True)
            c.dirty = True
            self._dirty[c.subject] = c
        c.raws.append(raw)
        c.last_ms = max(c.last_ms, ms)
        if not c.touched:
            c.touched = True
            self._touched.append(c)

    def _weigh(self, c: Contact, ms: int, raw: bytes, top_ms: int) -> None:
        """Marks what a fact changes in quarter hours that had ended, unless it came in order.

        By itself, and before it is taken in: a mark must not depend on the commits around it.
        """
        settled, known = settled_ms(top_ms), [decode(held) for held in c.raws]
        times = [ms, *(millis(e.time) for e in known)]
        if min(times) >= settled:
            return
        if ms >= settled and ms == max(times):
            fact = decode(raw)
            if all((e.source, e.id) != (fact.source, fact.id) for e in known):
                return
        before, after = (
            fold(c.subject, raws, self.channel, self.dims, self.policy)[1]
            for raws in (c.raws, [*c.raws, raw])
        )
        self._revisions.contact(before, after, top_ms)

    def _settle(self, subject: str) -> Contact:
        """Folds a contact whose bookings are out, from its facts, and books it."""
        old = self._dirty.pop(subject)
        c, pad = fold(subject, old.raws, self.channel, self.dims, self.policy)
        book_all(pad.tally, pad.marks, self, back=False)
        self.counts.update(pad.counts)
        c.stored = old.stored if c.raws is old.raws else -1
        c.touched, c.live, c.listed = True, old.live, old.listed
        c.scheduled, c.lost = old.scheduled, old.lost
        self._contacts[subject] = c
        self._touched.append(c)
        return c

    def advance(self, to_ms: int) -> None:
        """Books agents up to an instant with the next changes, as if something happened then."""
        self.agents.edge_ms = max(self.agents.edge_ms, to_ms)

    # -- giving changes out

    def take_changes(self) -> Changes:
        """Returns what changed since the last time, in absolute values.

        The histograms of the cells are the ledger's own: read or pack them before the next call.
        """
        for subject in list(self._dirty):
            self._settle(subject)
        facts = Facts({}, {}, [])
        self._collect(facts)
        self._touched.clear()
        for subject in self._keeping.forget(self._contacts, self.top_ms, self._live):
            key = key_of(subject)
            facts.added.pop(key, None)
            facts.replaced.pop(key, None)
            facts.gone.append(key)
        self.counts["lost"] = self._keeping.lost
        steps = self.agents.settle(self.top_ms)
        self.agents.take_facts(facts.added, facts.replaced, facts.gone)
        changed, gone = self.cells.add(
            self.tally, self.marks, self.top_ms, steps, self.agents.groups
        )
        self.tally = {}
        self.marks = Marks()
        segments, self.dims.fresh = self.dims.fresh, []
        visible = Visible(
            changed, gone, self._live.take(), segments, self.top_ms,  # type: ignore[arg-type]
            self.agents.edge_ms, self.agents.levels.take(self.dims.names), self.agents.take_tails(),
            self._revisions.take(self.top_ms),
        )  # fmt: skip
        return Changes(visible, facts)

    def _collect(self, facts: Facts) -> None:
        """Books legs that wait, notes what touched contacts have to store and show live."""
        added, live, keeping, get = facts.added, self._live, self._keeping, self._contacts.get
        closed: list[Contact] = []
        for c in self._touched:
            settle_leg(c, self)  # of a contact that was replaced, too
            if not c.touched or get(c.subject) is not c:
                continue
            c.touched = False
            raws, stored = c.raws, c.stored
            c.stored = len(raws)
            if stored < 0:
                facts.replaced[key_of(c.subject)] = list(raws)
            elif stored < len(raws):
                added[key_of(c.subject)] = raws[stored:]
            if not c.closed:
                live.update(c, self.top_ms)
                keeping.open(c, self.top_ms)
            else:
                closed.append(c)
                if c.live is not None:
                    live.remove(c)
        keeping.rest(closed, self._contacts, self.top_ms)

    def load(self, stored: Visible, facts: Iterable[tuple[str, list[bytes]]]) -> None:
        """Takes in what is stored, into a new ledger."""
        self.top_ms = stored.top_ms
        self.dims.seen(stored.segments)
        self.cells.load(stored.cells)
        for key, raws in facts:
            if is_agents_key(key):
                self.agents.load_fact(key, raws)
                continue
            subject = contact_of(key)
            c, _ = fold(subject, raws, self.channel, self.dims, self.policy)
            c.stored = len(c.raws) if c.raws is raws else -1
            self._contacts[subject] = c
            self._live.update(c, self.top_ms)
            if c.closed:
                self._keeping.closed(c)
            else:
                self._keeping.open(c, self.top_ms)
        self._live.loaded(stored.live)
        self._revisions.load(stored.revised)
        self.agents.loaded(stored.edge_ms, stored.levels, stored.tails)

    def everything(self) -> Visible:
        """Returns the whole of what readers may see, after `take_changes`.

        The histograms are the ledger's own.
        """
        return Visible(
            self.cells.everything(),  # type: ignore[arg-type]
            ([], [], []), self._live.everything(), self.dims.told(), self.top_ms,
            self.agents.edge_ms, self.agents.levels.everything(self.dims.names),
            self.agents.tails(), self._revisions.everything(),
        )  # fmt: skip


def _in_range(ms: int, appended_ms: Sequence[int] | int, i: int) -> bool:
    appended = appended_ms if isinstance(appended_ms, int) else appended_ms[i]
    return EARLIEST_MS <= ms <= appended + AHEAD_MS


def _out_of_range(time: str, ms: int) -> str:
    if ms < EARLIEST_MS:
        return f"time {time}: before 1990 - at `$.time`"
    return f"time {time}: more than 5 min after the record was appended - at `$.time`"
