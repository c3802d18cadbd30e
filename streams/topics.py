"""Creates the topics as Pouls needs them, and says where a broker has them otherwise.

Event topics carry the time of appending: Kafka deletes by record timestamp, so events of last year
that keep their own time would vanish within seconds. The number of partitions is fixed: a contact
must stay with its source.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import KafkaError, for_code

from streams.core.errors import PoulsError
from streams.settings import Settings, Topic
from streams.settings.shapes import ACTS, DEAD_LETTERS

DAY_MS: Final = 86_400_000
BOOTSTRAP_MS: Final = 5_000
"""A broker that is silent for so long is away: kafka-python would try for 30 s without a word."""
OK: Final = 0
ALREADY_THERE: Final = 36


class TopicsRefused(PoulsError):
    """Topics that Pouls cannot work with; the text says which and what to do."""


def create_topics(settings: Settings) -> list[str]:
    """Creates the topics that are missing.

    Returns:
        Sentences: what was created, what was there, what the broker ignored or has otherwise.

    Raises:
        TopicsRefused: A topic has another number of partitions, or was not created.
        KafkaError: The broker does not answer.
    """
    admin = _admin(settings)
    try:
        said = [_create(admin, topic) for topic in settings.topics.values()]
        trouble = partition_trouble(settings.topics, _partitions(admin, settings.topics))
        if trouble:
            raise TopicsRefused("\n".join(trouble))
        return said + _differences(admin, settings.topics.values())
    finally:
        admin.close()


def check_topics(settings: Settings) -> list[str]:
    """Returns what keeps a worker from folding: missing topics, other partition counts.

    Raises:
        KafkaError: The broker does not answer.
    """
    admin = _admin(settings)
    try:
        return partition_trouble(settings.topics, _partitions(admin, settings.topics))
    finally:
        admin.close()


def partition_trouble(topics: Mapping[str, Topic], found: Mapping[str, int]) -> list[str]:
    """Returns a sentence for each topic whose number of partitions is not the configured one."""
    trouble = []
    for name, topic in topics.items():
        there = found.get(name, 0)
        if not there:
            trouble.append(f"Topic {name} does not exist: run `pouls topics`.")
        elif name == ACTS and there != 1:
            trouble.append(f"Topic {ACTS} has {there} partitions: what people do is read in order.")
        elif there != topic.partitions and name != DEAD_LETTERS:
            trouble.append(
                f"Topic {name} has {there} partitions, {topic.partitions} are configured. "
                "The number is fixed, because a contact must stay with its source: "
                f"configure {there}, or create new topics and replay the events into them."
            )
    return trouble


def wanted_configs(topic: Topic) -> dict[str, str]:
    """Returns the settings that a topic needs on the broker."""
    if topic.name == ACTS:
        return {"cleanup.policy": "compact"}
    configs = {"cleanup.policy": "delete", "retention.ms": str(topic.retention_days * DAY_MS)}
    if topic.name != DEAD_LETTERS:
        configs["message.timestamp.type"] = "LogAppendTime"
    return configs


def _admin(settings: Settings) -> Any:  # noqa: ANN401  kafka-python is not typed
    return KafkaAdminClient(
        bootstrap_servers=settings.kafka.split(","), bootstrap_timeout_ms=BOOTSTRAP_MS
    )


def _create(admin: Any, topic: Topic) -> str:  # noqa: ANN401  as above
    wish = {
        "num_partitions": topic.partitions,
        "replication_factor": -1,  # the broker's default
        "configs": wanted_configs(topic),
    }
    answer = admin.create_topics({topic.name: wish}, raise_errors=False, wait_for_metadata=False)
    code, text = answer["topics"][0]["error_code"], answer["topics"][0]["error_message"]
    if code == ALREADY_THERE:
        return f"{topic.name}: is there."
    if code != OK:
        raise TopicsRefused(
            f"Topic {topic.name} was not created: {text or for_code(code).__name__}."
        )
    admin.wait_for_topics([topic.name])
    return f"{topic.name}: created with {topic.partitions} partitions."


def _partitions(admin: Any, names: Iterable[str]) -> dict[str, int]:  # noqa: ANN401  as above
    return {
        topic["name"]: len(topic["partitions"])
        for topic in admin.describe_topics(list(names))
        if topic["error_code"] == OK
    }


def _differences(admin: Any, topics: Iterable[Topic]) -> list[str]:  # noqa: ANN401  as above
    """Returns a sentence for each setting that the broker does not have as wanted."""
    wishes = {topic.name: wanted_configs(topic) for topic in topics}
    asked = [
        ConfigResource("TOPIC", name, configs=dict.fromkeys(wish)) for name, wish in wishes.items()
    ]
    try:
        has = admin.describe_configs(asked, config_filter="all")["topic"]
    except KafkaError as exc:  # Tansu drops the connection
        return [f"The broker does not tell its topics' settings ({exc}); it may ignore them."]
    said = []
    for name, wish in wishes.items():
        for key, value in wish.items():
            there = has.get(name, {}).get(key, {}).get("value")
            if there != value:
                said.append(f"{name}: {key} is {there}, wanted {value}.")
    return said
