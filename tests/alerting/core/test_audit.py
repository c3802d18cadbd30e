"""What the auditor says, one sentence after the other."""

import msgspec
import pytest

from alerting.core.audit import audit
from alerting.core.telling import Group
from tests.alerting.core.planning import (
    CHAIN,
    CRITICAL,
    FLOOR,
    MINUTE,
    NONE,
    SECOND,
    WARNING,
    World,
    key,
)

_replace = msgspec.structs.replace


@pytest.fixture
def world() -> World:
    """A world with one group, of two alerts; the first step of its chain has been told."""
    one = World(CHAIN)
    one.at("waits queue:a", CRITICAL)
    one.run(MINUTE)
    assert one.complaints() == []
    return one


def changed(world: World, **fields: object) -> list[str]:
    """Return what is said of the group with something else in it."""
    ((name, group),) = world.groups.items()
    groups = {name: _replace(group, **fields)}
    return audit(groups, world.instances, world.routing, world.clock_ms)


def episode(world: World) -> str:
    """Return the episode."""
    return world.instances[key("waits queue:a")].episode


def test_a_chain_without_a_time(world: World) -> None:
    """It would never reach anybody else."""
    (said,) = changed(world, step_ms=None)
    assert said == f"{episode(world)} fires in {next(iter(world.groups))}: its chain stands still"


def test_no_reminder(world: World) -> None:
    """The chain is at its end, and what it is for is not."""
    (said,) = changed(world, step=3, step_ms=None)
    assert said.endswith("nobody will be reminded")
    assert changed(world, step=3, step_ms=None, repeat_ms=world.clock_ms + 1) == []


def test_an_alert_that_waits_for_ever(world: World) -> None:
    """Nobody has been told."""
    ((of, member),) = next(iter(world.groups.values())).members.items()
    waits = {of: _replace(member, waiting=True)}
    (said,) = changed(world, members=waits)
    assert said.endswith("it waits to be told for ever")
    assert changed(world, members=waits, flush_ms=world.clock_ms) == []
    assert changed(world, members={of: _replace(member, waiting=True, muted=True)}) == []


def test_an_end_that_nobody_hears(world: World) -> None:
    """And an end that is none."""
    ((of, member),) = next(iter(world.groups.values())).members.items()
    first, second = changed(world, members={of: _replace(member, over=True)}, step_ms=None)
    assert first.endswith("it counts as over there")
    assert second.endswith("nobody will be told the end")


def test_what_should_have_been_told_by_now(world: World) -> None:
    """With how late it is."""
    (said,) = changed(world, step_ms=world.clock_ms - 90 * SECOND)
    assert said.endswith("its chain is 90 s late")


def test_alerts_in_no_group_and_groups_of_nothing(world: World) -> None:
    """Each is named."""
    name = next(iter(world.groups))
    empty: dict[str, Group] = {}
    (said,) = audit(empty, world.instances, world.routing, world.clock_ms)
    assert said == f"{episode(world)} fires and is in no group"
    assert audit(world.groups, {}, world.routing, world.clock_ms) == [
        f"waits|queue:a|{episode(world).rpartition('|')[2]} no longer fires; {name} does not know"
    ]
    assert f"{name} has no members" in changed(world, members={})


def test_what_somebody_has_taken_on_needs_no_time() -> None:
    """Nor does what nobody is to be told of, nor what is over."""
    world = World(FLOOR)
    world.at("waits queue:a", WARNING)
    world.run(MINUTE)
    world.act("waits queue:a", "ack")
    world.plan()
    assert [group.repeat_ms for group in world.groups.values()] == [None]
    assert world.complaints() == []
    world.at("waits queue:a", NONE)
    world.run(MINUTE)
    assert world.complaints() == []
