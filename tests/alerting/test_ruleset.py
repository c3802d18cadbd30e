"""A set of rule files: loaded whole, in the durations of the settings, ready to decide."""

from pathlib import Path

import pytest

from alerting import ruleset
from alerting.core.shapes import Severity
from alerting.rulefile import PACK
from streams.core.errors import BadName
from streams.settings import Settings, SettingsErrors, load_settings

ROTA = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//\r
BEGIN:VEVENT\r
UID:1\r
DTSTART:20261101T000000Z\r
DTEND:20261102T000000Z\r
RRULE:FREQ=DAILY\r
SUMMARY:ana\r
END:VEVENT\r
END:VCALENDAR\r
"""
WHO = """
version: 1
rules: []
schedules: {floor: {ical: floor.ics, overrides: instead.ics}}
channels: {all: "webhook+https://example.org/?secret=${SECRET}"}
routes: [{to: [duty:floor, channel:all]}]
"""


def settings(directory: Path, **more: str) -> Settings:
    """Returns settings with the rules that come with Pouls, and who is told."""
    texts = {
        "pouls.toml": 'people = "people.csv"\n[alerts]\nrules = ["pack", "who.yaml"]\n',
        "people.csv": "id,account\nana,ana\n",
        "who.yaml": WHO,
        "floor.ics": ROTA,
        "instead.ics": ROTA,
    } | {name.replace("_", "."): text for name, text in more.items()}
    for name, text in texts.items():
        (directory / name).write_text(text)
    return load_settings({}, directory / "pouls.toml")


ENVIRON = {"SECRET": "x" * 16}
NOW_MS = 1_795_600_000_000


def test_the_files_of_the_settings_are_one_set(tmp_path: Path) -> None:
    """Those that come with Pouls, too; everything that was read is watched."""
    found = ruleset.load(settings(tmp_path), ENVIRON, NOW_MS)

    assert {"feed_stale", "longest_wait", "abandonment"} <= found.rules.keys()
    assert found.rotas["floor"].on_call(NOW_MS) == ("ana",)
    assert found.unheard == ()
    assert set(found.files) == {
        PACK, tmp_path / "who.yaml", tmp_path / "floor.ics", tmp_path / "instead.ics",
    }  # fmt: skip


def test_durations_are_those_of_the_settings(tmp_path: Path) -> None:
    """Of rules and of who is told."""
    toml = 'people = "people.csv"\n[alerts]\nrules = ["pack", "who.yaml"]\ntime_scale = 0.1\n'
    found = ruleset.load(settings(tmp_path, pouls_toml=toml), ENVIRON, NOW_MS)

    assert found.rules["longest_wait"].fors()[Severity.CRITICAL] == 3_000
    assert found.routing.routes[-1].group_wait == 2_000


def test_a_rota_without_people_is_refused(tmp_path: Path) -> None:
    """Nobody could be on call."""
    toml = '[alerts]\nrules = ["pack", "who.yaml"]\n'
    with pytest.raises(BadName, match=r"schedules\.floor: nobody is known"):
        ruleset.load(settings(tmp_path, pouls_toml=toml), ENVIRON, NOW_MS)


def test_a_mistake_anywhere_refuses_the_set(tmp_path: Path) -> None:
    """Half a set of rules would be worse than the one before."""
    wrong = WHO.replace("channel:all", "channel:nowhere")
    with pytest.raises(SettingsErrors, match="no channel is called so"):
        ruleset.load(settings(tmp_path, who_yaml=wrong), ENVIRON, NOW_MS)


def test_files_have_stamps(tmp_path: Path) -> None:
    """They change with the file; one that is not there has none."""
    there, nowhere = tmp_path / "a", tmp_path / "b"
    there.write_text("x")
    before = ruleset.stamps([there, nowhere])
    there.write_text("xy")
    after = ruleset.stamps([there, nowhere])

    assert before[nowhere] is after[nowhere] is None
    assert before[there] != after[there]


def test_a_set_is_ready_to_decide(tmp_path: Path) -> None:
    """Everything that a leader needs is there."""
    mine = settings(tmp_path)
    found = ruleset.load(mine, ENVIRON, NOW_MS)
    parts = ruleset.parts(found, mine)

    assert parts.rules == found.rules
    assert parts.audit({}, {}, NOW_MS) == []
    assert parts.planner.step({}, (), {}, {}, NOW_MS, NOW_MS).notices == ()
