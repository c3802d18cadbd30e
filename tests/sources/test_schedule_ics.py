"""Plans from calendars: what a file means, and every mistake with the line of its VEVENT."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources import Run
from tests.sources import plans
from tests.sources.plans import NOON, PARIS, told

ZONES = """\
BEGIN:VTIMEZONE
TZID:Head office
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
END:STANDARD
END:VTIMEZONE
"""


def calendar(*events: str, zones: str = "") -> str:
    """Returns a file with VEVENTs, of which the first begins on line 3; `|` ends a line in them."""
    parts = [f"BEGIN:VEVENT\n{event.replace('|', chr(10))}\nEND:VEVENT\n" for event in events]
    text = "BEGIN:VCALENDAR\nVERSION:2.0\n" + zones + "".join(parts) + "END:VCALENDAR\n"
    return text.replace("\n", "\r\n")


def read(text: str | bytes, run: Run = PARIS) -> tuple[list[dict[str, Any]], list[str]]:
    """Returns the events of a file, and what is refused."""
    return plans.read("schedule-ics", text, run)


def plan(*events: str, run: Run = PARIS, zones: str = "") -> list[str]:
    """Returns what a calendar without mistakes says."""
    found, refused = read(calendar(*events, zones=zones), run)
    assert refused == []
    return [told(event) for event in found]


def timed(start: str, end: str, name: str = "work", more: str = "", agent: str = "a") -> str:
    """Returns a VEVENT."""
    more = f"|{more}" if more else ""
    return f"DTSTART:{start}|DTEND:{end}|SUMMARY:{name}|X-POULS-AGENT:{agent}{more}"


WORK = timed("20261124T090000", "20261124T120000")


# -- reading a file again


@given(st.integers(0, 75), st.integers(0, 75))
def test_a_file_that_is_read_again_later_says_the_same_of_the_same_days(
    one: int, other: int
) -> None:
    """Shifts that repeat, an exception, one left out, and meetings that do not repeat."""
    day_ms = 86_400_000
    text = calendar(
        timed("20261102T090000", "20261102T120000",
              more="RRULE:FREQ=DAILY|UID:s|SEQUENCE:1|EXDATE:20261124T090000,20270101T090000"),
        timed("20261126T100000", "20261126T120000", "late",
              more="RECURRENCE-ID:20261126T090000|UID:s|SEQUENCE:2"),
        *(timed(f"2026{day}T140000", f"2026{day}T150000", "meeting", more=f"UID:{day}")
          for day in ("1105", "1124", "1125", "1126", "1224")),
        timed("20270301T140000", "20270301T150000", "far", more="UID:far"),
        timed("20261125T160000", "20261125T170000", "own", agent="b", more="UID:b"),
    )  # fmt: skip
    reads = []
    for days in sorted((one, other)):
        events, refused = read(text, Run(PARIS.zone, NOON + days * day_ms))
        assert refused == []
        reads.append({e["id"].rsplit("/", 1)[0]: e for e in events})
    first, second = reads
    for name in first.keys() & second.keys():
        assert first[name]["data"] == second[name]["data"], name
    assert [a["activity"] for a in second["a/2026-11-26"]["data"]["activities"]] == [
        "late", "meeting",
    ]  # fmt: skip
    assert [a["activity"] for a in second["b/2026-11-25"]["data"]["activities"]] == ["own"]


# -- one plan


def test_the_events_of_a_day_make_one_plan() -> None:
    """Its revision is the greatest SEQUENCE; times without a zone are the run's."""
    events, refused = read(
        calendar(
            timed("20261124T130000", "20261124T170000", more="SEQUENCE:1|UID:2"),
            "DTSTART:20261124T110000Z|DURATION:PT1H|SUMMARY:Out|CATEGORIES:lunch,long|SEQUENCE:4"
            "|X-POULS-AGENT:a|X-POULS-PRODUCTIVE:No|X-POULS-TRACKED:FALSE|UID:3",
            timed("20261124T090000", "20261124T120000", more="UID:1|STATUS:CONFIRMED"),
        )
    )
    work = {"activity": "work", "productive": True, "tracked": True}
    assert refused == []
    assert events == [
        {
            "type": "agent.schedule",
            "specversion": "1.0",
            "id": "a/2026-11-24/4",
            "source": "schedule-ics",
            "time": "2026-11-23T23:00:00Z",
            "subject": "a",
            "data": {
                "revision": 4,
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
                    {"start": "2026-11-24T12:00:00Z", "end": "2026-11-24T16:00:00Z", **work},
                ],
            },
        }
    ]


