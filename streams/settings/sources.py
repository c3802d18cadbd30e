"""Which sources there are: the configured topics × the partitions that Kafka reports."""

import logging
from collections.abc import Collection, Mapping
from typing import Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.settings.shapes import Settings

PATIENCE_MS: Final = 5_000
FOUND: Final = 0

log = logging.getLogger("pouls.sources")


def reported(kafka: str, topics: Collection[str], patience_ms: int = PATIENCE_MS) -> dict[str, int]:
    """Returns the partition counts that Kafka reports; without an answer in time, none.

    Blocks: the readers' side speaks to Kafka only here, once, before it starts.
    """
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=kafka,
            bootstrap_timeout_ms=patience_ms,
            request_timeout_ms=patience_ms,
        )
        try:
            described = admin.describe_topics(list(topics))
        finally:
            admin.close()
    except (KafkaError, OSError, ValueError) as error:
        log.warning("Kafka at %s does not say how many partitions there are: %s", kafka, error)
        return {}
    return {t["name"]: len(t["partitions"]) for t in described if t["error_code"] == FOUND}


def of(settings: Settings) -> list[str]:
    """Returns the sources of a process; blocks while it asks Kafka (`reported`)."""
    configured = {name: topic.partitions for name, topic in settings.event_topics.items()}
    return names(configured, reported(settings.kafka, configured))


def names(configured: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """Returns the sources, `calls-0` and so on; Kafka stands over the configuration."""
    return [
        f"{topic}-{partition}"
        for topic, count in configured.items()
        for partition in range(found.get(topic, count))
    ]
