"""Who is told: routes, chains, duties, inhibition; of all rule files one set, `Routing`.

A route says who hears of which alerts, and how they are gathered into groups. The first one that
matches an alert has it; with `continue` the next ones are looked at, too. Who is told stands in the
route itself (`to`) or in a chain, which goes on to others while nobody takes the alert on. Whether
names stand for anything is told by `alerting.meaning_routes`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import Field

from alerting.core.literals import Ms
from alerting.core.models import LEVELS, Level, Model, Name, Text
from alerting.core.shapes import Key, Severity
from streams.core import names

Via = Literal["page", "mail"]
To = Annotated[str, Field(pattern=r"^(supervisor|(duty|channel):[a-z][a-z0-9_]{0,63})$")]
"""`duty:NAME` (people), `supervisor` (of that team or agent), `channel:NAME` (all there)."""
SUPERVISOR: Final = "supervisor"
_ID_DIGITS: Final = 8


class Match(Model):
    """Which alerts a route is for; what is not said does not matter."""

    severity: Level | None = None
    rule: Annotated[list[Name], Field(min_length=1)] | None = None
    segment: Annotated[list[Text], Field(min_length=1)] | None = None
    """Patterns: `queue:*`, `channel:voice+queue:sav`; one of them must match."""

    def takes(self, key: Key, severity: Severity) -> bool:
        """Returns whether an alert is meant."""
        return (
            self.severity in (None, LEVELS.get(severity))
            and (self.rule is None or key.rule in self.rule)
            and (self.segment is None or any(names.matches(s, key.segment) for s in self.segment))
        )


class Route(Model):
    """Who is told of what, and when."""

    match: Match = Match()
    to: Annotated[list[To], Field(min_length=1)] | None = None
    """Who is told; or ..."""
    chain: Name | None = None
    """... a chain."""
    via: Via | None = None
    """How people are reached; `None` = by page of what is critical, by mail of the rest."""
    group_by: list[str] = Field(default=["rule"])
    """What alerts that are told together have in common: rule, severity, dimensions."""
    group_wait: Ms = 20_000
    """So long the first alert of a group waits for others, unless it is critical."""
    group_interval: Ms = 300_000
    """So long after something was told, what is new waits."""
    repeat: Ms = 3_600_000
    """So often it is told again while nobody takes it on."""
    digest: Ms | None = None
    """Everything of the route together, so often, and never at once."""
    continue_: bool = Field(default=False, alias="continue")

    @property
    def id(self) -> str:
        """What it says, as a short name: a route that is moved in its file stays the same."""
        said = self.model_dump_json(by_alias=True).encode()
        return hashlib.sha256(said).hexdigest()[:_ID_DIGITS]


class Step(Model):
    """A step of a chain: somebody is told, or time is given to take the alert on."""

    notify: To | Annotated[list[To], Field(min_length=1)] | None = None
    via: Via | None = None
    wait: Ms | None = None


class Schedule(Model):
    """Who holds a duty when."""

    ical: Text
    """An iCalendar file, beside the rule file."""
    overrides: Text | None = None
    """Another one, whose shifts go before those of the first."""
    calendar: Name | None = None
    """When somebody must be on call; `None` = always."""


class Source(Model):
    """What makes others quiet while it fires."""

    rule: Name
    severity: Level | None = None


class Muted(Model):
    """What is quiet meanwhile; what is not said does not matter."""

    rule: Annotated[list[Name], Field(min_length=1)] | None = None
    severity: Level | None = None


class Inhibit(Model):
    """While one alert fires, nobody is told of others: they are its consequence."""

    if_: Source = Field(alias="if")
    mute: Muted = Muted()
    equal: list[str] = Field(default=[])
    """Dimensions of whose values both must have the same."""


Compiled = tuple[Mapping[str, Any], ...]
"""A chain as groups keep it: `{"notify": [who], "after_ms": after the step before}`; who without
`/VIA` is reached as the severity asks for."""


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """What all rule files say of who is told."""

    routes: tuple[Route, ...] = ()
    """In the order of the files."""
    chains: Mapping[str, tuple[Step, ...]] = {}
    inhibit: tuple[Inhibit, ...] = ()
    channels: Mapping[str, str] = {}
    """Name → address, with its `${VARIABLE}`s as they stand there."""
    duties: Mapping[str, tuple[str, ...]] = {}
    """Who holds a duty at all times, as ids of people."""
    schedules: Mapping[str, Schedule] = {}
    """Who holds a duty when; files are beside the rule file that names them."""
    fallback: str | None = None
    """`channel:NAME`: told when an address has failed for good."""

    def of(self, key: Key, severity: Severity) -> tuple[Route, ...]:
        """Returns the routes that an alert takes, in order; none = nobody is told."""
        found = []
        for route in self.routes:
            if route.match.takes(key, severity):
                found.append(route)
                if not route.continue_:
                    break
        return tuple(found)

    def steps(self, route: Route) -> Compiled:
        """Returns whom a route tells, step by step: `to` is a chain of one."""
        if route.chain is None:
            return ({"notify": _reached(route.to or (), route.via), "after_ms": 0},)
        return compiled(self.chains[route.chain])


def compiled(chain: Iterable[Step]) -> Compiled:
    """Returns a chain as groups keep it: those who are told without a wait between are one step."""
    steps: list[dict[str, Any]] = []
    after_ms, apart = 0, True
    for step in chain:
        if step.wait is not None:
            after_ms, apart = after_ms + step.wait, True
            continue
        asked = [step.notify] if isinstance(step.notify, str) else step.notify or []
        who = _reached(asked, step.via)
        if apart:
            steps.append({"notify": who, "after_ms": after_ms})
        else:
            steps[-1]["notify"] += [to for to in who if to not in steps[-1]["notify"]]
        after_ms, apart = 0, False
    return tuple(steps)


def _reached(to: Iterable[str], via: Via | None) -> list[str]:
    """Returns people with the way to reach them, where it is said."""
    return [one if via is None or is_channel(one) else f"{one}/{via}" for one in to]


def is_channel(to: str) -> bool:
    """Returns whether somebody told is a room."""
    return to.startswith("channel:")
