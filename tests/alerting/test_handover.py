"""The handover of a shift."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerting.core.shapes import Event, Key, Severity
from alerting.core.telling import Matcher
from alerting.handover import Acknowledged, Handover, Note, Undelivered, hand_over
from alerting.shown import QuietRow
from tests.alerting.web.rig import event

START, END = 1_000_000, 2_000_000


def of(name: str, kind: str, at_ms: int, **more: Any) -> Event:
    """Returns an event of an alert at a queue."""
    segment = more.pop("segment", f"queue:{name}")
    return event(kind, at_ms, key=Key("r", segment), episode=f"r|{segment}|1", **more)


def handed(*events: Event, **more: Any) -> Handover:
    """Returns the page of the shift."""
    return hand_over(events, from_ms=START, to_ms=END, **more)


def names(told: Any) -> list[str]:
    """Returns the queues."""
    return [one.last.key.segment.removeprefix("queue:") for one in told]


def test_what_was_there_in_the_shift_is_handed_over() -> None:
    """Whenever it began; what was over before is not."""
    page = handed(
        of("before", "fire", 1),
        of("long", "fire", 2),
        of("before", "resolve", START - 1),
        of("ended", "fire", 3),
        of("ended", "resolve", START, reason="clear"),
        of("new", "fire", END - 1),
        of("later", "fire", END),
    )

    assert names(page.alerts) == ["long", "ended", "new"]
    assert names(page.open) == ["long", "new"]
    assert (page.alerts[1].ended_ms, page.alerts[1].reason) == (START, "clear")


def test_what_ended_after_the_shift_was_open_then() -> None:
    """The page is of its time."""
    page = handed(of("a", "fire", START), of("a", "resolve", END))

    assert names(page.open) == ["a"]


def test_critical_is_handed_over_first() -> None:
    """Then the oldest; the list of all keeps the order of time."""
    page = handed(
        of("old", "fire", 1), of("new", "fire", 2),
        of("bad", "fire", 3), of("bad", "escalate", 4, severity=Severity.CRITICAL),
    )  # fmt: skip

    assert names(page.open) == ["bad", "old", "new"]
    assert names(page.alerts) == ["old", "new", "bad"]
    assert page.open[0].worst == Severity.CRITICAL


def test_who_took_it_on_and_what_was_said_goes_with_it() -> None:
    """Also where it came back; what machines note is no note of anybody."""
    (told,) = handed(
        of("a", "fire", START, note="memory_lost"),
        of("a", "ack", START + 1, by="ana", note="on it"),
        of("a", "note", START + 2, by="bob", note="trunk down"),
        of("a", "resolve", START + 3),
        of("a", "reopen", START + 4),
        of("a", "snooze", START + 5, by="bob", note="till lunch"),
    ).alerts

    assert told.acked == (Acknowledged("ana", START + 1, "on it"),)
    assert told.notes == (
        Note("bob", START + 2, "trunk down"), Note("bob", START + 5, "till lunch"),
    )  # fmt: skip
    assert (told.open, told.reopened, told.fired_ms) == (True, 1, START)


def test_agents_are_left_out_and_counted() -> None:
    """Their alerts, silences that name them, and what could not be told of them."""
    quiet = [
        QuietRow(
            id=id_, kind="silence", from_=from_ms / 1000, until=9e9, by="ana", note="",
            match=Matcher(segments=(segment,)),
        )
        for id_, from_ms, segment in (
            ("q", 1, "queue:*"), ("agent", 1, "agent:7"), ("later", END, "queue:*"),
        )
    ]  # fmt: skip
    letter = Undelivered("ana/page", "fire", ("r|queue:a|1", "r|queue:a+agent:7|1"), START)
    page = handed(
        of("a", "fire", START), of("", "fire", START, segment="agent:7"),
        quiet=quiet, undelivered=[letter],
    )  # fmt: skip

    assert names(page.alerts) == names(page.open) == ["a"]
    assert page.left_out == 1
    assert [q.id for q in page.quiet] == ["q"]
    assert page.undelivered == (Undelivered("ana/page", "fire", ("r|queue:a|1",), START),)


KINDS = st.sampled_from(["fire", "ack", "resolve", "reopen", "close", "note"])
LIVES = st.lists(st.tuples(st.sampled_from("abc"), KINDS, st.integers(0, 3_000_000)), max_size=20)


@given(lives=LIVES)
def test_nothing_that_is_open_is_forgotten(lives: list[tuple[str, str, int]]) -> None:
    """By whichever way it came to be open: the next shift must know."""
    events = [of(name, kind, at) for name, kind, at in sorted(lives, key=lambda one: one[2])]
    page = handed(*events)

    for name in "abc":
        mine = [kind for other, kind, at in sorted(lives, key=lambda one: one[2])
                if other == name and at < END and kind not in ("ack", "note")]  # fmt: skip
        if mine:
            assert (name in names(page.open)) == (mine[-1] in ("fire", "reopen"))
    assert set(names(page.open)) <= set(names(page.alerts))
