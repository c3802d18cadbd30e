"""`people.csv`: what it means, and every mistake in it with its line."""

from pathlib import Path

import pytest

from streams.core.roster import BEGINNING_MS, Person, Roster
from streams.settings import SettingsErrors
from streams.settings.roster import load_roster, read

HEADER = "id,alias,name,team,site,account,roles,teams,lang,agent_id,targets_ref,since\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its roster."""
    return tmp_path / "people.csv"


def mistakes(file: Path, text: str) -> list[str]:
    """Returns what is wrong with a roster."""
    file.write_text(text, "utf-8")
    found = read(file, "Europe/Paris")
    assert isinstance(found, list)
    return [f"{line}: {field}: {sentence}" for line, field, sentence in found]


def test_a_row_says_who_somebody_is(file: Path) -> None:
    """Every column, roles and teams by semicolons; names composed."""
    row = "anne,An,Anne,sales,paris,anne@x,agent; supervisor,a;b,fr,47,mail,2026-03-01\n"
    file.write_text(HEADER + row.replace("Anne", "Anne\u0301"), "utf-8")
    found = read(file, "Europe/Paris")
    assert isinstance(found, Roster)
    assert found.people["anne"] == Person(
        id="anne",
        agent_id="47",
        since_ms=1_772_319_600_000,
        alias="An",
        name="Ann\u00e9",
        team="sales",
        site="paris",
        account="anne@x",
        roles=("agent", "supervisor"),
        teams=("a", "b"),
        lang="fr",
        targets_ref="mail",
    )


def test_an_id_is_enough(file: Path) -> None:
    """Then it is the agent's, from the beginning."""
    file.write_text("id\nanne\n")
    found = read(file, "UTC")
    assert isinstance(found, Roster)
    assert found.agents == {"anne": (Person("anne", "anne", BEGINNING_MS),)}


@pytest.mark.parametrize("since", ["2026-03-01T00:00:00+01:00", "2026-02-28t23:00:00z"])
def test_since_may_be_an_instant(file: Path, since: str) -> None:
    """Of two rows the later one holds from then on."""
    file.write_text(f"id,team,since\nanne,b,{since}\nanne,a,\n")
    found = read(file, "UTC")
    assert isinstance(found, Roster)
    assert found.place("anne", 1_772_319_599_999) == ("a", None)
    assert found.place("anne", 1_772_319_600_000) == ("b", None)


def test_every_mistake_is_told_with_its_line(file: Path) -> None:
    """All at once."""
    rows = (
        "anne,,,,,,,,,,,2026-03-01\n"
        ",,,sales,,,,,,,,\n"
        "bob,,,,,,agent;boss,,de,,,soon\n"
        "bob\n"
        "cleo,,,,,,,,,anne,,2026-02-28T23:00:00Z\n"
        "bob,,,,,,,,,,,2026-02-30\n"
    )
    assert mistakes(file, HEADER + rows) == [
        "3: id: is empty",
        "4: roles: 'boss' is none of display, agent, supervisor, manager, admin",
        "4: lang: 'de' is none of en, fr",
        "4: since: 'soon' is neither a date YYYY-MM-DD nor RFC 3339",
        "5: line: 1 values under 12 columns",
        "6: since: 'anne' has the same since on line 2",
        "7: since: '2026-02-30' is neither a date YYYY-MM-DD nor RFC 3339",
    ]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("id,teem", f"names 'teem'; there are {HEADER.strip().replace(',', ', ')}"),
        ("name,team", "does not name the columns id"),
    ],
)
def test_a_column_that_nobody_knows_is_told(file: Path, header: str, sentence: str) -> None:
    """With those that there are."""
    assert mistakes(file, f"{header}\na,b\n") == [f"1: header: {sentence}"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """As a mistake in it."""
    assert read(tmp_path, "UTC") == [(1, "file", "cannot be read: Is a directory")]


def test_the_roster_that_settings_name_is_loaded_or_refused(file: Path) -> None:
    """With all mistakes, each with its place."""
    assert load_roster(None, "UTC") is None
    file.write_text("id\nanne\n")
    found = load_roster(file, "UTC")
    assert found
    assert "anne" in found
    file.write_text("id,lang\n,\nanne,x\n")
    with pytest.raises(SettingsErrors) as caught:
        load_roster(file, "UTC")
    assert caught.value.complaints == [f"{file}:3: lang: 'x' is none of en, fr"]
    file.write_text("id,lang\n,fr\nanne,x\n")
    with pytest.raises(SettingsErrors) as caught:
        load_roster(file, "UTC")
    assert caught.value.complaints == [
        f"{file}:2: id: is empty",
        f"{file}:3: lang: 'x' is none of en, fr",
    ]
