"""Calendars in `pouls.toml`: what a table means, and every mistake with its line."""

import datetime as dt
import typing
from pathlib import Path

import jsonschema
import pytest

from streams.core.calendars import WHOLE_DAY, Calendar, Hours
from streams.core.holidays import HOLIDAYS
from streams.schema import schema
from streams.settings import Settings, SettingsErrors, load_settings
from streams.settings.file import CalendarTable

DAY = ((480, 1320),)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its `pouls.toml`."""
    return tmp_path / "pouls.toml"


def loaded(file: Path, text: str) -> Settings:
    """Returns what a file means."""
    file.write_text(text)
    return load_settings({}, file)


def hours(file: Path, text: str) -> Hours:
    """Returns what a table of a calendar means."""
    return loaded(file, f"[calendars.shop]\n{text}").calendars["shop"].hours


def test_always_is_there_and_has_the_files_time_zone(file: Path) -> None:
    """Its days are those of everything else."""
    assert loaded(file, "").calendars == {"always": Calendar()}
    always = loaded(file, 'timezone = "Asia/Tokyo"').calendars["always"]
    assert always.hours == Hours(zone="Asia/Tokyo")


def test_a_calendar_says_weekdays_holidays_and_dates(file: Path) -> None:
    """One span or several, on one day or on a range of them."""
    found = hours(
        file,
        """
        timezone = "Europe/Madrid"
        holidays = "none"
        open = { mon-wed = "08:00-22:00", thu = ["14:00-18:00", "09:00-12:30"], holiday = "closed" }
        closed = [2026-12-26]
        exceptions = { 2026-12-24 = "08:00-24:00", 2026-12-31 = "closed" }
        """,
    )  # fmt: skip
    dates = [dt.date(2026, 12, n).toordinal() for n in (26, 24, 31)]
    assert found == Hours(
        zone="Europe/Madrid",
        week=(DAY, DAY, DAY, ((540, 750), (840, 1080)), (), (), ()),
        holidays="none",
        dates=dict(zip(dates, ((), ((480, 1440),), ()), strict=True)),
    )


def test_what_is_not_said_has_a_default(file: Path) -> None:
    """French holidays are closed; the time zone is the file's, else that of Paris."""
    text = '[calendars.shop.open]\nmon-fri = "08:00-22:00"'
    plain = Hours(zone="Europe/Paris", week=(DAY,) * 5 + ((), ()), holidays="FR")
    assert loaded(file, text).calendars["shop"].hours == plain
    moved = loaded(file, 'timezone = "Indian/Reunion"\n' + text).calendars["shop"]
    assert moved.hours.zone == "Indian/Reunion"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("22:00-06:00", ((1320, 1800),)),
        ("00:00-24:00", WHOLE_DAY),
        ("00:00-00:00", WHOLE_DAY),
        ("08:00-08:00", ((480, 1920),)),
        ("23:59-00:00", ((1439, 1440),)),
    ],
)
def test_an_end_that_is_not_after_its_start_is_on_the_next_day(
    file: Path, said: str, meant: object
) -> None:
    """As in plans."""
    assert hours(file, f'open.mon = "{said}"').week[0] == meant


def test_spans_may_touch(file: Path) -> None:
    """Whoever hands over at noon does not close."""
    week = hours(file, 'open.mon = ["12:00-18:00", "08:00-12:00"]').week
    assert week[0] == ((480, 720), (720, 1080))


def test_a_range_of_weekdays_may_pass_sunday(file: Path) -> None:
    """Some rest in the middle of the week."""
    week = hours(file, 'open.fri-mon = "08:00-22:00"').week
    assert week == (DAY, (), (), (), DAY, DAY, DAY)


