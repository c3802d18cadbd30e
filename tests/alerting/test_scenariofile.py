"""Scenario files: what they may say, and what is said about what they may not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from alerting.core.rules import Rule
from alerting.scenariofile import Scenario, ScenarioMistakes, load
from alerting.series import Point, one, switch
from streams.core.errors import BadName, PoulsError

GOOD = """\
title: a wait
rule:
  metric: wait_longest
  guard: none
  levels: {warning: {raise: {above: 2m}, clear: {below: 1m}}}
series:
  wait_longest queue:sav: 150x4
expect:
  - {at: 20s, events: [fire]}
"""


def loaded(path: Path, text: str) -> list[Scenario]:
    """Returns what a file says."""
    file = path / "a.yaml"
    file.write_text(text, encoding="utf-8")

    def rules_of(path: Path) -> Sequence[Rule]:
        if path.name == "gone.yaml":
            raise PoulsError(f"{path.name}: cannot be read")
        return []

    return load(file, rules_of)


def refused(path: Path, text: str) -> list[str]:
    """Returns what is wrong with a file, without its name."""
    with pytest.raises(ScenarioMistakes) as told:
        loaded(path, text)
    return [line.removeprefix(f"{path / 'a.yaml'}:") for line in str(told.value).split("\n")]


def test_a_scenario_starts_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    """Without a word on it: a Tuesday morning in Paris; an offset stands over the zone."""
    (scenario,) = loaded(tmp_path, GOOD)
    assert scenario.start_ms == 1_772_528_400_000
    (scenario,) = loaded(tmp_path, GOOD + "start: 2026-07-01 10:00\n")
    assert scenario.start_ms == 1_782_892_800_000
    (scenario,) = loaded(tmp_path, GOOD + "start: 2026-07-01T10:00+00:00\n")
    assert scenario.start_ms == 1_782_900_000_000


def test_points_are_what_is_written_and_no_numbers_of_yaml(tmp_path: Path) -> None:
    """`0x60` is nobody sixty times, not 96 people; `010` is ten."""
    text = GOOD.replace("wait_longest\n  guard: none", "offered")
    text = text.replace("2m}, clear: {below: 1m}", "20}, clear: {below: 10}")
    for points in ("offered queue:sav: 0x60", "- {offered queue:sav: 0x60}"):
        own = text.replace("wait_longest queue:sav: 150x4", points)
        (scenario,) = loaded(tmp_path, f"{own}history: {{offered queue:sav: 010}}\n")

        assert scenario.series[0].points == (Point(0, 0),) * 60
        assert scenario.history == {("queue:sav", "offered"): (10.0,)}


def test_several_scenarios_stand_in_one_file(tmp_path: Path) -> None:
    """Each knows its line."""
    first, second = loaded(tmp_path, f"{GOOD}---\n{GOOD}")
    assert (first.where, second.where) == (f"{tmp_path}/a.yaml:1", f"{tmp_path}/a.yaml:11")


def test_series_may_be_a_list(tmp_path: Path) -> None:
    """As text, or as YAML reads it without quotes."""
    listed = GOOD.replace(
        "  wait_longest queue:sav: 150x4",
        '  - "wait_longest queue:sav: 150x4"\n  - wait_longest queue:new: 20',
    )
    (scenario,) = loaded(tmp_path, listed)
    assert [series.segment for series in scenario.series] == ["queue:sav", "queue:new"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: a wait", "titel: a wait", "1: titel: no key is called so; did you mean 'title'?"),
        ("at: 20s", "at: 25s", "9: expect.0.at: 25s is no tick: they come every 10s"),
        ("at: 20s", "at: 9999h", "9: expect.0.at: 9999h is later than 100000 ticks"),
        ("at: 20s", "at: soon", "9: expect.0.at: 'soon' is no duration such as 30s, 2m or 1h30m"),
        ("wait_longest queue", "wait_long queue", "7: series.wait_long queue:sav: KPI 'wait_long'"),
        ("queue:sav", "quue:sav", "7: series.wait_longest quue:sav: "),
        ("150x4", "lots", "7: series.wait_longest queue:sav: 'lots' is no point: 9/30, 20"),
        ("150x4", "''", "7: series.wait_longest queue:sav: shows nothing"),
        ("150x4", "1/2", "7: series.wait_longest queue:sav: wait_longest is no share"),
        ("150x4", "1x999999", "7: series.wait_longest queue:sav: shows more than 100000 ticks"),
        ("metric: wait_longest", "metric: waits", "3: rule.metric: "),
        ("above: 2m", "above: 8%", "5: rule.levels.warning.raise"),
        ("guard: none", "guards: none", "4: rule.guards: Extra inputs"),
        (
            "series:\n",
            "series:\n  feed: okx3 dead\n",
            "7: series.feed: 'dead': feed is ok or stale",
        ),
        ("series:\n", "series:\n  sav: 1\n", "7: series.sav: 'sav' is no KPI with a segment"),
        ("series:\n", "timezone: Europe/Pari\nseries:\n", "6: timezone: "),
        ("series:\n", "start: noon\nseries:\n", "6: start: "),
        ("series:\n", "interval: 0s\nseries:\n", "6: interval: takes some time, such as 10s"),
        ("series:\n", "calendars: {v: {open: {monday: x}}}\nseries:\n", "6: calendars: "),
        (
            "series:\n",
            "history: {offered: 4}\nseries:\n",
            "6: history.offered: 'offered' is no KPI",
        ),
        ("series:\n", "history: {offered site: x}\nseries:\n", "6: history.offered site: "),
        ("series:\n", "acts: [{at: 20s, do: sing}]\nseries:\n", "6: acts"),
        ("series:\n", "series: {}\nseries:\n", "6: series: stands twice"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    """File, line, key, sentence."""
    found = refused(tmp_path, GOOD.replace(old, new, 1))
    assert any(line.startswith(said) for line in found), found


def test_a_rule_by_name_needs_its_file(tmp_path: Path) -> None:
    """The file, that file, and that rule in it."""
    named = "title: a\nrule: some\nexpect: []\nseries: {}\n"
    assert refused(tmp_path, named) == [
        "2: rule: is the name of a rule: `rules` says in which file"
    ]
    assert refused(tmp_path, named + "rules: none.yaml\n")[0].startswith(
        "2: rule: no rule is called so"
    )
    assert refused(tmp_path, named + "rules: gone.yaml\n") == [
        "5: rules: gone.yaml: cannot be read"
    ]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Over all scenarios of a file."""
    wrong = GOOD.replace("150x4", "lots").replace("at: 20s", "at: 25s")
    assert [line.partition(":")[0] for line in refused(tmp_path, f"{wrong}---\n{wrong}")] == [
        "7", "9", "17", "19",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["a: [", "", "# nothing\n", "- 1\n", "\x00"])
