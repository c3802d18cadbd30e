"""What rules, machine and shells tell each other: observations, instances, events.

Two clocks. Board time (`at_ms`) says how far the numbers have come: it drives `for`,
`keep_firing_for`, `reopen_within` and `max_blind`, and stands still while the feed does. Redis TIME
(`clock_ms`) is for what people and machines do: acknowledgement timeouts, snoozes. Everything here
is frozen and goes through msgspec's JSON and back unchanged.
"""

import enum
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec


class Severity(enum.IntEnum):
    """How bad, in order: one instance has one severity, so warning and critical never compete."""

    NONE = 0
    WARNING = 1
    CRITICAL = 2


Data = Literal["ok", "few", "missing", "stale"]
"""What a tick had to judge by: few = the guard has too little, missing = the reading has no data,
stale = the feed stands still. That nobody waits is no lack of data: ok, with value `None`."""
Condition = Literal["inactive", "pending", "firing", "cooling", "resolved"]
NoData = Literal["keep", "resolve", "fire"]
EventKind = Literal[
    "fire", "escalate", "deescalate", "reopen", "resolve", "close",
    "ack", "unack", "ack_expired", "snooze", "note", "restated",
]  # fmt: skip


class Key(NamedTuple):
    """What an instance is one of: never its severity, never its value."""

    rule: str
    segment: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a message needs to know of one tick."""

    segment: str
    kpi: str
    window: str
    value: float | None
    """In `unit`."""
    n: int | None
    part: int | None
    whole: int | None
    unit: str
    formula: str
    threshold: float | None
    """Of the level raised, else of the level kept, else of the lowest."""
    clear: float | None
    """What will clear it."""
    target: float | None
    since_ms: int | None
    """Since when the longest wait lasts."""
    detail: Mapping[str, Any] = {}
    """What a condition adds: `{"expected": 41.2}`, `{"burn": 2.6, "short": "5m"}`, ..."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, one segment, one tick."""

    data: Data
    raised: Severity
    """The worst level whose raise condition holds, guard satisfied; NONE unless data is ok."""
    kept: Severity
    """The worst level whose clear condition does not hold yet: an alert at or below it stays.

    Never below `raised`; it means something only when data is ok.
    """
    open: bool
    """Whether the rule's calendar is open; `True` without one."""
    facts: Facts


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine needs of a rule, in ms, and nothing else."""

    for_ms: Mapping[Severity, int]
    """The rule's levels: how long each must be raised."""
    keep_firing_ms: int = 300_000
    """How long it must be clear."""
    reopen_within_ms: int = 600_000
    """Firing again so soon is the same episode."""
    max_blind_ms: int = 1_800_000
    """How long an alert stays without enough data to judge it."""
    evaluate_every_ms: int = 10_000
    """A gap of more than three of these is credited to nobody."""
    ack_timeout_ms: int = 0
    """After so long an acknowledgement lapses; 0 = never."""
    no_data: NoData = "keep"
    flap_episodes: int = 3
    """So many times firing ..."""
    flap_within_ms: int = 3_600_000
    """... within so long is flapping."""
    flap_backoff: float = 1.5
    """Each reopening multiplies `keep_firing_ms` by this ..."""
    flap_max_ms: int = 3_600_000
    """... up to this."""


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has taken an episode on."""

    by: str
    """Id of a person, never a name."""
    clock_ms: int
    severity: Severity
    """How bad it was then."""
    note: str = ""
    until_ms: int | None = None
    """When it lapses, by Redis TIME; `None` = never."""


class Snooze(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants to hear no more of an episode for a while."""

    by: str
    clock_ms: int
    until_ms: int
    note: str = ""


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One rule at one segment, while there is something to remember: inactive is no instance.

    Suppression, the fourth of an alert's parts, is what the shell adds.
    """

    # -- condition and severity
    condition: Condition
    severity: Severity = Severity.NONE
    """Now; of a resolved episode: when it ended."""
    data: Data = "ok"
    """What the last tick had to judge by."""
    facts: Facts
    """Of the last tick that was not stale."""

    # -- the episode: "" and `None` before the first
    episode: str = ""
    started_at_ms: int | None = None
    """Board time when the breach began."""
    fired_at_ms: int | None = None
    """Board time of `fire`, and of each `reopen` after it."""
    fired_clock_ms: int | None = None
    resolved_at_ms: int | None = None
    """Board time of the end; `None` while it lasts."""
    resolved_clock_ms: int | None = None
    reason: str = ""
    """Why it ended."""
    worst: Severity = Severity.NONE
    n_reopen: int = 0
    starts: tuple[int, ...] = ()
    """Board times at which it fired of late, over episodes: as many as flapping takes."""

    # -- timers
    seen_at_ms: int
    """Board time of the last tick that was not stale."""
    ran_ms: int = 0
    """Credited Board time: what the marks below are read on."""
    breach_at_ms: int | None = None
    """Board time since when something is raised."""
    raised_since: tuple[tuple[Severity, int], ...] = ()
    """Levels raised → mark of `ran_ms`."""
    clear_since: tuple[tuple[Severity, int], ...] = ()
    """Levels clear → mark of `ran_ms`."""
    blind_ms: int | None = None
    """Credited Board time without enough data; `None` = there is enough."""

    # -- what people did in this episode
    ack: Ack | None = None
    snooze: Snooze | None = None
    seen: bool = False
    """Whether anybody ever acknowledged it: a resolved episode that nobody saw stays in view."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to an instance."""

    kind: EventKind
    key: Key
    episode: str
    severity: Severity
    at_ms: int
    """Board time."""
    clock_ms: int
    """Redis TIME."""
    reason: str
    """breach, worse, better, clear, calendar, insufficient_data, no_data, timeout; of what people
    do: person, over = of what had ended, again = an ack of what somebody had taken on already."""
    facts: Facts
    hold_ms: int = 0
    """How long it must be clear to end, longer with each reopening; 0 = it is over, or the event
    was stored by an older release."""
    by: str = ""
    """Id of the person who did it."""
    note: str = ""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What a person does to an episode."""

    kind: Literal["ack", "unack", "snooze", "note", "resolve"]
    episode: str
    by: str
    note: str = ""
    until_ms: int | None = None
    """Of a snooze, by Redis TIME."""