@pytest.mark.parametrize(
    ("said", "agents"),
    [
        ("ATTENDEE;CN=Anne:mailto:anne@example.org", ["anne"]),
        ("ATTENDEE:MAILTO:Anne.B%2B1@example.org", ["Anne.B+1"]),
        ("ATTENDEE:mailto:a@x|ATTENDEE:mailto:b@x|ATTENDEE:urn:uuid:1", ["a", "b"]),
        ("ATTENDEE:mailto:anne@example.org|X-POULS-AGENT: 47 ", ["47"]),
        ("X-POULS-AGENT:|ATTENDEE:mailto:anne@example.org", ["anne"]),
        ("X-POULS-AGENT:b|X-POULS-AGENT:a", ["a", "b"]),
    ],
)
def test_an_agent_is_named_by_our_property_or_an_address(said: str, agents: list[str]) -> None:
    """An activity of several people counts for each of them."""
    event = f"DTSTART:20261124T090000|DTEND:20261124T100000|SUMMARY:work|{said}"
    events, refused = read(calendar(event))
    assert [event["subject"] for event in events] == agents
    assert refused == []


def test_time_zones_are_those_of_the_event() -> None:
    """Of the IANA's names, of Windows', or defined in the file, wherever it stands there."""
    assert plan(
        "DTSTART;TZID=Asia/Tokyo:20261124T090000|DURATION:PT1H|SUMMARY:a|X-POULS-AGENT:a",
        "DTSTART;TZID=Romance Standard Time:20261124T090000|DURATION:PT1H|SUMMARY:b"
        "|X-POULS-AGENT:a",
        "DTSTART;TZID=Head office:20261124T090000|DURATION:PT1H|SUMMARY:c|X-POULS-AGENT:a",
        zones=ZONES,
    ) == ["a 2026-11-24 r0: 00:00–01:00 a, 03:30–04:30 c, 08:00–09:00 b"]


def test_a_date_is_that_of_the_runs_zone() -> None:
    """Where the day begins is one for all agents; a night belongs to where it began."""
    night = timed("20261124T210000Z", "20261125T050000Z")
    early = timed("20261124T230000Z", "20261124T233000Z", agent="b")
    assert plan(night, early) == [
        "a 2026-11-24 r0: 21:00–11-25 05:00 work",
        "b 2026-11-25 r0: 11-24 23:00–11-24 23:30 work",
    ]


@pytest.mark.parametrize("day", ["20261024", "20270327", "20261124"])
def test_a_duration_is_added_on_the_clock(day: str) -> None:
    """Eight hours from ten on end at six, on every night of the year."""
    start = f"DTSTART;TZID=Europe/Paris:{day}T220000|SUMMARY:night|X-POULS-AGENT:a"
    end = f"{int(day) + 1}T060000"
    assert plan(f"{start}|DURATION:PT8H") == plan(f"{start}|DTEND;TZID=Europe/Paris:{end}")


