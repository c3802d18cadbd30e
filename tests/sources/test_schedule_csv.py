"""Plans from CSV: what a file means, and every mistake with its line."""

import csv
import io
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources import Run
from tests.sources import plans
from tests.sources.plans import HEADER, NOON, PARIS, told


def read(text: str | bytes, run: Run = PARIS) -> tuple[list[dict[str, Any]], list[str]]:
    """Returns the events of a file, and what is refused."""
    return plans.read("schedule-csv", text, run)


def plan(rows: str, run: Run = PARIS) -> list[str]:
    """Returns what the rows of a file without mistakes say."""
    events, refused = read(HEADER + rows, run)
    assert refused == []
    return [told(event) for event in events]


def refusals(rows: str) -> list[str]:
    """Returns what is wrong with a file of which nothing is left."""
    events, refused = read(HEADER + rows)
    assert events == []
    return refused


# -- one plan


def test_the_lines_of_a_day_make_one_event() -> None:
    """In the order of time, whatever that of the lines."""
    events, refused = read(
        HEADER
        + "anne,2026-11-24,13:00,17:00:30,work,true,true,2\n"
        + "anne,2026-11-24,09:00,12:00,work,1,yes,2\n"
        + "anne,2026-11-24,12:00,13:00,lunch,no,non,2\n"
    )
    work = {"activity": "work", "productive": True, "tracked": True}
    assert refused == []
    assert events == [
        {
            "type": "agent.schedule",
            "specversion": "1.0",
            "id": "anne/2026-11-24/2",
            "source": "schedule-csv",
            "time": "2026-11-23T23:00:00Z",
            "subject": "anne",
            "data": {
                "revision": 2,
                "date": "2026-11-24",
                "activities": [
                    {"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T11:00:00Z", **work},
                    {
                        "start": "2026-11-24T11:00:00Z",
                        "end": "2026-11-24T12:00:00Z",
                        "activity": "lunch",
                        "productive": False,
                        "tracked": False,
                    },
                    {"start": "2026-11-24T12:00:00Z", "end": "2026-11-24T16:00:30Z", **work},
                ],
            },
        }
    ]


def test_each_agent_date_and_revision_is_a_plan() -> None:
    """In the order of their first lines."""
    assert plan(
        "b,2026-11-24,09:00,12:00,work,,,1\n"
        "a,2026-11-24,09:00,12:00,work,,,1\n"
        "b,2026-11-25,09:00,12:00,work,,,1\n"
        "b,2026-11-24,09:00,11:00,work,,,2\n"
        "b,2026-11-24,12:00,13:00,lunch,non,,1\n"
    ) == [
        "b 2026-11-24 r1: 08:00–11:00 work, 11:00–12:00 lunch-",
        "a 2026-11-24 r1: 08:00–11:00 work",
        "b 2026-11-25 r1: 08:00–11:00 work",
        "b 2026-11-24 r2: 08:00–10:00 work",
    ]


def test_columns_are_found_by_name_and_others_passed_over() -> None:
    """Only five are needed; case and spaces do not matter, nor does a mark of UTF-8."""
    text = "\ufeffActivity, END ,start,note,date,agent\r\nréunion,10:00,09:00,x,2026-11-24,zoé\r\n"
    events, refused = read(text)
    assert [told(event) for event in events] == ["zoé 2026-11-24 r0: 08:00–09:00 réunion"]
    assert refused == []


def test_a_row_of_nothing_is_a_day_off() -> None:
    """The highest revision stands, so it takes a plan back."""
    assert plan("a,2026-11-24,,,,,,3\n,,,,,,,\n\n") == ["a 2026-11-24 r3: off"]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("22:00", "06:00", "21:00–11-25 05:00"),
        ("9:00", "9:00", "08:00–11-25 08:00"),
        ("23:00", "00:00", "22:00–23:00"),
        ("2026-11-24T22:00:00+01:00", "2026-11-25T05:00:00Z", "21:00–11-25 05:00"),
        ("2026-11-24t09:00:00.5z", "2026-11-24 10:00:00Z", "09:00–10:00"),
    ],
)
def test_an_end_that_is_no_later_is_on_the_next_day(start: str, end: str, said: str) -> None:
    """Unless date and offset stand there."""
    assert plan(f"a,2026-11-24,{start},{end},night,,,1\n") == [f"a 2026-11-24 r1: {said} night"]


# -- nights when the clock is changed


