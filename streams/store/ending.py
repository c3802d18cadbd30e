"""Ending tasks that call Redis."""

import asyncio
from collections.abc import Iterable
from typing import Final

AGAIN_S: Final = 1.0
"""After so long a task that has not ended is cancelled once more."""


async def ended(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancels tasks until they have ended: under its `asyncio.timeout(0)` redis-py may lose it."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
