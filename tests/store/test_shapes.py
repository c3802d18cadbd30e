"""How keys are named, and what messages and heads say."""

import redis

from streams.store import Message
from streams.store.shapes import FIELDS, Head, base_key, feed_key, head_key, parse
from tests.store.play import Play


def test_all_keys_of_a_source_carry_the_schema_and_one_hash_tag() -> None:
    """So they lie together in a cluster, and another schema finds none of them."""
    assert head_key("calls-3") == "pouls:2:{calls-3}"
    assert base_key("calls-3", "17") == "pouls:2:{calls-3}:17:"
    assert feed_key("calls-3") == "pouls:2:{calls-3}:feed"


def test_no_key_ever_expires(play: Play, port: int) -> None:
    """The source's own time decides what goes, not Redis' clock."""
    play.produce(30)
    hand = play.claim()
    play.store(hand, 30)
    play.fresh_beat(hand)

    with redis.Redis(port=port) as client:
        keys = client.keys("*")
        assert all(key.startswith(b"pouls:2:{calls-0}") for key in keys)
        assert {client.ttl(key) for key in keys} == {-1}
        assert len(keys) > 8


def test_messages_are_a_line_and_what_was_committed() -> None:
    """The cells may hold any bytes, line ends too."""
    assert parse(b"c 17 4 99\n\n\0\n") == Message(
        commit=True, epoch=17, version=4, number=99, visible=b"\n\0\n"
    )
    assert parse(b"b 17 4 1700000000000\n") == Message(
        commit=False, epoch=17, version=4, number=1_700_000_000_000, visible=b""
    )


def test_a_head_is_what_redis_returns() -> None:
    """Numbers as numbers, build and hash as text, missing as missing."""
    values = [b"17", b"4", b"99", b"98", b"5", b"6", b"007", b"1", b"12", None, b"0-3", b"7"]

    head = Head.of(values)

    assert head == Head(17, 4, 99, 98, 5, 6, "007", 1, "12", None, "0-3", 7)
    assert len(values) == len(FIELDS) == len(Head.__struct_fields__)
    assert Head.of([None] * len(FIELDS)) is None


def test_a_source_is_rebuilding_until_its_end_is_committed() -> None:
    """The end is the offset that the next record would have got."""
    head = Head(17, 4, 8, 8, 5, 6, "h", 1, "12", 10, "", 7)

    assert head.rebuilding
    assert not Head(17, 4, 9, 9, 5, 6, "h", 1, "12", 10, "", 7).rebuilding
