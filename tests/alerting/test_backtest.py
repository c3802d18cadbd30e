"""The back-test: what rules would have done on days that were."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from alerting.backtest import Episode, Operation, Outcome, Timed, backtest, channels_of
from alerting.core.rules import Rule
from alerting.core.shapes import Severity
from streams.core.buckets import iso
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.settings import load_settings
from tests.alerting.core.feeds import START_MS
from tests.alerting.core.views import level, rule

MINUTE = 60_000
WEEK = 7 * 24 * 60 * MINUTE
HIGH = {"warning": level("above", "8%", "6%"), "critical": level("above", "60%", "50%")}
ABANDONMENT = rule(
    metric="abandonment_rate", levels=HIGH, window="15m", for_="1m", keep_firing_for="2m"
)


def call(n: int, at_ms: int, outcome: str, topic: str = "calls") -> Iterator[Timed]:
    """Yield a call that is answered or given up after ten seconds."""
    kinds: list[tuple[str, int, dict[str, Any]]] = [
        ("queued", at_ms, {"queue": "sav"}),
        (outcome, at_ms + 10_000, {"agent": "a1"} if outcome == "answered" else {"phase": "queue"}),
    ]
    for kind, ms, data in kinds:
        event = {
            "specversion": "1.0",
            "id": f"{n}-{kind}",
            "source": "test",
            "type": f"contact.{kind}",
            "time": iso(ms),
            "subject": f"c{n}",
            "data": data,
        }
        yield Timed(ms, topic, json.dumps(event).encode())


def calls(*stretches: tuple[int, int, str]) -> list[Timed]:
    """Return a call every twenty seconds: (first minute, last minute, outcome)."""
    found: list[Timed] = []
    for first, last, outcome in stretches:
        for ms in range(first * MINUTE, last * MINUTE, 20_000):
            found += call(len(found), START_MS + ms, outcome)
    return sorted(found)


def played(events: list[Timed], *rules: Rule, tick_ms: int = 15_000) -> Outcome:
    """Return what came of it."""
    operation = Operation(
        rules=rules or (ABANDONMENT,),
        fold=FoldPolicy(),
        reading=ReadingPolicy(),
        zone="UTC",
        channels={"calls": "voice", "tickets": "ticket"},
        tick_ms=tick_ms,
    )
    return backtest(operation, events)


def minutes(episode: Episode) -> tuple[int, int | None]:
    """Return when it began and ended, in whole minutes of the file."""
    end = None if episode.end_ms is None else (episode.end_ms - START_MS) // MINUTE
    return (episode.start_ms - START_MS) // MINUTE, end


BAD_HOUR = ((0, 30, "answered"), (30, 50, "abandoned"), (50, 120, "answered"))


@pytest.mark.parametrize("tick_ms", [15_000, 30_000])
def test_an_alert_begins_rises_and_ends(tick_ms: int) -> None:
    """One episode, whose worst was critical; looking half as often changes little."""
    outcome = played(calls(*BAD_HOUR), tick_ms=tick_ms)
    (episode,) = outcome.episodes

    assert (episode.rule, episode.segment, episode.worst) == (
        "rule",
        "queue:sav",
        Severity.CRITICAL,
    )
    start, end = minutes(episode)
    assert 31 <= start <= 34
    assert end is not None
    assert 62 <= end <= 68
    assert (outcome.days, outcome.refused, outcome.events) == (1, 0, 720)


def test_a_file_that_ends_in_trouble_leaves_an_alert_open() -> None:
    """It is not known how it went on; the test ends with the file."""
    (episode,) = played(calls((0, 30, "answered"), (30, 50, "abandoned"))).episodes

    assert minutes(episode)[1] is None


def test_what_comes_back_soon_is_the_same_alert() -> None:
    """Reopened, not counted twice."""
    again = rule(
        metric="abandonment_rate",
        levels=HIGH,
        window="5m",
        for_="30s",
        keep_firing_for="1m",
        reopen_within="30m",
    )
    bad = ((30, 35, "abandoned"), (35, 45, "answered"), (45, 50, "abandoned"))
    (episode,) = played(calls((0, 30, "answered"), *bad, (50, 70, "answered")), again).episodes

    assert episode.reopened == 1
    assert episode.end_ms is not None


def test_earlier_weeks_are_those_of_the_file() -> None:
    """Two Tuesdays with calls, then one on which nobody comes any more."""
    silent = rule(
        metric="offered",
        silence={},
        guard={"windows": ["10m", "20m"]},
        levels={"critical": {}},
        for_="1m",
    )
    weeks = [timed for week in range(2) for timed in shifted(calls((0, 60, "answered")), week)]
    events = (
        weeks + shifted(calls((0, 20, "answered")), 2) + shifted(calls((59, 60, "answered")), 2)
    )
    (episode,) = played(events, silent).episodes

    begin = (episode.start_ms - START_MS - 2 * WEEK) // MINUTE
    assert 30 <= begin <= 32
    assert episode.facts.detail == {"expected": 30.0}


def shifted(events: list[Timed], weeks: int) -> list[Timed]:
    """Return the same events so many weeks later."""
    moved = []
    for at_ms, topic, value in events:
        event = json.loads(value)
        later = at_ms + weeks * WEEK
        event |= {
            "id": f"{event['id']}-{at_ms}-{weeks}",
            "subject": f"{event['subject']}-{weeks}-{topic}-{at_ms // (30 * MINUTE)}",
            "time": iso(later),
        }
        moved.append(Timed(later, topic, json.dumps(event).encode()))
    return moved


def test_refused_events_are_counted() -> None:
    """They change nothing."""
    broken = Timed(START_MS, "calls", b'{"type": "contact.queued"}')

    assert played([broken]).refused == 1


def test_no_events_make_no_alerts() -> None:
    """And no day."""
    assert played([]) == Outcome([], 0, 0, 0)


def test_topics_have_the_channels_of_the_settings() -> None:
    """Dead letters are no events."""
    found = channels_of(load_settings({}).topics)

    assert found == {"calls": "voice", "chats": "chat", "tickets": "ticket", "agents": "-"}
