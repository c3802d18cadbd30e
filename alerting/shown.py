"""What walls show of alerts: one document, made by the leader, kept in Redis, sent to everybody.

Pure: instances, groups, quiet times and rules in, the document out. Times are Unix seconds; of
people there are ids only. Whoever serves it leaves out what is private (`public`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal

import msgspec

from alerting.core import machine
from alerting.core.rules import Rule
from alerting.core.shapes import Instance, Key, Severity
from alerting.core.telling import Group, Matcher, Quiet, coming_next
from alerting.message import title
from streams.core.words import LANGUAGES

UNSEEN_MS: Final = 86_400_000
"""So long an alert that is over stays in view if nobody ever acknowledged it."""
Suppressed = Callable[[Key, Instance], tuple[str, ...]]
"""Why nobody is told of an alert: `silence:ID`, `maintenance:ID`, `inhibited:RULE|SEGMENT`,
`snoozed`, `flapping`; empty = people are told."""


class Acked(msgspec.Struct, frozen=True):
    """Who has taken an alert on."""

    by: str
    at: float
    note: str
    until: float | None


class Snoozed(msgspec.Struct, frozen=True):
    """Who wants to hear no more of it for a while."""

    by: str
    until: float


class Next(msgspec.Struct, frozen=True):
    """Who is told, and when, if nobody takes it on."""

    to: tuple[str, ...]
    at: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One alert."""

    episode: str
    rule: str
    segment: str
    severity: Literal["warning", "critical"]
    """Now; of what is over, the worst that it was."""
    state: Literal["firing", "cooling", "resolved"]
    data: str
    """ok, few, missing or stale: what the last look had to judge by."""
    since: float
    """When it fired, or fired again, by the clock."""
    started: float
    """When the breach began, in the numbers' own time."""
    ended: float | None
    reason: str
    """Why it ended."""
    title: dict[str, str]
    kpi: str
    window: str
    value: float | None
    n: int | None
    part: int | None
    whole: int | None
    unit: str
    threshold: float | None
    clear: float | None
    hold: float | None
    """How long it must be clear to end; `None` = it is over, or its rule has gone."""
    target: float | None
    formula: str
    owner: str
    runbook: str
    reopened: int
    acked: Acked | None
    snoozed: Snoozed | None
    suppressed: tuple[str, ...]
    next: Next | None


