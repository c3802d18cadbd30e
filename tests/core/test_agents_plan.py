"""Plans make one timeline, whatever overlaps, adjoins or is a day off."""

import datetime as dt
import json
from typing import Any

import pytest

from streams.core.agents.labels import NO_ACTIVITY, plan_class
from streams.core.agents.plan import (
    BREAK,
    NOTHING,
    PRODUCTIVE,
    Plan,
    Timeline,
    named,
    plan_of,
    timeline,
)
from streams.core.buckets import Zone
from streams.core.errors import EventRefused
from streams.core.events import Schedule, decode
from tests.core.agents_reference import millis
from tests.core.test_agents_reference import at

PARIS, UTC = Zone("Europe/Paris"), Zone("UTC")
WORK = plan_class(productive=True, tracked=True)
REST = plan_class(productive=False, tracked=True)
LOOSE = plan_class(productive=True, tracked=False)
Span = tuple[str, str, str]
"""(start, end, name); names that begin with `b` are breaks."""


def made(*spans: Span, zone: Zone = UTC, **data: Any) -> Plan:
    """Returns a plan as it comes in."""
    activities = [
        {"start": at(a), "end": at(b), "activity": name, "productive": not name.startswith("b")}
        for a, b, name in spans
    ]
    event = {
        "type": "agent.schedule", "id": "p", "source": "t", "subject": "a", "time": at("00:01"),
        "data": {"revision": 1, "activities": activities, **data},
    }  # fmt: skip
    raw = json.dumps(event).encode()
    said = decode(raw)
    assert isinstance(said, Schedule)
    return plan_of(said, raw, zone)


def line(*plans: Plan, tolerance_min: int = 0) -> Timeline:
    """Returns the timeline of plans."""
    return timeline({plan.date: plan for plan in plans}, tolerance_min * 60_000, Zone("UTC"))


def shown(found: Timeline) -> list[tuple[str, str]]:
    """Returns from when on which activity is in force."""
    return [(clock(mark.t), mark.name) for mark in found.marks]


def clock(ms: int) -> str:
    """Returns a time of day; the next day's begins at 24:00."""
    minutes = (ms - millis(at("00:00"))) // 60_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


def test_an_activity_is_in_force_up_to_its_end() -> None:
    """Between activities and around them nothing is."""
    found = line(made(("09:00", "12:00", "work"), ("13:00", "17:00", "work")))

    assert shown(found) == [("09:00", "work"), ("12:00", ""), ("13:00", "work"), ("17:00", "")]
    assert [mark.planned for mark in found.marks] == [WORK, NO_ACTIVITY, WORK, NO_ACTIVITY]
    assert found.at(millis(at("08:59"))).planned == NO_ACTIVITY
    assert found.at(millis(at("09:00"))).name == "work"
    assert found.at(millis(at("12:00"))).planned == NO_ACTIVITY


def test_adjoining_activities_make_one_block() -> None:
    """Every mark of it knows where it begins and ends; a gap ends it."""
    found = line(
        made(("11:00", "12:00", "work"), ("09:00", "10:30", "work"), ("10:30", "11:00", "b"),
             ("12:15", "13:00", "b"))
    )  # fmt: skip

    assert [(mark.name, clock(mark.begin), clock(mark.end)) for mark in found.marks] == [
        ("work", "09:00", "12:00"), ("b", "09:00", "12:00"), ("work", "09:00", "12:00"),
        ("", "12:00", "12:00"), ("b", "12:15", "13:00"), ("", "13:00", "13:00"),
    ]  # fmt: skip


def test_across_dates_the_later_start_wins_and_then_gives_way() -> None:
    """To what still runs, and to nothing where that has ended in the meantime."""
    night = made(("22:00", "30:00", "night"))
    found = line(night, made(("25:00", "26:00", "b"), ("28:00", "31:00", "day"), date="2026-11-03"))

    assert shown(found) == [
        ("22:00", "night"), ("25:00", "b"), ("26:00", "night"), ("28:00", "day"), ("31:00", ""),
    ]  # fmt: skip
    assert {(clock(m.begin), clock(m.end)) for m in found.marks[:-1]} == {("22:00", "31:00")}


def test_of_two_that_start_at_once_the_later_date_wins() -> None:
    """And gives way when it ends, although they began together."""
    found = line(
        made(("09:00", "12:00", "old"), date="2026-11-01"),
        made(("09:00", "10:00", "new"), date="2026-11-02"),
    )

    assert shown(found) == [("09:00", "new"), ("10:00", "old"), ("12:00", "")]


