"""Each guard of the protocol, taken out: the scenario that is named must then fail.

The scenarios are the directed tests themselves; with every guard in place they pass.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import redis

from streams.store import Owner
from tests.store import mistakes, test_beat, test_claim, test_commit, test_follower, test_owner
from tests.store.play import Play
from tests.store.real import Cuts, Real
from tests.store.simulation import Parts

Scenario = Callable[..., None]
commit, claim, beat, feed = test_commit, test_claim, test_beat, test_follower
SCRIPTS: list[tuple[str, Scenario]] = [
    ("COMMIT_WITHOUT_EPOCH", commit.test_an_owner_that_was_followed_is_refused),
    ("COMMIT_WITHOUT_VERSION", commit.test_a_commit_that_comes_twice_after_others_is_refused),
    ("COMMIT_WITHOUT_VERSION", commit.test_a_commit_from_the_future_is_refused),
    ("COMMIT_WITHOUT_KEY", commit.test_a_missing_key_refuses),
    ("COMMIT_WITHOUT_LOST_REPLY", commit.test_a_lost_reply_is_heard_at_the_second_try),
    ("COMMIT_DECODES_LATE", commit.test_a_commit_that_cannot_be_decoded_changes_nothing),
    ("COMMIT_REPLACES_FACTS", commit.test_facts_are_appended_to_those_stored),
    ("COMMIT_UNPACKS_ALL", commit.test_a_commit_may_hold_more_than_lua_can_unpack),
    ("COMMIT_KEEPS_UNTIL", commit.test_rebuilding_ends_with_the_commit_that_reaches_the_end),
    ("COMMIT_ENDS_REBUILD_EARLY", commit.test_rebuilding_ends_with_the_commit_that_reaches_the_end),
    ("COMMIT_DELETES_NOTHING", commit.test_what_has_passed_its_retention_is_deleted),
    ("COMMIT_WITHOUT_GAP", commit.test_what_was_lost_is_stored_in_one_step_with_the_offset),
    ("EPOCH_RESTARTS", claim.test_epochs_do_not_start_again_when_redis_was_emptied),
    ("EPOCH_REPEATS", claim.test_an_epoch_is_greater_than_the_one_before),
    ("EPOCH_ROUNDED", claim.test_an_epoch_is_redis_time_in_microseconds),
    ("CLAIM_TAKES_OLDER", claim.test_settings_without_a_later_date_stop_the_worker),
    ("CLAIM_KEEPS_BUILD", claim.test_settings_with_a_later_date_fold_the_log_again),
    ("CLAIM_LEAVES_OLD_BUILD", claim.test_settings_with_a_later_date_fold_the_log_again),
    ("CLAIM_WITHOUT_GAP", claim.test_a_log_that_was_cut_off_leaves_a_gap),
    ("CLAIM_WITHOUT_UNTIL", beat.test_a_rebuild_does_not_look_live),
    ("CLAIM_ALWAYS_UNTIL", claim.test_an_empty_log_is_not_rebuilt),
    ("CLAIM_FORGETS_SINCE", claim.test_the_latest_date_of_the_same_settings_counts),
    ("BEAT_WITHOUT_EPOCH", beat.test_the_beat_of_an_owner_that_was_followed_is_refused),
    ("BEAT_WITHOUT_KEY", beat.test_a_beat_without_key_is_refused),
    ("BEAT_ALWAYS_ASKED", beat.test_as_of_is_the_last_append_time_while_the_log_goes_on),
    ("BEAT_ALWAYS_ASKED", beat.test_as_of_counts_what_is_committed_not_what_is_folded),
    ("BEAT_GOES_BACK", beat.test_as_of_never_goes_back),
    ("BEAT_WITHOUT_ZEROS", beat.test_a_beat_returns_redis_time_in_microseconds),
]
PARTS: list[tuple[Parts, Scenario]] = [
    (
        Parts(mistakes.OffersNewer, mistakes.ClearsAtReply),
        commit.test_a_lost_reply_is_heard_at_the_second_try,
    ),
    (Parts(mistakes.OffersNewer), commit.test_a_lost_reply_is_heard_at_the_second_try),
    (Parts(mistakes.IgnoresRefusedBeats), beat.test_a_beat_without_key_is_refused),
    (
        Parts(mistakes.IgnoresBeatVersions),
        beat.test_a_beat_that_returns_less_than_was_acknowledged_is_a_refusal,
    ),
    (
        Parts(mistakes.ComparesBeatsLate),
        beat.test_a_beat_sent_before_a_commit_was_acknowledged_is_no_refusal,
    ),
    (
        Parts(mistakes.WantsExactVersions),
        beat.test_a_beat_may_return_more_than_was_acknowledged,
    ),
    (Parts(mistakes.AsksLate), beat.test_as_of_is_not_taken_from_an_end_that_was_asked_for_before),
    (
        Parts(mistakes.ForgetsGap),
        commit.test_what_was_lost_is_stored_in_one_step_with_the_offset,
    ),
    (
        Parts(follower=mistakes.IgnoresEpochs),
        feed.test_a_message_of_another_epoch_reads_the_source_again,
    ),
    (
        Parts(follower=mistakes.IgnoresEpochs),
        claim.test_epochs_do_not_start_again_when_redis_was_emptied,
    ),
    (Parts(follower=mistakes.IgnoresGaps), feed.test_a_gap_reads_the_source_again),
    (Parts(follower=mistakes.TakesOldCommits), feed.test_a_commit_that_is_known_is_skipped),
    (
        Parts(follower=mistakes.TakesAnyBeat),
        feed.test_a_beat_with_a_higher_version_reads_the_source_again,
    ),
    (Parts(follower=mistakes.NeverResets), feed.test_a_new_subscription_reads_the_source_again),
    (Parts(follower=mistakes.ForgetsRebuilding), beat.test_a_rebuild_does_not_look_live),
    (
        Parts(follower=mistakes.StaysWithoutKey),
        feed.test_a_source_without_key_is_read_when_its_first_message_comes,
    ),
]
OWNERS: list[tuple[type[Owner], Callable[[Owner], None]]] = [
    (mistakes.OffersNewer, test_owner.test_the_commit_in_flight_is_offered_until_it_is_answered),
    (mistakes.TakesAnyReply, test_owner.test_a_reply_to_an_earlier_commit_is_late),
    (mistakes.ForgetsGap, test_owner.test_what_was_lost_is_added_to_the_gap),
    (
        mistakes.AcknowledgesFolded,
        test_owner.test_what_is_folded_does_not_go_to_the_group_before_it_is_stored,
    ),
    (
        mistakes.ClaimsAtOnce,
        test_owner.test_a_refused_owner_may_claim_again_when_the_group_has_taken_the_stored_offset,
    ),
    (
        mistakes.TakesOldAcknowledgements,
        test_owner.test_a_group_commit_from_before_the_refusal_does_not_allow_a_claim,
    ),
]
MORE: dict[Scenario, dict[str, Any]] = {
    commit.test_a_commit_that_cannot_be_decoded_changes_nothing: {"blob": "facts"},
}
"""What else a scenario takes."""


ERRORS: dict[str, tuple[type[Exception], ...]] = {
    "EPOCH_ROUNDED": (msgspec.ValidationError,),
    "COMMIT_UNPACKS_ALL": (redis.ResponseError,),
}
"""Mistakes that show as errors instead of broken assertions."""


def _run(scenario: Scenario, port: int, cuts: Cuts | None, parts: Parts | None) -> None:
    backend = Real(port, cuts)
    more = dict(MORE.get(scenario, {}))
    if "port" in scenario.__annotations__:
        more["port"] = port
    try:
        scenario(Play(backend, parts), **more)
    finally:
        backend.close()


def _fails(
    scenario: Scenario, port: int, cuts: Cuts | None, parts: Parts | None, *errors: type[Exception]
) -> None:
    """Ordinary life goes on with a mistake; the scenario fails."""
    if not errors:
        _run(beat.test_a_beat_is_published_with_epoch_version_and_as_of, port, cuts, parts)
    with pytest.raises((AssertionError, pytest.fail.Exception, *errors)):
        _run(scenario, port, cuts, parts)


@pytest.mark.parametrize(("mistake", "scenario"), SCRIPTS)
def test_a_script_without_its_guard_is_caught(mistake: str, scenario: Scenario, port: int) -> None:
    """The scenario fails on a real server."""
    errors = ERRORS.get(mistake, ())
    _fails(scenario, port, getattr(mistakes, mistake), None, *errors)


@pytest.mark.parametrize(("parts", "scenario"), PARTS)
def test_an_owner_or_follower_without_its_guard_is_caught(
    parts: Parts, scenario: Scenario, port: int
) -> None:
    """The scenario fails on a real server."""
    _fails(scenario, port, None, parts)


@pytest.mark.parametrize(("owner", "scenario"), OWNERS)
def test_an_owner_without_its_guard_is_caught(
    owner: type[Owner], scenario: Callable[[Owner], None]
) -> None:
    """The scenario fails without any server, too."""
    with pytest.raises(AssertionError):
        scenario(owner("calls-0", test_owner.CLAIMED))


def test_every_scripted_mistake_is_planted() -> None:
    """None is written and forgotten."""
    names = {name for name in vars(mistakes) if name.isupper()}

    assert names == {name for name, _ in SCRIPTS}