def test_in_the_hour_that_is_skipped_there_is_nothing() -> None:
    """What lies in it is left out, what reaches into it ends or begins at it."""
    assert plan(
        "a,2026-03-29,01:00,02:15,work,,,1\n"
        "a,2026-03-29,02:15,02:45,break,no,,1\n"
        "a,2026-03-29,02:45,04:00,work,,,1\n"
    ) == ["a 2026-03-29 r1: 00:00–01:00 work, 01:00–02:00 work"]


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    """What ends in it and what begins in it still meet."""
    assert plan("a,2026-10-24,22:00,02:30,work,,,1\na,2026-10-25,02:30,03:00,break,no,,1\n") == [
        "a 2026-10-24 r1: 20:00–10-25 00:30 work",
        "a 2026-10-25 r1: 00:30–02:00 break-",
    ]


@given(st.lists(st.integers(0, 1439), min_size=2, max_size=8, unique=True), st.sampled_from([0, 1]))
def test_activities_that_follow_each_other_never_overlap(minutes: list[int], spring: int) -> None:
    """On no night of the year: a plan is not refused for the clock's sake."""
    day = ("2026-10-25", "2026-03-29")[spring]
    clock = [f"{minute // 60:02}:{minute % 60:02}" for minute in sorted(minutes)]
    rows = "".join(f"a,{day},{a},{b},x,,,1\n" for a, b in pairwise(clock))
    (event,), refused = read(HEADER + rows)
    activities = event["data"]["activities"]
    assert refused == []
    assert all(a["start"] < a["end"] for a in activities)
    assert all(a["end"] == b["start"] for a, b in pairwise(activities))


# -- the event's time


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("2026-11-23", "2026-11-22T23:00:00Z"),
        ("2026-11-24", "2026-11-23T23:00:00Z"),
        ("2026-11-25", "2026-11-24T12:00:00Z"),
        ("2027-11-25", "2026-11-24T12:00:00Z"),
    ],
)
def test_a_plan_is_said_when_its_day_begins_but_not_after_the_run(date: str, time: str) -> None:
    """So it holds all day, and is never of the future."""
    (event,), _ = read(f"{HEADER}a,{date},09:00,10:00,work,,,1\n")
    assert event["time"] == time


def test_without_a_zone_times_are_utc() -> None:
    """The report says so."""
    assert plan("a,2026-11-24,09:00,10:00,work,,,1\n", Run(now_ms=NOON)) == [
        "a 2026-11-24 r1: 09:00–10:00 work"
    ]


@given(plans.days(), st.randoms(use_true_random=False))
def test_a_plan_that_is_written_and_read_is_the_same(
    activities: list[dict[str, Any]], chance: random.Random
) -> None:
    """Whatever the order of lines and columns."""
    columns = chance.sample(HEADER.strip().split(","), 8)
    rows = [
        {"agent": "a, b", "date": "2026-10-25", "revision": 7, **activity}
        for activity in activities or [{}]
    ]
    file = io.StringIO()
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    writer.writerows(chance.sample(rows, len(rows)))
    (event,), refused = read(file.getvalue())
    assert refused == []
    assert event["subject"] == "a, b"
    assert event["data"] == {"revision": 7, "date": "2026-10-25", "activities": activities}


