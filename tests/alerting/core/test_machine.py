"""Every row of the table of states, both clocks, and what people do."""

import msgspec
import pytest

from alerting.core.machine import (
    ActRefused,
    act,
    end,
    flapping,
    forgettable,
    keep_firing_ms,
    ongoing,
    snoozed,
    unseen,
)
from alerting.core.shapes import Act, Event, Timing
from streams.core.errors import PoulsError
from tests.alerting.core.machines import (
    BAD,
    BAND,
    CALM,
    CLOSED,
    CRITICAL,
    FEW,
    HIGH,
    KEY,
    MINUTE,
    MISSING,
    NONE,
    SECOND,
    STALE,
    TIMING,
    WARNING,
    WORST,
    Line,
    Tick,
    firing,
    told,
)


def resolved() -> Line:
    """Returns a line on which an alert has just resolved."""
    line = firing()
    assert line.run(CALM, 6 * MINUTE) == ["resolve warning"]
    return line


def over(line: Line, **changes: object) -> Act:
    """Returns an act on the line's episode."""
    return Act(**{"kind": "ack", "episode": line.now.episode, "by": "p7", **changes})  # type: ignore[arg-type]


# -- the table


def test_nothing_raised_is_nothing_to_remember() -> None:
    """Calm leaves no instance."""
    line = Line()
    assert line.run(CALM, MINUTE) == []
    assert line.instance is None


def test_a_breach_is_pending_from_its_first_tick() -> None:
    """Inactive, breach → pending, since now."""
    line = Line()
    assert line.tick(BAD) == ()
    assert line.condition == "pending"
    assert line.now.breach_at_ms == line.at_ms


@pytest.mark.parametrize("tick", [CALM, BAND, FEW, CLOSED])
def test_pending_is_forgotten_without_a_breach(tick: Tick) -> None:
    """Pending, no breach or not enough data → inactive; nothing is credited to the next one."""
    line = Line()
    line.run(BAD, 110 * SECOND)
    line.tick(tick)
    assert line.instance is None
    assert line.run(BAD, 2 * MINUTE) == []
    assert told(line.tick(BAD)) == ["fire warning"]


def test_a_breach_that_lasts_its_for_fires_a_new_episode() -> None:
    """Pending, `for` over → firing; the episode is named by its rule, segment and beginning."""
    line = Line()
    line.tick(BAD)
    began = line.at_ms
    assert line.run(BAD, 110 * SECOND) == []
    (fired,) = line.tick(Tick(WARNING, WARNING, value=0.09))
    assert told([fired]) == ["fire warning"]
    assert fired.episode == f"high_abandon|queue:sav|{began}"
    assert (fired.at_ms, fired.clock_ms, fired.reason) == (line.at_ms, line.clock_ms, "breach")
    assert fired.facts.value == 0.09
    assert line.now.worst is WARNING


def test_each_level_has_its_own_for() -> None:
    """Critical for 1 min fires before warning's 2 min are over, though warning was there first."""
    line = Line()
    line.run(BAD, 30 * SECOND)
    assert line.run(WORST, 70 * SECOND) == ["fire critical"]


def test_a_worse_level_escalates_and_voids_what_people_did() -> None:
    """Firing, worse level lasted its `for` → severity up; acknowledgement and snooze are void."""
    line = firing()
    line.act(over(line))
    line.act(over(line, kind="snooze", until_ms=line.clock_ms + MINUTE))
    assert line.run(WORST, MINUTE) == []
    assert told(line.tick(WORST)) == ["escalate critical"]
    assert (line.now.ack, line.now.snooze, line.now.seen) == (None, None, True)
    assert line.events[-1].reason == "worse"


def test_a_level_that_is_not_raised_all_the_time_does_not_escalate() -> None:
    """The `for` of a level begins anew whenever its raise does not hold."""
    line = firing()
    for _ in range(10):
        assert line.run(WORST, 50 * SECOND) == []
        assert line.run(HIGH, 10 * SECOND) == []


def test_a_lower_level_is_reached_when_the_clear_has_held() -> None:
    """Firing critical, critical clear for `keep_firing_for` → severity down, still firing."""
    line = firing(WORST)
    assert line.run(BAD, 5 * MINUTE) == []
    assert told(line.tick(BAD)) == ["deescalate warning"]
    assert line.condition == "firing"
    assert (line.now.worst, line.now.severity) == (CRITICAL, WARNING)


