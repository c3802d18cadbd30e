"""What walls show: which rows, in which order, and what is left out for whom."""

import json

import msgspec
import pytest

from alerting import shown
from alerting.core.shapes import Key, Severity
from alerting.core.telling import Group, Matcher, Member, Quiet
from tests.alerting.web.rig import (
    EPISODE,
    NOW_MS,
    RULES,
    SAV,
    ack,
    event,
    instance,
    over,
    snooze,
)

DAY_MS = 86_400_000
MEMBERS = {EPISODE: Member(key=SAV, event=event("fire", NOW_MS))}


def made(*instances: object, **more: object) -> shown.Shown:
    """Returns the document of some alerts."""
    given = {
        "instances": {Key(i.episode.split("|")[0], i.facts.segment): i for i in instances},  # type: ignore[attr-defined] # instances
        "groups": {}, "quiet": {}, "rules": RULES, "suppressed": lambda *_: (), "at_ms": NOW_MS,
        "clock_ms": NOW_MS,
    }  # fmt: skip
    return shown.make(**(given | more))  # type: ignore[arg-type] # by name


def quiet(id_: str = "q1", **more: object) -> Quiet:
    """Returns a silence for an hour."""
    given = {
        "kind": "silence", "match": Matcher(rules=("longest_wait",)), "from_ms": NOW_MS,
        "until_ms": NOW_MS + 3_600_000, "by": "ana", "note": "works",
    }  # fmt: skip
    return Quiet(id=id_, **(given | more))  # type: ignore[arg-type] # by name


def test_an_alert_is_told_whole() -> None:
    """All that a wall shows of it, in seconds."""
    (row,) = made(instance(ack=ack(note="on it", until_ms=NOW_MS + 60_000))).alerts

    assert json.loads(msgspec.json.encode(row)) == {
        "episode": EPISODE, "rule": "longest_wait", "segment": "queue:sav", "severity": "warning",
        "state": "firing", "data": "ok", "since": (NOW_MS - 239_000) / 1000,
        "started": (NOW_MS - 300_000) / 1000, "ended": None, "reason": "", "title": row.title,
        "kpi": "wait_longest", "window": "live", "value": 195.0, "n": 4, "part": None,
        "whole": None, "unit": "seconds", "threshold": 180.0, "clear": 90.0, "hold": 300.0,
        "target": 60.0, "formula": "live", "owner": RULES["longest_wait"].owner,
        "runbook": RULES["longest_wait"].runbook, "reopened": 0,
        "acked": {
            "by": "ana", "at": (NOW_MS - 120_000) / 1000, "note": "on it",
            "until": (NOW_MS + 60_000) / 1000,
        },
        "snoozed": None, "suppressed": [], "next": None,
    }  # fmt: skip
    assert set(row.title) == {"en", "fr"}
    assert "sav" in row.title["fr"]


def test_what_is_over_is_shown_until_somebody_has_seen_it_for_a_day() -> None:
    """With the worst that it was, and why it ended."""
    found = made(
        over(worst=Severity.CRITICAL),
        over("queue:seen", seen=True),
        over("queue:old", resolved_clock_ms=NOW_MS - DAY_MS),
        over("queue:again", condition="pending"),
    )

    assert [(r.segment, r.state, r.severity, r.reason) for r in found.alerts] == [
        ("queue:sav", "resolved", "critical", "clear"),
        ("queue:again", "resolved", "warning", "clear"),
    ]
    assert found.alerts[0].ended == (NOW_MS - 60_000) / 1000


def test_what_is_only_suspected_is_not_shown() -> None:
    """Pending is nobody's business yet."""
    assert made(instance(condition="pending", episode="longest_wait|queue:sav|1")).alerts == ()


def test_critical_comes_first_then_the_oldest_and_what_is_over_last() -> None:
    """Whatever the order of the memory."""
    later = NOW_MS - 10_000
    found = made(
        over("queue:over", worst=Severity.CRITICAL),
        instance("queue:new", fired_clock_ms=later),
        instance("queue:old"),
        instance("queue:bad", fired_clock_ms=later, severity=Severity.CRITICAL),
        instance("queue:cool", condition="cooling", fired_clock_ms=later + 1),
    )

    order = [row.segment for row in found.alerts]
    assert order == ["queue:bad", "queue:old", "queue:new", "queue:cool", "queue:over"]


def test_a_rule_that_has_gone_is_called_by_its_id() -> None:
    """There is no title, no owner, no runbook any more."""
    (row,) = made(instance(rule="gone")).alerts

    assert row.title["en"].startswith("gone")
    assert (row.owner, row.runbook) == ("", "")


