"""What is told to whom, and when: events in, groups and notices out.

Theory of operation. Events of the machine are put into groups by the routes: alerts that are told
together. Groups live in `gathering`, reasons for silence in `quiet`; here is what concerns all of
them. `step` asks no clock and keeps nothing, so the same history gives the same notices with the
same ids, whoever runs it. It is called every tick, mostly with nothing to do.

Where an alert is told depends on how bad it is: getting worse or better moves it to the groups of
its new routes. Who was told before is told the end, for a resolve goes to everybody who was told
that it fires (`TOLD`), through whichever group. What fires and is in no group although a route
wants it, such as after routes were edited, is put into one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from alerting.core import machine
from alerting.core.announcing import announced
from alerting.core.audit import audit
from alerting.core.gathering import OVER, Gathering, Now, Pace
from alerting.core.models import LEVELS
from alerting.core.quiet import Ground, Suppression
from alerting.core.routes import SUPERVISOR, Route, Routing
from alerting.core.rules import Rule
from alerting.core.shapes import Event, Instance, Key, Severity
from alerting.core.telling import Group, Notice, Quiet
from streams.core import names
from streams.core.buckets import Zone

__all__ = ["Planned", "Planner", "audit"]

Labels = tuple[tuple[str, str], ...]
_PLACED: Final = frozenset({"fire", "reopen", "escalate", "deescalate"})
_TAKEN: Final = frozenset({"ack", "unack", "ack_expired"})
_UTC: Final = Zone("UTC")
_REMEMBERED: Final = 100_000


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What a step comes to: nothing, mostly."""

    groups: Mapping[str, Group | None] = {}
    """Those that changed; `None` = it has ended."""
    notices: tuple[Notice, ...] = ()
    """In the order in which they are told."""
    quiet: Mapping[str, Quiet | None] = {}
    """Those that changed: announced, or ended for long (`None`)."""


class _Target(msgspec.Struct, frozen=True):
    """A group that an alert belongs to."""

    id: str
    route: Route
    labels: Labels


class Planner:
    """Decides what is told, by one set of rule files."""

    def __init__(self, routing: Routing, rules: Mapping[str, Rule], zone: Zone = _UTC) -> None:
        """Takes in what rule files say.

        Args:
            routing: Who is told.
            rules: By id.
            zone: Of times in announcements.
        """
        self._routing, self._zone = routing, zone
        self._timings = {name: rule.timing() for name, rule in rules.items()}
        self._clocked = frozenset(name for name, rule in rules.items() if rule.on_clock)
        self._chains = {route.id: routing.steps(route) for route in routing.routes}
        self._paces = {route.id: Pace.of(route) for route in routing.routes}
        self._known: dict[tuple[Key, Severity], tuple[_Target, ...]] = {}

    def step(
        self,
        groups: Mapping[str, Group],
        events: Sequence[Event],
        instances: Mapping[Key, Instance],
        quiet: Mapping[str, Quiet],
        at_ms: int,
        clock_ms: int,
        *,
        mend: bool = False,
    ) -> Planned:
        """Returns what is told now, and what there is to remember.

        Args:
            groups: All that there are.
            events: What has happened since the step before.
            instances: All of them, after these events.
            quiet: Silences and maintenance.
            at_ms: Board time.
            clock_ms: Redis TIME.
            mend: Whether to look at every group as if something of it were due: after `audit`
                complained.
        """
        said, notices = announced(quiet, clock_ms, self._zone)
        if not groups and not events and not instances:
            return Planned(notices=notices, quiet=said)
        now = Now(
            clock_ms,
            instances,
            self.suppression(instances, quiet, at_ms, clock_ms),
            self.routed,
        )
        under_way = _UnderWay(self, groups, now)
        for event in events:
            under_way.take(event)
        under_way.adopt()
        under_way.look(everywhere=mend)
        changed, told = under_way.advanced()
        return Planned(groups=changed, notices=(*notices, *told), quiet=said)

    def suppressed(
        self,
        key: Key,
        instance: Instance,
        instances: Mapping[Key, Instance],
        quiet: Mapping[str, Quiet],
        at_ms: int,
        clock_ms: int,
    ) -> tuple[str, ...]:
        """Returns why nobody is told of an alert; empty = people are told.

        `silence:ID`, `maintenance:ID`, `inhibited:RULE|SEGMENT`, `snoozed`, `flapping`. Whoever
        asks for many takes `suppression` once.
        """
        return self.suppression(instances, quiet, at_ms, clock_ms).reasons(key, instance)

    def suppression(
        self,
        instances: Mapping[Key, Instance],
        quiet: Mapping[str, Quiet],
        at_ms: int,
        clock_ms: int,
    ) -> Suppression:
        """Returns what tells of every alert why nobody is told of it."""
        return Suppression(
            Ground(self._routing.inhibit, self._timings, self._clocked, self.routed),
            instances,
            quiet,
            at_ms=at_ms,
            clock_ms=clock_ms,
        )

    def due(self, group: Group) -> int | None:
        """Returns when a group has something to tell (Redis TIME); `None` = nothing is planned."""
        return _due(group)

    def routed(self, key: Key, severity: Severity) -> bool:
        """Returns whether anybody is told of an alert."""
        return bool(self.targets(key, severity))

    def targets(self, key: Key, severity: Severity) -> tuple[_Target, ...]:
        """Returns the groups that an alert belongs to."""
        asked = key, severity
        found = self._known.get(asked)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            routes = self._routing.of(key, severity)
            found = tuple(self._target(route, key, severity) for route in routes)
            self._known[asked] = found
        return found

    def begun(self, target: _Target, event: Event) -> Group:
        """Returns a group in which nothing is yet."""
        return Group(
            id=target.id,
            route=target.route.id,
            labels=target.labels,
            born_ms=event.clock_ms,
            chain=self._chains[target.route.id],
        )

    def fired(self, key: Key, instance: Instance) -> Event:
        """Returns the event that an alert in no group would have come with."""
        timing = self._timings.get(key.rule)
        return Event(
            kind="fire",
            key=key,
            episode=instance.episode,
            severity=instance.severity,
            at_ms=instance.fired_at_ms or instance.seen_at_ms,
            clock_ms=instance.fired_clock_ms or 0,
            reason="breach",
            facts=instance.facts,
            hold_ms=0 if timing is None else machine.keep_firing_ms(instance, timing),
        )

    def pace(self, group: Group) -> Pace:
        """Returns how fast a group is told."""
        return self._paces.get(group.route) or Pace.of(None)

    def _target(self, route: Route, key: Key, severity: Severity) -> _Target:
        private = any(
            to.startswith(SUPERVISOR) for step in self._chains[route.id] for to in step["notify"]
        )
        labels = tuple(_labels(route, key, severity, private=private))
        name = "|".join((route.id, *(f"{label}={names.encode(value)}" for label, value in labels)))
        return _Target(name, route, labels)


