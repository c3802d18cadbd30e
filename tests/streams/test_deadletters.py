"""Dead letters: what they carry, and that a letter counts only when the broker has it."""

from typing import ClassVar

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from streams import deadletters
from streams.deadletters import KafkaDeadLetters, Letter

LETTERS = [Letter(TP("calls", 2), offset, "invalid", "no queue", b"{}") for offset in (7, 8)]


class Producer:
    """aiokafka's producer, with a broker that may not acknowledge."""

    instances: ClassVar[list["Producer"]] = []
    acknowledges = answers = True

    def __init__(self, **settings: object) -> None:
        self.settings, self.sent = settings, list[tuple[str, bytes, bytes, object]]()
        self.running = False
        Producer.instances.append(self)

    async def start(self) -> None:
        """Connects."""
        self.running = True
        if not Producer.answers:
            raise KafkaConnectionError

    async def stop(self) -> None:
        """Disconnects."""
        self.running = False

    async def send(self, topic: str, *, key: bytes, value: bytes, headers: object) -> object:
        """Takes a record; returns its acknowledgement, to be awaited."""
        self.sent.append((topic, key, value, headers))

        async def acknowledgement() -> None:
            if not Producer.acknowledges:
                raise KafkaConnectionError

        return acknowledgement()


@pytest.fixture(autouse=True)
def _producers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without producers."""
    monkeypatch.setattr(deadletters, "AIOKafkaProducer", Producer)
    monkeypatch.setattr(Producer, "instances", [])
    monkeypatch.setattr(Producer, "acknowledges", True)
    monkeypatch.setattr(Producer, "answers", True)


def test_a_letter_names_its_record_and_the_reason() -> None:
    """The key is topic-partition-offset; the headers say the same and why."""
    assert LETTERS[0].key == b"calls-2-7"
    assert LETTERS[0].headers == [
        ("topic", b"calls"),
        ("partition", b"2"),
        ("offset", b"7"),
        ("reason", b"invalid: no queue"),
    ]


async def test_letters_are_acknowledged_by_all_replicas_over_one_connection() -> None:
    """It connects at the first letter, and stays connected until it is closed."""
    letters = KafkaDeadLetters("kafka:9092")
    assert Producer.instances == []
    await letters.send(LETTERS)
    await letters.send(LETTERS[:1])
    (producer,) = Producer.instances
    assert producer.settings["acks"] == "all"
    assert [(topic, key) for topic, key, *_ in producer.sent] == [
        ("dead-letters", b"calls-2-7"),
        ("dead-letters", b"calls-2-8"),
        ("dead-letters", b"calls-2-7"),
    ]
    await letters.close()
    await letters.close()
    assert not producer.running


async def test_a_letter_without_acknowledgement_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The caller sends all again; the keys are the same."""
    monkeypatch.setattr(Producer, "acknowledges", False)
    with pytest.raises(KafkaConnectionError):
        await KafkaDeadLetters("kafka:9092").send(LETTERS[:1])


async def test_a_broker_that_is_away_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next attempt connects anew."""
    letters = KafkaDeadLetters("kafka:9092")
    monkeypatch.setattr(Producer, "answers", False)
    with pytest.raises(KafkaConnectionError):
        await letters.send(LETTERS)
    monkeypatch.setattr(Producer, "answers", True)
    await letters.send(LETTERS)
    assert [producer.running for producer in Producer.instances] == [False, True]