def test_what_is_no_scenario_is_refused(tmp_path: Path, text: str) -> None:
    """No YAML, nothing, or something else."""
    assert refused(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """It says which."""
    with pytest.raises(ScenarioMistakes, match=r"b\.yaml: cannot be read"):
        load(tmp_path / "b.yaml", lambda _: [])


# -- points


def values(name: str, text: str) -> list[float | None]:
    """Returns the values of a series."""
    return [point.value for point in one(name, text).points]


def test_a_value_may_rise_and_fall() -> None:
    """Start and step; so many ticks, the first included."""
    assert values("wait_longest queue:sav", "20+10x3 2m-30sx3") == [20, 30, 40, 120, 90, 60]
    assert values("offered queue:sav", "4x2 1.5") == [4, 4, 1.5]


def test_a_share_is_part_and_whole() -> None:
    """Or per cent of so many."""
    series = one("abandonment_rate queue:sav 30m", "9/30 0/0 30%@30")
    assert series.window == "30m"
    assert series.points == (
        Point(0.3, 30, 9, 30), Point(None, 0, 0, 0), Point(0.3, 30, 9, 30),
    )  # fmt: skip


def test_a_mean_is_one_of_so_many() -> None:
    """What is a sample says how large."""
    assert one("handle_time_mean queue:sav", "4m@35").points == (Point(240, 35),)
    with pytest.raises(ValueError, match="240@35"):
        one("handle_time_mean queue:sav", "240")
    with pytest.raises(ValueError, match="9/30"):
        one("abandonment_rate queue:sav", "9%")
    with pytest.raises(ValueError, match="greater than the whole"):
        one("abandonment_rate queue:sav", "3/2")


def test_nobody_nothing_and_nothing_new_differ() -> None:
    """Nobody waits; there is no data; what was there gets older."""
    points = one("wait_longest queue:sav", "stale 20 stale nobody _").points
    assert points == (
        Point(heard=False, stale=True),
        Point(20, 20),
        Point(20, 20, stale=True),
        Point(),
        Point(heard=False),
    )


def test_switches_say_yes_or_no() -> None:
    """In their own words."""
    assert switch("feed", "okx2 stale") == (True, True, False)
    assert switch("calendar", "closed open") == (False, True)


def test_a_series_is_of_something_that_there_is() -> None:
    """A KPI, a segment, a window."""
    with pytest.raises(BadName):
        one("waits queue:sav", "1")
    with pytest.raises(BadName):
        one("wait_longest sav", "1")
    with pytest.raises(BadName):
        one("wait_longest queue:sav 7x", "1")
    with pytest.raises(ValueError, match="no KPI with a segment"):
        one("wait_longest queue:sav 30m more", "1")
