"""What stands in a rule file: models, strict, with a JSON Schema for editors.

A rule measures something of each segment that it selects, and judges the measure by levels: one
instance with a severity inside, each level with a limit to raise and one to clear. What is measured
depends on the kind of rule (`KINDS`): a KPI, several of them, its change against earlier weeks,
arrivals that stay away, the age of the feed, the burn of an error budget, the best that an
interval can still become. Whether a file makes sense as a whole is told by `meaning`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from alerting.core.guards import Side
from alerting.core.literals import Amount, Limit, Ms, Part
from alerting.core.models import SEVERITIES, Level, Model, Name, Text
from alerting.core.routes import Inhibit, Route, Routing, Schedule, Step, To
from alerting.core.shapes import NoData, Severity, Timing

Kind = Literal[
    "threshold", "all", "any", "change", "silence", "stale", "burn", "projection"
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = (
    "all", "any", "change", "silence", "stale", "burn", "projection"
)  # fmt: skip
"""The kinds that a key of the rule names; a rule without any of these keys is a threshold."""
NAMES: Final = frozenset(
    {"segment", "kpi", "value", "n", "window", "threshold", "target", "rule", "severity"}
)
"""What a title may have places for, besides the segment's own dimensions."""
_RUNBOOK: Final = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[^\s<>\"]*)?")
_WITHIN: Final = re.compile(r"[1-9]\d*(bd|h|m)")


def _runbook(text: str) -> str:
    if not _RUNBOOK.fullmatch(text):
        raise ValueError(f"{text!r} is no https address")
    return text


def _within(text: str) -> str:
    if not _WITHIN.fullmatch(text):
        raise ValueError(f"{text!r} is no time to act in, such as 1bd (business day), 4h or 30m")
    return text


Runbook = Annotated[str, AfterValidator(_runbook)]
Within = Annotated[str, AfterValidator(_within)]


class Title(Model):
    """What a rule is called, with places for what it found: {queue}, {value}, {n}."""

    en: Text
    fr: Text


class Bound(Model):
    """One side of a limit."""

    above: Limit | None = None
    below: Limit | None = None

    @property
    def side(self) -> Side:
        """Which side it is about."""
        return "above" if self.above is not None else "below"

    @property
    def amount(self) -> Amount:
        """What it is compared with."""
        amount = self.above if self.above is not None else self.below
        assert amount is not None
        return amount


class LevelOf(Model):
    """One level."""

    raise_: Bound | None = Field(default=None, alias="raise")
    clear: Bound | None = None
    for_: Ms | None = Field(default=None, alias="for")


class Levels(Model):
    """The levels of a rule: at least one."""

    warning: LevelOf | None = None
    critical: LevelOf | None = None

    @property
    def of(self) -> dict[Severity, LevelOf]:
        """The levels that there are, worst first."""
        found = {severity: getattr(self, name) for name, severity in SEVERITIES.items()}
        return {severity: level for severity, level in found.items() if level is not None}


class Guard(Model):
    """What keeps small numbers from firing."""

    min_samples: Annotated[int, Field(ge=0)] = 10
    confidence: Annotated[float, Field(gt=0.5, lt=1)] | None = 0.95
    """`None` = the minimum alone."""
    windows: Annotated[list[str], Field(min_length=1)] = Field(default=["15m", "30m", "60m"])
    """The ladder: the shortest that has enough contacts is judged."""


def _guard(value: object) -> object:
    return {"min_samples": 0, "confidence": None} if value == "none" else value


AGuard = Annotated[Guard, BeforeValidator(_guard, json_schema_input_type=Guard | Literal["none"])]
"""A guard, or `none`."""


class Term(Bound):
    """One KPI of several."""

    metric: str
    vs: Literal["value", "target"] = "value"
    window: str | None = None
    guard: AGuard | None = None


class Terms(Model):
    """When a rule over several KPIs is clear."""

    all_: Annotated[list[Term], Field(min_length=1)] | None = Field(default=None, alias="all")
    any_: Annotated[list[Term], Field(min_length=1)] | None = Field(default=None, alias="any")