class QuietRow(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A silence or a maintenance that has not ended."""

    id: str
    kind: Literal["silence", "maintenance"]
    from_: float
    until: float
    by: str
    note: str
    match: Matcher


class Counts(msgspec.Struct, frozen=True):
    """Investigations that are not closed."""

    open: int = 0
    overdue: int = 0


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Everything."""

    as_of: float | None
    """How far the numbers had come when it was made; `None` = there is none yet."""
    time_scale: float
    """What every duration of the rules is multiplied by; 1 outside of demonstrations."""
    alerts: tuple[Row, ...]
    """What lasts before what is over; critical first, then the oldest."""
    quiet: tuple[QuietRow, ...]
    investigations: Counts
    leader: bool
    """Whether somebody watches. The leader says so; who serves it takes it back."""


NONE: Final = Counts()
NOTHING: Final = Shown(
    as_of=None, time_scale=1.0, alerts=(), quiet=(), investigations=NONE, leader=False
)
"""What is shown while nobody has ever watched."""

_decoder: msgspec.json.Decoder[Shown] = msgspec.json.Decoder(Shown)


def encode(shown: Shown) -> bytes:
    """Returns the document as JSON."""
    return msgspec.json.encode(shown)


def decode(value: bytes) -> Shown:
    """Returns the document of a JSON text.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(value)


def same(one: Shown | None, other: Shown) -> bool:
    """Returns whether two documents show the same, whenever they were made."""
    return one is not None and msgspec.structs.replace(one, as_of=other.as_of) == other


def public(shown: Shown) -> Shown:
    """Returns the document without what single agents do: that is for those who name them."""
    return msgspec.structs.replace(
        shown,
        alerts=tuple(row for row in shown.alerts if not is_private(row.segment)),
        quiet=tuple(row for row in shown.quiet if not agents_named(row.match)),
    )


def is_private(segment: str) -> bool:
    """Returns whether a segment is of a single agent."""
    return any(part.startswith("agent:") for part in segment.split("+"))


def agents_named(match: Matcher) -> list[str]:
    """Returns the segments of single agents that a matcher of a quiet time names."""
    return [segment for segment in match.segments if is_private(segment)]


def make(
    instances: Mapping[Key, Instance],
    groups: Mapping[str, Group],
    quiet: Mapping[str, Quiet],
    *,
    rules: Mapping[str, Rule],
    suppressed: Suppressed,
    at_ms: int | None,
    clock_ms: int,
    investigations: Counts = NONE,
    time_scale: float = 1.0,
    currency: str = "",
) -> Shown:
    """Returns what is shown.

    Args:
        instances: All that there are.
        groups: In which they are told.
        quiet: Silences and maintenance.
        rules: By id; an alert whose rule has gone is called by the rule's id.
        suppressed: Why nobody is told of it.
        at_ms: Board time.
        clock_ms: Redis TIME.
        investigations: How many are open, and overdue.
        time_scale: Of the settings.
        currency: Of KPIs that are money.
    """
    steps = _next(groups.values())
    rows = [
        _row(key, instance, rules.get(key.rule), suppressed(key, instance), steps, currency)
        for key, instance in instances.items()
        if _in_view(instance, clock_ms)
    ]
    return Shown(
        as_of=_s(at_ms),
        time_scale=time_scale,
        alerts=tuple(sorted(rows, key=_place)),
        quiet=tuple(
            quiet_row(one)
            for one in sorted(quiet.values(), key=lambda q: (q.until_ms, q.id))
            if one.until_ms > clock_ms
        ),
        investigations=investigations,
        leader=True,
    )


def quiet_row(quiet: Quiet) -> QuietRow:
    """Returns a quiet time as it is shown."""
    return QuietRow(
        id=quiet.id,
        kind=quiet.kind,
        from_=quiet.from_ms / 1000,
        until=quiet.until_ms / 1000,
        by=quiet.by,
        note=quiet.note,
        match=quiet.match,
    )


def _in_view(instance: Instance, clock_ms: int) -> bool:
    if machine.ongoing(instance):
        return True
    ended = instance.resolved_clock_ms
    return machine.unseen(instance) and ended is not None and clock_ms - ended < UNSEEN_MS


def _place(row: Row) -> tuple[bool, bool, float, str]:
    return row.state == "resolved", row.severity != "critical", row.since, row.episode


def _row(
    key: Key,
    instance: Instance,
    rule: Rule | None,
    suppressed: tuple[str, ...],
    steps: Mapping[str, Next],
    currency: str,
) -> Row:
    ongoing = machine.ongoing(instance)
    worst = instance.severity if ongoing else instance.worst
    ack, snooze, facts = instance.ack, instance.snooze, instance.facts
    return Row(
        episode=instance.episode,
        rule=key.rule,
        segment=key.segment,
        severity="critical" if worst == Severity.CRITICAL else "warning",
        state=_state(instance),
        data=instance.data,
        since=(instance.fired_clock_ms or 0) / 1000,
        started=(instance.started_at_ms or 0) / 1000,
        ended=None if ongoing else _s(instance.resolved_clock_ms),
        reason="" if ongoing else instance.reason,
        title={lang: title(rule, key.rule, facts, worst, lang, currency) for lang in LANGUAGES},
        kpi=facts.kpi,
        window=facts.window,
        value=facts.value,
        n=facts.n,
        part=facts.part,
        whole=facts.whole,
        unit=facts.unit,
        threshold=facts.threshold,
        clear=facts.clear,
        hold=_s(machine.keep_firing_ms(instance, rule.timing())) if rule and ongoing else None,
        target=facts.target,
        formula=facts.formula,
        owner=rule.owner if rule else "",
        runbook=rule.runbook if rule else "",
        reopened=instance.n_reopen,
        acked=Acked(ack.by, ack.clock_ms / 1000, ack.note, _s(ack.until_ms)) if ack else None,
        snoozed=Snoozed(snooze.by, snooze.until_ms / 1000) if snooze else None,
        suppressed=suppressed,
        next=steps.get(instance.episode) if ongoing and ack is None else None,
    )


def _state(instance: Instance) -> Literal["firing", "cooling", "resolved"]:
    match instance.condition:
        case "firing" | "cooling" as state:
            return state
        case _:  # pending again after an end that nobody saw is still that end
            return "resolved"


def _next(groups: Iterable[Group]) -> dict[str, Next]:
    """Returns who is told next, by episode: what comes first in all its groups."""
    found: dict[str, Next] = {}
    for group in groups:
        coming = coming_next(group)
        if coming is None:
            continue
        step = Next(coming.to, coming.at_ms / 1000)
        for episode, member in group.members.items():
            before = found.get(episode)
            if not member.over and (before is None or step.at < before.at):
                found[episode] = step
    return found


def _s(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
