"""Who would not be told is said before anybody should have been."""

from typing import Any

import pytest

from alerting.core.routes import Routing
from alerting.core.rules import Rule, RuleFile, routing
from alerting.delivery.addresses import Addresses
from alerting.reaching import NO_FALLBACK, reach
from alerting.rota import Rota
from streams.core.roster import Person, roster
from streams.settings import Address
from tests.alerting.core.views import level, rule

PEOPLE = roster(
    [
        Person(id="ana", agent_id="a1"),
        Person(id="bo", agent_id="a2"),
        Person(id="cyd", agent_id="a3", roles=("supervisor",)),
        Person(id="floor", agent_id="a4"),
    ]
)
TARGETS = {
    "bo": Address(page="ntfy://${SERVER}/bo", mail="pigeon://bo"),
    "floor": Address(mail="mailto://x"),
}
LEVELS = {"warning": level("above", 10, 5), "critical": level("above", 20, 15)}
RULE = rule(metric="waiting", levels=LEVELS)
ROOM = {"channels": {"room": "ntfy://room"}, "fallback": "channel:room"}


def said(**more: Any) -> Routing:
    """Returns what a file says of who is told."""
    return routing([RuleFile.model_validate({"version": 1, "rules": [], **more})])


class OnCall(Rota):
    """A rota on which somebody is at some time."""

    def __init__(self, *people: str) -> None:
        super().__init__([])
        self.people = frozenset(people)


def found(known: Routing, *rules: Rule, **rotas: Rota) -> tuple[list[str], list[str]]:
    """Returns the lines of who is not reached, and of what reaches nobody."""
    addresses = Addresses(known, rotas, PEOPLE, TARGETS, {"SERVER": "s"})

    def complaint(url: str) -> str:
        return "no such bird" if url.startswith("pigeon") else ""

    lines, lost = reach(rules or (RULE,), known, addresses, complaint)
    return list(lines), list(lost)


BIRD = "bo/mail: no such bird"
NOBODY = (
    "nobody, owner of a and 1 more: is no duty and no person of people.csv, so nobody is "
    "reminded of investigations"
)


def test_without_routes_there_is_nothing_to_say() -> None:
    """Walls only: that is told elsewhere."""
    assert found(said()) == ([], [])


def test_a_chain_that_leads_nowhere_is_said() -> None:
    """Who is on call has no address, and nobody stands in."""
    chain = [{"notify": "duty:desk", "via": "page"}, {"wait": "5m"}, {"notify": "duty:head"}]
    known = said(
        chains={"c": chain},
        duties={"head": ["ana"], "desk": ["ana"]},
        routes=[{"match": {"severity": "critical"}, "chain": "c"}, {"to": ["duty:head"]}],
    )

    assert found(known) == (
        [
            "duty:desk: ana has no address for page ([alerts.targets] of pouls.toml)",
            "duty:head: ana has no address for page ([alerts.targets] of pouls.toml)",
            "duty:head: ana has no address for mail ([alerts.targets] of pouls.toml)",
            NO_FALLBACK,
            BIRD,
        ],
        ["rule: critical reaches nobody at all"],
    )
    quiet = rule(metric="waiting", levels=LEVELS, enabled=False)
    assert found(known, quiet)[1] == []
    assert found(known, modest())[1] == []


def modest() -> Rule:
    """Returns one that is a warning at most."""
    return rule(metric="waiting", levels={"warning": level("above", 10, 5)})


@pytest.mark.parametrize(
    "more",
    [
        {"routes": [{"to": ["duty:desk"]}], **ROOM},
        {"routes": [{"to": ["duty:desk"]}, {"to": ["channel:room"]}], **ROOM},
        {"routes": [{"to": ["channel:room"]}], "channels": ROOM["channels"]},
        {"routes": [{"to": ["duty:desk"]}], "duties": {"desk": ["ana", "bo"]}},
    ],
)
def test_one_who_is_reached_is_enough(more: dict[str, Any]) -> None:
    """A room, the fallback, a second person."""
    assert found(said(**{"duties": {"desk": ["ana"]}, **more}))[1] == []


def test_critical_without_a_route_reaches_nobody() -> None:
    """Where others are told."""
    route = {"match": {"severity": "warning"}, "to": ["channel:room"]}

    assert found(said(routes=[route], **ROOM)) == (
        [BIRD], ["rule: critical reaches nobody at all"],
    )  # fmt: skip


def test_a_duty_may_be_held_by_nobody() -> None:
    """Whoever is ever on call counts; and there must be a supervisor."""
    known = said(routes=[{"to": ["duty:desk", "supervisor"], "via": "page"}], **ROOM)

    assert found(known)[0] == [
        "duty:desk: nobody holds it",
        "supervisor: cyd has no address for page ([alerts.targets] of pouls.toml)",
        BIRD,
    ]
    assert found(known, desk=OnCall("bo"))[0][0].startswith("supervisor: cyd")


def test_owners_are_people_or_duties() -> None:
    """They are reminded of investigations by mail."""
    plan = {"template": "t", "responsible": "head"}
    mine = [
        rule(metric="waiting", levels=LEVELS, id=i, owner=owner, action_plan=plan)
        for i, owner in (("a", "nobody"), ("b", "nobody"), ("c", "floor"))
    ]
    known = said(routes=[{"to": ["channel:room"]}], duties={"head": ["cyd"]}, **ROOM)

    assert found(known, *mine)[0] == [
        NOBODY,
        "duty:head: cyd has no address for mail ([alerts.targets] of pouls.toml)",
        BIRD,
    ]
    head = rule(metric="waiting", levels=LEVELS, owner="ana", action_plan=plan)
    assert found(known, head)[0][0].startswith("ana has no address for mail")


def test_what_is_not_set_elsewhere_is_no_mistake() -> None:
    """Rules may be checked where the variables are not."""
    known = said(routes=[{"to": ["duty:head"]}], duties={"head": ["bo"]}, **ROOM)
    addresses = Addresses(known, {}, PEOPLE, TARGETS, {})

    assert addresses.complaints(lambda _: "", unset_too=False) == []
    assert addresses.complaints(lambda _: "") == ["bo/page: ${SERVER}: no such variable"]
