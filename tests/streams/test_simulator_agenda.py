"""What is planned in a shift, and what people make of it."""

from itertools import pairwise
from random import Random

import pytest

from streams.simulator.agenda import AT_WORK_MIN, SHIFT_MIN, Absence, agenda, breaks, moved
from streams.simulator.habits import Outing, outings
from streams.simulator.plan import TEAMS, Team

LATE_TEAM = Team("x", "y", meets=(20 * 60,))


def apart(planned: tuple[Absence, ...]) -> bool:
    """Whether absences lie inside a shift, with some work between them."""
    edges = [(0, 0), *((a.from_min, a.to_min) for a in planned), (SHIFT_MIN, SHIFT_MIN)]
    return all(a[1] + AT_WORK_MIN <= b[0] for a, b in pairwise(edges))


@pytest.mark.parametrize("team", TEAMS, ids=lambda t: t.name)
def test_whatever_is_planned_does_not_overlap(team: Team) -> None:
    """At any hour of the day, for everybody, also when it was moved."""
    for hour in range(24):
        for slot in range(80):
            dice = Random(slot * 24 + hour)
            planned = agenda(slot, hour, team, dice)
            change = moved(planned, dice)
            assert apart(planned)
            assert change is None or apart(change.planned)


def test_breaks_give_way_to_the_meeting() -> None:
    """And keep their lengths and their number."""
    hindered = 0
    for slot in range(80):
        for hour in range(12, 20):
            planned = agenda(slot, hour, LATE_TEAM, Random(1))
            own = [a for a in planned if a.activity in {"pause", "repas"}]
            meetings = [a for a in planned if a.activity == "reunion"]
            hindered += len(meetings) == 1 and tuple(own) != breaks(slot)
            assert sum(a.to_min - a.from_min for a in own) == 75
            assert all((hour * 60 + a.from_min) // 20 in range(60, 64) for a in meetings)
    assert hindered


def test_a_shift_at_another_time_has_no_meeting() -> None:
    """The night does not come for it."""
    planned = agenda(0, 22, LATE_TEAM, Random(1))

    assert not any(a.activity == "reunion" for a in planned)


def test_a_meeting_is_not_moved() -> None:
    """Nor is what has no room half an hour away."""
    dice = Random(1)

    assert moved((Absence("reunion", 200, 220),), dice) is None
    assert moved((Absence("repas", 20, 450),), dice) is None


def test_a_break_is_as_long_whenever_it_begins_and_a_meeting_ends_by_the_clock() -> None:
    """Who comes late to it hears less of it, but a minute at least."""
    late_ms = 1_000_000 + 300_000

    assert Outing(1_000_000, "pause", 900_000).back_ms(late_ms) == late_ms + 900_000
    assert Outing(1_000_000, "reunion", 900_000).back_ms(late_ms) == 1_900_000
    assert Outing(1_000_000, "reunion", 300_000).back_ms(late_ms) == late_ms + 60_000


def test_outings_are_in_order_and_hold_all_that_is_planned() -> None:
    """What is not planned comes between, at some distance."""
    planned = breaks(3)
    for seed in range(50):
        out = outings(0, planned, Random(seed))
        own = [o.reason for o in out if o.reason in {"pause", "repas"}]
        assert out == sorted(out, key=lambda o: o.from_ms)
        assert own == ["pause", "repas", "pause"]
