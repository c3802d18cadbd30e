"""The rules that come with Pouls do what their scenarios say."""

import json
import re
from pathlib import Path

import yaml

from alerting.meaning import Context
from alerting.rulefile import PACK, load_rules
from alerting.scenario import run
from streams.core.calendars import ALWAYS, Calendar

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


PAGE = (Path(__file__).parents[2] / "docs/alerts.md").read_text("utf-8")
EXAMPLES = Path(__file__).parents[2] / "docs/examples"


def test_the_example_of_the_docs_is_right(tmp_path: Path) -> None:
    """What people copy first."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    file = tmp_path / "rules.yaml"
    file.write_text(text, "utf-8")
    context = Context(calendars={"voice": Calendar(ALWAYS)})
    (rule,) = load_rules([file], context, {"ROOM_URL": "https://example.org"}).rules

    assert rule.calendar == "voice"


def test_the_naive_rules_of_the_docs_are_those_of_the_pack() -> None:
    """The ones that they are compared with."""
    naive = load_rules([EXAMPLES / "alerts-naive.yaml"], Context(), {}).rules
    shipped = load_rules([PACK], Context(), {}).rules

    assert {rule.id for rule in naive} < {rule.id for rule in shipped}


def test_what_alerts_cost_is_what_was_measured() -> None:
    """The figures of the docs are those of the results."""
    found = json.loads((Path(__file__).parents[2] / "docs/results/alerts.json").read_text("utf-8"))
    tick, page = found["tick"], found["page"]
    for key, words in (("quiet_tick_ms", "nothing happens"), ("busy_tick_ms", "50 calls a second")):
        ms = tick[key]
        figures = " | ".join(f"{ms[name]:.0f}" for name in ("median", "p95", "worst"))
        assert f"| {words} | {figures} |" in PAGE
    assert f"takes {tick['first_tick_ms']} ms" in PAGE
    assert f"takes {page['p50_s']} s, and {page['p99_s']} s in one of" in PAGE


def test_every_shipped_rule_is_in_the_docs() -> None:
    """In the table, and in the back-test."""
    for rule in load_rules([PACK], Context(), {}).rules:
        assert f"| `{rule.id}` |" in PAGE
        assert f"| {rule.id} |" in PAGE
