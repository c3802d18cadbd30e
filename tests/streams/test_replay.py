"""Events reach Kafka: all of them, in order, where they belong; what keeps them from it is said."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams import embedded, replay
from streams.children import Child, Children
from streams.core.events import decode
from streams.pacing import Pace
from streams.replay import ReplayError, Sent, send
from streams.routing import Router
from streams.settings import Settings, load_settings
from streams.simulator import simulate
from streams.topics import create_topics

START = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    """Processes that end with the test."""
    with Children(tmp_path) as running:
        yield running


@pytest.fixture
async def broker(children: Children) -> tuple[Child, str]:
    """The embedded broker without topics, and its address."""
    port = embedded.free_port()
    child = embedded.start_broker(children, port)
    await embedded.listening(child, port)
    return child, f"127.0.0.1:{port}"


@pytest.fixture
def settings(broker: tuple[Child, str]) -> Settings:
    """The default settings, with that broker and its topics."""
    found = load_settings({"POULS_KAFKA": broker[1]}, None)
    create_topics(found)
    return found


@pytest.fixture(scope="module")
def values() -> list[bytes]:
    """A small hour."""
    hour = dt.timedelta(hours=1)
    return [event.value for event in simulate(1, START, hour, size=0.3)]


async def read(settings: Settings, count: int) -> list[ConsumerRecord[bytes, bytes]]:
    """Returns so many records of all topics."""
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka) as consumer:
        partitions = [
            TopicPartition(name, p)
            for name, topic in settings.topics.items()
            for p in range(topic.partitions)
        ]
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        return [await consumer.getone() for _ in range(count)]


async def test_every_event_is_in_its_partition_in_order(
    settings: Settings, values: list[bytes]
) -> None:
    """All that was acknowledged is there, each record at the place that the router says."""
    sent = await send(values, settings)
    partitions = {name: topic.partitions for name, topic in settings.topics.items()}
    router, expected = Router(settings.topics, partitions), defaultdict(list)
    for value in values:
        for topic, partition, key in router.route(value).places:
            expected[topic, partition].append((key, value))
    found = defaultdict(list)
    for record in await read(settings, sent.acknowledged):
        found[record.topic, record.partition].append((record.key, record.value))

    assert sent.read == len(values) > 3000
    assert found == expected


async def test_records_carry_the_time_of_sending(settings: Settings, values: list[bytes]) -> None:
    """Kafka deletes by it: an event of long ago must not vanish."""
    old = [value.replace(b"2026-11-24", b"1999-11-24") for value in values[:100]]
    before_ms = dt.datetime.now(dt.UTC).timestamp() * 1000
    sent = await send(old, settings)

    for record in await read(settings, sent.acknowledged):
        assert record.timestamp >= before_ms - 1


async def test_what_nobody_can_read_and_what_is_big_is_sent_too(settings: Settings) -> None:
    """Judging is the worker's business."""
    odd = [b"\xff\xfe", b"{", b'"' + b"x" * 700_000 + b'"']
    await send(odd, settings)

    assert [record.value for record in await read(settings, 3)] == odd


async def test_with_a_pace_nothing_is_sent_before_its_time(
    settings: Settings, values: list[bytes]
) -> None:
    """What is not due waits; what is due does not wait for a full batch."""
    told: list[Sent] = []
    half_past_ms = int(START.timestamp() * 1000) + 1_800_000
    due = sum(decode(value).time <= START + dt.timedelta(minutes=30) for value in values)
    pace = Pace(1, half_past_ms, lambda: 0.0 if len(told) < 9 else 9e9)

    sent = await send(values, settings, pace=pace, tell=told.append)
    early = [one for one in told if one.read == due]

    assert len(early) > 1
    assert early[-1].acknowledged >= due
    assert sent.read == len(values)


async def test_missing_topics_are_named_and_nothing_is_sent(
    broker: tuple[Child, str], values: list[bytes]
) -> None:
    """With what to do."""
    settings = load_settings({"POULS_KAFKA": broker[1]}, None)

    with pytest.raises(ReplayError, match="Topic calls does not exist: run `pouls topics`"):
        await send(values, settings)


async def test_a_broker_that_is_away_is_waited_for_and_then_given_up(values: list[bytes]) -> None:
    """With its address."""
    nobody = f"127.0.0.1:{embedded.free_port()}"
    settings = load_settings({"POULS_KAFKA": nobody}, None)

    with pytest.raises(ReplayError, match=f"Kafka at {nobody} does not answer"):
        await send(values, settings, away_s=0.3)


async def test_a_broker_that_goes_away_in_the_middle_is_said(
    broker: tuple[Child, str], settings: Settings, values: list[bytes]
) -> None:
    """After its time; sending everything again is the way out."""

    def until_killed() -> Iterator[bytes]:
        yield from values[:1000]
        broker[0].process.kill()
        broker[0].process.wait()
        yield from values[1000:]

    with pytest.raises(ReplayError, match="Send the events again"):
        await send(until_killed(), settings, away_s=1)


def test_the_progress_is_on_standard_error(
    settings: Settings, values: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output stays empty."""
    sent = replay.replay(values, settings, total=len(values))
    out, err = capsys.readouterr()

    assert sent.read == len(values)
    assert out == ""
    assert f"{len(values):,} events" in err
