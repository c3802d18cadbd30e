"""Which segments there are, where they come from, what patterns mean."""

from streams.core.seen import Seen

CALLS, CHATS = frozenset({"calls"}), frozenset({"chats"})


def seen(*spoken: tuple[str, str]) -> Seen:
    """Returns what (segment, topic) pairs leave behind."""
    out = Seen(["calls", "chats", "tickets"])
    for segment, topic in spoken:
        out.learn(segment, topic)
    return out


def test_a_segment_belongs_to_every_topic_that_spoke_of_it() -> None:
    """The site and the unknown belong to all."""
    known = seen(
        ("queue:a", "calls"), ("queue:b", "calls"), ("queue:b", "chats"), ("site", "calls")
    )

    assert known.topics("queue:a") == CALLS
    assert known.topics("queue:b") == CALLS | CHATS
    assert known.topics("site") == known.topics("queue:typo") == known.all
    assert "queue:a" in known
    assert "queue:typo" not in known


def test_a_pattern_means_what_has_been_seen_by_code_point() -> None:
    """New values join; without a star the segment itself is meant."""
    known = seen(
        ("queue:b", "calls"), ("queue:B", "calls"), ("queue:a", "chats"), ("agent:x", "calls")
    )

    for _ in range(2):
        assert known.expand("queue:*") == ["queue:B", "queue:a", "queue:b"]
    assert known.expand("channel:voice+queue:*") == []
    known.learn("queue:é", "calls")
    known.learn("channel:voice+queue:a", "calls")
    known.learn("channel:chat+queue:a", "chats")
    assert known.expand("queue:*") == ["queue:B", "queue:a", "queue:b", "queue:é"]
    assert known.expand("channel:voice+queue:*") == ["channel:voice+queue:a"]
    assert known.expand("queue:never") == ["queue:never"]


def test_channels_are_those_of_the_segment_else_those_of_its_topics() -> None:
    """A queue of calls is a voice queue; one that both topics know may be either."""
    known = seen(
        ("channel:voice", "calls"), ("channel:chat", "chats"), ("channel:message", "chats"),
        ("queue:a", "calls"), ("queue:b", "calls"), ("queue:b", "chats"), ("site", "calls"),
    )  # fmt: skip

    assert known.channels("queue:a") == {"voice"}
    assert known.channels("queue:b") == {"voice", "chat", "message"}
    assert known.channels("site") == {"voice", "chat", "message"}
    assert known.channels("channel:ticket+queue:a") == {"ticket"}
