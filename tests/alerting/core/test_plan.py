"""Who is told what, and when: one rule of telling after the other."""

import pytest

from alerting.core.shapes import Event
from alerting.core.telling import Next
from tests.alerting.core.planning import (
    CHAIN,
    CRITICAL,
    FLOOR,
    MINUTE,
    NONE,
    ROOM,
    RULES,
    SECOND,
    WARNING,
    World,
    facts,
    key,
    routes,
)

QUEUES = ("waits queue:a", "waits queue:b", "hangups queue:c")


def told(world: World, for_ms: int = 10 * SECOND) -> list[str]:
    """Return what is told within a time."""
    return world.run(for_ms)


def raised(world: World, *names: str, severity: object = WARNING) -> None:
    """Raise alerts."""
    for name in names:
        world.at(name, severity)  # type: ignore[arg-type]


# -- groups


def test_the_first_of_a_group_waits_for_others() -> None:
    """Two queues in trouble are one message; a third one later is another."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    assert told(world, 10 * SECOND) == []
    raised(world, "waits queue:b")
    assert told(world, 20 * SECOND) == [
        "fire duty:floor/mail: waits queue:a warning, waits queue:b warning"
    ]
    raised(world, "hangups queue:c")
    assert told(world, 4 * MINUTE + 50 * SECOND) == []
    assert told(world) == ["fire duty:floor/mail: hangups queue:c warning"]


def test_the_first_critical_is_told_at_once_with_all_that_waits() -> None:
    """By page; the next one waits for others like it."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world)
    raised(world, "waits queue:b", severity=CRITICAL)
    assert told(world) == ["fire duty:floor/page: waits queue:b critical, waits queue:a warning"]
    raised(world, "hangups queue:c", severity=CRITICAL)
    assert told(world, 20 * SECOND) == []
    assert told(world) == ["fire duty:floor/page: hangups queue:c critical"]


def test_further_critical_alerts_wait_for_each_other_and_warnings_for_the_interval() -> None:
    """Two more within `group_wait` are one page; a warning goes with them, or waits."""
    world = World(FLOOR)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world, MINUTE)
    raised(world, "waits queue:b", severity=CRITICAL)
    told(world)
    raised(world, "hangups queue:c", severity=CRITICAL)
    assert told(world, 20 * SECOND) == [
        "fire duty:floor/page: waits queue:b critical, hangups queue:c critical"
    ]
    raised(world, "hangups queue:a")
    assert told(world, 4 * MINUTE + 50 * SECOND) == []
    assert told(world) == ["fire duty:floor/mail: hangups queue:a warning"]


@pytest.mark.parametrize("how", ["ack", "over"])
def test_a_critical_alert_is_told_at_once_where_all_others_are_taken_on_or_over(how: str) -> None:
    """Nobody looks for more: what was told is in hand, or is history."""
    world = World(FLOOR)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world)
    if how == "ack":
        world.act("waits queue:a", "ack")
        told(world)
    else:
        raised(world, "waits queue:b")
        told(world)
        raised(world, "waits queue:a", severity=NONE)
        told(world, 20 * SECOND)
    raised(world, "hangups queue:c", severity=CRITICAL)
    (said, *_) = told(world)
    assert said.startswith("fire duty:floor/page: hangups queue:c critical")


def test_a_critical_alert_that_waits_is_told_as_soon_as_the_others_are_taken_on() -> None:
    """Whoever took them on did not take on this one."""
    world = World(routes({"to": ["duty:floor"], "group_by": [], "group_wait": "1m"}))
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world)
    raised(world, "waits queue:b", severity=CRITICAL)
    assert told(world) == []
    world.act("waits queue:a", "ack")
    assert told(world) == [
        "ack told: waits queue:a critical",
        "fire duty:floor/page: waits queue:b critical",
    ]


