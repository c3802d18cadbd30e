"""The scenario tester: every scenario file passes, and what fails says why."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from alerting.core.rules import Rule
from alerting.scenario import run
from streams.core.calendars import Calendar, Hours

SCENARIOS: Final = Path(__file__).parent / "scenarios"
FILES: Final = sorted(SCENARIOS.glob("*.yaml"))
RULE: Final = """\
rule:
  metric: wait_longest
  guard: none
  keep_firing_for: 1m
  levels:
    warning: {raise: {above: 2m}, clear: {below: 1m}, for: 20s}
"""


def no_rules(path: Path) -> list[Rule]:
    """Loads nothing."""
    raise AssertionError(path)


def tried(path: Path, text: str) -> tuple[bool, list[str]]:
    """Returns whether a scenario passed, and what was said."""
    file = path / "a.yaml"
    file.write_text(f"title: a wait\n{RULE}{dedent(text)}", encoding="utf-8")
    lines: list[str] = []
    return run([file], lines.append, no_rules), lines


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenarios_pass(path: Path) -> None:
    """Each of the shipped examples does what it says."""
    lines: list[str] = []
    assert run([path], lines.append, no_rules), "\n".join(lines)


def test_every_row_of_the_table_has_a_scenario() -> None:
    """Fifteen rows, and what is special."""
    rows = [path.stem.partition("_")[0] for path in FILES if path.stem.startswith("row")]
    assert rows == [f"row{n:02d}" for n in range(1, 16)]


def test_a_folder_stands_for_its_files() -> None:
    """One line a scenario, and a sum."""
    lines: list[str] = []
    assert run([SCENARIOS], lines.append, no_rules)
    assert all(line.startswith("ok  ") for line in lines[:-1])
    assert lines[-1] == f"{len(lines) - 1} passed, 0 failed"


def test_nothing_tried_is_nothing_passed(tmp_path: Path) -> None:
    """An empty folder is a mistake of whoever named it."""
    lines: list[str] = []
    assert not run([tmp_path], lines.append, no_rules)
    assert lines == ["0 passed, 0 failed"]


def test_a_failure_tells_the_whole_story(tmp_path: Path) -> None:
    """What is missing, what is too much, and what was as expected, in order."""
    passed, lines = tried(
        tmp_path,
        """\
        series:
          wait_longest queue:sav: 150x4 30x8
        expect:
          - {at: 10s, state: firing}
          - {at: 20s, events: [fire warning]}
          - {at: 1m30s, events: [resolve warning]}
        """,
    )
    assert not passed
    assert lines[0] == f"FAIL  {tmp_path / 'a.yaml'}:1  a wait"
    assert lines[1:] == [
        "    -      10s  state firing",
        "    +      10s  state pending none ok",
        "           20s  fire warning queue:sav breach",
        "    -    1m30s  resolve warning",
        "    +    1m40s  resolve warning queue:sav clear",
        "0 passed, 1 failed",
    ]


def test_what_nobody_expected_fails(tmp_path: Path) -> None:
    """Silence is an expectation, too."""
    passed, lines = tried(tmp_path, "series: {wait_longest queue:sav: 150x4}\nexpect: []\n")
    assert not passed
    assert lines[1] == "    +      20s  fire warning queue:sav breach"


@pytest.mark.parametrize(
    "wrong", ["fire critical", "fire warning queue:new", "escalate warning", "fire warning clear"]
)
def test_every_word_of_an_expectation_counts(tmp_path: Path, wrong: str) -> None:
    """Kind, severity, segment and reason, as far as they are said."""
    series = f"series: {{wait_longest queue:sav: 150x4}}\nexpect: [{{at: 20s, events: [{wrong}]}}]"
    assert not tried(tmp_path, series)[0]
    right = "series: {wait_longest queue:sav: 150x4}\nexpect: [{at: 20s, events: [fire breach]}]"
    assert tried(tmp_path, right)[0]


def test_each_event_is_expected_once(tmp_path: Path) -> None:
    """Two segments, one expectation: one too much."""
    two = """\
    series: {wait_longest queue:a: 150x4, wait_longest queue:b: 150x4}
    expect: [{at: 20s, events: [%s]}]
    """
    passed, lines = tried(tmp_path, two % "fire warning")
    assert not passed
    assert lines[-2] == "    +      20s  fire warning queue:b breach"
    assert tried(tmp_path, two % "fire warning, fire warning")[0]


def test_acts_and_states_are_of_a_segment(tmp_path: Path) -> None:
    """Where there are several, they are named."""
    passed, lines = tried(
        tmp_path,
        """\
        series: {wait_longest queue:a: 150x4, wait_longest queue:b: 150x4}
        acts: [{at: 30s, do: ack, segment: "queue:b"}]
        expect:
          - {at: 20s, events: [fire queue:a, fire queue:b]}
          - {at: 30s, events: [ack queue:b], state: acked, segment: "queue:b"}
          - {at: 30s, state: unacked, segment: "queue:a"}
        """,
    )
    assert passed, lines


def test_a_rule_that_goes_takes_what_is_pending_with_it(tmp_path: Path) -> None:
    """`end` of what never fired is no event."""
    passed, lines = tried(
        tmp_path,
        """\
        series: {wait_longest queue:sav: 150x2}
        acts: [{at: 10s, do: end}]
        expect: [{at: 10s, state: inactive}]
        """,
    )
    assert passed, lines


def test_what_no_series_speaks_of_has_no_data(tmp_path: Path) -> None:
    """A rule that looks at something else finds nothing."""
    passed, lines = tried(tmp_path, "series: {waiting queue:sav: 12x9}\nexpect: []\n")
    assert passed, lines


def test_a_scenario_lasts_until_nothing_more_is_said(tmp_path: Path) -> None:
    """Series that are over hold their last point; what comes after the end is not looked at."""
    assert tried(tmp_path, "series: {wait_longest queue:sav: 150}\nexpect: []")[0]
    later = "series: {wait_longest queue:sav: 150}\nexpect: [{at: 20s, events: [fire]}]"
    assert tried(tmp_path, later)[0]


def test_a_calendar_may_be_decreed(tmp_path: Path) -> None:
    """`calendar` stands for any; one that nobody knows is open."""
    passed, lines = tried(
        tmp_path,
        """\
        series:
          wait_longest queue:sav: 150x9
          calendar: openx4 closedx2 open
        expect:
          - {at: 20s, events: [fire warning]}
          - {at: 40s, events: [close warning calendar]}
          - {at: 1m20s, events: [reopen warning]}
        """,
    )
    assert passed, lines


def test_rules_of_a_file_are_tried_with_the_calendars_that_there_are(tmp_path: Path) -> None:
    """A rule by its name; its calendar from the settings, else open."""
    rule = Rule.model_validate(
        {
            "id": "longest_wait",
            "title": {"en": "Long wait", "fr": "Longue attente"},
            "owner": "floor",
            "runbook": "https://example.org/wait",
            "action_plan": {"template": "wait", "responsible": "floor"},
            "metric": "wait_longest",
            "guard": "none",
            "calendar": "voice",
            "levels": {"warning": {"raise": {"above": "2m"}, "clear": {"below": "1m"}}},
        }
    )
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "a.yaml"
    file.write_text(
        dedent("""\
        title: a wait
        rules: ../rules.yaml
        rule: longest_wait
        series: {wait_longest queue:sav: 150x13}
        expect: [{at: 2m, events: [fire warning]}]
        """)
    )
    asked: list[Path] = []

    def rules_of(path: Path) -> Sequence[Rule]:
        asked.append(path.resolve())
        return [rule]

    lines: list[str] = []
    assert run([file], lines.append, rules_of), lines
    assert asked == [tmp_path / "rules.yaml"]
    sundays = Calendar(Hours(week=((),) * 6 + (((0, 60),),)))
    assert not run([file], lines.append, rules_of, {"voice": sundays})


def test_a_file_that_makes_no_sense_fails(tmp_path: Path) -> None:
    """Its mistakes are said, and the others are tried."""
    (tmp_path / "a.yaml").write_text("title: a\n")
    (tmp_path / "b.yaml").write_text(
        f"title: b\n{RULE}series: {{wait_longest queue:sav: 30}}\nexpect: []\n"
    )
    lines: list[str] = []
    assert not run([tmp_path], lines.append, no_rules)
    assert "missing required field `rule`" in lines[0]
    assert lines[-1] == "1 passed, 1 failed"
