"""Rotas: who is on call on every night of the year, by exceptions and overrides, and gaps."""

import datetime as dt
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.rota import CHECKED_MS, Rota, gaps_told, who_is_on_call
from alerting.rotafile import load_rota
from streams.core.buckets import Zone
from streams.core.calendars import Calendar, Hours
from streams.core.roster import Person, Roster, roster
from streams.settings import SettingsErrors

PARIS = "Europe/Paris"
HOUR = 3_600_000
PEOPLE = roster(
    [Person(person, person, account=account) for person, account in
     [("ana", "ana.r@example.org"), ("bob", ""), ("cleo", ""), ("zoé", "")]]
)  # fmt: skip
DAY_SHIFT = Calendar(Hours(week=(((480, 1320),),) * 7))
NIGHTS = "UID:1|SUMMARY:ana|DTSTART:20261001T220000|DTEND:20261002T060000|RRULE:FREQ=DAILY"


def at(text: str, fold: int = 0) -> int:
    """Returns the instant of a local time in Paris, of the first or the second of its kind."""
    local = dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(PARIS), fold=fold)
    return round(local.timestamp() * 1000)


NOW = at("2026-10-20 12:00")


def calendar(*events: str) -> str:
    """Returns a file with VEVENTs, of which the first begins on line 2; `|` ends a line in them."""
    parts = [f"BEGIN:VEVENT\n{event.replace('|', chr(10))}\nEND:VEVENT\n" for event in events]
    return f"BEGIN:VCALENDAR\n{''.join(parts)}END:VCALENDAR\n".replace("\n", "\r\n")