class Weeks(Model):
    """The same quarter hour of the same weekday in earlier weeks, their median."""

    weeks: Annotated[int, Field(ge=1, le=5)] = 4
    min_weeks: Annotated[int, Field(ge=1)] = 2
    """Of so many there must be data."""


class Change(Weeks):
    """The change against earlier weeks is what the levels judge: +50%, -40%."""

    min_baseline: Annotated[float, Field(ge=0)] = 20
    """Where less is expected, nothing is said."""


class Silence(Weeks):
    """Nobody comes, although somebody should: P(0 | expected) < alpha."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.001
    holidays: Literal["FR", "FR-alsace-moselle", "none"] | None = None
    """On whose holidays earlier weeks say nothing; `None` = those of the calendar, unless it says
    hours of holidays; without a calendar those of France where it is the zone of days."""


class Stale(Model):
    """The age of the feed in seconds is what the levels judge."""

    topic: str | None = None
    """`None` = the stalest of all."""


class Slo(Model):
    """An objective and the time over which its budget is meant."""

    kpi: str = "service_level"
    objective: Part
    period: str = "operating_day"
    """`operating_day` = the longest day of the rule's calendar, or a duration in open hours."""


class Burn(Model):
    """So much of the budget gone in the long window, and still going in the short one."""

    budget: Part
    long: str
    short: str
    severity: Level
    clear: Part = 0.75
    """Clear when the short window burns less than this part of what raises."""
    for_: Ms | None = Field(default=None, alias="for")


class Projection(Model):
    """The best that the running quarter hour can still become is what the levels judge."""

    rate_over: str = "30m"
    """Further arrivals are taken to come as they came in this window."""


class Flap(Model):
    """What counts as flapping, and how much longer an alert then stays."""

    episodes: Annotated[int, Field(ge=2)] = 3
    within: Ms = 3_600_000
    backoff: Annotated[float, Field(ge=1)] = 1.5
    max: Ms = 3_600_000


class Repeats(Model):
    """So many episodes in so many days."""

    times: Annotated[int, Field(ge=2)]
    in_: Ms = Field(alias="in")


class OpenWhen(Model):
    """When an investigation is opened by itself."""

    severity: Level | None = None
    or_lasts: Ms | None = None
    or_repeats: Repeats | None = None


class DoneWhen(Model):
    """When the measures taken count as effective."""

    metric_ok_for: Annotated[str, Field(pattern=r"^[1-9]\d* intervals?$")]


class ActionPlan(Model):
    """What follows an alert that is more than a moment."""

    template: Name
    responsible: Name
    """A duty."""
    investigate_within: Within = "1bd"
    plan_within: Within = "3bd"
    open_when: OpenWhen = OpenWhen(severity="critical")
    done_when: DoneWhen = DoneWhen(metric_ok_for="5 intervals")


class Common(Model):
    """What a rule may leave to the defaults of its file."""

    calendar: Name | None = None
    """When it counts; `None` = always."""
    guard: AGuard = Guard()
    for_: Ms = Field(default=120_000, alias="for")
    evaluate_every: Ms = 10_000
    keep_firing_for: Ms = 300_000
    reopen_within: Ms = 600_000
    max_blind: Ms = 1_800_000
    stale_after: Ms = 30_000
    """Readings that are older are not judged."""
    ack_timeout: Ms = 2_700_000
    no_data: NoData = "keep"
    flap: Flap = Flap()


class Defaults(Common):
    """What holds for every rule that does not say otherwise."""

    owner: Name | None = None
    action_plan: ActionPlan | None = None


def _from_defaults(schema: dict[str, Any]) -> None:
    """Says that a rule need not say what its file's defaults may say."""
    schema["required"] = [k for k in schema["required"] if k not in Defaults.model_fields]


