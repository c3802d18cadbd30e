"""Why nobody is told: every reason, and all of them together as the reference says."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.core.machine import keep_firing_ms
from alerting.core.quiet import coarser, flaps, means, under_way
from alerting.core.routes import Routing
from alerting.core.shapes import Instance, Key, Severity, Snooze
from alerting.core.telling import Matcher, Quiet
from tests.alerting.core.muting import reasons_of
from tests.alerting.core.planning import (
    ALERTS,
    BEGIN,
    CRITICAL,
    FLOOR,
    MINUTE,
    NONE,
    RULES,
    SECOND,
    SOME,
    WARNING,
    World,
    facts,
    key,
    routes,
)

A = key("waits queue:a")


def firing(of: Key, severity: Severity = WARNING, *, ago_ms: int = MINUTE) -> Instance:
    """Return an instance that fires."""
    return Instance(
        condition="firing", severity=severity, facts=facts(of), episode=f"{of}", seen_at_ms=BEGIN,
        fired_at_ms=BEGIN - ago_ms, starts=(BEGIN - ago_ms,),
    )  # fmt: skip


def reasons(
    said: Routing, instances: Mapping[Key, Instance], of: Key, *quiet: Quiet
) -> tuple[str, ...]:
    """Return why nobody is told of an alert."""
    world = World(said)
    world.instances = dict(instances)
    world.quiet = {one.id: one for one in quiet}
    return world.suppressed(of)


def both(
    one: str, other: str, first: Severity = WARNING, second: Severity = WARNING
) -> dict[Key, Instance]:
    """Return two alerts that fire."""
    return {key(one): firing(key(one), first), key(other): firing(key(other), second)}


@pytest.mark.parametrize(
    ("matcher", "meant"),
    [
        (Matcher(), True),
        (Matcher(rules=("waits",)), True),
        (Matcher(rules=("hangups",)), False),
        (Matcher(segments=("queue:*",)), True),
        (Matcher(segments=("site", "queue:a")), True),
        (Matcher(segments=("queue:b",)), False),
        (Matcher(severity="warning"), True),
        (Matcher(severity="critical"), False),
        (Matcher(rules=("waits",), segments=("queue:b",), severity="warning"), False),
    ],
)
def test_a_matcher_means_what_all_its_parts_mean(matcher: Matcher, meant: bool) -> None:
    """What it does not say does not matter."""
    assert means(matcher, A, WARNING) is meant


def test_a_quiet_time_begins_with_its_first_instant_and_ends_before_its_last() -> None:
    """Of several all are named."""
    one = Quiet(id="s", kind="silence", match=Matcher(), from_ms=10, until_ms=20, by="ana")
    other = msgspec.structs.replace(one, id="m", kind="maintenance", from_ms=0, until_ms=BEGIN * 2)

    assert [under_way(one, ms) for ms in (9, 10, 19, 20)] == [False, True, True, False]
    assert reasons(FLOOR, {A: firing(A)}, A, one, other) == ("maintenance:m",)
    one = msgspec.structs.replace(one, until_ms=BEGIN * 2)
    assert reasons(FLOOR, {A: firing(A)}, A, one, other) == ("maintenance:m", "silence:s")


def test_a_silence_of_warnings_lets_what_gets_worse_through() -> None:
    """It says what it is for."""
    one = Quiet(
        id="s", kind="silence", match=Matcher(severity="warning"), from_ms=0, until_ms=BEGIN * 2,
        by="ana",
    )  # fmt: skip
    assert reasons(FLOOR, {A: firing(A, CRITICAL)}, A, one) == ()


def test_snoozed_until_the_snooze_ends() -> None:
    """By Redis TIME."""
    for ms, told in ((1, ("snoozed",)), (0, ())):
        snooze = Snooze(by="ana", clock_ms=0, until_ms=BEGIN + ms)
        one = msgspec.structs.replace(firing(A), snooze=snooze)
        assert reasons(FLOOR, {A: one}, A) == told


@pytest.mark.parametrize(
    ("source", "target", "first", "second", "muted"),
    [
        ("waits site", "waits queue:a", WARNING, WARNING, True),
        ("waits site", "waits queue:a", CRITICAL, WARNING, True),
        ("waits site", "waits queue:a", WARNING, CRITICAL, False),  # what is worse is told
        ("waits queue:a", "waits site", CRITICAL, WARNING, False),  # finer
        ("waits queue:a", "waits queue:b", CRITICAL, WARNING, False),  # beside
        ("hangups site", "waits queue:a", CRITICAL, WARNING, False),  # another KPI
        ("waits channel:voice", "waits channel:voice+queue:a", WARNING, WARNING, True),
        ("waits queue:a", "waits channel:voice+queue:a", WARNING, WARNING, True),
        ("waits queue:b", "waits channel:voice+queue:a", WARNING, WARNING, False),
    ],
)
def test_a_coarser_alert_on_the_same_kpi_mutes_a_finer_one(
    source: str, target: str, first: Severity, second: Severity, muted: bool
) -> None:
    """If it is as bad: nobody must miss that one queue is worse than the rest."""
    found = reasons(FLOOR, both(source, target, first, second), key(target))

    assert found == ((f"inhibited:{'|'.join(key(source))}",) if muted else ())


def test_a_coarser_alert_that_nobody_is_told_of_mutes_nothing() -> None:
    """Else nobody would hear of either."""
    queues = routes({"match": {"segment": ["queue:*"]}, "to": ["duty:floor"]})

    assert reasons(queues, both("waits site", "waits queue:a"), A) == ()


def test_a_coarser_alert_that_flaps_or_is_muted_by_a_rule_mutes_nothing() -> None:
    """Again nobody would hear of either."""
    found = both("waits site", "waits queue:a")
    site = key("waits site")
    starts = tuple(BEGIN - s * SECOND for s in (300, 200, 5))
    flappy = msgspec.structs.replace(found[site], starts=starts, fired_at_ms=BEGIN - 5 * SECOND)
    assert reasons(FLOOR, {**found, site: flappy}, site) == ("flapping",)
    assert reasons(FLOOR, {**found, site: flappy}, A) == ()

    muting = routes(
        {"to": ["duty:floor"]},
        inhibit=[{"if": {"rule": "hangups"}, "mute": {"rule": ["waits"]}, "equal": ["team"]},
                 {"if": {"rule": "feed"}, "mute": {"rule": ["waits"], "severity": "warning"}}],
    )  # fmt: skip
    found[site] = firing(site, WARNING)
    feed = key("feed site")
    assert reasons(muting, {**found, feed: firing(feed)}, A) == ("inhibited:feed|site",)


@pytest.mark.parametrize("kind", ["silence", "maintenance", "snooze"])
def test_a_coarser_alert_that_people_keep_silent_mutes_nothing(kind: str) -> None:
    """A silence of the site is none of its queues; of two coarser ones the other one counts."""
    site, both_of = key("waits site"), key("waits channel:voice+queue:a")
    found = both("waits site", "waits channel:voice+queue:a", CRITICAL, CRITICAL)
    quiet: list[Quiet] = []
    if kind == "snooze":
        snooze = Snooze(by="ana", clock_ms=0, until_ms=BEGIN + 1)
        found[site] = msgspec.structs.replace(found[site], snooze=snooze)
    else:
        quiet.append(
            Quiet(id="s", kind=kind, match=Matcher(segments=("site",)), from_ms=0,  # type: ignore[arg-type] # a word
                  until_ms=BEGIN * 2, by="ana")
        )  # fmt: skip
    assert reasons(FLOOR, found, both_of, *quiet) == ()
    found[A] = firing(A, CRITICAL)
    assert reasons(FLOOR, found, both_of, *quiet) == ("inhibited:waits|queue:a",)


@pytest.mark.parametrize(
    ("entry", "target", "muted"),
    [
        ({"if": {"rule": "feed"}}, "waits queue:a", True),
        ({"if": {"rule": "feed"}}, "feed site", False),  # never itself
        ({"if": {"rule": "feed", "severity": "critical"}}, "waits queue:a", False),
        ({"if": {"rule": "feed"}, "mute": {"rule": ["hangups"]}}, "waits queue:a", False),
        ({"if": {"rule": "feed"}, "mute": {"severity": "critical"}}, "waits queue:a", False),
        ({"if": {"rule": "feed"}, "mute": {"severity": "warning"}}, "waits queue:a", True),
        ({"if": {"rule": "feed"}, "equal": ["queue"]}, "waits queue:a", False),
        ({"if": {"rule": "feed"}, "equal": ["team"]}, "waits queue:a", True),  # neither has one
        ({"if": {"rule": "hangups"}, "equal": ["queue"]}, "waits queue:a", True),
        ({"if": {"rule": "hangups"}, "equal": ["queue"]}, "waits queue:b", False),
    ],
)
def test_rule_files_say_what_else_mutes(entry: dict[str, object], target: str, muted: bool) -> None:
    """While one fires, nobody is told of the others."""
    there = ("feed site", "hangups queue:a", "waits queue:a", "waits queue:b")
    instances = {key(name): firing(key(name)) for name in there}
    found = reasons(routes({"to": ["duty:floor"]}, inhibit=[entry]), instances, key(target))

    assert bool(found) is muted


def test_what_flaps_is_muted_until_it_stays() -> None:
    """For as long as it must be clear to end: 10 s, after two reopenings 22.5 s."""
    timing = RULES["waits"].timing()
    starts = tuple(BEGIN - s * SECOND for s in (300, 200, 0))
    one = msgspec.structs.replace(
        firing(A), starts=starts, fired_at_ms=BEGIN, n_reopen=2, started_at_ms=BEGIN
    )

    assert keep_firing_ms(one, timing) == 22_500
    assert [flaps(one, BEGIN + ms, timing) for ms in (0, 22_499, 22_500)] == [True, True, False]
    seldom = msgspec.structs.replace(one, starts=(BEGIN - 700 * SECOND, *starts[1:]))
    assert not flaps(seldom, BEGIN, timing)


def test_segments_that_hold_another_one() -> None:
    """The site, then fewer parts before more."""
    assert coarser("site") == ()
    assert coarser("queue:a") == ("site",)
    assert coarser("channel:voice+queue:a+team:t") == (
        "site", "channel:voice", "queue:a", "team:t",
        "channel:voice+queue:a", "channel:voice+team:t", "queue:a+team:t",
    )  # fmt: skip


# -- all of them together


STEPS = st.tuples(
    st.sampled_from(ALERTS), st.sampled_from(Severity), st.sampled_from((1, 5, 10, 20)),
    st.sampled_from(("", "", "", "snooze", "silence")),
)  # fmt: skip


@given(st.sampled_from(SOME), st.lists(STEPS, max_size=30))
def test_reasons_are_those_of_the_reference(
    said: Routing, steps: list[tuple[str, Severity, int, str]]
) -> None:
    """Of whatever fires, at any time."""
    world = World(said)
    for name, severity, seconds, what in steps:
        world.at(name, severity)
        if what == "snooze":
            world.act(name, "snooze", 15 * SECOND)
        elif what == "silence":
            world.hush(name, 15 * SECOND, segments=(key(name).segment,))
        world.pass_(seconds * SECOND)
        for of in world.firing():
            found = list(reasons_of(world, of))
            assert [r.partition("|")[0] for r in world.suppressed(of)] == [
                r.partition("|")[0] for r in found
            ]
    assert NONE is Severity.NONE