def test_worse_is_told_at_once_and_better_is_not_told() -> None:
    """What was told as a warning is critical now; then it eases, and gets worse again."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world, MINUTE)
    raised(world, "waits queue:a", severity=CRITICAL)
    assert told(world) == ["worse duty:floor/page: waits queue:a critical"]
    raised(world, "waits queue:a")
    assert told(world, MINUTE) == []
    raised(world, "waits queue:a", severity=CRITICAL)
    assert told(world) == ["worse duty:floor/page: waits queue:a critical"]


def test_who_is_over_before_anybody_was_told_is_not_told() -> None:
    """Neither that it fired, nor that it is over."""
    world = World(routes({"to": ["duty:floor"], "group_wait": "1m"}))
    raised(world, "waits queue:a")
    told(world)
    raised(world, "waits queue:a", severity=NONE)

    assert told(world, 10 * MINUTE) == []
    assert world.groups == {}


def test_the_end_of_all_is_told_at_once_and_of_one_when_it_is_time() -> None:
    """To everybody who was told that it fires."""
    world = World(FLOOR)
    raised(world, "waits queue:a", "waits queue:b")
    told(world, MINUTE)
    raised(world, "waits queue:a", severity=NONE)
    assert told(world, 4 * MINUTE) == []
    assert told(world, 2 * MINUTE) == ["resolve told: waits queue:a warning"]
    raised(world, "waits queue:b", severity=NONE)
    assert told(world, 20 * SECOND) == ["resolve told: waits queue:b warning"]
    assert world.groups == {}


def test_back_again_before_the_end_was_told_is_no_news() -> None:
    """People think that it fires, and so it does."""
    world = World(FLOOR)
    raised(world, "waits queue:a", "waits queue:b")
    told(world, MINUTE)
    raised(world, "waits queue:a", severity=NONE)
    told(world, 20 * SECOND)
    raised(world, "waits queue:a")
    assert told(world, 10 * MINUTE) == []


def test_back_again_after_the_end_is_told_again() -> None:
    """As a fire: they were told that it is over."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world, MINUTE)
    raised(world, "waits queue:a", severity=NONE)
    told(world, MINUTE)
    raised(world, "waits queue:a")
    assert told(world, 30 * SECOND) == ["fire duty:floor/mail: waits queue:a warning"]
    assert world.notices[-1].items[0].kind == "reopen"


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        ([], [3]),
        (["rule"], [1, 2]),
        (["queue"], [1, 1, 1]),
        (["severity"], [1, 2]),
        (["rule", "queue"], [1, 1, 1]),
        (["team"], [3]),
    ],
)
def test_groups_have_in_common_what_the_route_says(group_by: list[str], groups: list[int]) -> None:
    """Rule, severity, dimensions; what an alert does not have is in common, too."""
    world = World(routes({"to": ["duty:floor"], "group_by": group_by}))
    raised(world, *QUEUES[1:])
    raised(world, QUEUES[0], severity=CRITICAL)
    told(world)

    assert sorted(len(group.members) for group in world.groups.values()) == groups


def test_a_digest_tells_everything_so_often_and_never_at_once() -> None:
    """Not even what is critical, and not the end."""
    world = World(routes({"to": ["channel:room"], "digest": "10m", "repeat": "1h"}, **ROOM))
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world, MINUTE)
    raised(world, "hangups queue:c")
    assert told(world, 8 * MINUTE) == []
    assert told(world, MINUTE + 10 * SECOND) == [
        "fire channel:room: waits queue:a critical, hangups queue:c warning"
    ]
    raised(world, "waits queue:a", "hangups queue:c", severity=NONE)
    assert told(world, 9 * MINUTE) == []
    assert told(world, MINUTE) == ["resolve told: waits queue:a critical, hangups queue:c warning"]


def test_supervisors_hear_of_nothing_but_what_is_theirs() -> None:
    """Whatever a route gathers: whose alert it is, is nobody else's business."""
    world = World(routes({"to": ["supervisor"], "group_by": []}))
    raised(world, "waits queue:a", "waits queue:b")

    assert told(world, MINUTE) == [
        "fire supervisor/mail: waits queue:a warning",
        "fire supervisor/mail: waits queue:b warning",
    ]


# -- routes


def test_an_alert_moves_to_the_route_of_its_severity() -> None:
    """Whoever heard of the warning in the room hears the end; meanwhile the floor has it."""
    world = World(CHAIN)
    raised(world, "waits queue:a")
    assert told(world, MINUTE) == ["fire channel:room: waits queue:a warning"]
    raised(world, "waits queue:a", severity=CRITICAL)
    assert told(world) == ["worse duty:floor/page: waits queue:a critical"]
    assert len(world.groups) == 1
    raised(world, "waits queue:a", severity=NONE)
    told(world, MINUTE)
    ends = [(who, kind) for who, kind, _ in world.heard if kind == "resolve"]
    assert ends == [("channel:room", "resolve"), ("duty:floor", "resolve")]


def test_a_critical_alert_that_eases_wakes_nobody_further() -> None:
    """It goes on in the room, without a word; no chain goes on for a warning."""
    world = World(CHAIN)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world)
    raised(world, "waits queue:a")
    assert told(world, 30 * MINUTE) == []
    assert told(world, 40 * MINUTE) == ["reminder channel:room: waits queue:a warning"]