def test_lines_may_be_folded_and_other_components_are_passed_over() -> None:
    """As calendars come: with alarms, tasks and a mark of UTF-8."""
    text = (
        "\ufeffBEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\nEND:VTODO\nBEGIN:VEVENT\n"
        "DTSTART:20261124T0\n 90000\nDURATION:PT1H\nX-POULS-AGENT:a\nSUMMARY:réu\n\tnion\n"
        "GEO:nowhere\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\n"
        "END:VCALENDAR\n"
    )
    events, refused = read(text)
    assert [told(event) for event in events] == ["a 2026-11-24 r0: 08:00–09:00 réunion"]
    assert refused == []


# -- what is cancelled, or newer


def test_a_day_whose_events_are_all_cancelled_is_a_day_off() -> None:
    """A cancelled one needs neither end nor name, and its SEQUENCE counts."""
    cancelled = "DTSTART:20261124T090000|X-POULS-AGENT:a|STATUS:CANCELLED|SEQUENCE:5"
    assert plan(cancelled) == ["a 2026-11-24 r5: off"]
    assert plan(cancelled, WORK) == ["a 2026-11-24 r5: 08:00–11:00 work"]


def test_of_two_versions_of_an_event_the_later_stands() -> None:
    """By SEQUENCE, in whatever order they come."""
    old = timed("20261124T090000", "20261124T120000", "old", "UID:1|SEQUENCE:1")
    new = timed("20261124T100000", "20261124T110000", "new", "UID:1|SEQUENCE:2")
    assert plan(old, new) == plan(new, old) == ["a 2026-11-24 r2: 09:00–10:00 new"]


def test_two_events_with_one_uid_and_sequence_are_told() -> None:
    """Which of them is meant nobody can know: the first stands."""
    events, refused = read(calendar(f"{WORK}|UID:1", f"{WORK}|UID:1"))
    assert len(events) == 1
    assert refused == ["10: UID: the same, with the same SEQUENCE, as on line 3"]


def test_events_without_uid_are_events_of_their_own() -> None:
    """Small programs leave it out."""
    assert plan(WORK, timed("20261124T130000", "20261124T140000", "more")) == [
        "a 2026-11-24 r0: 08:00–11:00 work, 12:00–13:00 more"
    ]


# -- repetition


def test_what_does_not_repeat_comes_whenever_it_is() -> None:
    """A report of last year needs the plans of last year."""
    assert plan(timed("20250106T090000", "20250106T100000")) == [
        "a 2025-01-06 r0: 08:00–09:00 work"
    ]


def test_repetitions_come_from_yesterday_to_in_sixty_days() -> None:
    """By the run's beginning."""
    daily = timed("20200101T090000", "20200101T100000", more="RRULE:FREQ=DAILY|UID:1")
    dates = [line.split()[1] for line in plan(daily)]
    assert dates[0] == "2026-11-23"
    assert dates[-1] == "2027-01-23"
    assert len(dates) == len(set(dates)) == 62


def test_repetitions_keep_their_local_time() -> None:
    """Also over a night when the clock is changed."""
    march = Run("Europe/Paris", NOON + 124 * 86_400_000)
    weekly = (
        "DTSTART;TZID=Europe/Paris:20260101T090000|DURATION:PT1H|SUMMARY:work|X-POULS-AGENT:a"
        "|RRULE:FREQ=DAILY;UNTIL=20270330T100000Z|UID:1"
    )
    assert plan(weekly, run=march) == [
        "a 2027-03-27 r0: 08:00–09:00 work",
        "a 2027-03-28 r0: 07:00–08:00 work",
        "a 2027-03-29 r0: 07:00–08:00 work",
        "a 2027-03-30 r0: 07:00–08:00 work",
    ]


