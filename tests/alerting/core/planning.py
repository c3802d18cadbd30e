"""A world of a few alerts, in which planners are tried: what happens, who is told, who knows."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from alerting.core.audit import audit
from alerting.core.machine import ActRefused, act, ongoing, step
from alerting.core.plan import Planned, Planner
from alerting.core.routes import Routing
from alerting.core.rules import Rule, RuleFile, routing
from alerting.core.shapes import Act, Event, Facts, Instance, Key, Observation, Severity
from alerting.core.telling import TOLD, Group, Matcher, Notice, Quiet
from tests.alerting.core.views import rule

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
BEGIN: Final = 1_800_000_000_000
NONE, WARNING, CRITICAL = Severity
BOTH: Final[Mapping[str, Any]] = {"warning": {}, "critical": {}}
RULES: Final[Mapping[str, Rule]] = {
    name: rule(id=name, levels=BOTH, for_="0s", keep_firing_for="10s", ack_timeout="3m",
               reopen_within="2m", flap={"within": "10m", "max": "1m"})
    for name in ("waits", "hangups", "feed")
}  # fmt: skip
KPIS: Final = {"waits": "wait_longest", "hangups": "abandonment_rate", "feed": "feed"}
OPEN: Final = frozenset({"fire", "worse", "reminder", "escalation"})
"""Kinds of notices that say that something fires."""


def key(name: str) -> Key:
    """Return the key of `waits queue:a`."""
    rule_id, _, segment = name.partition(" ")
    return Key(rule_id, segment or "site")


def said(**file: object) -> Routing:
    """Return what a rule file says of who is told."""
    return routing([RuleFile.model_validate({"version": 1, **file})])


def routes(*routes: dict[str, Any], **file: object) -> Routing:
    """Return what routes say."""
    return said(routes=list(routes), **file)


def facts(of: Key) -> Facts:
    """Return the facts of an alert."""
    return Facts(
        segment=of.segment, kpi=KPIS[of.rule], window="15m", value=0.2, n=40, part=8, whole=40,
        unit="ratio", formula="", threshold=0.1, clear=0.05, target=None, since_ms=None,
    )  # fmt: skip


def encoded(groups: Mapping[str, Group]) -> dict[str, Group]:
    """Return groups after a store."""
    return msgspec.json.decode(msgspec.json.encode(groups), type=dict[str, Group])


class World:
    """Alerts, groups and quiet times; what was told, and whom it reached."""

    def __init__(self, said: Routing, *, store: bool = False) -> None:
        self.routing, self.store = said, store
        self.planner = Planner(said, RULES)
        self.clock_ms = BEGIN
        self.raised: dict[Key, Severity] = {}
        self.instances: dict[Key, Instance] = {}
        self.groups: dict[str, Group] = {}
        self.quiet: dict[str, Quiet] = {}
        self.events: list[Event] = []
        """Since the planner was last called."""
        self.notices: list[Notice] = []
        self.before: dict[str, Group] = {}
        """The groups before the planner was last called."""
        self.knows: dict[tuple[str, str], str] = {}
        """Who was last told what of an episode: fire or resolve."""
        self.heard: list[tuple[str, str, str]] = []
        """Address, kind, episode: everything that anybody was told."""

    # -- what happens

    def at(self, name: str, severity: Severity) -> None:
        """Lets an alert be raised from the next tick on, or be clear."""
        self.raised[key(name)] = severity

    def pass_(self, ms: int) -> None:
        """Lets time pass: every instance is stepped."""
        self.clock_ms += ms
        for of in sorted({*self.raised, *self.instances}):
            severity = self.raised.get(of, NONE)
            observation = Observation(
                data="ok", raised=severity, kept=severity, open=True, facts=facts(of)
            )
            after, events = step(
                self.instances.get(of), observation, self.clock_ms, self.clock_ms,
                RULES[of.rule].timing(), of,
            )  # fmt: skip
            self._keep(of, after, events)

    def act(self, name: str, kind: Any, for_ms: int = MINUTE, by: str = "ana") -> bool:
        """Does what somebody does to an alert; returns whether it was possible."""
        of = key(name)
        instance = self.instances.get(of)
        what = Act(
            kind=kind, episode=instance.episode if instance else "", by=by, note="n",
            until_ms=self.clock_ms + for_ms,
        )  # fmt: skip
        try:
            after, events = act(instance, what, self.clock_ms, RULES[of.rule].timing(), of)
        except ActRefused:
            return False
        self._keep(of, after, events)
        return True

    def hush(self, name: str, for_ms: int, kind: Any = "silence", **match: Any) -> None:
        """Begins a silence."""
        self.quiet[name] = Quiet(
            id=name, kind=kind, match=Matcher(**match), from_ms=self.clock_ms,
            until_ms=self.clock_ms + for_ms, by="ana",
        )  # fmt: skip

    def reload(self, said: Routing) -> None:
        """Lets rule files say something else."""
        self.routing, self.planner = said, Planner(said, RULES)

    def _keep(self, of: Key, after: Instance | None, events: tuple[Event, ...]) -> None:
        self.events += events
        if after is None:
            self.instances.pop(of, None)
        else:
            self.instances[of] = after

    # -- what is told

    def planned(self, clock_ms: int | None = None) -> Planned:
        """Return what a planner makes of it all; nothing is kept."""
        groups = encoded(self.groups) if self.store else self.groups
        at_ms = self.clock_ms
        return self.planner.step(
            groups, tuple(self.events), self.instances, self.quiet, at_ms, clock_ms or at_ms
        )

    def plan(self) -> list[Notice]:
        """Call the planner, and deliver what it says."""
        planned = self.planned()
        self.events, self.before = [], dict(self.groups)
        for name, group in planned.groups.items():
            if group is None:
                self.groups.pop(name, None)
            else:
                self.groups[name] = group
        for name, one in planned.quiet.items():
            if one is None:
                del self.quiet[name]
            else:
                self.quiet[name] = one
        self.notices += planned.notices
        for notice in planned.notices:
            self._deliver(notice)
        return list(planned.notices)

    def run(self, for_ms: int, every_ms: int = 10 * SECOND) -> list[str]:
        """Let time pass and call the planner at each tick; return what was told, in words."""
        before = len(self.notices)
        for _ in range(for_ms // every_ms):
            self.pass_(every_ms)
            self.plan()
        return words(self.notices[before:])

    def suppressed(self, of: Key) -> tuple[str, ...]:
        """Return why nobody is told of an alert."""
        return self.planner.suppressed(
            of, self.instances[of], self.instances, self.quiet, self.clock_ms, self.clock_ms
        )

    def complaints(self) -> list[str]:
        """Return what the auditor says."""
        return audit(self.groups, self.instances, self.routing, self.clock_ms)

    def firing(self) -> dict[Key, Instance]:
        """Return what fires."""
        return {of: one for of, one in self.instances.items() if ongoing(one)}

    def _deliver(self, notice: Notice) -> None:
        """Tells everybody at once; of a resolve, those who know that it fires."""
        for item in notice.items:
            episode = item.episode
            known = [a for (e, a), what in self.knows.items() if (e, what) == (episode, "fire")]
            to = known if notice.to == (TOLD,) else [one.partition("/")[0] for one in notice.to]
            for address in to:
                self.heard.append((address, notice.kind, episode))
                if notice.kind in OPEN:
                    self.knows[episode, address] = "fire"
                elif notice.kind == "resolve":
                    self.knows[episode, address] = "resolve"


def words(notices: list[Notice]) -> list[str]:
    """Return notices in words: `fire duty:floor/page: waits queue:a critical`."""
    return [
        f"{n.kind} {' '.join(n.to)}: "
        + ", ".join(
            f"{i.key.rule} {i.key.segment} {i.severity.name.lower()}" for i in n.items
        )
        for n in notices
    ]  # fmt: skip


ROOM: Final = {"channels": {"room": "x"}}
FLOOR: Final = routes({"to": ["duty:floor"], "group_by": []})
CHAIN: Final = routes(
    {"match": {"severity": "critical"}, "chain": "up", "group_by": ["rule"]},
    {"to": ["channel:room"]},
    chains={
        "up": [
            {"notify": "duty:floor"},
            {"wait": "2m"},
            {"notify": ["duty:boss"], "via": "page"},
            {"wait": "3m"},
            {"notify": ["duty:head", "channel:room"]},
        ]
    },
    **ROOM,
)
SOME: Final = (
    FLOOR,
    CHAIN,
    routes(),
    routes({"to": ["channel:room"], "digest": "2m", "repeat": "10m"}, **ROOM),
    routes(
        {"match": {"severity": "critical"}, "to": ["duty:boss"], "continue": True},
        {"to": ["channel:room"], "digest": "2m", "repeat": "10m"},
        **ROOM,
    ),
    routes(
        {"match": {"severity": "critical"}, "to": ["duty:boss"], "continue": True},
        {"match": {"segment": ["queue:*"]}, "to": ["supervisor"], "group_interval": "1m",
         "repeat": "2m"},
        {"to": ["duty:floor"], "group_by": ["severity"], "group_wait": "0s"},
    ),
    routes(
        {"match": {"severity": "critical"}, "to": ["duty:floor"], "group_by": ["queue"]},
        inhibit=[{"if": {"rule": "feed"}, "mute": {}},
                 {"if": {"rule": "waits", "severity": "critical"},
                  "mute": {"rule": ["hangups"], "severity": "warning"}, "equal": ["queue"]}],
    ),
)  # fmt: skip
"""What rule files may say."""
ALERTS: Final = (
    "waits site", "waits queue:a", "waits queue:b", "hangups queue:a", "hangups queue:b",
    "feed site",
)  # fmt: skip
