"""A sender on a real store, with a clock that a test moves, and servers of the test."""

from collections.abc import Mapping
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from alerting.core.routes import Routing
from alerting.core.shapes import Event, Instance, Severity
from alerting.core.telling import Notice
from alerting.delivery import Addresses, Letters, Policy, RedisRates, Sender
from alerting.metrics import AlertMetrics
from alerting.notifiers import Notifiers
from alerting.store import Commit
from streams.core.buckets import Zone
from streams.core.roster import Person, Roster, roster
from streams.settings import Address
from tests.alerting.store.shifted import Shifted
from tests.alerting.telling import CLOCK_MS, event

SECRET = "0123456789abcdef"  # noqa: S105  of a test
PEOPLE = roster(
    [
        Person(id="ana", agent_id="a1", lang="fr", name="Ana Roux", targets_ref="ar"),
        Person(id="bea", agent_id="a2", team="north", roles=("supervisor",), teams=("south",)),
        Person(id="cyd", agent_id="a3", team="south"),
    ]
)
SHORT = Policy(attempt_s=0.2)
"""For servers that never answer."""


def hook(server: str, path: str = "hook") -> str:
    """Returns the address of a webhook at a server."""
    return f"webhook+http://{server}/{path}?secret={SECRET}"


class World:
    """A sender and everything around it."""

    def __init__(
        self,
        url: str,
        targets: Mapping[str, Address],
        channels: Mapping[str, str] = {},
        policy: Policy = Policy(),  # noqa: B008  frozen
        people: Roster = PEOPLE,
        **routing: Any,
    ) -> None:
        self.url, self.policy = url, policy
        self.store = Shifted(url)
        self.clock_ms = CLOCK_MS
        self.registry = CollectorRegistry()
        self.metrics = AlertMetrics(self.registry)
        self.addresses = Addresses(
            Routing(channels=channels, **routing), {}, people, targets, environ={}
        )
        self.notifiers = Notifiers(self.now)
        self.rates = RedisRates(url, policy)
        self.letters = Letters(
            rules={}, roster=people, zone=Zone("Europe/Paris"), language="en", clock_ms=self.now
        )
        self.sender = self.another("one")

    def now(self) -> int:
        """Returns what time it is."""
        return self.clock_ms

    def another(self, consumer: str) -> Sender:
        """Returns one more sender."""
        return Sender(
            self.store, self.addresses, self.notifiers, self.letters, self.metrics, self.rates,
            consumer=consumer, policy=self.policy, clock_ms=self.now,
        )  # fmt: skip

    async def close(self) -> None:
        """Closes all connections."""
        await self.notifiers.close()
        await self.rates.close()
        await self.store.close()

    async def pass_s(self, seconds: float) -> None:
        """Lets time pass."""
        self.clock_ms += int(seconds * 1000)
        await self.store.set_clock(self.clock_ms)

    async def decide(self, *notices: Notice, over: bool = False) -> None:
        """Commits notices, and that their alerts fire, or are over."""
        await self.store.set_clock(self.clock_ms)
        await self.store.end_lease()
        lease = await self.store.renew("leader")
        assert lease.epoch is not None
        held = await self.store.load(lease.epoch)
        assert held is not None
        instances = {e.key: instance(e, over=over) for n in notices for e in n.items}
        done = await self.store.commit(
            Commit(
                epoch=lease.epoch, seq=held.seq, at_ms=self.clock_ms, clock_ms=self.clock_ms,
                acts=0, born_ms=CLOCK_MS, instances=instances, notices=notices,
                events=tuple(e for n in notices for e in n.items),
            )
        )  # fmt: skip
        assert done == 1

    def counted(self, name: str, **labels: str) -> float:
        """Returns a number of the metrics; 0 where there is none."""
        return self.registry.get_sample_value(f"pouls_alert_{name}", labels) or 0.0

    def deliveries(self, outcome: str, channel: str = "webhook+http") -> float:
        """Returns how many deliveries came to that."""
        return self.counted("deliveries_total", channel=channel, outcome=outcome)


def instance(of: Event, *, over: bool = False) -> Instance:
    """Returns the instance that an event is about."""
    made = Instance(
        condition="firing", severity=of.severity, facts=of.facts, episode=of.episode,
        fired_at_ms=of.at_ms, fired_clock_ms=of.clock_ms, seen_at_ms=of.at_ms,
    )  # fmt: skip
    if not over:
        return made
    ended = {"condition": "resolved", "severity": Severity.NONE, "resolved_at_ms": of.at_ms}
    return msgspec.structs.replace(made, **ended)


def alert(name: str, kind: Any = "fire", **more: Any) -> Event:
    """Returns what happened to the alert of a queue."""
    return event(kind, f"queue:{name}", **more)
