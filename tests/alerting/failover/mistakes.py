"""Mistakes to plant: each takes one guard out, of the scripts, the leader or the sender."""

import uuid
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from alerting.core.shapes import Event
from alerting.core.telling import TOLD, Notice
from alerting.deciding import Decided
from alerting.leader import Leader
from alerting.store import Begin, Commit, Delivery, Held, StoreAway
from alerting.store.shapes import PREFIX
from tests.alerting.failover.fates import Fateful
from tests.alerting.failover.scene import addresses
from tests.alerting.failover.sender import RETRY_MS, Sender
from tests.alerting.failover.world import Kinds

# -- in the scripts: script → (text, what stands there instead)


class Cut(Fateful):
    """A store with scripts of which something is missing."""

    cuts: Mapping[str, tuple[str, str]] = {}

    def text(self, name: str) -> str:
        """Return the text of a script, without what is cut out."""
        text = super().text(name)
        if name in self.cuts:
            old, new = self.cuts[name]
            assert old in text
            text = text.replace(old, new)
        return text


def cut(script: str, old: str, new: str = "") -> Kinds:
    """Return kinds whose store has something else in a script."""
    return Kinds(store=type("Cut", (Cut,), {"cuts": {script: (old, new)}}))


NO_EPOCH = "if stored[1] ~= epoch then return 0 end"
NO_SEQ = "if seq ~= expected then return 0 end"
LOST_REPLY = "if seq == expected + 1 then return 2 end"


class NoEpochNoSeq(Cut):
    """Commits whatever comes."""

    def text(self, name: str) -> str:
        """Return the scripts without both guards."""
        return super().text(name).replace(NO_EPOCH, "").replace(NO_SEQ, "").replace(LOST_REPLY, "")


class NewOnly(Fateful):
    """Takes only what is new: what others left behind stays there."""

    idle_ms = 10**9

    def __setattr__(self, name: str, value: object) -> None:
        """Keep others' work out of reach."""
        super().__setattr__(name, 10**9 if name == "idle_ms" else value)


class Trims(Fateful):
    """Keeps the outbox short."""

    async def commit(self, commit: Commit) -> int:
        """Commit, then trim."""
        done = await super().commit(commit)
        await self._redis.xtrim(f"{PREFIX}out", maxlen=0, approximate=False)
        return done


class NoticesApart(Fateful):
    """Stores what is to be told in a step of its own."""

    async def commit(self, commit: Commit) -> int:
        """Commit, then add the notices."""
        done = await super().commit(msgspec.structs.replace(commit, notices=()))
        for notice in commit.notices if done == 1 else ():
            await self._meet("add", notice, partial(self._add, notice))
        return done

    async def _add(self, notice: Notice) -> None:
        await self._redis.xadd(f"{PREFIX}out", {"n": msgspec.json.encode(notice)})


# -- in the leader


class DecidesAnew(Leader):
    """After a lost reply it decides again, from what it held before."""

    async def _send(self, decided: Decided) -> bool:
        try:
            return await super()._send(decided)
        except StoreAway:
            self._flight = None
            raise


class GoesOn(Leader):
    """Takes a commit without an answer for stored."""

    async def _send(self, decided: Decided) -> bool:
        try:
            return await super()._send(decided)
        except StoreAway:
            self._flight, self._held = None, decided.held
            raise


class KeepsHeld(Leader):
    """Leads again from what it held, whoever led meanwhile."""

    async def tick(self, view: object, acts: object = None) -> bool:
        """Take the new epoch for its own."""
        if self._held is not None:
            lease = await self._store.renew(self._owner)
            if lease.epoch is not None:
                self._held = msgspec.structs.replace(self._held, epoch=lease.epoch)
        return await super().tick(view, acts)  # type: ignore[arg-type]


class SkipsActs(Leader):
    """Does not read acts again after its memory was lost."""

    async def tick(self, view: object, acts: object = None) -> bool:
        """Take none while the memory is empty."""
        return await super().tick(view, () if self.empty else acts)  # type: ignore[arg-type]


# -- in the sender


class AcksFirst(Sender):
    """Says that it is done, then sends."""

    async def deliver(self, stream_id: str, delivery: Delivery, _: int) -> None:
        """Deliver in the wrong order."""
        begun = await self._store.begin(delivery)
        await self._store.done(stream_id, delivery)
        if begun.send:
            self._servers.send(delivery, begun.items, self._store.begun)


class OwnKeys(Sender):
    """Makes a new key for each attempt."""

    async def deliver(self, stream_id: str, delivery: Delivery, clock_ms: int) -> None:
        """Deliver under a key of its own."""
        other = msgspec.structs.replace(delivery, key=uuid.uuid4().hex)
        begun = await self._store.begin(delivery)
        if begun.send and not self._servers.send(other, begun.items, self._store.begun):
            await self._store.failed(stream_id, delivery, clock_ms + RETRY_MS)
        else:
            await self._store.done(stream_id, delivery)


