"""The servers that the other integration tests rely on."""

from kafka import KafkaAdminClient
from redis import Redis

from tests.servers import Server


def test_a_topic_survives_a_kill_of_the_broker(own_kafka: Server) -> None:
    """Kafka comes back on the same port with the same log."""
    admin = KafkaAdminClient(bootstrap_servers=own_kafka.address)
    admin.create_topics({"calls": {"num_partitions": 4, "replication_factor": 1}})
    admin.close()
    own_kafka.kill()
    own_kafka.start()
    admin = KafkaAdminClient(bootstrap_servers=own_kafka.address)

    assert "calls" in admin.list_topics()

    admin.close()


def test_an_unknown_topic_is_not_made_up(kafka: str) -> None:
    """`auto.create.topics.enable` is off: asking for a topic does not create it."""
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.describe_topics(["mistyped"])

    assert "mistyped" not in admin.list_topics()

    admin.close()


def test_redis_keeps_what_it_acknowledged_over_a_restart(own_redis: Server) -> None:
    """Redis writes an append-only file and never evicts, as the state store needs it."""
    with Redis.from_url(f"redis://{own_redis.address}/0") as client:
        client.set("key", "value")
    own_redis.stop()
    own_redis.start()
    with Redis.from_url(f"redis://{own_redis.address}/0") as client:
        assert client.get("key") == b"value"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_test_begins_with_empty_servers(kafka: str, redis_url: str) -> None:
    """What an earlier test left in Kafka or Redis cannot be seen."""
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
    assert [name for name in admin.list_topics() if not name.startswith("__")] == []

    admin.close()
