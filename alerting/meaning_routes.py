"""Whether what rule files say of who is told makes sense: all files together are one set.

What passes reaches somebody: every name stands for people or a room, no route is dead behind
another, no two alerts mute each other, and no number of a single agent goes to a room.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

from alerting.core.models import SEVERITIES, Level
from alerting.core.routes import Inhibit, Match, Route, Routing, Step, is_channel
from alerting.core.rules import Rule, RuleFile, routing
from alerting.meaning import Context, Mistake, dimensions
from alerting.places import Path
from streams.core import names
from streams.core.errors import BadName
from streams.settings.check import unknown

GROUPED: Final = ("rule", "severity", *names.DIMENSIONS)
"""What alerts can be grouped by."""
LEAST_MS: Final = 60_000
"""Nobody wants to hear the same more often."""
FEED: Final = names.SITE
"""The segment of a rule about the feed."""
Placed = tuple[int, Mistake]
"""A mistake in the file of this index."""


class _Set(NamedTuple):
    """All files."""

    files: Sequence[RuleFile]
    rules: Mapping[str, Rule]
    routing: Routing

    def each(self, of: Callable[[RuleFile], Iterable[Any]]) -> Iterator[tuple[int, int, Any]]:
        """Yields items of a list of each file: the file, the place in the list, the item."""
        for f, file in enumerate(self.files):
            for i, item in enumerate(of(file)):
                yield f, i, item


def mistakes(files: Sequence[RuleFile], context: Context) -> Iterator[Placed]:
    """Yields everything that makes no sense in who is told, with the index of its file."""
    rules = {rule.id: rule for file in files for rule in file.rules}
    whole = _Set(files, rules, routing(files))
    for f, file in enumerate(files):
        yield from ((f, mistake) for mistake in _names(file, whole, context))
        for name, steps in file.chains.items():
            yield from ((f, m) for m in _chain(steps, ("chains", name), whole.routing))
    yield from _twice(whole)
    for f, i, route in whole.each(lambda file: file.routes):
        yield from ((f, mistake) for mistake in _route(route, ("routes", i), whole))
    yield from _dead(whole)
    for f, i, one in whole.each(lambda file: file.inhibit):
        yield from ((f, mistake) for mistake in _inhibit(one, ("inhibit", i), whole))
    yield from _loops(whole)
    for f, i, rule in whole.each(lambda file: file.rules):
        yield from ((f, mistake) for mistake in _private(rule, ("rules", i), whole.routing))


def unheard(files: Sequence[RuleFile]) -> list[str]:
    """Returns a line for each rule of whose alerts nobody is told: they are on walls only."""
    said = routing(files)
    told = []
    for rule in (rule for file in files for rule in file.rules if rule.enabled):
        levels = [name for name, severity in SEVERITIES.items() if severity in rule.fors()]
        deaf = [name for name in levels if not all(_heard(said, rule, name))]
        if deaf:
            told.append(f"{rule.id}: no route tells anybody of {' and '.join(deaf)}")
    if len(told) > 1 and not said.routes:
        return ["there are no routes: alerts are shown on walls, and nobody is told"]
    return told


def routes_of(said: Routing, rule: Rule, level: Level) -> Iterator[Route]:
    """Yields the routes that alerts of a rule may take."""
    for pattern in _patterns(rule):
        yield from _possible(said, rule, level, pattern)


# -- names


def _names(file: RuleFile, whole: _Set, context: Context) -> Iterator[Mistake]:
    for name, schedule in file.schedules.items():
        if schedule.calendar is not None and schedule.calendar not in context.calendars:
            sentence = unknown(schedule.calendar, context.calendars, "calendar")
            yield Mistake(("schedules", name, "calendar"), sentence)
    for name, people in file.duties.items():
        yield from _duty(people, ("duties", name), context.people)
    if file.fallback is not None and not is_channel(file.fallback):
        yield Mistake(("fallback",), "must be a channel: it is told when people cannot be")
    elif file.fallback is not None:
        yield from _to(file.fallback, ("fallback",), whole.routing)


def _duty(people: Sequence[str], path: Path, known: frozenset[str] | None) -> Iterator[Mistake]:
    for i, person in enumerate(people):
        if known is not None and person not in known:
            sentence = unknown(person, sorted(known), "person of people.csv")
            yield Mistake((*path, i), sentence)
        if person in people[:i]:
            yield Mistake((*path, i), f"{person!r} stands twice")


def _twice(whole: _Set) -> Iterator[Placed]:
    """Yields names that stand in several files, or for several things."""
    kinds: list[tuple[str, Callable[[RuleFile], Mapping[str, object]]]] = [
        ("channels", lambda file: file.channels),
        ("chains", lambda file: file.chains),
        ("schedules", lambda file: file.schedules),
        ("duties", lambda file: file.duties),
    ]
    for kind, of in kinds:
        seen: set[str] = set()
        for f, file in enumerate(whole.files):
            for name in of(file):
                if name in seen:
                    yield f, Mistake((kind, name), f"{name!r} is in a file before, too")
                if kind == "duties" and name in whole.routing.schedules:
                    yield f, Mistake((kind, name), f"{name!r} has a rota under schedules, too")
            seen |= set(of(file))
    with_fallback = [f for f, file in enumerate(whole.files) if file.fallback is not None]
    for f in with_fallback[1:]:
        yield f, Mistake(("fallback",), "is in a file before, too")


def _to(to: str, path: Path, known: Routing) -> Iterator[Mistake]:
    kind, _, name = to.partition(":")
    if kind == "channel" and name not in known.channels:
        yield Mistake(path, unknown(name, known.channels, "channel"))
    if kind == "duty":
        held = {**known.schedules, **dict.fromkeys(known.duties)}
        if name not in held:
            sentence = unknown(name, held, "duty")
            yield Mistake(path, f"{sentence}; who holds it stands under schedules or duties")


def _rules(rules: Iterable[str] | None, path: Path, whole: _Set) -> Iterator[Mistake]:
    for i, rule in enumerate(rules or ()):
        if rule not in whole.rules:
            yield Mistake((*path, i), unknown(rule, whole.rules, "rule"))


# -- chains


def _chain(steps: Sequence[Step], path: Path, known: Routing) -> Iterator[Mistake]:
    for i, step in enumerate(steps):
        at = (*path, i)
        if (step.notify is None) == (step.wait is None):
            yield Mistake(at, "must be one of notify and wait")
        elif step.wait is not None:
            yield from _wait(step, at)
        else:
            several = isinstance(step.notify, list)
            for j, to in enumerate(
                [step.notify] if isinstance(step.notify, str) else step.notify or ()
            ):
                yield from _to(to, (*at, "notify", j) if several else (*at, "notify"), known)
    if steps[0].notify is None and steps[0].wait is not None:
        yield Mistake((*path, 0), "a chain begins with notify: group_wait is for waiting")
    elif steps[-1].notify is None and steps[-1].wait is not None:
        yield Mistake((*path, len(steps) - 1), "nobody is told after it: take it out")


def _wait(step: Step, path: Path) -> Iterator[Mistake]:
    if step.wait == 0:
        yield Mistake((*path, "wait"), "no time to take it on; leave it out to tell both at once")
    if step.via is not None:
        yield Mistake((*path, "via"), "belongs to notify")


# -- routes


def _route(route: Route, path: Path, whole: _Set) -> Iterator[Mistake]:
    if (route.to is None) == (route.chain is None):
        yield Mistake(path, "must have one of to and chain: who is told?")
    for i, to in enumerate(route.to or ()):
        yield from _to(to, (*path, "to", i), whole.routing)
    yield from _by_chain(route, path, whole.routing)
    yield from _rules(route.match.rule, (*path, "match", "rule"), whole)
    for i, pattern in enumerate(route.match.segment or ()):
        try:
            names.parse(pattern)
        except BadName as exc:
            yield Mistake((*path, "match", "segment", i), str(exc))
    yield from _grouped(route.group_by, (*path, "group_by"))
    yield from _pace(route, path)


def _by_chain(route: Route, path: Path, known: Routing) -> Iterator[Mistake]:
    if route.chain is None:
        return
    if route.chain not in known.chains:
        yield Mistake((*path, "chain"), unknown(route.chain, known.chains, "chain"))
    if route.via is not None:
        yield Mistake((*path, "via"), "the steps of the chain say it")
    if route.digest is not None:
        yield Mistake((*path, "digest"), "a chain is for what must not wait")


def _grouped(labels: Sequence[str], path: Path) -> Iterator[Mistake]:
    for i, name in enumerate(labels):
        if name not in GROUPED:
            yield Mistake((*path, i), unknown(name, GROUPED, "dimension"))
        elif name in labels[:i]:
            yield Mistake((*path, i), f"{name} stands twice")


def _pace(route: Route, path: Path) -> Iterator[Mistake]:
    if route.repeat < max(LEAST_MS, route.group_interval):
        least = "group_interval" if route.group_interval > LEAST_MS else "a minute"
        yield Mistake((*path, "repeat"), f"must be at least {least}")
    if route.group_wait > route.group_interval:
        yield Mistake((*path, "group_wait"), "must not be longer than group_interval")
    if route.digest is not None and route.digest < LEAST_MS:
        yield Mistake((*path, "digest"), "must be at least a minute")


def _dead(whole: _Set) -> Iterator[Placed]:
    """Yields routes that nothing can reach, for one before takes all that they are for."""
    before: list[Route] = []
    for f, i, route in whole.each(lambda file: file.routes):
        if any(_covers(earlier.match, route.match) for earlier in before):
            yield f, Mistake(("routes", i), "a route before takes all of it: see continue")
        if not route.continue_:
            before.append(route)


def _covers(one: Match, other: Match) -> bool:
    """Returns whether a match takes all that another does, as far as their words tell."""
    return (
        one.severity in (None, other.severity)
        and (one.rule is None or (other.rule is not None and set(other.rule) <= set(one.rule)))
        and (
            one.segment is None
            or (other.segment is not None and set(other.segment) <= set(one.segment))
        )
    )


# -- inhibition


def _inhibit(one: Inhibit, path: Path, whole: _Set) -> Iterator[Mistake]:
    if one.if_.rule not in whole.rules:
        yield Mistake((*path, "if", "rule"), unknown(one.if_.rule, whole.rules, "rule"))
    yield from _rules(one.mute.rule, (*path, "mute", "rule"), whole)
    if one.if_.rule in (one.mute.rule or ()):
        at = (one.mute.rule or []).index(one.if_.rule)
        yield Mistake((*path, "mute", "rule", at), "a rule does not mute itself")
    for i, dimension in enumerate(one.equal):
        if dimension not in names.DIMENSIONS:
            sentence = unknown(dimension, names.DIMENSIONS, "dimension")
            yield Mistake((*path, "equal", i), sentence)


def _loops(whole: _Set) -> Iterator[Placed]:
    """Yields entries by which alerts would mute each other, so that nobody heard of any."""
    mutes: dict[str, set[str]] = {}
    for f, i, one in whole.each(lambda file: file.inhibit):
        muted = set(one.mute.rule or whole.rules) - {one.if_.rule}
        mutes.setdefault(one.if_.rule, set()).update(muted)
        loop = next((rule for rule in sorted(muted) if one.if_.rule in _reach(mutes, rule)), None)
        if loop is not None:
            sentence = f"{one.if_.rule} and {loop} would mute each other, and nobody be told"
            yield f, Mistake(("inhibit", i), sentence)


def _reach(mutes: Mapping[str, set[str]], rule: str) -> set[str]:
    """Returns the rules that a rule mutes, itself or through others."""
    found: set[str] = set()
    todo = [rule]
    while todo:
        new = mutes.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


# -- what is private


def _private(rule: Rule, path: Path, said: Routing) -> Iterator[Mistake]:
    """Yields that numbers of one agent go to a room."""
    agents = [pattern for pattern in rule.select if "agent" in dimensions(pattern)]
    for name, pattern in product(SEVERITIES, agents):
        for route in _possible(said, rule, name, pattern):
            rooms = [to for to in _everybody(said, route) if is_channel(to)]
            if rooms:
                yield Mistake(
                    (*path, "select"),
                    f"numbers of a single agent go to people, not to {rooms[0]} ({name})",
                )
                return


def _everybody(said: Routing, route: Route) -> list[str]:
    """Returns everybody whom a route may tell."""
    chain = said.chains.get(route.chain or "", ())
    notified = [step.notify for step in chain]
    return [
        *(route.to or ()),
        *(to for one in notified for to in ([one] if isinstance(one, str) else one or ())),
    ]


def _possible(said: Routing, rule: Rule, level: Level, pattern: str) -> Iterator[Route]:
    """Yields the routes that an alert of a segment that a pattern means may take."""
    for route in said.routes:
        match = route.match
        if match.severity not in (None, level) or rule.id not in (match.rule or [rule.id]):
            continue
        asked = match.segment or [pattern]
        if any(_overlap(one, pattern) for one in asked):
            yield route
            if not route.continue_ and any(_overlap(one, pattern, whole=True) for one in asked):
                return


def _heard(said: Routing, rule: Rule, level: Level) -> Iterator[bool]:
    """Yields of each pattern of a rule whether somebody may be told."""
    for pattern in _patterns(rule):
        yield next(_possible(said, rule, level, pattern), None) is not None


def _patterns(rule: Rule) -> Sequence[str]:
    return [FEED] if rule.on_clock else rule.select


def _overlap(one: str, other: str, *, whole: bool = False) -> bool:
    """Returns whether some segment is meant by both patterns; `whole`: all that the other means."""
    parts, others = one.split("+"), other.split("+")
    return len(parts) == len(others) and all(
        a == b or _meet(a.partition(":"), b.partition(":"), whole=whole)
        for a, b in zip(parts, others, strict=True)
    )


def _meet(one: tuple[str, ...], other: tuple[str, ...], *, whole: bool) -> bool:
    return one[0] == other[0] and (one[2] == "*" or (other[2] == "*" and not whole))