class TellsAfter(Sender):
    """Writes down who was told after sending."""

    async def deliver(self, stream_id: str, delivery: Delivery, clock_ms: int) -> None:
        """Send first."""
        items = delivery.notice.items
        begun = Begin(send=bool(items), items=items)
        if not self._servers.send(delivery, begun.items, next(self._store.fates.order)):
            await self._store.failed(stream_id, delivery, clock_ms + RETRY_MS)
            return
        await self._store.begin(delivery)
        await self._store.done(stream_id, delivery)


class TellsRota(Sender):
    """Tells the end to who is on call now, not to who was told."""

    async def who(self, to: tuple[str, ...], _: tuple[Event, ...], clock_ms: int) -> list[str]:
        """Return who is on call."""
        asked = [one for one in to if one != TOLD] or ["duty:floor/page", "duty:floor/mail"]
        return sorted({a for one in asked for a in addresses(one, clock_ms)})


class GivesUp(Sender):
    """Does not try again."""

    async def deliver(self, stream_id: str, delivery: Delivery, _: int) -> None:
        """Send once."""
        begun = await self._store.begin(delivery)
        if begun.send:
            self._servers.send(delivery, begun.items, self._store.begun)
        await self._store.done(stream_id, delivery)


class SpreadsLater(Fateful):
    """Takes a notice out of its box first, and puts deliveries into theirs then."""

    async def spread(self, stream_id: str, deliveries: Sequence[Delivery]) -> bool:
        """Spread in two steps."""
        mine = await super().spread(stream_id, [])
        for one in deliveries if mine else ():
            await self._meet("add", one, partial(self._put, one))
        return mine

    async def _put(self, delivery: Delivery) -> None:
        await self._redis.xadd(f"{PREFIX}deliv", {"d": msgspec.json.encode(delivery)})


class Forgets(Fateful):
    """Loads without groups."""

    async def load(self, epoch: int) -> Held | None:
        """Load half of it."""
        held = await super().load(epoch)
        return held and msgspec.structs.replace(held, groups={})


XACK = "redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])"
ACKED = "type(instance.ack) == 'table'"
PLANTED: Mapping[str, tuple[Kinds, int]] = {
    "commits without epoch and number": (Kinds(store=NoEpochNoSeq), 8),
    "commits notices in a step of their own": (Kinds(store=NoticesApart), 5),
    "trims the outbox by length": (Kinds(store=Trims), 0),
    "takes only what is new": (Kinds(store=NewOnly), 0),
    "spreads in two steps": (Kinds(store=SpreadsLater), 16),
    "loads half of what is held": (Kinds(store=Forgets), 0),
    "tells what is over by now": (cut("begin", f"if not there or {ACKED}", f"if {ACKED}"), 3),
    "tells what somebody has taken on": (cut("begin", f" or {ACKED}"), 0),
    "tells everybody the end": (cut("begin", "return (firing or mine) and", "return"), 0),
    "tells an end that is out of date": (cut("begin", " and (earlier or not there)"), 2),
    "never tells an end that is late": (cut("begin", "(earlier or not there)", "not there"), 16),
    "tells again who knows": (cut("begin", "return news or mine", "return true"), 0),
    "begins each delivery once": (cut("begin", "known.key == key", "false"), 1),
    "does not take acts in again": (Kinds(leader=SkipsActs), 0),
    "acknowledges before it sends": (Kinds(sender=AcksFirst), 0),
    "makes a key for each attempt": (Kinds(sender=OwnKeys), 1),
    "writes down who was told after sending": (Kinds(sender=TellsAfter), 0),
    "tells the end to who is on call": (Kinds(sender=TellsRota), 0),
    "tries once": (Kinds(sender=GivesUp), 2),
}
"""Mistake → where it is planted, and the seed from which on it is looked for."""
RARE: Mapping[str, Kinds] = {
    "commits without epoch": cut("commit", NO_EPOCH),
    "commits without number": cut("commit", NO_SEQ),
    "has no rule for lost replies": cut("commit", LOST_REPLY),
    "spreads without asking whether somebody did": cut(
        "spread", f"if {XACK} == 0 then", f"{XACK} if false then"
    ),
    "decides anew after a lost reply": Kinds(leader=DecidesAnew),
    "takes an unanswered commit for stored": Kinds(leader=GoesOn),
    "leads again from what it held": Kinds(leader=KeepsHeld),
    "begins epochs anew when all is lost": cut("renew", "time[1] * 1000000 + time[2]", "1"),
}
"""Mistakes behind which another guard stands, so that they show rarely or never."""