# -- mistakes


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (",2026-11-24,09:00,10:00,work,,,1", "agent: is empty"),
        ("a,,09:00,10:00,work,,,1", "date: is empty"),
        ("a,24/11/2026,09:00,10:00,work,,,1", "date: '24/11/2026' is no date YYYY-MM-DD"),
        ("a,2026-02-29,09:00,10:00,work,,,1", "date: '2026-02-29' is no date YYYY-MM-DD"),
        (
            "a,1989-12-31,09:00,10:00,work,,,1",
            "date: 1989-12-31 is not between 1990-01-02 and 9998-12-31",
        ),
        ("a,2026-11-24,9h,10:00,work,,,1", "start: '9h' is neither HH:MM[:SS] nor RFC 3339"),
        ("a,2026-11-24,09:00,24:00,work,,,1", "end: '24:00' is neither HH:MM[:SS] nor RFC 3339"),
        (
            "a,2026-11-24,2026-11-24T09:00:00,10:00,work,,,1",
            "start: '2026-11-24T09:00:00' is neither HH:MM[:SS] nor RFC 3339",
        ),
        (
            "a,2026-11-24,2026-11-24T25:00:00Z,10:00,work,,,1",
            "start: '2026-11-24T25:00:00Z' is neither HH:MM[:SS] nor RFC 3339",
        ),
        (
            "a,2026-11-24,09:00,2026-11-24T10:00:00Z,work,,,1",
            "end: is not written like start: both HH:MM[:SS], or both RFC 3339",
        ),
        ("a,2026-11-24,,10:00,work,,,1", "start: is empty"),
        ("a,2026-11-24,09:00,,work,,,1", "end: is empty"),
        ("a,2026-11-24,09:00,10:00,,,,1", "activity: is empty"),
        (
            "a,2026-11-24,09:00,10:00,work,maybe,,1",
            "productive: 'maybe' is none of true, 1, yes, oui, false, 0, no, non",
        ),
        (
            "a,2026-11-24,09:00,10:00,work,,-,1",
            "tracked: '-' is none of true, 1, yes, oui, false, 0, no, non",
        ),
        ("a,2026-11-24,09:00,10:00,work,,,1.5", "revision: '1.5' is no whole number"),
        ("a,2026-11-24,09:00,10:00,work,,,-1", "revision: '-1' is no whole number"),
        ("a,2026-11-24,09:00", "line: 3 values under 8 columns"),
        ('a,2026-11-24,09:00,10:00,"work,,,1', "line: is not CSV: unexpected end of data"),
    ],
)
def test_a_bad_line_is_told_and_the_rest_is_read(row: str, sentence: str) -> None:
    """By its number in an editor, and the field."""
    good = "b,2026-11-24,09:00,10:00,work,,,1\n"
    events, refused = read(f"{HEADER}{good}\n{row}\n{good.replace('b', 'c')}")
    assert refused == [f"4: {sentence}"]
    assert [event["subject"] for event in events] == ["b", "c"]


def test_a_line_that_is_no_utf8_is_told() -> None:
    """Files of other programs are often Latin-1."""
    text = HEADER.encode() + "zoé,2026-11-24,09:00,10:00,work,,,1\n".encode("latin-1")
    assert read(text) == ([], ["2: line: is not UTF-8 from byte 3 on"])


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("agent;date;start", "header: does not name the columns agent, date, start, end, activity"),
        ("agent,date,start,end", "header: does not name the columns activity"),
        ("agent,date,start,end,activity,date", "header: names twice the columns date"),
    ],
)
def test_under_a_bad_header_nothing_is_read(header: str, sentence: str) -> None:
    """That is said once."""
    row = "a,2026-11-24,09:00,10:00,work,,,1\n"
    assert read(f"{header}\n{row}{row}") == ([], [f"1: {sentence}"])


def test_a_plan_with_an_overlap_is_refused() -> None:
    """With agent, date, revision and lines; another revision stands."""
    events, refused = read(
        HEADER
        + "a,2026-11-24,09:00,12:00,work,,,1\n"
        + "a,2026-11-24,11:00,11:30,call,,,1\n"
        + "a,2026-11-24,11:45,13:00,lunch,no,,1\n"
        + "a,2026-11-24,09:00,12:00,work,,,0\n"
    )
    assert refused == [
        (
            "4: plan: a, 2026-11-24, revision 1 is refused: lines 2 and 3 overlap; "
            "lines 2 and 4 overlap"
        )
    ]
    assert [told(event) for event in events] == ["a 2026-11-24 r0: 08:00–11:00 work"]


@pytest.mark.parametrize("end", ["2026-11-24T08:59:59Z", "2026-11-24T10:00:00+01:00"])
def test_a_plan_with_an_end_that_is_not_after_its_start_is_refused(end: str) -> None:
    """With date and offset there is no next day to mean."""
    assert refusals(
        f"a,2026-11-24,07:00,08:00,work,,,1\na,2026-11-24,2026-11-24T09:00:00Z,{end},work,,,1\n"
    ) == ["3: plan: a, 2026-11-24, revision 1 is refused: line 3 does not end after its start"]


@pytest.mark.parametrize("first", [True, False])
def test_a_day_off_beside_an_activity_is_refused(first: bool) -> None:
    """One of the two lines is wrong; nobody can know which."""
    rows = ["a,2026-11-24,09:00,10:00,work,,,1\n", "a,2026-11-24,,,,,,1\n"]
    work, off = (2, 3) if first else (3, 2)
    assert refusals("".join(rows if first else reversed(rows))) == [
        (
            "3: plan: a, 2026-11-24, revision 1 is refused: "
            f"line {off} says day off, line {work} an activity"
        )
    ]
