"""Proves of what is stored that nothing is forgotten: every open episode has a next step.

It shares no code with what sets the timers: it asks again, of each alert that fires, what must
happen next, and whether a timer says so. Whoever hears a complaint lets the planner look at every
group (`Planner.step(..., mend=True)`), which sets what is missing.
"""

from collections.abc import Iterable, Iterator, Mapping

from alerting.core import machine
from alerting.core.routes import Routing
from alerting.core.shapes import Instance, Key
from alerting.core.telling import Group, Member


def audit(
    groups: Mapping[str, Group],
    instances: Mapping[Key, Instance],
    routing: Routing,
    clock_ms: int,
) -> list[str]:
    """Returns a sentence for each alert and each group that has no next step.

    Args:
        groups: All, after a step of the planner.
        instances: All, after the same tick.
        routing: Who is told.
        clock_ms: Redis TIME of that step: what was due before it should have been told.
    """
    return [
        *_alerts(groups, instances, routing),
        *(s for name, group in sorted(groups.items()) for s in _group(name, group, clock_ms)),
    ]


def _alerts(
    groups: Mapping[str, Group], instances: Mapping[Key, Instance], routing: Routing
) -> Iterator[str]:
    """Yields alerts that nobody will hear of, and those that nobody will hear the end of."""
    homes: dict[str, list[tuple[Group, Member]]] = {}
    for group in groups.values():
        for episode, member in group.members.items():
            homes.setdefault(episode, []).append((group, member))
    firing = {key: one for key, one in instances.items() if machine.ongoing(one)}
    for key, instance in firing.items():
        found = homes.pop(instance.episode, [])
        if not found and routing.of(key, instance.severity):
            yield f"{instance.episode} fires and is in no group"
        if instance.ack is None:
            yield from _stuck(instance.episode, found)
    for episode, members in homes.items():
        for group in (group for group, member in members if not member.over):
            yield f"{episode} no longer fires; {group.id} does not know"


def _stuck(episode: str, homes: Iterable[tuple[Group, Member]]) -> Iterator[str]:
    """Yields that an alert that nobody has taken on has no next step in a group."""
    for group, member in homes:
        if missing := _missing(group, member):
            yield f"{episode} fires in {group.id}: {missing}"


def _missing(group: Group, member: Member) -> str | None:
    """Returns what has no time, of an alert that nobody has taken on; `None` = nothing."""
    if member.over:
        return "it counts as over there"
    if member.muted:
        return None  # it is told when what mutes it ends: that is looked at every tick
    if member.waiting:
        return "it waits to be told for ever" if group.flush_ms is None else None
    if group.step < len(group.chain):
        return "its chain stands still" if group.step_ms is None else None
    return "nobody will be reminded" if group.repeat_ms is None else None


def _group(name: str, group: Group, clock_ms: int) -> Iterator[str]:
    """Yields what a group has forgotten."""
    if not group.members:
        yield f"{name} has no members"
    if group.flush_ms is None and any(member.over for member in group.members.values()):
        yield f"{name}: nobody will be told the end"
    timers = {"telling": group.flush_ms, "its chain": group.step_ms, "reminding": group.repeat_ms}
    for what, due_ms in timers.items():
        if due_ms is not None and due_ms < clock_ms:
            yield f"{name}: {what} is {(clock_ms - due_ms) / 1000:.0f} s late"