def test_inside_the_band_nothing_changes() -> None:
    """Between raise and clear an alert stays; a calm instance stays calm."""
    line = firing()
    assert line.run(BAND, 60 * MINUTE) == []
    assert line.condition == "firing"
    assert Line().run(BAND, 60 * MINUTE) == []


def test_a_clear_is_cooling_and_its_end_firing_again() -> None:
    """Firing, clear → cooling; cooling, back above clear → firing; nobody is told."""
    line = firing()
    assert line.run(CALM, 5 * MINUTE) == []
    assert line.condition == "cooling"
    line.tick(BAND)
    assert line.condition == "firing"
    assert line.run(CALM, 5 * MINUTE) == []
    assert told(line.tick(CALM)) == ["resolve warning"]


def test_what_is_raised_is_never_clear() -> None:
    """An observation that forgets to keep what it raises does not cool."""
    line = firing(Tick(WARNING, NONE))
    assert line.run(Tick(WARNING, NONE), 60 * MINUTE) == []
    assert line.condition == "firing"


def test_a_clear_that_holds_resolves() -> None:
    """Cooling, `keep_firing_for` over → resolved, in the same episode."""
    line = resolved()
    fired, ended = line.events
    assert ended.episode == fired.episode
    assert (line.condition, line.now.severity, line.now.reason) == ("resolved", NONE, "clear")
    assert line.now.resolved_at_ms == ended.at_ms


def test_critical_that_is_clear_of_everything_resolves_at_once() -> None:
    """No detour by warning when all levels have been clear for as long."""
    line = firing(WORST)
    assert line.run(CALM, 6 * MINUTE) == ["resolve critical"]


def test_breaching_again_soon_reopens_the_episode_with_a_longer_hold() -> None:
    """Resolved < reopen_within, breach lasted `for` → same episode, keep_firing_for × 1.5."""
    line = resolved()
    assert line.run(BAD, 130 * SECOND) == ["reopen warning"]
    assert len({event.episode for event in line.events}) == 1
    assert line.now.n_reopen == 1
    assert keep_firing_ms(line.now, TIMING) == 450_000
    assert line.run(CALM, 7 * MINUTE + 30 * SECOND) == []
    assert line.run(CALM, 10 * SECOND) == ["resolve warning"]


def test_a_reopened_episode_remembers_its_worst() -> None:
    """What was critical once is an episode that was critical."""
    line = firing(WORST)
    line.run(CALM, 6 * MINUTE)
    assert line.run(BAD, 130 * SECOND) == ["reopen warning"]
    assert line.now.worst is CRITICAL


def test_the_longer_hold_has_a_limit() -> None:
    """The longest hold is that of the rule."""
    line = Line(Timing(for_ms={WARNING: 0}, keep_firing_ms=10 * MINUTE, flap_max_ms=15 * MINUTE))
    for n in range(8):
        line.run(BAD, 10 * SECOND)
        line.run(CALM, 20 * MINUTE)
        line.timing = Timing(
            for_ms={WARNING: 0},
            keep_firing_ms=10 * MINUTE,
            reopen_within_ms=60 * MINUTE,
            flap_max_ms=15 * MINUTE,
        )
        assert line.now.n_reopen == n
        assert keep_firing_ms(line.now, line.timing) <= 15 * MINUTE


def test_breaching_again_later_is_a_new_episode() -> None:
    """Resolved ≥ reopen_within → `fire`, with nothing of the old one."""
    line = resolved()
    line.act(over(line, kind="ack"))
    line.run(CALM, 10 * MINUTE)
    assert line.run(BAD, 130 * SECOND) == ["fire warning"]
    assert len({event.episode for event in line.events}) == 2
    assert (line.now.n_reopen, line.now.ack, line.now.seen) == (0, None, False)


def test_a_pending_breach_that_goes_leaves_the_resolved_episode() -> None:
    """What is pending remembers the episode that may reopen."""
    line = resolved()
    line.run(BAD, MINUTE)
    assert line.condition == "pending"
    line.tick(CALM)
    assert (line.condition, line.now.reason) == ("resolved", "clear")
    assert line.run(BAD, 130 * SECOND) == ["reopen warning"]


def test_what_nobody_looked_at_stays_in_view() -> None:
    """Resolved and never acknowledged is remembered until somebody acknowledges it."""
    line = resolved()
    line.run(CALM, 120 * MINUTE)
    assert unseen(line.now)
    assert line.act(over(line)) == "ack none"
    assert (line.condition, line.events[-1].reason) == ("resolved", "over")
    assert not unseen(line.now)
    line.tick(CALM)
    assert line.instance is None


