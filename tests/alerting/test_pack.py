"""The rules that come with Pouls do what their scenarios say."""

from pathlib import Path

import yaml

from alerting.meaning import Context
from alerting.rulefile import PACK, load_rules
from alerting.scenario import run

SCENARIOS = PACK.parent / "scenarios"


def test_every_shipped_rule_has_scenarios_and_passes_them() -> None:
    """One file a rule, called like it."""
    rules = load_rules([PACK], Context(), {}).rules
    lines: list[str] = []

    def rules_of(path: Path) -> list[object]:
        return list(load_rules([path], Context(), {}).rules)

    passed = run([SCENARIOS], lines.append, rules_of)  # type: ignore[arg-type]
    assert passed, "\n".join(lines)
    assert {path.stem for path in SCENARIOS.glob("*.yaml")} == {rule.id for rule in rules}


def test_every_shipped_rule_is_tried_for_firing_and_for_keeping_quiet() -> None:
    """A rule that never fires passes every scenario in which nothing happens."""
    for path in SCENARIOS.glob("*.yaml"):
        expected = [bool(s["expect"]) for s in yaml.safe_load_all(path.read_text("utf-8"))]
        assert set(expected) == {True, False}, path.name
