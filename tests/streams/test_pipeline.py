"""The order in which nothing gets lost. Each guard is also taken out, and the order breaks then.

The ledger and the owner are real; store, Kafka and dead letters are played by fakes with a journal.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from faust.types import TP

import streams.source
from streams.chunks import MAX_CHUNK, Bounds, Chunk, Position, Proof
from streams.core.events import MAX_EVENT_BYTES
from streams.deadletters import MAX_LETTER_BYTES
from streams.pipeline import Pipeline, Stopped
from streams.pipeline.commits import Commits
from streams.pipeline.group import Group
from streams.routing import partition_of
from streams.source import COMMIT_RECORDS, MOST_UNCOMMITTED, Source
from streams.store import Owner
from streams.store import Position as GroupPosition
from tests.core.test_agents_keeping import state
from tests.streams.fakes import BORN_MS, A, B, Desk, Head, events, until

NEVER = 1_000.0
"""An interval that does not end in a test."""


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A pipeline that has claimed one source."""
    monkeypatch.setattr("streams.pipeline.pipeline.HANDOVER_S", 0.2)
    desk = Desk()
    await desk.claim()
    yield desk
    desk.store.away, desk.store.hold = False, None
    await desk.pipeline.close()


async def letters_first(desk: Desk) -> bool:
    """Dead letters are acknowledged before the commit that passes them."""
    desk.letters.failures = 2
    await desk.fold(*events(2), b"?")
    await until(lambda: "commit calls-0 2" in desk.journal)
    return desk.journal.index("letter calls-0-2") < desk.journal.index("commit calls-0 2")


async def group_follows(desk: Desk) -> bool:
    """The group is never ahead of what is stored."""
    desk.store.hold = asyncio.Event()
    await desk.fold(*events(5))
    await until(lambda: desk.kafka.group)
    desk.pipeline.group.due()
    await asyncio.sleep(0.05)
    return desk.kafka.group == {A: 0}


async def no_jumps(desk: Desk) -> bool:
    """A chunk that does not follow what was folded is not folded, and read again."""
    await desk.fold(*events(5))
    chunk = await desk.fold(*events(5, 10), prev=9)
    return desk.pipeline.folded(A) == 4 and desk.kafka.refused == [chunk]


async def no_quarrel(desk: Desk) -> bool:
    """Refused, and cut off from Kafka: no further claim, whoever owns the source is left alone."""
    desk.kafka.takes = False
    await desk.store.claim("calls-0", "h", 1, 0, 0)  # somebody else
    await desk.fold(*events(5))
    await until(lambda: desk.kafka.sought)
    await desk.claim()
    await asyncio.sleep(0.05)
    await desk.claim()
    return desk.journal.count("claim calls-0") == 2


async def limit(desk: Desk) -> bool:
    """Folding stops where more records would not be known to be stored."""
    desk.store.away = True
    values = events(MAX_CHUNK)
    chunks = MOST_UNCOMMITTED // MAX_CHUNK + 10

    async def fold_on() -> None:
        for _ in range(chunks):
            await desk.fold(*values)

    folding = asyncio.create_task(fold_on())
    await asyncio.sleep(0.5)
    stopped = desk.pipeline.folded(A) + 1 == MOST_UNCOMMITTED
    desk.store.away = False
    await folding
    return stopped and desk.pipeline.folded(A) + 1 == chunks * MAX_CHUNK


async def void_claim(desk: Desk) -> bool:
    """A claim that ends after the partitions were revoked makes nobody an owner."""
    load = desk.store.load

    async def slow_load(*args: object) -> object:
        await desk.pipeline.revoke()
        return await load(*args)  # type: ignore[arg-type]

    desk.store.load = slow_load  # type: ignore[method-assign,assignment]
    return await desk.pipeline.positions({B: Bounds(0, 0)}) == {}


async def older_proof(desk: Desk) -> bool:
    """A log that ends before what was folded is another log: nothing more is folded."""
    await desk.fold(*events(5))
    found = await desk.pipeline.positions({A: Bounds(0, 3)})
    return found == {} and [type(failure) for failure in desk.failures] == [Stopped]


