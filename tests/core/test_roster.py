"""The roster: who is where at which time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.roster import Person, roster

MAYDAY = 1_777_593_600_000
PEOPLE = roster(
    [
        Person("anne", "47", MAYDAY, alias="An", name="Anne B.", team="after-sales", site="lyon"),
        Person("anne", "47", alias="A", name="Anne A.", team="sales", site="paris"),
        Person("bob", "bob", MAYDAY, name="Bob", team="sales"),
        Person("chef", "chef", roles=("manager",), teams=("sales",)),
    ]
)


@pytest.mark.parametrize(
    ("agent", "ms", "place"),
    [
        ("47", 0, ("sales", "paris")),
        ("47", MAYDAY - 1, ("sales", "paris")),
        ("47", MAYDAY, ("after-sales", "lyon")),
        ("47", 2 * MAYDAY, ("after-sales", "lyon")),
        ("bob", MAYDAY - 1, (None, None)),
        ("bob", MAYDAY, ("sales", None)),
        ("chef", MAYDAY, (None, None)),
        ("anne", MAYDAY, (None, None)),
        ("nobody", MAYDAY, (None, None)),
    ],
)
def test_a_place_is_that_of_the_row_in_force(
    agent: str, ms: int, place: tuple[str | None, str | None]
) -> None:
    """The latest `since` up to the moment; before the first row nothing is known."""
    assert PEOPLE.place(agent, ms) == place


def test_an_agent_is_in_it_by_the_id_of_events() -> None:
    """Whatever the time."""
    assert "47" in PEOPLE
    assert "bob" in PEOPLE
    assert "anne" not in PEOPLE


def test_names_are_those_of_the_latest_row() -> None:
    """By the person's id; an empty text is none."""
    assert (PEOPLE.alias("anne"), PEOPLE.name("anne")) == ("An", "Anne B.")
    assert (PEOPLE.alias("bob"), PEOPLE.name("bob")) == (None, "Bob")
    assert (PEOPLE.alias("47"), PEOPLE.name("47")) == (None, None)


def test_teams_are_all_that_somebody_is_or_was_in() -> None:
    """Each once."""
    assert PEOPLE.teams() == ("after-sales", "sales")
    assert roster([]).teams() == ()


def test_names_are_compared_composed() -> None:
    """As everywhere."""
    people = roster([Person("zoé", "zoé", team="sales")])
    assert people.place("zoe\u0301", 0) == ("sales", None)
    assert "zoe\u0301" in people


@given(
    st.dictionaries(st.integers(-5, 5), st.sampled_from("abc")),
    st.integers(-9, 9),
    st.randoms(use_true_random=False),
)
def test_a_place_is_what_a_walk_through_the_rows_finds(
    teams: dict[int, str], ms: int, chance: object
) -> None:
    """Whatever their order in the file."""
    rows = [Person("p", "p", since, team=team) for since, team in teams.items()]
    chance.shuffle(rows)  # type: ignore[attr-defined]
    expected = None
    for since in sorted(teams):
        if since <= ms:
            expected = teams[since]
    assert roster(rows).place("p", ms) == (expected, None)
