"""What waits for one address is told there: in order, not too often, and accounted for.

Theory of operation. Each delivery is begun in the store, which says what of it is still news to
this address, then told, then ended in the store: done, to be tried again, or dead with the fallback
told instead. A page beyond the limit is put off until there is room; where several wait for the
room that is there, the last of it is used for all of them together.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from alerting.core.shapes import Event
from alerting.delivery.addresses import Addresses, is_page
from alerting.delivery.jobs import Due, Job, Letter, Target, together
from alerting.delivery.letters import Letters
from alerting.delivery.policy import Breaker, Policy
from alerting.delivery.rates import Rates
from alerting.delivery.spreading import instead
from alerting.metrics import AlertMetrics
from alerting.notifiers import Failed, Notifiers, Outcome, Parcel, Sent, scheme
from alerting.store import AlertStore, Delivery, StoreAway

log = logging.getLogger("pouls.delivery")
_UNCOUNTED: Final = frozenset({"resolve", "ack", "unack", "announcement"})
_replace = msgspec.structs.replace


class Desk:
    """Sends.

    Args:
        store: The outbox.
        addresses: Where addresses are.
        notifiers: Who can tell them.
        letters: What is written.
        metrics: What is counted.
        rates: How many pages went out of late.
        policy: How patient we are.
        clock_ms: Now.
        monotonic: Seconds that never go back.
    """

    def __init__(
        self,
        store: AlertStore,
        addresses: Addresses,
        notifiers: Notifiers,
        letters: Letters,
        metrics: AlertMetrics,
        rates: Rates,
        policy: Policy,
        clock_ms: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._addresses, self._notifiers = store, addresses, notifiers
        self._letters, self._metrics, self._rates = letters, metrics, rates
        self._policy, self._clock_ms, self._monotonic = policy, clock_ms, monotonic
        self._breakers: dict[str, Breaker] = {}
        self._hands: set[str] = set()
        self._sent: set[str] = set()

    def job(self, stream_id: str, delivery: Delivery) -> Job | None:
        """Returns a delivery as a job; `None` = it is in hand already, only not for long enough."""
        if stream_id in self._hands:
            return None
        self._hands.add(stream_id)
        return Job(stream_id, delivery, self._monotonic())

    def resting(self) -> dict[str, int]:
        """Returns how many addresses are left alone now, by scheme."""
        now = self._clock_ms()
        urls = (self._addresses.url(a) for a, b in self._breakers.items() if b.state(now) == "open")
        return dict(Counter(scheme(url) for url in urls if url))

    async def work(self, address: str, jobs: list[Job]) -> None:
        """Deals with what waits for an address; what it cannot end stays in the outbox."""
        try:
            await self._deal(address, jobs)
        except StoreAway as error:
            log.warning("%s: left for later: %s", address, error)
        except Exception:
            log.exception("%s: left for later", address)
        finally:
            self._hands.difference_update(job.stream_id for job in jobs)

    async def tell(self, target: Target, parcel: Parcel) -> Outcome:
        """Makes one attempt to tell something, whatever a notifier does."""
        try:
            async with asyncio.timeout(self._policy.attempt_s):
                return await target.notifier.send(target.url, parcel)
        except TimeoutError:
            return Failed(why="no answer in time")
        except Exception as error:  # noqa: BLE001  its text may name the address
            log.error("%s: %s in a notifier", target.address, type(error).__name__)  # noqa: TRY400
            return Failed(why=type(error).__name__)

    # -- what waits for an address

    async def _deal(self, address: str, jobs: list[Job]) -> None:
        url = self._addresses.url(address)
        notifier = self._notifiers.of(url) if url else None
        if url is None or notifier is None:
            for job in jobs:
                await self._bury(job, "has no address that anybody can tell", scheme(url or ""))
            return
        target = Target(address, url, notifier)
        wanted = [job for job in jobs if notifier.wants(job.delivery.notice.kind)]
        for job in jobs:
            if job not in wanted:
                await self._end(job, target, "nothing")
        await self._tell_all(target, wanted)

    async def _settled(self, job: Job) -> bool:
        """Deals with a job that was sent before, or has waited too long for its turn."""
        if job.stream_id in self._sent:
            await self._store.done(job.stream_id, job.delivery)
            self._sent.discard(job.stream_id)
            return True
        if self._monotonic() - job.taken_s < self._policy.patience_s:
            return False
        await self._put_off(job, self._clock_ms())
        return True

    async def _tell_all(self, target: Target, jobs: Sequence[Job]) -> None:
        """Tells what there is room for, in order; all the rest together, or later."""
        counted = [job for job in jobs if _counts(target, job)]
        room, again_ms = len(counted), 0
        if counted:
            room, again_ms = await self._rates.free(target.address, self._clock_ms())
            room = max(room, self._overdue(counted))
        rest = counted[room - 1 :] if 0 < room < len(counted) else []
        for job in jobs:
            if job in counted and not room:
                await self._put_off(job, again_ms)
                self._metrics.delivered(target.channel, "held")
            elif job not in rest:
                await self._tell(target, [job])
        if rest:
            await self._tell(target, rest)

    def _overdue(self, jobs: Iterable[Job]) -> int:
        """Returns 1 if something has been put off for the whole window: it goes now."""
        oldest = min(job.delivery.first_ms for job in jobs)
        return int(self._clock_ms() - oldest >= self._policy.within_ms)

    # -- telling

    async def _tell(self, target: Target, jobs: Sequence[Job]) -> None:
        """Tells one delivery, or several in one message."""
        jobs = [job for job in jobs if not await self._settled(job)]
        if self._breaker(target).state(self._clock_ms()) == "open":
            await self._failed(jobs, target, Failed(why="is left alone for a while"), "resting")
            return
        due = [
            Due(job, items) for job in jobs if (items := await self._news(target, job)) is not None
        ]
        if not due:
            return
        letter = together(due)
        if any(_counts(target, one.job) for one in due):
            await self._rates.sent(target.address, letter.key, self._clock_ms())
        outcome = await self._attempt(target, letter)
        self._learn(target, outcome)
        await self._account([one.job for one in due], target, outcome)

    async def _news(self, target: Target, job: Job) -> tuple[Event, ...] | None:
        """Begins a delivery, and returns what of it is news; `None` = nothing."""
        begun = await self._store.begin(job.delivery)
        if begun.send:
            return begun.items
        await self._end(job, target, "nothing")
        return None

    async def _attempt(self, target: Target, letter: Letter) -> Outcome:
        """Tells an address everything, or each alert by itself where that is how it is told."""
        if not target.notifier.each or not letter.items:
            return await self.tell(target, self.parcel(target, letter))
        apart = [
            msgspec.structs.replace(letter, items=(item,), key=f"{letter.key}:{item.episode}")
            for item in letter.items
        ]
        outcomes = await asyncio.gather(
            *(self.tell(target, self.parcel(target, one)) for one in apart)
        )
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        return min(failures, key=_final, default=Sent())  # what may pass is tried again, all of it

    def parcel(self, target: Target, letter: Letter) -> Parcel:
        """Returns what is handed to a notifier."""
        items, address = letter.items, target.address
        return Parcel(
            key=letter.key,
            thread=letter.thread,
            notice=letter.notice,
            items=items,
            message=self._letters.message(letter.notice, items, address),
            links=self._letters.about(items[0], address) if len(items) == 1 else {},
        )

    # -- accounting

    def _breaker(self, target: Target) -> Breaker:
        return self._breakers.setdefault(target.address, Breaker(self._policy))

    def _learn(self, target: Target, outcome: Outcome) -> None:
        """Takes in what an outcome says of an address."""
        breaker = self._breaker(target)
        if isinstance(outcome, Failed) and not outcome.final:
            before = breaker.state(self._clock_ms())
            breaker.failed(self._clock_ms())
            if before == "closed" and breaker.state(self._clock_ms()) == "open":
                log.warning("%s: left alone for a while: %s", target.address, outcome.why)
            return
        if breaker.state(self._clock_ms()) != "closed":
            log.warning("%s: answers again", target.address)
        breaker.answered()

    async def _account(self, jobs: Sequence[Job], target: Target, outcome: Outcome) -> None:
        """Writes down what became of jobs."""
        if isinstance(outcome, Failed):
            await self._failed(jobs, target, outcome)
            return
        for job in jobs:
            self._sent.add(job.stream_id)
        for job in jobs:
            await self._end(job, target, "sent")
            self._sent.discard(job.stream_id)

    async def _failed(
        self, jobs: Sequence[Job], target: Target, failed: Failed, outcome: str = "failed"
    ) -> None:
        for job in jobs:
            key, attempt = job.delivery.key, job.delivery.attempt
            pause = None
            if not failed.final:
                pause = self._policy.again_ms(key, attempt, failed.retry_after_s)
            if pause is None:
                await self._bury(job, failed.why, target.channel)
                continue
            again_ms = self._clock_ms() + pause
            await self._store.failed(job.stream_id, job.delivery, again_ms)
            self._metrics.delivered(target.channel, outcome)

    async def _bury(self, job: Job, why: str, channel: str) -> None:
        """Gives a delivery up, and tells the fallback instead."""
        delivery = job.delivery
        other = None
        if ":instead:" not in delivery.key:
            other = instead(
                delivery.notice, [delivery.address], self._addresses.fallback, self._clock_ms()
            )
        if await self._store.failed(job.stream_id, delivery, None, other):
            self._metrics.delivered(channel, "dead")
            log.error("%s: given up %s: %s", delivery.address, delivery.key, why)

    async def _end(self, job: Job, target: Target, outcome: str) -> None:
        await self._store.done(job.stream_id, job.delivery)
        self._metrics.delivered(target.channel, outcome)

    async def _put_off(self, job: Job, again_ms: int) -> None:
        """Lets a job wait, which is no attempt: the store counts one more."""
        delivery = _replace(job.delivery, attempt=job.delivery.attempt - 1)
        await self._store.failed(job.stream_id, delivery, again_ms)


def _counts(target: Target, job: Job) -> bool:
    """Whether it wakes a person for something that fires; a test counts like that."""
    return is_page(target.address) and job.delivery.notice.kind not in _UNCOUNTED


def _final(failed: Failed) -> bool:
    return failed.final
