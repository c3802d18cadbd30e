"""docs/plans.md: its examples are read as it says, and its tables of messages are complete."""

import re
from pathlib import Path

import pytest

from streams.core.roster import Roster
from streams.settings.roster import read as read_roster
from tests.sources.plans import HEADER, read, told
from tests.sources.test_schedule_ics import WORK, ZONES, calendar, timed

PAGE = (Path(__file__).parents[1] / "docs/plans.md").read_text()
BLOCKS = re.findall(r"^```(csv|ics)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
_, BOTH, _ = re.split(r"^## (?:What is refused|People)", PAGE, flags=re.MULTILINE)


def table(head: str) -> list[str]:
    """Returns the messages of one of the page's tables."""
    rows = PAGE.partition(f"| {head} | because |\n|---|---|\n")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(.+?)` \|", rows, re.MULTILINE)


def unexplained(said: list[str], messages: list[str]) -> tuple[set[str], set[str]]:
    """Returns what is said and not explained, and what is explained and never said."""
    patterns = {m: re.escape(m).replace("X", ".+").replace(".+-POULS", "X-POULS") for m in messages}
    told = {(text, m) for text in said for m, p in patterns.items() if re.fullmatch(p, text)}
    return set(said) - {text for text, _ in told}, set(messages) - {m for _, m in told}


def reasons(form: str, text: str | bytes) -> list[str]:
    """Returns why lines of a file are refused, without their numbers."""
    return [why.partition(": ")[2] for why in read(form, text)[1]]


def row(**changes: str) -> str:
    """Returns a line of a plan."""
    good = {"agent": "a", "date": "2026-11-24", "start": "09:00", "end": "10:00", "activity": "x"}
    return ",".join((good | changes).get(name, "") for name in HEADER.strip().split(",")) + "\n"


CSV = [
    "agent;date\n",
    "agent,date,start,end,activity,date\n",
    HEADER + "a,b\n",
    HEADER + '"a\n',
    HEADER + row(agent=""),
    HEADER + row(date="24.11."),
    HEADER + row(date="1980-01-01"),
    HEADER + row(start="9"),
    HEADER + row(end="2026-11-24T10:00:00Z"),
    HEADER + row(productive="?"),
    HEADER + row(revision="?"),
]
PLANS = [
    HEADER + row() + row(),
    HEADER + row(start="2026-11-24T10:00:00Z", end="2026-11-24T10:00:00Z"),
    HEADER + row() + row(start="", end="", activity=""),
]
ICS = [
    "agent,date\n",
    calendar(WORK).replace("END:VEVENT", ""),
    calendar(f"{WORK}|BEGIN:VALARM"),
    calendar(f"{WORK}|what is this"),
    calendar(zones=ZONES.replace("+0530", "x")),
    calendar(WORK.replace("X-POULS-AGENT:a", "LOCATION:b")),
    calendar(WORK.replace("SUMMARY:work", "LOCATION:b")),
    calendar(re.sub("DTSTART:[^|]*", "LOCATION:b", WORK)),
    calendar(re.sub("DTSTART:[^|]*", "DTSTART:b", WORK)),
    calendar(
        re.sub("DTSTART:[^|]*[|]DTEND:[^|]*", "DTSTART;VALUE=DATE:20261124|DURATION:P1D", WORK)
    ),
    calendar(timed("19800101T000000Z", "19800101T010000Z")),
    calendar(re.sub("DTSTART:", "DTSTART;TZID=Mars/Base:", WORK)),
    calendar(re.sub("DTEND:[^|]*", "LOCATION:b", WORK)),
    calendar(timed("20261124T100000", "20261124T100000")),
    calendar(f"{WORK}|DURATION:PT1H"),
    calendar(f"{WORK}|SEQUENCE:-1"),
    calendar(f"{WORK}|X-POULS-PRODUCTIVE:?"),
    calendar(f"{WORK}|RRULE:FREQ=DAILY|RRULE:FREQ=DAILY"),
    calendar(f"{WORK}|RRULE:FREQ=HOURLY"),
    calendar(f"{WORK}|RRULE:FREQ=DAILY;INTERVAL=0"),
    calendar(f"{WORK}|RRULE:FREQ=DAILY;BYSETPOS=0"),
    calendar(f"{WORK}|RRULE:INTERVAL=2"),
    calendar(f"{WORK}|UID:1", f"{WORK}|UID:1"),
]
PEOPLE = [
    "name\n",
    "id,teem\n",
    "id,id\n",
    "id,name\na\n",
    "id,name\n,a\n",
    "id,roles\na,boss\n",
    "id,lang\na,de\n",
    "id,since\na,soon\n",
    "id,name\na,\na,\n",
]


def test_the_table_of_plans_is_read() -> None:
    """Local times, a night, a day off."""
    events, refused = read("schedule-csv", next(text for kind, text in BLOCKS if kind == "csv"))
    assert refused == []
    assert [told(event) for event in events] == [
        "anne 2026-11-24 r1: 08:00–11:00 sales calls, 11:00–12:00 lunch-, 12:00–16:00 sales calls",
        "bob 2026-11-24 r1: 21:00–11-25 05:00 night",
        "cleo 2026-11-24 r2: off",
    ]


def test_the_calendar_is_read() -> None:
    """A series, and an activity of one day."""
    events, refused = read("schedule-ics", next(text for kind, text in BLOCKS if kind == "ics"))
    days = {event["data"]["date"]: told(event) for event in events}
    assert refused == []
    assert days["2026-11-23"] == "anne 2026-11-23 r1: 08:00–11:00 sales calls"
    assert days["2026-11-24"] == "anne 2026-11-24 r1: 08:00–11:00 sales calls, 11:00–12:00 lunch-"
    assert days["2026-12-25"] == "anne 2026-12-25 r1: off"
    assert len(days) == 45


def test_the_roster_is_read(tmp_path: Path) -> None:
    """Whoever changes team has two rows."""
    file = tmp_path / "people.csv"
    file.write_text([text for kind, text in BLOCKS if kind == "csv"][1])
    found = read_roster(file, "Europe/Paris")
    assert isinstance(found, Roster)
    assert found.place("47", 0) == ("sales", "paris")
    assert found.place("47", 1_795_474_800_000) == ("after-sales", "lyon")
    assert found.people["chef"].roles == ("supervisor", "agent")


@pytest.mark.parametrize(
    ("head", "form", "files"),
    [
        ("the table says", "schedule-csv", [*CSV, HEADER.encode() + b"\xe9\n"]),
        ("the calendar says", "schedule-ics", [*ICS, calendar(WORK + "\xe9").encode("latin-1")]),
    ],
)
def test_every_message_is_explained(head: str, form: str, files: list[str | bytes]) -> None:
    """And nothing is explained that is never said."""
    said = [why for file in files for why in reasons(form, file)]
    assert unexplained(said, table(head)) == (set(), set())


def test_every_reason_to_refuse_a_plan_is_explained() -> None:
    """Likewise."""
    said = [why for file in PLANS for why in reasons("schedule-csv", file)]
    own = timed(
        "20261124T090000", "20261125T100000", more="RRULE:FREQ=DAILY;COUNT=2|RDATE:20261124T100000"
    )
    said += reasons("schedule-ics", calendar(own))
    assert unexplained(said, table("both say, and refuse the plan")) == (set(), set())


def test_every_mistake_in_the_roster_is_explained(tmp_path: Path) -> None:
    """Likewise."""
    found = read_roster(tmp_path, "UTC")
    assert isinstance(found, list)
    for text in PEOPLE:
        file = tmp_path / "people.csv"
        file.write_text(text)
        mistakes = read_roster(file, "UTC")
        assert isinstance(mistakes, list)
        found += mistakes
    said = [f"{field}: {sentence}" for _, field, sentence in found]
    assert unexplained(said, table("it says")) == (set(), set())
