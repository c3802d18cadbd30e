"""The one place where attempts are repeated: with jitter, for as long as the answer is wanted."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

FIRST_S: Final = 0.1
LONGEST_S: Final = 2.0

T = TypeVar("T")
log = logging.getLogger("pouls.retry")


async def until_answered(
    what: str,
    attempt: Callable[[], Awaitable[T]],
    errors: tuple[type[Exception], ...],
    wanted: Callable[[], bool] = lambda: True,
    failed: Callable[[], None] = lambda: None,
) -> T | None:
    """Returns the answer of the first attempt that has one.

    Args:
        what: what is attempted, for the log: told when it begins to fail and when it works again.
        attempt: makes one attempt.
        errors: what means that there was no answer; anything else is raised.
        wanted: asked before each attempt; False gives up.
        failed: called after each attempt without an answer.

    Returns:
        The answer, None if it was not wanted any more.
    """
    pause, tried = FIRST_S, 0
    while wanted():
        try:
            answer = await attempt()
        except errors as exc:
            if not tried:
                log.warning("%s: no answer, trying again: %r", what, exc)
            tried += 1
            failed()
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  no secret
            pause = min(2 * pause, LONGEST_S)
        else:
            if tried:
                log.warning("%s: answered after %d attempts", what, tried + 1)
            return answer
    return None
