"""Time goes by as it was asked to."""

from typing import NamedTuple

import pytest

from streams.pacing import Pace, in_step, parse_speed


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Returns the time in seconds."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Lets time go by."""
        self.now_s += seconds


class Thing(NamedTuple):
    """Something that happens."""

    at_ms: int


@pytest.mark.parametrize(
    ("text", "speed"), [("max", None), ("real", 1.0), ("60x", 60.0), ("0.5x", 0.5)]
)
def test_speeds_are_understood(text: str, speed: float | None) -> None:
    """As the command line names them."""
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "fast", "60", "x", "0x", "-1x", "infx", "nanx"])
def test_other_words_are_refused(text: str) -> None:
    """With what there is."""
    with pytest.raises(ValueError, match="is not max, real, or so many times as fast: 60x"):
        parse_speed(text)


def test_the_first_instant_is_now_unless_another_one_is() -> None:
    """What is past is due at once, what is to come in its time."""
    clock = Clock()
    replayed, live = Pace(1, clock=clock), Pace(1, 5_000, clock)

    assert replayed.wait_s(4_000) == 0
    assert replayed.wait_s(6_000) == 2
    assert live.wait_s(4_000) == -1
    assert live.wait_s(6_000) == 1


def test_a_speed_divides_every_wait() -> None:
    """An hour in a minute."""
    pace = Pace(60, 0, Clock())

    assert pace.wait_s(3_600_000) == 60


def test_things_come_in_step_and_never_early() -> None:
    """Also when a sleep is cut short."""
    clock = Clock()
    things = [Thing(0), Thing(0), Thing(1_500), Thing(1_000), Thing(9_000)]
    steps = in_step(things, Pace(2, 0, clock), lambda s: clock.sleep(s / 2 + 0.001))
    came = [(thing.at_ms, clock.now_s - 1000) for thing in steps]

    assert [at_ms for at_ms, _ in came] == [0, 0, 1_500, 1_000, 9_000]
    assert all(0 <= s - at_ms / 2000 < 0.3 for at_ms, s in came)
