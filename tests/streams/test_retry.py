"""Attempts are repeated for as long as the answer is wanted, and only where there was none."""

import logging

import pytest

from streams import retry
from streams.retry import until_answered


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for a pause to end."""
    monkeypatch.setattr(retry, "FIRST_S", 0.0)
    monkeypatch.setattr(retry, "LONGEST_S", 0.0)


class Attempts:
    """Fails so many times, then answers."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.left, self.error, self.made = failures, error, 0

    async def __call__(self) -> str:
        """Makes one attempt."""
        self.made += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "yes"


async def test_an_answer_at_once_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """Normal operation says nothing."""
    assert await until_answered("x", Attempts(0, OSError()), (OSError,)) == "yes"
    assert caplog.records == []


async def test_the_begin_and_the_end_of_trouble_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it begins, one when it is over, whatever lies between."""
    caplog.set_level(logging.WARNING)
    failed = list[int]()
    answer = await until_answered(
        "Redis", Attempts(5, OSError("away")), (OSError,), failed=lambda: failed.append(1)
    )
    assert answer == "yes"
    assert [record.getMessage() for record in caplog.records] == [
        "Redis: no answer, trying again: OSError('away')",
        "Redis: answered after 6 attempts",
    ]
    assert len(failed) == 5


async def test_what_nobody_wants_any_more_is_given_up() -> None:
    """A partition that was revoked in between needs no commit."""
    attempts = Attempts(10, OSError())
    answer = await until_answered("x", attempts, (OSError,), wanted=lambda: attempts.made < 3)
    assert answer is None
    assert attempts.made == 3


async def test_other_errors_are_not_repeated() -> None:
    """A mistake of ours is not an answer that is missing."""
    attempts = Attempts(1, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await until_answered("x", attempts, (OSError,))
    assert attempts.made == 1