def test_exceptions_are_left_out_moved_and_cancelled() -> None:
    """Their days are days off then, which takes back what was said of them before."""
    master = timed(
        "20261123T090000", "20261123T100000", "work",
        "RRULE:FREQ=DAILY;COUNT=5|EXDATE:20261124T090000|UID:1|SEQUENCE:1",
    )  # fmt: skip
    moved = timed(
        "20261128T110000", "20261128T120000", "moved",
        "RECURRENCE-ID:20261125T090000|UID:1|SEQUENCE:2",
    )  # fmt: skip
    cancelled = timed(
        "20261126T090000", "20261126T100000", "work",
        "RECURRENCE-ID:20261126T090000|UID:1|STATUS:CANCELLED|SEQUENCE:3",
    )  # fmt: skip
    assert plan(master, moved, cancelled) == [
        "a 2026-11-23 r1: 08:00–09:00 work",
        "a 2026-11-24 r1: off",
        "a 2026-11-25 r2: off",
        "a 2026-11-26 r3: off",
        "a 2026-11-27 r1: 08:00–09:00 work",
        "a 2026-11-28 r2: 10:00–11:00 moved",
    ]


def test_a_whole_day_can_be_left_out_and_dates_added() -> None:
    """EXDATE with VALUE=DATE, RDATE."""
    master = timed(
        "20261123T090000", "20261123T100000", "work",
        "RRULE:FREQ=DAILY;COUNT=2|EXDATE;VALUE=DATE:20261124|RDATE:20261130T090000|UID:1",
    )  # fmt: skip
    assert plan(master) == [
        "a 2026-11-23 r0: 08:00–09:00 work",
        "a 2026-11-24 r0: off",
        "a 2026-11-30 r0: 08:00–09:00 work",
    ]


@pytest.mark.parametrize(
    "out", ["EXDATE:20261124T080000Z", "EXDATE;TZID=Europe/London:20261124T080000"]
)
def test_an_exception_may_be_in_another_zone(out: str) -> None:
    """The series keeps its own."""
    master = timed(
        "20261124T090000", "20261124T100000", more=f"RRULE:FREQ=DAILY;COUNT=2|{out}|UID:1"
    )
    assert plan(master) == ["a 2026-11-24 r0: off", "a 2026-11-25 r0: 08:00–09:00 work"]


def test_an_exception_hits_one_of_several_repetitions_of_a_day() -> None:
    """At 10:00 in Paris it is 9:00 in UTC: which the library would take for 9:00 in Paris."""
    master = (
        "DTSTART;TZID=Europe/Paris:20261124T090000|DURATION:PT15M|SUMMARY:x|X-POULS-AGENT:a|UID:1"
        "|RRULE:FREQ=DAILY;BYHOUR=9,10;COUNT=4|EXDATE;TZID=Europe/Paris:20261124T100000"
    )
    assert plan(master) == [
        "a 2026-11-24 r0: 08:00–08:15 x",
        "a 2026-11-25 r0: 08:00–08:15 x, 09:00–09:15 x",
    ]


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("20261125T080000Z", 2), ("20261125T075959Z", 1), ("20261125T090000", 2),
        ("20261125T085959", 1), ("20261126", 2),
    ],
)  # fmt: skip
def test_repetitions_end_at_a_time_of_any_zone(until: str, days: int) -> None:
    """UNTIL is in UTC, or local."""
    rule = f"RRULE:FREQ=DAILY;UNTIL={until}|UID:1"
    assert len(plan(timed("20261124T090000", "20261124T100000", more=rule))) == days


def test_a_date_may_be_added_with_an_end_of_its_own() -> None:
    """RDATE with VALUE=PERIOD."""
    added = "RDATE;VALUE=PERIOD:20261125T100000/PT30M,20261126T090000Z/20261126T093000Z|UID:1"
    assert plan(timed("20261124T090000", "20261124T100000", more=added)) == [
        "a 2026-11-24 r0: 08:00–09:00 work",
        "a 2026-11-25 r0: 09:00–09:30 work",
        "a 2026-11-26 r0: 09:00–09:30 work",
    ]


def test_an_exception_without_its_series_is_an_event() -> None:
    """Invitations to one date come so."""
    alone = timed("20261124T090000", "20261124T100000", more="RECURRENCE-ID:20261124T080000|UID:1")
    assert plan(alone) == ["a 2026-11-24 r0: 08:00–09:00 work"]


