"""A reader's `now`."""

from streams.settings import Clock
from streams.settings.now import Now


def test_now_is_the_servers_clock_and_never_goes_back() -> None:
    """Not even when somebody sets the clock back."""
    now = Now(Clock("wall", 1.0))

    assert [now.at(t, 99_999) for t in (1000, 2000, 1500, 2500)] == [1000, 2000, 2000, 2500]


def test_with_the_events_clock_now_runs_on_from_the_newest_event() -> None:
    """At the configured speed; an event that it has overtaken does not turn it back."""
    now = Now(Clock("event", 60.0))

    assert now.at(1_000, 500_000) == 500_000
    assert now.at(2_000, 500_000) == 560_000
    assert now.at(3_000, 510_000) == 560_000
    assert now.at(4_000, 900_000) == 900_000
    assert now.at(5_000, 900_000) == 960_000


def test_before_any_event_the_events_clock_stands() -> None:
    """There is no time yet."""
    assert Now(Clock("event", 1.0)).at(1_790_000_000_000, 0) == 0