class Rule(Common):
    """One rule."""

    model_config = ConfigDict(json_schema_extra=_from_defaults)

    id: Name
    title: Title
    select: Annotated[list[str], Field(min_length=1)] = Field(default=["queue:*"])
    """Patterns of segments."""
    enabled: bool = True
    owner: Name
    """A duty: who looks after the rule."""
    runbook: Runbook
    action_plan: ActionPlan
    metric: str | None = None
    """A KPI of the catalogue."""
    vs: Literal["value", "target"] = "value"
    """`target`: how far beyond its target it is, relative to it, is what the levels judge."""
    window: str | None = None
    """One window instead of the guard's ladder."""
    levels: Levels = Levels()
    all_: Annotated[list[Term], Field(min_length=1)] | None = Field(default=None, alias="all")
    any_: Annotated[list[Term], Field(min_length=1)] | None = Field(default=None, alias="any")
    clear: Terms | None = None
    change: Change | None = None
    silence: Silence | None = None
    stale: Stale | None = None
    slo: Slo | None = None
    burn: Annotated[list[Burn], Field(min_length=1)] | None = None
    projection: Projection | None = None

    @property
    def kinds(self) -> list[Kind]:
        """The kinds that its keys name; a rule that makes sense has one at most."""
        named: Mapping[Kind, object] = {"all": self.all_, "any": self.any_}
        return [k for k in KINDS if named.get(k, getattr(self, k, None)) is not None]

    @property
    def kind(self) -> Kind:
        """What it measures."""
        return next(iter(self.kinds), "threshold")

    @property
    def windows(self) -> list[str]:
        """The windows that it looks at, shortest first."""
        return self.guard.windows if self.window is None else [self.window]

    @property
    def on_clock(self) -> bool:
        """Whether its time is Redis TIME: of a dead feed Board time stands still."""
        return self.kind == "stale"

    def fors(self) -> dict[Severity, int]:
        """Returns its levels, worst first, and how long each must be raised, in ms."""
        if self.burn is None:
            return {s: self._for(level.for_) for s, level in self.levels.of.items()}
        found = {SEVERITIES[burn.severity]: self._for(burn.for_) for burn in self.burn}
        return dict(sorted(found.items(), reverse=True))

    def timing(self) -> Timing:
        """Returns what the state machine needs of it."""
        return Timing(
            for_ms=self.fors(),
            keep_firing_ms=self.keep_firing_for,
            reopen_within_ms=self.reopen_within,
            max_blind_ms=self.max_blind,
            evaluate_every_ms=self.evaluate_every,
            ack_timeout_ms=self.ack_timeout,
            no_data=self.no_data,
            flap_episodes=self.flap.episodes,
            flap_within_ms=self.flap.within,
            flap_backoff=self.flap.backoff,
            flap_max_ms=self.flap.max,
        )

    def _for(self, own: int | None) -> int:
        return self.for_ if own is None else own


class RuleFile(Model):
    """A rule file."""

    version: Literal[1]
    defaults: Defaults = Defaults()
    channels: dict[Name, Text] = Field(default={})
    """Name → address, which is a secret: the only place for `${VARIABLE}`."""
    fallback: To | None = None
    """A channel that is told when an address has failed for good."""
    duties: dict[Name, Annotated[list[Text], Field(min_length=1)]] = Field(default={})
    """Duty → ids of the people who hold it at all times."""
    schedules: dict[Name, Schedule] = Field(default={})
    """Duty → its rota."""
    chains: dict[Name, Annotated[list[Step], Field(min_length=1)]] = Field(default={})
    """Name → who is told one after the other, while nobody takes the alert on."""
    routes: list[Route] = Field(default=[])
    """Who is told of what: the first that matches."""
    inhibit: list[Inhibit] = Field(default=[])
    """What nobody is told of while something else fires."""
    rules: list[Rule] = Field(default=[])


def routing(files: Iterable[RuleFile]) -> Routing:
    """Returns what files say of who is told, as one set; of a name that stands twice the first."""
    said = list(files)

    def both(of: Callable[[RuleFile], Mapping[str, Any]]) -> dict[str, Any]:
        return {name: value for file in reversed(said) for name, value in of(file).items()}

    return Routing(
        routes=tuple(route for file in said for route in file.routes),
        chains={name: tuple(steps) for name, steps in both(lambda f: f.chains).items()},
        inhibit=tuple(one for file in said for one in file.inhibit),
        channels=both(lambda f: f.channels),
        duties={name: tuple(ids) for name, ids in both(lambda f: f.duties).items()},
        schedules=both(lambda f: f.schedules),
        fallback=next((file.fallback for file in said if file.fallback), None),
    )
