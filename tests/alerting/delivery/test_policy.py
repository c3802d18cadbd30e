"""Pauses grow, differ from each other, and end; a broken address rests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.delivery.policy import USUAL, Breaker, Policy


@pytest.mark.parametrize(
    ("attempt", "pause_ms"), [(0, 5_000), (1, 30_000), (2, 120_000), (3, 600_000)]
)
def test_pauses_are_those_of_the_policy(attempt: int, pause_ms: int) -> None:
    """And up to a fifth longer, so that many failures do not come back at once."""
    found = [USUAL.again_ms(f"key {i}", attempt) for i in range(50)]

    assert all(p is not None and pause_ms <= p <= pause_ms * 1.2 for p in found)
    assert len(set(found)) > 40
    assert found == [USUAL.again_ms(f"key {i}", attempt) for i in range(50)]


def test_the_fifth_attempt_is_the_last() -> None:
    """Whatever the receiver asks for."""
    assert USUAL.again_ms("key", 4) is None
    assert USUAL.again_ms("key", 4, 10.0) is None


@pytest.mark.parametrize(
    ("asked_s", "least_ms", "most_ms"),
    [
        (0.0, 5_000, 6_000),
        (1.0, 5_000, 6_000),
        (60.0, 60_000, 60_000),
        (86_400.0, 600_000, 600_000),
    ],
)
def test_a_receiver_may_ask_for_time(asked_s: float, least_ms: int, most_ms: int) -> None:
    """More than we would give, and not for ever."""
    found = USUAL.again_ms("key", 0, asked_s)

    assert found is not None
    assert least_ms <= found <= most_ms


@given(st.text(), st.integers(0, 3), st.none() | st.floats(0, 1e9))
def test_a_pause_has_its_bounds(key: str, attempt: int, asked_s: float | None) -> None:
    """Whatever is asked for, by whichever key."""
    found = USUAL.again_ms(key, attempt, asked_s)

    assert found is not None
    assert USUAL.retries_ms[attempt] <= found <= max(USUAL.longest_ms * 1.2, USUAL.longest_ms)


def test_a_breaker_opens_after_five_failures_in_a_row() -> None:
    """One good answer, and counting begins anew."""
    breaker = Breaker(USUAL)
    for _ in range(4):
        breaker.failed(0)
    breaker.answered()
    for _ in range(4):
        breaker.failed(0)
    assert breaker.state(0) == "closed"

    breaker.failed(0)
    assert breaker.state(0) == breaker.state(29_999) == "open"
    assert breaker.state(30_000) == "half-open"


def test_it_rests_longer_each_time_up_to_ten_minutes() -> None:
    """And as briefly as at first once it has been well."""
    breaker = Breaker(USUAL)
    now, rests = 0, []
    for _ in range(4):
        breaker.failed(now)
    for _ in range(7):
        breaker.failed(now)
        start = now
        while breaker.state(now) == "open":
            now += 1_000
        rests.append((now - start) // 1_000)
    assert rests == [30, 60, 120, 240, 480, 600, 600]

    breaker.answered()
    for _ in range(5):
        breaker.failed(now)
    assert breaker.state(now + 30_000) == "half-open"


def test_an_attempt_and_its_wait_are_shorter_than_what_makes_others_take_over() -> None:
    """Or two senders would tell the same."""
    from alerting.store.shapes import IDLE_MS  # noqa: PLC0415

    assert (Policy().attempt_s + Policy().patience_s) * 1000 < IDLE_MS
