"""A slow reference of why nobody is told, as the words say it."""

from collections.abc import Iterator

from alerting.core.machine import flapping, keep_firing_ms
from alerting.core.quiet import means
from alerting.core.shapes import Key
from streams.core import names
from tests.alerting.core.planning import RULES, World


def reasons_of(world: World, of: Key) -> Iterator[str]:
    """Yields the reasons, asking every alert and every entry."""
    yield from persons(world, of, "quiet")
    source = next(iter((*muters(world, of), *above(world, of))), None)
    if source is not None:
        yield f"inhibited:{source.rule}|{source.segment}"
    yield from persons(world, of, "snooze")
    if flaps(world, of):
        yield "flapping"


def persons(world: World, of: Key, *kinds: str) -> Iterator[str]:
    """Yields what people have said of an alert itself, so nobody is told of it."""
    one, now = world.instances[of], world.clock_ms
    for quiet in sorted(world.quiet.values(), key=lambda q: q.id) if "quiet" in kinds else ():
        if quiet.from_ms <= now < quiet.until_ms and means(quiet.match, of, one.severity):
            yield f"{quiet.kind}:{quiet.id}"
    if "snooze" in kinds and one.snooze and one.snooze.until_ms > now:
        yield "snoozed"


def above(world: World, of: Key) -> list[Key]:
    """Returns the coarser alerts that are as bad, and of which people are being told."""
    return [
        source
        for source in sorted(world.firing())
        if coarser(world, source, of)
        and world.routing.of(source, world.instances[source].severity)
        and not list(persons(world, source, "quiet", "snooze"))
        and not flaps(world, source)
        and not any(muters(world, source))
    ]


def coarser(world: World, source: Key, of: Key) -> bool:
    """Returns whether an alert is on the same KPI, coarser, and as bad."""
    one, other = world.instances[source], world.instances[of]
    parts = [set(() if k.segment == "site" else k.segment.split("+")) for k in (source, of)]
    return (
        one.facts.kpi == other.facts.kpi and parts[0] < parts[1] and one.severity >= other.severity
    )


def flaps(world: World, of: Key) -> bool:
    """Returns whether an alert comes and goes too fast to be told."""
    one, timing = world.instances[of], RULES[of.rule].timing()
    short = world.clock_ms - (one.fired_at_ms or 0) < keep_firing_ms(one, timing)
    return short and flapping(one, world.clock_ms, timing)


def muters(world: World, of: Key) -> Iterator[Key]:
    """Yields the alerts that mute one by an entry of `inhibit`."""
    severity = world.instances[of].severity.name.lower()
    for entry in world.routing.inhibit:
        for source, one in world.firing().items():
            if (
                source.rule == entry.if_.rule != of.rule
                and entry.if_.severity in (None, one.severity.name.lower())
                and (entry.mute.rule is None or of.rule in entry.mute.rule)
                and entry.mute.severity in (None, severity)
                and all(
                    names.value_of(source.segment, d) == names.value_of(of.segment, d)
                    for d in entry.equal
                )
                and not flaps(world, source)
            ):
                yield source
