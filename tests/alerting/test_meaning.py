"""Rules that make no sense, each with the sentence that says so."""

from typing import Any

import pytest

from alerting.core.rules import RuleFile
from alerting.meaning import Context, mistakes
from streams.core.calendars import Calendar, Hours
from streams.core.policy import FoldPolicy, ReadingPolicy, Target
from tests.alerting.core.views import FILLED, level

DAY = Calendar(Hours(week=(((480, 1200),),) * 5 + ((), ())))
CONTEXT = Context(FoldPolicy(), ReadingPolicy(), {"day": DAY})
HIGH = {"warning": level("above", "8%", "6%")}
SHARE: dict[str, Any] = {"metric": "abandonment_rate", "levels": HIGH}
SLO = {"objective": "80%", "period": "12h"}
FAST = {"budget": "10%", "long": "30m", "short": "5m", "severity": "critical"}
BURN: dict[str, Any] = {"slo": SLO, "burn": [FAST]}
ALL: dict[str, Any] = {
    "all": [{"metric": "handle_time_mean", "above": "10m"}],
    "clear": {"any": [{"metric": "handle_time_mean", "below": "8m"}]},
    "levels": {"warning": {}},
}


def told(*rules: dict[str, Any], context: Context = CONTEXT, **file: object) -> list[str]:
    """Return what is wrong with a file of rules, PLACE: SENTENCE."""
    said = {"version": 1, **file, "rules": [{**FILLED, **rule} for rule in rules]}
    found = mistakes(RuleFile.model_validate(said), context)
    return [f"{'.'.join(map(str, m.path))}: {m.sentence}" for m in found]