@pytest.mark.parametrize("tick", [CALM, BAD, WORST, CLOSED])
def test_a_stale_feed_moves_nothing(tick: Tick) -> None:
    """Any, stale → unchanged, timers frozen, and the time of the gap is credited to nobody."""
    stale = tick._replace(data="stale")
    line = Line()
    line.run(BAD, MINUTE)
    assert line.run(stale, 60 * MINUTE) == []
    assert (line.condition, line.now.data) == ("pending", "stale")
    assert line.run(BAD, 70 * SECOND) == []
    assert line.run(BAD, 10 * SECOND) == ["fire warning"]
    line.run(CALM, 3 * MINUTE)
    line.run(stale, 60 * MINUTE)
    assert line.condition == "cooling"
    assert line.run(CALM, 2 * MINUTE + 10 * SECOND) == []
    assert line.run(CALM, 10 * SECOND) == ["resolve warning"]
    before = line.now
    line.tick(stale)
    assert line.now == before


def test_a_moment_without_the_feed_is_not_credited_either() -> None:
    """One stale tick between two breaches: whoever did not look has not seen."""
    line = Line()
    line.run(BAD, MINUTE)
    line.tick(STALE)
    assert line.run(BAD, 70 * SECOND) == []
    assert line.run(BAD, 10 * SECOND) == ["fire warning"]


def test_a_stale_feed_remembers_nothing_of_what_is_not_there() -> None:
    """Stale and inactive stays inactive."""
    line = Line()
    assert line.run(STALE, MINUTE) == []
    assert line.instance is None


def test_a_reading_without_data_moves_nothing() -> None:
    """Any, segment missing → unchanged: pending waits, firing stays."""
    line = Line()
    assert line.run(MISSING, MINUTE) == []
    assert line.instance is None
    line.run(BAD, MINUTE)
    assert line.run(MISSING, 10 * MINUTE) == []
    assert (line.condition, line.now.data) == ("pending", "missing")
    assert line.run(BAD, 70 * SECOND) == []
    assert line.run(BAD, 10 * SECOND) == ["fire warning"]


@pytest.mark.parametrize("tick", [FEW, MISSING])
def test_too_few_data_never_clear_an_alert_before_max_blind(tick: Tick) -> None:
    """Firing, not enough data → firing for 30 min, then resolved as `insufficient_data`."""
    line = firing()
    line.run(CALM, MINUTE)
    assert line.run(tick, 30 * MINUTE) == []
    assert line.condition == "cooling"
    assert line.run(tick, 10 * SECOND) == ["resolve warning"]
    assert line.events[-1].reason == line.now.reason == "insufficient_data"
    assert line.run(tick, MINUTE) == []


def test_enough_data_end_the_blindness() -> None:
    """Only 30 min at a stretch are too many; calm that nobody saw is not credited."""
    line = firing()
    for _ in range(4):
        assert line.run(FEW, 29 * MINUTE) == []
        assert line.run(CALM, MINUTE) == []
    assert line.run(FEW, 29 * MINUTE) == []
    assert line.run(BAND, 10 * SECOND) == []
    assert line.now.blind_ms is None


def test_pending_without_data_is_forgotten_after_max_blind() -> None:
    """What is pending waits for data as long as an alert does."""
    line = Line()
    line.tick(BAD)
    line.run(MISSING, 31 * MINUTE)
    assert line.instance is None


def test_few_data_begin_the_for_of_a_worse_level_anew() -> None:
    """Few data are no breach, so critical's `for` begins again."""
    line = firing()
    line.run(WORST, MINUTE)
    line.tick(FEW)
    assert line.run(WORST, MINUTE) == []
    assert line.run(WORST, 10 * SECOND) == ["escalate critical"]


def test_a_calendar_that_closes_ends_it_without_a_recovery() -> None:
    """Firing, calendar closes → resolved, reason calendar, `close`; open again, `for` anew."""
    line = firing()
    assert told(line.tick(CLOSED)) == ["close warning"]
    assert (line.condition, line.now.reason) == ("resolved", "calendar")
    assert line.run(CLOSED, 60 * MINUTE) == []
    assert line.run(BAD, 2 * MINUTE) == []
    assert line.run(BAD, 10 * SECOND) == ["fire warning"]


