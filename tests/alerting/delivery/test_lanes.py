"""In a lane one after the other; lanes do not wait for each other."""

import asyncio

import pytest

from alerting.delivery.lanes import Lanes


async def test_what_comes_meanwhile_is_handed_on_together() -> None:
    """In its order."""
    got: list[list[int]] = []
    go = asyncio.Event()

    async def work(_lane: str, jobs: list[int]) -> None:
        got.append(jobs)
        await go.wait()

    lanes = Lanes[int](work)
    lanes.put("a", 1)
    await asyncio.sleep(0)
    lanes.put("a", 2)
    lanes.put("a", 3)
    assert (got, lanes.size) == ([[1]], 3)

    go.set()
    await lanes.idle()
    assert (got, lanes.size) == ([[1], [2, 3]], 0)


async def test_a_busy_lane_keeps_no_other_waiting() -> None:
    """Each goes on by itself."""
    done: list[str] = []
    go = asyncio.Event()

    async def work(lane: str, _jobs: list[int]) -> None:
        if lane == "slow":
            await go.wait()
        done.append(lane)

    lanes = Lanes[int](work)
    lanes.put("slow", 1)
    lanes.put("quick", 1)
    while not done:  # noqa: ASYNC110  it is a step away
        await asyncio.sleep(0)
    assert done == ["quick"]

    go.set()
    await lanes.idle()
    assert done == ["quick", "slow"]


async def test_stopping_gives_up_what_is_there() -> None:
    """Nothing of it is left behind."""

    async def work(_lane: str, _jobs: list[int]) -> None:
        await asyncio.Event().wait()

    lanes = Lanes[int](work)
    lanes.put("a", 1)
    await asyncio.sleep(0)
    lanes.put("a", 2)

    await lanes.stop()
    assert lanes.size == 0


async def test_nothing_to_do_is_idle() -> None:
    """From the beginning."""

    async def work(_lane: str, _jobs: list[int]) -> None:
        pytest.fail("there is nothing")

    await Lanes[int](work).idle()
