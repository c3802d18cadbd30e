"""`pouls alerts …`, run as one types it."""

import json
from pathlib import Path

import pytest

import pouls
from tests.alerting.test_backtest import BAD_HOUR, calls

RULE = """\
version: 1
rules:
  - id: abandonment
    title: {en: A, fr: B}
    metric: abandonment_rate
    window: 15m
    for: 1m
    levels: {warning: {raise: {above: 8%}, clear: {below: 6%}}}
    owner: floor
    runbook: https://example.org/a
    action_plan: {template: a, responsible: floor}
"""
ICS = """\
BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:day
SUMMARY:ana
DTSTART;TZID=Europe/Paris:20260105T080000
DTEND;TZID=Europe/Paris:20260105T220000
RRULE:FREQ=DAILY
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POULS_CONFIG", raising=False)


def run(*argv: str) -> int:
    """Run a command; return its exit code."""
    with pytest.raises(SystemExit) as caught:
        pouls.main(["alerts", *argv])
    return int(caught.value.code or 0)


def test_check_says_that_rules_are_right(capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped ones, unless others are named."""
    assert run("check") == 0
    assert capsys.readouterr().out == (
        "there are no routes: alerts are shown on walls, and nobody is told\n"
        "the runbooks of the shipped rules are examples, which lead nowhere: copy the file\n"
        "8 rules are right.\n"
    )
    Path("rules.yaml").write_text(RULE + "    enabled: false\n")
    assert run("check", "rules.yaml") == 0
    assert capsys.readouterr().out == "1 rules are right, 1 not enabled.\n"


def test_check_tells_every_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, as a mistake of the caller."""
    Path("rules.yaml").write_text(RULE.replace("6%", "9%").replace("https", "http"))

    assert run("check", "rules.yaml") == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_check_says_who_cannot_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning, unless what is critical reaches nobody at all."""
    Path("people.csv").write_text("id\nana\nbo\n")
    Path("pouls.toml").write_text(
        'people = "people.csv"\n[alerts.targets]\nbo = { page = "pigeon://${COOP}" }\n'
    )
    file = f"{RULE}routes: [{{to: [duty:floor]}}]\nduties: {{floor: [ana]}}\n"
    Path("rules.yaml").write_text(file)
    without = "duty:floor: ana has no address for mail ([alerts.targets] of pouls.toml)\n"
    no_fallback = "there is no fallback: who cannot be told is told by nobody else\n"
    assert run("check", "rules.yaml") == 0
    assert capsys.readouterr() == (f"{without}{no_fallback}1 rules are right.\n", "")

    Path("rules.yaml").write_text(file.replace("warning:", "critical:"))
    assert run("check", "rules.yaml") == 1
    assert capsys.readouterr().err == "abandonment: critical reaches nobody at all\n"


def test_check_says_which_addresses_are_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it knows the variables in them."""
    Path("rules.yaml").write_text(
        f"{RULE}routes: [{{to: [channel:room]}}]\nchannels: {{room: '${{ROOM}}'}}\n"
        "fallback: channel:room\n"
    )
    assert run("check", "rules.yaml") == 0
    assert capsys.readouterr().out == (
        "floor, owner of abandonment: is no duty and no person of people.csv, so nobody is "
        "reminded of investigations\n1 rules are right.\n"
    )

    monkeypatch.setenv("ROOM", "pigeon://secret")
    assert run("check", "rules.yaml") == 0
    told = capsys.readouterr().out
    assert "channel:room: no kind of address is called so" in told
    assert "secret" not in told


def test_check_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """For editors."""
    assert run("check", "--schema") == 0
    assert "rules" in json.loads(capsys.readouterr().out)["properties"]


def test_test_plays_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    """The pack's; a scenario of one's own that fails is told by the exit code."""
    assert run("test") == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("0 failed")
    Path("rules.yaml").write_text(RULE)
    Path("quiet.yaml").write_text(
        "title: t\nrules: rules.yaml\nrule: abandonment\n"
        "series: {abandonment_rate queue:sav: 9/30x12}\nexpect: []\n"
    )
    assert run("test", "quiet.yaml") == 1
    assert "fire warning queue:sav" in capsys.readouterr().out


def test_test_knows_the_calendars_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that keeps quiet by night keeps quiet in its scenario, too."""
    Path("pouls.toml").write_text('[calendars.day]\nopen = { mon-fri = "08:00-20:00" }\n')
    Path("rules.yaml").write_text(f"{RULE}    calendar: day\n")
    Path("night.yaml").write_text(
        "title: night\nrules: rules.yaml\nrule: abandonment\nstart: 2026-03-03 03:00\n"
        "series: {abandonment_rate queue:sav: 9/30x12}\nexpect: []\n"
    )
    assert run("test", "night.yaml") == 0, capsys.readouterr().out
    Path("day.yaml").write_text(Path("night.yaml").read_text().replace("03:00", "10:00"))
    assert run("test", "day.yaml") == 1


def test_backtest_reads_files_of_events(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is no event is refused, and told."""
    Path("rules.yaml").write_text(RULE)
    lines = [timed.value for timed in calls(*BAD_HOUR)]
    Path("day.ndjson").write_bytes(b"\n".join(lines))
    options = ("backtest", "rules.yaml", "--input", "events:day.ndjson")

    assert run(*options, "--output", "json", "--hours", "always", "--timezone", "UTC") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["days"], len(found["alerts"]), found["inside_open_hours"]) == (1, 1, 1.0)

    Path("day.ndjson").write_bytes(b"\n".join([*lines, b"no event"]))
    assert run(*options, "--every", "60") == 1
    said = capsys.readouterr()
    assert said.out.startswith("1.0 alerts a day")
    assert "day.ndjson:721" in said.err


def test_backtest_refuses_what_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """Formats and calendars."""
    assert run("backtest", "--input", "events:x", "--hours", "nights") == 2
    assert "no calendar is called so; there are always" in capsys.readouterr().err
    assert run("backtest", "--input", "evants:x") == 2


def duty(overrides: str = "") -> None:
    """Write a rule file with a rota, and the people on it."""
    Path("rules.yaml").write_text(f"{RULE}schedules: {{floor: {{ical: floor.ics{overrides}}}}}\n")
    Path("floor.ics").write_text(ICS)
    Path("people.csv").write_text("id,name\nana,Ana\nbob,Bob\n")
    Path("pouls.toml").write_text('people = "people.csv"\ntimezone = "Europe/Paris"\n')


def test_who_is_on_call_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """At an instant; an override goes first."""
    duty()
    assert run("who-is-on-call", "rules.yaml", "--at", "2026-11-25 10:00") == 0
    assert capsys.readouterr().out.startswith("floor: ana")
    duty(", overrides: instead.ics")
    Path("instead.ics").write_text(ICS.replace("ana", "bob"))
    assert run("who-is-on-call", "rules.yaml", "--at", "2026-11-25 10:00") == 0
    assert capsys.readouterr().out.startswith("floor: bob")


def test_gaps_of_a_rota_are_told_by_check(capsys: pytest.CaptureFixture[str]) -> None:
    """The nights."""
    duty()
    assert run("check", "rules.yaml") == 0
    assert "schedules.floor: nobody is on call from" in capsys.readouterr().out


def test_a_rota_needs_people_and_somebody_must_have_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without people.csv nobody can be called; without a rota nobody is asked."""
    duty()
    Path("pouls.toml").unlink()
    assert run("check", "rules.yaml") == 2
    assert "name people.csv in pouls.toml" in capsys.readouterr().err
    assert run("who-is-on-call") == 2
    assert "no rule file names a rota" in capsys.readouterr().err