@pytest.mark.parametrize("reason", ["rule_deleted", "rule_disabled", "segment_retired"])
def test_a_rule_or_segment_that_goes_ends_it(reason: str) -> None:
    """Firing, rule deleted, disabled or segment retired → resolved with that reason, `close`."""
    line = firing()
    instance, events = end(line.instance, line.at_ms, line.clock_ms, KEY, reason)
    assert told(events) == ["close warning"]
    assert instance is not None
    assert (instance.condition, instance.reason, events[0].reason) == ("resolved", reason, reason)


def test_what_is_not_there_cannot_end() -> None:
    """A rule that goes leaves nothing pending, and what is resolved as it is."""
    line = Line()
    assert end(None, line.at_ms, line.clock_ms, KEY, "rule_deleted") == (None, ())
    line.tick(BAD)
    assert end(line.instance, line.at_ms, line.clock_ms, KEY, "rule_deleted") == (None, ())
    line = resolved()
    before = line.instance
    line.tick(BAD)
    after, events = end(line.instance, line.at_ms, line.clock_ms, KEY, "rule_deleted")
    assert after is not None
    assert before is not None
    assert (after.condition, after.episode, events) == ("resolved", before.episode, ())


def test_an_acknowledgement_stands_until_its_timeout() -> None:
    """Firing, ack → acked; ack_timeout by Redis TIME → unacked, whatever the feed does."""
    line = firing()
    assert line.act(over(line, note="on it")) == "ack warning"
    assert (line.now.ack is not None, line.now.seen) == (True, True)
    assert line.run(STALE, 44 * MINUTE + 50 * SECOND) == []
    assert line.run(STALE, 10 * SECOND) == ["ack_expired warning"]
    assert (line.now.ack, line.condition) == (None, "firing")
    assert line.run(BAD, 10 * SECOND) == []


def test_events_say_how_long_it_must_be_clear() -> None:
    """Longer with each reopening, whatever happens then; an end says nothing."""
    line = firing()
    line.run(CALM, 6 * MINUTE)
    line.run(BAD, 3 * MINUTE)
    line.act(over(line))
    line.run(WORST, 3 * MINUTE)
    assert [(event.kind, event.hold_ms) for event in line.events] == [
        ("fire", 300_000), ("resolve", 0), ("reopen", 450_000), ("ack", 450_000),
        ("escalate", 450_000),
    ]  # fmt: skip


def test_whoever_acknowledges_what_somebody_has_takes_it_over() -> None:
    """With a note of their own, or that which is there; each of them is an event."""
    line = firing()
    act_ms = line.clock_ms

    def acked(by: str, note: str) -> tuple[Event, ...]:
        line.instance, events = act(
            line.now, over(line, by=by, note=note), line.clock_ms, TIMING, KEY
        )
        return events

    (first,) = acked("ana", "restarting it")
    (second,) = acked("bo", "")
    assert (first.by, first.note, first.reason) == ("ana", "restarting it", "person")
    assert (second.by, second.note, second.reason) == ("bo", "", "again")
    assert line.now.ack is not None
    assert (line.now.ack.by, line.now.ack.note) == ("bo", "restarting it")
    (third,) = acked("bo", "called the carrier")
    assert (third.note, third.reason) == ("called the carrier", "again")
    assert (line.now.ack.by, line.now.ack.note) == ("bo", "called the carrier")
    assert line.now.ack.clock_ms == act_ms


def test_acknowledging_once_more_is_no_event_and_lasts_for_longer() -> None:
    """Nothing new is said; a note without words is none."""
    line = firing()
    line.act(over(line, note="on it"))
    before = line.now.ack
    line.run(BAD, 30 * MINUTE)
    for note in ("", " ", "on it"):
        line.instance, events = act(line.now, over(line, note=note), line.clock_ms, TIMING, KEY)
        assert events == ()
    assert before is not None
    assert line.now.ack == msgspec.structs.replace(
        before, until_ms=line.clock_ms + TIMING.ack_timeout_ms
    )
    line.run(CALM, 6 * MINUTE)
    line.instance, events = act(line.now, over(line), line.clock_ms, TIMING, KEY)
    assert events == ()


def test_an_acknowledgement_without_timeout_stays() -> None:
    """`ack_timeout` 0 is never."""
    line = Line(Timing(for_ms={WARNING: 0}))
    line.tick(BAD)
    line.act(over(line))
    assert line.run(BAD, 600 * MINUTE) == []


# -- gaps