def test_what_gets_better_than_anybody_wants_to_hear_is_quiet_until_its_end() -> None:
    """There is no route for the warning; still, its end is told."""
    world = World(routes({"match": {"severity": "critical"}, "to": ["duty:floor"]}))
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world)
    raised(world, "waits queue:a")
    assert told(world, 2 * 60 * MINUTE) == []
    assert world.complaints() == []
    raised(world, "waits queue:a", severity=NONE)
    assert told(world, MINUTE) == ["resolve told: waits queue:a warning"]


def test_alerts_without_a_route_are_in_no_group() -> None:
    """They are on walls."""
    world = World(routes({"match": {"rule": ["hangups"]}, "to": ["duty:floor"]}))
    raised(world, "waits queue:a")

    assert told(world, MINUTE) == []
    assert world.groups == {}


def test_a_route_that_goes_on_tells_both() -> None:
    """Each by its own pace."""
    world = World(
        routes(
            {"match": {"severity": "critical"}, "to": ["duty:boss"], "continue": True},
            {"to": ["channel:room"], "digest": "5m"},
            **ROOM,
        )
    )
    raised(world, "waits queue:a", severity=CRITICAL)

    assert told(world) == ["fire duty:boss/page: waits queue:a critical"]
    assert told(world, 6 * MINUTE) == ["fire channel:room: waits queue:a critical"]


def test_an_end_is_told_though_the_group_that_told_the_beginning_was_left() -> None:
    """The boss was told at once; it eased, and is over before the digest of the room."""
    world = World(
        routes(
            {"match": {"severity": "critical"}, "to": ["duty:boss"], "continue": True},
            {"to": ["channel:room"], "digest": "5m"},
            **ROOM,
        )
    )
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world)
    raised(world, "waits queue:a")
    told(world, MINUTE)
    raised(world, "waits queue:a", severity=NONE)
    told(world, 5 * MINUTE)
    assert world.heard == [
        ("duty:boss", "fire", world.notices[0].items[0].episode),
        ("duty:boss", "resolve", world.notices[0].items[0].episode),
    ]


def test_an_edit_changes_nothing_under_way() -> None:
    """A chain that has begun goes on as it was, though its route is gone."""
    world = World(CHAIN)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world)
    world.reload(FLOOR)

    assert told(world, 2 * MINUTE) == ["escalation duty:boss/page: waits queue:a critical"]
    raised(world, "waits queue:b")
    assert told(world, 30 * SECOND) == ["fire duty:floor/mail: waits queue:b warning"]


def test_what_an_edit_wants_told_is_told() -> None:
    """It has been firing for a while, and nobody was to know."""
    world = World(routes())
    raised(world, "waits queue:a", severity=CRITICAL)
    assert told(world, MINUTE) == []
    world.reload(FLOOR)
    assert told(world) == ["fire duty:floor/page: waits queue:a critical"]
    assert world.notices[-1].items[0].hold_ms == 10 * SECOND


def test_an_alert_whose_end_nobody_told_us_has_ended() -> None:
    """Its instance is gone, and so is the group, after the end was told."""
    world = World(FLOOR)
    raised(world, "waits queue:a", "waits queue:b")
    told(world, MINUTE)
    del world.instances[key("waits queue:a")], world.raised[key("waits queue:a")]
    assert world.complaints() != []
    assert told(world, 10 * MINUTE) == ["resolve told: waits queue:a warning"]
    assert (world.notices[-1].items[0].kind, world.notices[-1].items[0].reason) == (
        "close", "unknown",
    )  # fmt: skip


# -- chains


def test_a_chain_goes_on_until_somebody_takes_it_on() -> None:
    """Step by step, each once; the last one again each `repeat`."""
    world = World(CHAIN)
    raised(world, "waits queue:a", severity=CRITICAL)
    alert = "waits queue:a critical"

    assert told(world) == [f"fire duty:floor/page: {alert}"]
    assert world.notices[-1].then == Next(to=("duty:boss/page",), at_ms=world.clock_ms + 2 * MINUTE)
    assert told(world, 2 * MINUTE) == [f"escalation duty:boss/page: {alert}"]
    assert told(world, 3 * MINUTE) == [f"escalation duty:head/page channel:room: {alert}"]
    last = "duty:head/page", "channel:room"
    assert world.notices[-1].then == Next(to=last, at_ms=world.clock_ms + 60 * MINUTE)
    assert told(world, 59 * MINUTE) == []
    assert told(world, MINUTE) == [f"reminder duty:head/page channel:room: {alert}"]
    assert world.notices[-1].then == Next(to=last, at_ms=world.clock_ms + 60 * MINUTE)


