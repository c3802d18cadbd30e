"""What a tick decides beyond what leaders' tests show: ends, marks, reminders; all of it pure."""

import dataclasses
from typing import Any

import msgspec
import pytest

from alerting.acts import ActRecord
from alerting.core.investigations import Investigation
from alerting.core.rules import Rule
from alerting.core.shapes import Key
from alerting.deciding import MEMORY_LOST, Decided, decide
from alerting.store import Held
from tests.alerting.failover.scene import CRITICAL, KEYS, RULES, Scene, parts
from tests.alerting.store.samples import FACTS, NOW

FIRST, DEAD = KEYS[0], Key("dead", "site")
STARTED = (4, ActRecord(id="s", kind="started", object="memory", by="", at_ms=0))


class Deciding:
    """Ticks on what the tick before left."""

    def __init__(self, **held: Any) -> None:
        self.scene = Scene()
        self.scene.now_ms = NOW
        self.parts = parts(self.scene)
        self.held = Held(epoch=1, **held)
        self.clock_ms = NOW

    def tick(self, *acts: tuple[int, ActRecord], seconds: int = 2) -> Decided:
        """Decide once, so much later."""
        self.clock_ms += seconds * 1000
        self.scene.now_ms = self.clock_ms
        decided = decide(self.parts, self.held, self.scene, acts, self.clock_ms, None)
        self.held = decided.held
        return decided

    def until_it_fires(self, *acts: tuple[int, ActRecord]) -> Decided:
        """Decide until something fires."""
        for _ in range(20):
            decided = self.tick(*acts)
            if decided.commit.events:
                return decided
        raise AssertionError("nothing fired")


def changed(**rules: Rule | None) -> dict[str, Rule]:
    """Return the rules, of which some are others or gone."""
    return {name: one for name, one in (RULES | rules).items() if one is not None}


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (changed(first=None), "rule_deleted"),
        (changed(first=RULES["first"].model_copy(update={"enabled": False})), "rule_disabled"),
        (
            changed(first=RULES["first"].model_copy(update={"select": ["queue:b"]})),
            "segment_retired",
        ),
    ],
)
def test_what_is_judged_no_longer_ends_with_a_reason(rules: dict[str, Rule], reason: str) -> None:
    """It has not recovered."""
    world = Deciding(born_ms=1)
    world.scene.raised[FIRST] = CRITICAL
    world.until_it_fires()
    world.scene.raised.clear()
    world.scene.raised.update(dict.fromkeys(KEYS, type(CRITICAL).NONE))
    world.parts = dataclasses.replace(world.parts, rules=rules)

    (event,) = world.tick().commit.events

    assert (event.kind, event.reason) == ("close", reason)


def test_what_is_raised_by_the_clock_at_the_beginning_is_marked() -> None:
    """Board time says nothing while the feed is dead."""
    world = Deciding()
    world.scene.feed_ms[None] = None
    world.scene.raised[DEAD] = CRITICAL
    world.tick(STARTED)

    (event,) = world.until_it_fires().commit.events

    assert (event.key, event.note) == (DEAD, MEMORY_LOST)
    assert world.held.lost_ms == 0, "the numbers have not been looked at yet"


def test_what_is_raised_by_the_clock_later_is_not() -> None:
    """The feed died after the memory began."""
    world = Deciding()
    world.tick(STARTED)
    world.tick(seconds=20)
    world.scene.raised[DEAD] = CRITICAL

    (event,) = world.until_it_fires().commit.events

    assert event.note == ""


def test_a_commit_holds_what_has_changed_and_nothing_else() -> None:
    """What is held after it is what a load would return."""
    world = Deciding(born_ms=1)
    world.scene.raised[FIRST] = CRITICAL
    world.until_it_fires()
    before = world.held

    commit = world.tick(seconds=1).commit

    assert list(commit.instances) == [FIRST]
    assert (commit.groups, commit.quiet, commit.investigations) == ({}, {}, {})
    assert commit.seq == before.seq
    assert world.held.seq == before.seq + 1
    stored = {**before.instances, **commit.instances}
    assert stored == world.held.instances


def test_the_same_tick_is_decided_alike() -> None:
    """A leader may decide anew: ids do not depend on chance."""
    one, other = Deciding(born_ms=1), Deciding(born_ms=1)
    for world in (one, other):
        world.scene.raised[FIRST] = CRITICAL

    for _ in range(8):
        assert msgspec.json.encode(one.tick().commit.notices) == msgspec.json.encode(
            other.tick().commit.notices
        )


def test_owners_are_told_of_what_is_overdue() -> None:
    """By a notice in the same commit."""
    record = Investigation(
        id="i", rule="first", kpi=FACTS.kpi, segment="queue:a", template="t", owner="floor",
        status="open", opened_ms=NOW, investigate_by_ms=NOW + 1,
    )  # fmt: skip
    world = Deciding(born_ms=1, investigations={"i": record})

    notices = [n for _ in range(40) for n in world.tick(seconds=3600).commit.notices]

    assert {(n.id, n.kind) for n in notices} == {("i", "announcement")}
    assert world.tick().shown.investigations.overdue == 1