def test_how_long_it_must_be_clear_is_longer_after_each_reopening() -> None:
    """By half; what is over, or has no rule any more, does not say."""
    alerts = (
        instance(n_reopen=2), instance("queue:a", rule="gone"), over("queue:b"),
    )  # fmt: skip

    holds = {row.segment: row.hold for row in made(*alerts).alerts}
    assert holds == {"queue:sav": 300.0 * 1.5**2, "queue:a": None, "queue:b": None}


def test_snooze_and_suppression_are_told() -> None:
    """A wall shows alerts of which nobody is told, and why."""
    (row,) = made(
        instance(snooze=snooze()),
        suppressed=lambda key, _: ("snoozed", f"silence:{key.rule}"),
    ).alerts

    assert row.snoozed == shown.Snoozed("ana", (NOW_MS + 600_000) / 1000)
    assert row.suppressed == ("snoozed", "silence:longest_wait")


@pytest.mark.parametrize(
    ("timers", "to"),
    [
        ({"step": 1, "step_ms": NOW_MS + 60_000}, ("duty:boss", "channel:room")),
        ({"step": 2, "repeat_ms": NOW_MS + 60_000}, ("duty:boss", "channel:room")),
        ({"step": 0, "flush_ms": NOW_MS + 60_000}, None),
    ],
)
def test_who_is_told_next_is_the_next_step_of_the_chain_or_the_last_one_again(
    timers: dict[str, int], to: tuple[str, ...] | None
) -> None:
    """Unless somebody has taken it on; nobody is next where nobody was told yet."""
    chain = ({"notify": ["duty:floor"], "after_ms": 0},
             {"notify": ["duty:boss", "channel:room"], "after_ms": 300_000})  # fmt: skip
    group = msgspec.convert(
        {"id": "g", "route": "r", "born_ms": 0, "chain": chain, "members": MEMBERS, **timers}, Group
    )

    (row,) = made(instance(), groups={"g": group}).alerts
    assert row.next == (to and shown.Next(to, (NOW_MS + 60_000) / 1000))
    (row,) = made(instance(ack=ack()), groups={"g": group}).alerts
    assert row.next is None


def test_of_several_groups_what_comes_first_counts() -> None:
    """And one that is not under way counts for nothing."""
    groups = {
        str(at): Group(
            id=str(at), route="r", born_ms=0, members=MEMBERS, step=1, repeat_ms=at,
            chain=({"notify": [f"duty:at{at}"], "after_ms": 0},),
        )
        for at in (None, 3000, 2000)
    }  # fmt: skip

    (row,) = made(instance(), groups=groups).alerts
    assert row.next == shown.Next(("duty:at2000",), 2.0)


def test_quiet_times_are_shown_until_they_end() -> None:
    """Also those that are still to begin; the first to end first."""
    found = made(
        quiet={
            "late": quiet("late", until_ms=NOW_MS + 7_200_000),
            "soon": quiet("soon", from_ms=NOW_MS + 1000),
            "past": quiet("past", until_ms=NOW_MS),
        }
    )

    assert [row.id for row in found.quiet] == ["soon", "late"]
    assert json.loads(msgspec.json.encode(found.quiet[0])) == {
        "id": "soon", "kind": "silence", "from": NOW_MS / 1000 + 1, "until": NOW_MS / 1000 + 3600,
        "by": "ana", "note": "works",
        "match": {"rules": ["longest_wait"], "segments": [], "severity": None},
    }  # fmt: skip


def test_single_agents_are_left_out_for_everybody() -> None:
    """Alerts about them, and silences that name them."""
    found = made(
        instance(),
        instance("agent:7"),
        instance("queue:sav+agent:7"),
        quiet={
            "a": quiet("a", match=Matcher(segments=("agent:*",))),
            "q": quiet("q", match=Matcher(segments=("queue:*",))),
        },
    )

    public = shown.public(found)
    assert [row.segment for row in public.alerts] == ["queue:sav"]
    assert [row.id for row in public.quiet] == ["q"]
    assert len(found.alerts) == 3


def test_a_document_comes_back_as_it_was() -> None:
    """Through JSON."""
    found = made(
        instance(ack=ack(), snooze=snooze()), over("queue:x"), quiet={"q": quiet()},
        time_scale=0.1, investigations=shown.Counts(2, 1),
    )  # fmt: skip

    assert shown.decode(shown.encode(found)) == found


def test_two_documents_are_the_same_whenever_they_were_made() -> None:
    """Only the time of making does not count."""
    one = made(instance())

    assert shown.same(one, made(instance(), at_ms=NOW_MS + 1000))
    assert not shown.same(one, made(instance(condition="cooling")))
    assert not shown.same(None, one)