def test_an_acknowledgement_stops_the_chain_and_its_end_starts_it_again() -> None:
    """At the step that it had reached, after that step's wait."""
    world = World(CHAIN)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world, MINUTE)
    assert world.act("waits queue:a", "ack")
    assert told(world) == ["ack told: waits queue:a critical"]
    assert told(world, 2 * MINUTE + 40 * SECOND) == []
    assert told(world) == ["unack told: waits queue:a critical"]  # after ack_timeout
    assert told(world, MINUTE + 50 * SECOND) == []
    assert told(world) == ["escalation duty:boss/page: waits queue:a critical"]


def test_a_second_acknowledgement_wakes_nobody() -> None:
    """Neither that of the same person, nor of another one; after it was given up it is news."""
    world = World(CHAIN)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world)
    for by, told_of_it in (("ana", ["ack told: waits queue:a critical"]), ("ana", []), ("bo", [])):
        world.act("waits queue:a", "ack", by=by)
        assert told(world) == told_of_it
    world.act("waits queue:a", "unack")
    told(world)
    world.act("waits queue:a", "ack")
    assert told(world) == ["ack told: waits queue:a critical"]


def test_an_acknowledgement_is_void_when_it_gets_worse() -> None:
    """People who were told are told that."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world, MINUTE)
    world.act("waits queue:a", "ack")
    told(world)
    raised(world, "waits queue:a", severity=CRITICAL)
    assert told(world) == ["worse duty:floor/page: waits queue:a critical"]


def test_who_is_taken_on_before_anybody_was_told_is_not_told() -> None:
    """Unless it is given up again."""
    world = World(routes({"to": ["duty:floor"], "group_wait": "1m"}))
    raised(world, "waits queue:a")
    told(world)
    world.act("waits queue:a", "ack")
    assert told(world, 2 * MINUTE) == []
    world.act("waits queue:a", "unack")
    assert told(world, MINUTE) == []
    assert told(world) == ["fire duty:floor/mail: waits queue:a warning"]


def test_something_new_begins_a_chain_anew_where_all_else_is_taken_on() -> None:
    """The head is not woken for it at once."""
    world = World(CHAIN)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world, 6 * MINUTE)
    world.act("waits queue:a", "ack")
    raised(world, "waits queue:b", severity=CRITICAL)
    assert told(world) == [
        "ack told: waits queue:a critical",
        "fire duty:floor/page: waits queue:b critical",
    ]
    assert told(world, 2 * MINUTE) == ["escalation duty:boss/page: waits queue:b critical"]


def test_something_new_is_told_to_everybody_whom_the_chain_has_reached() -> None:
    """They are in it together."""
    world = World(CHAIN)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world, 2 * MINUTE + 10 * SECOND)
    raised(world, "waits queue:b", severity=CRITICAL)

    assert told(world, 30 * SECOND) == [
        "fire duty:floor/page duty:boss/page: waits queue:b critical"
    ]


def test_a_chain_may_be_taken_on_in_part() -> None:
    """What nobody has taken on goes on."""
    world = World(CHAIN)
    raised(world, "waits queue:a", "waits queue:b", severity=CRITICAL)
    told(world)
    world.act("waits queue:a", "ack")
    assert told(world, 2 * MINUTE)[1:] == ["escalation duty:boss/page: waits queue:b critical"]


def test_notes_and_acts_on_what_is_over_tell_nobody() -> None:
    """Who acknowledges afterwards has seen it: that is all."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world, MINUTE)
    world.act("waits queue:a", "note")
    assert told(world) == []
    raised(world, "waits queue:a", severity=NONE)
    told(world, MINUTE)
    assert world.act("waits queue:a", "ack")
    assert told(world, 10 * MINUTE) == []


# -- silence


def test_a_silence_hides_the_beginning_and_not_the_end() -> None:
    """Who was told that it fires is told that it is over."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world, MINUTE)
    world.hush("s", 60 * MINUTE)
    raised(world, "hangups queue:c", severity=CRITICAL)
    assert told(world, 10 * MINUTE) == []
    raised(world, "waits queue:a", "hangups queue:c", severity=NONE)
    assert told(world, MINUTE) == ["resolve told: waits queue:a warning"]


def test_what_still_fires_after_a_silence_is_told_then() -> None:
    """What is new as a fire, what was told before as a reminder."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world, MINUTE)
    world.hush("s", 20 * MINUTE)
    told(world)
    raised(world, "hangups queue:c")
    told(world, 19 * MINUTE + 50 * SECOND)
    assert told(world, 30 * SECOND) == [
        "fire duty:floor/mail: hangups queue:c warning",
        "reminder duty:floor/mail: waits queue:a warning",
    ]


