"""What there is to see and to tell in the fuzz: three rules, two queues, two routes, a rota."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from alerting import shown
from alerting.core.audit import audit
from alerting.core.investigations import Book, Overdue
from alerting.core.observe import FEED, Seen
from alerting.core.plan import Planner
from alerting.core.rules import Rule, RuleFile, routing
from alerting.core.shapes import Facts, Instance, Key, Observation, Severity
from alerting.core.telling import Group, Notice
from alerting.core.view import BoardView
from alerting.deciding import Parts
from tests.alerting.core.views import View, level, rule

NONE, WARNING, CRITICAL = Severity
SEGMENTS = ("queue:a", "queue:b")
_METRIC = {
    "metric": "abandonment_rate",
    "keep_firing_for": "10s",
    "reopen_within": "20s",
    "flap": {"episodes": 1000},
}
_LEVELS = {
    "warning": level("above", "8%", "6%", **{"for": "6s"}),
    "critical": level("above", "15%", "12%", **{"for": "4s"}),
}
RULES: dict[str, Rule] = {
    "first": rule(id="first", levels=_LEVELS, **_METRIC),
    "second": rule(id="second", levels=_LEVELS, ack_timeout="60s", **_METRIC),
    "dead": rule(
        id="dead",
        stale={},
        levels={"critical": level("above", "30s", "20s", **{"for": "6s"})},
        keep_firing_for="8s",
        flap={"episodes": 1000},
    ),
}
KEYS = [
    *(Key(name, segment) for name in ("first", "second") for segment in SEGMENTS),
    Key("dead", "site"),
]
FILE = RuleFile.model_validate(
    {
        "version": 1,
        "channels": {"floor": "json://127.0.0.1"},
        "duties": {"floor": ["ana"], "manager": ["max"]},
        "chains": {
            "up": [{"notify": "duty:floor"}, {"wait": "20s"}, {"notify": "duty:manager"}],
        },
        "routes": [
            {
                "match": {"severity": "critical"}, "chain": "up", "group_wait": "4s",
                "group_interval": "16s", "repeat": "60s", "continue": True,
            },
            {
                "to": ["duty:floor", "channel:floor"], "group_by": [],
                "group_wait": "6s", "group_interval": "20s", "repeat": "90s",
            },
        ],
        "rules": [],
    }
)  # fmt: skip
ROUTING = routing([FILE])
ROTA_MS = 120_000
"""So long somebody is on call: then the other one is."""


def addresses(to: str, clock_ms: int) -> list[str]:
    """Return who that is, at a time."""
    if to.startswith("channel:"):
        return [to]
    duty, _, via = to.partition("/")
    floor = ("ana", "bob")[clock_ms // ROTA_MS % 2]
    return [f"{'max' if duty == 'duty:manager' else floor}/{via}"]


class Scene(View):
    """Numbers that are as bad as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.raised: dict[Key, Severity] = dict.fromkeys(KEYS, NONE)

    def look(self, view: BoardView, watched: Iterable[Key], _: int) -> Iterator[Seen]:
        """Yield what is the matter, and what is watched."""
        assert view is self
        watched = set(watched)
        for key in KEYS:
            raised = self.raised[key]
            if raised or key in watched:
                yield Seen(RULES[key.rule], key, _observation(key, raised))


def _observation(key: Key, raised: Severity) -> Observation:
    kpi = FEED if RULES[key.rule].on_clock else "abandonment_rate"
    facts = Facts(
        segment=key.segment, kpi=kpi, window="15m", value=float(raised), n=None,
        part=None, whole=None, unit="ratio", formula="all", threshold=None, clear=None,
        target=None, since_ms=None,
    )  # fmt: skip
    return Observation(data="ok", raised=raised, kept=raised, open=True, facts=facts)


def auditor(
    groups: Mapping[str, Group], instances: Mapping[Key, Instance], clock_ms: int
) -> list[str]:
    """Return open episodes without a next step."""
    return audit(groups, instances, ROUTING, clock_ms)


def announce(overdue: Overdue, clock_ms: int) -> Notice:
    """Return a notice of an overdue step."""
    return Notice(
        id=overdue.record.id, group="", kind="announcement", to=("channel:floor",),
        clock_ms=clock_ms,
    )  # fmt: skip


def parts(scene: Scene) -> Parts:
    """Return all that decides."""
    return Parts(
        rules=RULES,
        look=scene.look,
        planner=Planner(ROUTING, RULES),
        audit=auditor,
        show=partial(shown.make, rules=RULES),
        book=Book(RULES, {}),
        announce=announce,
    )
