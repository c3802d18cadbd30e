"""Every event of a contact goes to one partition: the one that the Java client would choose."""

from typing import Any

import msgspec
import pytest

from streams.routing import Place, Router, partition_of
from streams.settings import Topic

PARTITIONS = {"calls": 4, "chats": 3, "tickets": 2, "agents": 4, "dead-letters": 1}
CHANNELS = {
    "calls": "voice",
    "chats": "chat",
    "tickets": "ticket",
    "agents": "-",
    "dead-letters": "-",
}
TOPICS = {n: Topic(n, p, CHANNELS[n], 30) for n, p in PARTITIONS.items()}

# What Kafka's own UtilsTest.java says of its murmur2, as unsigned numbers.
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


def event(kind: str, subject: str, channel: str | None = None) -> bytes:
    """Returns an event with no more than is needed."""
    data: dict[str, Any] = {} if channel is None else {"channel": channel}
    time = "2026-11-24T09:00:00.123+01:00"
    return msgspec.json.encode({"type": kind, "time": time, "subject": subject, "data": data})


@pytest.fixture
def router() -> Router:
    """Knows nothing yet."""
    return Router(TOPICS, PARTITIONS)


def topic_of(router: Router, value: bytes) -> str:
    """Returns the one topic of an event."""
    (place,) = router.route(value).places
    return place.topic


@pytest.mark.parametrize(("key", "hashed"), JAVA.items())
def test_partitions_are_those_of_the_java_client(key: bytes, hashed: int) -> None:
    """murmur2, made positive by dropping the sign, modulo."""
    for partitions in (1, 4, 7, 1000):
        assert partition_of(key, partitions) == (hashed & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize(
    ("channel", "topic"),
    [
        ("voice", "calls"), ("callback", "calls"), ("chat", "chats"), ("message", "chats"),
        ("ticket", "tickets"), ("email", "tickets"), ("social", "tickets"), (None, "calls"),
        ("", "calls"), ("-", "calls"), ("pigeon", "calls"),
    ],
)  # fmt: skip
def test_the_channel_names_the_topic(router: Router, channel: str | None, topic: str) -> None:
    """A channel without a topic shares its kin's; nothing said is voice."""
    assert topic_of(router, event("contact.created", "c1", channel)) == topic


def test_a_channel_with_a_topic_of_its_own_goes_there() -> None:
    """Kin share only where they must."""
    topics = TOPICS | {"mails": Topic("mails", 2, "email", 30)}
    router = Router(topics, PARTITIONS | {"mails": 2})

    assert topic_of(router, event("contact.created", "c1", "email")) == "mails"
    assert topic_of(router, event("contact.created", "c2", "social")) == "tickets"


def test_a_contact_stays_where_its_first_event_went(router: Router) -> None:
    """Later events need not say the channel; surveys follow their contact."""
    first = router.route(event("contact.created", "c1", "chat")).places
    later = [("contact.queued", None), ("contact.message", "voice"), ("survey.sent", None)]

    assert first == (Place("chats", partition_of(b"c1", 3), b"c1"),)
    assert {router.route(event(kind, "c1", said)).places for kind, said in later} == {first}


def test_agents_have_their_own_topic_also_when_a_contact_has_the_same_id(router: Router) -> None:
    """The key is the agent's id."""
    assert topic_of(router, event("contact.created", "7", "chat")) == "chats"
    assert topic_of(router, event("agent.state", "7")) == "agents"
    assert topic_of(router, event("agent.schedule", "7")) == "agents"
    assert topic_of(router, event("contact.ended", "7")) == "chats"


def test_a_feeds_heartbeat_goes_to_every_partition_of_its_topic(router: Router) -> None:
    """Each partition has a time of its own. A feed that is no topic is taken for calls."""
    chats = router.route(event("source.alive", "chats")).places
    other = router.route(event("source.alive", "")).places

    assert chats == tuple(Place("chats", p, b"chats") for p in range(3))
    assert other == tuple(Place("calls", p, None) for p in range(4))


def test_the_time_is_told(router: Router) -> None:
    """In ms, whatever its offset."""
    assert router.route(event("contact.created", "c1")).time_ms == 1_795_507_200_123


@pytest.mark.parametrize(
    "value",
    [
        b"", b"\xff", b"{", b"[]", b"null", b"\xc3\x28",
        b'{"type":"contact.created","time":"2026-11-24T09:00:00"}',
        b'{"type":1,"time":"2026-11-24T09:00:00Z"}',
        b'{"type":"contact.created","time":"2026-11-24T09:00:00Z","data":{"channel":3}}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_nobody_can_read_is_sent_all_the_same(router: Router, value: bytes) -> None:
    """The worker refuses it, where it is counted and kept."""
    assert router.route(value) == ((Place("calls", 0, None),), None)