@pytest.mark.parametrize(
    "rule",
    [
        SHARE,
        {**SHARE, "calendar": "day", "select": ["queue:*", "site", "channel:voice"]},
        {**BURN, "calendar": "day", "slo": {"objective": "80%"}},
        ALL,
        {"metric": "offered", "silence": {}, "levels": {"critical": {}}},
        {"stale": {"topic": "calls"}, "levels": {"critical": level("above", "30s", "15s")}},
        {
            "metric": "wait_longest",
            "vs": "target",
            "levels": {"warning": level("above", "0%", "-5%")},
        },
        {**SHARE, "select": ["agent:*"], "window": "2h"},
        {**SHARE, "for": "0s", "title": {"en": "{queue}: {value}", "fr": "{{}}"}},
    ],
)
def test_what_makes_sense_is_not_complained_of(rule: dict[str, Any]) -> None:
    """One rule of each kind."""
    assert told(rule) == []


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (
            {**SHARE, "metric": "abandon_rate"},
            "metric: 'abandon_rate': no KPI is called so; did you mean 'abandonment_rate'?",
        ),
        ({"levels": HIGH}, "metric is missing"),
        (
            {**SHARE, "change": {}, "silence": {}},
            "silence: a rule is of one kind, not change and silence",
        ),
        ({**SHARE, **BURN, "levels": {}}, "metric: a rule of kind burn has none"),
        ({"slo": SLO}, "slo and burn belong together"),
        (
            {**SHARE, "silence": {}, "levels": {"warning": {}}},
            "metric: silence is for a count; abandonment_rate is a share",
        ),
        (
            {"metric": "offered", "projection": {}, "levels": HIGH},
            "metric: projection is for a share; offered is a count",
        ),
        (
            {"metric": "offered", "change": {}, "vs": "target", "levels": HIGH},
            "vs: only a rule of one KPI",
        ),
        ({"metric": "offered", "vs": "target", "levels": HIGH}, "vs: offered has no target"),
        (
            {**SHARE, "select": ["language:*"]},
            "select.0: 'language:*': the settings do not book it; they book site, channel",
        ),
        ({**SHARE, "select": ["queue"]}, "select.0: segment 'queue'"),
        ({**SHARE, "calendar": "night"}, "calendar: no calendar is called so; there are day"),
        (
            {**SHARE, "title": {"en": "{qeue}", "fr": "-"}},
            "title.en: {qeue}: no place is called so; did you mean 'queue'?",
        ),
        ({**SHARE, "title": {"en": "-", "fr": "{value"}}, "title.fr: braces do not match"),
        ({**SHARE, "window": "1w"}, "window: window '1w' is not known"),
        ({**SHARE, "window": "live"}, "window: abandonment_rate is counted in a window"),
        (
            {**SHARE, "guard": {"windows": ["30m", "15m"]}},
            "guard.windows: the shortest comes first",
        ),
        (
            {**SHARE, "select": ["agent:*"], "window": "30m"},
            "window: 30m: nothing is kept of agent:* by 10 s",
        ),
        (
            {"metric": "waiting", "window": "30m", "levels": {"warning": level("above", 5, 3)}},
            "window: waiting is true now",
        ),
        ({"metric": "offered"}, "levels are missing"),
        (
            {**SHARE, "levels": {"warning": level("above", "8%", "8%")}},
            "levels.warning.clear: must lie on the safe side of raise",
        ),
        (
            {**SHARE, "levels": {"warning": level("below", "8%", "6%")}},
            "levels.warning.clear: must lie on the safe side of raise",
        ),
        (
            {**SHARE, "levels": {"warning": {"raise": {"above": "8%"}, "clear": {"above": "6%"}}}},
            "levels.warning.clear: must be on the other side",
        ),
        (
            {**SHARE, "levels": {"warning": {"raise": {"above": "8%"}}}},
            "levels.warning: clear is missing",
        ),
        (
            {**SHARE, "levels": {"warning": {"raise": {}, "clear": {"below": "6%"}}}},
            "levels.warning.raise: must be one of above and below",
        ),
        (
            {**SHARE, "levels": {"warning": level("above", 8, 6)}},
            "levels.warning.raise.above: must be a percentage such as 8%",
        ),
        (
            {"metric": "waiting", "levels": HIGH},
            "levels.warning.raise.above: must be a plain number",
        ),
        (
            {"metric": "wait_mean", "levels": HIGH},
            "levels.warning.raise.above: must be a duration such as 120s",
        ),
        (
            {"stale": {}, "levels": HIGH},
            "levels.warning.raise.above: must be a duration such as 30s",
        ),
        (
            {**SHARE, "levels": {**HIGH, "critical": level("above", "7%", "6%")}},
            "levels.critical.raise: critical lies inside warning",
        ),
        (
            {**SHARE, "levels": {**HIGH, "critical": level("above", "9%", "5%")}},
            "levels.critical.clear: critical would outlast warning",
        ),
        (
            {**SHARE, "levels": {**HIGH, "critical": level("below", "2%", "9%")}},
            "levels.critical.raise: warning is above, so must critical be",
        ),
        (
            {**ALL, "levels": {"warning": {}, "critical": {}}},
            "levels: a rule of kind all has one level",
        ),
        ({**ALL, "levels": HIGH}, "levels.warning.raise: a rule of kind all has no limits here"),
        ({**BURN, "levels": HIGH}, "levels: the severities of burn are its levels"),
        ({**SHARE, "for": "5s"}, "for: warning: 5s is shorter than evaluate_every, 10s"),
        (
            {"stale": {"topic": "call"}, "levels": {"warning": level("above", "9s", "5s")}},
            "stale.topic: no topic is called so; did you mean 'calls'?",
        ),
        (
            {"stale": {}, "select": ["site"], "levels": {"warning": level("above", "9s", "5s")}},
            "select: the feed has no segments",
        ),
        (
            {"metric": "offered", "silence": {"min_weeks": 5}, "levels": {"critical": {}}},
            "silence.min_weeks: more than weeks, 4",
        ),
        (
            {**SHARE, "clear": {"any": []}} | {"clear": ALL["clear"]},
            "clear: only a rule of kind all or any",
        ),
        ({**ALL, "clear": None}, "clear is missing: when is it over?"),
        (
            {**ALL, "clear": {**ALL["clear"], "all": ALL["all"]}},
            "clear: must be one of all and any",
        ),
        (
            {**ALL, "all": [{"metric": "fcr", "below": "70%"}]},
            "all.0.metric: 'fcr': no KPI is called so",
        ),
        (
            {**ALL, "all": [{"metric": "waiting", "below": "70%"}]},
            "all.0.below: must be a plain number",
        ),
        (
            {**ALL, "all": [{"metric": "waiting", "vs": "target", "above": "7%"}]},
            "all.0.vs: waiting has no target",
        ),
        (
            {**ALL, "all": [{"metric": "offered", "above": 7, "window": "1w"}]},
            "all.0.window: window '1w' is not known",
        ),
        (
            {**BURN, "slo": {**SLO, "kpi": "servicelevel"}},
            "slo.kpi: 'servicelevel': no KPI is called so",
        ),
        (
            {**BURN, "slo": {**SLO, "kpi": "offered"}},
            "slo.kpi: an objective is for a share; it is a count",
        ),
        ({**BURN, "slo": {"objective": "80%"}}, "slo.period: operating_day needs a calendar"),
        ({**BURN, "slo": {**SLO, "period": "day"}}, "slo.period: 'day' is no duration"),
        ({**BURN, "burn": [FAST, FAST]}, "burn.1.severity: critical stands twice"),
        ({**BURN, "burn": [{**FAST, "short": "30m"}]}, "burn.0.short: must be shorter than long"),
        ({**BURN, "burn": [{**FAST, "long": "half"}]}, "burn.0.long: window 'half' is not known"),
        (
            {"slo": {**SLO, "period": "720h"}, "burn": [{**FAST, "budget": "2%", "long": "2h"}]},
            "burn.0.budget: a burn of 7.2 is impossible",
        ),
        (
            {**BURN, "burn": [{**FAST, "budget": "4%"}]},
            "burn.0.budget: a burn of 1.0 is no trouble",
        ),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_told(rule: dict[str, Any], complaint: str) -> None:
    """With its place and a sentence."""
    found = [line.removeprefix("rules.0.").removeprefix("rules.0: ") for line in told(rule)]

    assert [line for line in found if line.startswith(complaint)], found


def test_a_target_of_the_settings_is_one() -> None:
    """The site's or a queue's."""
    rule = {"metric": "offered", "vs": "target", "levels": HIGH}
    site = ReadingPolicy(targets={"offered": Target(high=100)})
    queue = ReadingPolicy(queue_targets={"sav": {"offered": Target(high=100)}})

    assert told(rule, context=Context(reading=site)) == []
    assert told(rule, context=Context(reading=queue)) == []


def test_ids_stand_once() -> None:
    """Or one would hide the other."""
    assert told(SHARE, SHARE) == ["rules.1.id: 'rule' stands twice"]