async def quiet_loss(desk: Desk) -> bool:
    """A beat that is answered with less than was acknowledged: Redis has lost data; claim again."""
    await desk.fold(*events(5))
    await until(lambda: "commit calls-0 4" in desk.journal)
    desk.store.heads["calls-0"].version = 0
    await desk.pipeline._beats.beat()
    return desk.kafka.sought == [A]


def ahead(self: Owner) -> GroupPosition:
    """`to_group` that names what is folded."""
    return GroupPosition(self.folded + 1, self.refused)


async def unburied(_self: Commits, _source: Source, _letters: object) -> bool:
    """`_bury` that does not wait."""
    return True


async def revoke_in_one_term(self: Pipeline) -> None:
    """`revoke` that begins no new term."""
    term = self.term
    await WHOLE_REVOKE(self)
    self.term = term


WHOLE_REVOKE = Pipeline.revoke
Scenario = Callable[[Desk], Awaitable[bool]]
GUARDS: dict[str, tuple[Scenario, object, str, object]] = {
    "letters": (letters_first, Commits, "_bury", unburied),
    "group": (group_follows, Owner, "to_group", ahead),
    "prev": (no_jumps, Source, "takes", lambda self, _chunk: self.folding),
    "may claim": (no_quarrel, Group, "may_claim", lambda *_: True),
    "limit": (limit, streams.source, "MOST_UNCOMMITTED", 10**9),
    "term": (void_claim, Pipeline, "revoke", revoke_in_one_term),
    "end of log": (older_proof, Pipeline, "recreated", lambda *_: None),
    "beat": (quiet_loss, Owner, "beaten", lambda *_: None),
}


@pytest.mark.parametrize("guard", GUARDS)
async def test_guarded(guard: str, desk: Desk) -> None:
    """Each scenario holds (its docstring says what)."""
    scenario, *_ = GUARDS[guard]
    assert await scenario(desk)