def test_calendars_leave_the_hash(file: Path) -> None:
    """No cell depends on them."""
    text = '[calendars.shop]\nopen.mon = "08:00-22:00"'
    assert loaded(file, text).settings_hash == loaded(file, "").settings_hash


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "1: calendars.shop: is open on no weekday"),
        ("\nopen.mon = []", "3: calendars.shop.open: is open on no weekday"),
        ("open.holiday = '10:00-12:00'", "2: calendars.shop.open: is open on no weekday"),
        ("open.mond = '8:00-9:00'", "2: calendars.shop.open.mond: '8:00-9:00' is not like "),
        (
            "open.mond = '08:00-09:00'",
            "2: calendars.shop.open.mond: no day is called so; did you mean 'mon'?",
        ),
        (
            "open = { mon-fri = '08:00-09:00', wed = '10:00-11:00' }",
            "2: calendars.shop.open.wed: wed is in 'mon-fri', too",
        ),
        ("open.mon = '25:00-26:00'", "2: calendars.shop.open.mon: '25:00-26:00' is not like"),
        ("open.mon = '24:00-08:00'", "2: calendars.shop.open.mon: '24:00-08:00' is not like"),
        (
            "open.mon = ['08:00-09:00', 'closed']",
            "2: calendars.shop.open.mon: 'closed' is not like '08:00-22:00', nor 'closed' alone",
        ),
        (
            "open.mon = ['08:00-12:00', '11:59-13:00']",
            "2: calendars.shop.open.mon: its spans overlap",
        ),
        ("open.mon = 8", "2: calendars.shop.open.mon: must be text or a list, not 8"),
        ("open.mon = '08:00-09:00'\nholidays = 'ES'", "3: calendars.shop.holidays: 'ES' is none"),
        (
            "open.mon = '08:00-09:00'\ntimezone = 'Pari'",
            "3: calendars.shop.timezone: no time zone is called so",
        ),
        (
            "open.mon = '08:00-09:00'\nexceptions.24-12-2026 = 'closed'",
            "3: calendars.shop.exceptions.24-12-2026: is no date YYYY-MM-DD",
        ),
        (
            "open.mon = '08:00-09:00'\nexceptions.2026-02-29 = 'closed'",
            "3: calendars.shop.exceptions.2026-02-29: is no date YYYY-MM-DD",
        ),
        (
            "open.mon = '08:00-09:00'\nexceptions.2026-12-24 = 'close'",
            "3: calendars.shop.exceptions.2026-12-24: 'close' is not like",
        ),
        (
            "open.mon = '08:00-09:00'\nclosed = [2026-12-24]\nexceptions.2026-12-24 = 'closed'",
            "4: calendars.shop.exceptions.2026-12-24: is in `closed`, too",
        ),
        ("open.mon = '08:00-09:00'\nclosed = [1]", "3: calendars.shop.closed: must be"),
        (
            "[calendars.always]\nopen.mon = '08:00-09:00'",
            "2: calendars.always: is the one that is open at all hours",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_line_and_key(file: Path, text: str, complaint: str) -> None:
    """In a sentence."""
    with pytest.raises(SettingsErrors) as caught:
        hours(file, text)
    found = [told.removeprefix(f"{file}:") for told in caught.value.complaints]
    assert any(told.startswith(complaint) for told in found), found


def test_what_follows_from_a_mistake_is_not_told(file: Path) -> None:
    """Whoever writes a number for hours knows that the shop is open."""
    with pytest.raises(SettingsErrors) as caught:
        hours(file, "open.mon = 8")
    assert len(caught.value.complaints) == 1


def test_a_holiday_may_have_hours(file: Path) -> None:
    """Of its own."""
    found = hours(file, 'open = { mon = "08:00-22:00", holiday = "10:00-16:00" }')
    assert (found.week[0], found.holiday) == (DAY, ((600, 960),))


def test_the_schema_knows_calendars() -> None:
    """Editors complete and check them."""
    checker = jsonschema.Draft202012Validator(schema("config"))
    good = {"calendars": {"a": {"open": {"mon": ["08:00-22:00"], "tue": "closed"}}}}
    assert checker.is_valid(good)
    assert not checker.is_valid({"calendars": {"a": {"opne": {}}}})


def test_every_set_of_holidays_can_be_named() -> None:
    """And no other."""
    kind = typing.get_type_hints(CalendarTable)["holidays"]
    assert set(typing.get_args(kind)) == set(HOLIDAYS)
