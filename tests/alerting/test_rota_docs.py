"""docs/calendars.md: its examples mean what it says, and its messages are real."""

import re
from pathlib import Path

import pytest

from alerting.rota import gaps_told, who_is_on_call
from alerting.rotafile import load_rota
from streams.core.buckets import Zone
from streams.settings import Settings, load_settings
from tests.alerting.test_rota import HOUR, PEOPLE, Files, at

PAGE = (Path(__file__).parents[2] / "docs/calendars.md").read_text()
BLOCKS = dict(re.findall(r"^```(toml|ics)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
TOLD = re.findall(r"^\| `(\w+: .+?)` \|", PAGE, re.MULTILINE)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Returns what the example of `pouls.toml` means."""
    file = tmp_path / "pouls.toml"
    file.write_text(BLOCKS["toml"])
    return load_settings({}, file)


def test_the_opening_hours_are_what_the_page_says(settings: Settings) -> None:
    """Exceptions, holidays, nights, and what is due when."""
    assert list(settings.calendars) == ["always", "voice", "night"]
    voice, night = settings.calendars["voice"], settings.calendars["night"]
    assert voice.next_change(at("2026-12-24 09:00")) == at("2026-12-24 15:00")
    assert voice.next_change(at("2026-12-24 15:00")) == at("2026-12-26 09:00")
    assert voice.next_change(at("2027-07-14 09:00")) == at("2027-07-14 10:00")
    assert voice.business_days_after(at("2026-12-24 10:00"), 1) == at("2026-12-26 18:00")
    assert night.is_open(at("2026-11-27 05:59"))
    assert not night.is_open(at("2026-11-27 23:00"))
    for evening, hours in (("2026-10-24 12:00", 0), ("2026-10-25 12:00", 8)):
        assert night.open_ms_between(at(evening), at(evening) + 24 * HOUR) == hours * HOUR


def test_the_rota_is_what_the_page_says(settings: Settings, tmp_path: Path) -> None:
    """Bob goes home two hours early, and the page quotes what is told of it."""
    file = tmp_path / "rota.ics"
    file.write_text(BLOCKS["ics"])
    monday = at("2026-11-23 00:00")
    rota = load_rota(file, PEOPLE, settings.fold.timezone, monday)
    at_ten = [rota.on_call(at(f"2026-11-{day} 10:00")) for day in range(23, 31)]
    week = "ana ana bob ana ana cleo cleo ana"
    assert at_ten == [(person,) for person in week.split()]
    assert rota.people == {"ana", "bob", "cleo"}
    assert rota.on_call(at("2026-11-29 23:59")) == ("cleo",)
    told = gaps_told(rota, settings.calendars["voice"], monday)
    assert len(told) == 1
    assert f"`{told[0]}`" in PAGE
    lines = who_is_on_call({"floor": rota}, at("2026-11-25 19:00"), Zone(settings.fold.timezone))
    assert lines == ["floor: bob until 2026-11-25 20:00+01:00, then nobody"]


def test_every_message_of_the_page_is_said(tmp_path: Path) -> None:
    """As it stands there."""
    files = Files(tmp_path)
    good = "DTSTART:20261024T080000|DTEND:20261024T100000"
    said = files.complaints(f"UID:1|SUMMARY:anna|{good}", f"UID:2|{good}") + files.complaints()
    files.path.unlink()
    with pytest.raises(Exception, match="cannot be read") as caught:
        load_rota(files.path, PEOPLE, "UTC", 0)
    told = {text.partition(": ")[2] for text in (*said, str(caught.value))}
    assert told == set(TOLD)