class Files:
    """Where a test writes its calendars."""

    def __init__(self, folder: Path) -> None:
        self.path, self.other = folder / "rota.ics", folder / "overrides.ics"

    def rota(self, *events: str, overrides: tuple[str, ...] = (), people: Roster = PEOPLE) -> Rota:
        """Returns what calendars mean."""
        self.path.write_text(calendar(*events), newline="")
        self.other.write_text(calendar(*overrides), newline="")
        return load_rota(self.path, people, PARIS, NOW, self.other if overrides else None)

    def complaints(self, *events: str, overrides: tuple[str, ...] = ()) -> list[str]:
        """Returns what is wrong with calendars, without their folder."""
        with pytest.raises(SettingsErrors) as caught:
            self.rota(*events, overrides=overrides)
        return [text.removeprefix(f"{self.path.parent}/") for text in caught.value.complaints]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Where a test writes its calendars."""
    return Files(tmp_path)


# -- nights


@pytest.mark.parametrize(
    ("night", "morning", "hours"),
    [
        ("2026-10-24", "2026-10-25", 9),
        ("2027-03-27", "2027-03-28", 7),
        ("2026-11-24", "2026-11-25", 8),
    ],
)
def test_a_shift_across_midnight_keeps_its_local_times(
    files: Files, night: str, morning: str, hours: int
) -> None:
    """Whether the clock is put back, forward, or left alone in that night."""
    rota = files.rota(NIGHTS)
    begin, end = at(f"{night} 22:00"), at(f"{morning} 06:00")
    assert end - begin == hours * HOUR
    assert rota.on_call(begin - 1) == ()
    assert [rota.on_call(ms) for ms in range(begin, end, HOUR // 4)] == [("ana",)] * hours * 4
    assert rota.on_call(end) == ()
    assert rota.next_change(begin - 1) == begin
    assert rota.next_change(begin) == end


def test_shifts_that_change_in_the_hour_that_comes_twice_leave_no_gap(files: Files) -> None:
    """The first 2:30 is meant, by both."""
    rota = files.rota(
        "UID:1|SUMMARY:ana|DTSTART:20261001T220000|DTEND:20261002T023000|RRULE:FREQ=DAILY",
        "UID:2|SUMMARY:bob|DTSTART:20261002T023000|DTEND:20261002T220000|RRULE:FREQ=DAILY",
    )
    assert rota.next_change(at("2026-10-25 00:00")) == at("2026-10-25 02:30", fold=0)
    assert rota.on_call(at("2026-10-25 02:15", fold=1)) == ("bob",)
    skip = at("2027-03-28 03:00")
    assert (rota.on_call(skip - 1), rota.on_call(skip)) == (("ana",), ("bob",))
    assert rota.gaps(NOW, NOW + 2 * CHECKED_MS, Calendar()) == []


def test_weeks_are_handed_over_at_the_same_local_time(files: Files) -> None:
    """By two who take turns, whole days from Monday on, for more than one block."""
    rota = files.rota(
        "UID:1|SUMMARY:ana|DTSTART;VALUE=DATE:20261005|DTEND;VALUE=DATE:20261012"
        "|RRULE:FREQ=WEEKLY;INTERVAL=2",
        "UID:2|SUMMARY:bob|DTSTART;VALUE=DATE:20261012|DURATION:P7D|RRULE:FREQ=WEEKLY;INTERVAL=2",
    )
    changes, ms = [], at("2026-10-06 12:00")
    while ms < at("2027-04-10 00:00"):
        changed = rota.next_change(ms)
        assert changed is not None
        changes.append((changed, rota.on_call(changed)))
        ms = changed
    mondays = [dt.date(2026, 10, 12) + n * dt.timedelta(weeks=1) for n in range(len(changes))]
    turns = [(("bob",), ("ana",))[n % 2] for n in range(len(changes))]
    assert changes == [(at(f"{d} 00:00"), who) for d, who in zip(mondays, turns, strict=True)]
    assert rota.gaps(NOW, NOW + CHECKED_MS, Calendar()) == []


def test_a_shift_longer_than_a_block_is_on_in_all_of_them(files: Files) -> None:
    """Somebody has it for a quarter of a year."""
    rota = files.rota(
        "UID:1|SUMMARY:bob|DTSTART;VALUE=DATE:20261001|DURATION:P92D|RRULE:FREQ=YEARLY"
    )
    assert rota.gaps(at("2026-10-01 00:00"), at("2027-01-01 00:00"), Calendar()) == []
    assert rota.next_change(at("2026-12-01 00:00")) == at("2027-01-01 00:00")


def test_a_date_without_an_end_is_a_day(files: Files) -> None:
    """Of 25 hours, when the clock is put back; the last date of a rule is one, too."""
    rota = files.rota(
        "SUMMARY:bob|UID:1|DTSTART;VALUE=DATE:20261024|RRULE:FREQ=DAILY;UNTIL=20261025"
    )
    assert rota.next_change(NOW) == at("2026-10-24 00:00")
    assert rota.next_change(at("2026-10-24 00:00")) == at("2026-10-26 00:00")


# -- exceptions and overrides


def test_a_repetition_is_taken_over_by_its_recurrence_id(files: Files) -> None:
    """By somebody else, at another time, or by nobody; on the night of the change, too."""
    rota = files.rota(
        NIGHTS + "|EXDATE:20261026T220000",
        "UID:1|RECURRENCE-ID:20261024T220000|SUMMARY:bob|DTSTART:20261024T220000"
        "|DTEND:20261025T060000",
        "UID:1|RECURRENCE-ID;TZID=Europe/London:20261025T210000|SUMMARY:cleo"
        "|DTSTART:20261025T230000|DTEND:20261026T060000",
        "UID:1|RECURRENCE-ID:20261027T210000Z|STATUS:CANCELLED|SUMMARY:ana|DTSTART:20261027T220000"
        "|DTEND:20261028T060000",
    )
    nights = [rota.on_call(at(f"2026-10-{day} 23:30")) for day in range(23, 29)]
    assert nights == [("ana",), ("bob",), ("cleo",), (), (), ("ana",)]
    assert rota.on_call(at("2026-10-25 22:30")) == ()
    assert rota.on_call(at("2026-10-25 02:30", fold=1)) == ("bob",)


def test_an_exception_may_hold_for_all_that_follow(files: Files) -> None:
    """Somebody leaves the team; the hours are others, and the clock is put back."""
    rota = files.rota(
        "UID:1|SUMMARY:ana|DTSTART:20261020T080000|DURATION:PT4H|RRULE:FREQ=DAILY",
        "UID:1|RECURRENCE-ID;RANGE=THISANDFUTURE:20261025T080000|SUMMARY:bob"
        "|DTSTART:20261025T090000|DURATION:PT3H",
    )
    assert rota.next_change(at("2026-10-24 00:00")) == at("2026-10-24 08:00")
    assert rota.on_call(at("2026-10-24 08:00")) == ("ana",)
    for day in ("2026-10-25", "2026-12-01"):
        assert rota.next_change(at(f"{day} 00:00")) == at(f"{day} 09:00")
        assert rota.on_call(at(f"{day} 11:59")) == ("bob",)


def test_the_second_file_goes_before_the_first(files: Files) -> None:
    """Only while its shifts take place, and only who is on them."""
    rota = files.rota(
        NIGHTS,
        overrides=(
            "SUMMARY:bob|UID:1|DTSTART:20261024T230000|DTEND:20261025T023000",
            "SUMMARY:cleo|UID:2|DTSTART:20261024T220000|DTEND:20261025T060000|STATUS:CANCELLED",
        ),
    )
    begin = at("2026-10-24 22:00")
    told = [(ms := begin, rota.on_call(begin))]
    while (changed := rota.next_change(ms)) and changed < at("2026-10-25 12:00"):
        told.append((ms := changed, rota.on_call(changed)))
    assert told == [
        (at("2026-10-24 22:00"), ("ana",)),
        (at("2026-10-24 23:00"), ("bob",)),
        (at("2026-10-25 02:30"), ("ana",)),
        (at("2026-10-25 06:00"), ()),
    ]
    assert rota.people == {"ana", "bob"}


def test_several_shifts_at_once_are_all_on_call(files: Files) -> None:
    """In the order of the file, nobody twice."""
    when = "DTSTART:20261024T080000|DTEND:20261024T100000"
    rota = files.rota(
        f"UID:2|SUMMARY:bob; zoe\u0301|{when}",
        "UID:1|SUMMARY:Night watch|ATTENDEE:mailto:Ana.R@example.org|ATTENDEE;CN=B:MAILTO:bob@x"
        f"|{when}",
    )
    assert rota.on_call(at("2026-10-24 09:00")) == ("bob", "zoé", "ana")


# -- gaps


def test_gaps_are_open_hours_without_anybody(files: Files) -> None:
    """Christmas is left out of the rota, and one evening ends early."""
    rota = files.rota(
        "UID:1|SUMMARY:ana|DTSTART:20261001T070000|DTEND:20261001T230000|RRULE:FREQ=DAILY"
        "|EXDATE:20261225T070000",
        "UID:1|RECURRENCE-ID:20261025T070000|SUMMARY:ana|DTSTART:20261025T070000"
        "|DTEND:20261025T213000",
    )
    assert rota.gaps(NOW, NOW + CHECKED_MS, DAY_SHIFT) == [
        (at("2026-10-25 21:30"), at("2026-10-25 22:00")),
        (at("2026-12-25 08:00"), at("2026-12-25 22:00")),
    ]
    french = Calendar(Hours(week=(((480, 1320),),) * 7, holidays="FR"))
    assert len(rota.gaps(NOW, NOW + CHECKED_MS, french)) == 1
    assert gaps_told(rota, DAY_SHIFT, NOW) == [
        "nobody is on call from 2026-10-25 21:30+01:00 to 2026-10-25 22:00+01:00",
        "nobody is on call from 2026-12-25 08:00+01:00 to 2026-12-25 22:00+01:00",
    ]


def test_of_many_gaps_some_are_told(files: Files) -> None:
    """A rota that ended long ago does not fill the screen."""
    rota = files.rota("SUMMARY:ana|UID:1|DTSTART:20260101T000000|DTEND:20260102T000000")
    told = gaps_told(rota, DAY_SHIFT, NOW)
    assert len(told) == 6
    assert told[-1] == "and 86 times more, 1193 hours together"
    assert gaps_told(files.rota("SUMMARY:ana|UID:1|DTSTART:20260101T000000|DURATION:P1000D"),
                     DAY_SHIFT, NOW) == []  # fmt: skip


def test_ninety_days_are_looked_through_in_little_time(files: Files) -> None:
    """Three shifts a day with an exception each: a load is no wait."""
    times = [("0600", "1400"), ("1400", "2200"), ("2200", "0600")]
    events = [
        f"UID:{n}|SUMMARY:ana|DTSTART:20261001T{a}00|DTEND:2026100{1 + (b < a)}T{b}00"
        f"|RRULE:FREQ=DAILY|EXDATE:20261225T{a}00"
        for n, (a, b) in enumerate(times)
    ]
    begun = time.perf_counter()
    rota = files.rota(*events)
    assert rota.gaps(NOW, NOW + CHECKED_MS, DAY_SHIFT) == [
        (at("2026-12-25 08:00"), at("2026-12-25 22:00"))
    ]
    assert time.perf_counter() - begun < 5  # some 100 ms on a quiet machine


# -- the command's lines


def test_the_command_tells_who_until_when_and_who_next(files: Files) -> None:
    """One line a rota."""
    both = "SUMMARY:ana;bob|UID:1|DTSTART:20261020T080000|DTEND:20261020T180000"
    rotas = {"floor": files.rota(both), "it": files.rota(NIGHTS)}
    forever = files.rota("SUMMARY:bob|UID:1|DTSTART:20260101T000000|DURATION:P3000D")
    assert who_is_on_call(rotas | {"boss": forever}, NOW, Zone(PARIS)) == [
        "floor: ana and bob until 2026-10-20 18:00+02:00, then nobody",
        "it: nobody until 2026-10-20 22:00+02:00, then ana",
        "boss: bob",
    ]


# -- mistakes


def test_every_mistake_in_both_files_is_told_with_its_line(files: Files) -> None:
    """Nobody likes to mend one a start."""
    good = "DTSTART:20261024T080000|DTEND:20261024T100000"
    found = files.complaints(
        f"UID:1|SUMMARY:anna|{good}",
        f"UID:2|{good}",
        f"UID:3|SUMMARY:Night|ATTENDEE:mailto:xavier@example.org|{good}",
        f"UID:4|SUMMARY:ana|{good}|RRULE:FREQ=DAILY;INTERVAL=0",
        f"UID:5|SUMMARY:ana|{good}|RRULE:INTERVAL=2",
        "UID:6|SUMMARY:ana|DTSTART:20261024T100000|DTEND:20261024T100000",
        overrides=(f"UID:1|SUMMARY:bob|{good}|RRULE:FREQ=MINUTELY",),
    )
    assert found == [
        "rota.ics:2: person: 'anna' is no id in people.csv; did you mean 'ana'?",
        "rota.ics:8: person: there is neither an ATTENDEE with mailto: nor a SUMMARY",
        "rota.ics:13: person: 'xavier@example.org' is no id in people.csv",
        "rota.ics:20: RRULE: INTERVAL is less than 1",
        (
            "rota.ics:27: RRULE: cannot be expanded: "
            "rrule.__init__() missing 1 required positional argument: 'freq'"
        ),
        "rota.ics:34: DTEND: is not after DTSTART",
        "overrides.ics:2: RRULE: FREQ=MINUTELY: plans repeat daily at most",
    ]


def test_a_rota_of_nobody_is_a_mistake(files: Files, tmp_path: Path) -> None:
    """So is a file that is not there; overrides may be empty."""
    assert files.complaints() == [
        "rota.ics:1: VEVENT: there is none, so nobody would ever be on call"
    ]
    with pytest.raises(SettingsErrors, match=r"nowhere\.ics:1: file: cannot be read: No such"):
        load_rota(tmp_path / "nowhere.ics", PEOPLE, PARIS, NOW)
    files.other.write_text("BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    files.path.write_text(calendar(NIGHTS))
    assert load_rota(files.path, PEOPLE, PARIS, NOW, files.other).people == {"ana"}


def test_it_does_not_matter_who_a_cancelled_shift_names(files: Files) -> None:
    """Whoever has left stays in the calendar's past."""
    gone = "UID:9|SUMMARY:gone|STATUS:CANCELLED|DTSTART:20261024T080000"
    assert files.rota(NIGHTS, gone).people == {"ana"}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.integers(0, 8))
