"""Investigations: opened by alerts, led to their end by people, measured by the numbers."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.core.investigations import Book, Investigation, Step, apply, counts, late
from alerting.core.machine import ActRefused
from alerting.core.rules import Rule
from alerting.core.shapes import Event, Facts, Instance, Key, Severity
from streams.core.buckets import QUARTER_MS
from streams.core.calendars import Calendar
from streams.core.errors import NotHeld
from streams.core.policy import Target

PARIS = ZoneInfo("Europe/Paris")
HOUR, DAY = 3_600_000, 86_400_000
KEY = Key("abandonment", "queue:sav")


def at(text: str) -> int:
    """Returns the instant of a local time in Paris."""
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1000)


FRIDAY = at("2026-11-20 14:00")


def rule(**plan: Any) -> Rule:
    """Returns a rule whose action plan differs from the plain one."""
    said = {"template": "service", "responsible": "floor_manager", **plan}
    return Rule.model_validate({
        "id": "abandonment", "title": {"en": "a", "fr": "a"}, "metric": "abandonment_rate",
        "owner": "floor_manager", "runbook": "https://example.org/a", "action_plan": said,
        "levels": {"critical": {"raise": {"above": "25%"}, "clear": {"below": "18%"}}},
    })  # fmt: skip


def facts(value: float = 0.3) -> Facts:
    """Returns what was found."""
    return Facts(
        segment="queue:sav", kpi="abandonment_rate", window="30m", value=value, n=43, part=13,
        whole=43, unit="ratio", formula="all", threshold=0.25, clear=0.18, target=0.05,
        since_ms=None,
    )  # fmt: skip


def fire(at_ms: int, severity: Severity = Severity.CRITICAL, **changes: Any) -> Event:
    """Returns an alert that begins."""
    made = Event(
        kind="fire", key=KEY, episode=f"abandonment|queue:sav|{at_ms}", severity=severity,
        at_ms=at_ms, clock_ms=at_ms, reason="breach", facts=facts(),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


class Numbers:
    """A board with one KPI by quarter hour."""

    def __init__(self, now_ms: int, values: Mapping[int, float | None] | None = None) -> None:
        self.now_ms = now_ms
        self.values = values or {}
        self.target: Target | None = Target(high=0.05)

    def read(self, segment: str, kpi: str, window: str) -> Any:
        """Returns a reading of which only the target matters."""
        assert (segment, window) == ("queue:sav", "interval")
        if kpi == "none":
            raise NotHeld("no such thing")
        return msgspec.defstruct("R", [("target", Any)])(self.target)

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:
        """Returns a quarter hour's value."""
        assert (segment, kpi) == ("queue:sav", "abandonment_rate")
        return self.values.get(at_ms // QUARTER_MS)


class Desk:
    """A book, its records, and a clock."""

    def __init__(self, **plan: Any) -> None:
        self.book = Book({"abandonment": rule(**plan)}, {"always": Calendar()})
        self.records: dict[str, Investigation] = {}
        self.numbers = Numbers(FRIDAY)
        self.overdue: list[tuple[str, ...]] = []

    def tick(
        self, now_ms: int, *events: Event, instances: Mapping[Key, Instance] | None = None
    ) -> None:
        """Shows the book one tick; the records go through JSON."""
        self.numbers.now_ms = now_ms
        turned = self.book.step(self.records, events, instances or {}, self.numbers, now_ms)
        for name, record in turned.records.items():
            if record is None:
                del self.records[name]
            else:
                raw = msgspec.json.encode(record)
                self.records[name] = msgspec.json.decode(raw, type=Investigation)
        self.overdue += [each.what for each in turned.overdue]

    def do(self, now_ms: int, **step: Any) -> None:
        """Somebody does something to the only record."""
        (record,) = self.records.values()
        self.records[record.id] = apply(record, Step(**step), "ana", now_ms)

    @property
    def record(self) -> Investigation:
        """The only record."""
        (record,) = self.records.values()
        return record


def test_a_critical_alert_opens_one_with_what_was_found() -> None:
    """A critical alert opens one with what was found."""
    desk = Desk()
    desk.tick(FRIDAY, fire(FRIDAY))
    record = desk.record
    assert (record.status, record.why, record.owner) == ("open", "severity", "floor_manager")
    assert (record.value, record.target, record.threshold, record.n) == (0.3, 0.05, 0.25, 43)
    assert record.episodes == (f"abandonment|queue:sav|{FRIDAY}",)
    assert record.investigate_by_ms == at("2026-11-23 18:00")  # Monday
    assert record.plan_by_ms == at("2026-11-25 18:00")


def test_later_episodes_go_into_the_record_that_is_in_work() -> None:
    """Later episodes go into the record that is in work."""
    desk = Desk()
    desk.tick(FRIDAY, fire(FRIDAY))
    desk.tick(FRIDAY + HOUR, fire(FRIDAY + HOUR), fire(FRIDAY + HOUR, kind="escalate"))
    assert desk.record.n_episodes == 2
    assert [entry.what for entry in desk.record.history] == ["opened", "episode"]


def test_a_warning_opens_none_unless_it_lasts() -> None:
    """A warning opens none unless it lasts."""
    desk = Desk(open_when={"severity": "critical", "or_lasts": "30m"})
    warning = fire(FRIDAY, Severity.WARNING)
    desk.tick(FRIDAY, warning)
    assert counts(desk.records.values(), FRIDAY) == (0, 0)
    instance = Instance(
        condition="firing", severity=Severity.WARNING, facts=facts(), episode=warning.episode,
        started_at_ms=FRIDAY, fired_at_ms=FRIDAY, fired_clock_ms=FRIDAY, seen_at_ms=FRIDAY,
    )  # fmt: skip
    desk.tick(FRIDAY + HOUR // 2 - 1, instances={KEY: instance})
    assert desk.record.status == "counting"
    desk.tick(FRIDAY + HOUR // 2, instances={KEY: instance})
    assert (desk.record.status, desk.record.why) == ("open", "lasts")


def test_the_third_warning_within_a_week_opens_one() -> None:
    """The third warning within a week opens one."""
    desk = Desk(open_when={"or_repeats": {"times": 3, "in": "7d"}})
    times = [FRIDAY, FRIDAY + 5 * DAY, FRIDAY + 8 * DAY, FRIDAY + 9 * DAY]
    for i, time in enumerate(times):
        assert counts(desk.records.values(), time) == (0, 0), i
        desk.tick(time, fire(time, Severity.WARNING))
    assert desk.record.why == "repeats"  # 5, 8 and 9 days: the first one is too long ago


def test_what_was_counted_in_vain_is_forgotten() -> None:
    """What was counted in vain is forgotten."""
    desk = Desk(open_when={"or_repeats": {"times": 3, "in": "7d"}})
    desk.tick(FRIDAY, fire(FRIDAY, Severity.WARNING))
    desk.tick(FRIDAY + 7 * DAY - 1)
    assert desk.records
    desk.tick(FRIDAY + 7 * DAY)
    assert not desk.records


def planned(desk: Desk) -> None:
    """Leads a record to the moment at which its effect is measured."""
    desk.tick(FRIDAY, fire(FRIDAY))
    desk.do(FRIDAY, do="investigate")
    desk.do(FRIDAY, do="cause", text="two people ill", category="staffing")
    desk.do(FRIDAY, do="action", text="call in reserve", who="bob", by_ms=FRIDAY + HOUR)
    desk.do(FRIDAY, do="plan")
    desk.do(FRIDAY, do="start")
    desk.do(FRIDAY + 1, do="done", action=1)
    desk.do(FRIDAY + 1, do="verify")


def test_five_quarter_hours_in_a_row_within_the_target_are_an_effect() -> None:
    """Five quarter hours in a row within the target are an effect."""
    desk = Desk()
    planned(desk)
    first = FRIDAY // QUARTER_MS
    values = [0.04, 0.02, 0.09, None, 0.05, 0.01, 0.0, 0.03, 0.02]
    desk.numbers.values = {first + i: value for i, value in enumerate(values)}
    for i in range(len(values) + 1):
        desk.tick((first + i) * QUARTER_MS + 1000)
        assert (desk.record.status == "closed") == (i == len(values)), i
    assert desk.record.result == "effective"
    assert desk.record.effect is not None
    assert (desk.record.effect.met, desk.record.effect.missed) == (5, 1)


def test_a_quarter_hour_is_looked_at_once_however_often_it_ticks() -> None:
    """A quarter hour is looked at once however often it ticks."""
    desk = Desk()
    planned(desk)
    first = FRIDAY // QUARTER_MS
    desk.numbers.values = dict.fromkeys(range(first, first + 9), 0.01)
    for ms in range(first * QUARTER_MS, (first + 2) * QUARTER_MS, 60_000):
        desk.tick(ms)
    assert desk.record.effect is not None
    assert desk.record.effect.met == 1


def test_a_new_episode_while_it_is_verified_shows_that_it_did_not_help() -> None:
    """A new episode while it is verified shows that it did not help."""
    desk = Desk()
    planned(desk)
    desk.tick(FRIDAY + HOUR)
    desk.tick(FRIDAY + 2 * HOUR, fire(FRIDAY + 2 * HOUR, Severity.WARNING))
    assert desk.record.status == "in_progress"
    assert desk.record.effect is None
    assert desk.record.history[-1].what == "not_effective"


def test_what_has_no_target_is_calm_while_no_alert_is_there() -> None:
    """What has no target is calm while no alert is there."""
    desk = Desk()
    planned(desk)
    desk.numbers.target = None
    firing = Instance(
        condition="firing", severity=Severity.WARNING, facts=facts(), episode="e",
        started_at_ms=FRIDAY, fired_clock_ms=FRIDAY, seen_at_ms=FRIDAY,
    )  # fmt: skip
    for i in range(3):
        desk.tick(FRIDAY + i * QUARTER_MS)
    assert desk.record.effect is not None
    assert desk.record.effect.met == 2
    desk.tick(FRIDAY + 3 * QUARTER_MS, instances={KEY: firing})
    assert desk.record.effect.met == 0


def test_after_it_is_closed_another_alert_opens_another_one() -> None:
    """After it is closed another alert opens another one."""
    desk = Desk()
    desk.tick(FRIDAY, fire(FRIDAY))
    desk.do(FRIDAY, do="close", result="no_action", text="a drill")
    desk.tick(FRIDAY + DAY, fire(FRIDAY + DAY))
    assert sorted(r.status for r in desk.records.values()) == ["closed", "open"]


def test_what_is_overdue_is_told_once_a_business_day() -> None:
    """What is overdue is told once a business day."""
    desk = Desk()
    desk.tick(FRIDAY, fire(FRIDAY))
    hours = range(FRIDAY, at("2026-11-27 20:00"), HOUR // 4)
    for ms in hours:
        desk.tick(ms)
    assert desk.overdue == [  # due on Monday at 18:00, so told from Tuesday on; plan on Wednesday
        ("investigate",), ("investigate",), ("investigate", "plan"), ("investigate", "plan"),
    ]  # fmt: skip
    assert counts(desk.records.values(), hours[-1]) == (1, 1)


def test_actions_are_overdue_until_they_are_done() -> None:
    """Actions are overdue until they are done."""
    desk = Desk()
    desk.tick(FRIDAY, fire(FRIDAY))
    desk.do(FRIDAY, do="investigate")
    desk.do(FRIDAY, do="action", text="call", who="bob", by_ms=FRIDAY + HOUR)
    assert list(late(desk.record, FRIDAY + HOUR)) == []
    assert list(late(desk.record, FRIDAY + HOUR + 1)) == ["action 1"]
    desk.do(FRIDAY + HOUR + 2, do="done", action=1)
    assert list(late(desk.record, FRIDAY + DAY)) == []


@pytest.mark.parametrize(
    ("steps", "refusal"),
    [
        ([{"do": "start"}], "it is open: start follows plan_agreed"),
        ([{"do": "plan"}], "a plan without a cause"),
        ([{"do": "cause", "text": "x"}, {"do": "plan"}], "a plan without an action"),
        ([{"do": "action", "text": "x", "who": "a"}], "by_ms: it is due later than now"),
        ([{"do": "action", "text": "x", "by_ms": FRIDAY + 1}], "who: by whom"),
        ([{"do": "action", "who": "x", "by_ms": FRIDAY + 1}], "text: what is to be done"),
        ([{"do": "done", "action": 3}], "action 3: there are none"),
        ([{"do": "cause", "text": " "}], "text: what was the cause"),
        ([{"do": "note", "text": ""}], "a note has no words"),
        ([{"do": "assign"}], "owner: to whom"),
        ([{"do": "close", "text": "x"}], "result: effective"),
        ([{"do": "close", "result": "no_action"}], "text: why is it closed"),
        ([{"do": "close", "result": "effective", "text": "x"}], "is measured first"),
        (
            [{"do": "close", "result": "no_action", "text": "x"}, {"do": "investigate"}],
            "it is closed",
        ),
    ],
)
def test_steps_that_nobody_can_take(steps: Sequence[dict[str, Any]], refusal: str) -> None:
    """Steps that nobody can take."""
    desk = Desk()
    desk.tick(FRIDAY, fire(FRIDAY))
    for step in steps[:-1]:
        desk.do(FRIDAY, **step)
    with pytest.raises(ActRefused, match=refusal):
        desk.do(FRIDAY, **steps[-1])


def test_what_is_not_there_or_only_counted_is_nobody_s_business() -> None:
    """What is not there or only counted is nobody s business."""
    desk = Desk(open_when={"or_repeats": {"times": 3, "in": "7d"}})
    desk.tick(FRIDAY, fire(FRIDAY, Severity.WARNING))
    for record in (None, desk.record):
        with pytest.raises(ActRefused, match="no such investigation"):
            apply(record, Step(do="investigate"), "ana", FRIDAY)


@given(st.lists(st.tuples(st.integers(0, 20 * 96), st.sampled_from([1, 2])), max_size=40))
def test_of_one_kpi_and_segment_one_at_most_is_in_work(
    alerts: Sequence[tuple[int, int]],
) -> None:
    """Of one kpi and segment one at most is in work."""
    desk = Desk(open_when={"severity": "critical", "or_repeats": {"times": 3, "in": "7d"}})
    told = 0
    for quarter, severity in sorted(alerts):
        ms = FRIDAY + quarter * QUARTER_MS
        desk.tick(ms, fire(ms, Severity(severity)))
        works = [r for r in desk.records.values() if r.status != "closed"]
        assert len(works) == 1
        told += severity == 2
    assert (counts(desk.records.values(), FRIDAY)[0] == 1) or not told
