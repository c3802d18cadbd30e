"""Logs as they are (markers, aborted events, rubbish), and as they must not be: that is said."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.topics import create_topics
from tests.integration.crew import TOPIC, Crew, differences, events, until


@pytest.fixture
def crew(tmp_path: Path, kafka: str, redis_url: str) -> Iterator[Crew]:
    """Topics on empty servers, no worker yet."""
    yield from Crew.on(tmp_path, kafka, redis_url)


async def send_in_transactions(crew: Crew, values: list[bytes]) -> None:
    """Sends each event in a transaction of its own; every other one is aborted."""
    producer = AIOKafkaProducer(bootstrap_servers=crew.kafka, transactional_id="till")
    await producer.start()
    try:
        for i, value in enumerate(values):
            await producer.begin_transaction()
            await producer.send_and_wait(TOPIC, value, partition=0)
            await (producer.abort_transaction() if i % 2 else producer.commit_transaction())
    finally:
        await producer.stop()


def test_markers_are_passed_and_aborted_events_did_not_happen(crew: Crew) -> None:
    """The stored offset covers markers too, so that lag ends at 0; aborted events count nowhere."""
    crew.worker()
    asyncio.run(send_in_transactions(crew, events(8)))
    crew.settle()
    head = crew.heads()["calls-0"]
    assert head is not None
    assert head.offset == 79
    assert head.record < 79
    assert len(crew.records()["calls-0"]) == 20
    assert crew.exact() == []


def test_a_restart_after_markers_proves_the_log_and_goes_on(crew: Crew) -> None:
    """The last record lies before the stored offset: it is looked at again, not folded again."""
    worker = crew.worker()
    asyncio.run(send_in_transactions(crew, events(3)))
    crew.settle()
    worker.stop()
    crew.send(events(40, 100))
    worker.start()
    assert crew.exact() == []


def test_what_the_log_has_lost_is_a_gap_and_the_rest_is_folded(crew: Crew) -> None:
    """Records deleted beyond the stored offset while nobody was there: not skipped quietly."""
    worker = crew.worker()
    crew.send(events(400))
    crew.settle()
    worker.stop()
    before = crew.records()
    crew.send(events(400, 400))
    crew.cut(700)
    rest = crew.records()
    worker.start()
    crew.settle()
    assert {head and head.gap for head in crew.heads().values()} == {"500-700"}
    kept = {name: before[name] + rest[name] for name in crew.sources}
    assert differences(crew.stored(), crew.folded(kept)) == []
    assert crew.said("the log begins later")


def test_a_log_that_is_cut_off_under_a_worker_is_a_gap_too(crew: Crew) -> None:
    """The broker answers "out of range": there is no jump to the begin of the log in silence."""
    worker = crew.worker()
    crew.send(events(400))
    crew.settle()
    worker.freeze()
    crew.send(events(400, 400))
    crew.cut(700)
    worker.thaw()
    crew.settle()
    gaps = {head.gap for head in crew.heads().values() if head}
    assert all(gap.endswith("-700") for gap in gaps), gaps


def recreate(crew: Crew, contacts: int) -> None:
    """Deletes the topic, creates it again and fills it with other events."""
    with crew.admin() as admin:
        admin.delete_topics([TOPIC])
        until("the topic is gone", lambda: TOPIC not in admin.list_topics())
    create_topics(crew.settings)
    crew.send(events(contacts, 5_000))


@pytest.mark.parametrize("contacts", [40, 800], ids=["shorter", "longer"])
def test_a_log_that_was_created_again_stops_the_worker(crew: Crew, contacts: int) -> None:
    """Shorter than what was folded, or longer with another record there: not our log."""
    worker = crew.worker()
    crew.send(events(400))
    crew.settle()
    worker.stop()
    stored = {name: head and head.offset for name, head in crew.heads().items()}
    recreate(crew, contacts)
    worker.start()
    assert worker.wait(60) == 1
    assert crew.said("The topic was re-created")
    assert {name: head and head.offset for name, head in crew.heads().items()} == stored


def test_a_topic_that_is_given_more_partitions_stops_the_worker(crew: Crew) -> None:
    """While it runs, and when it is started again: a contact must stay with its source."""
    worker = crew.worker()
    crew.send(events(40))
    crew.settle()
    with crew.admin() as admin:
        admin.create_partitions({TOPIC: 6})
    assert worker.wait(60) == 1
    assert crew.said("was given more partitions")
    worker.start()
    assert worker.wait(60) == 1
    assert crew.said("has 6 partitions, 4 are configured")


def test_missing_topics_stop_the_worker_with_advice(
    tmp_path: Path, kafka: str, redis_url: str
) -> None:
    """Nobody creates topics by accident."""
    crew = Crew(tmp_path, kafka, redis_url)
    worker = crew.worker()
    assert worker.wait(60) == 1
    assert crew.said("Topic calls does not exist: run `pouls topics`")


def test_rubbish_goes_to_the_dead_letters_and_nothing_else_is_lost(crew: Crew) -> None:
    """No JSON, no UTF-8, refused, tombstones, a value of 1 MB: each a letter with its reason."""
    good = events(40)
    bad = [
        b"\xff",
        good[1].replace(b'"queue": "', b'"queue": "\xff'),
        None,
        b"x" * 900_000,
        good[1].replace(b'"queue": "', b'"line": "'),
        events(1)[0].replace(b"20", b"99", 1),
    ]
    crew.worker()
    crew.send([*good[:100], *bad, *good[100:]])
    assert crew.exact() == []
    letters = asyncio.run(read_letters(crew, len(bad)))
    assert sorted(reason.split(b":")[0] for reason, _ in letters) == [
        b"invalid", b"time", b"tombstone", b"too_long", b"undecodable", b"undecodable",
    ]  # fmt: skip
    assert max(size for _, size in letters) == 64 * 1024


async def read_letters(crew: Crew, n: int) -> list[tuple[bytes, int]]:
    """Returns reason and size of the first `n` letters; their keys name their records."""
    consumer = AIOKafkaConsumer(
        "dead-letters", bootstrap_servers=crew.kafka, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        found = []
        for _ in range(n):
            letter = await asyncio.wait_for(consumer.getone(), 30)
            headers = dict(letter.headers)
            place = "-".join(headers[part].decode() for part in ("topic", "partition", "offset"))
            assert letter.key == place.encode()
            found.append((headers["reason"], len(letter.value)))
        return found
    finally:
        await consumer.stop()