def test_a_gap_is_not_credited_to_a_breach_or_a_calm() -> None:
    """Nobody has seen an hour of breach, or of calm, who was away for an hour."""
    line = Line()
    line.tick(BAD)
    assert line.tick(BAD, 60 * MINUTE) == ()
    assert line.run(BAD, 110 * SECOND) == []
    assert line.run(BAD, 10 * SECOND) == ["fire warning"]
    line.tick(CALM)
    assert line.tick(CALM, 31 * SECOND) == ()
    assert line.run(CALM, 4 * MINUTE + 50 * SECOND) == []
    assert line.run(CALM, 10 * SECOND) == ["resolve warning"]


def test_three_evaluations_are_no_gap() -> None:
    """A slow evaluator is credited with what it saw."""
    line = Line(every_ms=30 * SECOND)
    assert line.run(BAD, 2 * MINUTE) == []
    assert line.run(BAD, 30 * SECOND) == ["fire warning"]


def test_a_gap_is_not_credited_to_blindness() -> None:
    """`max_blind` counts what was looked at."""
    line = firing()
    line.tick(FEW)
    assert line.tick(FEW, 60 * MINUTE) == ()


def test_board_time_that_goes_back_credits_nothing() -> None:
    """A Board that was rebuilt may be behind: nothing is lost, nothing is gained."""
    line = Line()
    line.run(BAD, MINUTE)
    assert line.tick(BAD, -10 * MINUTE) == ()
    assert line.run(BAD, 60 * SECOND) == []
    assert line.run(BAD, 10 * SECOND) == ["fire warning"]


def test_two_episodes_that_begin_at_once_have_two_names() -> None:
    """Episodes are told apart even where Board time stands."""
    line = Line(Timing(for_ms={WARNING: 0}, keep_firing_ms=0, reopen_within_ms=0))
    for tick in (BAD, CALM, BAD, CALM):
        line.tick(tick, 0)
    assert told(line.events) == ["fire warning", "resolve warning"] * 2
    assert len({event.episode for event in line.events}) == 2


# -- no data


def test_no_data_may_mean_a_breach_that_lasts_its_for() -> None:
    """`no_data: fire` raises the lowest level, for its `for`; what is worse stays worse."""
    line = Line(Timing(for_ms={WARNING: MINUTE, CRITICAL: MINUTE}, no_data="fire"))
    assert line.run(MISSING, MINUTE) == []
    assert line.run(MISSING, 10 * SECOND) == ["fire warning"]
    assert line.events[-1].reason == "no_data"
    assert line.run(WORST, 70 * SECOND) == ["escalate critical"]
    assert line.run(MISSING, 60 * MINUTE) == []


def test_no_data_may_mean_calm_that_lasts_its_hold() -> None:
    """`no_data: resolve` clears, and is held as long as any clear."""
    line = Line(Timing(for_ms={WARNING: 0}, keep_firing_ms=MINUTE, no_data="resolve"))
    line.tick(BAD)
    assert line.run(MISSING, MINUTE) == []
    assert line.run(MISSING, 10 * SECOND) == ["resolve warning"]
    assert line.now.reason == line.events[-1].reason == "no_data"


# -- flapping


def test_firing_often_is_flapping() -> None:
    """Three times within an hour, over episodes."""
    line = Line(Timing(for_ms={WARNING: 0}, keep_firing_ms=MINUTE, reopen_within_ms=0))
    for n in range(3):
        line.tick(BAD)
        assert flapping(line.now, line.at_ms, line.timing) is (n == 2)
        line.run(CALM, 5 * MINUTE)
    assert not flapping(line.now, line.at_ms + 60 * MINUTE, line.timing)


def test_a_seen_episode_is_forgotten_when_it_can_neither_reopen_nor_flap() -> None:
    """Memory is kept as long as it may matter."""
    line = resolved()
    assert not forgettable(line.now, line.at_ms + 600 * MINUTE, TIMING)
    line.act(over(line))
    fired = line.now.starts[-1]
    assert not forgettable(line.now, fired + 60 * MINUTE - 1, TIMING)
    assert forgettable(line.now, fired + 60 * MINUTE, TIMING)
    assert not forgettable(firing().now, line.at_ms + 600 * MINUTE, TIMING)


# -- what people do


def test_acting_on_what_is_not_there_is_refused() -> None:
    """Another episode, none, or one that is only pending."""
    line = Line()
    with pytest.raises(ActRefused, match="no longer there"):
        line.act(Act(kind="ack", episode="", by="p7"))
    line.tick(BAD)
    with pytest.raises(PoulsError):
        line.act(Act(kind="ack", episode="", by="p7"))
    line = firing()
    with pytest.raises(ActRefused):
        line.act(Act(kind="ack", episode="another", by="p7"))


