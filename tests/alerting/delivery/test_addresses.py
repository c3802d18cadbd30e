"""Duties become people, people become addresses, at the moment of sending."""

from collections.abc import Mapping
from typing import Any

import pytest

from alerting.core.routes import Routing
from alerting.core.shapes import Severity
from alerting.core.telling import TOLD, Notice
from alerting.delivery.addresses import Addresses, is_page
from alerting.rota import Rota
from alerting.store import Told
from streams.core.roster import Person, roster
from streams.settings import Address
from tests.alerting.telling import CLOCK_MS, event, notice

PEOPLE = roster(
    [
        Person(id="ana", agent_id="a1", targets_ref="phones_of_ana"),
        Person(id="bea", agent_id="a2", team="north", roles=("supervisor",), teams=("south",)),
        Person(id="cyd", agent_id="a3", team="south"),
        Person(id="dan", agent_id="a4", team="north", roles=("supervisor",)),
        Person(id="eve", agent_id="a5"),
    ]
)
BOTH = Address(page="page://x", mail="mail://x")
TARGETS = {
    "phones_of_ana": BOTH,
    "bea": BOTH,
    "cyd": BOTH,
    "dan": Address(mail="mail://${DAN}"),
}


class OnCall(Rota):
    """A rota of who is said."""

    def __init__(self, *people: str) -> None:
        super().__init__([])
        self._who = people

    def on_call(self, at_ms: int) -> tuple[str, ...]:
        """Returns who is on call; nobody an hour later."""
        return self._who if at_ms < CLOCK_MS + 3_600_000 else ()


def addresses(environ: Mapping[str, str] = {}, rota: Rota | None = None, **more: Any) -> Addresses:
    """Returns everybody's addresses."""
    known: dict[str, Any] = {
        "channels": {"room": "room://${TOKEN}"},
        "duties": {"floor": ("ana", "bea"), "nobody": ()},
        "fallback": "channel:room",
    }
    routing = Routing(**(known | more))
    return Addresses(routing, {"floor": rota} if rota else {}, PEOPLE, TARGETS, environ)


def reached(to: str, told: Notice | None = None, **more: Any) -> list[str]:
    """Returns ids of those who are reached, and ! before those who are not."""
    made = told or notice(to=(to,))
    found = addresses(**more).find(made, {}, CLOCK_MS)
    return [*found.reached, *(f"!{who}" for who in found.missing)]


@pytest.mark.parametrize(
    ("to", "who"),
    [
        ("duty:floor/page", ["ana/page", "bea/page"]),
        ("duty:floor/mail", ["ana/mail", "bea/mail"]),
        ("duty:floor", ["ana/page", "bea/page"]),
        ("duty:nobody/page", ["!duty:nobody"]),
        ("duty:unknown/page", ["!duty:unknown"]),
        ("person:ana/mail", ["ana/mail"]),
        ("person:dan/page", ["!dan/page"]),
        ("person:eve/page", ["!eve/page"]),
        ("person:xyz/page", ["!xyz/page"]),
        ("channel:room", ["channel:room"]),
        ("channel:attic", ["channel:attic"]),
        ("supervisor/page", ["!supervisor"]),
    ],
)
def test_each_kind_of_who_is_somebody(to: str, who: list[str]) -> None:
    """Or is told to be missing; what a rule file names is there, or it would not load."""
    assert reached(to) == who


def test_a_warning_goes_by_mail_unless_more_is_said() -> None:
    """As routes do it."""
    mild = notice("fire", event(severity=Severity.WARNING), to=("duty:floor",))

    assert reached("", mild) == ["ana/mail", "bea/mail"]


def test_a_rota_goes_before_a_list() -> None:
    """Which stands in where nobody is on call."""
    people = addresses(rota=OnCall("cyd"))

    assert people.on_duty("floor", CLOCK_MS) == ("cyd",)
    assert people.on_duty("floor", CLOCK_MS + 3_600_000) == ("ana", "bea")


@pytest.mark.parametrize(
    ("segment", "who"),
    [
        ("team:south", ("bea",)),
        ("team:north", ("bea", "dan")),
        ("agent:a3", ("bea",)),
        ("agent:a2", ("dan",)),
        ("queue:sav", ()),
        ("agent:nobody", ()),
    ],
)
def test_a_supervisor_is_of_the_team(segment: str, who: tuple[str, ...]) -> None:
    """Of an agent's, too, and nobody supervises himself."""
    assert addresses().supervisors(segment, CLOCK_MS) == who


def test_a_supervisor_hears_of_his_own_only() -> None:
    """Whoever else is in the same group."""
    items = (event(segment="agent:a3"), event(segment="agent:a2"))
    found = addresses().find(notice("fire", *items, to=("supervisor/mail",)), {}, CLOCK_MS)

    assert found.reached == {"bea/mail": items[:1], "dan/mail": items[1:]}


def test_told_are_those_who_were_told_that_it_fires() -> None:
    """Each of what he was told of."""

    def known(kind: Any) -> Told:
        return Told(kind=kind, severity=Severity.CRITICAL, clock_ms=CLOCK_MS, key="k")

    items = event("resolve"), event("resolve", "queue:b")
    told = {
        items[0].episode: {"ana/page": known("fire"), "bea/page": known("resolve")},
        items[1].episode: {"ana/page": known("fire"), "channel:room": known("fire")},
    }
    found = addresses().find(notice("resolve", *items, to=(TOLD,)), told, CLOCK_MS)

    assert found.reached == {"ana/page": items, "channel:room": items[1:]}
    assert found.missing == ()


def test_nobody_is_told_twice() -> None:
    """Whoever holds two duties."""
    found = addresses(duties={"a": ("ana",), "b": ("ana",), "c": ("x",), "d": ("x",)}).find(
        notice(to=("duty:a/page", "duty:b/page", "duty:c/page", "duty:d/page")), {}, CLOCK_MS
    )

    assert (list(found.reached), found.missing) == (["ana/page"], ("x/page",))


def test_variables_are_put_in_when_it_is_sent() -> None:
    """And only if they are set."""
    assert addresses({"TOKEN": "t"}).url("channel:room") == "room://t"
    assert addresses().url("channel:room") is None
    assert addresses({"DAN": "d"}).url("dan/mail") == "mail://d"
    assert addresses().url("channel:attic") is None


def test_every_address_is_known() -> None:
    """Those that somebody has written."""
    assert addresses().ids() == [
        "channel:room", "ana/page", "ana/mail", "bea/page", "bea/mail", "cyd/page", "cyd/mail",
        "dan/mail",
    ]  # fmt: skip


def test_everything_that_is_wrong_is_told() -> None:
    """By the id of the address."""
    found = addresses({"TOKEN": "t"}).complaints(
        lambda url: "is odd" if url.startswith("room") else ""
    )

    assert found == ["channel:room: is odd", "dan/mail: ${DAN}: no such variable"]


def test_pages_are_of_people() -> None:
    """A room is none."""
    assert is_page("ana/page")
    assert not is_page("ana/mail")
    assert not is_page("channel:page")