class _UnderWay:
    """All groups during one step: those that are looked at are drafted."""

    def __init__(self, planner: Planner, groups: Mapping[str, Group], now: Now) -> None:
        self._planner, self._groups, self._now = planner, groups, now
        self._drafts: dict[str, Gathering] = {}
        self._homes: dict[str, list[str]] = {}
        """Episode → its groups."""
        for name, group in groups.items():
            for episode in group.members:
                self._homes.setdefault(episode, []).append(name)

    def take(self, event: Event) -> None:
        """Puts an event where it belongs."""
        if event.kind in _PLACED:
            self._place(event)
        elif event.kind in OVER:
            for name in self._homes.get(event.episode, ()):
                self._draft(name).take(event)
        elif event.kind in _TAKEN:
            self._taken(event)

    def adopt(self) -> None:
        """Puts alerts that a route wants, and that are in no group, into one."""
        for key, instance in self._now.instances.items():
            if (
                machine.ongoing(instance)
                and instance.episode not in self._homes
                and self._planner.routed(key, instance.severity)
            ):
                self._place(self._planner.fired(key, instance))

    def look(self, *, everywhere: bool) -> None:
        """Drafts the groups in which something is due, or is muted otherwise than before."""
        for name, group in self._groups.items():
            if name not in self._drafts and (everywhere or self._has_news(group)):
                self._draft(name)

    def advanced(self) -> tuple[dict[str, Group | None], list[Notice]]:
        """Returns the groups that changed, and what is told."""
        changed: dict[str, Group | None] = {}
        notices: list[Notice] = []
        for name in sorted(self._drafts):
            draft = self._drafts[name]
            draft.advance()
            group = draft.group
            if group != self._groups.get(name):
                changed[name] = group
            notices += draft.notices
        return changed, notices

    def _place(self, event: Event) -> None:
        """Puts an alert into the groups that its severity of now asks for."""
        targets = self._planner.targets(event.key, event.severity)
        homes = self._homes.get(event.episode, [])
        members = [self._draft(name).members[event.episode] for name in homes]
        if not targets:
            for name in homes:
                self._draft(name).take(event)
            return
        wanted = [target.id for target in targets]
        for target in targets:
            self._draft(target.id, self._planner.begun(target, event)).take(event, members)
        for name in homes:
            if name not in wanted:
                self._draft(name).leave(event.episode)
        self._homes[event.episode] = wanted

    def _taken(self, event: Event) -> None:
        """Tells who knows of an alert that somebody took it on, or gave it up.

        That somebody else has it now is on walls and in the history, and wakes nobody.
        """
        homes = self._homes.get(event.episode, ())
        telling = event.reason not in {"over", "again"}
        for name in homes:
            draft = self._draft(name)
            member = draft.members[event.episode]
            told = not member.over and member.told is not Severity.NONE
            if telling and told and (event.kind == "ack" or not member.muted):
                draft.tell("ack" if event.kind == "ack" else "unack", event)
                telling = False  # it goes to everybody who was told, through one group

    def _has_news(self, group: Group) -> bool:
        due_ms = _due(group)
        if due_ms is not None and due_ms <= self._now.clock_ms:
            return True
        for episode, member in group.members.items():
            if member.over:
                continue
            instance = self._now.instance(episode, member)
            if instance is None or self._now.mutes(member, instance) != member.muted:
                return True
        return False

    def _draft(self, name: str, begun: Group | None = None) -> Gathering:
        draft = self._drafts.get(name)
        if draft is None:
            group = self._groups.get(name) or begun
            assert group is not None
            draft = self._drafts[name] = Gathering(group, self._planner.pace(group), self._now)
        return draft


def _due(group: Group) -> int | None:
    timers = (group.flush_ms, group.step_ms, group.repeat_ms)
    return min((ms for ms in timers if ms is not None), default=None)


def _labels(
    route: Route, key: Key, severity: Severity, *, private: bool
) -> Iterator[tuple[str, str]]:
    """Yields what alerts of one group have in common.

    What goes to supervisors is never gathered over segments: it is nobody else's business.
    """
    for name in route.group_by if route.digest is None else ():
        match name:
            case "rule":
                yield name, key.rule
            case "severity":
                yield name, LEVELS[severity]
            case _:
                yield name, names.value_of(key.segment, name) or ""
    if private:
        yield "segment", key.segment