def test_a_manual_resolve_is_refused() -> None:
    """An alert resolves by itself; people snooze it."""
    line = firing()
    with pytest.raises(ActRefused, match="snooze"):
        line.act(over(line, kind="resolve"))


def test_unack_takes_the_acknowledgement_back() -> None:
    """Whoever acknowledged by mistake says so; what nobody acknowledged cannot be taken back."""
    line = firing()
    with pytest.raises(ActRefused):
        line.act(over(line, kind="unack"))
    line.act(over(line))
    assert line.act(over(line, kind="unack")) == "unack warning"
    assert line.now.ack is None


def test_a_snooze_ends_by_the_clock() -> None:
    """A snooze silences until its end, through a reopening, and touches no state."""
    line = firing()
    until = line.clock_ms + 30 * MINUTE
    assert line.act(over(line, kind="snooze", until_ms=until)) == "snooze warning"
    assert snoozed(line.now, until - 1)
    assert not snoozed(line.now, until)
    assert line.run(CALM, 6 * MINUTE) == ["resolve warning"]
    assert line.run(BAD, 130 * SECOND) == ["reopen warning"]
    assert snoozed(line.now, line.clock_ms)


@pytest.mark.parametrize("until", [None, 0])
def test_a_snooze_has_an_end(until: int | None) -> None:
    """A snooze for ever, or into the past, is refused."""
    line = firing()
    with pytest.raises(ActRefused, match="later than now"):
        line.act(over(line, kind="snooze", until_ms=until))


def test_what_is_over_cannot_be_snoozed_or_unacknowledged() -> None:
    """A resolved episode takes acknowledgements and notes, nothing else."""
    line = resolved()
    assert line.act(over(line, kind="note", note="the trunk was down")) == "note none"
    with pytest.raises(ActRefused):
        line.act(over(line, kind="snooze", until_ms=line.clock_ms + MINUTE))
    line.act(over(line))
    with pytest.raises(ActRefused):
        line.act(over(line, kind="unack"))


def test_a_note_has_words_and_changes_nothing() -> None:
    """A note is an event with its words and who wrote them."""
    line = firing()
    before = line.now
    assert line.act(over(line, kind="note", note="called the carrier")) == "note warning"
    assert line.now == before
    assert (line.events[-1].note, line.events[-1].by) == ("called the carrier", "p7")
    with pytest.raises(ActRefused, match="words"):
        line.act(over(line, kind="note", note=" "))


def test_who_had_acknowledged_it_is_not_asked_again_when_it_reopens() -> None:
    """An acknowledgement outlasts a reopening that is no worse."""
    line = firing()
    line.act(over(line))
    line.run(CALM, 6 * MINUTE)
    assert line.run(BAD, 130 * SECOND) == ["reopen warning"]
    assert line.now.ack is not None


def test_a_reopening_that_is_worse_voids_the_acknowledgement() -> None:
    """Whoever took a warning on did not take this on."""
    line = firing()
    line.act(over(line))
    line.run(CALM, 6 * MINUTE)
    assert line.run(WORST, 70 * SECOND) == ["reopen critical"]
    assert line.now.ack is None


def test_acknowledging_the_end_is_no_acknowledgement_of_what_comes() -> None:
    """Who saw that it was over is asked again when it reopens."""
    line = resolved()
    line.act(over(line))
    assert line.run(BAD, 130 * SECOND) == ["reopen warning"]
    assert (line.now.ack, line.now.seen) == (None, True)


# -- rules that change under an alert


def test_a_level_that_the_rule_no_longer_has_is_left_like_any_other() -> None:
    """A reload without critical: the alert goes on, and falls once critical has been clear."""
    line = firing(WORST)
    line.timing = Timing(for_ms={WARNING: 2 * MINUTE})
    assert line.run(BAD, 6 * MINUTE) == ["deescalate warning"]
    line.timing = Timing(for_ms={CRITICAL: MINUTE})
    assert line.run(CALM, 6 * MINUTE) == ["resolve warning"]
    assert not ongoing(line.instance)


def test_a_level_that_the_rule_has_not_is_no_breach() -> None:
    """A rule with critical alone is calm at warning."""
    line = Line(Timing(for_ms={CRITICAL: 0}))
    assert line.run(BAD, 10 * MINUTE) == []
    assert line.instance is None
    assert line.run(WORST, 10 * SECOND) == ["fire critical"]
