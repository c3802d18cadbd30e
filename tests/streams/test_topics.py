"""Topics: what is created, and what is said when a broker has them otherwise."""

from typing import Any, ClassVar

import pytest
from kafka.errors import KafkaConnectionError

from streams import topics
from streams.settings import load_settings
from streams.settings.shapes import ACTS, DEAD_LETTERS
from streams.topics import TopicsRefused, check_topics, create_topics, wanted_configs

SETTINGS = load_settings({"POULS_CONFIG": "/dev/null"})
FOUR = {name: topic.partitions for name, topic in SETTINGS.topics.items()}


class Broker:
    """kafka-python's admin client, with the topics of a broker in memory."""

    there: ClassVar[dict[str, int]] = {}
    configs: ClassVar[dict[str, dict[str, str]]] = {}
    ignores: ClassVar[set[str]] = set()
    refuses: str = ""
    tells = True
    open = 0

    def __init__(self, **_: object) -> None:
        Broker.open += 1

    def close(self) -> None:
        """Disconnects."""
        Broker.open -= 1

    def create_topics(self, wishes: dict[str, Any], **_: object) -> dict[str, Any]:
        """Creates one topic, but not twice."""
        ((name, wish),) = wishes.items()
        code, text = (36, "exists") if name in self.there else (0, None)
        if name == self.refuses:
            code, text = 37, "Number of partitions is below 1."
        elif not code:
            self.there[name] = wish["num_partitions"]
            self.configs[name] = {
                key: "default" if key in self.ignores else value
                for key, value in wish["configs"].items()
            }
        return {"topics": [{"error_code": code, "error_message": text}]}

    def wait_for_topics(self, _names: list[str]) -> None:
        """Returns at once."""

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        """Returns the partitions."""
        return [
            {
                "name": n,
                "error_code": 0 if n in self.there else 3,
                "partitions": [0] * self.there.get(n, 0),
            }
            for n in names
        ]

    def describe_configs(self, resources: list[Any], **_: object) -> dict[str, Any]:
        """Returns what the topics have."""
        if not self.tells:
            raise KafkaConnectionError("socket disconnected")
        return {
            "topic": {
                r.name: {key: {"value": v} for key, v in self.configs[r.name].items()}
                for r in resources
            }
        }


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> type[Broker]:
    """A broker without topics."""
    fresh = type("Fresh", (Broker,), {"there": {}, "configs": {}})
    monkeypatch.setattr(topics, "KafkaAdminClient", fresh)
    monkeypatch.setattr(Broker, "open", 0)
    return fresh


def test_events_are_kept_by_the_time_of_appending() -> None:
    """Kafka deletes by record timestamp: events of last year must not vanish."""
    configs = wanted_configs(SETTINGS.topics["tickets"])
    assert configs["message.timestamp.type"] == "LogAppendTime"
    assert configs["retention.ms"] == str(400 * 86_400_000)
    assert "message.timestamp.type" not in wanted_configs(SETTINGS.topics[DEAD_LETTERS])
    assert wanted_configs(SETTINGS.topics[ACTS]) == {"cleanup.policy": "compact"}


def test_missing_topics_are_created_as_they_are_configured(broker: type[Broker]) -> None:
    """All topics with their partitions; nothing differs, nothing else is said."""
    assert create_topics(SETTINGS) == [
        f"{name}: created with {n} partitions." for name, n in FOUR.items()
    ]
    assert broker.there == FOUR
    assert Broker.open == 0


def test_a_second_time_nothing_happens() -> None:
    """What is there stays."""
    create_topics(SETTINGS)
    assert create_topics(SETTINGS) == [f"{name}: is there." for name in FOUR]


def test_what_the_broker_ignores_is_said(
    broker: type[Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that is not as wanted has a sentence for each topic."""
    monkeypatch.setattr(broker, "ignores", {"message.timestamp.type"})
    said = create_topics(SETTINGS)
    assert "calls: message.timestamp.type is default, wanted LogAppendTime." in said
    assert len(said) == len(FOUR) + 4


def test_a_broker_that_does_not_tell_is_said(
    broker: type[Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded broker drops the connection; that is no reason to fail."""
    monkeypatch.setattr(broker, "tells", False)
    assert "does not tell its topics' settings" in create_topics(SETTINGS)[-1]


@pytest.mark.parametrize("there", [3, 6])
def test_another_number_of_partitions_is_refused(broker: type[Broker], there: int) -> None:
    """A contact must stay with its source: no topic grows or shrinks."""
    broker.there |= FOUR | {"calls": there}
    broker.configs |= {name: {} for name in FOUR}
    sentence = f"Topic calls has {there} partitions, 4 are configured."
    with pytest.raises(TopicsRefused, match=sentence):
        create_topics(SETTINGS)
    assert [trouble.startswith(sentence) for trouble in check_topics(SETTINGS)] == [True]
    assert Broker.open == 0


def test_dead_letters_may_have_any_number_of_partitions(broker: type[Broker]) -> None:
    """Nothing is folded from there."""
    broker.there |= FOUR | {DEAD_LETTERS: 7}
    assert check_topics(SETTINGS) == []


def test_what_people_do_is_read_in_order(broker: type[Broker]) -> None:
    """So it is in one partition, and nobody can configure another number."""
    broker.there |= FOUR | {ACTS: 2}
    assert check_topics(SETTINGS) == [
        "Topic acts has 2 partitions: what people do is read in order."
    ]


def test_a_missing_topic_comes_with_advice(broker: type[Broker]) -> None:
    """A worker creates no topics; it says who does."""
    broker.there |= FOUR
    del broker.there["chats"]
    assert check_topics(SETTINGS) == ["Topic chats does not exist: run `pouls topics`."]


def test_a_topic_that_the_broker_does_not_create_is_refused(
    broker: type[Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the broker's own words."""
    monkeypatch.setattr(broker, "refuses", "chats")
    with pytest.raises(TopicsRefused, match=r"chats was not created: Number of partitions"):
        create_topics(SETTINGS)