@pytest.mark.parametrize("guard", GUARDS)
async def test_unguarded(guard: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same scenario breaks when its guard is taken out."""
    scenario, owner, name, instead = GUARDS[guard]
    monkeypatch.setattr(owner, name, instead)
    try:
        broken = not await scenario(desk)
    except (TimeoutError, ValueError):
        broken = True  # what the scenario waits for never comes
    assert broken


async def test_what_is_folded_is_stored_and_then_told_to_the_group(desk: Desk) -> None:
    """Fold, commit, group: in this order; a claim is followed by a group commit at once."""
    await until(lambda: "group calls-0 0" in desk.journal)
    await desk.fold(*events(5))
    await until(lambda: "group calls-0 5" in desk.journal)
    assert desk.journal == [
        "claim calls-0", "group calls-0 0", "commit calls-0 4", "group calls-0 5",
    ]  # fmt: skip


async def test_a_lost_reply_is_answered_by_sending_the_same_again(desk: Desk) -> None:
    """The same commit, byte for byte; what was folded since waits for the next one."""
    desk.store.lost_replies = 1
    await desk.fold(*events(5))
    await until(lambda: desk.store.commits)
    await desk.fold(*events(3, 5))
    await until(lambda: "commit calls-0 7" in desk.journal)
    first, again, *_ = desk.store.commits
    assert first is again
    assert desk.journal.count("commit calls-0 4") == 1
    assert desk.store.heads["calls-0"].version == 2


async def test_one_commit_is_in_flight(desk: Desk) -> None:
    """While a commit is unanswered nothing else is sent, however much was folded."""
    desk.store.hold = asyncio.Event()
    await desk.fold(*events(5))
    await asyncio.sleep(0.03)
    await desk.fold(*events(5, 5))
    await asyncio.sleep(0.03)
    assert desk.store.commits == []
    desk.store.hold.set()
    await until(lambda: "commit calls-0 9" in desk.journal)
    assert [commit.offset for commit in desk.store.commits] == [4, 9]


async def test_a_full_commit_s_records_do_not_wait_for_the_interval() -> None:
    """A commit is due at `COMMIT_RECORDS` folded records, whatever the interval."""
    desk = Desk(commit_interval_s=NEVER)
    await desk.claim()
    values = events(MAX_CHUNK)
    for _ in range(COMMIT_RECORDS // MAX_CHUNK - 1):
        await desk.fold(*values)
    await asyncio.sleep(0.05)
    assert desk.store.commits == []
    await desk.fold(*values)
    await until(lambda: f"commit calls-0 {COMMIT_RECORDS - 1}" in desk.journal)
    await desk.pipeline.close()


async def test_refused_means_a_new_ledger_after_the_group_has_agreed(desk: Desk) -> None:
    """The ledger is dropped, the group is asked with the stored offset, then a claim follows."""
    await desk.fold(*events(5))
    await until(lambda: "group calls-0 5" in desk.journal)
    await desk.store.claim("calls-0", "h", 1, 0, 0)  # somebody else
    desk.kafka.takes = False
    await desk.fold(*events(5, 5))
    await until(lambda: desk.kafka.sought)
    chunk = await desk.fold(*events(5, 10), prev=9)
    assert desk.kafka.refused == [chunk]
    desk.pipeline.assigned()
    assert desk.pipeline.unready == "calls-0 was refused"
    assert await desk.pipeline.positions({A: Bounds(0, 10)}) == {}
    del desk.journal[:]
    desk.kafka.takes = True
    await until(lambda: desk.journal)
    await desk.claim(bounds=Bounds(0, 10))
    assert desk.journal[:2] == ["group calls-0 5", "claim calls-0"]
    assert desk.pipeline.folded(A) == 4
    assert desk.pipeline.unready == ""


async def test_a_store_that_is_away_delays_and_loses_nothing(desk: Desk) -> None:
    """Commits are tried again until there is an answer."""
    desk.store.away = True
    await desk.fold(*events(5))
    await asyncio.sleep(0.2)
    desk.store.away = False
    await until(lambda: "commit calls-0 4" in desk.journal)


async def test_a_store_that_is_away_cannot_be_claimed_yet() -> None:
    """The transport is told nothing, and asks again."""
    desk = Desk()
    desk.store.away = True
    assert await desk.pipeline.positions({A: Bounds(0, 9)}) == {}
    desk.store.away = False
    assert await desk.pipeline.positions({A: Bounds(0, 9)}) == {A: Position(0)}
    await desk.pipeline.close()


async def test_a_group_that_does_not_take_a_commit_is_asked_again(desk: Desk) -> None:
    """A rebalance under way is no reason to forget the group's offset."""
    desk.kafka.takes = False
    await desk.fold(*events(5))
    await until(lambda: "commit calls-0 4" in desk.journal)
    desk.kafka.takes = True
    await until(lambda: desk.kafka.group == {A: 5})


async def test_what_the_log_has_lost_is_a_gap(desk: Desk) -> None:
    """Stored + 1 below the log's begin: an empty commit sets offset and gap in one step."""
    await desk.fold(*events(5))
    found = await desk.pipeline.positions({A: Bounds(90, 100)})
    assert found == {A: Position(90)}
    await until(lambda: "commit calls-0 89" in desk.journal)
    assert desk.store.heads["calls-0"].gap == "5-90"
    assert (
        desk.telemetry.registry.get_sample_value("pouls_gap_records_total", {"topic": "calls"})
        == 85
    )


async def test_a_position_comes_with_a_proof_while_the_record_can_be_read(desk: Desk) -> None:
    """The last folded record proves the log; markers after it are passed over."""
    await desk.fold(*events(5))
    await desk.pipeline.process(Chunk(A, 4, 6, [], 1))
    found = await desk.pipeline.positions({A: Bounds(0, 9)})
    assert found == {A: Position(7, Proof(4, BORN_MS + 3))}
    assert found[A].sought == 4
    assert await desk.pipeline.positions({A: Bounds(5, 9)}) == {A: Position(7)}


async def test_without_the_check_any_log_will_do() -> None:
    """On the embedded broker log ends are wrong: no proof is asked for, no end is believed."""
    desk = Desk(check_log=False)
    await desk.claim()
    await desk.fold(*events(5))
    assert await desk.pipeline.positions({A: Bounds(0, 1)}) == {A: Position(5)}
    assert desk.failures == []
    await desk.pipeline.close()


async def test_positions_without_records_are_stored_too(desk: Desk) -> None:
    """A chunk without records (transaction markers) is an empty commit."""
    await desk.fold(*events(2))
    await desk.pipeline.process(Chunk(A, 1, 4, [], 1))
    await until(lambda: "commit calls-0 4" in desk.journal)
    assert desk.store.heads["calls-0"].record == 1


async def test_older_settings_stop_the_worker_with_a_sentence() -> None:
    """A source that was folded with later settings is not folded with these."""
    desk = Desk(settings_hash="other")
    desk.store.heads["calls-0"] = Head(1, 1, 5, 5, 0, "", "h", 2)
    assert await desk.pipeline.positions({A: Bounds(0, 9)}) == {}
    assert [str(failure) for failure in desk.failures] == [
        "these settings are older than the stored ones"
    ]
    await desk.pipeline.close()


async def test_more_partitions_stop_the_worker_with_a_sentence(desk: Desk) -> None:
    """A contact must stay with its source: a topic that has grown is refused."""
    assert await desk.pipeline.positions({TP("calls", 2): Bounds(0, 9)}) == {}
    assert "given more partitions" in str(desk.failures[0])
    assert "replay" in str(desk.failures[0])


async def test_a_log_with_other_records_stops_the_worker_with_a_sentence(desk: Desk) -> None:
    """The transport has found another record at a folded offset."""
    desk.pipeline.recreated(A, 5)
    assert "re-created" in str(desk.failures[0])


async def test_records_that_cannot_be_folded_are_letters(desk: Desk) -> None:
    """Tombstones, too long values, undecodable bytes, refused events; the others are folded."""
    long = b"x" * (MAX_EVENT_BYTES + 1)
    late = events(1)[0].replace(b"2026", b"9999")
    good = events(1)[0]
    await desk.fold(good, None, long, b"\xff", late, good.replace(b'"queue"', b'"other"'))
    await until(lambda: "commit calls-0 5" in desk.journal)
    assert [(letter.offset, letter.reason) for letter in desk.letters.sent] == [
        (1, "tombstone"), (2, "too_long"), (3, "undecodable"), (4, "time"), (5, "invalid"),
    ]  # fmt: skip
    assert [len(letter.value) for letter in desk.letters.sent[:3]] == [0, MAX_LETTER_BYTES, 1]
    count = desk.telemetry.registry.get_sample_value
    assert count("pouls_records_total", {"topic": "calls"}) == 6
    labels = {"topic": "calls", "reason": "too_long"}
    assert count("pouls_dead_letters_total", labels) == 1


async def test_letters_of_many_long_values_stop_the_folding(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letters wait in memory for the broker: beyond a limit no more are taken."""
    monkeypatch.setattr(streams.source, "MOST_LETTER_BYTES", 10 * MAX_LETTER_BYTES)
    desk.letters.failures = 10**6
    long = b"x" * (MAX_EVENT_BYTES + 1)
    await desk.fold(*[long] * 11)
    waiting = asyncio.create_task(desk.fold(*events(1)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    desk.letters.failures = 0
    await waiting
    assert desk.pipeline.folded(A) == 11


async def test_a_beat_says_what_was_known_before_the_broker_was_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`asked` is Redis' time of the beat before, taken before the end of the log was asked for."""
    monkeypatch.setattr("streams.pipeline.beats.BEAT_S", 0.01)
    desk.kafka.end = {A: 7}
    beats = desk.store.beats
    desk.pipeline._spawn(desk.pipeline._beats.run())
    await until(lambda: len(beats) >= 3)
    assert [beat.end for beat in beats[:3]] == [7, 7, 7]
    assert [beat.asked for beat in beats[:3]] == ["0", "1001", "1002"]
    desk.kafka.end = {}  # the broker is away: the beats go on and promise nothing new
    await until(lambda: beats[-1].asked == beats[-2].asked)
    lag = desk.telemetry.registry.get_sample_value("pouls_lag_records", {"source": "calls-0"})
    assert lag == 7


async def test_a_log_that_has_more_but_does_not_come_is_sought_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever swallowed it: nobody would notice a chunk that was the last one."""
    monkeypatch.setattr("streams.pipeline.beats.BEAT_S", 0.01)
    desk.kafka.end = {A: 7}
    desk.pipeline._spawn(desk.pipeline._beats.run())
    await until(lambda: desk.kafka.sought == [A])


async def test_a_revocation_stores_what_is_folded_and_lets_go(desk: Desk) -> None:
    """The last commit and the group commit come first; chunks that are late are refused."""
    await desk.fold(*events(5))
    await desk.pipeline.revoke()
    assert desk.journal[-2:] == ["commit calls-0 4", "group calls-0 5"]
    chunk = await desk.fold(*events(5, 5), prev=4)
    assert desk.kafka.refused == [chunk]


async def test_a_revocation_does_not_wait_for_ever(desk: Desk) -> None:
    """Redis is away and partitions go to others: they fold again what could not be stored."""
    desk.store.away = True
    await desk.fold(*events(5))
    await desk.pipeline.revoke()
    assert desk.pipeline.folded(A) == -1
    assert desk.failures == []


async def test_an_agent_that_waits_for_room_is_let_go_by_a_revocation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for a ledger that is gone."""
    monkeypatch.setattr(streams.source, "MOST_UNCOMMITTED", 5)
    desk.store.away = True
    await desk.fold(*events(5))
    waiting = asyncio.create_task(desk.fold(*events(5, 5)))
    await asyncio.sleep(0.01)
    await desk.pipeline.revoke()
    assert desk.kafka.refused == [await waiting]


async def test_a_mistake_of_ours_ends_the_process(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody expects in a task is not swallowed."""

    async def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.store, "commit", broken)
    await desk.fold(*events(5))
    await until(lambda: desk.failures)
    assert isinstance(desk.failures[0], ZeroDivisionError)


async def test_what_is_folded_by_half_is_never_stored(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fold that breaks leaves a ledger that fits no offset: it is dropped at once."""
    await desk.fold(*events(5))
    await until(lambda: "commit calls-0 4" in desk.journal)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    ledger = desk.pipeline._sources[A].ledger
    whole = ledger.apply_all
    monkeypatch.setattr(ledger, "apply_all", lambda *args: broken(whole(*args)))
    with pytest.raises(ZeroDivisionError):
        await desk.fold(*events(5, 5))
    await desk.pipeline.revoke()
    assert desk.store.heads["calls-0"].version == 1


async def test_readiness_waits_for_partitions(desk: Desk) -> None:
    """Before the group has spoken, a worker does nothing yet."""
    assert desk.pipeline.unready == "no partitions are assigned yet"
    desk.pipeline.assigned()
    assert desk.pipeline.unready == ""


async def test_what_the_ledger_counts_is_told_once(desk: Desk) -> None:
    """Counters of the ledger are read at each commit; only what is new is added."""
    unknown = events(1)[0].replace(b"contact.queued", b"contact.sneezed")
    await desk.fold(unknown)
    await until(lambda: "commit calls-0 0" in desk.journal)
    await desk.fold(unknown, *events(1))
    await until(lambda: "commit calls-0 2" in desk.journal)
    count = desk.telemetry.registry.get_sample_value
    await until(lambda: count("pouls_unknown_type_total", {"topic": "calls"}) == 2)
    assert count("pouls_source_time_seconds", {"source": "calls-0"}) == BORN_MS / 1000


async def test_agents_in_a_wrong_partition_are_told_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """By their ids' murmur2, as producers are to choose it; then they are only counted."""
    ids = [f"a{n}" for n in range(9)]
    wrong = [name for name in ids if partition_of(name.encode(), 2) != A.partition]
    for n, some in enumerate((ids[:5], ids[5:], ids)):
        await desk.fold(*(state(name, BORN_MS + n, "available") for name in some))
        await until(lambda: f"commit calls-0 {desk.pipeline.folded(A)}" in desk.journal)

    counted = desk.telemetry.registry.get_sample_value
    assert counted("pouls_misplaced_agents_total", {"topic": "calls"}) == len(wrong) > 1
    told = [record for record in caplog.records if record.name == "pouls.commits"]
    assert len(told) == 1