def test_three_dates_nest() -> None:
    """An activity of one date that runs inside the other two."""
    found = line(
        made(("09:00", "15:00", "one"), date="2026-11-01"),
        made(("10:00", "14:00", "two"), date="2026-11-02"),
        made(("11:00", "12:00", "three"), date="2026-11-03"),
    )

    assert shown(found) == [
        ("09:00", "one"), ("10:00", "two"), ("11:00", "three"), ("12:00", "two"), ("14:00", "one"),
        ("15:00", ""),
    ]  # fmt: skip


def test_a_day_off_plans_nothing() -> None:
    """It needs its date."""
    off = made(date="2026-11-02")

    assert shown(line(off)) == []
    assert shown(line(off, made(("33:00", "34:00", "work")))) == [("33:00", "work"), ("34:00", "")]
    with pytest.raises(EventRefused, match="a day without activities needs its date"):
        made()


def test_the_date_is_that_of_the_first_start() -> None:
    """In local time; what `date` says goes first, an empty one says nothing."""
    span = "23:30", "24:30", "work"

    assert made(span).date == dt.date(2026, 11, 2).toordinal()
    assert made(span, zone=PARIS, date="").date == dt.date(2026, 11, 3).toordinal()
    assert made(span, date="2026-12-24").date == dt.date(2026, 12, 24).toordinal()


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([("09:00", "10:00", "work"), ("09:59", "11:00", "b")], "'work' and 'b' overlap"),
        ([("09:59", "11:00", "b"), ("09:00", "10:00", "work")], "'work' and 'b' overlap"),
        ([("09:00", "10:00", "x"), ("09:00", "10:00", "y")], "'x' and 'y' overlap"),
        ([("09:00", "09:00", "work")], "'work' ends at or before its start"),
        ([("09:00", "10:00", "x"), ("12:00", "11:00", "y")], r"activities\[1\].end"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(spans: list[Span], message: str) -> None:
    """With the agent, the revision and the field."""
    with pytest.raises(EventRefused, match=message) as refused:
        made(*spans)

    assert str(refused.value).startswith("plan of agent 'a', revision 1: ")
    assert "`$.data.activities" in str(refused.value)


def test_a_date_that_there_is_not_is_refused() -> None:
    """The thirtieth of February."""
    with pytest.raises(EventRefused, match="'2026-02-30' is no date"):
        made(("09:00", "10:00", "work"), date="2026-02-30")


def test_productive_and_tracked_are_so_unless_denied() -> None:
    """Absent and null say nothing."""
    for data, planned in (
        ({}, WORK),
        ({"productive": None, "tracked": None}, WORK),
        ({"productive": False}, REST),
        ({"tracked": False}, LOOSE),
    ):
        found = made(
            activities=[{"start": at("09:00"), "end": at("10:00"), "activity": "x", **data}]
        )
        assert found.activities[0].planned == planned


def test_within_tolerance_marks_know_the_other_side() -> None:
    """T before a boundary and T after it; near two boundaries both."""
    shift = made(("09:00", "10:00", "work"), ("10:00", "10:08", "b"))
    found = line(shift, tolerance_min=5)

    assert [(clock(m.t), m.name, m.others) for m in found.marks] == [
        ("08:55", "", PRODUCTIVE), ("09:00", "work", NOTHING), ("09:05", "work", 0),
        ("09:55", "work", BREAK), ("10:00", "b", PRODUCTIVE), ("10:03", "b", PRODUCTIVE | NOTHING),
        ("10:05", "b", NOTHING), ("10:08", "", BREAK), ("10:13", "", 0),
    ]  # fmt: skip
    assert [m.others for m in line(shift).marks] == [0, 0, 0]


def test_marks_say_whose_the_agent_is() -> None:
    """Of the activity in force; between them of the plan that began last.

    Before all of them of the first one, from the midnight of its day on.
    """
    found = line(
        made(("09:00", "10:00", "x"), ("12:00", "15:00", "x"), team="one", site="e\u0301"),
        made(("11:00", "13:00", "y"), date="2026-11-03", team="two"),
    )

    begin = millis(at("00:00"))
    assert (found.at(begin).team, found.at(begin).site) == ("one", "é")
    assert (found.at(begin - 1).team, found.at(begin - 1).site) == (None, None)
    assert [(clock(m.t), m.team) for m in found.marks] == [
        ("00:00", "one"), ("09:00", "one"), ("10:00", "one"), ("11:00", "two"), ("12:00", "one"),
        ("15:00", "two"),
    ]  # fmt: skip


def test_names_are_compared_in_one_form() -> None:
    """Empty ones say nothing."""
    assert named("e\u0301quipe") == named("équipe") == "équipe"
    assert (named(""), named(None), named("a")) == (None, None, "a")
