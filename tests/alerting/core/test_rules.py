"""The models of rule files."""

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from alerting.core.rules import RuleFile
from alerting.core.shapes import Severity
from alerting.rulefile import PACK
from tests.alerting.core.views import level, rule


def test_a_rule_tells_the_machine_its_times() -> None:
    """A level's own `for` goes before the rule's; levels stand worst first."""
    warning = level("above", "8%", "6%", **{"for": "5m"})
    critical = level("above", "15%", "12%")
    found = rule(
        metric="abandonment_rate",
        for_="30s",
        keep_firing_for="7m",
        flap={"episodes": 4, "backoff": 2},
        levels={"warning": warning, "critical": critical},
    )
    timing = found.timing()

    assert list(timing.for_ms.items()) == [(Severity.CRITICAL, 30_000), (Severity.WARNING, 300_000)]
    assert timing.keep_firing_ms == 420_000
    assert timing.no_data == "keep"
    assert timing.flap_episodes == 4
    assert timing.flap_backoff == 2.0


def test_the_levels_of_a_burn_are_its_severities() -> None:
    """They are told worst first, whatever the order of the file."""
    slow = {"budget": "25%", "long": "2h", "short": "15m", "severity": "warning", "for": "5m"}
    fast = {"budget": "10%", "long": "30m", "short": "5m", "severity": "critical"}
    found = rule(slo={"objective": "80%", "period": "12h"}, burn=[slow, fast])

    assert found.kind == "burn"
    assert list(found.fors().items()) == [(Severity.CRITICAL, 120_000), (Severity.WARNING, 300_000)]


def test_a_rule_is_of_the_kind_that_its_keys_name() -> None:
    """Without such a key it is about a threshold; of a feed the clock is Redis'."""
    assert rule(metric="offered").kind == "threshold"
    assert rule(metric="offered", silence={}).kind == "silence"
    assert rule(stale={}, levels={}).on_clock
    assert rule(metric="offered", change={}, silence={}).kinds == ["change", "silence"]
    assert rule(any_=[{"metric": "waiting", "above": 3}]).kind == "any"


def test_one_window_stands_instead_of_the_ladder() -> None:
    """The guard's windows are for rules that name none."""
    assert rule(metric="offered").windows == ["15m", "30m", "60m"]
    assert rule(metric="offered", window="today").windows == ["today"]


def test_no_guard_is_said_in_a_word() -> None:
    """It asks for nothing."""
    guard = rule(metric="offered", guard="none").guard

    assert (guard.min_samples, guard.confidence) == (0, None)


@pytest.mark.parametrize(
    "said",
    [
        {"ide": "x"},
        {"runbook": "http://example.org"},
        {"runbook": "https://"},
        {"owner": "Ana R."},
        {"enabled": "yes"},
        {"select": []},
        {"guard": {"min_samples": -1}},
        {"guard": "some"},
        {"no_data": "ok"},
        {"action_plan": {"template": "a", "responsible": "b", "plan_within": "soon"}},
        {"levels": {"minor": {}}},
    ],
)
def test_what_a_rule_cannot_say_is_refused(said: dict[str, object]) -> None:
    """Unknown keys, wrong types, addresses that nobody could open."""
    with pytest.raises(ValidationError):
        rule(**said)


def test_the_schema_says_what_the_models_say() -> None:
    """The shipped pack is valid by it; a slip of the pen is not."""
    schema = RuleFile.model_json_schema()
    pack = yaml.safe_load(PACK.read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)

    assert list(validator.iter_errors(pack)) == []
    pack["rules"][0]["levle"] = {}
    assert any("levle" in error.message for error in validator.iter_errors(pack))
