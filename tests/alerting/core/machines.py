"""A small language for timelines of one instance: ticks in, events out."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from alerting.core.machine import act, step
from alerting.core.shapes import (
    Act,
    Data,
    Event,
    Facts,
    Instance,
    Key,
    Observation,
    Severity,
    Timing,
)

KEY: Final = Key("high_abandon", "queue:sav")
NONE, WARNING, CRITICAL = Severity
SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
TIMING: Final = Timing(
    for_ms={WARNING: 2 * MINUTE, CRITICAL: MINUTE},
    keep_firing_ms=5 * MINUTE,
    reopen_within_ms=10 * MINUTE,
    max_blind_ms=30 * MINUTE,
    evaluate_every_ms=10 * SECOND,
    ack_timeout_ms=45 * MINUTE,
)


def facts(value: float | None = None) -> Facts:
    """Returns the facts of a tick, told apart by their value."""
    return Facts(
        segment=KEY.segment, kpi="abandonment_rate", window="15m", value=value, n=None, part=None,
        whole=None, unit="ratio", formula="all", threshold=0.08, clear=0.06, target=0.05,
        since_ms=None,
    )  # fmt: skip


class Tick(NamedTuple):
    """What a tick shows."""

    raised: Severity = NONE
    kept: Severity = NONE
    data: Data = "ok"
    open: bool = True
    value: float | None = None


CALM: Final = Tick()
"""Clear of everything."""
BAND: Final = Tick(kept=WARNING)
"""Between warning's raise and its clear."""
BAD: Final = Tick(WARNING, WARNING)
HIGH: Final = Tick(WARNING, CRITICAL)
"""Between critical's raise and its clear."""
WORST: Final = Tick(CRITICAL, CRITICAL)
FEW: Final = Tick(data="few")
MISSING: Final = Tick(data="missing")
STALE: Final = Tick(data="stale")
CLOSED: Final = Tick(WARNING, WARNING, open=False)


class Line:
    """One instance along its time; every event that ever happened, in order."""

    def __init__(self, timing: Timing = TIMING, every_ms: int = 10 * SECOND) -> None:
        self.timing, self.every_ms = timing, every_ms
        self.at_ms = self.clock_ms = 1_000_000_000_000
        self.instance: Instance | None = None
        self.events: list[Event] = []

    def tick(self, tick: Tick, after_ms: int | None = None) -> tuple[Event, ...]:
        """Steps once; Board time stands still while the feed is stale, and catches up after."""
        self.clock_ms += self.every_ms if after_ms is None else after_ms
        if tick.data != "stale":
            self.at_ms = self.clock_ms
        observation = Observation(
            data=tick.data, raised=tick.raised, kept=tick.kept, open=tick.open,
            facts=facts(tick.value),
        )  # fmt: skip
        self.instance, events = step(
            self.instance, observation, self.at_ms, self.clock_ms, self.timing, KEY
        )
        self.events += events
        return events

    def run(self, tick: Tick, for_ms: int) -> list[str]:
        """Steps for so long; returns what happened, `fire warning` and so on."""
        before = len(self.events)
        for _ in range(for_ms // self.every_ms):
            self.tick(tick)
        return told(self.events[before:])

    def act(self, what: Act) -> str:
        """Does what a person does; returns what happened."""
        self.instance, events = act(self.instance, what, self.clock_ms, self.timing, KEY)
        self.events += events
        return told(events)[0]

    @property
    def now(self) -> Instance:
        """The instance, which is there."""
        assert self.instance is not None
        return self.instance

    @property
    def condition(self) -> str:
        """The condition, `inactive` when there is nothing to remember."""
        return "inactive" if self.instance is None else self.instance.condition


def told(events: Iterable[Event]) -> list[str]:
    """Returns events in words."""
    return [f"{event.kind} {event.severity.name.lower()}" for event in events]


def reloaded(instance: Instance | None) -> Instance | None:
    """Returns an instance after a store."""
    return msgspec.json.decode(msgspec.json.encode(instance), type=Instance | None)


def firing(tick: Tick = BAD) -> Line:
    """Returns a line on which an alert has just fired."""
    line = Line()
    while line.condition != "firing":
        line.tick(tick)
    return line
