"""Every duration of rules, chains and groups × one number; nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.core.routes import Route, Routing, Step
from alerting.core.rules import Rule
from alerting.core.shapes import Severity
from alerting.meaning import Context
from alerting.rulefile import PACK, load_rules
from alerting.scale import scaled, scaled_routing
from streams.core.calendars import ALWAYS, Calendar
from streams.core.policy import FoldPolicy, ReadingPolicy

CALENDARS = {"always": Calendar(ALWAYS)}


def pack() -> dict[str, Rule]:
    """Returns the rules that come with Pouls."""
    context = Context(FoldPolicy(), ReadingPolicy(), CALENDARS, frozenset({"calls"}))
    return {rule.id: rule for rule in load_rules([Path(PACK)], context, {}).rules}


def numbers(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yields all leaves of a tree, with their places."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from numbers(inner, f"{path}.{i}")
    else:
        yield path, value


def test_a_tenth_of_every_duration() -> None:
    """Of the rule and of its levels."""
    rule = pack()["longest_wait"]
    fast = scaled(rule, 0.1)

    assert fast.fors() == {Severity.CRITICAL: 3_000, Severity.WARNING: 3_000}
    assert (fast.keep_firing_for, fast.ack_timeout) == (30_000, 270_000)
    assert (fast.flap.within, fast.flap.max) == (360_000, 360_000)
    assert (fast.evaluate_every, fast.stale_after) == (rule.evaluate_every, rule.stale_after)
    assert fast.levels.critical
    assert fast.levels.critical.raise_ == rule.levels.critical.raise_  # type: ignore[union-attr]
    assert fast.action_plan.open_when.or_lasts == 180_000


@pytest.mark.parametrize("name", list(pack()))
def test_what_is_no_duration_stays(name: str) -> None:
    """Of every rule that comes with Pouls."""
    rule = pack()[name]
    before, after = (dict(numbers(r.model_dump())) for r in (rule, scaled(rule, 0.1)))
    changed = {path.rpartition(".")[2] for path in before if before[path] != after[path]}

    assert changed <= {
        "for_", "keep_firing_for", "reopen_within", "max_blind", "ack_timeout", "within", "max",
        "in_", "or_lasts",
    }  # fmt: skip
    assert {"keep_firing_for", "reopen_within"} <= changed


def test_chains_and_groups_go_along() -> None:
    """Waits and repetitions; a digest, too."""
    routing = Routing(
        routes=(
            Route.model_validate({"to": ["duty:floor"], "digest": "10m"}),
            Route(chain="up"),
        ),
        chains={
            "up": (
                Step(notify="duty:floor"),
                Step.model_validate({"wait": "5m"}),
                Step(notify="duty:boss"),
            )
        },
        fallback="channel:all",
    )
    fast = scaled_routing(routing, 0.1)

    first, second = fast.routes
    assert (first.digest, first.group_wait, first.repeat) == (60_000, 2_000, 360_000)
    assert (second.digest, second.group_interval) == (None, 30_000)
    assert [step.wait for step in fast.chains["up"]] == [None, 30_000, None]
    assert fast.fallback == "channel:all"


def test_one_is_as_it_stands() -> None:
    """Production copies nothing."""
    rule = pack()["abandonment"]

    assert scaled(rule, 1.0) is rule
