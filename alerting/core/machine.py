"""The state machine of one instance: one observation in, the next state and events out.

Theory of operation. `step` is told what one tick shows and returns what there is to remember and
what happened. It asks no clock and keeps nothing, so the same observations give the same events,
whoever runs them and however often the state went through a store.

Time is credited, not measured. An instance counts the Board time between two ticks only when both
could see (no stale feed, enough data) and lay at most three evaluations apart; `for`, the hold of
a clear and `max_blind` are read on that count. Who was away for an hour has not seen an hour of
breach, nor an hour of calm. Whether an alert reopens its episode is read on Board time itself:
after a long absence it had better be told anew.

Levels. Each level has its own `for`, and is left once its own clear has held for `keep_firing_for`,
longer with each reopening: a critical alert falls to warning when critical has been clear so long,
and resolves when every level has. Between raise and clear nothing changes.

                 breach              its `for` over
    (inactive) ─────────▶ pending ───────────────────▶ firing ◀──────┐ not clear
        ▲                    │                          │  ▲         │
        └────────────────────┘              all clear   ▼  │         │
         no breach, few data                          cooling ───────┘
        ▲                                                │
        └───── resolved ◀────────────────────────────────┘ held (or: calendar closed, blind)
                  │  breach lasted `for`, soon after the end: firing again, same episode
                  └──────────────▶ pending, which remembers the episode

A resolved episode is remembered while it may reopen, and until somebody has acknowledged it.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from alerting.core.shapes import (
    Ack,
    Act,
    Event,
    EventKind,
    Facts,
    Instance,
    Key,
    Observation,
    Severity,
    Snooze,
    Timing,
)
from streams.core.errors import PoulsError

Marks = tuple[tuple[Severity, int], ...]
Stepped = tuple[Instance | None, tuple[Event, ...]]

GAP: Final = 3
"""A gap of more evaluations than this is credited to nobody."""
_MAX_BACKOFFS: Final = 64
_ENDS: Final = frozenset({"resolve", "close"})
_NONE: Final = Severity.NONE
_replace = msgspec.structs.replace


class ActRefused(PoulsError):
    """Something that nobody can do to an alert now; the text says what they can."""


class _Tick(NamedTuple):
    """What is the same for the whole of a step."""

    key: Key
    at_ms: int
    clock_ms: int
    timing: Timing
    facts: Facts
    blank: bool
    """Whether the reading had no data."""

    def event(self, kind: EventKind, instance: Instance, reason: str) -> tuple[Event, ...]:
        """Returns the one thing that happened."""
        return (
            Event(
                kind=kind,
                key=self.key,
                episode=instance.episode,
                severity=instance.severity,
                at_ms=self.at_ms,
                clock_ms=self.clock_ms,
                reason="no_data" if self.blank and reason in {"breach", "clear"} else reason,
                facts=self.facts,
                hold_ms=0 if kind in _ENDS else keep_firing_ms(instance, self.timing),
            ),
        )


# -- what people ask of an instance


def ongoing(instance: Instance | None) -> bool:
    """Returns whether an alert is there: firing, or clear for too short a time."""
    return instance is not None and instance.condition in {"firing", "cooling"}


def snoozed(instance: Instance, clock_ms: int) -> bool:
    """Returns whether somebody asked for silence until later than now."""
    return instance.snooze is not None and clock_ms < instance.snooze.until_ms


def unseen(instance: Instance) -> bool:
    """Returns whether an episode is over and nobody ever acknowledged it."""
    return instance.resolved_at_ms is not None and not instance.seen


def flapping(instance: Instance, at_ms: int, timing: Timing) -> bool:
    """Returns whether it fired so often of late that people had better not be told each time."""
    late = [start for start in instance.starts if at_ms - start < timing.flap_within_ms]
    return len(late) >= max(1, timing.flap_episodes)


def keep_firing_ms(instance: Instance, timing: Timing) -> int:
    """Returns how long a level must be clear: each reopening makes it longer, up to a limit."""
    most = max(timing.keep_firing_ms, timing.flap_max_ms)
    factor = timing.flap_backoff ** min(instance.n_reopen, _MAX_BACKOFFS)
    return int(min(timing.keep_firing_ms * factor, most))


def forgettable(instance: Instance, at_ms: int, timing: Timing) -> bool:
    """Returns whether a resolved episode has nothing left to remember it for."""
    ended = instance.resolved_at_ms
    if ended is None or not instance.seen:
        return False
    lasts = [ended + timing.reopen_within_ms]
    lasts += [start + timing.flap_within_ms for start in instance.starts]
    return at_ms >= max(lasts)


# -- ticks


def step(
    instance: Instance | None,
    observation: Observation,
    at_ms: int,
    clock_ms: int,
    timing: Timing,
    key: Key,
) -> Stepped:
    """Returns the instance after a tick, `None` = nothing to remember, and what happened.

    An instance must be stepped at least every `evaluate_every_ms`; more often changes nothing.

    Args:
        instance: What the tick before returned.
        observation: What this one shows.
        at_ms: Board time. A rule about the feed itself is given Redis TIME here, too.
        clock_ms: Redis TIME.
        timing: The rule's.
        key: Whose instance it is.
    """
    missing = observation.data == "missing"
    tick = _Tick(key, at_ms, clock_ms, timing, observation.facts, missing)
    instance, expired = _expire(instance, tick)
    if observation.data == "stale":
        if instance is not None and instance.condition != "resolved":
            instance = _replace(instance, data="stale")
        return instance, expired
    if not observation.open:
        after, events = _shut(instance, tick)
    elif observation.data == "few" or (missing and timing.no_data == "keep"):
        after, events = _blind(instance, tick, few=not missing)
    else:
        raised, kept = _judged(instance, observation, timing)
        after, events = _see(instance, raised, kept, tick)
    if after is not None and after.condition != "resolved":
        after = _replace(after, data=observation.data, facts=observation.facts, seen_at_ms=at_ms)
    return after, expired + events


def end(instance: Instance | None, at_ms: int, clock_ms: int, key: Key, reason: str) -> Stepped:
    """Returns the instance after its rule or its segment has gone.

    Args:
        instance: The instance.
        at_ms: Board time.
        clock_ms: Redis TIME.
        key: Whose instance it is.
        reason: Why, `rule_deleted`, `rule_disabled`, `segment_retired`.
    """
    if instance is None or (not ongoing(instance) and not instance.episode):
        return None, ()
    tick = _Tick(key, at_ms, clock_ms, Timing(for_ms={}), instance.facts, blank=False)
    if not ongoing(instance):
        return _replace(instance, **_AT_REST), ()
    return _over(instance, "close", tick, reason)


def _expire(instance: Instance | None, tick: _Tick) -> Stepped:
    """Lets an acknowledgement lapse: people promise by the clock, whatever the feed does."""
    if instance is None or not ongoing(instance) or instance.ack is None:
        return instance, ()
    until = instance.ack.until_ms
    if until is None or tick.clock_ms < until:
        return instance, ()
    instance = _replace(instance, ack=None)
    return instance, tick.event("ack_expired", instance, "timeout")


def _shut(instance: Instance | None, tick: _Tick) -> Stepped:
    """The calendar is closed: nothing begins, and what is there ends without having recovered."""
    if instance is not None and ongoing(instance):
        return _over(instance, "close", tick, "calendar")
    return _rest(instance, tick), ()


def _blind(instance: Instance | None, tick: _Tick, *, few: bool) -> Stepped:
    """Too little to judge by: an alert stays, though not for ever.

    Few data are no breach, so nothing pending survives them; a reading without data says nothing,
    and what is pending waits.
    """
    if instance is None or instance.condition == "resolved":
        return _rest(instance, tick), ()
    pending = instance.condition == "pending"
    if pending and few:
        return _rest(instance, tick), ()
    blind = 0 if instance.blind_ms is None else instance.blind_ms + _credit(instance, tick)
    if blind < tick.timing.max_blind_ms:
        marks = () if few else instance.raised_since
        return _replace(instance, blind_ms=blind, raised_since=marks), ()
    if pending:
        return _rest(instance, tick), ()
    return _over(instance, "resolve", tick, "insufficient_data")


def _judged(
    instance: Instance | None, observation: Observation, timing: Timing
) -> tuple[Severity, Severity]:
    """Returns what is raised and what is kept: no data mean what the rule says they mean."""
    if observation.data == "ok":
        return observation.raised, max(observation.raised, observation.kept)
    if timing.no_data == "resolve" or not timing.for_ms:
        return _NONE, _NONE
    raised = min(timing.for_ms)
    return raised, max(raised, _NONE if instance is None else instance.severity)


def _see(instance: Instance | None, raised: Severity, kept: Severity, tick: _Tick) -> Stepped:
    """Judges by what there is to see."""
    timing = tick.timing
    levels = [level for level in sorted(timing.for_ms) if level <= raised]
    if not ongoing(instance) and not levels:
        return _rest(instance, tick), ()
    instance = _breach(instance, tick)
    if instance.blind_ms is None:
        instance = _replace(instance, ran_ms=instance.ran_ms + _credit(instance, tick))
    mine = {*timing.for_ms, instance.severity} - {_NONE}
    instance = _replace(
        instance,
        blind_ms=None,
        raised_since=_marks(instance.raised_since, levels, instance.ran_ms),
        clear_since=_marks(
            instance.clear_since, sorted(x for x in mine if x > kept), instance.ran_ms
        ),
    )
    lasted = [
        x for x, since in instance.raised_since if instance.ran_ms - since >= timing.for_ms[x]
    ]
    worst = max(lasted, default=_NONE)
    if instance.condition == "pending":
        return (instance, ()) if worst is _NONE else _fire(instance, worst, tick)
    if worst > instance.severity:
        instance = _replace(
            instance,
            condition="firing",
            severity=worst,
            worst=max(worst, instance.worst),
            ack=None,
            snooze=None,
        )
        return instance, tick.event("escalate", instance, "worse")
    return _ease(instance, mine, tick)


def _ease(instance: Instance, levels: Iterable[Severity], tick: _Tick) -> Stepped:
    """Leaves the levels whose clear has held for long enough."""
    hold = keep_firing_ms(instance, tick.timing)
    clear = dict(instance.clear_since)
    left = {x for x, since in clear.items() if instance.ran_ms - since >= hold}
    reached = [x for x in levels if x <= instance.severity]
    severity = max((x for x in reached if x not in left), default=_NONE)
    if severity is _NONE:
        return _over(instance, "resolve", tick, "clear")
    cooling = all(x in clear for x in reached)
    eased = _replace(instance, condition="cooling" if cooling else "firing", severity=severity)
    if severity == instance.severity:
        return eased, ()
    return eased, tick.event("deescalate", eased, "better")


def _breach(instance: Instance | None, tick: _Tick) -> Instance:
    """Returns the instance, pending if it was not there or at rest."""
    if instance is None:
        return Instance(
            condition="pending", facts=tick.facts, seen_at_ms=tick.at_ms, breach_at_ms=tick.at_ms
        )
    if instance.condition != "resolved":
        return instance
    return _replace(instance, condition="pending", seen_at_ms=tick.at_ms, breach_at_ms=tick.at_ms)


def _fire(instance: Instance, severity: Severity, tick: _Tick) -> Stepped:
    """Begins an episode, or the one before again if that ended a short while ago."""
    ended = instance.resolved_at_ms
    many = max(1, tick.timing.flap_episodes)
    instance = _replace(
        instance,
        condition="firing",
        severity=severity,
        fired_at_ms=tick.at_ms,
        fired_clock_ms=tick.clock_ms,
        resolved_at_ms=None,
        resolved_clock_ms=None,
        reason="",
        starts=(*instance.starts, tick.at_ms)[-many:],
    )
    if ended is not None and tick.at_ms - ended < tick.timing.reopen_within_ms:
        instance = _replace(
            instance,
            n_reopen=instance.n_reopen + 1,
            worst=max(severity, instance.worst),
            ack=_stands(instance.ack, severity),
        )
        return instance, tick.event("reopen", instance, "breach")
    start = tick.at_ms if instance.breach_at_ms is None else instance.breach_at_ms
    if instance.started_at_ms is not None:
        start = max(start, instance.started_at_ms + 1)
    instance = _replace(
        instance,
        episode=f"{tick.key.rule}|{tick.key.segment}|{start}",
        started_at_ms=start,
        worst=severity,
        n_reopen=0,
        ack=None,
        snooze=None,
        seen=False,
    )
    return instance, tick.event("fire", instance, "breach")


def _stands(ack: Ack | None, severity: Severity) -> Ack | None:
    """Returns an acknowledgement if it was of something as bad, and not of the end."""
    return None if ack is None or ack.severity < severity else ack


_AT_REST: Final = {
    "condition": "resolved",
    "severity": _NONE,
    "data": "ok",
    "ran_ms": 0,
    "breach_at_ms": None,
    "raised_since": (),
    "clear_since": (),
    "blind_ms": None,
}


def _over(instance: Instance, kind: EventKind, tick: _Tick, reason: str) -> Stepped:
    """Ends an episode; what happened is told with the severity that it had."""
    events = tick.event(kind, instance, reason)
    instance = _replace(
        instance,
        **_AT_REST,
        facts=tick.facts,
        seen_at_ms=tick.at_ms,
        resolved_at_ms=tick.at_ms,
        resolved_clock_ms=tick.clock_ms,
        reason=events[0].reason,
    )
    return instance, events


def _rest(instance: Instance | None, tick: _Tick) -> Instance | None:
    """Returns what is left to remember where nothing is raised."""
    if instance is None or not instance.episode:
        return None
    if forgettable(instance, tick.at_ms, tick.timing):
        return None
    return instance if instance.condition == "resolved" else _replace(instance, **_AT_REST)


def _credit(instance: Instance, tick: _Tick) -> int:
    """Returns how much of the Board time since the last tick counts."""
    gap = tick.at_ms - instance.seen_at_ms
    if instance.data == "stale" or not 0 < gap <= GAP * tick.timing.evaluate_every_ms:
        return 0
    return gap


def _marks(marks: Marks, levels: Iterable[Severity], now: int) -> Marks:
    """Returns since when each of the levels holds: what does not hold is forgotten at once."""
    since = dict(marks)
    return tuple((level, since.get(level, now)) for level in levels)


# -- what people do


def act(
    instance: Instance | None, what: Act, clock_ms: int, timing: Timing, key: Key
) -> tuple[Instance, tuple[Event, ...]]:
    """Returns the instance after what somebody did to it, and what there is to tell.

    Acknowledging what is over is noted, and reopens nothing. Whoever acknowledges what somebody has
    takes it over; who has it already and says nothing new has it for longer, and that is no event.

    Raises:
        ActRefused: there is nothing to do it to, or it is a decision that nobody can take.
    """
    if instance is None or not instance.episode or instance.episode != what.episode:
        raise ActRefused(f"episode {what.episode!r} is no longer there: another may have begun")
    changed = _changed(instance, what, clock_ms, timing)
    had = instance.ack if what.kind == "ack" else None
    if had is not None and not _says_more(had, what):
        return changed, ()
    reason = "person" if had is None else "again"
    event = Event(
        kind=what.kind,
        key=key,
        episode=instance.episode,
        severity=instance.severity,
        at_ms=instance.seen_at_ms,
        clock_ms=clock_ms,
        reason=reason if ongoing(instance) else "over",
        facts=instance.facts,
        hold_ms=keep_firing_ms(instance, timing) if ongoing(instance) else 0,
        by=what.by,
        note=what.note,
    )
    return changed, (event,)


def _changed(instance: Instance, what: Act, clock_ms: int, timing: Timing) -> Instance:
    """Returns what an act makes of an instance."""
    match what.kind:
        case "ack":
            return _replace(instance, seen=True, ack=_ack(instance, what, clock_ms, timing))
        case "unack":
            if instance.ack is None or not ongoing(instance):
                raise ActRefused("nobody has acknowledged it")
            return _replace(instance, ack=None)
        case "snooze":
            return _replace(instance, snooze=_snooze(instance, what, clock_ms))
        case "note":
            if not what.note.strip():
                raise ActRefused("a note has no words")
            return instance
        case "resolve":
            raise ActRefused("it resolves by itself once it has been clear for long: snooze it")


def _says_more(had: Ack, what: Act) -> bool:
    """Returns whether an acknowledgement is somebody else's, or has another note."""
    return what.by != had.by or what.note.strip() not in {"", had.note.strip()}


def _ack(instance: Instance, what: Act, clock_ms: int, timing: Timing) -> Ack:
    """Returns an acknowledgement: of what is over it is of no severity, so no reopening has it.

    One without a note keeps the note that is there.
    """
    lapses = ongoing(instance) and timing.ack_timeout_ms > 0
    until_ms = clock_ms + timing.ack_timeout_ms if lapses else None
    had = instance.ack
    if had is not None and not _says_more(had, what):
        return _replace(had, until_ms=until_ms) if lapses else had
    return Ack(
        by=what.by,
        clock_ms=clock_ms,
        severity=instance.severity if ongoing(instance) else _NONE,
        note=what.note if what.note.strip() or had is None else had.note,
        until_ms=until_ms,
    )


def _snooze(instance: Instance, what: Act, clock_ms: int) -> Snooze:
    """Returns a snooze of an alert that is there."""
    if not ongoing(instance):
        raise ActRefused("it is over: there is nothing to snooze")
    if what.until_ms is None or what.until_ms <= clock_ms:
        raise ActRefused("a snooze ends later than now")
    return Snooze(by=what.by, clock_ms=clock_ms, until_ms=what.until_ms, note=what.note)