def test_a_repetition_in_the_hour_that_is_skipped_is_left_out() -> None:
    """Of the others nothing is lost."""
    march = Run("Europe/Paris", NOON + 124 * 86_400_000)
    nightly = timed("20270328T021500", "20270328T024500", more="RRULE:FREQ=DAILY;COUNT=2|UID:1")
    assert plan(nightly.replace("20270328", "20270327"), run=march) == [
        "a 2027-03-27 r0: 01:15–01:45 work",
        "a 2027-03-28 r0: off",
    ]


# -- mistakes


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ("SUMMARY:work|X-POULS-AGENT:a|DURATION:PT1H", "DTSTART: No DTSTART given."),
        (
            "DTSTART:20261124T090000|SUMMARY:work|X-POULS-AGENT:a",
            "DTEND: is missing, and so is DURATION",
        ),
        (timed("today", "20261124T100000"), "DTSTART: Expected datetime, date, or time. Got:"),
        (timed("20261124T090000", "20261124T090000"), "DTEND: is not after DTSTART"),
        (timed("20261124T100000", "20261124T090000"), "DTEND: is not after DTSTART"),
        (timed("19891124T090000", "19891124T100000"), "DTSTART: is not between 1990-01-02 and"),
        (
            "DTSTART;VALUE=DATE:20261124|DTEND;VALUE=DATE:20261125|SUMMARY:off|X-POULS-AGENT:a",
            "DTSTART: is a whole day; an activity begins and ends at a time",
        ),
        (
            "DTSTART;TZID=Mars/Base:20261124T090000|DURATION:PT1H|SUMMARY:work|X-POULS-AGENT:a",
            "DTSTART: the time zone 'Mars/Base' is not known",
        ),
        (
            "DTSTART:20261124T090000|DURATION:PT1H|SUMMARY:work|ATTENDEE:urn:uuid:1",
            "agent: there is neither X-POULS-AGENT nor an ATTENDEE with mailto:",
        ),
        (
            "DTSTART:20261124T090000|DURATION:PT1H|X-POULS-AGENT:a",
            "activity: there is neither CATEGORIES nor SUMMARY",
        ),
        (f"{WORK}|X-POULS-PRODUCTIVE:maybe", "X-POULS-PRODUCTIVE: 'maybe' is none of true, 1,"),
        (f"{WORK}|SEQUENCE:x", "SEQUENCE: Expected int, got: x"),
        (f"{WORK}|SEQUENCE:-1", "SEQUENCE: -1 is no whole number from 0 on"),
        (f"{WORK}|SEQUENCE:1|SEQUENCE:2", "SEQUENCE: [1, 2] is no whole number from 0 on"),
        (f"{WORK}|RRULE:FREQ=SOMETIMES", "RRULE: Expected frequency, got: SOMETIMES"),
        (f"{WORK}|RRULE:FREQ=HOURLY", "RRULE: FREQ=HOURLY: plans repeat daily at most"),
        (f"{WORK}|RRULE:FREQ=DAILY|RRULE:FREQ=DAILY", "RRULE: stands twice"),
        (f"{WORK}|RRULE:FREQ=DAILY;INTERVAL=0", "RRULE: INTERVAL is less than 1"),
        (f"{WORK}|RRULE:FREQ=DAILY;BYSETPOS=0", "RRULE: is not understood: FREQ=DAILY;BYSETPOS=0"),
        (f"{WORK}|RRULE:INTERVAL=2", "RRULE: cannot be expanded: "),
        (f"{WORK}|RDATE;TZID=Mars/Base:20261126T090000", "RDATE: the time zone 'Mars/Base' is not"),
        (f"{WORK}|DURATION:PT1H", "DTSTART: Only one of DTEND and DURATION"),
        (f"{WORK}|what is this", "VEVENT: Content line could not be parsed"),
        (f"{WORK}|BEGIN:VALARM", "VEVENT: "),
    ],
)
def test_a_bad_event_is_told_and_the_rest_is_read(event: str, sentence: str) -> None:
    """By the line of its BEGIN:VEVENT."""
    other = timed("20261124T090000", "20261124T100000", agent="b")
    events, refused = read(calendar(event, other, other.replace("AGENT:b", "AGENT:c")))
    assert [found["subject"] for found in events] == ["b", "c"]
    assert [text.startswith(f"3: {sentence}") for text in refused] == [True], refused


