"""Routes, chains, and all files as one set."""

import pytest
from pydantic import ValidationError

from alerting.core.routes import Match, Route, Routing, Step, compiled
from alerting.core.rules import RuleFile, routing
from alerting.core.shapes import Key
from tests.alerting.core.planning import CRITICAL, NONE, WARNING

A = Key("waits", "queue:a")


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        (Match(), True),
        (Match(severity="warning"), True),
        (Match(severity="critical"), False),
        (Match(rule=["hangups", "waits"]), True),
        (Match(rule=["hangups"]), False),
        (Match(segment=["site", "queue:*"]), True),
        (Match(segment=["channel:*"]), False),
        (Match(severity="warning", rule=["waits"], segment=["queue:b"]), False),
    ],
)
def test_a_match_takes_what_all_its_parts_take(match: Match, taken: bool) -> None:
    """What it does not say does not matter."""
    assert match.takes(A, WARNING) is taken


def test_the_first_route_that_matches_has_it_unless_it_says_to_go_on() -> None:
    """Then the next one that matches has it, too."""
    both = Route.model_validate({"match": {"severity": "critical"}, "to": ["supervisor"],
                                 "continue": True})  # fmt: skip
    critical = Route(match=Match(severity="critical"), to=["duty:boss"])
    rest = Route(to=["channel:room"])
    said = Routing(routes=(both, critical, rest))

    assert said.of(A, CRITICAL) == (both, critical)
    assert said.of(A, WARNING) == (rest,)
    assert said.of(A, NONE) == (rest,)
    assert Routing().of(A, CRITICAL) == ()


def test_a_route_is_called_by_what_it_says() -> None:
    """Not by its place, so groups stay where they are when another is put before it."""
    one, same = Route(to=["duty:boss"]), Route(to=["duty:boss"])
    other = Route(to=["duty:boss"], via="page")

    assert one.id == same.id != other.id


def test_a_chain_is_steps_with_the_time_before_each() -> None:
    """Those without a wait between are one; how they are reached goes with people."""
    steps = [
        Step(notify="duty:floor"),
        Step(notify=["duty:boss", "channel:room", "duty:floor"], via="page"),
        Step.model_validate({"wait": "2m"}),
        Step.model_validate({"wait": "30s"}),
        Step(notify="supervisor", via="mail"),
        Step(notify="supervisor", via="mail"),
    ]

    assert compiled(steps) == (
        {
            "notify": ["duty:floor", "duty:boss/page", "channel:room", "duty:floor/page"],
            "after_ms": 0,
        },
        {"notify": ["supervisor/mail"], "after_ms": 150_000},
    )


def test_who_a_route_names_is_a_chain_of_one() -> None:
    """So that there is one way to tell."""
    route = Route(to=["duty:floor", "channel:room"], via="mail")
    chain = Route(chain="up")
    said = Routing(routes=(route, chain), chains={"up": (Step(notify="duty:boss"),)})

    assert said.steps(route) == ({"notify": ["duty:floor/mail", "channel:room"], "after_ms": 0},)
    assert said.steps(chain) == ({"notify": ["duty:boss"], "after_ms": 0},)


def test_all_files_are_one_set() -> None:
    """Routes of all in their order; of a name that stands twice the first."""
    one = RuleFile.model_validate({
        "version": 1, "routes": [{"to": ["duty:a"]}], "duties": {"a": ["ana"]},
        "channels": {"room": "1"}, "chains": {"up": [{"notify": "duty:a"}]},
        "schedules": {"b": {"ical": "b.ics"}}, "inhibit": [{"if": {"rule": "x"}}],
    })  # fmt: skip
    other = RuleFile.model_validate({
        "version": 1, "routes": [{"to": ["duty:b"]}], "channels": {"room": "2", "hall": "3"},
        "fallback": "channel:hall",
    })  # fmt: skip
    said = routing([one, other])

    assert said.routes == (*one.routes, *other.routes)
    assert said.channels == {"room": "1", "hall": "3"}
    assert said.duties == {"a": ("ana",)}
    assert (set(said.chains), set(said.schedules), len(said.inhibit)) == ({"up"}, {"b"}, 1)
    assert said.fallback == "channel:hall"
    assert routing([]) == Routing()


@pytest.mark.parametrize(
    "said",
    [
        {"routes": [{"to": []}]},
        {"routes": [{"to": ["ana"]}]},
        {"routes": [{"to": ["person:ana"]}]},
        {"routes": [{"to": ["duty:a"], "via": "sms"}]},
        {"routes": [{"to": ["duty:a"], "group_wait": 20}]},
        {"routes": [{"to": ["duty:a"], "match": {"severity": "none"}}]},
        {"chains": {"up": []}},
        {"chains": {"up": [{"notify": "duty:a", "unless": "acked"}]}},
        {"duties": {"a": []}},
        {"inhibit": [{"mute": {}}]},
        {"fallback": "room"},
    ],
)
def test_what_routes_cannot_say_is_refused(said: dict[str, object]) -> None:
    """Nobody, somebody who is no duty, numbers without a unit."""
    with pytest.raises(ValidationError):
        RuleFile.model_validate({"version": 1, **said})
