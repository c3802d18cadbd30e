"""What a back-test says."""

import csv
import io
import json

from alerting.backtest import Episode, Outcome
from alerting.backtest_text import OUTPUTS, Told, as_csv, as_json, sentence, table
from alerting.core.observe import facts
from alerting.core.shapes import Severity
from alerting.core.verdicts import Verdict
from streams.core.buckets import Zone
from streams.core.calendars import Calendar, Hours
from tests.alerting.core.feeds import START_MS
from tests.alerting.core.views import View

MINUTE = 60_000
DAY = Calendar(Hours(zone="UTC", week=(((600, 720),),) * 7))
"""Open from 10:00 to 12:00."""


def episode(rule: str, begin: int, lasted: int | None, *, critical: bool = False) -> Episode:
    """Return an alert: from a minute after 10:00 on, so many minutes long."""
    view = View()
    view.set("queue:sav", "abandonment_rate", "15m", part=9, whole=30)
    reading = view.read("queue:sav", "abandonment_rate", "15m")
    start = START_MS + begin * MINUTE
    return Episode(
        rule,
        "queue:sav",
        start,
        Severity.CRITICAL if critical else Severity.WARNING,
        facts(Verdict("ok", value=0.3, reading=reading), "queue:sav"),
        None if lasted is None else start + lasted * MINUTE,
    )


EPISODES = [
    episode("a", 0, 10),
    episode("a", 30, 20, critical=True),
    episode("b", 90, None),
    episode("b", 150, 30),
]
TOLD = Told(Outcome(EPISODES, 2, 400, 1), ["a", "b", "c"], Zone("UTC"), DAY)


def test_the_whole_is_told_in_a_sentence() -> None:
    """How many a day, how long, and whether when somebody is there."""
    assert sentence(TOLD) == (
        "2.0 alerts a day, median 20 min, 75% inside open hours; 2 days with events. Here they are:"
    )
    unknown = TOLD._replace(open=None, outcome=Outcome([EPISODES[2]], 1, 4, 0))
    assert sentence(unknown) == "1.0 alerts a day; 1 days with events. Here they are:"
    none = TOLD._replace(outcome=Outcome([], 3, 4, 0))
    assert sentence(none) == "No alert in 3 days with events."
    assert none.inside is None


def test_alerts_are_counted_by_rule_and_hour() -> None:
    """Also of rules that never fired, then together, then one by one."""
    lines = table(TOLD).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:8]]
    rows = {row[0]: row[1:] for row in cells}

    assert rows["a"][:3] == ["1.0", "1", "15"]
    assert rows["a"][3 + 10] == "2"
    assert rows["b"][:3] == ["1.0", "0", "30"]
    assert (rows["b"][3 + 11], rows["b"][3 + 12]) == ("1", "1")
    assert rows["c"][:4] == ["0.0", "0", "", ""]
    assert rows["together"][:3] == ["2.0", "1", "20"]
    assert lines[9] == "2026-03-03 10:00      10 min  warning   a  queue:sav  0.3 (n=30)"
    assert "to the end" in lines[11]


def test_one_rule_needs_no_sum() -> None:
    """It would stand there twice."""
    assert "together" not in table(TOLD._replace(rules=["a"]))


def test_each_alert_is_a_row_of_csv() -> None:
    """With its hour, so that a pivot needs no dates."""
    rows = list(csv.DictReader(io.StringIO(as_csv(TOLD))))

    assert [row["hour"] for row in rows] == ["10", "10", "11", "12"]
    assert rows[0]["start"] == "2026-03-03T10:00:00+00:00"
    assert (rows[2]["end"], rows[2]["minutes"]) == ("", "")


def test_json_has_everything() -> None:
    """Figures, hours and alerts."""
    found = json.loads(as_json(TOLD))

    assert found["alerts_a_day"] == 2.0
    assert found["median_minutes"] == 20.0
    assert found["inside_open_hours"] == 0.75
    assert found["by_hour"]["a"][10] == 2
    assert found["by_hour"]["c"] == [0] * 24
    assert found["alerts"][1]["severity"] == "critical"
    assert set(OUTPUTS) == {"table", "csv", "json"}
