"""Whether what is said of who is told reaches anybody: addresses are asked before the night is.

Rule files that make sense may still lead nowhere: whoever is on call has no address, a duty is held
by nobody, an investigation belongs to a name that stands for no one. Each is said in a line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from alerting.core.models import SEVERITIES, Level
from alerting.core.routes import Route, Routing, is_channel
from alerting.core.rules import Rule
from alerting.core.shapes import Severity
from alerting.delivery import Addresses
from alerting.delivery.addresses import DUTY, MAIL, PAGE, PERSON
from alerting.investigating import VIA
from alerting.meaning_routes import routes_of

NO_FALLBACK: Final = "there is no fallback: who cannot be told is told by nobody else"


class Reach(NamedTuple):
    """What was found."""

    lines: tuple[str, ...]
    """A sentence for everybody who is meant and cannot be told; nothing secret."""
    lost: tuple[str, ...]
    """A sentence for each rule whose critical alerts reach nobody, although there are routes."""


def reach(
    rules: Iterable[Rule],
    routing: Routing,
    addresses: Addresses,
    complaint: Callable[[str], str] | None = None,
) -> Reach:
    """Returns who would not be told.

    Args:
        rules: All.
        routing: Who is told.
        addresses: Everybody's.
        complaint: Says what is wrong with a URL, where its variables are set; "" = nothing.
    """
    if not routing.routes:
        return Reach((), ())
    rules = [rule for rule in rules if rule.enabled]
    wrong = addresses.complaints(complaint, unset_too=False) if complaint else []
    lines = [
        *_unreached(rules, routing, addresses),
        *_nobody(rules, addresses),
        *([NO_FALLBACK] if routing.fallback is None else []),
        *wrong,
    ]
    return Reach(tuple(dict.fromkeys(lines)), tuple(_lost(rules, routing, addresses)))


def _unreached(rules: Iterable[Rule], routing: Routing, addresses: Addresses) -> Iterator[str]:
    """Yields everybody whom a route or a chain may tell, and who has no such address."""
    ways = {
        _ways(to, level): None
        for rule in rules
        for level, severity in SEVERITIES.items()
        if severity in rule.fors()
        for route in routes_of(routing, rule, level)
        for to in _everybody(routing, route)
    }
    for who, via in ways:
        yield from _without(who, via, addresses)


def _nobody(rules: Iterable[Rule], addresses: Addresses) -> Iterator[str]:
    """Yields who owns rules or investigations, and is nobody, or cannot be reminded."""
    owned: dict[str, list[str]] = {}
    for rule in rules:
        for name in dict.fromkeys((rule.owner, rule.action_plan.responsible)):
            owned.setdefault(name, []).append(rule.id)
    for name, ids in owned.items():
        kind = addresses.kind(name)
        if kind is None:
            others = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            yield (
                f"{name}, owner of {ids[0]}{others}: is no duty and no person of people.csv, so "
                "nobody is reminded of investigations"
            )
        else:
            yield from _without(f"{kind}{name}", VIA, addresses)


def _lost(rules: Iterable[Rule], routing: Routing, addresses: Addresses) -> Iterator[str]:
    """Yields rules whose critical alerts reach nobody."""
    reached: dict[str, bool] = {}
    for rule in rules:
        if Severity.CRITICAL not in rule.fors():
            continue
        routes = list(routes_of(routing, rule, "critical"))
        for route in routes:
            if route.id not in reached:
                reached[route.id] = _reaches(routing, route, addresses)
        if not any(reached[route.id] for route in routes):
            yield f"{rule.id}: critical reaches nobody at all"


def _reaches(routing: Routing, route: Route, addresses: Addresses) -> bool:
    """Returns whether a route reaches anybody with what is critical, be it by the fallback."""
    return routing.fallback is not None or any(
        is_channel(to) or any(addresses.there(p, via) for p in addresses.ever(to))
        for to, via in (_ways(one, "critical") for one in _everybody(routing, route))
    )


def _everybody(routing: Routing, route: Route) -> Iterator[str]:
    """Yields whom a route tells, step by step."""
    steps: Iterable[Mapping[str, list[str]]] = routing.steps(route)
    for step in steps:
        yield from step["notify"]


def _ways(to: str, level: Level) -> tuple[str, str]:
    """Returns who is meant, and how people are reached."""
    who, _, via = to.partition("/")
    return who, via or (PAGE if level == "critical" else MAIL)


def _without(who: str, via: str, addresses: Addresses) -> Iterator[str]:
    """Yields people who are meant and have no such address; or that there are no people."""
    if is_channel(who):
        return
    people = addresses.ever(who)
    if not people:
        yield f"{who}: nobody {'holds it' if who.startswith(DUTY) else 'is one'}"
    for person in people:
        if not addresses.there(person, via):
            named = "" if who.startswith(PERSON) else f"{who}: "
            yield f"{named}{person} has no address for {via} ([alerts.targets] of pouls.toml)"