def test_whatever_stands_in_a_shift_it_is_told_or_read(
    tmp_path_factory: pytest.TempPathFactory, text: str, place: int
) -> None:
    """Never an error of ours; what was read once can be asked of any time."""
    lines = [
        "DTSTART;VALUE=DATE:20261020",
        "DTEND;VALUE=DATE:20261021",
        "RRULE:FREQ=WEEKLY;COUNT=3",
        "EXDATE;VALUE=DATE:20261027",
        "RDATE;VALUE=PERIOD:20261102T080000Z/PT1H",
        "SUMMARY:ana",
        "ATTENDEE:mailto:bob@x",
        "STATUS:CONFIRMED",
        "UID:1",
    ]
    name, _, _ = lines[place].rpartition(":" if place != 6 else ":mailto:")
    lines[place] = f"{name}:{text}"
    files = Files(tmp_path_factory.mktemp("rota"))
    try:
        rota = files.rota("|".join(lines))
    except SettingsErrors:
        return
    rota.gaps(NOW - CHECKED_MS, NOW + 2 * CHECKED_MS, Calendar())


# -- against a slow look

shift = st.tuples(st.sampled_from(["ana", "bob"]), st.integers(0, 80), st.integers(1, 40))


@given(st.lists(shift, min_size=1, max_size=5), st.lists(shift, max_size=3))
def test_somebody_is_on_call_exactly_while_a_shift_takes_place(
    tmp_path_factory: pytest.TempPathFactory,
    shifts: list[tuple[str, int, int]],
    overrides: list[tuple[str, int, int]],
) -> None:
    """Whatever overlaps; across the change of the clock, in steps of an hour."""
    origin = at("2026-10-23 00:00")

    def event(shift: tuple[str, int, int]) -> str:
        who, start, hours = shift
        times = [dt.datetime.fromtimestamp(origin / 1000 + n * 3600, dt.UTC) for n in
                 (start, start + hours)]  # fmt: skip
        begin, end = (f"{time:%Y%m%dT%H%M%SZ}" for time in times)
        return f"SUMMARY:{who}|DTSTART:{begin}|DTEND:{end}"

    files = Files(tmp_path_factory.mktemp("rota"))
    rota = files.rota(*map(event, shifts), overrides=tuple(map(event, overrides)))
    on = []
    for hour in range(125):
        both = [[w for w, a, n in some if a <= hour < a + n] for some in (overrides, shifts)]
        on.append(tuple(dict.fromkeys(both[0] or both[1])))
    assert [rota.on_call(origin + hour * HOUR) for hour in range(125)] == on
    end = origin + 125 * HOUR
    covered = sum(d - c for c, d in rota.gaps(origin, end, Calendar()))
    assert covered == on.count(()) * HOUR
    changes = [h for h in range(1, 125) if on[h] != on[0]]
    assert rota.next_change(origin) == (origin + changes[0] * HOUR if changes else None)