def test_an_event_that_is_no_utf8_is_told() -> None:
    """Files of old programs are often Latin-1."""
    text = calendar(timed("20261124T090000", "20261124T100000", "réunion"))
    assert read(text.encode("latin-1")) == ([], ["3: VEVENT: is not UTF-8"])


def test_an_event_without_end_is_told() -> None:
    """Cut off by the end of the file, or by the next one."""
    text = calendar(WORK, timed("20261125T090000", "20261125T100000"))
    events, refused = read(text.replace("END:VEVENT\r\n", "", 1))
    assert refused == ["3: VEVENT: has no END"]
    assert [event["data"]["date"] for event in events] == ["2026-11-25"]
    assert read(text[: text.rindex("END:VEVENT")])[1] == ["9: VEVENT: has no END"]


def test_a_bad_time_zone_is_told() -> None:
    """Whose events are refused, too."""
    zones = ZONES.replace("+0530", "x")
    events, refused = read(
        calendar(
            "DTSTART;TZID=Head office:20261124T090000|DURATION:PT1H|SUMMARY:c|X-POULS-AGENT:a",
            zones=zones,
        )
    )
    assert events == []
    assert refused[0].startswith("3: VTIMEZONE: ")
    assert refused[1:] == ["11: DTSTART: the time zone 'Head office' is not known"]


def test_a_file_that_is_no_calendar_is_told_once() -> None:
    """With where it stops being one."""
    assert read("\nagent,date\na,2026-11-24\n") == (
        [],
        ["2: line: is no iCalendar: BEGIN:VCALENDAR comes first"],
    )


def test_a_plan_with_an_overlap_is_refused() -> None:
    """With agent, date, revision and lines; the agent's other days stand."""
    weekly = timed("20261124T110000", "20261124T130000", more="RRULE:FREQ=DAILY;COUNT=2|UID:1")
    events, refused = read(calendar(weekly, WORK))
    assert refused == ["11: plan: a, 2026-11-24, revision 0 is refused: lines 3 and 11 overlap"]
    assert [event["data"]["date"] for event in events] == ["2026-11-25"]


@given(plans.days())
def test_a_plan_that_is_written_and_read_is_the_same(activities: list[dict[str, Any]]) -> None:
    """Whatever its times, also in a night when the clock is changed."""

    def written(time: str) -> str:
        return time.replace("-", "").replace(":", "")

    def event(activity: dict[str, Any]) -> str:
        name = activity["activity"].replace(",", "\\,")
        return (
            f"DTSTART:{written(activity['start'])}|DTEND:{written(activity['end'])}"
            f"|CATEGORIES:{name}|X-POULS-AGENT:a|X-POULS-PRODUCTIVE:{activity['productive']}"
            f"|X-POULS-TRACKED:{activity['tracked']}"
        )

    events, refused = read(calendar(*map(event, activities)), Run("UTC", NOON))
    assert refused == []
    assert [a for event in events for a in event["data"]["activities"]] == activities


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.integers(0, 7))
def test_whatever_stands_in_an_event_it_is_told_or_read(text: str, place: int) -> None:
    """Never an error of ours."""
    lines = f"{WORK}|RRULE:FREQ=WEEKLY;COUNT=3|EXDATE:20261201T090000|UID:1".split("|")
    name, _, _ = lines[place % len(lines)].partition(":")
    lines[place % len(lines)] = f"{name}:{text}"
    read(calendar("|".join(lines)))
