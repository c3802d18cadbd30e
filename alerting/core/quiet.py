"""Why nobody is told of an alert: silences, maintenance, inhibition, snoozes, flapping.

The wall shows such an alert all the same, with the reasons. Three rules keep suppression from
hiding what must be known. A coarser alert mutes a finer one on the same KPI only if it is at least
as bad and somebody is being told of it: what people keep silent says nothing for others. What
explicit inhibition mutes does not mute in turn what would mute it. And what flaps is muted only
until it has fired for as long as it must be clear to end.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, combinations
from typing import Final, NamedTuple

from alerting.core import machine
from alerting.core.models import LEVELS, Level
from alerting.core.routes import Inhibit
from alerting.core.shapes import Instance, Key, Severity, Timing
from alerting.core.telling import Matcher, Quiet
from streams.core import names

Routed = Callable[[Key, Severity], bool]
"""Whether anybody is told of an alert."""
_REMEMBERED: Final = 50_000


def means(matcher: Matcher, key: Key, severity: Severity) -> bool:
    """Returns whether a matcher means an alert."""
    return (
        (not matcher.rules or key.rule in matcher.rules)
        and matcher.severity in (None, LEVELS.get(severity))
        and (
            not matcher.segments
            or any(names.matches(pattern, key.segment) for pattern in matcher.segments)
        )
    )


def under_way(quiet: Quiet, clock_ms: int) -> bool:
    """Returns whether a quiet time has begun and not ended."""
    return quiet.from_ms <= clock_ms < quiet.until_ms


def flaps(instance: Instance, at_ms: int, timing: Timing) -> bool:
    """Returns whether it comes and goes so fast that it had better not be told each time.

    Once it has fired for as long as it would have to be clear, it is no flapping but trouble.
    """
    if len(instance.starts) < timing.flap_episodes or instance.fired_at_ms is None:
        return False
    short = at_ms - instance.fired_at_ms < machine.keep_firing_ms(instance, timing)
    return short and machine.flapping(instance, at_ms, timing)


@lru_cache(_REMEMBERED)
def coarser(segment: str) -> tuple[str, ...]:
    """Returns the segments whose parts are some of this one's, coarsest first."""
    if segment == names.SITE:
        return ()
    parts = segment.split("+")
    some = (c for n in range(1, len(parts)) for c in combinations(parts, n))
    return (names.SITE, *("+".join(c) for c in some))


class Ground(NamedTuple):
    """What reasons follow from, whenever it is."""

    inhibit: tuple[Inhibit, ...]
    """What mutes what."""
    timings: Mapping[str, Timing]
    """Of rules, by id."""
    clocked: frozenset[str]
    """Rules whose Board time is Redis TIME."""
    routed: Routed


class Suppression:
    """Why nobody is told, at one instant."""

    def __init__(
        self,
        ground: Ground,
        instances: Mapping[Key, Instance],
        quiet: Mapping[str, Quiet],
        *,
        at_ms: int,
        clock_ms: int,
    ) -> None:
        """Looks at what there is.

        Args:
            ground: What rule files say.
            instances: All that there are.
            quiet: Silences and maintenance.
            at_ms: Board time.
            clock_ms: Redis TIME.
        """
        self._ground = ground
        self._at_ms, self._clock_ms = at_ms, clock_ms
        self._quiet = sorted(
            (one for one in quiet.values() if under_way(one, clock_ms)), key=lambda q: q.id
        )
        self._instances = instances
        self._places: dict[tuple[str, str], list[Key]] = {}
        by_rule: dict[str, list[Key]] = {}
        for key, instance in instances.items():
            if machine.ongoing(instance):
                self._places.setdefault((instance.facts.kpi, key.segment), []).append(key)
                by_rule.setdefault(key.rule, []).append(key)
        self._inhibit = [
            (one, sources) for one in ground.inhibit if (sources := self._sources(one, by_rule))
        ]

    def reasons(self, key: Key, instance: Instance) -> tuple[str, ...]:
        """Returns why nobody is told of an alert; empty = people are told."""
        return tuple(self._reasons(key, instance))

    def mutes(self, key: Key, instance: Instance) -> bool:
        """Returns whether there is any reason."""
        return next(self._reasons(key, instance), None) is not None

    def _reasons(self, key: Key, instance: Instance) -> Iterator[str]:
        yield from self._silences(key, instance)
        source = self._muter(key, instance) or self._parent(key, instance)
        if source is not None:
            yield f"inhibited:{source.rule}|{source.segment}"
        yield from self._pauses(key, instance)

    def _silences(self, key: Key, instance: Instance) -> Iterator[str]:
        for quiet in self._quiet:
            if means(quiet.match, key, instance.severity):
                yield f"{quiet.kind}:{quiet.id}"

    def _pauses(self, key: Key, instance: Instance) -> Iterator[str]:
        if machine.snoozed(instance, self._clock_ms):
            yield "snoozed"
        if self._flaps(key, instance):
            yield "flapping"

    def _sources(self, one: Inhibit, by_rule: Mapping[str, list[Key]]) -> list[Key]:
        """Returns the alerts that mute by an entry."""
        return [
            key
            for key in by_rule.get(one.if_.rule, ())
            if _is(one.if_.severity, self._instances[key])
            and not self._flaps(key, self._instances[key])
        ]

    def _muter(self, key: Key, instance: Instance) -> Key | None:
        """Returns the alert of another rule that mutes this one, as a rule file says."""
        for one, sources in self._inhibit:
            if (
                key.rule == one.if_.rule
                or (one.mute.rule is not None and key.rule not in one.mute.rule)
                or not _is(one.mute.severity, instance)
            ):
                continue
            for source in sources:
                if all(
                    names.value_of(source.segment, dimension)
                    == names.value_of(key.segment, dimension)
                    for dimension in one.equal
                ):
                    return source
        return None

    def _parent(self, key: Key, instance: Instance) -> Key | None:
        """Returns a coarser alert on the same KPI that is as bad, and told to somebody.

        One that is muted by a still coarser one need not be left out: that one mutes this, too.
        """
        kpi = instance.facts.kpi
        for segment in coarser(key.segment):
            for source in self._places.get((kpi, segment), ()):
                above = self._instances[source]
                if (
                    above.severity >= instance.severity
                    and self._ground.routed(source, above.severity)
                    and self._heard(source, above)
                ):
                    return source
        return None

    def _heard(self, key: Key, instance: Instance) -> bool:
        """Returns whether people hear of an alert, unless a coarser one says it."""
        reasons = chain(self._silences(key, instance), self._pauses(key, instance))
        return next(reasons, None) is None and self._muter(key, instance) is None

    def _flaps(self, key: Key, instance: Instance) -> bool:
        timing = self._ground.timings.get(key.rule)
        at_ms = self._clock_ms if key.rule in self._ground.clocked else self._at_ms
        return timing is not None and flaps(instance, at_ms, timing)


def _is(level: Level | None, instance: Instance) -> bool:
    return level is None or LEVELS.get(instance.severity) == level