def test_a_snooze_ends_with_a_reminder() -> None:
    """That is what it is for."""
    world = World(FLOOR)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world, MINUTE)
    world.act("waits queue:a", "snooze", 30 * MINUTE)
    assert told(world, 29 * MINUTE + 50 * SECOND) == []
    assert told(world) == ["reminder duty:floor/page: waits queue:a critical"]


def test_what_is_muted_stays_so_when_it_moves_to_another_route() -> None:
    """It eases while it is silenced; in its new group people are reminded afterwards, too."""
    world = World(CHAIN)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world, MINUTE)
    world.hush("s", 10 * MINUTE)
    told(world, 9 * MINUTE + 40 * SECOND)
    raised(world, "waits queue:a")
    told(world, 10 * SECOND)  # eases in the tick in which the silence ends

    assert told(world, 30 * SECOND) == ["reminder channel:room: waits queue:a warning"]


def test_what_is_muted_is_not_the_first_critical() -> None:
    """Nobody hears of it, so the next one does not wait for it."""
    world = World(FLOOR)
    raised(world, "waits queue:a", severity=CRITICAL)
    told(world)
    world.hush("s", 60 * MINUTE, segments=("queue:a",))
    told(world)
    raised(world, "hangups queue:c", severity=CRITICAL)
    assert told(world) == ["fire duty:floor/page: hangups queue:c critical"]


def test_a_coarser_alert_says_it_for_the_finer_ones() -> None:
    """Until it is over: then what is left is told."""
    world = World(FLOOR)
    raised(world, "waits site", "waits queue:a", severity=CRITICAL)
    assert told(world) == ["fire duty:floor/page: waits site critical"]
    raised(world, "waits site", severity=NONE)
    assert told(world, 10 * MINUTE) == [
        "fire duty:floor/page: waits queue:a critical",
        "resolve told: waits site critical",
    ]


@pytest.mark.parametrize("how", ["silence", "snooze"])
def test_a_coarser_alert_that_is_silenced_says_nothing_for_others(how: str) -> None:
    """Though it was told before: who silences the site has not silenced its queues."""
    world = World(FLOOR)
    raised(world, "waits site", severity=CRITICAL)
    told(world, MINUTE)
    if how == "silence":
        world.hush("s", 60 * MINUTE, segments=("site",))
    else:
        world.act("waits site", "snooze", 60 * MINUTE)
    told(world, MINUTE)
    raised(world, "waits queue:a", severity=CRITICAL)
    assert told(world) == ["fire duty:floor/page: waits queue:a critical"]


def test_what_flaps_is_told_once_it_stays() -> None:
    """The third time within `flap.within` it must last as long as it must be clear to end."""
    world = World(FLOOR)
    for _ in range(2):
        raised(world, "waits queue:a", severity=CRITICAL)
        assert told(world, 20 * SECOND) == ["fire duty:floor/page: waits queue:a critical"]
        raised(world, "waits queue:a", severity=NONE)
        told(world, MINUTE)
    raised(world, "waits queue:a", severity=CRITICAL)
    assert told(world, 20 * SECOND) == []
    assert world.suppressed(key("waits queue:a")) == ("flapping",)
    assert told(world, MINUTE) == ["fire duty:floor/page: waits queue:a critical"]


# -- the rest


def test_where_nothing_is_there_is_nothing_to_tell() -> None:
    """Not even a look around."""
    assert World(FLOOR).plan() == []


def test_the_times_at_which_groups_are_due_are_known() -> None:
    """The soonest of the timers."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world)
    (group,) = world.groups.values()

    assert world.planner.due(group) == world.clock_ms + 20 * SECOND


def test_reminders_say_the_numbers_of_now() -> None:
    """Not those of an hour ago."""
    world = World(FLOOR)
    raised(world, "waits queue:a")
    told(world, MINUTE)
    of = key("waits queue:a")
    assert told(world, 61 * MINUTE) == ["reminder duty:floor/mail: waits queue:a warning"]
    assert world.notices[-1].items[0].facts == world.instances[of].facts == facts(of)


def test_events_of_alerts_that_nobody_is_told_of_are_nothing() -> None:
    """A note on them, an acknowledgement, their end."""
    world = World(routes())
    raised(world, "waits queue:a")
    told(world)
    world.act("waits queue:a", "ack")
    raised(world, "waits queue:a", severity=NONE)

    assert told(world, MINUTE) == []
    assert all(isinstance(event, Event) for event in world.events)
    assert set(RULES) == {"waits", "hangups", "feed"}
